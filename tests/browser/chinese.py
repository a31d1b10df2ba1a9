"""What a page shows that is not Chinese: the words of its visible texts, but for names that have no Chinese form."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from playwright.sync_api import Page

WORDS: Final = re.compile(r"[A-Za-z]{2,}")
CODES: Final = re.compile(r"[A-Za-z]*[\d_./:#-][\w./:#-]*")  # XF01, 125-…, policy.min_score, 2026-11-30T…
ALLOWED: Final = frozenset(
    {
        "LPR", "JSON", "CSV", "PDF", "ID", "SHA", "FPD", "Ctrl", "typst",  # as Chinese staff say them
        "bp", "React", "Flow",  # basis points; the attribution that the editor's canvas asks for
    }
)  # fmt: skip
# Symbols are ligatures of a font; a text area holds what is typed; the editor's canvas labels its lines for itself by the
# nodes' codes, and what it shows is read as on any other page, but for a model's expressions in the engine's language.
TEXTS: Final = """
() => {
  const skipped = '.material-symbols-outlined, script, style, textarea, noscript, template, .react-flow__node, td .cell';
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    const isShown = () => element.checkVisibility({visibilityProperty: true, opacityProperty: true});
    if (text && !element.closest(skipped) && isShown()) found.push(text);
  }
  for (const element of document.querySelectorAll('[title], [placeholder], [aria-label], [data-placeholder]'))
    for (const name of ['title', 'placeholder', 'aria-label', 'data-placeholder'])
      if (element.hasAttribute(name) && element.checkVisibility() && !element.closest(`${skipped}, .grl-dg`))
        found.push(element.getAttribute(name));
  return [document.title, ...found];
}
"""


def foreign_words(page: Page, *, named: Collection[str] = ()) -> set[str]:
    """Return the Latin words of a page that are neither codes nor allowed nor `named` (logins and the like)."""
    found: set[str] = set()
    for text in page.evaluate(TEXTS):
        plain = text
        for name in named:
            plain = plain.replace(name, " ")
        found.update(WORDS.findall(CODES.sub(" ", plain)))
    return found - ALLOWED
