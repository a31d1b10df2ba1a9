"""What can be done in the lending room."""

from __future__ import annotations

from lending.operations.applying import ProductClosed, start_application
from lending.operations.concentration import ConcentrationExceeded
from lending.operations.day_change import move_day
from lending.operations.deciding import submit_application
from lending.operations.disbursement import LoanOverdue, disburse_drawdown
from lending.operations.drawdowns import (
    DisclosureChanged,
    DisclosureNotRead,
    IdExpired,
    confirm_disclosure,
    draft_drawdown,
    refresh_draft,
)
from lending.operations.lines import (
    LineExceeded,
    LineExpired,
    LineFrozen,
    LineReviewDue,
    close_line,
    freeze_line,
    hold_on_line,
    lapse_lines,
    release_hold,
    repay_line,
    review_line,
    unfreeze_line,
)
from lending.operations.offers import OfferExpired, accept_offer, lapse_offers
from lending.operations.product_switching import close_product, open_product, plan_schedule, schedule_product
from lending.operations.products import (
    ProductRefused,
    add_product,
    discard_draft,
    plan_publishing,
    start_draft,
)
from lending.operations.registers import (
    Invited,
    RegisterRefused,
    invite,
    register_related_party,
    remove_related_party,
    withdraw_invitation,
)
from lending.operations.repayment import repay_loan
from lending.operations.signing import Proof, sign_drawdown

__all__ = [
    "ConcentrationExceeded",
    "DisclosureChanged",
    "DisclosureNotRead",
    "IdExpired",
    "Invited",
    "LineExceeded",
    "LineExpired",
    "LineFrozen",
    "LineReviewDue",
    "LoanOverdue",
    "OfferExpired",
    "ProductClosed",
    "ProductRefused",
    "Proof",
    "RegisterRefused",
    "accept_offer",
    "add_product",
    "close_line",
    "close_product",
    "confirm_disclosure",
    "disburse_drawdown",
    "discard_draft",
    "draft_drawdown",
    "freeze_line",
    "hold_on_line",
    "invite",
    "lapse_lines",
    "lapse_offers",
    "move_day",
    "open_product",
    "plan_publishing",
    "plan_schedule",
    "refresh_draft",
    "register_related_party",
    "release_hold",
    "remove_related_party",
    "repay_line",
    "repay_loan",
    "review_line",
    "schedule_product",
    "sign_drawdown",
    "start_application",
    "start_draft",
    "submit_application",
    "unfreeze_line",
    "withdraw_invitation",
]
