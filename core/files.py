"""Answers that are files: of customers or of the bank, so no cache on the way keeps them."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse

PDF: Final = "application/pdf"
CSV: Final = "text/csv; charset=utf-8"


def file_answer(content: bytes | str, *, name: str, content_type: str, shown: bool = False) -> HttpResponse:
    """Answer with a file, to be saved under a name, or `shown` in place."""
    headers = {
        "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(content, content_type=content_type, headers=headers)
