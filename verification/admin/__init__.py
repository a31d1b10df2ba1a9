"""What staff see of the verification room; identifying values are masked on every page (DATA-02)."""

from __future__ import annotations

from verification.admin.agreements import AgreementTextPage, ConsentPage
from verification.admin.checks import CheckPage, FaceCheckPage, IdCardReadingPage, PhoneCodePage
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
    WatchlistVersion,
)

bank_pages = [
    (Subject, SubjectPage),
    (Check, CheckPage),
    (FaceCheck, FaceCheckPage),
    (IdCardReading, IdCardReadingPage),
    (Consent, ConsentPage),
    (AgreementText, AgreementTextPage),
    (ScreeningAlert, ScreeningAlertPage),
    (WatchlistVersion, WatchlistVersionPage),
    (PhoneCode, PhoneCodePage),
    (Upload, UploadPage),
]
