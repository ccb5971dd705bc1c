"""A picture that travels in parts is, at the other end, the picture."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from midas.runtime.parts import Cutter, Jigsaw, Sent, is_quick
from midas.state.snapshot import Snapshot
from tests.fakes.snapshots import normal

_ROOT = Path(__file__).resolve().parents[2]

replace = msgspec.structs.replace


def same(one: Snapshot, other: Snapshot) -> bool:
    return Cutter().cut(one) == Cutter().cut(other)  # NaN equals itself there


class Line:
    """Both ends of one line."""

    def __init__(self) -> None:
        self.sent, self.jigsaw = Sent(), Jigsaw()
        self.names: set[str] = set()

    def bring(self, snapshot: Snapshot, *, quick: bool = False) -> Snapshot:
        parts = self.sent.lacking(Cutter().cut(snapshot), quick=quick)
        self.names = set(parts)
        return self.jigsaw.add(parts)


@pytest.fixture
def picture() -> Snapshot:
    return Line().bring(normal())  # decoded once: every number has the type of its field


def test_the_first_frame_brings_the_whole_picture(picture: Snapshot) -> None:
    assert same(Line().bring(picture), picture)


def test_what_stays_as_it_is_is_not_sent_again(picture: Snapshot) -> None:
    line = Line()
    line.bring(picture)
    later = replace(picture, sequence=picture.sequence + 1)
    assert same(line.bring(later), later)
    assert line.names == {"sequence"}
    assert same(line.bring(later), later)
    assert line.names == set()


def test_one_instrument_s_change_leaves_the_others_as_they_are(picture: Snapshot) -> None:
    line = Line()
    before = line.bring(picture)
    first, *others = picture.instruments
    moved = replace(first, last=first.last + 1.0)
    after = line.bring(replace(picture, instruments=(moved, *others)))
    assert line.names == {f"{first.id}/last"}
    assert after.instruments[0].last == moved.last
    assert after.instruments[1] is before.instruments[1]


def test_a_quick_turn_brings_everything_once_the_account_is_recovered(picture: Snapshot) -> None:
    line = Line()
    line.bring(replace(picture, recovering=True))
    recovered = replace(picture, recovering=False, money=replace(picture.money, fees=7.0))
    assert same(line.bring(recovered, quick=True), recovered)


def test_a_quick_turn_brings_books_and_mode_and_the_next_common_one_the_rest(picture: Snapshot) -> None:
    line = Line()
    line.bring(picture)
    first, *others = picture.instruments
    book = replace(first.book, spread=first.book.spread + 1.0)
    changed = replace(
        picture,
        mode=replace(picture.mode, mode="PAUSE"),
        money=replace(picture.money, fees=7.0),
        instruments=(replace(first, book=book, last=1.0), *others),
    )
    shown = line.bring(changed, quick=True)
    assert all(is_quick(name) for name in line.names)
    assert shown.mode.mode == "PAUSE"
    assert shown.instruments[0].book.spread == book.spread
    assert (shown.money.fees, shown.instruments[0].last) == (picture.money.fees, first.last)
    assert same(line.bring(changed), changed)


def test_an_instrument_that_goes_is_gone(picture: Snapshot) -> None:
    line = Line()
    line.bring(picture)
    fewer = replace(picture, instruments=picture.instruments[1:])
    assert same(line.bring(fewer), fewer)


def test_a_part_of_a_newer_engine_is_passed_over(picture: Snapshot) -> None:
    parts = Sent().lacking(Cutter().cut(picture), quick=False)
    unknown = {"weather": msgspec.Raw(msgspec.msgpack.encode("fine"))}
    assert same(Jigsaw().add(parts | unknown), picture)


@pytest.mark.parametrize("missing", ["money", "instruments"])
def test_a_picture_that_lacks_something_is_refused(picture: Snapshot, missing: str) -> None:
    parts = Sent().lacking(Cutter().cut(picture), quick=False)
    del parts[missing]
    with pytest.raises(msgspec.ValidationError, match="lacks"):
        Jigsaw().add(parts)


def test_what_is_the_same_object_is_not_encoded_again(picture: Snapshot) -> None:
    cutter = Cutter()
    before = cutter.cut(picture)
    later = cutter.cut(replace(picture, sequence=picture.sequence + 1, gates=()))
    assert later["closed"] is before["closed"]
    assert later["sequence"] != before["sequence"]
    assert same(
        Jigsaw().add(Sent().lacking(later, quick=False)), replace(picture, sequence=picture.sequence + 1)
    )


_AT_ONCE = """
import sys, threading
import msgspec
from midas.runtime.parts import Cutter, Jigsaw
from tests.fakes.snapshots import normal

sys.setswitchinterval(1e-6)
parts = {name: msgspec.Raw(part) for name, part in Cutter().cut(normal()).items()}
gate, whole = threading.Barrier(4), []

def read():
    gate.wait()
    whole.append(Jigsaw().add(parts))

threads = [threading.Thread(target=read) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(whole))
"""


@pytest.mark.parametrize("_attempt", range(3))  # without a lock about every second one ends in a crash
def test_lines_that_read_their_first_picture_at_once_all_get_it(_attempt: int) -> None:
    told = subprocess.run([sys.executable, "-c", _AT_ONCE], capture_output=True, text=True, cwd=_ROOT)
    assert (told.returncode, told.stdout) == (0, "4\n"), told.stderr
