"""The URLs of this room."""

from __future__ import annotations

from django.urls import path

from accounts.rest import account_views, complaint_views, life_views, money_views, share_views, views

bank_urls = [
    path("sessions", views.Sessions.as_view()),
    path("sessions/current", views.CurrentSession.as_view()),
    path("shares", share_views.Shares.as_view()),
    path("registrations", views.Registrations.as_view()),
    path("registrations/<str:registration_id>", views.OneRegistration.as_view()),
    path("registrations/<str:registration_id>/confirm", views.RegistrationConfirm.as_view()),
    path("registrations/<str:registration_id>/phone", views.RegistrationPhone.as_view()),
    path("registrations/<str:registration_id>/relink", views.RegistrationRelink.as_view()),
    path("accounts", account_views.Accounts.as_view()),
    path("accounts/<str:account_id>", account_views.OneAccount.as_view()),
    path("accounts/<str:account_id>/submit", account_views.AccountSubmit.as_view()),
    path("accounts/<str:account_id>/entries", account_views.AccountEntries.as_view()),
    path("accounts/<str:account_id>/statement", money_views.AccountStatement.as_view()),
    path("accounts/<str:account_id>/top-ups", money_views.TopUps.as_view()),
    path("accounts/<str:account_id>/top-ups/<str:top_up_id>", money_views.OneTopUp.as_view()),
    path("transfers", money_views.Transfers.as_view()),
    path("transfers/<str:transfer_id>", money_views.OneTransfer.as_view()),
    path("accounts/<str:account_id>/close", life_views.AccountClose.as_view()),
    path("accounts/<str:account_id>/closings/<str:closing_id>", life_views.OneClosing.as_view()),
    path("accounts/<str:account_id>/reverify", life_views.AccountReverify.as_view()),
    path("accounts/<str:account_id>/reverifications/<str:reverification_id>", life_views.OneReverification.as_view()),
    path("complaints", complaint_views.Complaints.as_view()),
    path("complaints/<str:complaint_id>", complaint_views.OneComplaint.as_view()),
    path("complaints/<str:complaint_id>/entries", complaint_views.ComplaintEntries.as_view()),
    path("complaints/<str:complaint_id>/score", complaint_views.ComplaintScore.as_view()),
    path("cards", account_views.Cards.as_view()),
    path("cards/<str:card_id>", account_views.OneCard.as_view()),
    path("cards/<str:card_id>/submit", account_views.CardSubmit.as_view()),
]
