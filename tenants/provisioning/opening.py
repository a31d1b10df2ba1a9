"""Open a bank: its row, schema, role and keys, and what each room furnishes it with (staff roles, products, ...)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db import transaction

from core.crypto import create_bank_keys
from core.tenancy import PROVINCE_CODE, PUBLIC, at, in_bank, schema_of
from tenants import directory
from tenants.models import Bank
from tenants.models.bank import CITY_DIGITS, STAGES
from tenants.provisioning import roles, template

CODE: Final = re.compile(r"[0-9]{3}\Z")  # SIGN-02: what a contract number has room for; it can never be changed later
REGION: Final = re.compile(r"[0-9]{6}\Z")


class CannotOpenBank(ValueError):
    """Raised where a bank's particulars are wrong or its code is taken; says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankOpening:
    """The particulars of a bank to open."""

    code: str
    name: str
    region_code: str
    display_name: str = ""
    city: str = ""
    stage: str = "draft"
    evaluation_number: str = ""
    evaluation_expires_date: date | None = None


Furnish = Callable[[BankOpening], None]
_furnishings: dict[str, Furnish] = {}


def register_furnishing(name: str, furnish: Furnish) -> None:
    """Let a room put something into every new bank, in the opening's transaction; called at start-up."""
    _furnishings[name] = furnish


def open_bank(opening: BankOpening) -> None:
    """Open a working bank, all or nothing, in one transaction.

    Raises:
        CannotOpenBank: the code, region or stage is ill-formed, or the code is taken.
    """
    _check(opening)
    template.ensure_template()  # outside the opening's transaction: it may have to migrate the template first
    schema = schema_of(opening.code)
    with at(PUBLIC), transaction.atomic(durable=True):
        if Bank.objects.filter(code=opening.code).exists():
            msg = f"bank {opening.code} is open already; choose another code"
            raise CannotOpenBank(msg)
        template.create_schema(schema)
        roles.grant_schema(schema)
        Bank.objects.create(
            code=opening.code,
            schema_name=schema,
            name=opening.name,
            display_name=opening.display_name or opening.name,
            city=opening.city,
            region_code=opening.region_code,
            licensed_regions=[opening.region_code[:CITY_DIGITS]],
            stage=opening.stage,
            evaluation_number=opening.evaluation_number,
            evaluation_expires_date=opening.evaluation_expires_date,
        )
        with in_bank(opening.code):
            create_bank_keys()
            for furnish in _furnishings.values():
                furnish(opening)
    directory.forget(opening.code)


def _check(opening: BankOpening) -> None:
    if opening.code == PROVINCE_CODE:
        msg = f"code {PROVINCE_CODE!r} is the province's own; choose three digits, such as 125"
        raise CannotOpenBank(msg)
    if not CODE.match(opening.code):
        msg = f"code {opening.code!r} must be three digits, such as 125: the bank's contract numbers begin with it"
        raise CannotOpenBank(msg)
    if not REGION.match(opening.region_code):
        msg = f"region {opening.region_code!r} must be a six-digit GB/T 2260 code, such as 320700"
        raise CannotOpenBank(msg)
    if opening.stage not in dict(STAGES):
        msg = f"stage {opening.stage!r} must be one of {', '.join(stage for stage, _ in STAGES)}"
        raise CannotOpenBank(msg)
    if not opening.name.strip():
        msg = "the bank needs its full legal name, which stands on every contract"
        raise CannotOpenBank(msg)
