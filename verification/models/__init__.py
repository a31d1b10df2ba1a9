"""The tables of the verification room."""

from __future__ import annotations

from verification.models.act_token import ActToken
from verification.models.check import Check
from verification.models.consent import AgreementText, Consent
from verification.models.face import FaceCheck
from verification.models.id_card import IdCardReading
from verification.models.phone_code import PhoneCode, PhoneCodeTries
from verification.models.subject import Subject
from verification.models.upload import Upload
from verification.models.voice import VoiceCheck
from verification.models.watchlist import ScreeningAlert, ScreeningMatch, WatchlistName, WatchlistVersion

__all__ = [
    "ActToken",
    "AgreementText",
    "Check",
    "Consent",
    "FaceCheck",
    "IdCardReading",
    "PhoneCode",
    "PhoneCodeTries",
    "ScreeningAlert",
    "ScreeningMatch",
    "Subject",
    "Upload",
    "VoiceCheck",
    "WatchlistName",
    "WatchlistVersion",
]
