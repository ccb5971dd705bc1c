"""The trial ledger: whoever tries a strategy on data is counted, or luck looks like skill.

One line a trial in `trials.jsonl` of a home, appended and synced; a torn last line is nobody's trial.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from midas.backtest.series import Bars
from midas.errors import StoreError

FILE = "trials.jsonl"


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Which market, and when: other files of it are the same candles where they overlap."""

    instruments: tuple[str, ...]
    begins: int
    ends: int

    def meets(self, other: Span) -> bool:
        """Whether both hold a moment of one instrument."""
        return (
            self.begins < other.ends and other.begins < self.ends
            and not set(self.instruments).isdisjoint(other.instruments)
        )  # fmt: skip


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration on one set of candles."""

    strategy: str
    data: str  # `digest_of` the candles
    parameters: dict[str, object]
    sharpe_day: float | None  # of daily returns, not annualised; None: too few days, or nothing varied
    at: int  # wall time, nanoseconds
    by: str = ""  # "sweep <id>", "backtest", "walkforward"
    of: Span | None = None  # None: an older version wrote it


def digest_of(series: Sequence[Bars]) -> str:
    """Equal where candles are: their instruments, times and prices."""
    found = hashlib.blake2b(digest_size=8)
    for bars in series:
        found.update(f"{bars.instrument.id} {bars.period}".encode())
        for column in (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume):
            found.update(column.tobytes())
    return found.hexdigest()


def span_of(series: Sequence[Bars]) -> Span:
    """Of candles that are there."""
    return Span(
        instruments=tuple(bars.instrument.id for bars in series),
        begins=min(int(bars.time[0]) - bars.period for bars in series),
        ends=max(int(bars.time[-1]) for bars in series),
    )  # fmt: skip


def count(home: Path, tried: Iterable[Tried]) -> None:
    """Add them to the ledger; on disk when it returns. Raises StoreError."""
    lines = b"".join(msgspec.json.encode(each) + b"\n" for each in tried)
    if not lines:
        return
    try:
        home.mkdir(parents=True, exist_ok=True)
        with (home / FILE).open("ab") as file:
            # What a crash left of a line must not swallow the next one.
            file.write(lines if _whole(home / FILE) else b"\n" + lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f"{home / FILE}: the trials can't be counted: {error.strerror or error}") from None


def counted(home: Path, data: str = "", strategy: str = "", of: Span | None = None) -> list[Tried]:
    """All of them, on these candles and of this strategy where one is named; the same trial once.

    `of`: a configuration that was tried on other candles that meet it counts as well, once: a day more or
    less of the same market makes no new data.
    """
    try:
        lines = (home / FILE).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    found, near = dict[bytes, Tried](), dict[bytes, Tried]()
    for line in lines:
        try:
            tried = msgspec.json.decode(line, type=Tried)
        except msgspec.MsgspecError:
            continue
        if strategy not in ("", tried.strategy):
            continue
        if data in ("", tried.data):
            found[_key(tried)] = tried
        elif of is not None and tried.of is not None and of.meets(tried.of):
            near[_configuration(tried)] = tried
    here = set(map(_configuration, found.values()))
    return [*found.values(), *(tried for key, tried in near.items() if key not in here)]


def _configuration(tried: Tried) -> bytes:
    return msgspec.json.encode((tried.strategy, tried.parameters), order="sorted")


def _key(tried: Tried) -> bytes:
    """Whoever tries the same again, and sees the same, has learned nothing new."""
    it = tried
    return msgspec.json.encode((it.strategy, it.data, it.parameters, it.sharpe_day), order="sorted")


def _whole(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
