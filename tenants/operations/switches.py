"""Stop new business by a switch, at once and by one person; let it go on again by two (PU-07a)."""

from __future__ import annotations

import re
import uuid
from typing import Final

from core.audit.log import record
from core.clock import now
from core.errors import NotFound, Problem, StateConflict
from core.operations import opens_transaction, within_transaction
from tenants.models import Bank, Switch
from tenants.models.bank import SERVING
from tenants.models.switch import CHECK, ENTRY, PRODUCT, PROVINCE
from tenants.operations.stopping import owe_stop
from tenants.switches import CHECKS

PRODUCT_CODE: Final = re.compile(r"[A-Z][A-Z0-9]{1,19}")
SCENE: Final = re.compile(r"[0-9]{3}-[a-z0-9]{1,28}")


class SwitchRefused(Problem):
    """There is nothing that such a switch could stop."""

    code = "switch_refused"
    status = 422
    title = "停用对象填写有误"


@opens_transaction
def switch_off(*, scope: str, bank: str = "", target: str = "", reason: str, actor: str) -> uuid.UUID:
    """Stop a product, an entry, a check or the whole province from the next request on; return the switch's id.

    What is signed and not paid out is cancelled where a product or the province stops: each bank concerned owes that from
    this very transaction on. Twice is once. A bank is stopped by `move_bank`.

    Raises:
        SwitchRefused: no such bank, or no such product code, scene or check could be.
    """
    _check(scope, bank, target)
    row, _ = Switch.objects.select_for_update().get_or_create(
        scope=scope, bank=bank, target=target, defaults={"reason": reason, "changed_by": actor, "is_off": False}
    )
    if row.is_off:
        return row.id
    Switch.objects.filter(pk=row.pk).update(is_off=True, reason=reason, changed_by=actor, changed_at=now())
    if scope in (PROVINCE, PRODUCT):
        serving = Bank.objects.filter(stage__in=SERVING, **({"code": bank} if bank else {}))
        for code in serving.order_by("code").values_list("code", flat=True):
            owe_stop(code=code)
    record("switch.off", actor=actor, subject=str(row), detail={"reason": reason})
    return row.id


def _check(scope: str, bank: str, target: str) -> None:
    if bank and not Bank.objects.filter(code=bank).exists():
        raise SwitchRefused(f"没有机构代码为 {bank} 的银行，请核对", errors={"bank": ["请填写已开通银行的机构代码"]})
    right = {
        PROVINCE: not bank and not target,
        PRODUCT: PRODUCT_CODE.fullmatch(target) is not None,
        ENTRY: SCENE.fullmatch(target) is not None and target.partition("-")[0] == bank,
        CHECK: target in CHECKS,
    }
    if not right.get(scope, False):
        advice = (
            "全省停办时请留空机构代码和对象；产品请填写产品代码；推广码请填写机构代码和完整的场景值；"
            f"核验手段请填写其一：{'、'.join(CHECKS)}"
        )
        raise SwitchRefused(advice, errors={"target": [advice]})


@within_transaction
def check_switched_off(*, switch_id: uuid.UUID) -> Switch:
    """Return a switch that is off, locked.

    Raises:
        NotFound: there is no such switch.
        StateConflict: it is on.
    """
    row = Switch.objects.select_for_update().filter(pk=switch_id).first()
    if row is None:
        raise NotFound
    if not row.is_off:
        raise StateConflict("该对象未被停用，无需恢复")
    return row


@within_transaction
def switch_on(*, switch_id: uuid.UUID, reason: str, actor: str) -> None:
    """Let what a switch stopped go on again: what an approval does. What was cancelled meanwhile stays cancelled.

    Raises:
        NotFound, StateConflict: see `check_switched_off`.
    """
    row = check_switched_off(switch_id=switch_id)
    Switch.objects.filter(pk=row.pk).update(is_off=False, reason=reason, changed_by=actor, changed_at=now())
    record("switch.on", actor=actor, subject=str(row), detail={"reason": reason})
