"""A strategy whose stated chances don't come true drives the desk to DEFENSIVE, and proving itself back."""

from __future__ import annotations

import pytest

from midas.domain.command import SetMode
from midas.domain.decision import ClaimDecided, ClaimMade, ModeChanged, SignalMade, TrustMoved
from midas.domain.mode import Mode
from midas.domain.opinion import Opinion
from midas.domain.sizing import Stage
from midas.domain.time import DAY, MINUTE, SECOND
from midas.engine.audit import encode
from midas.engine.build import build_engine
from midas.state.calibration import DESK
from tests.engine.scene import Scene, folded, of
from tests.fakes.desk import Desk
from tests.fakes.strategy import Puppet, flat

CHANCE = 0.7


def sure(**stated: object) -> Opinion:
    """Long for one bar, with a chance of 70 %."""
    fields: dict[str, object] = {"probability": CHANCE, "horizon_ns": SECOND, **stated}
    return Opinion(direction=1.0, confidence=0.9, reason="told to", **fields)  # type: ignore[arg-type]


class Session:
    """A desk whose only strategy states chances."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.desk, self.market = self.scene.desk, self.scene.market

    def signals(self, count: int, *, won: bool) -> None:
        """So many times long for a bar, which closes on its side or against it."""
        for _ in range(count):
            self.scene.say(sure())
            mid = (self.market.bid + 0.5) * self.market.instrument.tick
            self.scene.puppet.opinion = flat()
            self.desk.feed(self.market.bar(mid + (0.1 if won else -0.1)))

    def minute(self) -> None:
        self.market.now = max(self.market.now, self.desk.now) + MINUTE
        self.desk.tick(self.market.now)

    def days(self, count: int) -> None:
        for _ in range(count):
            self.market.now += DAY
            self.desk.tick(self.market.now)

    @property
    def mode(self) -> Mode:
        return self.desk.state.control.mode


@pytest.fixture(scope="module")
def session() -> Session:
    """Thirty promises, none kept; then the look of the next minute."""
    made = Session()
    made.signals(29, won=False)
    made.minute()
    assert made.mode is Mode.NORMAL  # 29 of 29 missed is no evidence yet
    made.signals(1, won=False)
    made.minute()
    return made


def test_thirty_promises_that_all_fail_make_the_desk_defensive(session: Session) -> None:
    audits = session.desk.audits
    assert len(of(ClaimMade, audits)) == len(of(ClaimDecided, audits)) == 30
    change = next(c for c in of(ModeChanged, audits) if c.after == "DEFENSIVE")
    assert change.by == "trigger"
    expected = "stated chances don't come true: 0.0% of 30 signals won, 70.0% promised (z -8.4)"
    assert (change.cause, change.ends_when) == (
        expected,
        "calibration z above -1 for 5 days, or 30 with too few signals to tell",
    )


def test_the_panel_shows_both_rules_and_the_trigger_among_the_others(session: Session) -> None:
    panel = session.desk.picture().calibration
    desk, strategy = (row for row in panel.rows if row.acted)
    assert (desk.strategy, strategy.strategy) == (DESK, "puppet")
    assert (desk.status, desk.count, desk.hit_rate, desk.naive) == ("degraded", 30, 0.0, True)
    assert desk.stated == pytest.approx(CHANCE)
    assert desk.brier == pytest.approx(CHANCE**2)
    assert desk.ece != desk.ece  # of 30 outcomes it would be chance
    assert sum(point.count for point in desk.points) == 30
    assert all(point.low <= point.came <= point.high for point in desk.points)
    trigger = next(t for t in session.desk.picture().triggers if t.name == "calibration_defensive")
    assert (trigger.active, trigger.maximum, trigger.below) == (True, -2.5, True)


def test_a_person_is_refused_normal_meanwhile(session: Session) -> None:
    answer = session.desk.command(SetMode("NORMAL", "all is well", confirmed=True))
    assert not answer.accepted
    assert "stated chances don't come true" in answer.message


def test_a_size_is_halved_once_by_mode_and_doubt_together(session: Session) -> None:
    audits = session.scene.say(sure())
    made = of(SignalMade, audits)[0]
    factors = {step.stage: step.factor for step in made.steps}
    assert (factors[Stage.CALIBRATION], factors[Stage.MODE]) == (1.0, 0.5)
    session.scene.say(flat())


def test_a_restart_keeps_doubts_outcomes_and_what_waits(session: Session) -> None:
    kept = folded(session.desk)
    ours = session.desk.state.carried()
    for name in ("claims", "decided", "monitors", "triggers", "trips", "mode"):
        assert getattr(kept, name) == getattr(ours, name)
    assert kept.monitors[DESK].degraded
    again = Desk([Puppet()])
    for bar in session.market.history():
        again.feed(bar)
    again.open(session.desk.now + MINUTE, kept)
    assert again.state.control.mode is Mode.DEFENSIVE
    assert again.state.calibration.doubted("anybody")
    assert again.state.calibration.gap(DESK).count == len(kept.decided)


def test_the_same_events_decide_the_same_bytes(session: Session) -> None:
    engine = build_engine(session.desk.settings, [Puppet()])
    # A puppet says what it is told: what it said is in the signals that were recorded.
    said = {made.signal.sequence: made.signal for made in of(SignalMade, session.desk.audits)}
    puppet = engine.orchestrator.strategies.enrolled["puppet"].strategy
    assert isinstance(puppet, Puppet)
    audits = []
    for sequence, event in enumerate(session.desk.fed, 1):
        signal = said.get(sequence)
        puppet.opinion = None
        if signal is not None:
            puppet.opinion = Opinion(
                direction=signal.direction, confidence=signal.confidence, horizon_ns=signal.horizon_ns,
                urgency=signal.urgency, reason=signal.reason, probability=signal.probability,
            )  # fmt: skip
        audits.append(engine.step(sequence, event))
    ours = b"\n".join(encode(audit) for audit in audits if audit is not None)
    assert ours == session.desk.bytes()


def test_kept_promises_bring_normal_back_after_five_days(session: Session) -> None:
    known = len(session.desk.audits)
    session.signals(70, won=True)
    session.minute()
    modes = [session.mode]
    for days in (4, 1):
        session.days(days)
        modes.append(session.mode)
    assert modes == [Mode.DEFENSIVE, Mode.DEFENSIVE, Mode.NORMAL]
    moved = of(TrustMoved, session.desk.audits[known:])
    assert [m.monitor.calm_days for m in moved if m.strategy == DESK] == [1, 2, 3, 4, 5]
    assert not session.desk.state.calibration.doubted("puppet")
    factors = {s.stage: s.factor for s in of(SignalMade, session.scene.say(sure()))[0].steps}
    assert (factors[Stage.CALIBRATION], factors[Stage.MODE]) == (1.0, 1.0)
