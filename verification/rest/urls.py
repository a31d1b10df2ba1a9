"""The URLs of this room."""

from __future__ import annotations

from django.urls import path

from verification.rest import views, voice_views

bank_urls = [
    path("agreements", views.Agreements.as_view()),
    path("consents", views.Consents.as_view()),
    path("consents/<str:consent_id>/withdraw", views.ConsentWithdraw.as_view()),
    path("uploads", views.Uploads.as_view()),
    path("phone-codes", views.PhoneCodes.as_view()),
    path("face-checks", views.FaceChecks.as_view()),
    path("face-checks/<str:face_check_id>", views.OneFaceCheck.as_view()),
    path("face-checks/<str:face_check_id>/complete", views.FaceCheckComplete.as_view()),
    path("voice-checks", voice_views.VoiceChecks.as_view()),
    path("voice-checks/<str:voice_check_id>", voice_views.OneVoiceCheck.as_view()),
    path("voice-checks/<str:voice_check_id>/complete", voice_views.VoiceCheckComplete.as_view()),
]
