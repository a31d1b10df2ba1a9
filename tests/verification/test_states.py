"""Every state and every event of the room's machines: what the table allows happens, everything else changes nothing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import transaction

from core.clock import now
from core.errors import StateConflict
from core.ids import new_id
from core.states import Machine, transition
from core.states.models import StateChange
from tests.verification.conftest import BUSINESS, PERSON, enrolled, upload
from tests.verification.sounds import wav
from verification.models import Check, FaceCheck, IdCardReading, ScreeningAlert, VoiceCheck
from verification.operations import receive_upload
from verification.states import MACHINES

# What a row must hold to be in a state, beside the state itself.
HOLDS: dict[str, dict[str, dict[str, Any]]] = {
    "id_card_reading": {
        "reading": {},
        "read": {"fields": PERSON.to_json(), "finished_at": now()},
        "refused": {"reason_code": "image_unclear", "finished_at": now()},
    },
    "check": {
        "asked": {},
        "answered": {"outcome": "match", "answered_at": now()},
        "unanswered": {"reason_code": "vendor_unavailable", "answered_at": now()},
    },
    "face_check": {
        "starting": {},
        "started": {"start_token": "t", "start_url": "u"},
        "checking": {"completed_at": now()},
        "passed": {"finished_at": now()},
        "failed": {"reason_code": "not_live", "finished_at": now()},
    },
    "voice_check": {
        "starting": {},
        "started": {},
        "checking": {"completed_at": now()},
        "passed": {"finished_at": now()},
        "failed": {"reason_code": "not_live", "finished_at": now()},
    },
    "screening_alert": {
        "open": {},
        "cleared": {"judged_by": "a+b", "judged_at": now(), "opinion": "出生日期不符"},
        "confirmed": {"judged_by": "a", "judged_at": now(), "opinion": "证件号相同"},
    },
}
PAIRS = [(machine, state, event) for machine in MACHINES for state in machine.states for event in machine.events]


def _make(machine: Machine[Any], state: str) -> uuid.UUID:
    subject_id = enrolled()
    own: dict[type, dict[str, Any]] = {
        IdCardReading: {"provider": "local"},
        Check: {"kind": "carrier", "purpose": "register"},
        FaceCheck: {"expected_id": subject_id, "action": "apply", "business_id": BUSINESS, "provider": "tencent"},
        VoiceCheck: {
            "action": "bind_card", "business_id": BUSINESS, "provider": "gateway", "text": "三七零九二八五一",
            "text_expires_at": now(),
        },
    }  # fmt: skip
    own[ScreeningAlert] = {"outcome": "review"}
    fields = dict(own[machine.model])
    if machine.model is ScreeningAlert:
        fields["check_row"] = Check.objects.create(
            subject_id=subject_id, kind="watchlist", purpose="receipt", status="answered", outcome="review",
            answered_at=now(),
        )  # fmt: skip
    if machine.model is IdCardReading:
        fields |= {"front_upload_id": upload(subject_id), "back_upload_id": upload(subject_id, "id_card_back")}
    if machine.model is VoiceCheck:
        fields |= {"upload_id": receive_upload(subject_id=subject_id, kind="voice", content=wav()).id}
    row = machine.model.objects.create(
        id=new_id(), subject_id=subject_id, status=state, **fields, **HOLDS[machine.name][state]
    )
    row_id: uuid.UUID = row.id
    return row_id


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestEveryPair:
    @pytest.mark.parametrize(("machine", "state", "event"), PAIRS, ids=lambda value: getattr(value, "name", value))
    def test_moves_as_the_table_says_or_not_at_all(self, machine: Machine[Any], state: str, event: str) -> None:
        row_id = _make(machine, state)
        target = machine.table.get((state, event))
        if target is None:
            with pytest.raises(StateConflict), transaction.atomic():
                transition(machine, row_id, event, actor="test")
            assert machine.model.objects.get(pk=row_id).status == state
            assert not StateChange.objects.exists()
            return
        with transaction.atomic():
            transition(machine, row_id, event, actor="test", reason="why", **HOLDS[machine.name][target])
        assert machine.model.objects.get(pk=row_id).status == target
        move = StateChange.objects.get(subject_id=row_id)
        assert (move.from_state, move.to_state, move.event, move.actor) == (state, target, event, "test")

    def test_what_has_ended_never_moves_again(self) -> None:
        for machine in MACHINES:
            ends = {state for state in machine.states if all(state != source for source, _ in machine.table)}
            assert (
                ends
                == {
                    "id_card_reading": {"read", "refused"},
                    "check": {"answered", "unanswered"},
                    "face_check": {"passed", "failed"},
                    "voice_check": {"passed", "failed"},
                    "screening_alert": {"cleared"},
                }[machine.name]
            )


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestTheDatabaseItself:
    @pytest.mark.parametrize(
        ("model", "state", "changed"),
        [
            ("id_card_reading", "reading", {"status": "read"}),
            ("id_card_reading", "read", {"reason_code": "image_unclear"}),
            ("id_card_reading", "refused", {"reason_code": ""}),
            ("check", "asked", {"status": "answered"}),
            ("check", "answered", {"outcome": ""}),
            ("check", "unanswered", {"outcome": "match"}),
            ("face_check", "checking", {"status": "passed"}),
            ("face_check", "passed", {"reason_code": "not_live"}),
            ("face_check", "failed", {"reason_code": ""}),
            ("voice_check", "checking", {"status": "passed"}),
            ("voice_check", "passed", {"reason_code": "not_live"}),
            ("voice_check", "failed", {"reason_code": ""}),
        ],
    )
    def test_refuses_a_state_whose_facts_are_missing(self, model: str, state: str, changed: dict[str, Any]) -> None:
        from django.db import IntegrityError

        machine = next(machine for machine in MACHINES if machine.name == model)
        row_id = _make(machine, state)
        with pytest.raises(IntegrityError, match=f"{model}_status"), transaction.atomic():
            machine.model.objects.filter(pk=row_id).update(**changed)
