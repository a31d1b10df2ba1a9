"""A bank may have a gateway key of its own; the others sign with the common one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from core.gateway import GatewayError, Invalid
from core.ids import new_id
from tenants.gateway import gateway_of
from tests.running_sandbox import Sandbox
from verification.providers.bank_gateway.provider import GatewayCarrierCheck

OWN, OTHER = "116", "125"


@pytest.fixture
def own_key(vendors: Sandbox, settings: Any) -> Iterator[Path]:
    """Give bank 116's gateway a key of its own, there and here."""
    file = Path(vendors.key_file.replace("{bank}", OWN))
    file.write_text("a key of 116 alone\n", encoding="utf-8")
    settings.GATEWAY_BANK_KEY_FILE = vendors.key_file
    yield file
    file.unlink(missing_ok=True)


def ask(bank: str) -> bool:
    """Ask the bank's carriers who serves a phone; False where the signature was refused."""
    try:
        GatewayCarrierCheck(gateway_of(bank)).lookup(phone="13800000000", request_id=new_id().hex)
    except Invalid:
        return False
    return True


class TestTheKey:
    def test_of_a_bank_with_a_file_of_its_own_is_that(self, own_key: Path) -> None:
        assert gateway_of(OWN).key == b"a key of 116 alone"
        assert gateway_of(OTHER).key == b"sandbox-gateway-key"
        assert ask(OWN)
        assert ask(OTHER)

    def test_of_another_bank_opens_nothing(self, own_key: Path, settings: Any) -> None:
        settings.GATEWAY_KEY = own_key.read_text(encoding="utf-8").strip()
        assert not ask(OTHER)
        settings.GATEWAY_BANK_KEY_FILE = ""
        settings.GATEWAY_KEY = "sandbox-gateway-key"
        assert not ask(OWN)

    def test_is_read_anew_at_each_call(self, own_key: Path) -> None:
        assert ask(OWN)
        own_key.write_text("the next key", encoding="utf-8")
        assert gateway_of(OWN).key == b"the next key"
        assert ask(OWN)
        own_key.unlink()
        assert gateway_of(OWN).key == b"sandbox-gateway-key"
        assert ask(OWN)

    def test_is_in_no_log_and_no_traceback(self, own_key: Path) -> None:
        assert "a key of 116" not in repr(gateway_of(OWN))


class TestAFileThatCannotServe:
    @pytest.mark.parametrize(
        ("spoil", "told"),
        [
            (lambda file: file.write_text(" \n"), "is empty"),
            (lambda file: file.write_bytes(b"\xff\xfe\xff"), "cannot be read"),
            (lambda file: (file.unlink(), file.mkdir()), "cannot be read"),
        ],
        ids=["empty", "no text", "a folder"],
    )
    def test_sends_nothing_and_says_what_to_do(
        self, tmp_path: Path, settings: Any, spoil: Callable[[Path], object], told: str
    ) -> None:
        file = tmp_path / OWN
        file.touch()
        spoil(file)
        settings.GATEWAY_BANK_KEY_FILE = str(tmp_path / "{bank}")
        with pytest.raises(ImproperlyConfigured, match=told):
            gateway_of(OWN)

    def test_is_one_for_all_banks(self, tmp_path: Path, settings: Any) -> None:
        settings.GATEWAY_BANK_KEY_FILE = str(tmp_path / "key")
        with pytest.raises(ImproperlyConfigured, match="where the bank's code stands"):
            gateway_of(OWN)

    def test_is_no_vendors_failure_that_would_be_tried_again_quietly(self) -> None:
        assert not issubclass(ImproperlyConfigured, GatewayError)
