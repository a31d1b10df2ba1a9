"""The province's URLs and a page with nothing on it but a model, so that the editor is tested by itself."""

from __future__ import annotations

import json
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from config import urls_province
from config.admin_site import province_admin
from lending.decision.standard import standard_content

handler404 = urls_province.handler404
handler500 = urls_province.handler500

PAGE: Final = """
{% extends "admin/base_site.html" %}
{% block content %}
<form method="post">
    {% csrf_token %}
    {% include "admin/jdm_editor.html" %}
    <textarea name="content" data-jdm-editor data-jdm-findings="{{ findings }}" {{ state }}>{{ content }}</textarea>
    <button type="submit" id="save">保存</button>
</form>
<p data-jdm-node="rating" id="finding">评分合计 第 1 行：测试</p>
{% endblock %}
"""
FINDINGS: Final = [{"node": "rating", "row": 1, "reason": "测试"}]
kept: dict[str, str] = {}
"""What the page's form has sent, newest last; a test empties it first."""


def model_page(request: HttpRequest) -> HttpResponse:
    """Show the standard model, or the one that was saved; `?state=readonly` locks it, `?content=…` shows another."""
    if request.method == "POST":
        kept["content"] = request.POST["content"]
    standard = json.dumps(standard_content("full"), ensure_ascii=False)
    context = {
        **province_admin.each_context(request),
        "title": "模型",
        "content": request.GET.get("content") or kept.get("content") or standard,
        "state": request.GET.get("state", ""),
        "findings": json.dumps(FINDINGS, ensure_ascii=False),
    }
    return HttpResponse(engines["django"].from_string(PAGE).render(context, request))


urlpatterns = [path("admin/model/", province_admin.admin_view(model_page)), *urls_province.urlpatterns]
