"""Who makes a thing cannot check it: every kind of proposal, two tabs, the operation itself, and roles given to oneself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import IntegrityError, transaction
from django.test import Client

from core.approvals.models import PROPOSED, Proposal
from core.approvals.operations import NoRightToDecide, SameHands, approve, propose, refuse
from core.approvals.registry import KINDS
from core.audit.models import AuditEntry
from core.clock import now
from core.errors import NotFound
from core.ids import new_id
from core.tenancy import PROVINCE_CODE, in_bank
from tenants.approvals import GRANT_ROLE
from tenants.models import StaffAccess
from tenants.operations.staff import revoke_role
from tenants.staff import MANAGER, ROLES, StaffRefused, make_login, roles_at
from tests.tenants.conftest import PASSWORD, Browser, admin_of, log_in

pytestmark = pytest.mark.django_db
PLACES = ("125", PROVINCE_CODE)


def _proposals(actor: str) -> Iterator[Proposal]:
    """Give a waiting proposal of every registered kind, made by somebody."""
    assert len(KINDS) >= 12
    for kind in sorted(KINDS):
        yield Proposal.objects.create(kind=kind, subject=new_id().hex, values={}, reason="理由", proposed_by=actor)


def _decide(client: Client, bank: str, proposal: Proposal, act: str) -> int:
    return client.post(f"{admin_of(bank)}core/proposal/{proposal.pk}/{act}/", {"reason": "同意"}).status_code


class TestEveryKind:
    def test_names_rights_that_exist(self) -> None:
        with in_bank("125"):
            known = {
                f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")
            }
        assert {kind.name for kind in KINDS.values() if not {kind.proposer, kind.decider} <= known} == set()

    @pytest.mark.parametrize("bank", PLACES)
    def test_is_never_decided_by_who_made_it_whatever_the_rights(self, browser: Browser, bank: str) -> None:
        tab, other_tab = browser(bank, is_superuser=True, login="maker"), Client()
        log_in(other_tab, bank, "maker")
        with in_bank(bank):
            maker = User.objects.get(username="maker")
            maker.groups.set(Group.objects.all())
            proposals = list(_proposals("maker"))
            for proposal in proposals:
                for decide in (approve, refuse):
                    with pytest.raises(SameHands):
                        decide(proposal_id=proposal.pk, actor="maker", reason="")
                for status in ("approved", "refused"):
                    with pytest.raises(IntegrityError), transaction.atomic():
                        Proposal.objects.filter(pk=proposal.pk).update(status=status, decided_by="maker")
        refused = {_decide(tab, bank, proposal, "approve") for proposal in proposals}
        refused |= {_decide(other_tab, bank, proposal, "refuse") for proposal in proposals}
        assert refused == {403}
        with in_bank(bank):
            assert Proposal.objects.exclude(status=PROPOSED).count() == 0

    @pytest.mark.parametrize("bank", PLACES)
    def test_is_not_decided_by_an_administrator_whose_role_decides_on_nothing(
        self, browser: Browser, bank: str
    ) -> None:
        manager = browser(bank, role=MANAGER)
        with in_bank(bank):
            proposals = list(_proposals("somebody"))
            user = User.objects.get(username="staff")
            assert {kind.decider for kind in KINDS.values() if user.has_perm(kind.decider)} == set()
            for proposal in proposals:
                for decide in (approve, refuse):
                    with pytest.raises(NoRightToDecide):
                        decide(proposal_id=proposal.pk, actor="staff", reason="")
        assert {_decide(manager, bank, proposal, "approve") for proposal in proposals} == {403}
        with in_bank(bank):
            assert Proposal.objects.exclude(status=PROPOSED).count() == 0

    @pytest.mark.parametrize("bank", PLACES)
    def test_of_an_administrator_with_a_role_given_to_himself_is_not_decided_by_him(self, bank: str) -> None:
        with in_bank(bank):
            make_login(login="admin", role=MANAGER, password=PASSWORD)
            own = propose(
                kind=GRANT_ROLE, subject="admin", values={"role": next(iter(roles_at(bank)))}, reason="x", actor="admin"
            )
            with pytest.raises(SameHands):
                approve(proposal_id=own.pk, actor="admin")
            User.objects.get(username="admin").groups.set(Group.objects.all())  # by whatever way there might be
            for proposal in [own, *_proposals("admin")]:
                for decide in (approve, refuse):
                    with pytest.raises(SameHands):
                        decide(proposal_id=proposal.pk, actor="admin", reason="")
            assert Proposal.objects.exclude(status=PROPOSED).count() == 0
            assert AuditEntry.objects.filter(action__startswith="proposal.approved").count() == 0

    def test_is_decided_by_the_rights_of_the_moment(self, bank_a: str) -> None:
        del bank_a
        for login, role in (("admin", MANAGER), ("hegui", "合规"), ("lin", "客服")):
            make_login(login=login, role=role, password=PASSWORD)
        proposal = propose(kind=GRANT_ROLE, subject="lin", values={"role": "风险"}, reason="x", actor="admin")
        revoke_role(login="hegui", role="合规", reason="离岗", actor="admin")
        with pytest.raises(NoRightToDecide):
            approve(proposal_id=proposal.pk, actor="hegui")
        make_login(login="hegui", role="合规", password=PASSWORD)
        approve(proposal_id=proposal.pk, actor="hegui")
        assert User.objects.get(username="lin").groups.filter(name="风险").exists()


class TestRolesAreGrantedByTwo:
    """An administrator gains nothing alone: not by the form, not by a proposal, not with a second login."""

    def _page(self, login: str) -> str:
        with in_bank("125"):
            return f"/b/125/admin/auth/user/{User.objects.get(username=login).pk}/"

    def _roles(self, login: str) -> set[str]:
        with in_bank("125"):
            return set(User.objects.get(username=login).groups.values_list("name", flat=True))

    def test_the_form_gives_neither_roles_nor_rights_to_oneself_or_to_a_new_login(self, browser: Browser) -> None:
        manager = browser(role=MANAGER, login="admin")
        with in_bank("125"):
            group, right = Group.objects.get(name="合规"), Permission.objects.get(codename="decide_staffaccess")
        given = {
            "username": "admin", "is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": [group.pk],
            "user_permissions": [right.pk],
        }  # fmt: skip
        assert manager.post(f"{self._page('admin')}change/", given).status_code == 302
        added = {**given, "username": "second", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
        assert manager.post("/b/125/admin/auth/user/add/", added).status_code == 302
        for login, roles in (("admin", {MANAGER}), ("second", set())):
            assert self._roles(login) == roles
            with in_bank("125"):
                user = User.objects.get(username=login)
                assert (user.is_superuser, user.user_permissions.count()) == (False, 0)

    def test_a_superusers_form_gives_none_either(self, boss: Client) -> None:
        with in_bank("125"):
            make_login(login="lin", role="客服", password=PASSWORD)
            group = Group.objects.get(name="合规")
        given = {"username": "lin", "is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": [group.pk]}
        assert boss.post(f"{self._page('lin')}change/", given).status_code == 302
        assert self._roles("lin") == {"客服"}

    def test_nobody_gets_round_it_by_anothers_name_or_password(self, browser: Browser) -> None:
        manager = browser(role=MANAGER, login="admin")
        browser(role="合规", login="hegui", by_form=True)
        renamed = {"username": "admin2", "is_active": "on", "is_staff": "on"}
        for login in ("admin", "hegui"):
            assert manager.post(f"{self._page(login)}change/", renamed).status_code == 302
        given = {"usable_password": "true", "password1": "Another-Pass-2026", "password2": "Another-Pass-2026"}
        assert manager.post(f"{self._page('hegui')}password/", given).status_code == 403
        with in_bank("125"):
            compliance = User.objects.get(username="hegui")
            assert compliance.check_password(PASSWORD)
            StaffAccess.objects.filter(user=compliance).update(confirmed_at=now())
        assert manager.post(f"{self._page('hegui')}password/", given).status_code == 302

    def test_one_person_proposes_and_another_grants(self, browser: Browser) -> None:
        manager, compliance = browser(role=MANAGER, login="admin"), browser(role="合规", login="hegui")
        given = {"role": "风险", "reason": "轮岗"}
        assert manager.post(f"{self._page('admin')}grant/", given).status_code == 302
        with in_bank("125"):
            proposal = Proposal.objects.get(kind=GRANT_ROLE)
        assert self._roles("admin") == {MANAGER}
        assert _decide(manager, "125", proposal, "approve") == 403
        assert _decide(compliance, "125", proposal, "approve") == 302
        assert self._roles("admin") == {MANAGER, "风险"}
        with in_bank("125"):
            trace = AuditEntry.objects.get(action="staff.role_granted")
            assert (trace.actor, trace.subject, trace.detail["role"]) == ("admin+hegui", "admin", "风险")

    def test_nobody_approves_a_role_of_their_own(self, browser: Browser) -> None:
        compliance = browser(role="合规", login="hegui")
        with in_bank("125"):
            proposal = propose(kind=GRANT_ROLE, subject="hegui", values={"role": "风险"}, reason="x", actor="admin")
        answer = compliance.post(f"/b/125/admin/core/proposal/{proposal.pk}/approve/", {"reason": "同意"})
        assert "不能复核授予本人的角色" in answer.content.decode()
        assert self._roles("hegui") == {"合规"}

    @pytest.mark.parametrize(("login", "role"), [("nobody", "风险"), ("lin", "行长"), ("lin", "客服")])
    def test_what_cannot_be_granted_is_not_proposed(self, bank_a: str, login: str, role: str) -> None:
        make_login(login="lin", role="客服", password=PASSWORD)
        with pytest.raises(StaffRefused):
            propose(kind=GRANT_ROLE, subject=login, values={"role": role}, reason="x", actor="admin")

    def test_a_role_is_taken_away_by_one_person_with_a_reason(self, browser: Browser) -> None:
        manager = browser(role=MANAGER, login="admin")
        browser(role="客服", login="lin")
        assert manager.post(f"{self._page('lin')}revoke/", {"role": "客服", "reason": "离岗"}).status_code == 302
        assert self._roles("lin") == set()
        with in_bank("125"):
            assert AuditEntry.objects.get(action="staff.role_revoked").detail == {"role": "客服", "reason": "离岗"}
            with pytest.raises(NotFound):
                revoke_role(login="lin", role="客服", reason="x", actor="admin")


class TestRightsOfARole:
    def test_a_role_has_exactly_what_is_written_also_where_it_had_more(self, bank_a: str) -> None:
        group = Group.objects.get(name="客服")
        more = Permission.objects.get(codename="decide_staffaccess")
        group.permissions.add(more)
        own = Group.objects.create(name="本行自设")
        own.permissions.add(more)
        make_login(login="lin", role="客服", password=PASSWORD)
        assert not User.objects.get(username="lin").has_perm("tenants.decide_staffaccess")
        assert own.permissions.count() == 1

    def test_who_decides_is_not_who_proposes_in_no_role_of_an_administrator(self) -> None:
        deciders = {kind.decider for kind in KINDS.values()} - {"lending.judge_purposefinding"}
        for bank in PLACES:
            with in_bank(bank):
                assert MANAGER in roles_at(bank)
                held: Any = Permission.objects.filter(group__name=MANAGER)
                assert {f"{p.content_type.app_label}.{p.codename}" for p in held} & deciders == set()
        assert len(ROLES) == 12
