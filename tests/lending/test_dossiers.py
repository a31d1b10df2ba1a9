"""The bank proves how it tells who somebody is: four parts, from what is in force, on record by hash (A1-3, A3-3)."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client

from core.clock import business_date
from core.evidence.models import EvidenceLeaf
from core.tenancy import PROVINCE_CODE, in_bank
from core.vault.models import VaultAccess
from lending.dossier import dossier_view
from lending.models import MechanismDossier
from tenants.models import Bank
from tenants.operations import switch_off
from tenants.parameters import set_for_bank
from tenants.staff import make_login

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
PASSWORD = "Sample-Pass-2026"


def test_tells_what_is_in_force_and_not_what_is_by_default() -> None:
    with transaction.atomic():
        set_for_bank(name="face.least_similarity", value=91, effective_date=business_date(), actor="test")
    with in_bank(PROVINCE_CODE):
        switch_off(scope="check", bank="125", target="carrier", reason="演练", actor="wang")
        Bank.objects.filter(code="125").update(
            evaluation_number="评〔2026〕8号", evaluation_by="样例测评中心", evaluation_expires_date=date(2020, 1, 1),
            false_accept_percent=Decimal("0.000100"), false_reject_percent=Decimal("1.5"),
        )  # fmt: skip
    told = dossier_view()
    means = {row[0]: row[1:] for row in told["means"]}
    assert means["人脸核验（活体检测与人证比对）"] == ["启用", "腾讯云", "FaceID 2018-03-01", "相似度不低于 91"]
    assert means["运营商三要素核验"][0] == "省级停用"
    assert len(means) == 7
    assert ("5", "SEC-03") in {
        (row[1].rstrip("次"), row[2]) for row in told["controls"] if "人脸核验失败上限" in row[0]
    }
    report = dict(told["report"])
    assert (report["评估报告编号"], report["误识率（FAR）"], report["拒真率（FRR）"]) == (
        "评〔2026〕8号",
        "0.0001%",
        "1.5%",
    )
    assert report["状态"] == "无有效报告，线上开户已关闭"
    assert not told["is_open"]


def test_is_a_pdf_that_staff_export_and_download_with_its_hash_in_the_evidence_log() -> None:
    make_login(login="he", role="合规", password=PASSWORD)
    client = Client()
    client.post("/b/125/admin/login/", {"username": "he", "password": PASSWORD})
    answer = client.post("/b/125/admin/lending/mechanismdossier/add/")
    assert answer.status_code == 302
    with in_bank("125"):
        row = MechanismDossier.objects.get()
        leaf = EvidenceLeaf.objects.get(pk=row.evidence_leaf)
    file = client.get(f"/b/125/admin/lending/mechanismdossier/{row.pk}/download/")
    assert file.content.startswith(b"%PDF-2.0")
    assert hashlib.sha256(file.content).digest() == bytes(row.sha256) == bytes(leaf.content_sha256)
    assert bytes(row.sha256).hex() in client.get(answer["Location"]).content.decode()
    with in_bank("125"):
        assert VaultAccess.objects.filter(purpose="dossier_download", actor="staff:he").count() == 1
