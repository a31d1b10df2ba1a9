"""How staff come in: password, second factor, and the page that sets one up.

After the password a session may open only these pages, until a code has been given (`is_let_in`); a login that needs no
second factor is in at once. Tries of passwords and codes are counted together, before they are looked at.
"""

from __future__ import annotations

import base64
from typing import Any, Final

from django import forms
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.forms import AuthenticationForm

from core.admin.acts import ActForm, actor_of
from core.errors import Problem
from tenants.operations.second_factor import (
    CodeWrong,
    begin_enrolment,
    confirm_enrolment,
    count_try,
    login_done,
    prove_factor,
)
from tenants.second_factor import address_of, has_factor, in_groups, is_required

TEMPLATE: Final = "admin/second_factor.html"
PROVED: Final = "second_factor_of"
LOCKED: Final = "连续失败次数过多，登录已锁定，请稍后再试"
SCALE: Final = 5


class StaffLoginForm(AuthenticationForm):
    """Name and password, each try counted before the password is looked at."""

    def clean(self) -> Any:
        """Refuse whoever is locked, right password or not."""
        name = self.cleaned_data.get("username")
        if name and not count_try(login=name):
            raise forms.ValidationError(LOCKED, code="locked")
        given = super().clean()
        user = self.get_user()
        if user is not None and not has_factor(user):
            login_done(login=user.get_username())
        return given


class CodeForm(ActForm):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        label="动态码", max_length=40, help_text="验证器应用显示的 6 位数字；手机不在身边时填写一个恢复码",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )  # fmt: skip


def is_let_in(request: HttpRequest) -> bool:
    """Tell whether a session whose password was right may open the admin: its second factor was proved, or none is needed."""
    known: bool | None = getattr(request, "is_let_in", None)
    if known is None:
        proved = request.session.get(PROVED) == request.user.pk
        known = proved or not (is_required() or has_factor(request.user))
        request.is_let_in = known  # type: ignore[attr-defined]  # asked several times a page
    return known


def is_staff(request: HttpRequest) -> bool:
    """Tell whether the password of a member of staff was right."""
    return bool(request.user.is_active and getattr(request.user, "is_staff", False))


def ask_factor(site: Any, request: HttpRequest) -> HttpResponse:
    """Ask for the code and let the session in by it; who has no second factor yet sets one up first."""
    if not is_staff(request):
        return HttpResponseRedirect(reverse("admin:login"))
    if is_let_in(request):
        return HttpResponseRedirect(_next(request))
    if not has_factor(request.user):
        return HttpResponseRedirect(reverse("admin:second_factor_enrol"))
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if not count_try(login=actor_of(request)):
                raise CodeWrong(LOCKED)
            prove_factor(login=actor_of(request), code=form.cleaned_data["code"])
        except Problem as problem:
            form.add_error("code", problem.detail or problem.title)
        else:
            _let_in(request)
            return HttpResponseRedirect(_next(request))
    return _page(site, request, "输入动态码", form=form, word="登录")


def enrol(site: Any, request: HttpRequest) -> HttpResponse:
    """Set up a second factor: show the secret as a picture and as text, take its first code, show the recovery codes once."""
    if not is_staff(request):
        return HttpResponseRedirect(reverse("admin:login"))
    if has_factor(request.user):
        to = _page(site, request, "动态码已启用", enabled=True)
        return to if is_let_in(request) else HttpResponseRedirect(reverse("admin:second_factor"))
    login = actor_of(request)
    if request.method == "POST" and "code" in request.POST:
        form = CodeForm(request.POST)
        if form.is_valid():
            try:
                codes = confirm_enrolment(login=login, code=form.cleaned_data["code"])
            except Problem as problem:
                form.add_error("code", problem.detail or problem.title)
            else:
                _let_in(request)
                return _page(site, request, "请保存恢复码", codes=[in_groups(code) for code in codes])
        return _page(site, request, "绑定动态码", form=form, word="确认", begun=True)
    if request.method == "POST":
        secret = begin_enrolment(login=login)
        address = address_of(secret, login=login, issuer=str(site.each_context(request)["site_header"]))
        shown = {"secret": in_groups(secret), "picture": _picture(address)}
        return _page(site, request, "绑定动态码", form=CodeForm(), word="确认", begun=True, **shown)
    return _page(site, request, "绑定动态码")


def _page(site: Any, request: HttpRequest, title: str, **more: Any) -> TemplateResponse:
    context = {**site.each_context(request), "title": title, **more}
    answer = TemplateResponse(request, TEMPLATE, context)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _let_in(request: HttpRequest) -> None:
    request.session.cycle_key()
    request.session[PROVED] = request.user.pk
    request.is_let_in = True  # type: ignore[attr-defined]


def _next(request: HttpRequest) -> str:
    wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
    own = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    home = reverse("admin:index")
    return wanted if own and wanted.startswith(home) else home


def _picture(text: str) -> str:
    """Draw a text as a QR code: a data address of an SVG picture."""
    import cv2  # costs a second to load, and few ever need it

    cells = cv2.QRCodeEncoder.create().encode(text)
    size = len(cells)
    dark = "".join(f"M{x} {y}h1v1h-1z" for y in range(size) for x in range(size) if not cells[y][x])
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" width="{size * SCALE}"'
        f' height="{size * SCALE}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path d="{dark}"/></svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode('ascii')}"
