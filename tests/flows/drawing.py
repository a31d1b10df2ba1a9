"""From a registered customer to a signed drawdown, as the stories of borrowing tell it."""

from __future__ import annotations

from typing import Any, Final

from scripts.phone import Phone

PRODUCT: Final = "XF01"
METHOD: Final = "equal_instalment"
TERM: Final = 12


def offered_line(someone: Phone) -> dict[str, Any]:
    application = someone.apply(PRODUCT)
    assert application["status"] == "offered", application
    return someone.accept(application["id"])


def drafted(someone: Phone, line: dict[str, Any], account: dict[str, Any], amount: str = "10000.00") -> dict[str, Any]:
    return someone.draft_drawdown(line["id"], account["id"], amount, term=TERM, method=METHOD, purpose="consumption")


def signed_drawdown(
    someone: Phone, line: dict[str, Any], account: dict[str, Any], amount: str = "10000.00"
) -> dict[str, Any]:
    draft = drafted(someone, line, account, amount)
    someone.read_disclosure(draft)
    signed = someone.sign(draft["id"])
    assert signed["status"] == "signed", signed
    return signed
