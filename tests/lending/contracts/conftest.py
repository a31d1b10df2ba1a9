"""One bank, one time stamp authority and one signed contract, made once for all tests of this package."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from lending.contracts.render import render_contract, render_seal, standard_template
from lending.contracts.signing import (
    BankCertificate,
    BankSigner,
    create_bank_certificate,
    sign_contract,
)
from lending.contracts.trial import trial_data
from tests.lending.contracts.http_timestamps import HttpTimestampSource
from tests.lending.contracts.reading import text_of
from tests.lending.contracts.stamping import Authority, StampServer

if TYPE_CHECKING:
    from collections.abc import Iterator

LEGAL_NAME = "江苏样例农村商业银行股份有限公司"


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Let threads take turns a thousand times as often: what two of them may not share shows at once."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 1000)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def stamp_server(authority: Authority) -> Iterator[StampServer]:
    server = StampServer(authority)
    yield server
    server.close()


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def timestamp(stamp_server: StampServer, http: httpx.Client) -> HttpTimestampSource:
    return HttpTimestampSource(url=stamp_server.url(), timeout_seconds=10, client=http)


@pytest.fixture(scope="session")
def bank() -> BankCertificate:
    return create_bank_certificate(LEGAL_NAME, "125")


@pytest.fixture(scope="session")
def signer(bank: BankCertificate) -> BankSigner:
    return BankSigner.load(certificate_pem=bank.certificate_pem, private_key_pem=bank.private_key_pem)


@pytest.fixture(scope="session")
def seal_pdf() -> bytes:
    return render_seal(LEGAL_NAME)


@pytest.fixture(scope="session")
def contract_pdf() -> bytes:
    return render_contract(standard_template(), trial_data(legal_name=LEGAL_NAME))


@pytest.fixture(scope="session")
def contract_text(contract_pdf: bytes) -> str:
    return text_of(contract_pdf)


@pytest.fixture(scope="session")
def signed_pdf(contract_pdf: bytes, signer: BankSigner, seal_pdf: bytes, timestamp: HttpTimestampSource) -> bytes:
    return sign_contract(
        contract_pdf,
        signer=signer,
        seal_pdf=seal_pdf,
        timestamp=timestamp,
        field_name="Lender",
        reason="0002026XF0000000001",
        location="江苏",
    )
