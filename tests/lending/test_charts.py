"""The pictures of a bank (D5 to D8, D10, D12, D13): each number by hand, in one statement, and only for whom its rows are."""

from __future__ import annotations

import csv
import io
import uuid
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer
from accounts.operations.login import log_in
from accounts.operations.sharing import share
from core.admin.charts import Asked, Chart, Numbers, csv_of, picture_of
from core.audit.models import AuditEntry
from core.clock import business_date, now
from core.ids import new_id
from core.states.models import StateChange
from lending.charts import BANK_CHARTS
from lending.charts.approvals import APPROVALS, REFUSALS
from lending.charts.campaigns import COST_CHART
from lending.charts.cohorts import UNSAID
from lending.charts.funnel import FUNNEL_CHART, STEPS
from lending.charts.portfolio import CATEGORIES, QUALITY_CHART, ROLLS
from lending.charts.usage import AVERAGE_CHART, CYCLE_CHART, USAGE_CHART
from lending.charts.vintages import FIRST_PAYMENT_CHART, VINTAGE_CHART
from lending.models import Application, CreditLine, Decision, DecisionModelText, Drawdown, Loan, ProductVersion
from tenants.models import CampaignCost, Entry, Scan
from tenants.operations import CostRefused, record_campaign_cost, remember_visitor, resolve_scene
from tests.lending.applicants import consent_to, make_customer
from tests.lending.borrowers import (
    Borrower,
    confirm,
    disburse,
    draft,
    give_money,
    lend,
    make_account,
    make_borrower,
    make_line,
    repay,
    set_day,
    signed,
)
from tests.lending.test_borrowing_admin import _staff
from verification.models import Consent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
ADMIN = "/b/125/admin/"
RIGHT = "content_type__app_label"
EARLIER = timedelta(hours=1)


def ask(chart: Chart, **chosen: str) -> Numbers:
    """Read a chart as the dashboard does today, with other choices; it is one statement (the roll rates' one a month)."""
    usual = chart.usual(max(business_date(), now().date()))
    wanted = Asked(from_date=usual.from_date, to_date=usual.to_date, chosen={**usual.chosen, **chosen})
    with CaptureQueriesContext(connection) as queries:
        numbers = chart.read(wanted)
    assert len(queries) <= (3 if chart is ROLLS else 2 if chart.has_period is False else 1), chart.name
    return numbers


def column(numbers: Numbers, name: str) -> dict[str, Any]:
    """Return one series by its labels."""
    found = next(series for series in numbers.series if series.name == name)
    return dict(zip(numbers.labels, found.values, strict=True))


def total(numbers: Numbers, name: str) -> Any:
    return next(series.total for series in numbers.series if series.name == name)


def code(**speaks_for: str) -> Entry:
    return Entry.objects.create(scene=f"125-{new_id().hex[-20:]}", **speaks_for)


def arrive(entry: Entry, steps: int, *, before: timedelta = EARLIER) -> uuid.UUID | None:
    """Bring a person so many steps of the funnel down; the scan lies before, everything else is now."""
    first = Scan.objects.create(entry=entry, at=now() - before)
    if steps == 1:
        return None
    who = make_customer()
    known = {"stage": "registered", "registered_at": now()} if steps >= 3 else {"stage": "new"}
    Customer.objects.filter(pk=who).update(first_scan_id=first.pk, last_scan_id=first.pk, **known)
    with transaction.atomic():
        remember_visitor(scan_id=first.pk, visitor_id=who)
    if steps >= 4:
        _apply(who, steps)
    return who


def _apply(who: uuid.UUID, steps: int) -> None:
    version = ProductVersion.objects.filter(product__code="XF01", published_at__isnull=False).latest("number")
    line = make_line(who) if steps >= 8 else None
    if line is not None:
        application = line.application
    else:
        application = Application.objects.create(
            customer_id=who, product_version=version, purpose="consumption", facts={}, status="face"
        )
        consent_to(application)
    consent = Consent.objects.get(business_id=application.pk.hex, purpose="credit_query")
    Application.objects.filter(pk=application.pk).update(
        credit_query_consent_id=consent.pk, submitted_at=now() if steps >= 5 else None,
        face_check_id=new_id() if steps >= 6 else None, decided_at=now() if steps >= 8 else None,
    )  # fmt: skip
    if steps >= 7:
        _decide(application, version)
    if steps >= 9 and line is not None:
        account = make_account(who)
        _draw(Borrower(bank="125", customer_id=who, line_id=line.pk, account_id=account.pk), steps)


