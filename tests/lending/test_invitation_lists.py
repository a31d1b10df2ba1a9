"""Lists of the invited from a file: all or none, each fault with line, column and remedy; who sees whom (A2-5)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.crypto import forget_bank_keys
from lending.invitation_lists import MOST_ROWS, ListFaulty, read_list
from lending.models import Application, BureauReport, Decision, Invitation, Product
from lending.models.decision import FULL
from lending.operations import Invited, invite
from lending.queries.products import invited_index
from tests.lending.applicants import Outside, change_product, make_customer, start
from verification import queries as verified
from verification.numbers import check_digit_agrees

ONE, TWO = "320583199001010010", "321181198511152328"
TODAY = date(2026, 11, 30)
HEAD = "身份证号,预授额度（元）,村（社区）,客户经理,有效期止"


def _read(*lines: str, encoding: str = "utf-8") -> list[Invited]:
    return read_list("\n".join(lines).encode(encoding), managers={"12500355"}, today=TODAY)


def _numbers(count: int) -> list[str]:
    """Return as many valid ID numbers, all different."""
    found = []
    for serial in range(count):
        body = f"3207061990{1 + serial // 10000 % 12:02d}{1 + serial // 1000 % 28:02d}{serial % 1000:03d}"
        found.append(next(f"{body}{digit}" for digit in "0123456789X" if check_digit_agrees(f"{body}{digit}")))
    return found


class TestReadList:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    def test_reads_every_column_in_both_encodings(self, encoding: str) -> None:
        found = _read(HEAD, f"{ONE},30000.00,东海村,12500355,2027-06-30", f" {TWO} ,,,,", encoding=encoding)
        assert found == [
            Invited(id_number=ONE, limit_fen=30_000_00, village="东海村", manager="12500355",
                    valid_until_date=date(2027, 6, 30)),
            Invited(id_number=TWO),
        ]  # fmt: skip

    def test_reads_columns_in_any_order_by_other_names_and_leaves_empty_lines(self) -> None:
        assert _read("村,身份证号码,额度(元)", f"东海村,{ONE},500", "", ",,", f"西海村,{TWO},") == [
            Invited(id_number=ONE, limit_fen=500_00, village="东海村"), Invited(id_number=TWO, village="西海村"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("row", "column", "text"),
        [
            ("320583199001010018,,,,", "身份证号", "校验位"),
            (",30000,,,", "身份证号", "校验位"),
            ("3.20583E+17,,,,", "身份证号", "科学计数"),
            (f'{ONE},"30,000",,,', "预授额度（元）", "不含逗号"),
            (f"{ONE},0,,,", "预授额度（元）", "大于零"),
            (f"{ONE},-5,,,", "预授额度（元）", "大于零"),
            (f"{ONE},,{'村' * 61},,", "村（社区）", "60"),
            (f"{ONE},,,12599999,", "客户经理", "12599999"),
            (f"{ONE},,,,2026-11-29", "有效期止", "2026-11-30"),
            (f"{ONE},,,,明年", "有效期止", "日期"),
            (f"{TWO},,,,", "身份证号", "第 2 行重复"),
            (f"{ONE},,,,,多余", "", "多余的逗号"),
        ],
    )
    def test_tells_line_column_and_what_to_do(self, row: str, column: str, text: str) -> None:
        with pytest.raises(ListFaulty) as refusal:
            _read(HEAD, f"{TWO},,,,", row)
        (fault,) = refusal.value.faults
        assert (fault.line, fault.column) == (3, column)
        assert text in fault.text
        assert "请" in fault.text

    def test_tells_every_fault_of_a_file_at_once(self) -> None:
        with pytest.raises(ListFaulty) as refusal:
            _read(HEAD, "1,x,,,", f"{ONE},,,,", "2,,,x,")
        assert [(fault.line, fault.column) for fault in refusal.value.faults] == [
            (2, "身份证号"), (2, "预授额度（元）"), (4, "身份证号"), (4, "客户经理"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (b"", "首行须为表头"),
            ("姓名,额度\n".encode(), "首行须为表头"),
            (f"身份证号,授信额度\n{ONE},1".encode(), "不认识的表头"),
            (f"身份证号,额度,预授额度\n{ONE},1,2".encode(), "出现两次"),
            ("身份证号\n".encode(), "没有客户"),
            (f'身份证号\n"{ONE}'.encode(), "CSV"),
            (b"\xff\xfe\x00\x81\x20", "编码"),
        ],
    )
    def test_refuses_what_is_no_list(self, content: bytes, text: str) -> None:
        with pytest.raises(ListFaulty) as refusal:
            read_list(content, managers=(), today=TODAY)
        assert text in refusal.value.faults[0].text

    def test_takes_so_many_at_once_and_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert MOST_ROWS == 50_000
        monkeypatch.setattr("lending.invitation_lists.MOST_ROWS", 2)
        assert len(_read("身份证号", ONE, TWO)) == 2
        with pytest.raises(ListFaulty) as refusal:
            _read("身份证号", ONE, TWO, ONE)
        assert "请拆分" in refusal.value.faults[0].text


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestThePages:
    ADMIN = "/b/125/admin/lending/invitation/"

    def _client(self, login: str, role: str) -> Client:
        user = User.objects.create_user(login, password="x", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        return client

    def _upload(self, client: Client, *lines: str) -> object:
        file = SimpleUploadedFile("名单.csv", "\n".join(lines).encode("gb18030"))
        product = str(Product.objects.get(code="XF03").pk)
        return client.post(f"{self.ADMIN}import_list/", {"product": product, "file": file})

    def test_import_a_file_or_nothing_of_it_and_show_managers_their_own(self) -> None:
        product_manager, own = self._client("pm", "产品经理"), self._client("12500355", "客户经理")
        other = self._client("12500356", "客户经理")
        page = self._upload(product_manager, HEAD, f"{ONE},30000,东海村,12500355,", f"{TWO},x,,,")
        text = page.content.decode()  # type: ignore[attr-defined]
        assert "整个文件均未导入" in text
        assert "应为大于零的元金额" in text
        assert not Invitation.objects.exists()
        done = self._upload(
            product_manager, HEAD, f"{ONE},30000,东海村,12500355,", f"{TWO},,西海村,12500356,2027-06-30"
        )
        assert done.status_code == 302  # type: ignore[attr-defined]
        rows = Invitation.objects.order_by("village").values_list("limit_fen", "village", "manager", "valid_until_date")
        assert list(rows) == [(30_000_00, "东海村", "12500355", None), (None, "西海村", "12500356", date(2027, 6, 30))]
        listed = own.get(self.ADMIN).content.decode()
        assert "东海村" in listed
        assert "西海村" not in listed
        hidden = Invitation.objects.get(manager="12500356")
        assert own.get(f"{self.ADMIN}{hidden.pk}/change/").status_code == 302
        assert other.get(f"{self.ADMIN}{hidden.pk}/change/").status_code == 200
        assert own.get(f"{self.ADMIN}import_list/").status_code == 403
        assert self._client("audit", "审计").get(self.ADMIN).content.decode().count("海村") >= 2

    def test_a_second_file_updates_whom_it_names(self) -> None:
        product_manager = self._client("pm", "产品经理")
        self._upload(product_manager, HEAD, f"{ONE},30000,东海村,,")
        self._upload(product_manager, HEAD, f"{ONE},50000,西海村,,", f"{TWO},,,,")
        assert Invitation.objects.count() == 2
        row = Invitation.objects.get(village="西海村")
        assert (row.limit_fen, row.id_number) == (50_000_00, ONE)

    def test_enter_many_in_few_statements(
        self,
        django_assert_max_num_queries: Callable[..., AbstractContextManager[object]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("lending.operations.registers.AT_ONCE", 50)
        product = Product.objects.get(code="XF03")
        people = [Invited(id_number=number, limit_fen=1_000_00) for number in _numbers(120)]
        forget_bank_keys()  # as in a process that has sealed nothing yet
        with django_assert_max_num_queries(10):
            invite(product_id=product.pk, people=people, valid_until_date=None, actor="pm")
        assert Invitation.objects.count() == 120


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestTheInvited:
    @staticmethod
    def _number(customer_id: object) -> str:
        identity = verified.identity(customer_id)  # type: ignore[arg-type]
        assert identity is not None
        return identity.id_number

    def test_of_no_list_cause_no_query_of_the_bureau(self, outside: Outside, run_steps: Callable[..., int]) -> None:
        change_product("XF03", invitation_only=True)
        application = start(make_customer(), "XF03")
        run_steps()
        assert (application.status, application.reason_codes) == ("rejected", ["not_invited"])
        assert outside.calls == []
        assert not BureauReport.objects.exists()

    def test_are_offered_their_limit_at_most(self, decided: Callable[..., Application]) -> None:
        version = change_product("XF03", invitation_only=True)
        customer_id = make_customer()
        number = self._number(customer_id)
        Invitation.objects.create(
            product_id=version.product_id, id_number=number, id_number_index=invited_index(number), limit_fen=30_000_00
        )
        application = decided(customer_id, product="XF03")
        assert Decision.objects.get(application=application, stage=FULL).limit_fen == 30_000_00
