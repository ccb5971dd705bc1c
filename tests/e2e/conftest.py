"""Homes with a whole and with a crashed session in them, recorded once; nothing of them goes on running."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.desk import PAYLOAD, REPOSITORY, ProcessDesk, finished, last_line, until

RUN = ["--no-ui", "--market", str(PAYLOAD), "--speed", "20", "--json"]  # it ends with the recording
ENDLESS = ["--no-ui", "--market", "synthetic", "--speed", "10", "--json"]


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Short, since sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="midas-e2e-") as made:
        yield Path(made)


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessDesk]:
    """An empty home."""
    with tempfile.TemporaryDirectory(prefix="midas-e2e-") as made:
        one = ProcessDesk(Path(made) / "home")
        yield one
        one.close()


@pytest.fixture(scope="session")
def whole(folder: Path) -> ProcessDesk:
    """A home with one complete run over the shipped recording; `outcome` is what the run said."""
    with closing(ProcessDesk(folder / "whole")) as desk:
        done = desk.run(*RUN, "--duration", "60")
    assert done.returncode == 0, done.stderr
    desk.outcome = last_line(done.stdout)
    return desk


@pytest.fixture(scope="session")
def crashed(folder: Path) -> ProcessDesk:
    """A home whose only session was ended by `kill -9`."""
    with closing(ProcessDesk(folder / "crashed")) as desk:
        engine = desk.start(*ENDLESS)
        desk.comes_up()
        until(lambda: desk.status()["sequence"] > 1_000, "a journal that is worth something")
        engine.kill()
        finished(engine)
    return desk


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[ProcessDesk], Path]:
    """Copies a home's only session into a home of the test's own; commands then run in this process."""

    def copy(desk: ProcessDesk) -> Path:
        [session] = desk.sessions()
        monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "copy"))
        monkeypatch.chdir(REPOSITORY)
        target = tmp_path / "copy" / "sessions" / session.name
        shutil.copytree(session, target)
        return target

    return copy


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace to break."""
    target = tmp_path / "workspace"
    target.mkdir()
    for part in ("config.toml", "strategies"):
        source = REPOSITORY / part
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target / part)
    return target


@pytest.fixture
def alone(desk: ProcessDesk, workspace: Path) -> ProcessDesk:
    """A desk for a hand alone: a strategy's order may meet the hand's, or use its limits up."""
    config = workspace / "config.toml"
    config.write_text(re.sub(r"(?m)^(\[strategies\..*)$", r"\1\nenabled = false", config.read_text()))
    desk.workspace = workspace
    return desk
