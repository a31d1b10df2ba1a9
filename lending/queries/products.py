"""Ask for products: what is offered, to whom, and at what price today."""

from __future__ import annotations

import re
import uuid
from datetime import date
from functools import lru_cache
from typing import Any, Final

from django.db.models import QuerySet

from core.clock import business_date
from core.crypto import blind_index, normalise_id_number
from core.db.asks import fetch_one
from core.db.rows import Shape
from core.errors import NotFound
from core.tenancy import current_bank
from lending.models import Invitation, Product, ProductVersion, RelatedParty
from lending.models.product import CODE, open_on
from lending.offering import RateRange, rate_range
from tenants.queries import lpr_on
from tenants.switches import standing
from verification import queries as verified

MOST_KEPT: Final = 1024
INVITED: Final = "lending.invitation.id_number"
RELATED: Final = "lending.related_party.id_number"
VERSION: Final = Shape(ProductVersion)
PUBLISHED: Final = f"""
SELECT {VERSION.columns("v")} FROM lending_product_version v WHERE v.id = %s AND v.published_at IS NOT NULL
"""  # noqa: S608 -- put together from constants; values are parameters


def published() -> QuerySet[ProductVersion]:
    """Return all published versions, with their products."""
    return ProductVersion.objects.filter(published_at__isnull=False).select_related("product")


def effective(on: date | None = None) -> QuerySet[ProductVersion]:
    """Return the published versions whose day has come on a business date (default: today), the latest number first.

    Of each product the first one is in force. What was published last holds from its own date on, whatever was planned
    before it for a later day.
    """
    return published().filter(effective_date__lte=on or business_date()).order_by("-number")


def version_in_force(product_code: str) -> ProductVersion:
    """Return the version of a product that is in force today, read from the database at every call.

    Raises:
        NotFound: this bank has no such product, or none of its versions is in force yet.
    """
    known = re.fullmatch(CODE, product_code) is not None
    version = effective().filter(product__code=product_code).first() if known else None
    if version is None:
        raise NotFound
    return version


def published_version(version_id: uuid.UUID) -> ProductVersion:
    """Return a published version by its id.

    Its columns are kept by the process, because what was published never changes (`lending_product_version_published_stays`);
    the row itself is made anew, so that nothing hangs on it that does change, such as its product.

    Raises:
        ProductVersion.DoesNotExist: this bank has published no such version.
    """
    return VERSION.read(_columns_of(current_bank().schema, version_id))


@lru_cache(maxsize=MOST_KEPT)
def _columns_of(schema: str, version_id: uuid.UUID) -> tuple[Any, ...]:
    del schema  # beside the id, so that a version is never found at another bank
    found = fetch_one(PUBLISHED, [version_id])
    if found is None:
        raise ProductVersion.DoesNotExist
    return found


def open_versions() -> QuerySet[ProductVersion]:
    """Return the versions in force of the products that take applications today."""
    today = business_date()
    latest = effective(today).filter(open_on(today, "product__")).exclude(product__code__in=standing().products_off)
    latest = latest.order_by("product_id", "-number")
    latest = latest.distinct("product_id")
    return ProductVersion.objects.filter(pk__in=latest.values("pk")).select_related("product")


def lends(product: Product) -> bool:
    """Tell whether a product takes applications and lends now: it is open, and so are bank and province (PU-07a)."""
    if not standing().lends(product.code):
        return False
    return product.is_open_on(business_date()) if product.has_schedule else product.is_open


def price_today(version: ProductVersion) -> RateRange:
    """Return a version's price range by the LPR of the current business date.

    Raises:
        LprUnknown: no quote is on record.
    """
    return rate_range(version, lpr_on(business_date()))


def invitation_of(*, product_id: uuid.UUID, id_number: str) -> Invitation | None:
    """Return a person's invitation to a product, where one is in force."""
    row = Invitation.objects.filter(product_id=product_id, id_number_index=invited_index(id_number)).first()
    if row is None or (row.valid_until_date is not None and row.valid_until_date < business_date()):
        return None
    return row


def is_related_party(customer_id: uuid.UUID) -> bool:
    """Tell whether a customer stands in this bank's register of related parties (LN-18)."""
    identity = verified.identity(customer_id)
    if identity is None:
        return False
    return RelatedParty.objects.filter(id_number_index=related_index(identity.id_number), removed_at=None).exists()


def invited_index(id_number: str) -> bytes:
    """Return the keyed hash by which the invited are found."""
    return blind_index(normalise_id_number(id_number), domain=INVITED)


def related_index(id_number: str) -> bytes:
    """Return the keyed hash by which related parties are found."""
    return blind_index(normalise_id_number(id_number), domain=RELATED)
