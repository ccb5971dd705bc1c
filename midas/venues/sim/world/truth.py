"""What really happens in a synthetic world: a file of its own, for tests and for whoever judges a trader.

JSON lines. The first says which world it is; each later one is a fact, told when it becomes true. Nothing
of it is on any stream, and neither the run file nor the status names the file.

A convention keeps it from a trader, not a wall: the file is its owner's alone (0600), but a market is
computed from its preset and seed, so whoever knows both can compute its truth. Judge a trader on a seed of
its own, which the trader's process doesn't get to see; the status doesn't tell it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from midas.domain.unreadable import UNREADABLE
from midas.errors import ConfigInvalid, StoreDamaged, StoreFull


class TruthHeader(msgspec.Struct, frozen=True, kw_only=True, tag="world", tag_field="fact"):
    """Which market the facts are of. Lists in them follow `symbols`; times are nanoseconds of market time."""

    seed: int
    preset: str
    parameters: str  # their hash
    start: int
    step_seconds: float
    symbols: list[str]


class RegimeChange(msgspec.Struct, frozen=True, tag="regime", tag_field="fact"):
    """A regime begins."""

    time: int
    regime: str


class TruePrice(msgspec.Struct, frozen=True, tag="price", tag_field="fact"):
    """Each second: the fundamental prices, and how far the takers' flow holds the fair prices from them."""

    time: int
    fundamental: list[float]
    impact: list[float]


class Jump(msgspec.Struct, frozen=True, tag="jump", tag_field="fact"):
    """A fundamental price jumps in the slice that begins at `time`."""

    time: int
    symbol: str
    log_return: float


class Told(msgspec.Struct, frozen=True, kw_only=True, tag="news", tag_field="fact"):
    """A headline, true or a decoy. `symbol` is empty where the whole market is meant."""

    time: int  # of the headline
    happened: int  # when the step began in which the price jumped, or in which it didn't
    symbol: str
    sign: int
    strength: float  # in daily volatilities of the moment
    headline: str
    decoy: bool


class PlantedSignal(msgspec.Struct, frozen=True, tag="signal", tag_field="fact"):
    """Each step, before it: the planted signals, and the noisy features that a trader may see of them."""

    time: int
    signal: list[float]
    feature: list[float]


Fact = TruthHeader | RegimeChange | TruePrice | Jump | Told | PlantedSignal
Tell = Callable[[Fact], None]

EDGE = 1 << 22  # bytes: more than a market tells between two of its saved states

_DECODE = msgspec.json.Decoder(Fact).decode
_ENCODE = msgspec.json.Encoder().encode


class TruthFile:
    """Writes facts down, each as soon as it is told; nothing is touched before `open`."""

    def __init__(self, path: Path, *, goes_on: bool = False) -> None:
        """`goes_on`: the market is the one whose truth the file holds. Raises ConfigInvalid."""
        self._path = path
        self._file: BinaryIO | None = None
        self._waiting: list[bytes] = []
        self.failure: StoreFull | None = None  # why nothing more is written; the exchange ends for it
        if not path.parent.is_dir():
            raise _unwritable(path, "there is no such folder")
        if path.exists() and not path.is_file():
            raise _unwritable(path, "it is no regular file")
        try:
            if not goes_on and path.exists() and path.stat().st_size:
                raise ConfigInvalid(
                    f"{path} holds the truth about an earlier market; name another file or move it away "
                    "(it is added to where the exchange goes on from its --state)"
                )
            self._told = _edges(path) if goes_on and path.exists() else frozenset()
        except OSError as error:
            raise _unwritable(path, error.strerror) from None

    def open(self) -> None:
        """Write from now on, after what the file holds. Raises ConfigInvalid."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            os.fchmod(descriptor, 0o600)  # one that somebody else made for everybody
            self._file = os.fdopen(descriptor, "r+b", buffering=0)
            _end_with_a_line(self._file)
        except OSError as error:
            raise _unwritable(self._path, error.strerror) from None
        self._write(b"".join(self._waiting))
        self._waiting.clear()

    def tell(self, fact: Fact) -> None:
        """Write one fact, unless it was written before the market went on. Raises ConfigInvalid.

        A disk that takes no more is no error here, in the middle of a step of the market: see `failure`.
        """
        line = _ENCODE(fact) + b"\n"
        if line in self._told:
            return
        if self._told and isinstance(fact, TruthHeader):
            raise ConfigInvalid(f"{self._path} holds the truth about another market; name another file")
        if self._file is None:
            self._waiting.append(line)
        else:
            self._write(line)

    def _write(self, content: bytes) -> None:
        if self.failure is not None or self._file is None:
            return
        try:
            while content:
                content = content[self._file.write(content) :]  # a disk that fills up takes a part
        except OSError as error:
            self.failure = StoreFull(
                f"{self._path}: the truth can't be written ({error.strerror}) and ends with its last whole "
                "line; make room on the disk"
            )

    def close(self) -> None:
        """Nothing more happens."""
        if self._file is not None:
            self._file.close()


def _edges(path: Path) -> frozenset[bytes]:
    """The lines at both ends of a file: those that a market which goes on may tell a second time."""
    with path.open("rb") as file:
        lines = file.read(EDGE).splitlines(keepends=True)
        file.seek(max(0, path.stat().st_size - EDGE))
        return frozenset(lines + file.readlines())


def _end_with_a_line(file: BinaryIO) -> None:
    """Cut a line off that a crash left without its end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - EDGE))
    tail = file.read()
    file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)


def _unwritable(path: Path, why: str | None) -> ConfigInvalid:
    return ConfigInvalid(f"{path}: the truth can't be written there ({why}); name another file")


def read_truth(path: Path) -> Iterator[Fact]:
    """The facts of a file, the header first. A line that was cut short ends it."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield _DECODE(line)
            except UNREADABLE as error:
                raise StoreDamaged(
                    f"{path}:{number}: not a line that `midas sim --truth` wrote ({error})",
                    str(path),
                    number - 1,
                ) from None
