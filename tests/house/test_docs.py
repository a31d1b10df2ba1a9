"""What the documents say of the code is so: links lead somewhere, names exist, lists are complete."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.house.reading import ROOT, sources

LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE: Final = re.compile(r"`([^`\n]+)`")
FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING: Final = re.compile(r"^#+ +(.*)$", re.MULTILINE)
SOURCE_PATH: Final = re.compile(
    r"(?:core|tenants|verification|accounts|lending|config|sandbox|scripts|tests|docs)/[\w./-]*(?:\.\w+|/)\Z"
)
TARGET: Final = re.compile(r"^([a-z-]+):.*## ", re.MULTILINE)
PARTS: Final = ["Context", "Decision", "Rejected", "Consequences"]
FURTHER: Final = {"DJANGO_SETTINGS_MODULE", "DEMO_HOST"}  # fixed by the entry points; of the demo, not of the settings


def _documents() -> list[Path]:
    doors = [*ROOT.glob("[!.]*/README.md"), *(ROOT / "lending").glob("[!R]*.md")]
    return sorted([*ROOT.glob("*.md"), *doors, *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])


DOCUMENTS: Final = [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in _documents()]


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as they are made of small letters, digits and hyphens."""
    titles = HEADING.findall(FENCE.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS)
class TestEveryDocument:
    def test_has_links_that_lead_somewhere(self, path: Path) -> None:
        broken = []
        for link in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
            name, _, anchor = link.partition("#")
            target = path if not name else (path.parent / name)
            if "://" in link or link.startswith("mailto:"):
                continue
            if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
                broken.append(link)
        assert broken == []

    def test_names_files_that_exist(self, path: Path) -> None:
        named = {
            text for text in CODE.findall(FENCE.sub("", path.read_text(encoding="utf-8"))) if SOURCE_PATH.match(text)
        }
        assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


class TestSettings:
    def test_every_variable_is_on_the_deployment_page(self) -> None:
        told = set(re.findall(r"`([A-Z][A-Z_]+)`", (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")))
        told |= {name.removesuffix("_FILE") for name in told}
        assert set(_variables()) - told - FURTHER == set()

    def test_no_variable_is_on_the_deployment_page_that_nothing_reads(self) -> None:
        page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
        section = page.partition("## Environment")[2].partition("\n## ")[0]
        rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
        told = {name for row in rows for name in re.findall(r"`([A-Z][A-Z_]+)`", row)}
        known = set(_variables())
        assert {name for name in told if name not in known and name.removesuffix("_FILE") not in known} == set()


def _variables() -> Iterator[str]:
    """Give the names of all environment variables that the settings read, secrets by their own name."""
    for source in sources("config"):
        for node in ast.walk(source.tree()):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            if ast.unparse(node.func) in {"os.environ.get", "os.environ.setdefault", "_secret"}:
                yield str(node.args[0].value)


def test_both_readmes_name_every_make_target() -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    for name in ("README.md", "README.zh.md"):
        told = set(re.findall(r"`make ([a-z-]+)", (ROOT / name).read_text(encoding="utf-8")))
        assert targets - told == set(), name
        assert told - targets == set(), name


def test_both_readmes_begin_with_the_two_commands() -> None:
    for name in ("README.md", "README.zh.md"):
        first_screen = "\n".join((ROOT / name).read_text(encoding="utf-8").splitlines()[:30])
        assert "make demo" in first_screen, name
        assert "make test" in first_screen, name


class TestDecisions:
    def test_each_has_its_four_parts(self) -> None:
        decisions = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
        assert decisions
        partial = [path.name for path in decisions if HEADING.findall(path.read_text(encoding="utf-8"))[1:] != PARTS]
        assert partial == []

    def test_each_is_in_the_list_under_its_own_number(self) -> None:
        folder = ROOT / "docs" / "decisions"
        listed = re.findall(
            r"^- \[(\d{4})\]\((\d{4}-[\w-]+\.md)\) (.*)$", (folder / "README.md").read_text("utf-8"), re.MULTILINE
        )
        assert [(name[:4], name) for name in sorted(path.name for path in folder.glob("0*.md"))] == [
            (number, name) for number, name, _ in listed
        ]
        for number, name, title in listed:
            assert (folder / name).read_text(encoding="utf-8").startswith(f"# {number} {title}\n")
