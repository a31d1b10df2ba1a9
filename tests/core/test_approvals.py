"""Four eyes: nothing happens by one person, and what the second agrees to happens at once or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from core.approvals import operations, registry
from core.approvals.models import Proposal
from core.approvals.operations import NoRightToDecide, ProposalWaiting, SameHands, propose, withdraw
from core.approvals.registry import Approved, register_approval
from core.audit.models import AuditEntry
from core.errors import NotFound, StateConflict
from tests.at_once import at_once, told
from tests.second_person import approve, approve_within, refuse, seat

KIND = "test.act"


@pytest.fixture
def done() -> Iterator[list[Approved]]:
    """Register a kind that remembers what was approved, and forget it again."""
    happened: list[Approved] = []

    @register_approval(KIND, title="测试", proposer="core.view_proposal", decider="core.view_proposal")
    def act(approved: Approved) -> None:
        if approved.values.get("fails"):
            raise StateConflict("不可以")
        happened.append(approved)

    yield happened
    del registry.KINDS[KIND]


def proposed(subject: str = "a" * 32, **values: object) -> Proposal:
    return propose(kind=KIND, subject=subject, values=values, reason="理由", actor="maker")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestFourEyes:
    def test_a_proposal_changes_nothing_until_another_approves_it(self, done: list[Approved]) -> None:
        proposal = proposed(months=3)
        assert done == []
        assert approve(proposal_id=proposal.pk, actor="checker", reason="同意").status == "approved"
        assert [(act.subject, act.values, act.actor) for act in done] == [("a" * 32, {"months": 3}, "maker+checker")]
        actions = list(AuditEntry.objects.order_by("pk").values_list("action", "actor"))[-2:]
        assert actions == [(f"proposal.made:{KIND}", "maker"), (f"proposal.approved:{KIND}", "checker")]

    def test_maker_and_checker_are_never_one(self, done: list[Approved]) -> None:
        proposal = proposed()
        for decide in (approve, refuse):
            with pytest.raises(SameHands):
                decide(proposal_id=proposal.pk, actor="maker", reason="")
        assert (done, Proposal.objects.get().status) == ([], "proposed")
        with pytest.raises(IntegrityError), transaction.atomic():
            Proposal.objects.filter(pk=proposal.pk).update(status="approved", decided_by="maker")

    def test_who_has_no_right_to_it_decides_nothing_wherever_the_operation_is_called(
        self, done: list[Approved]
    ) -> None:
        proposal, rightless = proposed(), User.objects.create(username="rightless", is_staff=True)
        gone, roleless = seat("gone", KIND), seat("roleless", KIND)
        User.objects.filter(pk=gone.pk).update(is_active=False)
        roleless.groups.clear()
        for actor in (rightless.username, gone.username, roleless.username, "nobody", "", "command"):
            for decide in (operations.approve, operations.refuse):
                with pytest.raises(NoRightToDecide):
                    decide(proposal_id=proposal.pk, actor=actor, reason="")
        assert (done, Proposal.objects.get().status) == ([], "proposed")
        assert not AuditEntry.objects.filter(subject=proposal.subject).exclude(actor="maker").exists()
        seat(rightless.username, KIND)
        assert operations.approve(proposal_id=proposal.pk, actor=rightless.username).status == "approved"
        assert len(done) == 1

    def test_of_a_kind_that_no_room_knows_nobody_decides(self, done: list[Approved]) -> None:
        proposal = Proposal.objects.create(kind="test.unknown", subject="x", reason="x", proposed_by="maker")
        User.objects.create(username="root", is_superuser=True)
        with pytest.raises(NoRightToDecide):
            operations.approve(proposal_id=proposal.pk, actor="root")
        assert done == []

    def test_an_act_that_fails_leaves_the_proposal_waiting(self, done: list[Approved]) -> None:
        proposal = proposed(fails=True)
        with pytest.raises(StateConflict, match="不可以"), transaction.atomic():
            approve_within(proposal_id=proposal.pk, actor="checker")
        assert (done, Proposal.objects.get().status) == ([], "proposed")

    def test_it_is_decided_once(self, done: list[Approved]) -> None:
        proposal = proposed()
        refuse(proposal_id=proposal.pk, actor="checker", reason="不同意")
        for decide in (approve, refuse):
            with pytest.raises(StateConflict):
                decide(proposal_id=proposal.pk, actor="third", reason="")
        assert done == []

    def test_only_who_proposed_withdraws(self, done: list[Approved]) -> None:
        proposal = proposed()
        with pytest.raises(NotFound):
            withdraw(proposal_id=proposal.pk, actor="checker")
        assert withdraw(proposal_id=proposal.pk, actor="maker").status == "withdrawn"
        assert done == []

    def test_one_of_a_kind_waits_for_a_subject(self, done: list[Approved]) -> None:
        first = proposed()
        with pytest.raises(ProposalWaiting):
            proposed()
        proposed("b" * 32)
        withdraw(proposal_id=first.pk, actor="maker")
        proposed()
        assert done == []

    def test_a_kind_is_registered_once(self, done: list[Approved]) -> None:
        with pytest.raises(ValueError, match="twice"):
            register_approval(KIND, title="", proposer="", decider="")(lambda _: None)
        assert done == []


@pytest.mark.django_db(transaction=True)
def test_ten_checkers_at_once_let_it_happen_once(bank_a: str, done: list[Approved]) -> None:
    proposal = proposed()
    checkers = [f"checker{number}" for number in range(10)]
    ended = at_once(bank_a, [partial(approve, proposal_id=proposal.pk, actor=each, reason="") for each in checkers])
    assert told(ended) == ["done"] + [StateConflict.code] * 9
    assert len(done) == 1
