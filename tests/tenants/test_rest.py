"""The calls before a bank is known: the directory and the scan."""

from __future__ import annotations

import pytest
from django.test import Client

from core.tenancy import PROVINCE_CODE, in_bank
from tenants import directory
from tenants.models import Scan
from tenants.operations import make_entry, move_bank, scan_of_entry_token
from tests.database import BANK_A, BANK_B

pytestmark = pytest.mark.django_db


def _scene() -> str:
    with in_bank(BANK_A):
        make_entry(branch="花园支行", staff="12500355", product="XF01", campaign="", actor="lin")
        from tenants.models import Entry

        return Entry.objects.get().scene


def _suspend(code: str) -> None:
    with in_bank(PROVINCE_CODE):
        move_bank(code=code, event="suspend", reason="演练", actor="test")


class TestBanks:
    """GET /api/v1/banks."""

    def test_it_lists_the_banks_that_serve_customers_by_code(self) -> None:
        answer = Client().get("/api/v1/banks")
        assert answer.status_code == 200
        document = answer.json()
        assert document["next"] is None
        assert [bank["code"] for bank in document["items"]] == sorted([BANK_A, BANK_B])
        assert set(document["items"][0]) == {"code", "name", "city", "region_code", "stage"}
        assert {bank["stage"] for bank in document["items"]} <= {"pilot", "live"}

    def test_a_suspended_bank_is_left_out_at_once(self) -> None:
        _suspend(BANK_B)
        assert [bank["code"] for bank in Client().get("/api/v1/banks").json()["items"]] == [BANK_A]
        card = directory.card_of(BANK_B)
        assert card is not None
        assert not card.serves_customers

    def test_it_needs_no_login_and_minds_no_worthless_token(self) -> None:
        assert Client().get("/api/v1/banks", headers={"Authorization": "Bearer nobody"}).status_code == 200


class TestResolve:
    """POST /api/v1/entries/resolve."""

    def _post(self, scene: object) -> tuple[int, dict[str, object]]:
        answer = Client().post("/api/v1/entries/resolve", {"scene": scene}, content_type="application/json")
        return answer.status_code, answer.json()

    def test_it_names_the_bank_and_whose_code_it_is(self) -> None:
        status, arrival = self._post(_scene())
        assert status == 200
        token = arrival.pop("entry_token")
        assert arrival == {"bank": BANK_A, "branch": "花园支行", "staff": "12500355", "product": "XF01", "campaign": ""}
        with in_bank(BANK_A):
            assert scan_of_entry_token(str(token)) == Scan.objects.get().pk

    @pytest.mark.parametrize("scene", ["125-unknown", "999-abc", "nonsense", "116-x"])
    def test_an_unknown_scene_is_404_entry_unknown(self, scene: str) -> None:
        status, problem = self._post(scene)
        assert (status, problem["code"]) == (404, "entry_unknown")
        assert problem["title"] == "二维码已失效，请联系银行工作人员"

    def test_a_foreign_bank_before_a_true_scene_is_404(self) -> None:
        scene = _scene()
        assert self._post(scene.replace(f"{BANK_A}-", f"{BANK_B}-"))[1]["code"] == "entry_unknown"

    def test_a_suspended_bank_answers_like_an_unknown_code_and_records_no_scan(self) -> None:
        scene = _scene()
        _suspend(BANK_A)
        status, problem = self._post(scene)
        assert (status, problem["code"]) == (404, "entry_unknown")
        with in_bank(BANK_A):
            assert Scan.objects.count() == 0

    @pytest.mark.parametrize("scene", [None, "", 7.5, {"a": 1}, "x" * 65])
    def test_an_ill_formed_scene_is_400(self, scene: object) -> None:
        status, problem = self._post(scene)
        if scene == 7.5:  # a number is read as its digits, and is nobody's scene
            assert (status, problem["code"]) == (404, "entry_unknown")
        else:
            assert (status, problem["code"]) == (400, "invalid_request")
            assert "scene" in problem["errors"]  # type: ignore[operator]
