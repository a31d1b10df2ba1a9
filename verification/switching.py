"""Checks that the province has switched off: no new business is checked by them, neither here nor by any worker (PU-07a).

What is never stopped, such as a top-up, goes on asking for its face.
"""

from __future__ import annotations

from typing import Final

from core.errors import Problem
from core.operations import within_transaction
from tenants.switches import register_check, standing
from verification.acts import is_new_business
from verification.models.check import CARRIER, FACE, ID_CHECK

ID_CARD: Final = "id_card"

for _name, _title in (
    (ID_CARD, "身份证识别"), (CARRIER, "运营商核验"), (ID_CHECK, "联网核查"), (FACE, "人脸核验"),
):  # fmt: skip
    register_check(_name, _title)


class CheckSuspended(Problem):
    """The province has switched this check off; nothing speaks against the customer."""

    code = "check_suspended"
    status = 503
    title = "该核验服务暂停使用，请稍后再试或前往银行网点办理"
    replayable = False


def is_stopped(*, check: str, action: str) -> bool:
    """Tell whether a check is not made now for an act: the act begins new business and the check is switched off."""
    return is_new_business(action) and not standing().makes(check)


@within_transaction
def refuse_stopped(*, check: str, action: str) -> None:
    """Refuse to begin a check that is switched off.

    Raises:
        CheckSuspended: see there.
    """
    if is_stopped(check=check, action=action):
        raise CheckSuspended
