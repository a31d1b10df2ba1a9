"""Send a one-time code's text message."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from core.clock import now
from core.gateway import GatewayError, Rejected
from core.money import fen_to_yuan
from core.steps.registry import VENDOR, Done, Failed, Outcome, StepRun, register_step
from core.tenancy import current_bank
from tenants import directory
from verification import vendors
from verification.models import PhoneCode
from verification.models.phone_code import ACTIONS
from verification.operations.phone_codes import SEND, digits_of, phone_code_sent
from verification.steps.patience import try_later

TEMPLATE = "code"


@register_step(SEND, lane=VENDOR, lease=timedelta(seconds=30))
def send_phone_code(run: StepRun) -> Outcome:
    """Hand the text over. QUERYABLE: under the step's id it is one text, however often it is handed over."""
    code = PhoneCode.objects.get(pk=run.subject_id)
    if now() >= code.expires_at:
        return Failed("expired")
    try:
        vendors.text_messages().send(
            phone=code.phone,
            template=TEMPLATE,
            parameters={"code": digits_of(code)},
            text=_text(code),
            request_id=run.request_id,
        )
    except Rejected as error:
        return Failed(error.code)
    except GatewayError as error:
        return try_later(error, since=code.created_at, give_up=lambda: None)
    return Done(partial(phone_code_sent, code_id=code.id))


def _text(code: PhoneCode) -> str:
    """Write what the phone shows: from whom, what for, how much, how long, and the warning."""
    card = directory.card_of(current_bank().code)
    sender = card.display_name if card else current_bank().code
    minutes = round((code.expires_at - code.created_at).total_seconds() / 60)
    amount = f"，金额{fen_to_yuan(code.amount_fen)}元" if code.amount_fen is not None else ""
    action = dict(ACTIONS)[code.action]
    return (
        f"【{sender}】验证码{digits_of(code)}，您正在{action}{amount}，{minutes}分钟内有效。"
        "请勿向任何人泄露，如非本人操作请忽略。"
    )
