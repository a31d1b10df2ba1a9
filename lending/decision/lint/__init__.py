"""Refuse a decision model that could let somebody through by mistake.

The engine is forgiving in ways a lender cannot be. Measured on 2.1.3, all without an error: a row whose cell
cannot be read never matches; a row whose cell fails (a missing value, a comparison of text with a number, a
division by zero) is dropped; an unreadable input schema is no schema; of two nodes with one id, or two
results under one name, one is lost; a node that leads nowhere never runs; with two exits the first one
reached ends the decision. Each of these makes an admission rule disappear and the applicant pass. So a model
is accepted only when it is written in a smaller language, in which every such case is an error here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lending.decision.lint.cells import check_cells
from lending.decision.lint.findings import Finding, Findings
from lending.decision.lint.graph import parsed_content, sound_graph
from lending.decision.lint.probes import check_probes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lending.decision.features import Stage

__all__ = ["Finding", "lint"]


def lint(model_json: str | Mapping[str, Any], *, stage: Stage = "full") -> list[Finding]:
    """Return everything that is wrong with a model; an empty list means that it may be used.

    Looks, in this order, and goes on only where what was found leaves something to look at: the text is JSON
    without keys written twice; ids are unique, edges join nodes that exist, every node is of an allowed kind
    and lies on the way from the one entry to the one exit; the engine reads and validates it; the entry's
    schema declares only allowed values and requires all that are used; every cell and expression can be read
    and names only values that are there; tables have all their cells and, where the first row that fits
    counts, a last row that fits always; the exit answers exactly what a decision needs, amounts as rounded
    text; and a dry run over sample facts, each source missing in turn, meets no failing cell.
    """
    findings = Findings()
    content = parsed_content(model_json, findings)
    graph = sound_graph(content, findings) if content is not None else None
    if graph is not None:
        check_cells(graph, stage, findings)
        if not findings.items:
            check_probes(graph, stage, findings)
    return findings.items
