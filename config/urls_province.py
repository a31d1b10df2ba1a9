"""The URLs outside any bank: the province's calls and admin, the published contract, health."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config.admin_site import province_admin
from config.api import province_api
from config.health import healthz, readyz

handler404 = "core.rest.endpoint.not_found"
handler500 = "core.rest.endpoint.failed"
urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/v1/", include((province_api, "province_api"))),
    path("admin/", province_admin.urls),
]
