"""Maker and checker of a product are two people with clean hands, whatever way is tried (four eyes, decision 0044)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.test import Client

from core.approvals.models import APPROVED, PROPOSED, REFUSED, Proposal
from core.approvals.operations import DraftChanged, SameHands, propose, withdraw
from core.audit.models import AuditEntry
from core.errors import Problem, StateConflict
from core.tenancy import PROVINCE_CODE, in_bank
from lending import operations, queries
from lending.approvals import PUBLISH_PRODUCT
from lending.models import ProductVersion
from lending.operations.products import save_draft
from lending.publishing import digest_of
from tenants.operations import set_licensed_regions
from tests.lending.product_acts import CHECKER, EDITOR, draft_of, propose_publishing
from tests.second_person import approve, refuse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
ADMIN = "/b/125/admin"


def _log_in(name: str, *roles: str, is_superuser: bool = False) -> Client:
    user = User.objects.filter(username=name).first() or User.objects.create_user(name, password="x", is_staff=True)
    user.is_superuser = is_superuser
    user.save()
    user.groups.add(*Group.objects.filter(name__in=roles))
    client = Client()
    client.force_login(user)
    return client


def _edit(actor: str) -> ProductVersion:
    """Change a draft as the form of the admin does."""
    draft = draft_of()
    draft.grade_a_spread_bp = 150
    with transaction.atomic():
        save_draft(draft=draft, actor=actor)
    return draft


def _by_form(client: Client, proposal: Proposal) -> int:
    return client.post(f"{ADMIN}/core/proposal/{proposal.pk}/approve/", {"reason": "同意"}).status_code


def _same_person(proposal: Proposal) -> None:
    with pytest.raises(SameHands):
        approve(proposal_id=proposal.pk, actor=EDITOR)
    assert _by_form(_log_in(EDITOR, "产品经理"), proposal) == 403


def _who_edited_the_draft(proposal: Proposal) -> None:
    with pytest.raises(SameHands):
        approve(proposal_id=proposal.pk, actor="writer")
    assert _by_form(_log_in("writer", "产品经理"), proposal) == 200  # the form again, with the refusal on it


def _two_tabs(proposal: Proposal) -> None:
    """Open the page in two tabs, propose in one and approve in the other."""
    one, other = _log_in(EDITOR, "产品经理"), _log_in(EDITOR, "产品经理")
    assert one.get(f"{ADMIN}/core/proposal/{proposal.pk}/change/").status_code == 200
    assert _by_form(other, proposal) == 403
    assert _by_form(one, proposal) == 403


def _a_superuser(proposal: Proposal) -> None:
    assert _by_form(_log_in(EDITOR, is_superuser=True), proposal) == 403
    assert _by_form(_log_in("writer", is_superuser=True), proposal) == 200


def _an_administrator_who_gives_himself_the_role(proposal: Proposal) -> None:
    """Propose as an administrator: he gives himself no role by the form, and with it he still is who he is."""
    withdraw(proposal_id=proposal.pk, actor=EDITOR)
    again = propose_publishing(ProductVersion.objects.get(published_at=None), actor="boss")
    boss = _log_in("boss", "管理员")
    _change_himself(boss, username="boss")
    user = User.objects.get(username="boss")
    assert list(user.groups.values_list("name", flat=True)) == ["管理员"]
    user.groups.add(Group.objects.get(name="产品经理"))
    assert _by_form(boss, again) == 403
    with pytest.raises(SameHands):
        approve(proposal_id=again.pk, actor="boss")


def _an_administrator_who_renames_himself(proposal: Proposal) -> None:
    """Propose as an administrator, and try to become another by the form of logins."""
    withdraw(proposal_id=proposal.pk, actor=EDITOR)
    again = propose_publishing(ProductVersion.objects.get(published_at=None), actor="boss")
    boss = _log_in("boss", "管理员")
    _change_himself(boss, username="somebody")
    assert not User.objects.filter(username="somebody").exists()
    assert _by_form(boss, again) == 403


def _change_himself(boss: Client, *, username: str) -> None:
    """Save one's own login, and ask for both roles."""
    path = f"{ADMIN}/auth/user/{User.objects.get(username='boss').pk}/change/"
    roles = [str(Group.objects.get(name=name).pk) for name in ("管理员", "产品经理")]
    form = {"username": username, "is_active": "on", "is_staff": "on", "groups": roles}
    assert boss.post(path, form).status_code == 302


