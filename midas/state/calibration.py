"""Stated chances that wait for their outcome, the outcomes of the last days, and who is in doubt."""

from __future__ import annotations

from collections import deque

from midas.domain.calibration import NOTHING, CalibrationRules, Claim, Decided, Gap, Monitor
from midas.domain.decision import ClaimDecided, ClaimMade, TrustMoved

DESK = ""  # the name of all strategies together
CLAIMS_MAX = 1_000  # waiting at a time; what is said beyond them isn't measured
DECIDED_KEPT = 2_000  # outcomes of signals that were acted on, and as many of the others


class Calibration:
    """Changed only while the engine steps; survives restarts."""

    def __init__(self) -> None:
        self.rules = CalibrationRules()
        self.waiting: dict[str, list[Claim]] = {}  # by instrument, the oldest first
        self.acted: deque[Decided] = deque(maxlen=DECIDED_KEPT)
        self.others: deque[Decided] = deque(maxlen=DECIDED_KEPT)
        self.monitors: dict[str, Monitor] = {}  # by strategy; of the desk under DESK
        self.voided = 0  # in this session: claims whose outcome nobody saw
        self.version = 0  # of the outcomes
        self.gaps: dict[
            tuple[str, bool], Gap
        ] = {}  # by strategy: of acted signals, and of all; by the last look

    @property
    def pending(self) -> int:
        """How many wait."""
        return sum(map(len, self.waiting.values()))

    def doubted(self, strategy: str) -> bool:
        """Whether the chances of this strategy, or of the desk, don't come true."""
        monitors = self.monitors
        return bool(monitors) and any(
            name in monitors and monitors[name].degraded for name in (strategy, DESK)
        )

    def effective(self, strategy: str) -> float:
        """How many independent outcomes of its signals are known, acted on or not."""
        return self.gaps.get((strategy, False), NOTHING).effective

    def gap(self, strategy: str, acted: bool = True) -> Gap:
        """As of the last look."""
        return self.gaps.get((strategy, acted), NOTHING)

    def fold(self, decision: ClaimMade | ClaimDecided | TrustMoved) -> None:
        """As the engine decided it."""
        if isinstance(decision, ClaimMade):
            self.made(decision)
        elif isinstance(decision, ClaimDecided):
            self.decided(decision)
        else:
            self.moved(decision)

    def made(self, decision: ClaimMade) -> None:
        """A chance was stated."""
        self.waiting.setdefault(decision.claim.instrument, []).append(decision.claim)

    def decided(self, decision: ClaimDecided) -> None:
        """The market has spoken, or nobody heard it."""
        claim = decision.claim
        waiting = self.waiting.get(claim.instrument, [])
        if claim in waiting:
            waiting.remove(claim)
        if decision.won is None:
            self.voided += 1
            return
        self.version += 1
        (self.acted if claim.acted else self.others).append(
            Decided(
                claim.strategy, claim.instrument, decision.day, claim.probability, decision.won, claim.acted,
                claim.time, decision.time,
            )
        )  # fmt: skip

    def moved(self, decision: TrustMoved) -> None:
        """A strategy, or the desk, is in doubt, a day nearer to its end, or trusted again."""
        self.monitors[decision.strategy] = decision.monitor

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All that wait, to be kept."""
        return tuple(claim for waiting in self.waiting.values() for claim in waiting)

    def restore(
        self, claims: tuple[Claim, ...], decided: tuple[Decided, ...], monitors: dict[str, Monitor]
    ) -> None:
        """As they were."""
        for claim in claims:
            self.waiting.setdefault(claim.instrument, []).append(claim)
        for each in decided:
            (self.acted if each.acted else self.others).append(each)
        self.monitors = dict(monitors)
        self.version += 1
