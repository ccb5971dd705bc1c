"""Journals of sessions that were killed or ended cleanly, a copy for each test to damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.store.stored_sessions import crashed_session, sealed_session


@pytest.fixture(scope="module")
def _crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crashed_session(tmp_path_factory.mktemp("crashed") / "20261121-101500-77b0")


@pytest.fixture(scope="module")
def _checkpointed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crashed_session(tmp_path_factory.mktemp("long") / "20261121-120000-c0de", 22_000, pause_at=20_500)


@pytest.fixture(scope="module")
def _sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sealed_session(tmp_path_factory.mktemp("sealed") / "20261121-094600-3f2a")


@pytest.fixture
def crashed(_crashed: Path, tmp_path: Path) -> Path:
    """A killed session, all of whose records are in the log."""
    return Path(shutil.copytree(_crashed, tmp_path / _crashed.name))


@pytest.fixture
def checkpointed(_checkpointed: Path, tmp_path: Path) -> Path:
    """A killed session with records in the database and, in a second round, in the log."""
    return Path(shutil.copytree(_checkpointed, tmp_path / _checkpointed.name))


@pytest.fixture
def sealed(_sealed: Path, tmp_path: Path) -> Path:
    """A session that ended cleanly."""
    return Path(shutil.copytree(_sealed, tmp_path / _sealed.name))
