"""The kill switch in every state of the console: `python -m tests.e2e.kill_matrix [--quick] [--real]`.

Every screen, with every dialogue or input on it, in every condition: the halt must be on the disk each time.
Then what must never fire the second step, and what must. Prints a table; exit code 1 where anything failed.
"""

from __future__ import annotations

import argparse
import os
import queue
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.e2e.kill_lane import AT_ONCE_S, CHORD, PATIENCE_S, Lane
from tests.e2e.kill_never import FIRES, NEVER, drill
from tests.e2e.slow_console import BLOCKED_S

Condition = Callable[[Lane, Callable[[], None]], float | None]
SCREENS = ("1", "4", "5", "8", "9")
UNREAD_S = 8.0
PRESSES = ("free", "blocked", "unread")  # the conditions in which the chord itself is pressed


class Modal(NamedTuple):
    """How something is opened on a screen, and how one sees that it is."""

    name: str
    keys: tuple[str, ...] = ()
    sign: str = ""  # on the screen once it is open
    screen: str = ""  # the only screen on which it can be opened; empty: on all
    halted: bool = False  # needs a halt first
    typed: str = ""  # into its input
    undo: tuple[str, ...] = ()  # what takes it away again, where Esc does not
    pause: float = 0.0  # before the chord
    standin: bool = False  # needs the orders and positions of the stand-in


MODALS = (
    Modal("none"),
    Modal("help", ("?",), "HALT now"),
    Modal("palette", (":",), "Commands"),
    Modal("palette, typing", (":",), "Commands", typed="mode def"),
    Modal("mode strip", ("m",), "mode:"),
    Modal("riskier, typing", ("f8", "f5"), "Go riskier", typed="because"),
    Modal("kill by name, typing", (":", *"kill flatten", "enter"), "kill flatten", typed="flat"),
    Modal("stop, typing", (":", *"stop", "enter"), "Stop the engine", typed="sto"),
    Modal("resume, typing", ("R",), "Resume after a halt", halted=True, typed="checked"),
    Modal("kill panel", (), "Further, in two steps", halted=True),
    Modal("kill panel, armed", ("f",), "armed: FLATTEN", halted=True, pause=0.4),
    Modal("cancel all", ("C",), "y: do it", screen="1"),
    Modal("ticket to buy", ("b",), "F2", screen="1"),
    Modal("ticket to sell, typing", ("s",), "F2", screen="1", typed="0.01"),
    Modal("amendment, typing", (":", *"amend d018", "enter"), "amend d018", typed="0.1", standin=True),
    Modal("closing", (":", *"close eth", "enter"), "close book-imbalance", standin=True),
    Modal("alert, typing", ("!",), "set the alert", typed="70000"),
    Modal("filter, typing", ("/",), "Enter keeps it", screen="8", typed="fill"),
    Modal("labels", ("\x0f",)),
    Modal("tour", (":", *"tour", "enter"), "tour 1/"),
    Modal("zoomed pane", ("z",), undo=("z",)),
    Modal("frozen display", ("space",), "FROZEN", undo=("space",)),
)


class Cell(NamedTuple):
    """One place of the matrix."""

    screen: str
    modal: Modal
    condition: str


class Result(NamedTuple):
    """What came of it: milliseconds to the latch, or why not."""

    ms: float | None
    trouble: str = ""


def show(lane: Lane, cell: Cell) -> str:
    """Bring the console into the cell's state; what is missing, if anything."""
    lane.settle()
    console, modal = lane.open(), cell.modal
    console.key(cell.screen)
    console.look(0.2)
    if not re.search(rf"\b{cell.screen} [A-Z]", " ".join(console.rows[:4])):
        return f"there is no screen {cell.screen}"
    if modal.halted:
        lane.halt()
    for key in modal.keys:
        console.key(key)
        console.look(0.35 if key in ("enter", "f8", "R") else 0.02)
    if modal.sign:
        try:
            console.until(modal.sign, PATIENCE_S)
        except AssertionError:
            return f"{modal.name!r} did not open"
    console.type(modal.typed)
    console.look(modal.pause)
    return ""


def free(lane: Lane, press: Callable[[], None], patience: float = PATIENCE_S) -> float | None:
    """Nothing is in the way."""
    began = time.time_ns()
    press()
    return lane.latched_since(began, patience)


def blocked(lane: Lane, press: Callable[[], None]) -> float | None:
    """The console's loop stands for three seconds."""
    os.kill(lane.open().pid, signal.SIGUSR1)
    end = time.monotonic() + BLOCKED_S
    time.sleep(0.5)
    found = free(lane, press, AT_ONCE_S)
    while time.monotonic() < end + 0.2:
        lane.open().look(0.1)
    return found


def unread(lane: Lane, press: Callable[[], None], seconds: float = UNREAD_S) -> float | None:
    """Nobody reads the terminal for so long, and the chord comes in the middle."""
    end = time.monotonic() + seconds
    time.sleep(seconds / 2)
    found = free(lane, press, AT_ONCE_S)
    time.sleep(max(0.0, end - time.monotonic()))
    return found


def killed(lane: Lane, _press: Callable[[], None]) -> float | None:
    """The console is killed, and somebody uses the command."""
    lane.forget_console()
    began = time.time_ns()
    lane.midas("kill")
    return lane.latched_since(began)


def command(lane: Lane, _press: Callable[[], None]) -> float | None:
    """`midas kill` in another shell."""
    began = time.time_ns()
    lane.midas("kill")
    return lane.latched_since(began)


