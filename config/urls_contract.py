"""All paths of the published contract in one place, for the OpenAPI document only; nothing is served from here."""

from __future__ import annotations

from django.urls import include, path

from config.api import bank_api, province_api
from config.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("api/v1/", include((province_api, "province_api"))),
    path("b/<str:bank>/api/v1/", include((bank_api, "api"))),
]
