"""The set-up: made once, skipped in a moment, never half-made, and clear about what is missing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts import editor, setup

if TYPE_CHECKING:
    from collections.abc import Callable

FIND_PYTHON = Path(setup.__file__).with_name("find-python.sh")


class FakeInstaller:
    """Make what pip and venv would make, and count how often."""

    def __init__(self) -> None:
        self.runs = 0

    def make_venv(self, _: list[str], *, lock: int) -> None:
        assert lock > 0
        python = setup.VENV / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch()

    def install(self, _: int) -> int:
        self.runs += 1
        return 3


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeInstaller:
    """Set up in an empty folder, with tools that only pretend."""
    local = tmp_path / ".local"
    monkeypatch.setattr(setup, "LOCAL", local)
    monkeypatch.setattr(setup, "VENV", local / "venv")
    monkeypatch.setattr(setup, "MARKER", local / "venv" / "complete.json")
    monkeypatch.setattr(setup, "LOCK_FILE", tmp_path / "requirements.lock")
    monkeypatch.setattr("os.umask", lambda _: 0)
    monkeypatch.delenv("PYTHON", raising=False)
    setup.LOCK_FILE.write_text("one==1\n")
    fake = FakeInstaller()
    monkeypatch.setattr(setup, "_run_quietly", fake.make_venv)
    monkeypatch.setattr(setup, "_install", fake.install)
    monkeypatch.setattr(editor, "is_due", lambda *_, **__: False)  # of the editor: tests/scripts/test_editor.py
    return fake


class TestMain:
    def test_a_second_run_does_nothing(self, installer: FakeInstaller) -> None:
        assert [setup.main(), setup.main()] == [0, 0]
        assert installer.runs == 1

    def test_a_changed_lock_file_makes_the_environment_anew(
        self, installer: FakeInstaller, capsys: pytest.CaptureFixture[str]
    ) -> None:
        setup.main()
        old = setup.VENV / "left-over"
        old.touch()
        setup.LOCK_FILE.write_text("one==2\n")
        assert setup.main() == 0
        assert installer.runs == 2
        assert not old.exists()
        assert "The lock file has changed" in capsys.readouterr().err

    def test_an_interrupted_run_leaves_nothing_that_passes_for_whole(
        self, installer: FakeInstaller, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def interrupted(_: int) -> int:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(setup, "_install", interrupted)
            assert setup.main() == setup.INTERRUPTED
        assert setup.main() == 0
        assert installer.runs == 1
        assert "half-made" in capsys.readouterr().err

    def test_an_environment_whose_python_is_gone_is_made_anew(self, installer: FakeInstaller) -> None:
        setup.main()
        (setup.VENV / "bin" / "python").unlink()
        assert setup.main() == 0
        assert installer.runs == 2

    def test_another_python_counts_only_when_asked_for_by_name(
        self, installer: FakeInstaller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        setup.main()
        made = json.loads(setup.MARKER.read_text())
        setup.MARKER.write_text(json.dumps({**made, "python": "3.0"}))
        assert setup.main() == 0
        assert installer.runs == 1
        monkeypatch.setenv("PYTHON", "python3")
        assert setup.main() == 0
        assert installer.runs == 2

    def test_the_environment_of_a_running_command_is_kept(
        self, installer: FakeInstaller, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from scripts.local_stack import uses

        setup.main()
        use = uses.take_use(setup.LOCAL / "stack")
        setup.LOCK_FILE.write_text("one==2\n")
        assert setup.main() == 1
        assert "a command of this checkout runs with the old one" in capsys.readouterr().err
        uses.drop_use(use)
        assert setup.main() == 0
        assert installer.runs == 2

    def test_it_goes_on_without_the_visual_editor_unless_asked_for_it(
        self, installer: FakeInstaller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(editor, "is_due", lambda *_, **__: True)
        monkeypatch.setattr(editor, "have", lambda *_: False)
        assert [setup.main(), setup.main(), setup.main(["--editor"])] == [0, 0, 1]
        assert installer.runs == 1


class TestExplain:
    @pytest.mark.parametrize(
        ("output", "cause"),
        [
            ("OSError: [Errno 28] No space left on device", "the disk is full"),
            ("NewConnectionError: Failed to establish a new connection", "cannot be reached"),
            ("ERROR: No matching distribution found for one==1", "no ready-made package"),
            ("THESE PACKAGES DO NOT MATCH THE HASHES", "differs from the one that was locked"),
            ("SSLError(SSLCertVerificationError)", "certificate"),
        ],
    )
    def test_the_cause_is_named_with_a_next_step(self, output: str, cause: str) -> None:
        text = str(setup._explain("pip", output))
        assert cause in text
        assert "What to do: " in text
        assert output in text


class TestFindPython:
    @pytest.fixture
    def fake_python(self, tmp_path: Path) -> Callable[[str, str], Path]:
        def make(name: str, body: str) -> Path:
            path = tmp_path / name
            path.write_text(f"#!/bin/sh\n{body}\n")
            path.chmod(0o755)
            return path

        return make

    def find(self, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(FIND_PYTHON)],
            env={"PATH": str(folder), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_the_first_that_answers_with_a_good_version_is_taken(
        self, tmp_path: Path, fake_python: Callable[[str, str], Path]
    ) -> None:
        fake_python("python3", "exit 1")  # too old, or a stub
        good = fake_python("python3.12", "exit 0")
        assert self.find(tmp_path).stdout.strip() == str(good)

    def test_none_at_all_is_said_with_the_next_step(
        self, tmp_path: Path, fake_python: Callable[[str, str], Path]
    ) -> None:
        fake_python("python3", "exit 1")
        found = self.find(tmp_path)
        assert found.returncode == 1
        assert "No Python of 3.11 to 3.13 on PATH" in found.stderr
        assert "What to do: " in found.stderr

    def test_a_named_one_is_taken_or_refused_never_replaced(
        self, tmp_path: Path, fake_python: Callable[[str, str], Path]
    ) -> None:
        fake_python("python3", "exit 0")
        named = fake_python("mine", "exit 0")
        bad = fake_python("bad", "exit 1")
        assert self.find(tmp_path, PYTHON=str(named)).stdout.strip() == str(named)
        refused = self.find(tmp_path, PYTHON=str(bad))
        assert (refused.returncode, refused.stdout) == (1, "")
