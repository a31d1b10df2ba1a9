"""What of this room the province's checklist asks of a bank that is to go live (PU-07)."""

from __future__ import annotations

from cryptography import x509

from lending.models import BankCertificate
from lending.queries.products import effective
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


register_fact(PRODUCTS, published_products)
register_fact(CERTIFICATE, certificate_until)
