"""Judging files: what the bank signed, what was changed, and what never was a contract."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from asn1crypto import cms, parser
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf

from lending.contracts import verify
from lending.contracts.certificates import read_certificates
from lending.contracts.render import render_contract, standard_template
from lending.contracts.signing import BankCertificate, BankSigner, create_bank_certificate, sign_contract
from lending.contracts.trial import trial_data
from lending.contracts.verify import Defect, Verification, verify_contract
from tests.at_once import at_once
from tests.lending.contracts.conftest import LEGAL_NAME
from tests.lending.contracts.reading import open_pdf
from tests.lending.contracts.stamping import Authority

Judge = Any


@pytest.fixture(scope="module")
def judge(bank: BankCertificate, authority: Authority) -> Judge:
    """Verify with this bank's root and this authority's."""

    def judged(pdf: bytes, **changes: Any) -> Verification:
        given = {"trust_roots": [bank.ca_pem], "tsa_roots": [authority.root_pem], **changes}
        return verify_contract(pdf, **given)

    return judged


def byte_range(pdf: bytes) -> tuple[int, int]:
    """Return where the signature's value begins (its `<`) and where it has ended."""
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+) \d+\]", pdf)
    assert found is not None
    return int(found[1]), int(found[2])


def value_of(pdf: bytes) -> bytes:
    """Return the signature's value, without the noughts behind it."""
    start, end = byte_range(pdf)
    padded = bytes.fromhex(pdf[start + 1 : end - 1].decode())
    return padded[: sum(len(part) for part in parser.parse(padded)[3:])]


def with_value(pdf: bytes, value: bytes) -> bytes:
    """Put another value into the same room."""
    start, end = byte_range(pdf)
    return pdf[: start + 1] + value.hex().upper().encode().ljust(end - start - 2, b"0") + pdf[end - 1 :]


def flipped(data: bytes, at: int, bits: int = 0x01) -> bytes:
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]


def sign_with(pdf: bytes, signer: BankSigner, authority: Authority) -> bytes:
    return sign_contract(
        pdf,
        signer=signer,
        seal_pdf=None,
        timestamp=authority,
        field_name="Lender",
        reason="合同",
        location="江苏",
    )


