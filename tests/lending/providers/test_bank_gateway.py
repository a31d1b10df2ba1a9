"""Credit bureau and government data through the published contract."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from core.gateway import GatewayError, RetryAfter, SignedEndpoint, UnknownOutcome, forget_breakers
from core.ids import new_id
from lending.providers.bank_gateway.provider import GatewayCreditBureau, GatewayGovernmentSource
from lending.providers.bureau import BureauReport, QueryReason
from lending.providers.government import GovernmentData, GovernmentItem, Household, Student, Tax
from tenants.providers.gateway_client import bank_gateway
from tests.loopback import Door, Drop, door, reply
from tests.running_sandbox import Sandbox

__all__ = ["door"]

PERSON = {"name": "林样例", "id_number": "320583199001010010"}
REPORT: dict[str, Any] = {
    "report_id": "BR1",
    "queried_at": "2026-11-22T10:15:00+08:00",
    "found": True,
    "overdue_now": 0,
    "overdue_12m": 1,
    "max_consecutive_24m": 2,
    "total_overdue_24m": 3,
    "queries_3m": 4,
    "lenders": 5,
    "monthly_debt_payment": "1200.50",
    "card_utilisation": "0.35",
    "history_months": 84,
    "score": 702,
}
WORK = {"months_paid_24m": 24, "monthly_base": "8000.00", "employer_name": "样例公司", "region_code": "320583"}
ITEMS: dict[str, Any] = {
    "social_security": WORK,
    "housing_fund": WORK | {"monthly_deposit": "960.00"},
    "tax": {"annual_income": "96000.00", "tax_paid": "1080.00"},
    "household": {"region_code": "320583"},
    "student": {"enrolled": False},
}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget_breakers()
    yield
    forget_breakers()


def endpoint(base_url: str) -> SignedEndpoint:
    return bank_gateway(bank="125", base_url=base_url, key="sandbox-gateway-key", read_seconds=0.5)


class TestBureauReport:
    def report(self, door: Door, **changes: object) -> BureauReport:
        door.then(reply(REPORT | changes))
        return GatewayCreditBureau(endpoint(door.url)).report(
            **PERSON,
            authorisation_id="a" * 32,
            reason=QueryReason.LOAN_APPROVAL,
            request_id=new_id().hex,
        )

    def test_is_read_in_full(self, door: Door) -> None:
        report = self.report(door)
        assert (report.monthly_debt_payment_fen, report.card_utilisation) == (120_050, Decimal("0.35"))
        counts = ("overdue_12m", "max_consecutive_24m", "total_overdue_24m", "queries_3m", "lenders")
        assert [getattr(report, name) for name in counts] == [1, 2, 3, 4, 5]
        assert (report.found, report.score, report.history_months) == (True, 702, 84)
        assert door.seen[0].json() == {**PERSON, "authorisation_id": "a" * 32, "reason": "02"}

    def test_may_have_no_score(self, door: Door) -> None:
        assert self.report(door, found=False, score=None).score is None

    @pytest.mark.parametrize(
        "changes",
        [
            {"overdue_now": -1},
            {"overdue_now": "0"},
            {"found": "yes"},
            {"card_utilisation": "-0.10"},
            {"card_utilisation": 0.35},
            {"monthly_debt_payment": "-1.00"},
            {"monthly_debt_payment": 1200},
            {"queried_at": "2026-11-22"},
            {"report_id": ""},
        ],
    )
    def test_is_not_guessed(self, door: Door, changes: dict[str, object]) -> None:
        with pytest.raises(UnknownOutcome):
            self.report(door, **changes)

    def test_is_not_asked_for_twice_by_itself_since_every_answer_is_paid(self, door: Door) -> None:
        door.otherwise = Drop()
        with pytest.raises(UnknownOutcome):
            GatewayCreditBureau(endpoint(door.url)).report(
                **PERSON, authorisation_id="a", reason=QueryReason.LOAN_APPROVAL, request_id=new_id().hex
            )
        assert len(door.seen) == 1


class TestGovernmentData:
    def fetch(self, door: Door, answer: object, *items: GovernmentItem) -> GovernmentData:
        door.then(reply(answer))
        return GatewayGovernmentSource(endpoint(door.url)).fetch(
            **PERSON, items=items or tuple(GovernmentItem), request_id=new_id().hex
        )

    def test_is_read_in_full(self, door: Door) -> None:
        data = self.fetch(door, {"items": ITEMS})
        assert data.asked == frozenset(GovernmentItem)
        assert data.social_security is not None
        assert (data.social_security.monthly_base_fen, data.social_security.months_paid_24m) == (800_000, 24)
        assert data.housing_fund is not None
        assert data.housing_fund.monthly_deposit_fen == 96_000
        assert data.tax == Tax(annual_income_fen=9_600_000, tax_paid_fen=108_000)
        assert (data.household, data.student) == (Household(region_code="320583"), Student(enrolled=False))

    def test_null_means_no_record(self, door: Door) -> None:
        data = self.fetch(door, {"items": dict.fromkeys(ITEMS)})
        assert data == GovernmentData(asked=frozenset(GovernmentItem))

    def test_asks_only_for_what_is_wanted(self, door: Door) -> None:
        data = self.fetch(door, {"items": {"tax": None}}, GovernmentItem.TAX)
        assert door.seen[0].json()["items"] == ["tax"]
        assert data.asked == {GovernmentItem.TAX}

    def test_asking_for_nothing_is_not_sent(self, door: Door) -> None:
        with pytest.raises(ValueError, match="at least one"):
            GatewayGovernmentSource(endpoint(door.url)).fetch(**PERSON, items=(), request_id=new_id().hex)
        assert door.seen == []

    @pytest.mark.parametrize(
        "answer",
        [
            {},
            {"items": []},
            {"items": {"tax": None}},
            {"items": ITEMS | {"tax": {"annual_income": "1"}}},
            {"items": ITEMS | {"social_security": WORK | {"months_paid_24m": 25}}},
            {"items": ITEMS | {"social_security": WORK | {"monthly_base": "8,000.00"}}},
            {"items": ITEMS | {"student": {"enrolled": 0}}},
        ],
    )
    def test_is_not_guessed(self, door: Door, answer: object) -> None:
        with pytest.raises(UnknownOutcome):
            self.fetch(door, answer)


class TestOnTheSandbox:
    @pytest.mark.parametrize(("profile", "found"), [("good", True), ("thin", False)])
    def test_a_report_of_somebody_known_and_of_somebody_unknown(
        self, sandbox: Sandbox, profile: str, *, found: bool
    ) -> None:
        person = sandbox.person(profile=profile)
        report = GatewayCreditBureau(endpoint(sandbox.url)).report(
            name=person["name"],
            id_number=person["id_number"],
            authorisation_id=new_id().hex,
            reason=QueryReason.LOAN_APPROVAL,
            request_id=new_id().hex,
        )
        assert (report.found, report.score is not None) == (found, found)

    def test_every_item_of_the_government(self, sandbox: Sandbox) -> None:
        person = sandbox.person(profile="student")
        data = GatewayGovernmentSource(endpoint(sandbox.url)).fetch(
            name=person["name"],
            id_number=person["id_number"],
            items=GovernmentItem,
            request_id=new_id().hex,
        )
        assert data.student == Student(enrolled=True)
        assert data.household is not None

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [({"status": 503}, RetryAfter), ({"garbage": True}, UnknownOutcome), ({"drop_after": True}, UnknownOutcome)],
    )
    def test_a_bureau_that_fails(self, sandbox: Sandbox, fault: dict[str, object], kind: type[GatewayError]) -> None:
        sandbox.fault("bureau", **fault)
        with pytest.raises(kind):
            GatewayCreditBureau(endpoint(sandbox.url)).report(
                **PERSON,
                authorisation_id=new_id().hex,
                reason=QueryReason.LOAN_APPROVAL,
                request_id=new_id().hex,
            )
