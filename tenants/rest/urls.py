"""The URLs of this room."""

from __future__ import annotations

from django.urls import path

from tenants.rest import views

province_urls = [
    path("banks", views.Banks.as_view()),
    path("entries/resolve", views.EntriesResolve.as_view()),
]