def _decide(application: Application, version: ProductVersion) -> None:
    model, _ = DecisionModelText.objects.get_or_create(
        version="m/1", defaults={"bank": "125", "name": "m", "content": ""}
    )
    Decision.objects.create(
        application=application, stage="full", product_version=version, model=model, business_date=business_date(),
        outcome="review", snapshot="{}", result="{}", content_sha256=b"0" * 32, evidence_leaf=new_id(),
    )  # fmt: skip


def _draw(who: Borrower, steps: int) -> None:
    if steps < 10:
        return
    if steps == 10:
        confirm(draft(who))
        return
    drawdown = signed(who)
    confirm_again = {"signed_at": now()} | ({"disburse_face_check_id": new_id()} if steps >= 12 else {})
    Drawdown.objects.filter(pk=drawdown.pk).update(status="draft")
    confirm(drawdown)
    Drawdown.objects.filter(pk=drawdown.pk).update(status="signed", **confirm_again)
    if steps >= 13:
        disburse(who, drawdown)
    if steps >= 14:
        give_money(who, 100_000_00)
        repay(who, Loan.objects.get(drawdown=drawdown), "early_full")


class TestD5Funnel:
    def test_counts_distinct_persons_in_strict_order(self) -> None:
        north, south = code(campaign="春耕", staff="12500001", branch="城东支行", product="XF01"), code(campaign="夏收")
        for steps in range(1, len(STEPS) + 1):
            arrive(north if steps % 2 else south, steps)
        tried_again = arrive(north, 7)
        assert tried_again is not None
        _apply(tried_again, 5)  # a second application that came less far
        for _ in range(2):  # and two scans more, each with a login
            more = Scan.objects.create(entry=south, at=now())
            Customer.objects.filter(pk=tried_again).update(last_scan_id=more.pk)
            with transaction.atomic():
                remember_visitor(scan_id=more.pk, visitor_id=tried_again)
        numbers = ask(FUNNEL_CHART)
        expected = [15, 14, 13, 12, 11, 10, 9, 7, 6, 5, 4, 3, 2, 1]
        assert list(column(numbers, "人数").values()) == expected
        assert numbers.labels[0] == "扫码"
        assert column(numbers, "步骤转化率")["审批通过"] == Decimal("77.78")
        assert column(numbers, "累计转化率")["放款成功"] == Decimal("13.33")

        by = ask(FUNNEL_CHART, by="campaign")
        assert column(by, "扫码") == {"春耕": 8, "夏收": 7}
        assert column(by, "首次还款") == {"春耕": 0, "夏收": 1}
        assert total(by, "扫码") == 15
        last = ask(FUNNEL_CHART, by="campaign", touch="last")
        assert column(last, "扫码") == {"春耕": 7, "夏收": 8}
        only = ask(FUNNEL_CHART, staff="12500001")
        assert list(column(only, "人数").values()) == [8, 7, 7, 6, 6, 5, 5, 3, 3, 2, 2, 1, 1, 0]
        assert column(ask(FUNNEL_CHART, by="branch"), "扫码") == {"城东支行": 8, UNSAID: 7}

    def test_a_login_keeps_whose_scan_it_was(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tenants.operations.wechat_openid", lambda _: "openid-of-a-visitor")
        scene = code(campaign="春耕").scene
        tokens = [resolve_scene(scene).entry_token for _ in range(3)]
        logins = [log_in(wechat_code="c", device_id="d", entry_token=token) for token in tokens[:2]]
        (who,) = {login.customer_id for login in logins}
        assert list(Scan.objects.order_by("pk").values_list("visitor_id", flat=True)) == [who, who, None]
        assert list(column(ask(FUNNEL_CHART), "人数").values())[:3] == [2, 1, 0]

    def test_takes_who_was_known_before_the_scan_for_no_newcomer_and_ends_with_the_window(self) -> None:
        entry = code()
        known = arrive(entry, 5)
        assert known is not None
        Customer.objects.filter(pk=known).update(registered_at=now() - timedelta(days=2))
        arrive(entry, 5, before=timedelta(days=20))
        arrive(entry, 5, before=timedelta(days=40))  # before the period
        assert list(column(ask(FUNNEL_CHART), "人数").values())[:6] == [1, 1, 1, 1, 1, 0]
        assert list(column(ask(FUNNEL_CHART, window="7"), "人数").values())[:4] == [1, 0, 0, 0]
        assert list(column(ask(FUNNEL_CHART, window="7; DROP", by="id"), "人数").values())[:2] == [1, 1]


class TestD6Approvals:
    @pytest.fixture
    def decided(self, bank_a: str) -> None:
        del bank_a
        version = ProductVersion.objects.filter(product__code="XF01", published_at__isnull=False).latest("number")
        common: dict[str, Any] = {
            "product_version": version, "purpose": "consumption", "facts": {}, "decided_at": now(),
            "credit_query_consent_id": new_id(), "data_query_consent_id": new_id(),
        }  # fmt: skip
        who = make_customer()
        rows = [
            ("offered", [], False), ("accepted", [], False), ("expired", [], False), ("review", ["manual_review"], False),
            ("rejected", ["score_too_low", "current_overdue"], False), ("rejected", ["score_too_low"], False),
            ("rejected", ["vendor_unavailable"], True),
        ]  # fmt: skip
        made = [
            Application.objects.create(
                customer_id=who, status=status, reason_codes=reasons, retryable=retryable,
                offer_expires_date=business_date() if status in ("offered", "accepted", "expired") else None, **common,
            )
            for status, reasons, retryable in rows
        ]  # fmt: skip
        for application in (made[1], made[4]):
            StateChange.objects.create(
                machine="application", subject_id=application.pk, event="refer", from_state="deciding",
                to_state="review", actor="system",
            )  # fmt: skip

    @pytest.mark.usefixtures("decided")
    def test_rates_are_of_what_was_decided(self) -> None:
        numbers = ask(APPROVALS)
        assert [total(numbers, name) for name in ("已决申请", "通过", "未经人工")] == [5, 3, 3]
        assert (total(numbers, "通过率"), total(numbers, "自动审批率")) == (Decimal("60.00"), Decimal("60.00"))
        assert ask(APPROVALS, product="JY01").is_empty

    @pytest.mark.usefixtures("decided")
    def test_the_mix_counts_each_reason_of_a_refusal(self) -> None:
        numbers = ask(REFUSALS)
        assert column(numbers, "拒绝件数") == {"评分不足": 2, "当前逾期": 1}
        assert column(numbers, "占拒绝申请") == {"评分不足": Decimal("100.00"), "当前逾期": Decimal("50.00")}


class TestD7D8Usage:
    def test_gross_and_in_force_are_two_numbers_and_only_one_is_shared(self) -> None:
        first, second, third = (make_borrower(limit_fen=100_000_00) for _ in range(3))
        lend(first, 10_000_00)
        lend(first, 7_800_00)
        CreditLine.objects.filter(pk=third.line_id).update(status="expired")
        make_line(second.customer_id, product="XF03", limit_fen=50_000_00)
        numbers = ask(USAGE_CHART)
        assert column(numbers, "累计授信") == {"XF01": 300_000_00, "XF03": 50_000_00}
        assert column(numbers, "有效授信") == {"XF01": 200_000_00, "XF03": 50_000_00}
        assert column(numbers, "用信率（金额）") == {"XF01": Decimal("8.90"), "XF03": Decimal("0.00")}
        assert total(numbers, "用信率（金额）") == Decimal("7.12")
        assert (total(numbers, "有额度客户"), total(numbers, "用信率（客户）")) == (2, Decimal("50.00"))
        average = ask(AVERAGE_CHART)
        assert column(average, "户均余额") == {"XF01": 17_800_00, "XF03": None}
        data, _ = picture_of(AVERAGE_CHART, average)
        assert data["datasets"][-1]["label"] == "省联社试点户均 96,594.86元"
        assert data["datasets"][-1]["data"] == [9.6595, 9.6595]

    def test_cycles_are_the_days_between_two_draws_of_one_customer(self) -> None:
        who, other = make_borrower(), make_borrower()
        today = business_date()
        for borrower, gap in ((who, 28), (who, 10), (who, 5), (other, 3)):
            set_day(today - timedelta(days=gap))
            CreditLine.objects.filter(pk=borrower.line_id).update(starts_date=today - timedelta(days=60))
            lend(borrower, 1_000_00)
        set_day(today)
        numbers = ask(CYCLE_CHART)
        assert {label: count for label, count in column(numbers, "用款次数").items() if count} == {
            "7 天内": 1, "16–30 天": 1,
        }  # fmt: skip
        assert numbers.note.startswith("平均间隔 11.50 天")


class TestD10Costs:
    def test_what_a_customer_who_was_lent_to_cost(self) -> None:
        spring = code(campaign="春耕")
        for steps in (1, 3, 13, 14):
            arrive(spring, steps)
        today = business_date()
        for yuan in (1_000, -400, 100):
            record_campaign_cost(
                campaign="春耕", branch="", spent_date=today, amount_fen=yuan * 100, note="", actor="pm"
            )
        record_campaign_cost(campaign="秋收", branch="", spent_date=today, amount_fen=50_00, note="", actor="pm")
        record_campaign_cost(
            campaign="春耕", branch="", spent_date=today - timedelta(days=120), amount_fen=9, note="", actor="pm"
        )
        numbers = ask(COST_CHART)
        assert column(numbers, "费用") == {"春耕": 700_00, "秋收": 50_00}
        assert column(numbers, "放款客户") == {"春耕": 2, "秋收": 0}
        assert column(numbers, "每个放款客户成本") == {"春耕": 350_00, "秋收": None}
        assert total(numbers, "每个放款客户成本") == 375_00

    def test_how_a_campaign_spreads_by_the_codes_that_customers_hand_on(self) -> None:
        """Four come by the campaign's code and register, two of them share; five others scan, two of these register."""
        spring = code(campaign="春耕")
        sharers = [arrive(spring, 3) for _ in range(4)][:2]
        for who in sharers:
            assert who is not None
            assert share(customer_id=who).campaign == "春耕"
        handed_on = [Entry.objects.get(sharer_id=who) for who in sharers]
        for entry, steps in (
            (handed_on[0], 3),
            (handed_on[0], 2),
            (handed_on[1], 3),
            (handed_on[1], 1),
            (handed_on[1], 1),
        ):
            arrive(entry, steps)
        Scan.objects.create(entry=handed_on[0], visitor_id=sharers[0])  # one's own code, scanned by oneself
        arrive(code(campaign="秋收"), 1)
        numbers = ask(COST_CHART)
        assert column(numbers, "传播次数") == {"春耕": 5, "秋收": 0}
        assert column(numbers, "受邀注册客户") == {"春耕": 2, "秋收": 0}
        # 5 invitations by 6 registered customers, 2 of 5 of them taken: 5/6 × 2/5 = 0.33
        assert column(numbers, "K 系数") == {"春耕": Decimal("0.33"), "秋收": None}
        assert (total(numbers, "传播次数"), total(numbers, "K 系数")) == (5, Decimal("0.33"))

    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"campaign": " "}, "请填写"),
            ({"amount_fen": 0}, "不能为零"),
            ({"spent_date": date(2199, 1, 1)}, "不得晚于"),
        ],
    )
    def test_what_is_no_cost_is_refused(self, changed: dict[str, Any], told: str) -> None:
        usual: dict[str, Any] = {
            "campaign": "春耕",
            "branch": "",
            "spent_date": business_date(),
            "amount_fen": 1,
            "note": "",
        }
        with pytest.raises(CostRefused, match=told):
            record_campaign_cost(**(usual | changed), actor="pm")
        assert not AuditEntry.objects.filter(action="campaign.cost_recorded").exists()


