"""The URLs of a bank, below `/b/{code}/`."""

from __future__ import annotations

from django.urls import include, path

from config.admin_site import bank_admin
from config.api import bank_api

handler404 = "core.rest.endpoint.not_found"
handler500 = "core.rest.endpoint.failed"
urlpatterns = [
    path("api/v1/", include((bank_api, "api"))),
    path("admin/", bank_admin.urls),
]
