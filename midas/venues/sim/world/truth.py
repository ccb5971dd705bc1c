"""What really happens in a synthetic world: a file of its own, for tests and for whoever judges a trader.

JSON lines. The first says which world it is; each later one is a fact, told when it becomes true. Nothing
of it is on any stream, and neither the run file nor the status names the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from midas.errors import ConfigInvalid, StoreDamaged


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

_DECODE = msgspec.json.Decoder(Fact).decode
_ENCODE = msgspec.json.Encoder().encode


class TruthFile:
    """Writes facts down; what is older than a second of the market is on disk."""

    def __init__(self, path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.fchmod(descriptor, 0o600)  # one that somebody else made for everybody
        except OSError as error:
            raise ConfigInvalid(
                f"{path}: the truth can't be written there ({error.strerror}); name another file"
            ) from None
        self._file = os.fdopen(descriptor, "wb", buffering=1 << 16)

    def tell(self, fact: Fact) -> None:
        """Write one fact."""
        self._file.write(_ENCODE(fact) + b"\n")
        if isinstance(fact, TruePrice):
            self._file.flush()

    def close(self) -> None:
        """Nothing more happens."""
        self._file.close()


def read_truth(path: Path) -> Iterator[Fact]:
    """The facts of a file, the header first. A line that was cut short ends it."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield _DECODE(line)
            except msgspec.DecodeError as error:
                raise StoreDamaged(
                    f"{path}:{number}: not a line that `midas sim --truth` wrote ({error})",
                    str(path),
                    number - 1,
                ) from None