@pytest.fixture
def book(bank_a: str) -> list[Loan]:
    """Three loans of January 2026: one that is nearly good, one that never paid, one that missed later."""
    del bank_a
    set_day(date(2026, 1, 10))
    who = make_borrower(product="XF03", valid_until_date=date(2027, 1, 1))
    loans = [lend(who, 10_000_00 * (place + 1), term_months=12, method="interest_only") for place in range(3)]
    give_money(who, 20_000_00)
    for day in (date(2026, 2, 10), date(2026, 3, 10)):
        set_day(day)
        repay(who, loans[0])
        if day.month == 2:
            repay(who, loans[2])
            repay(who, loans[2], "early_partial", 10_000_00)
    set_day(date(2026, 5, 1))
    Loan.objects.filter(pk=loans[1].pk).update(category="substandard", overdue_since_date=date(2026, 2, 10))
    return loans


class TestD13Risk:
    def test_tells_how_the_book_stands_how_it_aged_and_who_missed_the_first_payment(self, book: list[Loan]) -> None:
        assert len(book) == 3
        numbers = VINTAGE_CHART.read(Asked(from_date=date(2026, 1, 1), to_date=date(2026, 5, 1)))
        # At the end of February (MOB 1) the second is 18 days late; of March 49 days; of April the third is 51 days late, too,
        # and the first 20. Of the third's 30,000.00 a third was prepaid.
        told = list(column(numbers, "2026-01 放款").values())
        assert told[:4] == [Decimal("0.00"), Decimal("33.33"), Decimal("66.67"), None]

        first = FIRST_PAYMENT_CHART.read(Asked(from_date=date(2026, 1, 1), to_date=date(2026, 5, 1)))
        assert column(first, "FPD7") == column(first, "FPD30") == {"2026-01": Decimal("33.33")}
        assert total(first, "首期到期满 30 天") == 3

        today = Asked(from_date=date(2026, 5, 1), to_date=date(2026, 5, 1))
        owed = {"正常": 30_000_00, "关注": 0, "次级": 20_000_00, "可疑": 0, "损失": 0}
        assert column(CATEGORIES.read(today), "余额") == owed
        quality = QUALITY_CHART.read(today)
        assert column(quality, "不良率") == column(quality, "逾期率") == {"XF03": Decimal("40.00")}
        rolls = ROLLS.read(today)
        assert column(rolls, "2026-03")["M1"] == Decimal("100.00")
        assert column(rolls, "2026-03 月初本金")["M1"] == 20_000_00


