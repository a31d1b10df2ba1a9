"""The engine's visual editor of decision models: whether its bundle was built, and where a page finds it.

The bundle is made at set-up (`scripts/editor.py`) and not part of the repository; a page that wants it includes
`admin/jdm_editor.html`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static

MANIFEST: Final = "jdm/manifest.json"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The addresses of the editor's script and style sheet, of one build and therefore cached for ever."""

    script: str
    style: str


@cache
def bundle() -> Bundle | None:
    """Return the bundle, None where it was not built.

    Asked once a process: the web server lists its static files when it starts, too.
    """
    collected = Path(settings.STATIC_ROOT) / MANIFEST if settings.STATIC_ROOT else None
    found = collected if collected is not None and collected.is_file() else finders.find(MANIFEST)
    if not found:
        return None
    folder = json.loads(Path(str(found)).read_text(encoding="utf-8"))["folder"]
    return Bundle(script=static(f"jdm/{folder}/jdm.js"), style=static(f"jdm/{folder}/jdm.css"))
