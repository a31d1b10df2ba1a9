"""What can be done in the lending room."""

from __future__ import annotations

from lending.operations.applying import ProductClosed, start_application
from lending.operations.deciding import submit_application
from lending.operations.lines import (
    LineExceeded,
    LineExpired,
    LineFrozen,
    close_line,
    draw_held,
    freeze_line,
    hold_on_line,
    lapse_lines,
    release_hold,
    repay_line,
    unfreeze_line,
)
from lending.operations.offers import OfferExpired, accept_offer, lapse_offers
from lending.operations.products import (
    ProductRefused,
    add_product,
    close_product,
    discard_draft,
    open_product,
    publish_draft,
    start_draft,
)
from lending.operations.reviewing import grant_review, refuse_review

__all__ = [
    "LineExceeded",
    "LineExpired",
    "LineFrozen",
    "OfferExpired",
    "ProductClosed",
    "ProductRefused",
    "accept_offer",
    "add_product",
    "close_line",
    "close_product",
    "discard_draft",
    "draw_held",
    "freeze_line",
    "grant_review",
    "hold_on_line",
    "lapse_lines",
    "lapse_offers",
    "open_product",
    "publish_draft",
    "refuse_review",
    "release_hold",
    "repay_line",
    "start_application",
    "start_draft",
    "submit_application",
    "unfreeze_line",
]
