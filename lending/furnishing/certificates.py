"""The certificate with which a new bank signs contracts: one for demonstration, until the bank brings its own."""

from __future__ import annotations

from lending.contracts.certificates import create_bank_certificate
from lending.models import BankCertificate
from tenants.provisioning import BankOpening, register_furnishing


def furnish(opening: BankOpening) -> None:
    """Make a signing certificate in the bank's legal name; its key is sealed under the bank's data key."""
    made = create_bank_certificate(opening.name, opening.code)
    BankCertificate.objects.create(
        certificate_pem=made.certificate_pem.decode(),
        ca_pem=made.ca_pem.decode(),
        private_key_pem=made.private_key_pem.decode(),
    )


register_furnishing("lending.certificate", furnish)