def _the_table_itself(proposal: Proposal) -> None:
    rows = Proposal.objects.filter(pk=proposal.pk)
    with pytest.raises(IntegrityError, match="core_proposal_takes_two"), transaction.atomic():
        rows.update(status=APPROVED, decided_by=EDITOR)


def _a_proposal_without_a_digest(proposal: Proposal) -> None:
    withdraw(proposal_id=proposal.pk, actor=EDITOR)
    bare = propose(kind=PUBLISH_PRODUCT, subject=proposal.subject, values={}, reason="x", actor=EDITOR)
    with pytest.raises(DraftChanged):
        approve(proposal_id=bare.pk, actor=CHECKER)


@pytest.mark.parametrize(
    "attempt",
    [_same_person, _who_edited_the_draft, _two_tabs, _a_superuser, _an_administrator_who_gives_himself_the_role,
     _an_administrator_who_renames_himself,
     _the_table_itself, _a_proposal_without_a_digest],
)  # fmt: skip
def test_maker_and_checker_are_never_one(attempt: Callable[[Proposal], None]) -> None:
    proposal = propose_publishing(_edit("writer"))
    attempt(proposal)
    assert queries.version_in_force("XF01").number == 1
    assert not AuditEntry.objects.filter(action="product.published", subject="XF01", actor__contains="+").exists()


class TestTheDraftThatIsPublished:
    def test_is_the_one_that_was_proposed(self) -> None:
        draft = _edit("writer")
        proposal = propose_publishing(draft)
        assert proposal.values["digest"] == digest_of(ProductVersion.objects.get(pk=draft.pk))
        assert proposal.values["changes"] == {"A 级加点（基点）": ["100", "150"]}
        approve(proposal_id=proposal.pk, actor=CHECKER)
        version = queries.version_in_force("XF01")
        assert (version.number, version.published_by, version.edited_by) == (2, "pm+checker", ["pm", "writer"])

    @pytest.mark.parametrize("change", [{"grade_a_spread_bp": 151}, {"name": "薪享贷"}, {"change_note": "x"}])
    def test_cannot_have_been_changed_since(self, change: dict[str, object]) -> None:
        draft = _edit("writer")
        proposal = propose_publishing(draft)
        ProductVersion.objects.filter(pk=draft.pk).update(**change)
        with pytest.raises(DraftChanged) as refusal:
            approve(proposal_id=proposal.pk, actor=CHECKER)
        assert refusal.value.code == "draft_changed"
        assert Proposal.objects.get(pk=proposal.pk).status == PROPOSED
        assert queries.version_in_force("XF01").number == 1
        refuse(proposal_id=proposal.pk, actor=CHECKER, reason="已改")
        approve(proposal_id=propose_publishing(draft).pk, actor=CHECKER)
        assert queries.version_in_force("XF01").number == 2

    def test_is_looked_over_again_when_it_is_approved(self) -> None:
        proposal = propose_publishing(_edit("writer"))
        with in_bank(PROVINCE_CODE):
            set_licensed_regions(code="125", regions=["3205"], reason="演练", actor="province")
        with pytest.raises(operations.ProductRefused) as refusal:
            approve(proposal_id=proposal.pk, actor=CHECKER)
        assert list(refusal.value.errors) == ["service_regions"]
        assert Proposal.objects.get(pk=proposal.pk).status == PROPOSED

    def test_is_saved_no_more_once_it_is_published(self) -> None:
        draft = _edit("writer")
        approve(proposal_id=propose_publishing(draft).pk, actor=CHECKER)
        with pytest.raises(StateConflict), transaction.atomic():
            save_draft(draft=draft, actor="writer")

    def test_that_is_gone_publishes_nothing(self) -> None:
        draft = _edit("writer")
        proposal = propose_publishing(draft)
        operations.discard_draft(version_id=draft.pk, actor="pm")
        with pytest.raises(Problem):
            approve(proposal_id=proposal.pk, actor=CHECKER)
        assert Proposal.objects.filter(status=REFUSED).count() == 0

    def test_keeps_everybody_who_saved_the_form(self) -> None:
        draft = draft_of()
        for name in ("a", "b"):
            client = _log_in(name, "产品经理")
            path = f"{ADMIN}/lending/productversion/{draft.pk}/change/"
            form = client.get(path).context["adminform"].form
            values = {field.html_name: field.value() for field in form}
            given = {name: value for name, value in values.items() if value is not None and value is not False}
            data = {name: "on" if value is True else value for name, value in given.items()}
            assert client.post(path, {**data, "_save": "1"}).status_code == 302
        assert ProductVersion.objects.get(pk=draft.pk).edited_by == ["a", "b", "pm"]
