"""What new business a bank may do at this moment: its stage, the switches that are off, its evaluation report (PU-07a, A1-4).

Asked at the gates of new business only, by one statement of each operation on the caller's own connection, never cached
beyond it: so what the province has committed holds for the next request of every web process and worker. Whatever is never
stopped (repayment, top-ups, quotes, documents, complaints, reporting) does not ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, cast

from core.clock import business_date
from core.db.asks import Ask, Rows, alone, answered
from core.errors import Problem
from core.operations import memory, within_transaction
from core.tenancy import current_bank
from tenants.models.bank import SERVING
from tenants.models.switch import CHECK, ENTRY, PRODUCT, PROVINCE

CHECKS: Final[dict[str, str]] = {}
"""The checks that can be switched off, with their names for staff; each room registers its own at start-up."""

NOW: Final = """
SELECT b.stage, b.evaluation_expires_date,
       ARRAY(SELECT s.scope || ':' || s.target FROM public.tenants_switch s WHERE s.is_off AND s.bank IN ('', b.code))
FROM public.tenants_bank b WHERE b.code = %s
"""


class BusinessStopped(Problem):
    """The bank, or the whole province, takes no new business now."""

    code = "business_stopped"
    status = 422
    title = "银行暂停受理新业务，请稍后再试或联系银行"


class RemoteOpenNotApproved(Problem):
    """No evaluation report that is still valid stands behind this bank's remote opening (A1-4)."""

    code = "remote_open_not_approved"
    status = 422
    title = "本行暂不能线上开户，请前往银行网点办理"


def register_check(name: str, title: str) -> None:
    """Let a check be switched off by the province; called at start-up."""
    CHECKS[name] = title


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What holds for one bank now; `off` has (scope, target) of every switch that stops something there."""

    stage: str
    evaluation_expires_date: date | None
    off: frozenset[tuple[str, str]]

    @property
    def serves(self) -> bool:
        """Tell whether new business is accepted at all."""
        return self.stage in SERVING and (PROVINCE, "") not in self.off

    @property
    def products_off(self) -> list[str]:
        """Return the codes of the products that are switched off."""
        return sorted(target for scope, target in self.off if scope == PRODUCT)

    def lends(self, product: str) -> bool:
        """Tell whether the bank takes new business of a product, by its code."""
        return self.serves and (PRODUCT, product) not in self.off

    def admits(self, scene: str, product: str) -> bool:
        """Tell whether an entry leads anywhere: neither it nor the product that it is for is switched off."""
        return self.lends(product) and (ENTRY, scene) not in self.off

    def makes(self, check: str) -> bool:
        """Tell whether a check is made for new business."""
        return (CHECK, check) not in self.off


NOWHERE: Final = Standing(stage="", evaluation_expires_date=None, off=frozenset())


def standing() -> Standing:
    """Return what holds for the current bank at this moment, read from the database; once within an opening operation."""
    return alone(asking_standing())


def asking_standing() -> Ask[Standing]:
    """Ask what holds for the current bank together with other things."""
    known, code = memory(), current_bank().code
    key = f"standing:{code}"
    if known is not None and key in known:
        return answered(cast("Standing", known[key]))

    def read(rows: Rows) -> Standing:
        found = NOWHERE if rows.first is None else _read(*rows.first)
        if known is not None:
            known[key] = found
        return found

    return Ask(NOW, [code], read)


def _read(stage: str, expires: date | None, off: list[str]) -> Standing:
    pairs = frozenset((scope, target) for scope, _, target in (text.partition(":") for text in off))
    return Standing(stage=stage, evaluation_expires_date=expires, off=pairs)


@within_transaction
def refuse_remote_opening() -> None:
    """Refuse to open an account without a face-to-face meeting where the bank may not do so now.

    Raises:
        BusinessStopped: the bank or the province has stopped new business.
        RemoteOpenNotApproved: see there; the report is valid through its last day, by the business date.
    """
    found = standing()
    if not found.serves:
        raise BusinessStopped
    expires = found.evaluation_expires_date
    if expires is None or expires < business_date():
        raise RemoteOpenNotApproved
