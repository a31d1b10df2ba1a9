"""The certificates by which this bank signs its contracts."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import SealedTextField
from core.ids import new_id


class BankCertificate(models.Model):
    """One signing certificate of this bank: the certificate, its CA, and the private key that signs.

    At most one is in use; former ones stay, because contracts that they signed are judged by their CA for years
    (SIGN-03). The key (PKCS #8) is sealed under the bank's data key and never leaves the signing process.

    PII: none; the names are the bank's own.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    certificate_pem = models.TextField("证书")
    ca_pem = models.TextField("签发机构证书")
    private_key_pem = SealedTextField("私钥")
    in_use = models.BooleanField("使用中", default=True)
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        db_table = "lending_bank_certificate"
        verbose_name = verbose_name_plural = "签名证书"
        constraints = [
            models.UniqueConstraint(
                fields=["in_use"], condition=Q(in_use=True), name="lending_bank_certificate_one_in_use"
            )
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
