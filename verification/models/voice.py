"""Voice checks."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q

from verification.models.act_check import ACTIONS, BIND_CARD, CHECKING, PASSED, STATUS_AND_END, ActCheck
from verification.models.upload import Upload

# The acts that ask for a voice beside a face (A2-15).
VOICE_ACTIONS: Final = [(action, title) for action, title in ACTIONS if action == BIND_CARD]


class VoiceCheck(ActCheck):
    """One voice check of one customer for one act on one business object: a random text, read aloud.

    States: starting → started (the phone shows `text` until `text_expires_at` and records it) → checking →
    passed | failed. `compared_with` is the check whose recording this one's was compared with: the customer's
    first that served an act under the consent in force; without one there was nothing to compare with yet, and
    only the text and the living voice were judged. `paid_calls` counts the calls that may have been charged,
    before each is made.

    PII: the recording is an object in the vault, class C3: kept as evidence of identification after a pass, for
    a short time after a failure (DATA-07); never a template. The text is random digits.
    """

    text = models.CharField("朗读内容", max_length=24)
    text_expires_at = models.DateTimeField("朗读截止时间")
    upload = models.OneToOneField(Upload, models.PROTECT, related_name="+", verbose_name="录音", null=True, blank=True)
    compared_with = models.ForeignKey(
        "self", models.PROTECT, related_name="+", verbose_name="比对基准", null=True, blank=True
    )
    paid_calls = models.PositiveSmallIntegerField("外部调用次数", default=0)

    class Meta:
        db_table = "verification_voice_check"
        verbose_name = verbose_name_plural = "声纹核验"
        constraints = [
            models.CheckConstraint(condition=STATUS_AND_END, name="verification_voice_check_status"),
            models.CheckConstraint(
                condition=Q(action__in=[action for action, _ in VOICE_ACTIONS]),
                name="verification_voice_check_action",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[CHECKING, PASSED]) | Q(upload__isnull=False),
                name="verification_voice_check_recording",
            ),
        ]
        indexes = [
            models.Index(fields=["subject", "-created_at"], name="verification_voice_newest"),
            models.Index(fields=["business_id"], name="verification_voice_business"),
        ]
