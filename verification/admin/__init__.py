"""What staff see of the verification room; identifying values are masked on every page (DATA-02)."""

from __future__ import annotations

from verification.admin.agreements import AgreementTextPage, ConsentPage
from verification.admin.checks import CheckPage, FaceCheckPage, IdCardReadingPage, PhoneCodePage, VoiceCheckPage
from verification.admin.screening import ScreeningAlertPage, WatchlistVersionPage
from verification.admin.subjects import SubjectPage, UploadPage
from verification.models import (
    AgreementText,
    Check,
    Consent,
    FaceCheck,
    IdCardReading,
    PhoneCode,
    ScreeningAlert,
    Subject,
    Upload,
    VoiceCheck,
    WatchlistVersion,
)

bank_pages = [
    (Subject, SubjectPage),
    (Check, CheckPage),
    (FaceCheck, FaceCheckPage),
    (VoiceCheck, VoiceCheckPage),
    (IdCardReading, IdCardReadingPage),
    (Consent, ConsentPage),
    (AgreementText, AgreementTextPage),
    (ScreeningAlert, ScreeningAlertPage),
    (WatchlistVersion, WatchlistVersionPage),
    (PhoneCode, PhoneCodePage),
    (Upload, UploadPage),
]
