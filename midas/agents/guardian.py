"""The guardian: modes, the kill latch, gates and the automatic triggers.

Going safer is immediate, going riskier is a human's act.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from midas.agents.acceptance import accept, firing, names, sentence, spans
from midas.domain.command import REASON_MIN, Resume, SetMode, reasoned
from midas.domain.decision import Decision, Noted, TriggerMoved
from midas.domain.event import LatchTripped, Ticked
from midas.domain.mode import KillLevel, Mode
from midas.domain.money import plain
from midas.domain.time import SECOND
from midas.domain.triggers import TriggerRules
from midas.risk.calendar import Calendar
from midas.risk.triggers import Reading, any_defensive, any_stop, defensives, stops
from midas.state.control import LEVELS, TRIGGER
from midas.state.state import State

FEED_STALE = 10 * SECOND  # no market message at all: books say nothing any more
UNKNOWN_MAX = 3
UNKNOWN_DEFENSIVE = 60 * SECOND
UNKNOWN_PAUSE = 300 * SECOND
GUARD_PASSES = 2  # one may have been on its way when the guard sold; the next one tells of its sales
UNBOOKED = (
    "not yet: the guard has acted for this engine, and what it sold is being read from the venue; "
    "ask again in a few seconds"
)
SETTLED = "no order UNKNOWN"
RESUMED = "`resume` by a person, in two steps"  # what ends the mode of a kill
_REASON = f"a reason of at least {REASON_MIN} letters"
_CONFIRMED = "a confirmation (--confirm in a shell)"


class Guardian:
    """Decides what the desk may do; works on `state.control` alone."""

    def __init__(self, rules: TriggerRules, feed_stale: int = FEED_STALE) -> None:
        """Raises ZoneInfoNotFoundError where the rules name no time zone."""
        self.rules = rules
        self._calendar = Calendar(rules.zone)
        self._feed_stale = feed_stale
        self._overfills = 0

    def set_mode(self, command: SetMode, actor: str, state: State) -> tuple[bool, str, list[Decision]]:
        """(accepted, sentence, decisions) for a mode that somebody asked for."""
        control = state.control
        try:
            mode = Mode(command.mode.upper())
        except ValueError:
            return (
                False,
                f"there is no mode {command.mode!r}; there are {', '.join(m.value for m in Mode)}",
                [],
            )
        if mode is Mode.EMERGENCY and not control.latched:
            # Closing every position takes a kill level; until somebody names one, the next safest mode holds.
            accepted, _, decisions = self.set_mode(SetMode("PAUSE", command.reason), actor, state)
            return accepted, "mode PAUSE; `midas kill --level flatten` closes every position", decisions
        if mode is control.mode:
            return True, *self._stay(mode, actor, state)
        if refused := _refused(command, mode, state):
            return False, refused, []
        control.floor = mode
        cause = command.reason.strip() or "asked for"
        return True, f"mode {mode.value}", [*control.set_mode(mode, actor, cause, "a person", state.now)]

    def asks(self, command: SetMode, state: State) -> bool:
        """Whether a confirmation is all that a riskier mode lacks."""
        found = next((mode for mode in Mode if mode.value == command.mode.upper()), state.control.mode)
        if command.confirmed or found is state.control.mode:
            return False
        sure = msgspec.structs.replace(command, confirmed=True)
        return bool(_refused(command, found, state)) and not _refused(sure, found, state)

    def _stay(self, mode: Mode, actor: str, state: State) -> tuple[str, list[Decision]]:
        """A person wants the mode that holds already: begun by a trigger, it no longer ends by itself."""
        control = state.control
        if mode.safety <= control.floor.safety:
            return f"already {mode.value}", []
        control.floor = mode
        return f"already {mode.value}; from here on only a person ends it", [control.keep_mode(actor)]

    def latch(self, event: LatchTripped, state: State) -> list[Decision]:
        """The latch is on disk: freeze, and take the mode of the level."""
        control = state.control
        # A word that nobody knows stops as the default does: a typo must not keep the desk running.
        level = KillLevel(event.level) if event.level in LEVELS else KillLevel.HALT
        control.trip(level.value, event.by, event.reason, event.since or event.at)
        if event.guarded and event.guarded == state.session and not control.guarded:
            control.guarded, control.knows_at = True, state.passes + GUARD_PASSES
        # The kill listener's own cancels are on their way: asked again at once they would only be refused.
        asked = [c for i in event.canceled for c in state.orders.cancel_sent(i, event.at, "the kill switch")]
        mode = level.mode if level.mode.safety > control.mode.safety else control.mode
        control.floor = mode
        text = f"kill level {level.value} by {event.by}" + (f": {event.reason}" if event.reason else "")
        cause = f"kill {level.value}" + (f": {event.reason}" if event.reason else "")
        moved = control.set_mode(mode, event.by, cause, RESUMED, event.since or event.at)
        return [Noted("KILL", "error", text), *moved, *asked]

    def calm_down(self, state: State) -> list[Decision]:
        """A session begins in EMERGENCY without a latch: nothing may be closed, so the next safest holds.

        A crash in the moment of a resume leaves that, or somebody who took the latch's file away.
        """
        control = state.control
        control.floor = Mode.PAUSE
        why = "no kill latch is set any more, and without one nothing is closed"
        return [*control.set_mode(Mode.PAUSE, "start", why, "a person", state.now)]

    def resume(self, command: Resume, actor: str, state: State) -> tuple[bool, str, list[Decision]]:
        """First call: the review. Second, confirmed: back to OBSERVATION, never further by itself."""
        control = state.control
        if not control.latched:
            return False, "the kill latch isn't set", []
        if not reasoned(command.reason):
            return False, f"resume needs {_REASON}", []
        if control.guarded and state.passes < control.knows_at:
            return False, UNBOOKED, []
        lost = firing(state, self.rules)
        if not command.confirmed:
            control.review(names(lost))
            return True, self._review(state), []
        if not control.reviewed:
            return False, "resume takes two steps: ask without confirming first, and read the review", []
        if new := tuple(loss for loss in lost if loss.name not in control.accepts):
            since = f"since the review {spans(new)} fires too; ask for the review again: "
            return False, since + sentence(lost, state, self.rules), []
        control.release(state.now)
        accepted = [accept(lost, actor, state)] if lost else []
        control.floor = Mode.OBSERVATION
        moved = control.set_mode(Mode.OBSERVATION, actor, f"resumed: {command.reason}", "a person", state.now)
        released = Noted("KILL", "warn", f"kill latch released by {actor}: {command.reason}")
        anew = f"; losses count from here on for {spans(lost)}" if lost else ""
        going = "F5 in the console, or `midas mode normal --reason WHY --confirm`, goes on"
        said = f"released; mode OBSERVATION: {going}{anew}"
        return True, said, [released, *accepted, *moved]

    def tick(self, event: Ticked, state: State) -> Iterator[Decision]:
        """Once a second: losses, doubts, silence."""
        equity = state.equity()
        # Equity is NaN while something held has no price; no figure moves and no trigger fires on it.
        if equity > 0.0:
            yield from state.budgets.roll(*self._calendar.periods(event.at), equity)
        if equity > state.equity_peak:
            state.equity_peak = equity
        yield from self._feed(event, state)
        yield from self._doubts(event, state)
        yield from self._triggers(event, state, equity)
        yield from self._defensive(event, state)

    def earliest(self, state: State) -> int:
        """Wall time before which an automatic DEFENSIVE doesn't end by itself; 0: never, or any time."""
        control = state.control
        by_itself = control.mode is Mode.DEFENSIVE and control.by == TRIGGER and control.floor is Mode.NORMAL
        return control.since + self.rules.dwell if by_itself and control.ends_when != SETTLED else 0

    def stop_reason(self, state: State) -> str:
        """R7.7: why everything must be closed now; empty while nothing is that bad."""
        if state.control.latched or state.recovering or not state.ledger.opened:
            return ""
        if not any_stop(state, self.rules):
            return ""
        return next((r.cause for r in stops(state, self.rules) if r.fires), "")

    def _feed(self, event: Ticked, state: State) -> Iterator[Decision]:
        control = state.control
        if event.feed_age_ns > self._feed_stale and not state.closing:
            yield from control.close_gate(
                "venue", f"no market data for {event.feed_age_ns / SECOND:.0f} s", event.at
            )
        elif (reason := blind(state)) and not state.recovering:
            yield from control.close_gate("venue", reason, event.at)
        else:
            yield from control.open_gate("venue")

    def _doubts(self, event: Ticked, state: State) -> Iterator[Decision]:
        control, doubts = state.control, state.orders.unknown
        if state.orders.overfills > self._overfills:
            self._overfills = state.orders.overfills
            if control.floor is Mode.NORMAL:
                control.floor = Mode.DEFENSIVE  # whatever else ends meanwhile: a person has to have looked
            if control.mode is Mode.NORMAL:
                cause = "the venue filled more than an order asked for"
                yield from control.set_mode(Mode.DEFENSIVE, "overfill", cause, "a person", event.at)
        if not doubts or state.recovering:
            return
        age = event.at - doubts[0].unknown_since
        if age > UNKNOWN_PAUSE and control.mode.safety < Mode.PAUSE.safety:
            cause = f"an order has been UNKNOWN for {age // SECOND} s"
            yield from control.set_mode(Mode.PAUSE, TRIGGER, cause, "a person", event.at)
        elif (age > UNKNOWN_DEFENSIVE or len(doubts) > UNKNOWN_MAX) and control.mode is Mode.NORMAL:
            cause = f"{len(doubts)} orders UNKNOWN, the oldest for {age // SECOND} s"
            yield from control.set_mode(Mode.DEFENSIVE, TRIGGER, cause, SETTLED, event.at)

    def _triggers(self, event: Ticked, state: State, equity: float) -> Iterator[Decision]:
        """Which triggers of DEFENSIVE begin to hold, and which end."""
        if state.recovering:
            return
        budgets = state.budgets
        if not budgets.active and not any_defensive(state, self.rules, equity):
            return
        for reading in defensives(state, self.rules):
            held = reading.name in budgets.active
            if reading.ended if held else reading.fires:
                yield self._moved(reading, not held, event, state)

    def _moved(self, reading: Reading, holds: bool, event: Ticked, state: State) -> TriggerMoved:
        cause = reading.cause if holds else reading.ends
        moved = TriggerMoved(reading.name, cause, reading.ends if holds else "", event.at)
        state.budgets.moved(moved)
        state.control.retell(state.budgets.active)
        return moved

    def _defensive(self, event: Ticked, state: State) -> Iterator[Decision]:
        """An automatic DEFENSIVE begins at once; it ends by itself, never past what a human last set."""
        control, active = state.control, state.budgets.active
        if control.mode is Mode.NORMAL and active and not state.recovering:
            cause = "; ".join(trigger.cause for trigger in active.values())
            ends = " and ".join(trigger.ends for trigger in active.values())
            yield from control.set_mode(Mode.DEFENSIVE, TRIGGER, cause, ends, event.at)
        elif control.mode is Mode.DEFENSIVE and control.by == TRIGGER and control.floor is Mode.NORMAL:
            # A doubt ends when it is settled; a figure may come back to its threshold at once (F58).
            lasted = control.ends_when == SETTLED or event.at - control.since >= self.rules.dwell
            if lasted and not active and not state.orders.unknown and state.equity() > 0.0:
                why = "every trigger has ended"
                yield from control.set_mode(Mode.NORMAL, TRIGGER, why, "a trigger", event.at)

    def _review(self, state: State) -> str:
        control = state.control
        left = control.level == KillLevel.DISCONNECT.value
        held = [
            f"{s.strategy} {plain(s.quantity)} {state.instruments[s.instrument].name}"
            for s in state.sleeves() if s.quantity
        ]  # fmt: skip
        return (
            f"stopped by {control.kill_by} at level {control.level}"
            + (f" ({control.kill_reason})" if control.kill_reason else "")
            + f"; open orders {len(state.orders.open)}; positions {', '.join(held) or 'none'}; "
            + f"equity {state.equity():,.2f} {state.quote}; "
            + (f"{sentence(lost, state, self.rules)}; " if (lost := firing(state, self.rules)) else "")
            + _going_on(state)
            + ("the venue was left: stop and start the engine after it; " if left else "")
            + "confirm to release"
        )


