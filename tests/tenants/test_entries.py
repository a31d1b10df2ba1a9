"""Entries: made by staff, their picture fetched by a step, resolved by customers, closed and opened again."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import signing
from django.db import transaction
from django.db.models import F
from django.test import Client
from PIL import Image

from core.audit.models import AuditEntry
from core.clock import now
from core.errors import NotFound
from core.gateway import forget_breakers
from core.ids import new_id
from core.operations import TransactionForbidden
from core.steps.models import DONE, FAILED, LIVE, Step
from core.tenancy import PROVINCE_CODE, in_bank
from tenants.models import Entry, Scan
from tenants.operations import (
    EntryUnknown,
    close_entry,
    fetch_image_again,
    make_entry,
    move_bank,
    reopen_entry,
    resolve_scene,
    scan_of_entry_token,
)
from tenants.operations.entries import SALT
from tenants.queries import origin_of_scan
from tests.running_sandbox import Sandbox
from tests.tenants.conftest import Browser

pytestmark = pytest.mark.django_db


def _made(**given: str) -> Entry:
    entry_id = make_entry(
        **{"branch": "花园支行", "staff": "12500355", "product": "XF01", "campaign": "春耕", "actor": "lin", **given}
    )
    return Entry.objects.get(pk=entry_id)


class TestMakeEntry:
    def test_its_scene_begins_with_the_bank_and_fits_wechats_field(self, bank_a: str) -> None:
        scenes = {_made().scene for _ in range(20)}
        assert len(scenes) == 20
        assert all(scene.startswith(f"{bank_a}-") and len(scene) <= 32 for scene in scenes)

    def test_it_keeps_who_made_it_and_leaves_a_trace(self, bank_a: str) -> None:
        entry = _made()
        assert (entry.created_by, entry.is_open, entry.image_type) == ("lin", True, "")
        assert AuditEntry.objects.get(action="entry.made").subject == entry.scene

    def test_the_picture_is_owed_in_the_same_transaction(self, bank_a: str) -> None:
        entry = _made()
        assert Step.objects.get(kind="entry.fetch_code").subject == entry.pk.hex


class TestFetchCode:
    """The step that asks WeChat for the picture."""

    def test_the_picture_comes_through_the_adapter(
        self, bank_a: str, vendors: Sandbox, run_steps: Callable[..., int]
    ) -> None:
        entry = _made()
        assert run_steps() == 1
        entry.refresh_from_db()
        assert entry.image_type in ("image/png", "image/jpeg")
        with Image.open(io.BytesIO(bytes(entry.image or b""))) as picture:
            assert picture.width >= 280
        assert [call["operation"] for call in vendors.calls(vendor="wechat")][-1] == "getwxacodeunlimit"
        assert Step.objects.get().state == DONE

    def test_while_wechat_is_down_it_is_tried_again(
        self, bank_a: str, vendors: Sandbox, run_steps: Callable[..., int]
    ) -> None:
        entry = _made()
        vendors.fault("wechat", status=503)
        run_steps()
        step = Step.objects.get()
        assert (step.state, step.attempt) == (LIVE, 1)
        vendors.faults()
        Step.objects.update(run_at=now() - timedelta(seconds=1))
        run_steps()
        entry.refresh_from_db()
        assert entry.image_type

    def test_past_its_deadline_it_gives_up_and_staff_may_ask_again(
        self, bank_a: str, vendors: Sandbox, run_steps: Callable[..., int]
    ) -> None:
        entry = _made()
        vendors.fault("wechat", status=503)
        Step.objects.update(deadline_at=F("created_at"))
        run_steps()
        assert Step.objects.get().state == FAILED
        vendors.faults()
        fetch_image_again(entry_id=entry.pk, actor="lin")
        forget_breakers()
        run_steps()
        entry.refresh_from_db()
        assert entry.image_type
        assert AuditEntry.objects.filter(action="entry.image_asked").count() == 1


class TestResolve:
    def test_it_says_on_whose_behalf_and_records_the_scan(self, bank_a: str) -> None:
        entry = _made()
        arrival = resolve_scene(entry.scene)
        assert (arrival.bank, arrival.branch, arrival.staff, arrival.product, arrival.campaign) == (
            "125", "花园支行", "12500355", "XF01", "春耕",
        )  # fmt: skip
        scan = Scan.objects.get()
        assert scan.entry_id == entry.pk
        assert scan_of_entry_token(arrival.entry_token) == scan.pk
        origin = origin_of_scan(scan.pk)
        assert origin is not None
        assert (origin.branch, origin.staff) == ("花园支行", "12500355")

    def test_every_scan_counts_once(self, bank_a: str) -> None:
        entry = _made()
        tokens = {resolve_scene(entry.scene).entry_token for _ in range(3)}
        assert len(tokens) == Scan.objects.count() == 3

    @pytest.mark.parametrize(
        "scene",
        [
            "",
            "125",
            "125-",
            "125-doesnotexist",
            "999-abcdefgh",
            "-x",
            "125-" + "x" * 40,
            "125_x",
            "province-x",
            "１２５-x",
        ],
    )
    def test_an_unknown_scene_is_refused(self, bank_a: str, scene: str) -> None:
        _made()
        with pytest.raises(EntryUnknown):
            resolve_scene(scene)
        assert Scan.objects.count() == 0

    def test_a_scene_of_another_bank_is_found_there_only(self, bank_a: str, bank_b: str) -> None:
        with in_bank("125"):
            scene = _made().scene
        with pytest.raises(EntryUnknown):
            resolve_scene(scene.replace("125-", "116-"))
        assert resolve_scene(scene).bank == "125"
        assert Scan.objects.count() == 0
        with in_bank("125"):
            assert Scan.objects.count() == 1

    def test_a_closed_code_is_refused_until_it_is_opened_again(self, bank_a: str) -> None:
        entry = _made()
        close_entry(entry_id=entry.pk, actor="lin")
        with pytest.raises(EntryUnknown):
            resolve_scene(entry.scene)
        reopen_entry(entry_id=entry.pk, actor="lin")
        assert resolve_scene(entry.scene).bank == "125"
        actions = AuditEntry.objects.filter(subject=entry.scene).order_by("id").values_list("action", flat=True)
        assert list(actions) == ["entry.made", "entry.closed", "entry.reopened"]

    def test_a_bank_that_does_not_serve_customers_resolves_nothing(self, bank_a: str) -> None:
        scene = _made().scene
        with in_bank(PROVINCE_CODE):
            move_bank(code=bank_a, event="suspend", reason="演练", actor="lin")
        with pytest.raises(EntryUnknown):
            resolve_scene(scene)
        assert Scan.objects.count() == 0

    def test_closing_what_does_not_exist_is_refused(self, bank_a: str) -> None:
        with pytest.raises(NotFound):
            close_entry(entry_id=new_id(), actor="lin")


class TestEntryToken:
    def test_a_token_of_another_bank_is_worthless(self, bank_a: str, bank_b: str) -> None:
        with in_bank("125"):
            token = resolve_scene(_made().scene).entry_token
        assert scan_of_entry_token(token) is None
        with in_bank("125"):
            assert scan_of_entry_token(token) is not None

    @pytest.mark.parametrize("token", ["", "x", "eyJiYW5rIjoiMTI1In0:1abc:def"])
    def test_a_forged_token_is_worthless(self, bank_a: str, token: str) -> None:
        assert scan_of_entry_token(token) is None

    def test_a_token_signed_for_something_else_is_worthless(self, bank_a: str) -> None:
        told = {"bank": "125", "scan": new_id().hex}
        assert scan_of_entry_token(signing.dumps(told, salt="another")) is None
        assert scan_of_entry_token(signing.dumps(told, salt=SALT)) == uuid.UUID(hex=told["scan"])


class TestAdmin:
    """What staff do with codes."""

    ADDRESS = "/b/125/admin/tenants/entry/"

    def _posted(self, client: Client, **given: str) -> Entry:
        answer = client.post(f"{self.ADDRESS}add/", {"branch": "花园支行", "staff": "12500355", **given})
        assert answer.status_code == 302, answer.content.decode()
        with in_bank("125"):
            return Entry.objects.get()

    def test_a_colleague_makes_a_code_outside_djangos_form_transaction(self, browser: Browser) -> None:
        entry = self._posted(browser(role="客户经理"))
        assert (entry.branch, entry.staff, entry.created_by) == ("花园支行", "12500355", "staff")

    def test_inside_a_transaction_the_operation_refuses(self, bank_a: str) -> None:
        with transaction.atomic(), pytest.raises(TransactionForbidden):
            _made()

    def test_a_code_that_wechat_could_not_carry_is_refused(self, boss: Client) -> None:
        answer = boss.post(f"{self.ADDRESS}add/", {"branch": "花" * 61, "staff": "员工一号"})
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "只能使用字母、数字" in page
        with in_bank("125"):
            assert Entry.objects.count() == 0

    def test_the_picture_is_served_with_its_type_to_those_who_may_see_codes(
        self, boss: Client, browser: Browser, vendors: Sandbox, run_steps: Callable[..., int]
    ) -> None:
        entry = self._posted(boss)
        page = boss.get(f"{self.ADDRESS}{entry.pk}/change/").content.decode()
        assert "图片获取中" in page
        assert boss.get(f"{self.ADDRESS}{entry.pk}/image/").status_code == 404
        with in_bank("125"):
            run_steps()
        answer = boss.get(f"{self.ADDRESS}{entry.pk}/image/")
        assert answer.status_code == 200
        assert answer["Content-Type"] in ("image/png", "image/jpeg")
        assert answer["X-Content-Type-Options"] == "nosniff"
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.width >= 280
        assert (
            f"/b/125/admin/tenants/entry/{entry.pk}/image/"
            in boss.get(f"{self.ADDRESS}{entry.pk}/change/").content.decode()
        )
        assert browser(role="会计").get(f"{self.ADDRESS}{entry.pk}/image/").status_code == 404

    def test_a_picture_of_another_type_is_not_served(self, boss: Client) -> None:
        entry = self._posted(boss)
        with in_bank("125"):
            Entry.objects.filter(pk=entry.pk).update(image=b"<script>", image_type="text/html")
        assert boss.get(f"{self.ADDRESS}{entry.pk}/image/").status_code == 404

    def test_scans_are_counted(self, boss: Client) -> None:
        entry = self._posted(boss)
        for _ in range(3):
            resolve_scene(entry.scene)
        page = boss.get(self.ADDRESS).content.decode()
        assert entry.scene in page
        assert ">3<" in page.replace(" ", "").replace("\n", "")

    def test_close_reopen_and_fetch_again_are_acts_with_a_trace(self, boss: Client) -> None:
        entry = self._posted(boss)
        for act, is_open in (("close", False), ("reopen", True), ("fetch_again", True)):
            assert boss.post(f"{self.ADDRESS}{entry.pk}/{act}/").status_code == 302, act
            with in_bank("125"):
                entry.refresh_from_db()
                assert entry.is_open is is_open
        assert boss.post(f"{self.ADDRESS}{entry.pk}/reopen/").status_code == 403  # it is open
        with in_bank("125"):
            actors = set(AuditEntry.objects.filter(action__startswith="entry.").values_list("actor", flat=True))
        assert actors == {"boss"}

    def test_a_code_of_bank_a_is_unknown_at_bank_b(self, boss: Client, browser: Browser) -> None:
        entry = self._posted(boss)
        other = browser("116", is_superuser=True)
        for path in (f"{entry.pk}/change/", f"{entry.pk}/image/"):
            answer = other.get(f"/b/116/admin/tenants/entry/{path}")
            assert answer.status_code in (302, 404)
            assert entry.scene not in answer.content.decode()
        other.post(f"/b/116/admin/tenants/entry/{entry.pk}/close/")
        with in_bank("125"):
            entry.refresh_from_db()
            assert entry.is_open
