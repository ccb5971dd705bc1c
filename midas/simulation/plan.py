"""What goes wrong in one world, and when: drawn from a seed, written as JSON and read again.

Swarm testing (Groce 2012): each seed draws a few kinds of fault and leaves the others out, so that rare ones
aren't always masked by common ones.
"""

from __future__ import annotations

import random
from pathlib import Path

import msgspec

from midas.errors import ConfigInvalid

# What can happen to one request: how often it reaches the venue, and what the client gets back.
REQUESTS: dict[str, tuple[int, str]] = {
    "refused": (0, "refused"),  # no connection: the bytes never leave
    "request.lost": (0, "silence"),
    "answer.lost": (1, "silence"),
    "request.repeated": (2, "answer"),  # by a proxy in between
    "reset.before": (0, "reset"),
    "reset.after": (1, "reset"),
    "error.before": (0, "500"),
    "error.after": (1, "500"),
    "timeout.before": (0, "-1007"),
    "timeout.after": (1, "-1007"),
    "garbled": (1, "garbled"),
    "limited": (0, "429"),
    "banned": (0, "418"),
}
# What holds while a window is open.
STATES = (
    "slow.network",
    "half.open",  # nothing passes in either direction
    "deaf",  # requests arrive, answers and events don't
    "disk.full",
    "disk.slow",
    "fill.race",  # fills beat our cancels by nothing
    "halted",  # the venue takes no orders of one symbol
    "user.silent",  # the user stream lives and tells nothing
    "lagging",  # the venue's answers to look-ups don't know young orders yet
    "stopped",  # the desk's process stands still, as under SIGSTOP, and everything else goes on
)
# What happens at one moment.
MOMENTS = (
    "user.drop",
    "user.duplicate",
    "user.skip",  # some events never come
    "market.drop",
    "market.gap",
    "clock.jump",
    "clock.hour",  # the desk's clock is an hour wrong; the next of its kind sets it right
    "clock.drift",
    "stop",  # a clean stop, and a start after it
    "crash",
    "crash.midway",  # as the next order leaves, which the power cut may take with it
    "crash.latch",  # in the next write of the latch, before or after its file has its name
    "crash.closing",  # in a clean stop, before the journal is synced, after that, or once it is sealed
    "kill",
    "kill.midway",  # as the next order waits for the disk
    "by.hand",  # somebody cancels or places an order on the venue's web page
)
KINDS = (*REQUESTS, *STATES, *MOMENTS)
# What a busy person and a guard do, in worlds that are asked for them; no seed's own plan draws any of it.
HANDS = (
    "kill.scope",  # a strategy, an instrument or the venue is killed by its name
    "kill.order",
    "kill.twice",  # at two levels, in one instant
    "kill.resume",  # pulled, released and in another mode, in one instant
    "resume",  # whatever a kill has closed is opened again, without waiting for an answer
    "reconcile",
    "accept",  # the venue's figure of a difference that stands
    "web.amend",  # on the venue's page: an order of ours becomes smaller and gets another name
    "web.sell",  # at once, of whatever is there, whosever it is
    "web.buy",
    "web.rest",  # to be sold later, which locks what we hold
    "deposit",
    "deposit.coin",
    "withdrawal",
    "guard",  # the engine stands still, and somewhere in that time the guard acts instead of it
)


PERSON_S = (6.0, 12.0, 25.0)  # of a busy person, between two commands
RESTART_S = 2.5  # a supervisor's wait before it starts a desk again


class Fault(msgspec.Struct, frozen=True):
    """One kind of trouble from `at` to `until` (virtual seconds); `rate` of a request, or a size."""

    kind: str
    at: float
    until: float = 0.0
    rate: float = 1.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one world is made of besides chance."""

    seed: int
    place: int = 0  # among several plans of this seed
    faults: tuple[Fault, ...]
    calm: float = 30.0  # virtual seconds until faults may begin
    heal: float = 480.0  # when the last of them ends
    ends: float = 600.0  # when the world may end at the earliest
    market_s: float = 0.0  # mean wait of a pair's market; 0: as it is everywhere
    person_s: float = 0.0  # mean wait of a person between two commands; 0: as everywhere
    turns: float = 0.0  # of the book's changes a strategy changes its mind at so many; 0: as everywhere
    crash_steps: tuple[int, ...] = ()  # of the loop; each but the first counts from the crash before
    disk_call: int = 0  # the disk refuses this one of its calls; 0: none
    request: int = 0  # this one of the requests meets `request_kind`; 0: none
    request_kind: str = ""


def drawn(seed: int, chance: random.Random) -> Plan:
    """The plan of a seed: 3 to 7 kinds, each several times."""
    plan = Plan(seed=seed, faults=())
    kinds = chance.sample(KINDS, chance.randint(3, 7))
    faults = [fault for kind in kinds for fault in _of(kind, plan, chance)]
    return msgspec.structs.replace(plan, faults=tuple(sorted(faults, key=lambda f: (f.at, f.kind))))


def of(seed: int) -> Plan:
    """The plan of a seed, whatever is run beside it."""
    return drawn(seed, random.Random(seed << 1 | 1))


def busy(seed: int) -> Plan:
    """The plan of a seed with hands: a person who does more and waits less, a guard, and more crashes."""
    plan, chance = of(seed), random.Random(f"the hands of {seed}")
    kinds = chance.sample(HANDS, chance.randint(5, 10))
    faults = [*plan.faults, *(fault for kind in kinds for fault in _by_hands(kind, plan, chance))]
    if chance.random() < 0.5:
        faults += _moments("crash", [_moment(plan, chance) for _ in range(chance.randint(1, 3))], chance)
    ordered = tuple(sorted(faults, key=lambda f: (f.at, f.kind, f.rate)))
    return msgspec.structs.replace(plan, faults=ordered, person_s=chance.choice(PERSON_S))


def written(plan: Plan) -> str:
    """As JSON."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=1).decode()


