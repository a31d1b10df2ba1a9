"""`manage.py vary_sample_products --bank CODE`: let a sample bank's products differ visibly from the standard ones."""

from __future__ import annotations

from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.operations import opens_transaction
from core.tenancy import in_bank
from lending.models import Product
from lending.operations.products import publish, take_draft
from tenants import directory

ACTOR: Final = "sample"
VARIED: Final[dict[str, dict[str, Any]]] = {
    "XF01": {
        "name": "港城薪享贷",
        "introduction": "面向港城工薪客户，优质客户利率更低，期限最长两年。",
        "terms_months": [6, 12, 24],
        "max_amount_fen": 100_000_00,
        "grade_a_spread_bp": 60,
        "grade_b_spread_bp": 150,
    }
}


class Command(BaseCommand):
    """Vary a bank's products."""

    help = "Publish a changed version of a sample bank's standard products, as its staff would."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which bank."""
        parser.add_argument("--bank", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish the changes."""
        del args
        if directory.card_of(options["bank"]) is None:
            raise CommandError(f"there is no bank {options['bank']}")
        with in_bank(options["bank"]):
            for code, fields in VARIED.items():
                number = _change(code, fields)
                self.stdout.write(f"{code} is at version {number}")


@opens_transaction
def _change(code: str, fields: dict[str, Any]) -> int:
    draft = take_draft(product_id=Product.objects.get(code=code).pk, actor=ACTOR)
    for name, value in fields.items():
        setattr(draft, name, value)
    draft.change_note = "样例差异化"
    draft.save()
    return publish(version_id=draft.pk, actor=ACTOR)
