"""What of this room the province asks of a bank: lines of its checklist (PU-07), and its dossier (A1-3)."""

from __future__ import annotations

import uuid

from cryptography import x509

from lending.models import BankCertificate
from lending.operations.dossiers import issue_dossier, read_dossier
from lending.queries.products import effective
from tenants.mechanism import Dossier, register_issuer
from tenants.readiness import CERTIFICATE, PRODUCTS, day_as_number, register_fact


def published_products() -> int:
    """Count the products that have a version in force."""
    return effective().order_by().values("product_id").distinct().count()


def certificate_until() -> int:
    """Return the last day of the signing certificate in use, as 20261231; 0 where there is none."""
    row = BankCertificate.objects.filter(in_use=True).only("certificate_pem").first()
    if row is None:
        return 0
    return day_as_number(x509.load_pem_x509_certificate(row.certificate_pem.encode()).not_valid_after_utc.date())


def dossier(request_id: uuid.UUID, actor: str) -> Dossier:
    """Make the bank's dossier for a request, or find the one that was made for it."""
    row = issue_dossier(actor=actor, dossier_id=request_id)
    return Dossier(file=read_dossier(dossier=row, actor=actor), sha256=bytes(row.sha256))


register_issuer(dossier)
register_fact(PRODUCTS, published_products)
register_fact(CERTIFICATE, certificate_until)