def read(path: Path) -> Plan:
    """The plan in a file. Raises ConfigInvalid."""
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise ConfigInvalid(f"the plan {path} can't be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path} is no plan of a simulation: {error}") from None
    for fault in plan.faults:
        if fault.kind not in (*KINDS, *HANDS):
            known = ", ".join((*KINDS, *HANDS))
            raise ConfigInvalid(f"{path}: there is no fault {fault.kind!r}; there are {known}")
    return plan


def _of(kind: str, plan: Plan, chance: random.Random) -> list[Fault]:
    span = plan.heal - plan.calm
    if kind in REQUESTS:
        return [
            _window(kind, plan, chance.uniform(10.0, span / 2), chance.choice((0.05, 0.2, 0.6)), chance)
            for _ in range(chance.randint(1, 2))
        ]
    if kind in STATES:
        return [
            _window(kind, plan, chance.uniform(2.0, 40.0), 1.0, chance) for _ in range(chance.randint(1, 3))
        ]
    moments = [chance.uniform(plan.calm, plan.heal) for _ in range(chance.randint(1, 3))]
    if kind == "kill" and chance.random() < 0.5:
        moments[-1] = plan.heal - chance.uniform(
            1.0, 15.0
        )  # and what it has left is looked at in fair weather
    if kind in ("kill", "kill.midway") and chance.random() < 0.5:
        crashed = round(moments[0] + chance.uniform(0.5, 8.0), 3)  # while the latch is set
        return [*_moments(kind, moments, chance), Fault("crash", crashed, crashed)]
    if kind == "crash.latch":  # somebody has to pull, and an ambush without prey passes with the heal
        kills = [
            Fault("kill", round(at + 0.5, 3), round(at + 0.5, 3), round(chance.random(), 3)) for at in moments
        ]
        return [*_moments(kind, moments, chance), *kills]
    if kind == "clock.hour":
        return _hours(sorted(moments), plan, chance)
    if kind == "crash" and chance.random() < 0.5:
        moments.append(moments[0] + chance.uniform(RESTART_S, RESTART_S + 1.0))  # while it recovers
    return _moments(kind, moments, chance)


def _by_hands(kind: str, plan: Plan, chance: random.Random) -> list[Fault]:
    if kind == "guard":
        return [_window(kind, plan, chance.uniform(5.0, 50.0), chance.random(), chance)
                for _ in range(chance.randint(1, 2))]  # fmt: skip
    found = _moments(kind, [_moment(plan, chance) for _ in range(chance.randint(1, 5))], chance)
    if kind == "kill.scope":  # some are thought better of, or met by a crash, before long
        soon = [(then, fault.at + chance.uniform(0.0, 20.0)) for fault in found
                if (then := chance.choice(("", "resume", "crash", "web.sell")))]  # fmt: skip
        return [*found, *(f for then, at in soon for f in _moments(then, [min(plan.heal, at)], chance))]
    return found


def _moment(plan: Plan, chance: random.Random) -> float:
    return chance.uniform(plan.calm, plan.heal)


def _hours(moments: list[float], plan: Plan, chance: random.Random) -> list[Fault]:
    """Mostly with what makes a wrong clock dear: an order that never arrives, or a silence of the venue."""
    first, *later = _moments("clock.hour", moments, chance)
    how = chance.random()
    if how < 0.65:  # an hour back, or else forward, and the desk dies with an order
        at = round(first.at + chance.uniform(1.0, 40.0), 3)
        lost = Fault("crash.midway", at, at, round(chance.uniform(0.0, 0.5), 3))
        return [msgspec.structs.replace(first, rate=0.9 if how < 0.45 else 0.1), lost, *later]
    if how < 0.85:  # forward, and back while the venue wants silence
        until = round(min(plan.heal, first.at + chance.uniform(10.0, 60.0)), 3)
        silence = Fault("limited", first.at, until, 0.6)
        return [msgspec.structs.replace(first, rate=0.1), silence, Fault("clock.hour", until, until)]
    return [first, *later]


def _moments(kind: str, moments: list[float], chance: random.Random) -> list[Fault]:
    return [Fault(kind, round(at, 3), round(at, 3), round(chance.random(), 3)) for at in moments]


def _window(kind: str, plan: Plan, length: float, rate: float, chance: random.Random) -> Fault:
    at = chance.uniform(plan.calm, plan.heal - 1.0)
    return Fault(kind, round(at, 3), round(min(plan.heal, at + length), 3), rate)
