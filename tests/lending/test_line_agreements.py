"""One agreement for a whole line: signed once, drawn under by vouchers, signed anew only where it must be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test.utils import override_settings

from core import evidence, states, vault
from core.clock import business_date, move_business_date
from core.gateway import forget_breakers
from core.steps import engine
from core.steps.registry import KINDS, LANES, VENDOR
from core.tenancy import PUBLIC, enter
from core.vault.models import VaultAccess
from lending import operations, queries
from lending.contracting import bundle_digest
from lending.models import Contract, CreditLine, Disclosure, Drawdown, LineAgreement, Loan, Product, ProductVersion
from lending.operations import lines, signing
from lending.operations.disbursement import lapse_signed
from lending.publishing import problems_of
from lending.queries.agreements import why_sign_anew
from lending.queries.disclosures import lender_card
from tests.lending.applicants import change_product, due_now
from tests.lending.borrowers import (
    Borrower,
    again,
    close_product,
    confirm,
    disburse,
    draft,
    let_reading_time_pass,
    make_borrower,
    pass_face,
    proof,
    sign,
    table_of,
)
from tests.lending.product_acts import draft_of
from tests.lending.test_loans_admin import staff
from tests.lending.test_loans_rest import body, caller, codes, problem, verify
from tests.over_rest import set_parameter
from tests.running_sandbox import Sandbox
from tests.undone import undone

RunSteps = Callable[..., int]
ADMIN = "/b/125/admin/lending"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def borrower(**more: Any) -> Borrower:
    """Make a customer whose line signs one agreement."""
    change_product("XF01", contracting="once_per_line")
    return make_borrower(**more)


def words(drawdown: Drawdown) -> str:
    """Return what the last table says of signing."""
    told = [line["value"] for line in table_of(drawdown).content["lines"] if line["label"] == "合同签订"]
    return str(told[0]) if told else ""


def reason(who: Borrower) -> str | None:
    return why_sign_anew(who.line(), lender=lender_card())


class TestTheWay:
    def test_of_two_drawdowns_the_first_signs_the_agreement_and_each_its_voucher(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = borrower()
        phone, paid = caller(who), []
        for _ in range(2):
            shown = phone.post("drawdowns", body(who)).json()
            path = f"drawdowns/{shown['id']}"
            assert (shown["contract"], shown["agreement"]) == (None, None)
            confirmation = {"sha256": shown["disclosure"]["sha256"], "read_seconds": 5}
            assert problem(phone.post(f"{path}/disclosure", confirmation)) == (422, "disclosure_not_read")
            let_reading_time_pass(Drawdown.objects.get(pk=shown["id"]))
            assert phone.post(f"{path}/disclosure", confirmation).status_code == 200
            unproved = {**codes(who, shown["id"]), "face_token": "x"}
            assert problem(phone.post(f"{path}/sign", unproved)) == (409, "face_token_mismatch")
            signing_now = phone.post(f"{path}/sign", codes(who, shown["id"]))
            assert (signing_now.status_code, signing_now.json()["status"]) == (202, "signing")
            run_steps()
            signed = phone.get(path).json()
            assert signed["status"] == "signed"
            token = pass_face(who, Drawdown.objects.get(pk=shown["id"]), "drawdown")
            answer = phone.post(f"{path}/disburse", {"face_token": token}).json()
            assert answer["status"] == "disbursed"
            assert (answer["contract"], answer["agreement"]) == (signed["contract"], signed["agreement"])
            paid.append(answer)
        first, second = paid
        agreement = LineAgreement.objects.get()
        assert first["agreement"] == second["agreement"]
        assert first["agreement"]["number"] == agreement.number
        assert len({each["contract"]["number"] for each in paid} | {agreement.number}) == 3
        assert Loan.objects.filter(contract__agreement=agreement).count() == 2
        files: list[bytes] = []
        for each, kind in (
            (first["contract"], "voucher"), (second["contract"], "voucher"), (first["agreement"], "agreement"),
        ):  # fmt: skip
            document = phone.get(f"contracts/{each['id']}").json()
            files.append(content := phone.get(f"contracts/{each['id']}/pdf").content)
            assert hashlib.sha256(content).hexdigest() == document["sha256"] == each["sha256"]
            found = verify(content).json()
            assert (found["valid"], found["document"], found["number"]) == (True, kind, each["number"])
            assert (document["kind"], document["evidence"]) == (kind, found["evidence"])
            assert document["agreement"] == (agreement.pk.hex if kind == "voucher" else None)
        assert not verify(files[-1][:-9] + b"x" + files[-1][-8:]).json()["valid"]
        stranger = caller(make_borrower())
        assert problem(stranger.get(f"contracts/{agreement.pk.hex}/pdf")) == (404, "not_found")


@dataclass(frozen=True)
class Made:
    """A line with its agreement and the voucher of one drawdown that is paid out."""

    who: Borrower
    drawdown: Drawdown
    agreement: LineAgreement
    voucher: Contract


@pytest.fixture(scope="class")
def made_once(running_sandbox: Sandbox, django_db_setup: None, django_db_blocker: Any) -> Iterator[Made]:
    """Sign an agreement for a class, with the sandbox as the time-stamp authority (`tests.made_once`)."""
    with django_db_blocker.unblock(), undone("125"), override_settings(TSA_URL=f"{running_sandbox.url}/tsa"):
        forget_breakers()
        who = borrower()
        sign(who, draft(who))
        engine.run_due(lanes=list(LANES), seconds=30)
        drawdown = disburse(who, Drawdown.objects.get())
        made = Made(who, drawdown, LineAgreement.objects.get(), Contract.objects.get())
        enter(PUBLIC)
        yield made


class TestOneAgreement:
    @pytest.fixture(autouse=True)
    def _at_bank(self, made_once: Made, vendors: Sandbox, bank_a: str) -> None:
        del made_once, vendors, bank_a

    def test_agreement_and_voucher_are_on_record_each_with_its_bundle(self, made_once: Made) -> None:
        for row in (made_once.agreement, made_once.voucher):
            content = vault.read(row.object_id, purpose="test", actor="test")
            assert hashlib.sha256(content).digest() == bytes(row.sha256)
            for leaf, digest in ((row.evidence_leaf, bytes(row.sha256)), (row.bundle_leaf, bundle_digest(row.bundle))):
                found = evidence.prove(leaf)
                assert found is not None
                assert (found.data.content_sha256, found.data.subject) == (digest, row.pk.hex)
            assert row.bundle["disclosure_sha256"] == bytes(table_of(made_once.drawdown).sha256).hex()
        assert made_once.voucher.bundle["agreement"] == made_once.agreement.number
        assert made_once.agreement.limit_fen == made_once.who.line().limit_fen

    def test_it_is_kept_as_a_contract_is_and_never_changes(self, made_once: Made) -> None:
        from core.vault.models import VaultReference

        kept = {
            row: VaultReference.objects.get(object_id=row.object_id).retention
            for row in (made_once.agreement, made_once.voucher)
        }
        assert set(kept.values()) == {"contract"}
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            LineAgreement.objects.update(limit_fen=1)

    def test_the_next_drawdown_says_so_before_it_is_signed_and_takes_one_stamp(
        self, made_once: Made, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = made_once.who
        second = draft(who)
        assert made_once.agreement.number in words(second)
        sign(who, second)
        run_steps()
        voucher = Contract.objects.get(drawdown=second)
        assert (again(second).status, voucher.agreement_id) == ("signed", made_once.agreement.pk)
        assert LineAgreement.objects.count() == 1
        assert len(vendors.calls(vendor="tsa")) == 1

    def test_a_line_that_is_worth_or_costs_less_goes_on_under_it_and_one_that_costs_more_signs_anew(
        self, made_once: Made, run_steps: RunSteps
    ) -> None:
        who = made_once.who
        line = CreditLine.objects.filter(pk=who.line_id)
        line.update(limit_fen=150_000_00, spread_bp=290)
        assert reason(who) is None
        line.update(limit_fen=200_000_01)
        assert reason(who) == "limit_higher"
        line.update(limit_fen=200_000_00, spread_bp=301)
        assert reason(who) == "price_higher"
        second = draft(who)
        assert "一并签订" in words(second)
        sign(who, second)
        run_steps()
        assert Contract.objects.get(drawdown=second).agreement == LineAgreement.objects.get(drawdown=second)
        assert LineAgreement.objects.count() == 2
        assert reason(who) is None

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"name": "薪享贷", "min_score": 550}, None),
            ({"grace_days": 3}, "other_terms"),
            ({"methods": ["equal_instalment", "bullet"]}, "other_terms"),
            ({"agreement_template": "own"}, "other_text"),
        ],
    )
    def test_another_version_ends_its_use_only_by_other_terms_or_words(
        self, made_once: Made, change: dict[str, Any], why: str | None
    ) -> None:
        from lending.contracts.render import standard_agreement

        if "agreement_template" in change:
            change = {"agreement_template": f"// our own\n{standard_agreement()}"}
        version = change_product("XF01", **change)
        CreditLine.objects.filter(pk=made_once.who.line_id).update(product_version=version)
        assert reason(made_once.who) == why

    def test_another_order_of_debts_and_another_line_sign_their_own(self, made_once: Made) -> None:
        set_parameter("125", "repayment.order", "fee,interest,compound,penalty,principal")
        assert reason(made_once.who) == "other_terms"
        assert reason(make_borrower()) == "never_signed"

    def test_staff_see_it_with_the_line_and_the_drawdown_and_take_the_file_with_a_trace(self, made_once: Made) -> None:
        auditor, agreement = staff("审计"), made_once.agreement
        line = auditor.get(f"{ADMIN}/creditline/{made_once.who.line_id}/change/").content.decode()
        assert agreement.number in line
        assert "借据（循环借款合同可用）" in line
        drawdown = auditor.get(f"{ADMIN}/drawdown/{made_once.drawdown.pk}/change/").content.decode()
        assert made_once.voucher.number in drawdown
        assert f"{ADMIN}/contract/{made_once.voucher.pk}/change/" in drawdown
        page = auditor.get(f"{ADMIN}/lineagreement/{agreement.pk}/change/").content.decode()
        for text in (
            "200,000.00",
            "还款顺序：费用、复利、罚息、利息、本金；逾期超过 90 天先还本金",
            "随借随还，按实际天数（实际/360）",
        ):
            assert text in page, text
        assert made_once.voucher.number in page
        assert agreement.number in auditor.get(f"{ADMIN}/lineagreement/").content.decode()
        file = auditor.get(f"{ADMIN}/lineagreement/{agreement.pk}/download/")
        assert file.content.startswith(b"%PDF-")
        assert VaultAccess.objects.get(object_id=agreement.object_id).purpose == "staff_download"
        assert staff("催收").get(f"{ADMIN}/lineagreement/{agreement.pk}/download/").status_code in {302, 403}


class TestAtOnce:
    """Two drafts of a line that has no agreement yet."""

    def test_a_draft_shows_a_new_table_as_soon_as_another_signs_the_agreement_and_again_when_that_fails(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = borrower()
        first, second = draft(who), draft(who)
        phone, path = caller(who), f"drawdowns/{second.pk.hex}"
        confirm(second)
        sign(who, first)
        assert problem(phone.post(f"{path}/sign", codes(who, second.pk.hex))) == (409, "disclosure_changed")
        fresh = phone.get(path).json()["disclosure"]
        assert not fresh["confirmed"]
        assert (again(first).agreed or {})["line_agreement"]["number"] in words(second)
        assert phone.get(path).json()["disclosure"] == fresh
        vendors.fault("tsa", status=503)
        engine.run_due(lanes=list(LANES), seconds=30)
        give_up_on(first)
        assert phone.get(path).json()["disclosure"]["sha256"] != fresh["sha256"]
        assert Disclosure.objects.filter(drawdown=second).count() == 3
        assert "一并签订" in words(second)

    def test_a_voucher_waits_for_the_agreement_that_another_signs(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        who = borrower()
        first, second = draft(who), draft(who)
        sign(who, first)
        operations.refresh_draft(drawdown_id=second.pk)
        sign(who, second)
        assert not again(second).signs_agreement
        lost = engine.lease([VENDOR])  # the first's
        assert lost is not None
        assert "agreement" in str(KINDS["drawdown.sign"].handler(run_of(second, lost)))
        due_now()
        run_steps()
        due_now()
        run_steps()
        assert [again(each).status for each in (first, second)] == ["signed", "signed"]
        assert LineAgreement.objects.get().vouchers.count() == 2

    def test_a_voucher_whose_agreement_failed_fails_for_the_same_reason_and_gives_the_hold_back(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = borrower()
        first, second = draft(who), draft(who)
        sign(who, first)
        operations.refresh_draft(drawdown_id=second.pk)
        sign(who, second)
        give_up_on(first)
        run_steps()
        failed = again(second)
        assert (failed.status, failed.reason_code, failed.retryable) == ("failed", "vendor_unavailable", True)
        assert who.line().held_fen == 0
        assert not Contract.objects.exists()

    def test_an_agreement_that_another_begins_between_reading_and_holding_is_never_signed_twice(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        who = borrower()
        first, second, hold = draft(who), draft(who), lines.hold_on_line
        confirm(second)
        sign(who, first)
        begun = Drawdown.objects.filter(pk=first.pk)
        begun.update(status="draft")

        def after_another(**given: Any) -> None:
            hold(**given)
            begun.update(status="signing")

        monkeypatch.setattr(signing, "hold_on_line", after_another)
        given = proof(who, second)
        with pytest.raises(operations.DisclosureChanged):
            operations.sign_drawdown(drawdown_id=second.pk, customer_id=who.customer_id, proof=given)
        assert again(second).status == "draft"


def give_up_on(drawdown: Drawdown) -> None:
    """Give up on a drawdown that is being signed."""
    with transaction.atomic():
        signing.fail_signing(drawdown_id=drawdown.pk, code="vendor_unavailable", retryable=True)


def run_of(drawdown: Drawdown, lost: Any) -> Any:
    """Return the run of another drawdown's step, as a worker would have it."""
    from dataclasses import replace

    return replace(lost.run, subject=drawdown.pk.hex)


