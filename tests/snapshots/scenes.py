"""The scenes that the snapshots keep: what the engine says, and what the person did."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple

import msgspec

from midas.domain.command import Review
from midas.domain.mode import KillOutcome, Mode
from midas.domain.time import SECOND
from midas.runtime.whereabouts import Whereabouts
from midas.state.snapshot import Snapshot
from tests.fakes import snapshots, truth
from tests.fakes.snapshots import NOW
from tests.snapshots.cells import cells
from tests.tui.conftest import Bench
from tests.tui.test_trouble import Watch
from tui.app import ConsoleApp
from tui.habits import Habits
from tui.present.status import Pace
from tui.screens.halted import HaltPanel
from tui.screens.ticket import Ticket

Prepare = Callable[[Bench], None]


def _as_it_is(_bench: Bench) -> None:
    """Nothing out of the ordinary."""


class Scene(NamedTuple):
    """One situation. A number among the keys is so many seconds that pass."""

    name: str
    snapshot: Callable[[], Snapshot | None] = snapshots.normal
    keys: tuple[str | float, ...] = ()
    prepare: Prepare = _as_it_is


def _watched(where: Whereabouts, age: float, connected: bool = True) -> Prepare:
    def prepare(bench: Bench) -> None:
        bench.app.console_desk.watchdog = Watch(where)
        bench.link.age, bench.link.connected = int(age * SECOND), connected

    return prepare


def _outcome(outcome: KillOutcome) -> Prepare:
    def prepare(bench: Bench) -> None:
        bench.outcome = outcome

    return prepare


def _refusing(bench: Bench) -> None:
    refused = Review(
        "BUY", 0.5, 61_775.0, 30_887.0, 30.9, 1.2, 0.5, 0.0, 3.05, ("position 305 % would pass 35 %",)
    )
    bench.link.reply = lambda _: (False, "refused: position 305 % would pass 35 %")
    bench.link.review = lambda _: refused


def _slow_terminal(bench: Bench) -> None:
    bench.app.stage.pace = Pace(2.0, 38)


def _changed(**fields: object) -> Snapshot:
    return msgspec.structs.replace(snapshots.normal(), **fields)


def _unreconciled() -> Snapshot:
    money = msgspec.structs.replace(
        snapshots.normal().money, reconciled=False, reconcile_detail="BTC: 0.0432 here, 0.0431 at the venue"
    )
    return msgspec.structs.replace(snapshots.broken(), money=money)


def _recovering() -> Snapshot:
    return msgspec.structs.replace(snapshots.account("RECOVERING"), recovering=True)


def _differing() -> Snapshot:
    return snapshots.account("DIFFERS", truth.difference(NOW - 12 * SECOND, 1, "watching"))


def _reviewing(bench: Bench) -> None:
    bench.link.reply = lambda _: (True, truth.REVIEW)


LIVES = Whereabouts(engine=123, up=True, exchange=9)
GUARDED = LIVES._replace(
    guard=21_930, guard_level="flatten", guard_patience_s=20.0, guard_sees="well",
    guard_acted_at=NOW - 200 * SECOND, guard_outcome="engine hung: 2 orders cancelled, flat",
)  # fmt: skip
GONE = Whereabouts(ended_at=NOW - 12 * SECOND, ended="exit 1: the journal is full", exchange=9)
DOWN, ENTER = "j", "enter"

SCREENS = (
    Scene("trade"),
    Scene("trade-cursor", keys=("j", "j")),
    Scene("trade-signal", keys=("tab", "j", ENTER)),
    Scene("trade-zoom", keys=("z",)),
    Scene("trade-private", keys=("p",)),
    Scene("trade-frozen", keys=("space", 4.0)),
    Scene("orders", keys=("4",)),
    Scene("orders-life", keys=("4", DOWN)),
    Scene("risk", keys=("5",)),
    Scene("risk-explained", keys=("5", DOWN, ENTER)),
    Scene("log", snapshots.alarmed, ("8",)),
    Scene("log-filter", snapshots.alarmed, ("8", "slash", "b", "t", "c")),
    Scene("system", keys=("9",)),
    Scene("reconciliation", snapshots.broken, ("r", DOWN)),
    Scene("unknown", snapshots.doubtful),
    Scene("unknown-orders", snapshots.doubtful, ("4", DOWN, DOWN)),
)
MODALS = (
    Scene("help", keys=("question_mark",)),
    Scene("palette", keys=("colon",)),
    Scene("palette-typed", keys=("colon", "k", "i", "l")),
    Scene("labels", keys=("ctrl+o",)),
    Scene("mode-strip", keys=("m",)),
    Scene("riskier", partial(snapshots.in_mode, "DEFENSIVE"), ("f5", "c", "a", "l", "m", ENTER)),
    Scene("typed-kill", keys=("colon", *"kill", "space", *"flatten", ENTER)),
    Scene("typed-stop", keys=("colon", *"stop", ENTER)),
    Scene("resume", snapshots.halted, ("escape", "R")),
    Scene("resume-review", snapshots.halted, ("escape", "R", *"calm", ENTER)),
    Scene("cancel", keys=("4", DOWN, "c")),
    Scene("ticket", keys=("b",)),
    Scene("ticket-wrong", keys=("b", *"0.00000001", "f2")),
    Scene("ticket-review", keys=("b", *"0.01", "f2", 1.0)),
    Scene("ticket-refused", keys=("b", *"0.5", "f2", 1.0), prepare=_refusing),
    Scene("amend", keys=("4", DOWN, "a")),
    Scene("close", keys=("4", "shift+tab", DOWN, "x", 1.0)),
    Scene("alert", keys=("exclamation_mark",)),
    Scene("accept", snapshots.broken, ("r", DOWN, "a"), _reviewing),
    Scene("accept-reason", snapshots.broken, ("r", "a", 1.0, *"fee", ENTER), _reviewing),
    Scene("difference", snapshots.broken, ("r", DOWN, ENTER)),
    Scene("unknown-life", snapshots.doubtful, ("4", DOWN, DOWN, ENTER)),
    Scene("tour", keys=("colon", *"tour", ENTER)),
)
KILLS = (
    Scene("kill-sent", keys=("ctrl+backslash", 3.0), prepare=_outcome(KillOutcome(True, True, "latched"))),
    Scene("kill-unlatched", keys=("f12",), prepare=_outcome(KillOutcome(False, False, "the disk is full"))),
    Scene("kill-halted", snapshots.halted),
    Scene("kill-armed", snapshots.halted, (1.0, "f", 0.5)),
    Scene("kill-emergency", keys=("f9",)),
    Scene("kill-flattened", snapshots.flattened),
    Scene("kill-silent", snapshots.halted, prepare=_watched(LIVES, 4.0)),
    Scene("kill-gone", snapshots.halted, prepare=_watched(GONE, 12.0, connected=False)),
    Scene("kill-closed", snapshots.halted, ("escape",)),
)
MODES = tuple(Scene(f"mode-{m.value.lower()}", partial(snapshots.in_mode, m.value)) for m in Mode)
STATES = (
    Scene("waiting", lambda: None),
    Scene("starting", snapshots.starting),
    Scene("recovering", _recovering),
    Scene("stream-reconciling", partial(snapshots.account, "STREAM_RECONCILING"), ("9",)),
    Scene("differs", _differing, ("9",)),
    Scene("unreconciled", _unreconciled),
    Scene("stale-market", snapshots.stale),
    Scene("alarmed", snapshots.alarmed),
    Scene("live", partial(_changed, environment="LIVE")),
    Scene("reconnecting", prepare=_watched(LIVES, 3.2, connected=False)),
    Scene("engine-silent", prepare=_watched(LIVES, 4.2)),
    Scene("guarded", keys=("9",), prepare=_watched(GUARDED, 0.1)),
    Scene("engine-ended", prepare=_watched(GONE, 12.0, connected=False)),
    Scene("engine-starting", prepare=_watched(Whereabouts(starting=True), 3.0, connected=False)),
    Scene("exchange-ended", snapshots.stale, prepare=_watched(LIVES._replace(exchange=0), 0.1)),
    Scene("slow-terminal", prepare=_slow_terminal),
)
SIZES = ((80, 24), (120, 40), (200, 60))


def named(thing: Scene | tuple[int, int]) -> str:
    """What a scene, or a size of the terminal, is called in the name of a picture."""
    return thing.name if isinstance(thing, Scene) else f"{thing[0]}x{thing[1]}"


async def looked_at(scene: Scene, size: tuple[int, int], palette: str = "western") -> str:
    """The cells of the console in that situation."""
    async with shown(scene, size, palette) as app:
        return cells(app)


@asynccontextmanager
async def shown(scene: Scene, size: tuple[int, int], palette: str = "western") -> AsyncIterator[ConsoleApp]:
    """The console in that situation, standing still."""
    async with walking(scene, size, palette) as bench:
        yield bench.app


@asynccontextmanager
async def walking(scene: Scene, size: tuple[int, int], palette: str = "western") -> AsyncIterator[Bench]:
    """The same, for whoever goes on from there."""
    bench = Bench(scene.snapshot(), Habits(palette=palette))
    scene.prepare(bench)
    async with bench.app.run_test(size=size) as pilot:
        bench.pilot = pilot
        await bench.beat(1)
        for key in scene.keys:
            if isinstance(key, str):
                await bench.press(key)
            else:
                bench.later(key)
        await bench.beat()
        if isinstance(bench.app.screen, HaltPanel | Ticket):
            bench.app.screen.follow()  # they draw by a timer of real time
            await pilot.pause()
        yield bench
