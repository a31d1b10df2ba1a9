"""Every call of the published contract that is built so far, with its answer and its codes; written from the contract alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BASE: Final = "/b/{bank}/api/v1/"
FACE: Final = ("face_token_used", "face_token_mismatch", "face_token_expired")
VOICE: Final = ("voice_token_used", "voice_token_mismatch", "voice_token_expired")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: method, path (`{}` for each id), the status of success, and the codes that the contract names for it."""

    method: str
    path: str
    success: int
    codes: tuple[str, ...] = ()
    keyed: bool = False
    needs_token: bool = True

    @property
    def name(self) -> str:
        """Name the call as a person would."""
        return f"{self.method} {self.path.removeprefix(BASE)}"

    @property
    def takes_body(self) -> bool:
        """Tell whether there is a body that could be wrong."""
        return self.method == "POST" and not self.path.endswith(("/accept", "/withdraw"))


def _get(path: str, *codes: str, needs_token: bool = True) -> Call:
    return Call("GET", BASE + path, 200, codes, needs_token=needs_token)


def _keyed(path: str, success: int, *codes: str) -> Call:
    return Call("POST", BASE + path, success, codes, keyed=True)


CALLS: Final = (
    Call("GET", "/api/v1/banks", 200, needs_token=False),
    Call("POST", "/api/v1/entries/resolve", 200, ("entry_unknown",), needs_token=False),
    Call("GET", "/healthz", 200, needs_token=False),
    Call("GET", "/readyz", 200, needs_token=False),
    Call("POST", BASE + "sessions", 201, ("vendor_unavailable",), needs_token=False),
    Call("DELETE", BASE + "sessions/current", 204),
    _get("agreements", needs_token=False),
    _get("consents"),
    _keyed("consents", 201, "agreement_changed"),
    _keyed("consents/{}/withdraw", 200),
    Call("POST", BASE + "uploads", 201),
    _get("journey"),
    _keyed("registrations", 202, "consent_missing"),
    _get("registrations/{}"),
    _keyed("registrations/{}/confirm", 200, "state_conflict"),
    _keyed("phone-codes", 202),
    _keyed("registrations/{}/phone", 202, "phone_code_wrong", "state_conflict"),
    _keyed("registrations/{}/relink", 202, *FACE, "phone_code_wrong", "state_conflict"),
    _keyed("face-checks", 202),
    _get("face-checks/{}"),
    _keyed("face-checks/{}/complete", 202),
    _keyed("voice-checks", 202, "consent_missing", "state_conflict", "voice_locked"),
    _get("voice-checks/{}"),
    _keyed("voice-checks/{}/complete", 202, "upload_unknown", "voice_recording_used", "state_conflict"),
    _keyed("accounts", 202, "phone_code_wrong", "counter_required"),
    _keyed("accounts/{}/submit", 202, *FACE, "state_conflict"),
    _get("accounts"),
    _get("accounts/{}"),
    _get("accounts/{}/entries"),
    _keyed("accounts/{}/top-ups", 202, "phone_code_wrong"),
    _keyed("transfers", 202, "quota_exceeded", "phone_code_wrong", "insufficient_funds", "account_not_active"),
    _keyed("accounts/{}/reverify", 202, *FACE, "id_card_required", "state_conflict"),
    _get("accounts/{}/reverifications/{}"),
    _keyed(
        "accounts/{}/close", 202, *FACE, "counter_required", "account_not_empty", "account_in_use", "account_busy",
        "state_conflict",
    ),
    _get("accounts/{}/closings/{}"),
    _keyed("cards", 202, "phone_code_wrong"),
    _keyed("cards/{}/submit", 202, "step_up_required", *FACE, *VOICE, "state_conflict"),
    Call("DELETE", BASE + "cards/{}", 204, ("last_card_with_loan",)),
    _get("products", needs_token=False),
    _get("products/{}", needs_token=False),
    Call("POST", BASE + "products/{}/quote", 200, ("amount_out_of_range",), needs_token=False),
    _keyed("applications", 202, "product_closed", "purpose_forbidden"),
    _get("applications"),
    _get("applications/{}"),
    _keyed("applications/{}/submit", 202, *FACE, "consent_missing", "state_conflict"),
    _keyed("applications/{}/accept", 200, "offer_expired", "state_conflict"),
    _get("credit-lines"),
    _keyed(
        "drawdowns", 201, "line_exceeded", "line_frozen", "amount_out_of_range", "purpose_forbidden",
        "account_not_active", "payee_required", "payee_not_accepted", "upload_unknown",
    ),
    _get("drawdowns"),
    _get("drawdowns/{}"),
    _keyed("drawdowns/{}/disclosure", 200, "disclosure_not_read", "disclosure_changed"),
    _keyed("drawdowns/{}/sign", 202, *FACE, "phone_code_wrong", "line_exceeded", "line_frozen", "state_conflict"),
    _keyed("drawdowns/{}/disburse", 202, *FACE, "state_conflict"),
    _get("contracts/{}"),
    _get("contracts/{}/pdf"),
    Call("POST", BASE + "contracts/verify", 200, needs_token=False),
    _get("loans"),
    _get("loans/{}"),
    _get("loans/{}/schedule"),
    Call("POST", BASE + "loans/{}/repayments/quote", 200),
    _keyed("loans/{}/repayments", 202, "insufficient_funds", "account_not_active", "state_conflict"),
)  # fmt: skip

# Codes that the contract names for outcomes: an application or a registration ends with them, no call is refused by them.
OUTCOMES: Final = (
    "image_unclear", "id_card_expired", "id_number_invalid", "too_young", "carrier_mismatch", "carrier_not_found",
    "id_mismatch", "id_not_found", "bound_card_mismatch", "face_mismatch", "account_limit_reached", "refused",
    "not_invited", "region_not_served", "related_party", "id_expired", "phone_shared", "device_limit", "draft_expired",
)  # fmt: skip