class TestCrashes:
    """Between the intent, the outside calls and the outcome: one agreement and one voucher, or neither."""

    def test_a_worker_that_dies_after_both_files_makes_no_second_ones(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = borrower()
        drawdown = draft(who)
        sign(who, drawdown)
        lost = engine.lease([VENDOR])
        assert lost is not None
        KINDS["drawdown.sign"].handler(lost.run)  # both signed and staged, and then it is gone
        assert not LineAgreement.objects.exists()
        due_now()
        run_steps()
        agreement, voucher = LineAgreement.objects.get(), Contract.objects.get()
        assert (again(drawdown).status, voucher.agreement_id) == ("signed", agreement.pk)
        assert [row.number[-8:] for row in (agreement, voucher)] == ["00000001", "00000002"]
        assert len(vendors.calls(vendor="tsa")) == 4
        assert queries.judge_file(vault.read(agreement.object_id, purpose="test", actor="test")).valid

    def test_an_outcome_that_is_not_stored_leaves_neither(
        self, vendors: Sandbox, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        who = borrower()
        drawdown, seal = draft(who), states.transition

        def die(*given: Any, **fields: Any) -> Any:
            if given[2] == "seal":
                raise ConnectionError("the database went away after the agreement was entered")
            return seal(*given, **fields)

        sign(who, drawdown)
        monkeypatch.setattr(signing, "transition", die)
        run_steps()
        assert (LineAgreement.objects.count(), Contract.objects.count()) == (0, 0)
        monkeypatch.undo()
        due_now()
        run_steps()
        assert (LineAgreement.objects.count(), Contract.objects.count()) == (1, 1)

    def test_a_second_stamp_that_does_not_come_leaves_nothing_of_the_first(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = borrower()
        drawdown = draft(who)
        sign(who, drawdown)
        vendors.fault("tsa", status=503)
        run_steps()
        assert (again(drawdown).status, LineAgreement.objects.count()) == ("signing", 0)
        give_up_on(drawdown)
        assert who.line().held_fen == 0
        assert reason(who) == "never_signed"

    def test_a_product_that_stops_meanwhile_leaves_no_agreement_and_one_that_is_signed_outlives_its_drawdown(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = borrower()
        first = draft(who)
        sign(who, first)
        close_product()
        run_steps()
        assert (again(first).reason_code, LineAgreement.objects.count()) == ("product_closed", 0)
        Product.objects.update(is_open=True)
        second = draft(who)
        sign(who, second)
        run_steps()
        with transaction.atomic():
            move_business_date(to_date=business_date() + timedelta(days=2))
            lapse_signed(drawdown_id=second.pk)
        assert again(second).status == "expired"
        assert reason(who) is None
        assert LineAgreement.objects.get().number in words(draft(who))


class TestProducts:
    def test_by_default_sign_a_contract_for_each_drawdown_and_their_tables_say_nothing_of_it(self) -> None:
        who = make_borrower()
        assert who.line().product_version.contracting == "per_drawdown"
        assert words(draft(who)) == ""
        assert reason(who) is None
        assert "借款合同（每笔签订）" in page_of(who)

    def test_offer_the_choice_on_the_form_with_what_it_means(self) -> None:
        draft_ = draft_of(contracting="once_per_line", agreement_template="没有签章位置")
        assert "印章" in "".join(problems_of(draft_)["agreement_template"])
        page = staff("产品经理").get(f"{ADMIN}/productversion/{draft_.pk}/change/").content.decode()
        for text in ("合同签订方式", "每个额度签订一份循环借款合同", "自动另签新合同", "循环借款合同模板"):
            assert text in page, text

    def test_show_a_sample_of_what_they_sign(self) -> None:
        version = draft_of(contracting="once_per_line")
        answer = staff("产品经理").get(f"{ADMIN}/productversion/{version.pk}/contract/")
        assert answer.content.startswith(b"%PDF")

    def test_are_refused_any_other_word_by_the_database(self) -> None:
        with pytest.raises(IntegrityError, match="lending_product_version_contracting"), transaction.atomic():
            ProductVersion.objects.filter(pk=draft_of().pk).update(contracting="sometimes")


def page_of(who: Borrower) -> str:
    return str(staff("审计").get(f"{ADMIN}/creditline/{who.line_id}/change/").content.decode())
