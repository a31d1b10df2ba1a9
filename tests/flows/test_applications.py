"""Stories of applying: the order of the checks, who is refused early, and what the decision says (S08, S13)."""

from __future__ import annotations

from typing import Any

import pytest

from core.tenancy import in_bank
from lending.models import Decision
from lending.queries import recorded_decision, replay_decision
from scripts.phone import Phone
from tests.flows.conftest import PhoneMaker, vendors_asked
from tests.running_sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_chapter")]
EMPLOYER = {"name": "港口物流公司", "region_code": "320703", "evidence": "social_security"}


def _drafted(someone: Phone, product: str = "XF01", **facts: Any) -> dict[str, Any]:
    body = {"product": product, "purpose": "consumption", "facts": someone.facts(**facts)}
    application = someone.post("applications", body, expect=202)
    return {**application, **someone.until_settled(f"applications/{application['id']}")}


class TestApplying:
    def test_a_good_customer_is_offered_a_line_and_accepts_it(self, someone: Phone, sandbox: Sandbox) -> None:
        application = someone.apply("XF01")
        assert application["status"] == "offered"
        assert vendors_asked(sandbox) == ["id_check", "tencent_faceid", "bureau", "government"]
        decision = application["decision"]
        assert decision["grade"] in set("ABCD")
        line = someone.accept(application["id"])
        assert line["limit"] == line["available"] == decision["limit"]
        assert line["annual_rate"] == decision["annual_rate"]
        answer = someone.call("POST", f"applications/{application['id']}/accept", {}, expect=409)
        assert answer.json()["code"] == "state_conflict"

    def test_a_stored_decision_replays_to_the_same_result(self, someone: Phone) -> None:
        from lending.decision.snapshots import decision_bytes

        someone.apply("XF01")
        with in_bank("125"):
            for decision in Decision.objects.all():
                assert decision_bytes(replay_decision(decision.pk)) == recorded_decision(decision.pk)

    def test_without_the_consents_the_bureau_is_not_asked(self, someone: Phone, sandbox: Sandbox) -> None:
        application = _drafted(someone)
        assert application["status"] == "face"
        token = someone.face_token("apply", application["id"])
        answer = someone.post(f"applications/{application['id']}/submit", {"face_token": token}, expect=422)
        assert answer["code"] == "consent_missing"
        assert "bureau" not in vendors_asked(sandbox)
        someone.consent(*application["required_consents"], subject=application["id"])
        someone.post(f"applications/{application['id']}/submit", {"face_token": token}, expect=202)
        assert someone.until_settled(f"applications/{application['id']}")["status"] == "offered"

    def test_an_authorisation_of_bank_a_is_nothing_at_bank_b(
        self, someone: Phone, registered: PhoneMaker, sandbox: Sandbox
    ) -> None:
        first = _drafted(someone)
        someone.consent(*first["required_consents"], subject=first["id"])
        at_b = registered("116", person=dict(someone.person))
        second = _drafted(at_b, employer={**EMPLOYER, "region_code": "320582"})
        token = at_b.face_token("apply", second["id"])
        refused = at_b.post(f"applications/{second['id']}/submit", {"face_token": token}, expect=422)
        assert refused["code"] == "consent_missing"
        assert "bureau" not in vendors_asked(sandbox)


class TestRegions:
    def test_somebody_from_elsewhere_with_no_tie_is_refused_before_anybody_is_asked(
        self, registered: PhoneMaker, sandbox: Sandbox
    ) -> None:
        someone = registered(region="510100")
        sandbox.json("DELETE", "/sandbox/calls")
        application = _drafted(someone)
        assert application["status"] == "rejected"
        assert application["decision"]["reason_codes"] == ["region_not_served"]
        assert vendors_asked(sandbox) == []

    def test_an_employer_in_the_region_with_evidence_is_a_tie(self, registered: PhoneMaker) -> None:
        someone = registered(region="320582")
        assert _drafted(someone, employer=EMPLOYER)["status"] == "face"


class TestFaceTokens:
    def test_a_token_is_good_for_one_act_of_one_person_once(self, someone: Phone) -> None:
        first, second = _drafted(someone), _drafted(someone, product="XF03")
        for application in (first, second):
            someone.consent(*application["required_consents"], subject=application["id"])
        token = someone.face_token("apply", first["id"])
        other = someone.post(f"applications/{second['id']}/submit", {"face_token": token}, expect=409)
        assert other["code"] == "face_token_mismatch"
        someone.post(f"applications/{first['id']}/submit", {"face_token": token}, expect=202)
        used = someone.post(f"applications/{second['id']}/submit", {"face_token": token}, expect=409)
        assert used["code"] in {"face_token_used", "face_token_mismatch"}

    @pytest.mark.parametrize(("outcome", "code"), [("not_live", "not_live"), ("not_same", "face_mismatch")])
    def test_a_face_that_is_not_right_gets_no_token(self, someone: Phone, outcome: str, code: str) -> None:
        application = _drafted(someone)
        check = someone.face("apply", application["id"], outcome=outcome)
        assert (check["status"], check["reason_code"]) == ("failed", code)
        assert not check.get("face_token")

    def test_a_face_that_is_not_on_the_national_photo_gets_no_token(self, registered: PhoneMaker) -> None:
        someone = registered(profile="other_id_photo")
        application = _drafted(someone)
        check = someone.face("apply", application["id"])
        assert (check["status"], check["reason_code"]) == ("failed", "face_mismatch")


class TestDecisions:
    @pytest.mark.parametrize("profile", ["overdue", "poor_credit"])
    def test_bad_credit_is_refused_with_its_reasons(self, registered: PhoneMaker, profile: str) -> None:
        application = registered(profile=profile).apply("XF01")
        assert application["status"] == "rejected"
        assert application["decision"]["reason_codes"]

    def test_somebody_without_a_record_is_a_branch_and_no_reject(self, registered: PhoneMaker) -> None:
        application = registered(profile="thin").apply("XF01")
        assert application["status"] in {"offered", "review"}

    def test_the_bureau_down_ends_as_unavailable_and_may_be_tried_again(self, someone: Phone, sandbox: Sandbox) -> None:
        from datetime import timedelta

        from core.clock import now
        from core.steps.models import Step

        application = _drafted(someone)
        someone.consent(*application["required_consents"], subject=application["id"])
        token = someone.face_token("apply", application["id"])
        sandbox.fault("bureau", status=503)
        someone.post(f"applications/{application['id']}/submit", {"face_token": token}, expect=202)
        someone.wait(0)
        assert someone.get(f"applications/{application['id']}")["status"] == "deciding"
        sandbox.json("POST", "/sandbox/faults")
        with in_bank("125"):
            Step.objects.filter(state="live").update(run_at=now() - timedelta(seconds=1), lease_until=None)
        someone.wait(0)
        assert someone.get(f"applications/{application['id']}")["status"] == "offered"
