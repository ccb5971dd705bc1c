"""The calibrator: keeps what strategies promised, sees what came of it, and says whom to doubt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from midas.domain.calibration import CalibrationRules, Claim, Decided, Gap, Monitor
from midas.domain.decision import ClaimDecided, ClaimMade, TrustMoved
from midas.domain.market import Bar
from midas.domain.opinion import Signal
from midas.domain.time import MINUTE
from midas.risk.calendar import Calendar
from midas.state.calibration import CLAIMS_MAX, DESK
from midas.state.state import State
from midas.statistics.calibration_monitor import advanced, figures, measured
from midas.statistics.track import overlap

LOOK_EVERY = MINUTE  # of wall time: a figure of thirty days doesn't hurry


class Calibrator:
    """Decides outcomes by closed bars alone, so that tape and book may be gone when they are due."""

    def __init__(self, rules: CalibrationRules, zone: str) -> None:
        """Raises ZoneInfoNotFoundError where there is no such time zone."""
        self._rules = rules
        self._calendar = Calendar(zone)
        self._looked_at = 0
        self._looked_on: tuple[int, int] | None = None  # outcomes and day of the last look

    def claim(self, signal: Signal, outcome: str, state: State) -> ClaimMade | None:
        """What a signal promises; None where it states no chance, or nobody could measure it."""
        price = state.markets[signal.instrument].mid
        if signal.probability is None or not signal.direction or not price > 0.0:
            return None
        if state.calibration.pending >= CLAIMS_MAX:
            return None
        made = ClaimMade(
            Claim(
                signal.strategy, signal.instrument, 1 if signal.direction > 0.0 else -1, signal.probability,
                signal.gain or 0.0, signal.loss or 0.0, price, signal.time, signal.time + signal.horizon_ns,
                state.now, outcome == "acted",
            )
        )  # fmt: skip
        state.calibration.made(made)
        return made

    def on_bar(self, bar: Bar, state: State) -> Iterator[ClaimDecided]:
        """What the newest bar of an instrument decides."""
        waiting = state.calibration.waiting.get(bar.instrument)
        if not waiting:
            return
        bars = state.markets[bar.instrument].bars
        before = bars[-2].time if len(bars) > 1 else 0
        for claim in list(waiting):
            if verdict := _verdict(claim, bar, max(before, claim.time)):
                yield self._decide(claim, verdict[0], bar.time, state)

    def resume(self, state: State) -> Iterator[ClaimDecided]:
        """A session begins: the bars since the last one say what became of what it left waiting."""
        for claim in state.calibration.claims:
            seen = claim.time
            for bar in state.markets[claim.instrument].bars if claim.instrument in state.markets else ():
                if bar.time <= claim.time:
                    continue
                if verdict := _verdict(claim, bar, seen):
                    yield self._decide(claim, verdict[0], bar.time, state)
                    break
                seen = bar.time

    def tick(self, at: int, state: State) -> Iterator[ClaimDecided | TrustMoved]:
        """Once a minute, where something is new: the figures, and who is in doubt."""
        if self._looked_at and 0 <= at - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = at
        calibration, today = state.calibration, self._calendar.periods(at)[0]
        if self._looked_on == (calibration.version, today):
            return
        for claim in calibration.claims:
            if today - self._calendar.periods(claim.at)[0] > self._rules.window_days:
                yield self._decide(claim, None, claim.due, state)
        self._looked_on = calibration.version, today
        self._measure(today, state)
        for name in sorted({*calibration.monitors, *(name for name, _ in calibration.gaps)}):
            before = calibration.monitors.get(name, Monitor())
            gap = calibration.gap(name)
            now = advanced(before, gap, today, self._rules)
            if now != before and (now.degraded or before.degraded):
                moved = TrustMoved(name, now, figures(gap))
                calibration.moved(moved)
                yield moved

    def _measure(self, today: int, state: State) -> None:
        """Of every strategy and of the desk: the signals that were acted on, and all of them."""
        calibration = state.calibration
        first = today - self._rules.window_days
        acted = [each for each in calibration.acted if each.day > first]
        every = [*acted, *(each for each in calibration.others if each.day > first)]
        groups: dict[tuple[str, bool], list[Decided]] = {}
        for taken, outcomes in ((True, acted), (False, every)):
            for each in outcomes:
                groups.setdefault((each.strategy, taken), []).append(each)
            if outcomes:
                groups[DESK, taken] = outcomes
        calibration.gaps = {key: self._gap(outcomes, today) for key, outcomes in groups.items()}

    def _gap(self, outcomes: list[Decided], today: int) -> Gap:
        return measured(outcomes, today, self._rules, alive(outcomes))

    def _decide(self, claim: Claim, won: bool | None, time: int, state: State) -> ClaimDecided:
        decided = ClaimDecided(claim, won, self._calendar.periods(state.now)[0], time)
        state.calibration.decided(decided)
        return decided


def alive(outcomes: Iterable[Decided]) -> float:
    """How many claims on one instrument wait at a time, on average: they count once."""
    lives: dict[str, list[tuple[int, int]]] = {}
    for each in outcomes:
        lives.setdefault(each.instrument, []).append((each.since, each.until))
    return overlap(*lives.values())


def _verdict(claim: Claim, bar: Bar, seen: int) -> tuple[bool | None] | None:
    """Won, lost or (None,) where it can't be known any more; None while it waits. `seen`: up to where we saw.

    A bar that touches both ends is lost: nobody knows which came first.
    """
    if bar.synthetic:
        return None
    opening = bar.time - bar.period
    missed = opening > seen
    if claim.gain:
        if missed:
            return (None,)
        # The bar in which it was said also holds what came before: only its close counts.
        whole = opening >= claim.time
        high, low = (bar.high, bar.low) if whole else (bar.close, bar.close)
        best, worst = (high, low) if claim.direction > 0 else (low, high)
        if claim.direction * (worst / claim.price - 1.0) <= -claim.loss:
            return (False,)
        if claim.direction * (best / claim.price - 1.0) >= claim.gain:
            return (True,)
    if bar.time < claim.due:
        return None
    if missed and opening > claim.due:
        return (None,)
    return (claim.direction * (bar.close - claim.price) > 0.0,)
