"""What `admin/jdm_editor.html` asks for."""

from __future__ import annotations

from django import template

from config.model_editor import Bundle, bundle

register = template.Library()


@register.simple_tag
def editor_bundle() -> Bundle | None:
    """Return the visual editor's bundle, None where it was not built."""
    return bundle()
