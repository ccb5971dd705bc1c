"""What another midas wrote: a newer one is named and left untouched, the first format is read for ever."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from midas import __version__
from midas.domain.mode import KillLevel
from midas.errors import SchemaNewer
from midas.store.head import NAME, SLOT, Head, HeadFile, _framed, read_head
from midas.store.integrity import verify
from midas.store.latch import KillLatch
from midas.store.sessions import list_sessions
from midas.store.survey import survey
from midas.store.tape import read_tape
from tests.store.stored_sessions import sealed_session
from tests.store.test_integrity import contents


@pytest.fixture(scope="module")
def _sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sealed_session(tmp_path_factory.mktemp("home") / "sessions" / "20261121-094600-3f2a")


@pytest.fixture
def sealed(_sealed: Path, tmp_path: Path) -> Path:
    """A session in a home of its own."""
    return Path(shutil.copytree(_sealed, tmp_path / "sessions" / _sealed.name))


def write_head(directory: Path, **fields: Any) -> None:
    """Both slots of a head as a midas with other fields writes them."""
    before = msgspec.to_builtins(read_head(directory).head)
    slot = _framed(msgspec.json.encode(before | fields))
    (directory / NAME).write_bytes(slot * 2)


def test_a_head_of_a_newer_midas_names_it_and_is_left_untouched(sealed: Path) -> None:
    write_head(sealed, format=2, version="7.1", shape="of things to come")
    before = contents(sealed)
    for look in (verify, survey):
        with pytest.raises(SchemaNewer, match=r"by midas 7\.1 .*install the newer midas") as refused:
            look(sealed)
        assert refused.value.exit_code == 2
    assert contents(sealed) == before
    [listed] = list_sessions(sealed.parent.parent)
    assert "midas 7.1" in listed.note


def test_a_head_says_who_wrote_it_and_one_that_does_not_is_of_the_first_format(sealed: Path) -> None:
    head = read_head(sealed).head
    assert (head.format, head.version) == (1, __version__)
    old = {k: v for k, v in msgspec.to_builtins(head).items() if k not in ("format", "version")}
    (sealed / NAME).write_bytes(_framed(msgspec.json.encode(old)) * 2)
    assert (read_head(sealed).valid, read_head(sealed).head.format) == (2, 1)
    assert verify(sealed).sealed


def test_a_head_has_room_for_what_it_says(tmp_path: Path) -> None:
    head = HeadFile(tmp_path)
    most = 2**62
    head.seal(Head(most, most, "f" * 32, most, most, True, "f" * 64))
    head.close()
    assert (tmp_path / NAME).stat().st_size == 2 * SLOT
    assert read_head(tmp_path).head.record == most


def test_a_database_of_a_newer_midas_is_left_untouched(sealed: Path) -> None:
    with closing(sqlite3.connect(sealed / "journal.db")) as connection:
        connection.execute("PRAGMA user_version = 2")
    before = contents(sealed)
    with pytest.raises(SchemaNewer, match=r"has schema version 2 .*MIDAS_HOME; nothing was changed"):
        survey(sealed)
    assert contents(sealed) == before


def test_a_tape_of_a_newer_midas_is_no_damage(sealed: Path) -> None:
    path = sealed / "tape" / "00000001.seg"
    path.write_bytes(path.read_bytes().replace(b"midas tape 1\n", b"midas tape 2\n", 1))
    with pytest.raises(SchemaNewer, match=r"00000001\.seg has format 2"):
        list(read_tape(sealed))


def test_a_latch_of_a_newer_midas_is_set_and_keeps_its_content(tmp_path: Path) -> None:
    content = b'{"format":2,"level":"moon","of":"another shape"}'
    (tmp_path / "kill.latch").write_bytes(content)
    latch = KillLatch(tmp_path / "kill.latch")
    found = latch.read()
    assert latch.is_set
    assert found is not None
    assert (found.level, found.readable) == (KillLevel.HALT, False)
    assert "was set by a newer midas: it counts as set" in found.reason
    latch.trip(KillLevel.HALT, "ops", "again", 5)
    assert (tmp_path / "kill.latch").read_bytes() == content, "what can't be read keeps its severity"
    assert latch.release(found, "ops", "looked", 6)
    assert not latch.is_set


@pytest.mark.parametrize("content", [b"", b"\0" * 40, b"\xff\xfe garbage", b'{"level":"halt"', b"[]", b"{}"])
def test_a_latch_of_any_bytes_is_set(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kill.latch").write_bytes(content)
    found = KillLatch(tmp_path / "kill.latch").read()
    assert found is not None
    assert not found.readable
