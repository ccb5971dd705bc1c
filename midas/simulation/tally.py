"""What many worlds came to: sums that don't show in which order they ended, and a file that keeps them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Container, Iterator
from pathlib import Path

import msgspec

from midas.errors import ConfigInvalid
from midas.simulation.coverage import untouched
from midas.simulation.plan import Plan
from midas.simulation.world import Verdict

SHOWN = 20  # violated worlds that a report spells out
_PACKAGE = Path(__file__).resolve().parents[1]


class Failed(msgspec.Struct, frozen=True):
    """A world that violated something."""

    seed: int
    violations: tuple[str, ...]
    plan: Plan | None = None


class Report(msgspec.Struct, frozen=True):
    """What a campaign came to."""

    seeds: int
    violations: int
    virtual_hours: float
    trace: str  # of all seeds, equal for equal seeds
    worlds: int  # more than seeds where each fails at every place
    orders_per_seed: float  # as the two below, of one world
    faults_per_seed: float
    virtual_minutes_per_seed: float
    restarts: int
    faults: dict[str, int]
    pairs: dict[str, int]  # of an order's state and an event, how often they met
    untouched: tuple[str, ...]  # what should have been met and wasn't
    failed: tuple[Failed, ...]  # the first of them
    hands: dict[str, int] = {}  # what a busy person and the guard did; empty: nobody asked for them


class Part(msgspec.Struct, frozen=True):
    """Some worlds, summed up, as they are kept."""

    worlds: tuple[tuple[int, int, int], ...]  # seed, place and trace of each
    violations: int
    orders: int
    restarts: int
    seconds: float  # virtual
    faults: dict[str, int]
    pairs: dict[str, int]
    failed: tuple[Failed, ...]
    hands: dict[str, int] = {}


class Tally:
    """Adds verdicts up."""

    def __init__(self) -> None:
        self.violations = self.orders = self.restarts = 0
        self.seconds = 0.0
        self.faults: Counter[str] = Counter()
        self.pairs: Counter[str] = Counter()
        self.hands: Counter[str] = Counter()
        self.failed: list[Failed] = []
        self.worlds: list[tuple[int, int, int]] = []

    def add(self, verdict: Verdict) -> None:
        """One more world."""
        self.worlds.append((verdict.seed, verdict.place, int(verdict.trace, 16)))
        self.violations += len(verdict.violations)
        self.orders += verdict.orders
        self.restarts += verdict.lives - 1
        self.seconds += verdict.virtual_seconds
        self.faults.update(verdict.faults)
        self.pairs.update(verdict.pairs)
        self.hands.update(verdict.hands)
        if verdict.violations:
            self.failed.append(Failed(verdict.seed, verdict.violations, verdict.plan))

    def merge(self, part: Part) -> None:
        """As if its worlds had been added one by one."""
        self.worlds += part.worlds
        self.violations += part.violations
        self.orders += part.orders
        self.restarts += part.restarts
        self.seconds += part.seconds
        self.faults.update(part.faults)
        self.pairs.update(part.pairs)
        self.hands.update(part.hands)
        self.failed += part.failed

    def part(self) -> Part:
        """All of it, to be kept."""
        return Part(
            tuple(self.worlds), self.violations, self.orders, self.restarts, self.seconds, dict(self.faults),
            dict(self.pairs), tuple(self.failed), dict(self.hands),
        )  # fmt: skip

    def report(self) -> Report:
        """The sum so far."""
        worlds, traces = max(1, len(self.worlds)), self._traces()
        digest = hashlib.sha256()
        for seed, trace in sorted(traces.items()):
            digest.update(f"{seed} {trace:016x}\n".encode())
        return Report(
            len(traces), self.violations, round(self.seconds / 3600, 3), digest.hexdigest()[:32],
            len(self.worlds), round(self.orders / worlds, 2), round(self.faults.total() / worlds, 2),
            round(self.seconds / 60 / worlds, 2), self.restarts, dict(sorted(self.faults.items())),
            dict(sorted(self.pairs.items())), tuple(untouched(self.pairs, self.faults, self.hands)),
            tuple(sorted(self.failed, key=lambda f: (f.seed, f.violations))[:SHOWN]),
            dict(sorted(self.hands.items())),
        )  # fmt: skip

    def _traces(self) -> dict[int, int]:
        traces: dict[int, int] = {}
        for seed, _, trace in self.worlds:
            traces[seed] = traces.get(seed, 0) ^ trace
        return traces


class _Line(msgspec.Struct, frozen=True):
    made_by: str
    part: Part


class Kept:
    """Finished worlds in a file of JSON lines, so that an interrupted campaign goes on where it stood."""

    def __init__(self, path: Path | None, made_by: str) -> None:
        """`made_by` names the code and the question: what others have made is left alone and not counted."""
        self._path = path
        self._made_by = made_by

    def parts(self, seeds: Container[int]) -> Iterator[Part]:
        """What stands there of these seeds alone; a torn line is passed over. Raises ConfigInvalid."""
        if self._path is None or not self._path.exists():
            return
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError as error:
            raise self._refused("read", error) from None
        for text in lines:
            try:
                line = msgspec.json.decode(text, type=_Line)
            except msgspec.MsgspecError:
                continue
            if line.made_by == self._made_by and all(seed in seeds for seed, _, _ in line.part.worlds):
                yield line.part

    def add(self, part: Part) -> None:
        """Append it. Raises ConfigInvalid."""
        if self._path is None or not part.worlds:
            return
        line = msgspec.json.encode(_Line(self._made_by, part))
        try:
            with self._path.open("ab") as file:
                file.write(b"\n" + line + b"\n")  # whatever a crash has left before it
        except OSError as error:
            raise self._refused("written", error) from None

    def _refused(self, act: str, error: OSError) -> ConfigInvalid:
        return ConfigInvalid(
            f"--keep {self._path}: can't be {act} ({error.strerror}); name a file of your own"
        )


def made_by(question: object) -> str:
    """Names all code that a world runs, and what was asked of it."""
    digest = hashlib.sha256(msgspec.json.encode(question))
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
