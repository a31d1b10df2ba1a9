"""What a bank's staff see and do of customers' money: pages that only show, and orders that take two people."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from accounts.models import GlDay, Hold, Restriction, TopUp, Transfer
from accounts.operations import close_books
from accounts.operations.payees import ToAccount
from accounts.operations.top_ups import start_top_up
from accounts.operations.transfers import start_transfer
from core.approvals.models import Proposal
from core.clock import business_date
from core.ids import new_id
from tests.accounts.holders import TODAY, Holder, Network, make_holder, set_day

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
ADMIN = "/b/125/admin/accounts"
PAYEE = ToAccount(number="6217990000000000013", name="王样例")


def staff(role: str) -> Client:
    user = User.objects.create_user(f"{role}-{uuid.uuid4().hex[:6]}", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(f"{ADMIN}/{path}")
    assert answer.status_code == status, path
    return answer.content.decode()


@pytest.fixture
def moved(network: Network, run_steps: Callable[..., int]) -> Holder:
    """Give a customer who has topped up and sent money, on a day whose books are closed."""
    set_day(TODAY)
    who = make_holder(5_000_00)
    start_top_up(
        customer_id=who.customer_id, account_id=who.account_id, card_id=who.card_id, amount_fen=123_45,
        proof=who.code("top_up", 123_45),
    )  # fmt: skip
    start_transfer(
        customer_id=who.customer_id, account_id=who.account_id, to=PAYEE, amount_fen=67_89,
        proof=who.code("transfer", 67_89),
    )  # fmt: skip
    run_steps()
    set_day(TODAY + timedelta(days=1))
    with transaction.atomic():
        close_books(day=TODAY)
    return who


class TestPages:
    @pytest.mark.parametrize("path", ["x/change/", "x/assign/", "1/refund/"])
    def test_of_an_id_that_is_none_lead_back_to_the_start(self, path: str) -> None:
        answer = staff("会计").get(f"{ADMIN}/receipt/{path}")
        assert (answer.status_code, answer["Location"]) == (302, "/b/125/admin/")

    @pytest.mark.parametrize("role", ["会计", "运营", "审计"])
    def test_show_every_row_with_nothing_in_the_clear(self, moved: Holder, role: str) -> None:
        client = staff(role)
        rows = {
            "topup": TopUp.objects.get().pk, "transfer": Transfer.objects.get().pk, "hold": Hold.objects.get().pk,
            "glday": GlDay.objects.get(gl_code="2011").pk,
        }  # fmt: skip
        hidden = [moved.card.number, moved.account.number or "", PAYEE.number, PAYEE.name, moved.phone]
        for page, pk in rows.items():
            for path in (f"{page}/", f"{page}/{pk}/change/"):
                shown = text(client, path)
                assert [value for value in hidden if value in shown] == [], path
        assert "123.45" in text(client, "topup/")
        assert "67.89" in text(client, "transfer/")
        assert "*例" in text(client, "transfer/")
        assert "5,055.56" in text(client, "glday/")

    def test_change_nothing_by_a_form(self, moved: Holder) -> None:
        client = staff("会计")
        for page, model in (("topup", TopUp), ("transfer", Transfer), ("hold", Hold)):
            pk = model.objects.get().pk
            before = model.objects.values().get()
            assert client.get(f"{ADMIN}/{page}/add/").status_code == 403
            assert client.post(f"{ADMIN}/{page}/{pk}/change/", {"status": "failed"}).status_code == 403
            assert client.post(f"{ADMIN}/{page}/{pk}/delete/", {"post": "yes"}).status_code == 403
            assert model.objects.values().get() == before

    def test_of_an_account_show_what_is_available_held_and_used(self, moved: Holder) -> None:
        shown = text(staff("运营"), f"depositaccount/{moved.account_id}/change/")
        assert "5,055.56" in shown
        assert "限额使用" in shown
        assert "67.89" in shown

    def test_are_not_for_everybody(self, moved: Holder) -> None:
        client = staff("客户经理")
        for page in ("topup", "transfer", "hold", "glday", "restriction"):
            assert client.get(f"{ADMIN}/{page}/").status_code == 403


def form(who: Holder, **changes: str) -> dict[str, str]:
    return {
        "number": who.account.number or "", "kind": "freeze", "amount": "600.00", "order_number": "（2026）苏01执1号",
        "authority": "样例人民法院", "reason": "执行", "expires_date": f"{business_date() + timedelta(days=30):%Y-%m-%d}",
        **changes,
    }  # fmt: skip


def _stopped(who: Holder) -> bool:
    return who.account.debits_stopped


def decide(client: Client, way: str = "approve") -> Any:
    """Decide on the proposal that waits."""
    pk = Proposal.objects.get(status="proposed").pk
    return client.post(f"/b/125/admin/core/proposal/{pk}/{way}/", {"reason": "文书相符"})


class TestOrders:
    def test_are_proposed_by_one_and_put_in_force_by_another(self) -> None:
        who, maker, checker = make_holder(1_000_00), staff("运营"), staff("合规")
        assert maker.post(f"{ADMIN}/restriction/place/", form(who)).status_code == 302
        assert Restriction.objects.count() == 0
        assert decide(maker).status_code == 403
        assert decide(checker).status_code == 302
        row = Restriction.objects.get()
        assert (row.status, row.amount_fen, row.account_id) == ("in_force", 600_00, who.account_id)
        shown = text(checker, f"restriction/{row.pk}/change/")
        assert "第 1 顺位，实际冻结 600.00 元" in shown
        assert who.account.number not in shown  # type: ignore[operator]

    def test_are_not_decided_by_whoever_proposed_them(self) -> None:
        who, both = make_holder(1_000_00), staff("合规")
        both.post(f"{ADMIN}/restriction/place/", form(who))
        assert decide(both).status_code == 403
        assert Restriction.objects.count() == 0

    def test_are_lifted_by_two_people_too(self) -> None:
        who, maker, checker = make_holder(1_000_00), staff("运营"), staff("合规")
        maker.post(f"{ADMIN}/restriction/place/", form(who, amount=""))
        decide(checker)
        row = Restriction.objects.get()
        assert _stopped(who)
        maker.post(f"{ADMIN}/restriction/{row.pk}/lift/", {"reason": "解除冻结通知书"})
        decide(checker, "refuse")
        assert _stopped(who)
        maker.post(f"{ADMIN}/restriction/{row.pk}/lift/", {"reason": "解除冻结通知书"})
        decide(checker)
        assert Restriction.objects.get().status == "lifted"
        assert not _stopped(who)
        assert maker.post(f"{ADMIN}/restriction/{row.pk}/lift/", {"reason": "r"}).status_code == 403

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"number": "6223000000000000000"}, "本行没有该账号"),
            ({"amount": "1e3"}, "请填写金额（元）"),
            ({"amount": "0.00"}, "冻结金额须大于零"),
            ({"expires_date": ""}, "司法冻结须填写到期日"),
            ({"kind": "stop_pay"}, "止付针对整个账户"),
        ],
    )
    def test_that_are_ill_formed_are_refused_with_the_reason(self, changes: dict[str, str], words: str) -> None:
        answer = staff("运营").post(f"{ADMIN}/restriction/place/", form(make_holder(), **changes))
        assert answer.status_code == 200
        assert words in answer.content.decode()
        assert Restriction.objects.count() == Proposal.objects.count() == 0

    def test_are_not_entered_by_whoever_may_only_look(self) -> None:
        assert staff("审计").post(f"{ADMIN}/restriction/place/", form(make_holder())).status_code == 403
        assert staff("会计").get(f"{ADMIN}/restriction/").status_code == 403
        assert Restriction.objects.count() == 0

    def test_that_do_not_exist_are_not_acted_on(self) -> None:
        assert staff("合规").post(f"{ADMIN}/restriction/{new_id()}/lift/", {"reason": "r"}).status_code == 403
