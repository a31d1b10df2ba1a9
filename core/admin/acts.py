"""Acts: what staff do that is more than a draft, each on a page of its own outside Django's form views.

An act is shown by GET and done by POST, with CSRF protection and the permission that the page's action declares. It calls
one operation of the opening sort; a problem that the operation raises is shown on the form, and nothing has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from core.errors import Problem

TEMPLATE: Final = "admin/act.html"


class ActForm(forms.Form):
    """The form of an act, in the theme's widgets; without fields it only asks for confirmation."""

    required_css_class = "required"
    WIDGETS: ClassVar[Mapping[type[forms.Field], type[forms.Widget]]] = {
        forms.CharField: UnfoldAdminTextInputWidget,
        forms.RegexField: UnfoldAdminTextInputWidget,
        forms.IntegerField: UnfoldAdminIntegerFieldWidget,
        forms.DecimalField: UnfoldAdminDecimalFieldWidget,
        forms.BooleanField: UnfoldBooleanSwitchWidget,
        forms.FileField: UnfoldAdminFileFieldWidget,
    }
    table: Mapping[str, Any] | None = None
    """A table shown above the form: what is wrong with a file, line by line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Put the theme's widget in the place of each field's stock one."""
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.DateField):
                attributes = {"type": "date", "class": " ".join(INPUT_CLASSES)}
                field.widget = forms.DateInput(format="%Y-%m-%d", attrs=attributes)
            elif isinstance(field, forms.ChoiceField):
                choices: Any = field.choices
                field.widget = UnfoldAdminSelectWidget(choices=list(choices))
            elif type(field) in self.WIDGETS and not isinstance(field.widget, forms.HiddenInput):
                kept = field.widget_attrs(field.widget)
                field.widget = self.WIDGETS[type(field)](attrs=kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """How an act is shown: its title, the words on its button, what it does, and what is said once it is done."""

    title: str
    submit: str
    done: str
    explanation: str = ""
    danger: bool = False


def perform(
    page: Any,
    request: HttpRequest,
    act: Act,
    *,
    run: Callable[[Mapping[str, Any]], Any],
    form_class: type[ActForm] = ActForm,
    initial: Mapping[str, Any] | None = None,
    object_id: object | None = None,
    back: str = "",
) -> HttpResponse:
    """Show an act's form, or run it with what was filled in and return to the object (or `back`).

    `run` returns where to go next, a page to show at once, or anything else to go back. A `Problem` that it raises is
    shown on the form.
    """
    back = back or _address(page, object_id)
    form = form_class(request.POST or None, initial=dict(initial or {}))
    if request.method == "POST":
        form = form_class(request.POST, request.FILES, initial=dict(initial or {}))
        if form.is_valid():
            try:
                went_to = run(form.cleaned_data)
            except Problem as problem:
                form.add_error(None, problem.detail or problem.title)
            else:
                if isinstance(went_to, HttpResponse):
                    return went_to
                messages.success(request, act.done)
                return HttpResponseRedirect(went_to if isinstance(went_to, str) else back)
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "model_admin": page,
        "title": act.title,
        "act": act,
        "form": form,
        "back": back,
    }
    return TemplateResponse(request, TEMPLATE, context)


def _address(page: Any, object_id: object | None) -> str:
    name = f"{page.admin_site.name}:{page.opts.app_label}_{page.opts.model_name}"
    return reverse(f"{name}_changelist") if object_id is None else reverse(f"{name}_change", args=(object_id,))


def actor_of(request: HttpRequest) -> str:
    """Name who acts, as the audit log and the histories keep it."""
    return request.user.get_username()