class TestChangedFiles:
    def test_one_byte_changed_anywhere_makes_it_invalid(self, signed_pdf: bytes, judge: Judge) -> None:
        start, end = byte_range(signed_pdf)
        chance = random.Random(20260101)
        spread = [len(signed_pdf) * part // 40 for part in range(40)]
        marks = [
            signed_pdf.index(b"/ByteRange") + 3,
            signed_pdf.rindex(b"startxref") + 1,
            len(signed_pdf) - 1,
        ]
        around = [start - 1, start, start + 1, start + 2, end - 2, end - 1, end]
        survived = [
            (at, bits)
            for at in spread + marks + around
            for bits in (0x01, chance.randrange(2, 256))
            if judge(flipped(signed_pdf, at, bits)).valid
        ]
        assert judge(signed_pdf).valid
        assert survived == []

    def test_no_part_of_the_signature_is_loose(self, signed_pdf: bytes, judge: Judge) -> None:
        """Walk over the bytes that no signature covers: heads, versions, algorithm names, pointers."""
        value = value_of(signed_pdf)
        token = value.index(cms.ContentType("tst_info").dump()) - 60
        pointers = [found.start() for found in re.finditer(re.escape(b"\x06\x03\x55\x04\x03"), value)]
        loose = [
            *range(46),
            *range(token, token + 46),
            *(at + near for at in pointers for near in (-3, 4, 5, 7)),
            *(found.start() + near for found in re.finditer(b"\x05\x00", value) for near in (0, 1)),
        ]
        survived = [at for at in loose if judge(with_value(signed_pdf, flipped(value, at, 0x20))).valid]
        assert judge(with_value(signed_pdf, value)).valid
        assert survived == []

    @pytest.mark.parametrize("respelled", ["lower case", "padding", "space", "longer length", "odd"])
    def test_the_signature_is_spelled_in_one_way(self, respelled: str, signed_pdf: bytes, judge: Judge) -> None:
        start, end = byte_range(signed_pdf)
        value, gap = value_of(signed_pdf), signed_pdf[start:end]
        changed = {
            "lower case": gap.lower(),
            "padding": gap[:-2] + b"1>",
            "space": gap[:-2] + b" >",
            "longer length": gap[:5] + b"%04X" % (int.from_bytes(value[2:4], "big") + 2) + gap[9:],
            "odd": gap[:-2] + b">>",
        }[respelled]
        assert changed != gap
        assert judge(signed_pdf[:start] + changed + signed_pdf[end:]).problems == (Defect.SIGNATURE_DAMAGED,)

    def test_a_change_of_the_text_is_called_a_change(self, signed_pdf: bytes, judge: Judge) -> None:
        verification = judge(flipped(signed_pdf, 5_000))
        assert verification.problems == (Defect.CHANGED,)
        assert verification.covers_whole_document
        assert verification.signer == LEGAL_NAME, "the signature itself is sound"

    @pytest.mark.parametrize("added", [b" ", b"\n", b"%%EOF\n", b"\x00" * 100])
    def test_bytes_appended_make_it_invalid(self, added: bytes, signed_pdf: bytes, judge: Judge) -> None:
        verification = judge(signed_pdf + added)
        assert verification.problems == (Defect.ADDED_TO,)
        assert not verification.covers_whole_document

    def test_a_proper_increment_makes_it_invalid(self, signed_pdf: bytes, judge: Judge) -> None:
        writer = IncrementalPdfFileWriter(BytesIO(signed_pdf))
        writer.root["/Title"] = writer.root["/Lang"]
        writer.update_root()
        out = BytesIO()
        writer.write(out)
        assert judge(out.getvalue()).problems == (Defect.ADDED_TO,)

    def test_a_second_signature_makes_it_invalid_even_by_the_bank(
        self, signed_pdf: bytes, bank: BankCertificate, judge: Judge, tmp_path: Any
    ) -> None:
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        key.write_bytes(bank.private_key_pem)
        certificate.write_bytes(bank.certificate_pem)
        writer = IncrementalPdfFileWriter(BytesIO(signed_pdf))
        signer = SimpleSigner.load(str(key), str(certificate))
        signed = sign_pdf(writer, PdfSignatureMetadata(field_name="Second"), signer=signer).getvalue()
        assert judge(signed).problems == (Defect.SEVERAL_SIGNATURES,)

    def test_bytes_put_before_make_it_invalid(self, signed_pdf: bytes, judge: Judge) -> None:
        assert not judge(b"%PDF-2.0\n" + signed_pdf).valid

    @pytest.mark.parametrize("part", range(1, 20))
    def test_a_truncated_file_is_invalid(self, part: int, signed_pdf: bytes, judge: Judge) -> None:
        assert not judge(signed_pdf[: len(signed_pdf) * part // 20]).valid
        assert not judge(signed_pdf[:-part]).valid


class TestTrust:
    def test_another_banks_contract_is_not_ours(self, contract_pdf: bytes, judge: Judge, authority: Authority) -> None:
        other = create_bank_certificate("另一样例银行", "126")
        signer = BankSigner.load(certificate_pem=other.certificate_pem, private_key_pem=other.private_key_pem)
        verification = judge(sign_with(contract_pdf, signer, authority))
        assert verification.problems == (Defect.SIGNER_UNTRUSTED,)
        assert verification.signer is None

    def test_with_a_shared_ca_the_name_decides(self, signed_pdf: bytes, judge: Judge) -> None:
        assert judge(signed_pdf, signer_name=LEGAL_NAME).valid
        assert judge(signed_pdf, signer_name="另一样例银行").problems == (Defect.SIGNER_UNTRUSTED,)

    def test_a_strange_time_stamp_authority_is_not_believed(
        self, contract_pdf: bytes, signer: BankSigner, judge: Judge
    ) -> None:
        signed = sign_with(contract_pdf, signer, Authority())
        assert judge(signed).problems == (Defect.TIMESTAMP_UNTRUSTED,)

    def test_an_authority_may_be_its_own_root_and_use_the_other_name_of_rsa(
        self, contract_pdf: bytes, signer: BankSigner, judge: Judge
    ) -> None:
        authority = Authority(self_signed=True)
        signed = sign_with(contract_pdf, signer, authority)
        assert judge(signed, tsa_roots=[authority.root_pem]).valid
        assert judge(signed).problems == (Defect.TIMESTAMP_UNTRUSTED,)

    @pytest.mark.usefixtures("restless_threads")
    def test_threads_may_judge_by_the_same_roots(self, signed_pdf: bytes, judge: Judge, bank: BankCertificate) -> None:
        unread = [b"\n" + bank.ca_pem]
        seen = at_once(None, [lambda: judge(signed_pdf, trust_roots=unread).problems] * 8)
        assert seen == [()] * 8

    def test_roots_of_the_past_are_kept_beside_the_new_ones(
        self, signed_pdf: bytes, bank: BankCertificate, authority: Authority
    ) -> None:
        newer = create_bank_certificate(LEGAL_NAME, "125")
        roots = [newer.ca_pem, bank.ca_pem]
        assert verify_contract(signed_pdf, trust_roots=roots, tsa_roots=[authority.root_pem]).valid

    def test_no_roots_trust_no_one(self, signed_pdf: bytes) -> None:
        problems = verify_contract(signed_pdf, trust_roots=[], tsa_roots=[]).problems
        assert problems == (Defect.SIGNER_UNTRUSTED, Defect.TIMESTAMP_UNTRUSTED)

    def test_a_root_that_is_no_certificate_is_a_set_up_error(self, signed_pdf: bytes) -> None:
        with pytest.raises(ValueError, match="PEM"):
            verify_contract(signed_pdf, trust_roots=[b"garbage"], tsa_roots=[])

    def test_a_signature_without_time_stamp_is_not_enough(
        self, contract_pdf: bytes, bank: BankCertificate, judge: Judge, tmp_path: Any
    ) -> None:
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        key.write_bytes(bank.private_key_pem)
        certificate.write_bytes(bank.certificate_pem)
        signer = SimpleSigner.load(str(key), str(certificate))
        writer = IncrementalPdfFileWriter(BytesIO(contract_pdf))
        signed = sign_pdf(writer, PdfSignatureMetadata(field_name="Lender"), signer=signer).getvalue()
        assert judge(signed).problems == (Defect.NO_TIMESTAMP,)


class TestTime:
    @pytest.fixture
    def old_signer(self, monkeypatch: pytest.MonkeyPatch) -> tuple[BankSigner, BankCertificate]:
        """A certificate of six years ago, expired for one, that signs nevertheless."""
        made = create_bank_certificate(LEGAL_NAME, "125", issued_at=datetime.now(UTC) - timedelta(days=6 * 365))
        monkeypatch.setattr(BankSigner, "refuse_unless_valid", lambda _signer, _at: None)
        signer = BankSigner.load(certificate_pem=made.certificate_pem, private_key_pem=made.private_key_pem)
        return signer, made

    @pytest.mark.parametrize(("years_ago", "valid"), [(7, False), (5, True), (2, True), (0, False)])
    def test_the_certificate_is_judged_at_the_time_of_the_stamp(
        self,
        years_ago: int,
        valid: bool,  # noqa: FBT001 -- a column of the table
        contract_pdf: bytes,
        old_signer: tuple[BankSigner, BankCertificate],
    ) -> None:
        signer, made = old_signer
        stamped_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=years_ago * 365)
        authority = Authority(self_signed=True, fixed_dt=stamped_at)
        verification = verify_contract(
            sign_with(contract_pdf, signer, authority),
            trust_roots=[made.ca_pem],
            tsa_roots=[authority.root_pem],
        )
        assert verification.valid is valid
        assert verification.signed_at == (stamped_at if valid else None)
        assert verification.problems == (() if valid else (Defect.SIGNER_UNTRUSTED,))


class TestAnyFile:
    """Whatever a person uploads is answered, never raised."""

    @pytest.mark.parametrize(
        ("file", "defect"),
        [
            (b"", Defect.NOT_A_PDF),
            (b"hello", Defect.NOT_A_PDF),
            (b"\xff\xd8\xff\xe0 JFIF", Defect.NOT_A_PDF),
            (b"PK\x03\x04" + bytes(100), Defect.NOT_A_PDF),
            (b"%PDF-", Defect.NOT_SIGNED),
            (b"%PDF-1.7\n" + b"[" * 100_000, Defect.NOT_SIGNED),
            (b"%PDF-1.7\n" + b"<<" * 100_000, Defect.NOT_SIGNED),
            (b"%PDF-1.7 trailer << /Encrypt 5 0 R >>", Defect.ENCRYPTED),
            (b"%PDF-1.7 /ByteRange", Defect.NOT_SIGNED),
            (b"%PDF-1.7 /ByteRange [0 1 2]", Defect.NOT_SIGNED),
            (b"%PDF-1.7 /ByteRange [1 2 3 4]", Defect.NOT_SIGNED),
            (b"%PDF-1.7 /ByteRange [0 -1 2 3]", Defect.NOT_SIGNED),
            (b"%PDF-1.7 /ByteRange [0 9999999999 9999999999 9999999999]", Defect.NOT_SIGNED),
            (b"%PDF-1.7 /ByteRange [0 20 10 5] padding", Defect.NOT_SIGNED),
            (b"%PDF-1.7 /ByteRange [0 5 9 20] padding", Defect.SIGNATURE_DAMAGED),
            (b"%PDF-1.7 /ByteRange [0 9 9 9]" * 2, Defect.SEVERAL_SIGNATURES),
            (b"%PDF-" + bytes(verify.LARGEST_FILE_BYTES), Defect.TOO_LARGE),
        ],
    )
    def test_it_is_answered_with_a_reason(self, file: bytes, defect: Defect, judge: Judge) -> None:
        verification = judge(file)
        assert not verification.valid
        assert verification.problems == (defect,)
        assert verification.problems[0].text

    @pytest.mark.parametrize(
        "value",
        [
            b"",
            b"\x00",
            b"\x30\x80",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x80" * 4_000,
            b"\x30\x00",
            b"\x31\x03\x02\x01\x05",
            cms.ContentInfo({"content_type": "data", "content": b"x"}).dump(),
            cms.ContentInfo(
                {
                    "content_type": "signed_data",
                    "content": {
                        "version": "v1",
                        "digest_algorithms": [],
                        "encap_content_info": {"content_type": "data"},
                        "signer_infos": [],
                    },
                }
            ).dump(),
        ],
    )
    def test_a_hostile_signature_value_is_answered(self, value: bytes, signed_pdf: bytes, judge: Judge) -> None:
        assert judge(with_value(signed_pdf, value)).problems == (Defect.SIGNATURE_DAMAGED,)

    def test_a_maze_of_certificates_is_not_entered(
        self, signed_pdf: bytes, judge: Judge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A path is sought through all certificates in every order: eight take a minute."""
        value = cms.ContentInfo.load(value_of(signed_pdf))
        own = value["content"]["certificates"][0]
        maze = [*read_certificates(b"".join(create_bank_certificate("X", "1").ca_pem for _ in range(5)))]
        value["content"]["certificates"] = cms.CertificateSet(
            [own, *(cms.CertificateChoices("certificate", one) for one in maze)]
        )

        def explode(*_args: object, **_kwargs: object) -> None:
            pytest.fail("a path was sought")

        monkeypatch.setattr(verify, "async_validate_detached_cms", explode)
        assert judge(with_value(signed_pdf, value.dump(force=True))).problems == (Defect.SIGNATURE_DAMAGED,)

    def test_deep_nesting_is_answered(self, signed_pdf: bytes, judge: Judge) -> None:
        value = b""
        while len(value) < 8_000:
            value = parser.emit(0, 1, 16, value)
        assert judge(with_value(signed_pdf, value)).problems == (Defect.SIGNATURE_DAMAGED,)

    def test_an_encrypted_pdf_is_answered(self, contract_pdf: bytes, judge: Judge) -> None:
        writer = copy_into_new_writer(open_pdf(contract_pdf))
        writer.encrypt(owner_pass="owner", user_pass="user")
        out = BytesIO()
        writer.write(out)
        assert judge(out.getvalue()).problems == (Defect.ENCRYPTED,)

    def test_an_unsigned_contract_is_answered(self, contract_pdf: bytes, judge: Judge) -> None:
        assert judge(contract_pdf).problems == (Defect.NOT_SIGNED,)

    def test_a_stranger_never_reaches_the_pdf_parser(
        self, signed_pdf: bytes, judge: Judge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def explode(*_args: object, **_kwargs: object) -> None:
            pytest.fail("a file that was not authenticated was parsed")

        monkeypatch.setattr(verify, "PdfFileReader", explode)
        for file in (flipped(signed_pdf, 5_000), signed_pdf + b" ", signed_pdf[:-9]):
            assert not judge(file).valid

    def test_random_damage_is_answered(self, signed_pdf: bytes, judge: Judge) -> None:
        chance = random.Random(7)
        for _ in range(60):
            file = bytearray(signed_pdf)
            start = chance.randrange(len(file))
            file[start : start + chance.randrange(2_000)] = chance.randbytes(chance.randrange(2_000))
            assert not judge(bytes(file)).valid

    def test_a_signature_moved_to_another_contract_is_invalid(
        self, signed_pdf: bytes, signer: BankSigner, judge: Judge, authority: Authority
    ) -> None:
        other = sign_with(render_contract(standard_template(), trial_data(legal_name="样例银行")), signer, authority)
        assert judge(other).valid
        assert judge(with_value(other, value_of(signed_pdf))).problems == (Defect.CHANGED,)


class TestReadCertificates:
    def test_it_reads_several_and_none(self, bank: BankCertificate) -> None:
        assert len(read_certificates(bank.ca_pem + bank.certificate_pem)) == 2
        assert read_certificates(b"") == []
