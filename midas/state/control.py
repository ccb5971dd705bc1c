"""What the desk may do now: mode, kill latch and gates, with cause, author and time of each."""

from __future__ import annotations

import msgspec

from midas.domain.decision import GateMoved, ModeChanged
from midas.domain.mode import PERMISSIONS, KillLevel, Mode, Permissions
from midas.domain.triggers import ActiveTrigger

# A latch freezes strategies in PAUSE too; what is on its way out goes on.
FROZEN = msgspec.structs.replace(PERMISSIONS[Mode.PAUSE], computes_signals=False)
JOURNAL = "journal"
BREAKER = "breaker"
SCOPES = ("venue", "account", JOURNAL, BREAKER)  # gates of their own: no strategy may be called so
LEVELS = tuple(level.value for level in KillLevel)
TRIGGER = "trigger"  # who changes a mode where no person does


class Gate(msgspec.Struct, frozen=True):
    """Why one scope may not open new risk."""

    scope: str  # "venue", "account", an instrument id, a strategy name
    reason: str
    since: int
    by: str = ""  # the person who closed it, and it stays until one opens it; empty: the engine
    level: str = ""  # of the kill that closed it; empty: paused only


DECISIVE = frozenset({"mode", "table", "latched"})  # what permissions follow from


class Control:
    """Mode, latch and gates; changed only while the engine steps."""

    permissions: Permissions  # what the mode allows, with a set latch less than PAUSE does

    def __init__(self) -> None:
        self.latched = False
        self.table = PERMISSIONS
        self.mode = Mode.NORMAL
        self.floor = Mode.NORMAL  # the mode that a human last chose: triggers never end past it
        self.by = "start"
        self.cause = "first start"
        self.ends_when = "until somebody changes it"
        self.since = 0
        self.halved = False  # by DEFENSIVE, since NORMAL held last
        self.level = ""
        self.kill_by = ""
        self.kill_reason = ""
        self.reviewed = False  # since the trip, somebody has seen what a resume would release
        self.accepts: tuple[str, ...] = ()  # the loss stops that the review named
        self.tripped_at = self.released_at = 0
        self.guarded = False  # the guard acts instead of us: we know less of the account than it does
        self.knows_at = 0  # so many full passes make sure that what the guard did is booked
        self.gates: dict[str, Gate] = {}

    def __setattr__(self, name: str, value: object) -> None:
        """Permissions are asked for many times an event, and change hardly ever."""
        super().__setattr__(name, value)
        if name in DECISIVE and "mode" in self.__dict__:
            allowed = self.table[self.mode]
            self.permissions = FROZEN if self.latched and not allowed.flattens else allowed

    @property
    def withdraws_exits(self) -> bool:
        """A kill above `halt` leaves no order of ours standing but those that flatten."""
        return self.latched and (self.level != KillLevel.HALT.value or self.permissions.flattens)

    def set_mode(self, mode: Mode, by: str, cause: str, ends_when: str, at: int) -> list[ModeChanged]:
        """Move; nothing where it is there already."""
        if mode is self.mode:
            return []
        change = ModeChanged(self.mode.value, mode.value, by, cause, ends_when, at)
        self.mode, self.by, self.cause, self.ends_when, self.since = mode, by, cause, ends_when, at
        return [change]

    def keep_mode(self, by: str) -> ModeChanged:
        """A person wants the mode that holds already: nothing else ends it from here on."""
        self.by, self.ends_when = by, "a person"
        return ModeChanged(self.mode.value, self.mode.value, by, self.cause, self.ends_when, self.since)

    def retell(self, active: dict[str, ActiveTrigger]) -> None:
        """The triggers that hold an automatic DEFENSIVE have changed: so have its cause and its end."""
        if self.mode is Mode.DEFENSIVE and self.by == TRIGGER and active:
            self.cause = "; ".join(trigger.cause for trigger in active.values())
            self.ends_when = " and ".join(trigger.ends for trigger in active.values())

    def trip(self, level: str, by: str, reason: str, at: int) -> None:
        """The latch is on disk, pulled at `at`. A weaker level never softens a stronger one."""
        if not self.latched:
            self.tripped_at = at
        if not self.latched or LEVELS.index(level) > LEVELS.index(self.level):
            self.level, self.kill_by, self.kill_reason = level, by, reason
        self.latched, self.reviewed = True, False

    def review(self, accepts: tuple[str, ...]) -> None:
        """Somebody is shown what a resume would release, and which loss stops it would measure anew."""
        self.reviewed, self.accepts = True, accepts

    def release(self, at: int) -> None:
        """Only `resume` calls this."""
        self.released_at = at
        self.latched, self.level, self.reviewed, self.guarded = False, "", False, False

    def close_gate(self, scope: str, reason: str, at: int, by: str = "", level: str = "") -> list[GateMoved]:
        """No new risk in this scope; says so once, and again where another hand or level closes it.

        A person's gate outlives the session, so its every word is said; the engine's is judged anew.
        """
        known = self.gates.get(scope)
        since = known.since if known and (known.by or not by) else at
        self.gates[scope] = Gate(scope, reason, since, by, level)
        if known and (known.by, known.level) == (by, level) and (not by or known.reason == reason):
            return []
        return [GateMoved(scope, True, reason, by, level)]

    def open_gate(self, scope: str, by: str = "") -> list[GateMoved]:
        """The reason is gone, or a person says so."""
        gate = self.gates.pop(scope, None)
        return [GateMoved(scope, False, gate.reason, by)] if gate else []

    def paused(self, strategy: str) -> Gate | None:
        """The gate that a person closed for one strategy."""
        gate = self.gates.get(strategy)
        return gate if gate is not None and gate.by else None

    def killed(self, *scopes: str) -> Gate | None:
        """The gate among these scopes that a kill closed at the highest level."""
        if not self.gates:
            return None
        found = [g for s in scopes if (g := self.gates.get(s)) is not None and g.level]
        return max(found, key=lambda gate: LEVELS.index(gate.level), default=None)

    def holds_back(self, *scopes: str) -> Gate | None:
        """The gate of a kill above `halt` among these scopes: not even an exit leaves."""
        gate = self.killed(*scopes)
        return gate if gate is not None and gate.level != KillLevel.HALT.value else None

    def closes(self, *scopes: str) -> bool:
        """Whether a kill of one of these scopes closes what is held in it."""
        gate = self.killed(*scopes)
        return gate is not None and KillLevel(gate.level).mode is Mode.EMERGENCY and not self.withdraws_exits

    def blocked(self, *scopes: str) -> Gate | None:
        """The first closed gate among these scopes."""
        return next((self.gates[s] for s in scopes if s in self.gates), None)
