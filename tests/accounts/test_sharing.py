"""D10: a customer hands on a code of their own; it speaks for what brought that customer here."""

from __future__ import annotations

import uuid

import pytest

from accounts.models import Customer
from accounts.operations.sharing import share
from core.audit.models import AuditEntry
from core.errors import StateConflict
from core.ids import new_id
from core.steps.models import Step
from core.tenancy import in_bank
from tenants.models import Entry, Scan
from tenants.operations import close_entry, make_entry, resolve_scene
from tests.accounts.holders import make_customer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def brought_by(**speaks_for: str) -> uuid.UUID:
    """Make a registered customer whom a code brought."""
    who = make_customer()
    came_by = Scan.objects.create(entry=Entry.objects.create(scene=f"125-{new_id().hex[-20:]}", **speaks_for))
    Customer.objects.filter(pk=who).update(first_scan_id=came_by.pk)
    return who


class TestShare:
    def test_gives_the_same_code_each_time_for_the_campaign_that_brought_the_customer(self) -> None:
        who = brought_by(campaign="春耕", branch="城东支行", staff="12500001", product="XF01")
        first, again = share(customer_id=who), share(customer_id=who)
        assert first == again
        assert (first.campaign, first.product) == ("春耕", "XF01")
        own = Entry.objects.get(sharer_id=who)
        assert (own.scene, own.branch, own.staff, own.created_by) == (
            first.scene, "城东支行", "12500001", f"customer:{who.hex}",
        )  # fmt: skip
        assert AuditEntry.objects.filter(action="entry.made", subject=own.scene).count() == 1
        assert not Step.objects.filter(kind="entry.fetch_code", subject=own.pk.hex).exists()
        arrival = resolve_scene(first.scene)
        assert (arrival.bank, arrival.campaign, arrival.staff) == ("125", "春耕", "12500001")
        assert Scan.objects.filter(entry=own).count() == 1

    def test_is_of_each_customer_and_bank_alone(self) -> None:
        one, other = make_customer(), make_customer()
        assert share(customer_id=one).scene != share(customer_id=other).scene
        assert share(customer_id=one).campaign == ""
        with in_bank("116"):
            assert not Entry.objects.filter(sharer_id__isnull=False).exists()
            with pytest.raises(Customer.DoesNotExist):
                share(customer_id=one)

    def test_is_refused_before_registration_and_where_the_bank_has_closed_it(self) -> None:
        newcomer = make_customer()
        Customer.objects.filter(pk=newcomer).update(stage="new")
        with pytest.raises(StateConflict, match="请先完成注册"):
            share(customer_id=newcomer)
        who = make_customer()
        share(customer_id=who)
        close_entry(entry_id=Entry.objects.get(sharer_id=who).pk, actor="boss")
        with pytest.raises(StateConflict, match="已停用"):
            share(customer_id=who)
        assert Entry.objects.filter(sharer_id__isnull=False).count() == 1

    def test_codes_of_staff_are_nobodys(self) -> None:
        pk = make_entry(branch="城东支行", staff="1", product="", campaign="", actor="boss")
        make_entry(branch="城东支行", staff="1", product="", campaign="", actor="boss")
        assert Entry.objects.get(pk=pk).sharer_id is None