def quit_console(lane: Lane, _press: Callable[[], None]) -> float | None:
    """SIGQUIT to the console."""
    began = time.time_ns()
    os.kill(lane.open().pid, signal.SIGQUIT)
    return lane.latched_since(began)


def quit_engine(lane: Lane, _press: Callable[[], None]) -> float | None:
    """SIGQUIT to the headless engine, which only the real one knows."""
    began = time.time_ns()
    lane.engine.send_signal(signal.SIGQUIT)
    return lane.latched_since(began)


CONDITIONS: dict[str, Condition] = {
    "free": free,
    "blocked": blocked,
    "unread": unread,
    "killed": killed,
    "command": command,
    "SIGQUIT": quit_console,
    "headless": quit_engine,
}


def once(lane: Lane, cell: Cell, condition: Condition | None = None) -> Result:
    """One cell, from a clean desk."""
    missing = show(lane, cell)
    if missing:
        lane.forget_console()
        return Result(None, missing)
    found = (condition or CONDITIONS[cell.condition])(lane, lambda: lane.press(CHORD))
    trouble = "" if found is not None else "not latched"
    fires = "armed" in cell.modal.name and cell.condition in PRESSES
    if not trouble and lane.level() != ("flatten" if fires else "halt"):
        trouble = f"latched at {lane.level()}"
    elsewhere = cell.condition in ("command", "headless") and cell.modal.halted  # nothing new to be shown
    if not trouble and not elsewhere and not lane.sees_panel(PATIENCE_S):
        trouble = "latched, but the panel is not on the screen"
    if trouble:
        lane.forget_console()  # so that it troubles no other cell
    if lane.console is not None:
        lane.settle()
        lane.console.key(*cell.modal.undo)
    return Result(found, trouble)


def cells(quick: bool, real: bool) -> list[Cell]:
    """What there is to try."""
    conditions = [name for name in CONDITIONS if name != "headless" or real]
    found = [
        Cell(screen, modal, condition)
        for condition in conditions
        for screen in SCREENS
        for modal in MODALS
        if modal.screen in ("", screen) and not (modal.standin and real)
    ]
    return found[:: 7 if quick else 1]


class Runner(threading.Thread):
    """A lane that takes cells as long as there are some."""

    def __init__(self, lane: Lane, todo: queue.SimpleQueue[Cell], done: dict[Cell, Result]) -> None:
        super().__init__(daemon=True)
        self._lane, self._todo, self._done = lane, todo, done

    def run(self) -> None:
        while True:
            try:
                cell = self._todo.get_nowait()
            except queue.Empty:
                return
            try:
                self._done[cell] = once(self._lane, cell)
            except (AssertionError, OSError) as error:
                self._done[cell] = Result(None, f"{type(error).__name__}: {str(error)[:60]}")
                self._lane.forget_console()
            result = self._done[cell]
            where = f"{cell.screen} {cell.modal.name} / {cell.condition}"
            print(f"{where:<44} {result.trouble or f'{result.ms:.0f} ms'}", file=sys.stderr, flush=True)


def table(done: dict[Cell, Result]) -> list[str]:
    """A row for each screen and dialogue, a column for each condition; `-`: not tried."""
    conditions = [name for name in CONDITIONS if any(cell.condition == name for cell in done)]
    lines = [f"{'screen, dialogue':<28}" + "".join(f"{name:>10}" for name in conditions)]
    for screen in SCREENS:
        for modal in MODALS:
            results = [done.get(Cell(screen, modal, condition)) for condition in conditions]
            if any(results):
                row = "".join(f"{_shown(result):>10}" for result in results)
                lines.append(f"{screen + ' ' + modal.name:<28}{row}")
    return lines


def _shown(result: Result | None) -> str:
    if result is None:
        return "-"
    return f"{result.ms:.0f} ms" if result.ms is not None and not result.trouble else "FAILED"


def main() -> int:
    """Try it all; 0 where the halt was latched each time and nothing fired that must not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every seventh cell")
    parser.add_argument("--real", action="store_true", help="a real engine on the simulator, not a stand-in")
    parser.add_argument("--lanes", type=int, default=3)
    parser.add_argument("--only", help="a condition")
    arguments = parser.parse_args()
    chosen = [c for c in cells(arguments.quick, arguments.real) if arguments.only in (None, c.condition)]
    todo: queue.SimpleQueue[Cell] = queue.SimpleQueue()
    for cell in chosen:
        todo.put(cell)
    done: dict[Cell, Result] = {}
    with tempfile.TemporaryDirectory(prefix="midas-matrix-") as folder:
        lanes = [Lane(Path(folder) / f"l{number}", arguments.real) for number in range(arguments.lanes)]
        try:
            runners = [Runner(lane, todo, done) for lane in lanes]
            for runner in runners:
                runner.start()
            for runner in runners:
                runner.join()
            drilled = [] if arguments.only else [(name, drill(lanes[0], name)) for name in (*NEVER, *FIRES)]
        finally:
            for lane in lanes:
                lane.close()
    print("\n".join(table(done)))
    troubles = [
        f"{c.screen} {c.modal.name} / {c.condition}: {r.trouble}" for c, r in done.items() if r.trouble
    ]
    troubles += [f"{name}: {trouble}" for name, trouble in drilled if trouble]
    for name, trouble in drilled:
        print(f"{name:<60}{trouble or 'as it must'}")
    print("\n".join(troubles))
    slowest = max((r.ms for r in done.values() if r.ms is not None), default=0.0)
    print(f"{len(done)} cells, {len(troubles)} troubles, slowest {slowest:.0f} ms")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
