"""The locks of this half of the room, in their fixed order: the person's exposure, the application, the line."""

from __future__ import annotations

import uuid

from django.db import connection

from core.errors import NotFound
from core.operations import within_transaction
from lending.models import Application

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || %s, 0))"


@within_transaction
def lock_exposure(*, customer_id: uuid.UUID) -> None:
    """Let nobody else count or change what this bank grants a person until the transaction ends (LN-01)."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [f":exposure:{customer_id.hex}"])


@within_transaction
def lock_application(*, application_id: uuid.UUID) -> Application:
    """Lock an application and return it with its version.

    Raises:
        NotFound: there is no such application.
    """
    rows = Application.objects.select_for_update(no_key=True, of=("self",)).select_related("product_version__product")
    application = rows.filter(pk=application_id).first()
    if application is None:
        raise NotFound
    return application


@within_transaction
def lock_application_and_exposure(*, application_id: uuid.UUID) -> Application:
    """Lock what the applicant is granted and then the application; return the latter.

    Raises:
        NotFound: there is no such application.
    """
    customer_id = Application.objects.values_list("customer_id", flat=True).filter(pk=application_id).first()
    if customer_id is None:
        raise NotFound
    lock_exposure(customer_id=customer_id)
    return lock_application(application_id=application_id)
