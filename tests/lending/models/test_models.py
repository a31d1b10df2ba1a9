"""A bank's own models: what is refused at saving, who publishes, what decides, and what no model can change."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.approvals.models import Proposal
from core.approvals.operations import DraftChanged, SameHands
from core.audit.models import AuditEntry
from core.errors import InvalidRequest, NotFound, StateConflict
from core.tenancy import in_bank
from lending import queries
from lending.decision.four_sources import four_source_content
from lending.decision.snapshots import decision_bytes
from lending.decision.standard import standard_content
from lending.modelling import ModelRefused, case_snapshot
from lending.models import (
    Application,
    BankModel,
    BankModelVersion,
    Decision,
    DecisionModelText,
    ModelCase,
    RelatedParty,
    ShadowDecision,
)
from lending.models.decision import FULL
from lending.operations.models import (
    add_case,
    discard_model_draft,
    ready_to_publish,
    save_model_draft,
    start_model,
    start_model_draft,
    withdraw_case,
)
from lending.operations.products import ProductRefused
from lending.queries.products import related_index
from tests.lending.applicants import DATA, REPORT, Outside, again, change_product, judge, make_customer
from tests.lending.decision.applicants import early, full, policy
from tests.lending.models import making
from tests.lending.models.making import CHECKER, EDITOR, MAKER, Content
from tests.second_person import approve
from verification import queries as verified

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
Decided = Callable[..., Application]


def _broken_cell(content: Content) -> None:
    making.node(content, "card-overdue")["content"]["rules"][1]["card-overdue-i2"] = "bureau.overdue_now +"


def _feature(name: str) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        entry = making.node(content, "facts")["content"]
        schema = json.loads(entry["schema"])
        schema["properties"]["applicant"]["properties"][name] = {"type": "string"}
        schema["properties"]["applicant"]["required"].append(name)
        entry["schema"] = json.dumps(schema)

    return change


class TestSaving:
    def test_refuses_a_model_with_an_error_by_node_row_and_reason_and_keeps_the_draft(self) -> None:
        row = making.draft("own-full")
        before = row.content
        with pytest.raises(ModelRefused) as refusal:
            making.save(row, making.changed(_broken_cell, standard_content("full")))
        (finding,) = refusal.value.findings
        assert (finding.node, finding.row, finding.column) == ("card-overdue", 2, "近 12 个月逾期")
        (told,) = refusal.value.errors["card-overdue"]
        assert told.startswith("评分：近 12 个月逾期 第 2 行「近 12 个月逾期」：无法读取")
        assert refusal.value.code == "model_refused"
        assert BankModelVersion.objects.get(pk=row.pk).content == before

    @pytest.mark.parametrize(
        "name", ["sex", "ethnicity", "marital_status", "township", "village", "home_address", "applicant_gender"]
    )
    def test_refuses_what_may_never_decide(self, name: str) -> None:
        row = making.draft("own-full")
        with pytest.raises(ModelRefused) as refusal:
            making.save(row, making.changed(_feature(name), standard_content("full")))
        assert {finding.code for finding in refusal.value.findings} == {"forbidden_feature"}

    @pytest.mark.parametrize(
        "text",
        ["", "[]", "{", '{"nodes": []}', "[" * 100_000, '{"nodes":[{"id":"\\ud800"}],"edges":[{}]}', " " * 1_000_001],
        ids=["empty", "list", "cut", "no nodes", "deep", "surrogate", "long"],
    )
    def test_refuses_what_is_no_model(self, text: str) -> None:
        row = making.draft("own-full")
        with pytest.raises(ModelRefused):
            making.save(row, text)

    def test_remembers_everybody_who_had_a_hand_in_it(self) -> None:
        row = making.draft("own-full", making.base_points(430))
        making.save(row, making.base_points(620), actor=EDITOR)
        assert BankModelVersion.objects.get(pk=row.pk).edited_by == sorted([EDITOR, MAKER])
        assert AuditEntry.objects.filter(action="model.saved", actor=EDITOR).exists()

    def test_in_two_tabs_refuses_the_second(self) -> None:
        row = making.draft("own-full")
        seen_at = row.edited_at.isoformat()
        text = json.dumps(making.base_points(430))
        save_model_draft(version_id=row.pk, text=text, change_note="a", seen_at=seen_at, actor=MAKER)
        with pytest.raises(DraftChanged):
            save_model_draft(version_id=row.pk, text=text, change_note="b", seen_at=seen_at, actor=EDITOR)
        assert BankModelVersion.objects.get(pk=row.pk).change_note == "a"

    @pytest.mark.parametrize("code", ["standard", "standard-x", "Own", "a", "x" * 40])
    def test_takes_no_code_that_is_ill_formed_or_the_standard_models(self, code: str) -> None:
        with pytest.raises((InvalidRequest, Exception)) as refusal:
            start_model(code=code, title="t", template="standard-full", actor=MAKER)
        assert type(refusal.value).__name__ in {"InvalidRequest", "DataError"}

    def test_takes_a_code_once_and_a_template_that_exists(self) -> None:
        making.draft("own-full")
        for code, template in (("own-full", "standard-full"), ("other", "none")):
            with pytest.raises(InvalidRequest):
                start_model(code=code, title="t", template=template, actor=MAKER)

    def test_begins_the_next_draft_from_the_latest_version(self) -> None:
        first = making.published("own-full", making.base_points(430))
        draft_id = start_model_draft(model_id=first.model_id, actor=EDITOR)
        draft = BankModelVersion.objects.get(pk=draft_id)
        assert (draft.based_on_id, draft.content, draft.edited_by) == (first.pk, first.content, [EDITOR])
        assert start_model_draft(model_id=first.model_id, actor=EDITOR) == draft_id
        discard_model_draft(version_id=draft_id, actor=EDITOR)
        assert not BankModelVersion.objects.filter(pk=draft_id).exists()

    def test_keeps_the_first_draft(self) -> None:
        row = making.draft("own-full")
        with pytest.raises(StateConflict):
            discard_model_draft(version_id=row.pk, actor=MAKER)

    def test_is_of_one_bank(self) -> None:
        row = making.draft("own-full")
        with in_bank("116"):
            assert not BankModel.objects.exists()
            with pytest.raises(NotFound):
                ready_to_publish(version_id=row.pk)


class TestPublishing:
    def test_takes_a_second_person_and_gives_a_number(self) -> None:
        row = making.published("own-full")
        assert (row.number, row.published_by) == (1, f"{MAKER}+{CHECKER}")

    @pytest.mark.parametrize("checker", [MAKER, EDITOR])
    def test_by_a_hand_that_was_in_it_is_refused(self, checker: str) -> None:
        row = making.draft("own-full", making.base_points(430))
        making.save(row, making.base_points(620), actor=EDITOR)
        proposal = making.proposed(row)
        with pytest.raises(SameHands):
            approve(proposal_id=proposal, actor=checker)
        assert BankModelVersion.objects.get(pk=row.pk).number is None
        assert Proposal.objects.get(pk=proposal).status == "proposed"

    def test_of_what_was_changed_since_it_was_proposed_is_refused(self) -> None:
        row = making.draft("own-full")
        proposal = making.proposed(row)
        making.save(row, making.base_points(430))
        with pytest.raises(DraftChanged) as refusal:
            approve(proposal_id=proposal, actor=CHECKER)
        assert refusal.value.code == "draft_changed"
        assert BankModelVersion.objects.get(pk=row.pk).published_at is None

    def test_never_changes_what_was_published(self) -> None:
        row = making.published("own-full")
        changes: list[Callable[[], Any]] = [
            lambda: BankModelVersion.objects.filter(pk=row.pk).update(content="{}"),
            lambda: BankModelVersion.objects.filter(pk=row.pk)._raw_delete("default"),
        ]
        for change in changes:
            with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
                change()
        with pytest.raises(NotFound):
            making.save(row, making.base_points(1))


class TestCases:
    def _case(self, row: BankModelVersion, outcome: str = "offered", **changes: Any) -> Any:
        taken = case_snapshot(full(**changes), policy())
        reasons = [] if outcome == "offered" else ["current_overdue"]
        return add_case(
            model_id=row.model_id, name=f"{outcome} {changes}", taken=taken, outcome=outcome, reasons=reasons,
            limit_fen=None, actor=MAKER,
        )  # fmt: skip

    def test_must_all_pass_before_publishing(self) -> None:
        row = making.draft("own-full")
        self._case(row)
        wrong = self._case(row, "rejected")
        with pytest.raises(ModelRefused, match="rejected"):
            ready_to_publish(version_id=row.pk)
        withdraw_case(case_id=wrong, actor=MAKER)
        self._case(row, "rejected", overdue_now=1)
        assert ready_to_publish(version_id=row.pk)["cases"] == 2

    def test_count_as_a_part_of_what_was_proposed(self) -> None:
        row = making.draft("own-full")
        case = self._case(row)
        proposal = making.proposed(row)
        withdraw_case(case_id=case, actor=MAKER)
        with pytest.raises(DraftChanged):
            approve(proposal_id=proposal, actor=CHECKER)

    def test_that_cannot_be_run_are_not_kept(self) -> None:
        row = making.draft("own-full")
        kept: dict[str, Any] = {"model_id": row.model_id, "name": "n", "limit_fen": None, "actor": MAKER}
        whole = case_snapshot(full(), policy())
        for taken, outcome, reasons in (
            ("{}", "offered", []),
            (case_snapshot(early(), policy()), "offered", []),
            (whole, "passed", []),
            (whole, "rejected", ["nobody_knows"]),
        ):
            with pytest.raises(InvalidRequest):
                add_case(taken=taken, outcome=outcome, reasons=reasons, **kept)
        assert not ModelCase.objects.exists()


class TestDeciding:
    def test_by_the_banks_own_model_that_the_product_names(self, decided: Decided) -> None:
        own = making.published("own-full", making.base_points(430))
        change_product("XF01", full_model_id=own.pk)
        application = decided()
        decision = Decision.objects.get(application=application, stage=FULL)
        assert decision.model_id.startswith("own-full-")
        assert DecisionModelText.objects.get(pk=decision.model_id).content == own.content
        assert decision.grade != "A"  # the standard model's grade for this report
        assert decision_bytes(queries.replay_decision(decision.pk)) == queries.recorded_decision(decision.pk)

    def test_early_too(self, outside: Outside) -> None:
        content = standard_content("early")
        making.with_value(content, "checks", "checks.student", "true")
        own = making.published("own-early", content, template="standard-early")
        change_product("XF01", early_model_id=own.pk)
        from tests.lending.applicants import start

        application = start(make_customer())
        assert (application.status, application.reason_codes) == ("rejected", ["student"])
        assert outside.calls == []

    def test_by_a_model_that_fails_is_left_to_a_person(self, decided: Decided) -> None:
        content = making.with_value(standard_content("full"), "limit", "offer.limit_yuan", "policy.max_amount_yuan * 2")
        change_product("XF01", full_model_id=making.published("own-full", content).pk)
        application = decided()
        assert (application.status, application.reason_codes) == ("review", ["manual_review"])
        assert not Decision.objects.filter(application=application, stage=FULL).exists()
        with pytest.raises(StateConflict):
            judge(application, "grant")


class TestHostileModel:
    """LN-18, LN-04, ACC-12, ACC-13, AML-07: what the law refuses is refused whatever a bank's own model says."""

    @pytest.fixture(autouse=True)
    def _lenient(self, bank_a: str) -> None:
        change_product("XF01", full_model_id=making.published("own-full", making.lenient()).pk)

    def test_offers_what_the_standard_model_would_refuse(self, decided: Decided, outside: Outside) -> None:
        outside.bureau = replace(REPORT, overdue_now=3)
        assert decided().status == "offered"

    def test_never_lends_to_a_related_party_who_is_registered_meanwhile(
        self, outside: Outside, run_steps: Callable[..., int]
    ) -> None:
        from tests.lending.applicants import start, submit

        application = start(make_customer())
        run_steps()
        known = verified.identity(application.customer_id)
        assert known is not None
        RelatedParty.objects.create(
            name=known.name, id_number=known.id_number, id_number_index=related_index(known.id_number),
            relation="manager",
        )  # fmt: skip
        submit(again(application))
        run_steps()
        assert (again(application).status, again(application).reason_codes) == ("rejected", ["related_party"])

    def test_asks_no_list_and_passes_none(self, decided: Decided, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("verification.operations.screen_subject", lambda **_: "hit")
        application = decided()
        assert (application.status, application.reason_codes) == ("rejected", ["refused"])
        assert not Decision.objects.filter(application=application, stage=FULL).exists()


class TestHardRejects:
    def test_are_not_overridden_by_hand(self, decided: Decided, outside: Outside) -> None:
        outside.bureau = replace(REPORT, overdue_now=1)
        application = decided()
        assert application.status == "rejected"
        Application.objects.filter(pk=application.pk).update(status="review")
        with pytest.raises(StateConflict, match="拒绝原因"):
            judge(application, "grant")
        assert again(application).status == "review"

    def test_that_came_up_while_a_person_looked_are_not_either(
        self, decided: Decided, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        screened = iter(["review"])
        monkeypatch.setattr("verification.operations.screen_subject", lambda **_: next(screened, "clear"))
        application = decided()
        assert application.status == "review"
        known = verified.identity(application.customer_id)
        assert known is not None
        RelatedParty.objects.create(
            name=known.name, id_number=known.id_number, id_number_index=related_index(known.id_number),
            relation="relative",
        )  # fmt: skip
        with pytest.raises(StateConflict, match="拒绝原因"):
            judge(application, "grant")
        RelatedParty.objects.all().delete()
        assert judge(application, "grant").status == "offered"


class TestChallenger:
    def test_decides_beside_and_changes_nothing(self, decided: Decided) -> None:
        stricter = making.published("challenger", making.base_points(100))
        change_product("XF01", challenger_model_id=stricter.pk)
        application = decided()
        assert application.status == "offered"
        shadow = ShadowDecision.objects.get(decision__application=application)
        assert (shadow.outcome, shadow.reason_codes, shadow.failure) == ("rejected", ["score_too_low"], "")
        assert shadow.model_version.startswith("challenger-")
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            ShadowDecision.objects.update(outcome="offered")

    def test_that_fails_is_on_record_and_raises_nothing(self, decided: Decided) -> None:
        content = making.with_value(standard_content("full"), "limit", "offer.limit_yuan", "policy.max_amount_yuan * 2")
        change_product("XF01", challenger_model_id=making.published("challenger", content).pk)
        assert decided().status == "offered"
        shadow = ShadowDecision.objects.get()
        assert (shadow.outcome, shadow.failure) == ("error", "an offer with a limit outside the product's bounds")

    def test_that_cannot_even_be_read_raises_nothing_either(
        self, decided: Decided, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        change_product("XF01", challenger_model_id=making.published("challenger").pk)
        monkeypatch.setattr("lending.operations.shadowing.published_model", lambda _: dict[str, Any]()["content"])
        assert decided().status == "offered"
        assert ShadowDecision.objects.get().failure == "KeyError"


class TestProduct:
    @pytest.mark.parametrize(("column", "stage"), [("early_model", "full"), ("full_model", "early")])
    def test_names_published_models_of_the_right_stage_only(self, column: str, stage: str) -> None:
        wrong = making.published("other-stage", template=f"standard-{stage}")
        drafted = making.draft("drafted", template="standard-full" if column == "full_model" else "standard-early")
        for row in (wrong, drafted):
            with pytest.raises(ProductRefused) as refusal:
                change_product("XF01", **{f"{column}_id": row.pk})
            assert set(refusal.value.errors) == {column}

    def test_has_no_challenger_that_is_the_champion(self) -> None:
        own = making.published("own-full")
        with pytest.raises(ProductRefused) as refusal:
            change_product("XF01", full_model_id=own.pk, challenger_model_id=own.pk)
        assert set(refusal.value.errors) == {"challenger_model"}


class TestFourSources:
    def test_template_is_begun_and_published_as_it_is(self, decided: Decided) -> None:
        own = making.published("four", template="four-sources")
        assert own.content == making.draft("again", four_source_content()).content
        change_product("XF01", full_model_id=own.pk)
        application = decided()
        assert (application.status, application.reason_codes) == ("review", ["source_unavailable"])
        assert DATA.social_security is not None  # the bureau and the government answered; no social source is connected
