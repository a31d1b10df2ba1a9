"""The dossiers in which this bank proves how it tells who somebody is."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.ids import new_id


class MechanismDossier(models.Model):
    """One export of the bank's identification mechanism (A1-3, A3-3), as it was in force when it was made.

    The file is in the vault, its hash in the evidence log; nothing of the row changes.

    PII: none; the file holds configuration only.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    issued_date = models.DateField("营业日期")
    made_by = models.CharField("导出人", max_length=150)
    created_at = models.DateTimeField("导出时间", default=timezone.now)
    object_id = models.UUIDField("文件")
    sha256 = models.BinaryField("文件摘要")
    evidence_leaf = models.UUIDField("存证叶")

    class Meta:
        db_table = "lending_mechanism_dossier"
        verbose_name = verbose_name_plural = "身份识别机制档案"
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        """Show the day."""
        return str(self.issued_date)