class TestPages:
    @pytest.mark.parametrize("role", ["客户经理", "催收"])
    def test_nobody_sees_a_chart_whose_rows_they_may_not_see(self, role: str) -> None:
        client, rights = _staff(role), set(Permission.objects.filter(group__name=role).values_list(RIGHT, "codename"))
        page = client.get(ADMIN).content.decode()
        shown = [chart for chart in BANK_CHARTS if chart.is_for(lambda right: tuple(right.split(".")) in rights)]
        assert len(shown) < len(BANK_CHARTS)
        for chart in BANK_CHARTS:
            assert (f"figures/{chart.name}/" in page) is (chart in shown), chart.name
        hidden = next(chart for chart in BANK_CHARTS if chart not in shown)
        assert client.get(f"{ADMIN}figures/{hidden.name}/").status_code == 403
        assert client.get(f"{ADMIN}figures/{hidden.name}.csv").status_code == 403
        assert not AuditEntry.objects.filter(action="figures.downloaded").exists()

    def test_who_sees_only_customers_of_their_own_sees_no_sums_of_the_bank(self) -> None:
        rights = {
            role: {
                f"{app}.{name}"
                for app, name in Permission.objects.filter(group__name=role).values_list(RIGHT, "codename")
            }
            for role in ("产品经理", "客户经理", "催收")
        }
        assert FUNNEL_CHART.is_for(rights["产品经理"].__contains__)
        assert [chart.name for chart in BANK_CHARTS if chart.is_for(rights["客户经理"].__contains__)] == []
        assert CATEGORIES.is_for(rights["催收"].__contains__)
        assert "有效授信" not in _staff("客户经理").get(ADMIN).content.decode()

    def test_every_chart_has_a_page_with_its_filters_and_says_what_to_do_where_there_is_nothing(self) -> None:
        client = _staff("审计")
        first = client.get(ADMIN).content.decode()
        for chart in BANK_CHARTS:
            page = client.get(f"{ADMIN}figures/{chart.name}/")
            text = page.content.decode()
            assert page.status_code == 200, chart.name
            assert chart.formula in text
            assert chart.empty in text
            assert chart.empty in first
            assert ("from_date" in text) is chart.has_period
            assert all(f'name="{choice.name}"' in text for choice in chart.choices)
            assert all(mark.source in text for mark in chart.benchmarks)
        assert client.get(f"{ADMIN}figures/none/").status_code == 404
        wrong = client.get(f"{ADMIN}figures/funnel/?from_date=2026-05-02&to_date=2026-05-01").content.decode()
        assert "期间止须不早于期间起" in wrong

    def test_the_file_has_what_the_page_has_and_is_put_on_record(self) -> None:
        spring = code(campaign="=春耕")
        for steps in (1, 3):
            arrive(spring, steps)
        client = _staff("运营")
        page = client.get(f"{ADMIN}figures/funnel/?by=campaign").content.decode()
        assert "注册成功" in page
        answer = client.get(f"{ADMIN}figures/funnel.csv?by=campaign")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert rows[0][:4] == ["活动", "扫码（人）", "打开小程序（人）", "注册成功（人）"]
        assert [row[:4] for row in rows[1:]] == [["'=春耕", "2", "1", "1"], ["合计", "2", "1", "1"]]
        taken = AuditEntry.objects.get(action="figures.downloaded")
        assert (taken.subject, taken.detail["by"]) == ("funnel", "campaign")

    def test_amounts_in_a_file_are_plain_yuan(self) -> None:
        who = make_borrower(limit_fen=100_000_00)
        lend(who, 17_800_05)
        text = csv_of(ask(USAGE_CHART)).decode("utf-8-sig")
        assert "XF01,100000.00,100000.00,17800.05,1,1,17.80,100.00" in text

    def test_the_dashboard_asks_as_often_with_many_rows_as_with_few(self) -> None:
        client = _staff("审计")
        client.get(ADMIN)

        def statements() -> int:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(ADMIN).status_code == 200
            return len(queries)

        arrive(code(campaign="春耕"), 10)
        few = statements()
        for place in range(3):
            arrive(code(campaign=f"活动{place}", staff=f"1250000{place}"), 10)
        assert statements() == few

    def test_a_chart_that_is_not_answered_in_time_takes_no_other_with_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def too_slow(_: Asked) -> Numbers:
            raise OperationalError

        monkeypatch.setattr("config.dashboard.BANK_CHARTS", [replace(CATEGORIES, read=too_slow), USAGE_CHART])
        client = _staff("审计")
        page = client.get(ADMIN).content.decode()
        assert "未能及时算出" in page
        assert USAGE_CHART.empty in page
        monkeypatch.setattr("config.figures.BANK_CHARTS", [CATEGORIES])
        assert "未能及时算出" in client.get(f"{ADMIN}figures/categories/").content.decode()
        assert client.get(f"{ADMIN}figures/categories.csv").status_code == 503
        assert not AuditEntry.objects.filter(action="figures.downloaded").exists()

    def test_staff_record_a_cost_and_others_may_not(self) -> None:
        sent = {
            "campaign": "春耕",
            "branch": "",
            "spent_date": business_date().isoformat(),
            "amount": "12.30",
            "note": "",
        }
        address = f"{ADMIN}tenants/campaigncost/add/"
        assert _staff("催收").post(address, sent).status_code == 403
        assert not CampaignCost.objects.exists()
        assert _staff("运营").post(address, sent).status_code == 302
        assert CampaignCost.objects.get().amount_fen == 12_30
        assert "12.30" in _staff("产品经理").get(f"{ADMIN}tenants/campaigncost/").content.decode()
