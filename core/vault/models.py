"""The tables of the vault: what is kept, who needs it, who read it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.actors import ACTOR_LENGTH
from core.crypto.fields import BlindIndexField
from core.ids import new_id


class VaultObject(models.Model):
    """One content that this bank keeps: sealed bytes in the object store, under `stored_key`.

    A row never changes (by trigger). Two contents with the same SHA-256 are one row; the hash itself is kept
    only as a keyed hash, so that nobody without the bank's key can test whether a known picture is here.

    PII: none in the row; the bytes are class C2/C3 (ID photographs, face frames, contracts), kept as long as
    a reference's retention class asks.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    sha256 = BlindIndexField("内容摘要（密钥散列）")
    size = models.PositiveBigIntegerField("字节数")
    content_type = models.CharField("内容类型", max_length=100)
    stored_key = models.CharField("存储键", max_length=100)
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        app_label = "core"
        db_table = "core_vault_object"
        verbose_name = verbose_name_plural = "保管对象"
        constraints = [
            models.UniqueConstraint(fields=["sha256"], name="core_vault_object_once"),
            models.UniqueConstraint(fields=["stored_key"], name="core_vault_object_stored_key_once"),
            models.CheckConstraint(condition=Q(size__gt=0), name="core_vault_object_not_empty"),
        ]

    def __str__(self) -> str:
        """Show the id."""
        return self.id.hex


class VaultReference(models.Model):
    """One reason to keep an object: an owner (a row of some room, by kind and id) needs it for a purpose.

    `retention` is a class that the owner's room defines; "undecided" is kept until the owner decides.

    PII: none; ids are opaque. Goes with the owner's row.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    object = models.ForeignKey(VaultObject, models.PROTECT, related_name="references", verbose_name="对象")
    owner_kind = models.CharField("所属类别", max_length=60)
    owner_id = models.UUIDField("所属编号")
    purpose = models.CharField("用途", max_length=60)
    retention = models.CharField("保管类别", max_length=60)
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        app_label = "core"
        db_table = "core_vault_reference"
        verbose_name = verbose_name_plural = "保管对象引用"
        constraints = [
            models.UniqueConstraint(
                fields=["object", "owner_kind", "owner_id", "purpose"],
                name="core_vault_reference_once",
            ),
        ]
        indexes = [
            models.Index(fields=["owner_kind", "owner_id"], name="core_vault_reference_owner"),
            models.Index(fields=["retention", "created_at"], name="core_vault_reference_age"),
        ]

    def __str__(self) -> str:
        """Show owner and purpose."""
        return f"{self.owner_kind} {self.owner_id.hex} {self.purpose}"


class VaultAccess(models.Model):
    """One reading of an object, written before the bytes are handed out; append-only by trigger.

    The object is named by id without a foreign key: the trace outlives it.

    PII: the actor's login or the customer's opaque id; kept three years (SEC-01).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    object_id = models.UUIDField("对象编号")
    actor = models.CharField("读取人", max_length=ACTOR_LENGTH)
    purpose = models.CharField("用途", max_length=100)
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        app_label = "core"
        db_table = "core_vault_access"
        verbose_name = verbose_name_plural = "保管对象读取记录"
        constraints = [
            models.CheckConstraint(condition=~Q(actor="") & ~Q(purpose=""), name="core_vault_access_by_whom_and_why"),
        ]
        indexes = [
            models.Index(fields=["object_id", "at"], name="core_vault_access_object"),
            models.Index(fields=["actor", "at"], name="core_vault_access_actor"),
        ]

    def __str__(self) -> str:
        """Show actor and object."""
        return f"{self.actor} {self.object_id.hex}"
