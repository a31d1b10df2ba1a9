"""What the pages of products only show: the preview of a version, and a contract of no one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from core.admin.acts import ActForm
from core.admin.fields import YuanField
from core.files import PDF, file_answer
from core.money import fen_to_yuan
from core.tenancy import current_bank
from lending.contracting import agreement_template_of, template_of
from lending.contracts.trial import try_agreement_template, try_template
from lending.models import ProductVersion
from lending.models.product import ONCE_PER_LINE
from lending.queries.previews import WORDS, Example, Preview, preview_of, usual_example
from tenants import directory

TEMPLATE: Final = "admin/product_preview.html"
ONE_FEN: Final = Decimal("0.01")
COLUMNS: Final = ("期次", "还款日", "本金（元）", "利息（元）", "合计（元）", "剩余本金（元）")


class ExampleForm(ActForm):
    """Which loan to show; sent by GET, nothing is kept."""

    amount = YuanField(label="金额（元）", lowest=ONE_FEN)
    term = forms.ChoiceField(label="期限（月）")
    method = forms.ChoiceField(label="还款方式")

    def __init__(self, version: ProductVersion, *args: Any, **kwargs: Any) -> None:
        """Offer the version's terms and methods."""
        super().__init__(*args, **kwargs)
        choices = {
            "term": [(str(term), str(term)) for term in sorted(version.terms_months)],
            "method": [(method, WORDS.get(method, method)) for method in version.methods],
        }
        for name, offered in choices.items():
            field = cast("forms.ChoiceField", self.fields[name])
            field.choices = offered
            field.widget.choices = offered


def preview_response(page: Any, request: HttpRequest, version: ProductVersion) -> HttpResponse:
    """Show a version as a customer would see it, with the example that the page asks for."""
    amount_fen, term, method = usual_example(version)
    usual = {"amount": fen_to_yuan(amount_fen), "term": str(term), "method": method}
    form = ExampleForm(version, request.GET if "amount" in request.GET else None, initial=usual)
    asked: dict[str, Any] = {}
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        asked = {
            "amount_fen": given["amount"], "term_months": int(given["term"]),
            "method": given["method"],
        }  # fmt: skip
    preview = preview_of(version, **asked)
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "model_admin": page,
        "title": f"预览：{version.name}",
        "version_title": f"{version.product.code} {f'第 {version.number} 版' if version.number else '草稿'}",
        "preview": preview,
        "example": _example(preview),
        "form": form,
        "back": reverse("admin:lending_productversion_change", args=(version.pk,)),
    }
    return TemplateResponse(request, TEMPLATE, context)


def contract_response(version: ProductVersion) -> HttpResponse:
    """Set a contract of no one in a version's template, or an agreement where it signs once, and answer with the PDF.

    Raises:
        ContractError: the template cannot be set, or takes no seal.
    """
    card = directory.card_of(current_bank().code)
    once = version.contracting == ONCE_PER_LINE
    template = (agreement_template_of if once else template_of)(version, product_code=version.product.code)
    try_it = try_agreement_template if once else try_template
    pdf = try_it(template.source, legal_name="" if card is None else card.name)
    return file_answer(pdf, name=f"{version.product.code}.pdf", content_type=PDF, shown=True)


def _example(preview: Preview) -> dict[str, Any] | None:
    example: Example | None = preview.example
    if example is None:
        return None
    schedule = example.found.schedule
    rows = [
        [row.number, row.due_date.isoformat(), *(fen_to_yuan(fen) for fen in
         (row.principal_fen, row.interest_fen, row.total_fen, row.balance_fen))]
        for row in schedule.instalments
    ]  # fmt: skip
    return {
        "annual_rate": example.found.annual_rate,
        "all_in": schedule.all_in_annual_rate,
        "basis": example.basis,
        "total_interest": fen_to_yuan(schedule.total_interest_fen),
        "table": {"headers": list(COLUMNS), "rows": rows},
    }