def _going_on(state: State) -> str:
    """What is worked down once the latch is released; empty where nothing is."""
    down = [
        f"{to.strategy} {state.instruments[to.instrument].name} down to {plain(to.quantity)} ({to.reason})"
        for to in state.still_reducing() if to.instrument in state.instruments
    ]  # fmt: skip
    return f"then goes on: {', '.join(down)}; " if down else ""


def blind(state: State) -> str:
    """Why nobody knows what became of our orders; empty where the user stream has missed nothing."""
    if not state.user_up:
        return "the user stream is down"
    return "the user stream was lost: the account is being compared" if state.stream_doubt else ""


def _refused(command: SetMode, mode: Mode, state: State) -> str:
    """Why this mode can't begin now; empty where it can."""
    control = state.control
    if mode.safety >= control.mode.safety and not (control.latched and mode is not Mode.EMERGENCY):
        return ""
    if control.latched:
        return "the kill latch is set: `resume` with a reason releases it"
    if mode is Mode.NORMAL and (active := state.budgets.active):
        why = "; ".join(f"{each.cause} (until {each.ends})" for each in active.values())
        return f"not while a trigger of DEFENSIVE holds: {why}"
    if lacking := _lacking(command):
        return f"{control.mode.value} to {mode.value} is riskier: it needs {lacking}"
    return ""


def _lacking(command: SetMode) -> str:
    """What a riskier mode still asks for."""
    wanted = [] if reasoned(command.reason) else [_REASON]
    return " and ".join(wanted if command.confirmed else [*wanted, _CONFIRMED])
