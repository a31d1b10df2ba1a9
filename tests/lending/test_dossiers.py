"""The bank proves how it tells who somebody is: four parts, from what is in force, on record by hash (A1-3, A3-3)."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client

from core.clock import business_date
from core.errors import NotFound
from core.evidence.models import EvidenceLeaf
from core.steps import engine
from core.tenancy import PROVINCE_CODE, in_bank
from core.vault.models import VaultAccess
from lending.dossier import dossier_view
from lending.models import MechanismDossier
from tenants.mechanism import Dossier, issue
from tenants.models import Bank, BankDossier
from tenants.operations import ask_dossier, switch_off
from tenants.operations.bank_dossiers import deliver, hand_out
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


class TestAtTheProvince:
    def test_staff_ask_the_bank_makes_it_and_they_download_what_the_bank_has_on_record(self) -> None:
        with in_bank(PROVINCE_CODE):
            make_login(login="wang", role="运营", password=PASSWORD)
        client = Client()
        client.post("/admin/login/", {"username": "wang", "password": PASSWORD})
        address = "/admin/tenants/bankdossier/"
        assert client.post(f"{address}add/", {"bank": "125"}).status_code == 302
        with in_bank(PROVINCE_CODE):
            asked = BankDossier.objects.get()
        assert "待该行生成" in client.get(f"{address}{asked.pk}/change/").content.decode()
        assert client.get(f"{address}{asked.pk}/download/").status_code == 403
        with in_bank(PROVINCE_CODE):
            engine.run_due(lanes=["default"], seconds=10)
        file = client.get(f"{address}{asked.pk}/download/")
        assert file.content.startswith(b"%PDF-2.0")
        with in_bank(PROVINCE_CODE):
            delivered = BankDossier.objects.get()
        with in_bank("125"):
            assert (
                issue(asked.pk, "province:wang").file == file.content
            )  # a step that runs again finds what it has made
            row = MechanismDossier.objects.get()
            leaf = EvidenceLeaf.objects.get(pk=row.evidence_leaf)
        assert (row.pk, row.made_by) == (asked.pk, "province:wang")
        assert hashlib.sha256(file.content).digest() == bytes(delivered.sha256 or b"") == bytes(leaf.content_sha256)

    def test_is_delivered_once_and_by_the_bank_that_was_asked(self) -> None:
        with in_bank(PROVINCE_CODE):
            asked = ask_dossier(code="125", actor="wang")
        theirs, ours = (Dossier(file=text, sha256=hashlib.sha256(text).digest()) for text in (b"116", b"125"))
        with in_bank("116"):
            assert not deliver(request_id=asked, dossier=theirs)
        with in_bank(PROVINCE_CODE), pytest.raises(NotFound):
            hand_out(request_id=asked, actor="wang")
        with in_bank("125"):
            assert [deliver(request_id=asked, dossier=each) for each in (ours, theirs)] == [True, False]
        with in_bank(PROVINCE_CODE):
            assert hand_out(request_id=asked, actor="wang") == b"125"

    def test_of_no_bank_is_not_asked(self) -> None:
        with in_bank(PROVINCE_CODE), pytest.raises(NotFound):
            ask_dossier(code="999", actor="wang")
