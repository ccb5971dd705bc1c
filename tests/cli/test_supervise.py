"""The supervisor: which ends are crashes, how often it tries again, and what it tells of it.

Its engines are tiny programs that leave the same file behind as the real one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from midas.cli.fate import FATE_FILE, Fate, read_fate, write_fate
from midas.cli.supervise import CRASHES_MAX, PAUSES_S, WITHIN_S, Restarts, Signals, Supervisor
from midas.cli.supervision import supervision
from midas.runtime.beats import beat_files
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import InstanceLock

PREAMBLE = """
import json, os, sys, time
home, count = sys.argv[1], len(open(sys.argv[1] + "/starts", "a+").write("x") * [0])
def tell(**fate): open(home + "/FATE", "w").write(json.dumps({"pid": os.getpid(), "up_at": 1} | fate))
starts = os.path.getsize(home + "/starts")
""".replace("FATE", FATE_FILE)


@pytest.fixture
def heard() -> Iterator[Signals]:
    before = {
        number: signal.getsignal(number)
        for number in (
            signal.SIGTERM,
            signal.SIGINT,
            signal.SIGQUIT,
            signal.SIGHUP,
            signal.SIGUSR1,
            signal.SIGCHLD,
        )
    }
    signals = Signals()
    yield signals
    signals.close()
    for number, handler in before.items():
        signal.signal(number, handler)


def supervisor(home: Path, heard: Signals, engine: str, pauses: tuple[float, ...] = (0.0,)) -> Supervisor:
    command = [sys.executable, "-I", "-S", "-c", PREAMBLE + engine, str(home)]
    return Supervisor(home, command, [], None, heard, Restarts(pauses))


def starts(home: Path) -> int:
    return (home / "starts").stat().st_size


@pytest.mark.parametrize("code", [0, 1])
def test_an_end_that_somebody_asked_for_is_the_end(tmp_path: Path, heard: Signals, code: int) -> None:
    engine = f"tell(wanted=True, why='asked to stop', ended_at=9, code={code}); sys.exit({code})"
    assert supervisor(tmp_path, heard, engine).run() == code
    assert starts(tmp_path) == 1


def test_an_end_without_a_failure_is_no_crash(tmp_path: Path, heard: Signals) -> None:
    assert supervisor(tmp_path, heard, "tell(); sys.exit(0)").run() == 0
    assert starts(tmp_path) == 1


def test_an_engine_that_runs_without_a_supervisor_keeps_its_own_word(tmp_path: Path, heard: Signals) -> None:
    write_fate(tmp_path, running := Fate(os.getpid(), up_at=5))
    with InstanceLock(tmp_path / "engine.lock"):
        assert supervisor(tmp_path, heard, "sys.exit(2)").run() == 2
    assert read_fate(tmp_path) == running


def test_a_killed_engine_is_started_again(tmp_path: Path, heard: Signals) -> None:
    engine = "tell(); os.kill(os.getpid(), 9) if starts == 1 else tell(wanted=True, ended_at=9)"
    assert supervisor(tmp_path, heard, engine).run() == 0
    assert starts(tmp_path) == 2
    word = supervision(tmp_path)
    assert word is not None
    assert (word.crashes, word.engine, word.gave_up) == (1, 0, False)


def test_how_a_killed_engine_ended_is_written_for_it(tmp_path: Path, heard: Signals) -> None:
    engine = "tell(); os.kill(os.getpid(), 9) if starts == 1 else sys.exit(2)"
    assert supervisor(tmp_path, heard, engine).run() == 2
    engine = "os.kill(os.getpid(), 9)"
    assert supervisor(tmp_path, heard, engine).run() == 1
    fate = read_fate(tmp_path)
    assert fate is not None
    assert (fate.code, fate.sentence, fate.up_at) == (-9, "killed (SIGKILL)", 0)
    assert fate.ended_at


@pytest.mark.parametrize("code", [1, 2])
def test_a_first_start_that_fails_is_not_tried_again(tmp_path: Path, heard: Signals, code: int) -> None:
    assert supervisor(tmp_path, heard, f"sys.exit({code})").run() == code
    assert starts(tmp_path) == 1


def test_a_refused_start_after_a_crash_ends_it(tmp_path: Path, heard: Signals) -> None:
    engine = "tell(); sys.exit(1 if starts == 1 else 2)"
    assert supervisor(tmp_path, heard, engine).run() == 2
    assert starts(tmp_path) == 2


def test_it_gives_up_after_too_many_crashes_and_says_so(
    tmp_path: Path, heard: Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    assert supervisor(tmp_path, heard, "tell(); sys.exit(3)").run() == 3
    assert starts(tmp_path) == CRASHES_MAX
    word = supervision(tmp_path)
    assert word is not None
    assert word.gave_up
    assert "not started again" in capsys.readouterr().err


def test_crashes_long_ago_are_forgotten() -> None:
    restarts = Restarts()
    assert [restarts.after(0.0) for _ in range(3)] == list(PAUSES_S[:3])
    assert restarts.after(WITHIN_S + 1.0) == PAUSES_S[0]


def test_who_asks_it_to_end_ends_its_engine(tmp_path: Path, heard: Signals) -> None:
    engine = (
        "signal = __import__('signal'); signal.signal(15, lambda *_: sys.exit(0)); tell(); time.sleep(60)"
    )
    _later(lambda: (tmp_path / FATE_FILE).exists(), signal.SIGTERM)
    assert supervisor(tmp_path, heard, engine).run() == 0
    assert starts(tmp_path) == 1
    fate = read_fate(tmp_path)
    assert fate is not None
    assert (fate.wanted, fate.why) == (True, "asked to end")


def test_a_closed_terminal_is_nothing_to_it(tmp_path: Path, heard: Signals) -> None:
    _later(lambda: (tmp_path / FATE_FILE).exists(), signal.SIGHUP, then=tmp_path / "over")
    engine = "tell(wanted=True)\nwhile not os.path.exists(home + '/over'): time.sleep(0.01)"
    assert supervisor(tmp_path, heard, engine).run() == 0


def test_a_pause_ends_early_where_somebody_hurries_it(tmp_path: Path, heard: Signals) -> None:
    engine = "tell(wanted=starts == 2); sys.exit(1)"
    began = time.monotonic()
    _later(lambda: _pauses(tmp_path), signal.SIGUSR1)
    assert supervisor(tmp_path, heard, engine, (300.0,)).run() == 1
    assert time.monotonic() - began < 250.0
    assert starts(tmp_path) == 2


def test_a_chord_while_no_engine_runs_is_heard_also_beside_an_end(tmp_path: Path, heard: Signals) -> None:
    _later(lambda: _pauses(tmp_path), signal.SIGQUIT, signal.SIGTERM)
    assert supervisor(tmp_path, heard, "tell(); sys.exit(1)", (30.0,)).run() == 0
    assert KillLatch(tmp_path / LATCH).is_set


def test_a_pause_ends_for_good_where_somebody_asks_it_to(tmp_path: Path, heard: Signals) -> None:
    _later(lambda: _pauses(tmp_path), signal.SIGTERM)
    assert supervisor(tmp_path, heard, "tell(); sys.exit(1)", (30.0,)).run() == 0
    assert starts(tmp_path) == 1


def test_an_engine_that_never_told_anything_has_a_sentence(tmp_path: Path) -> None:
    assert read_fate(tmp_path) is None
    assert Fate(1, 2, 3, -11).sentence == "killed (SIGSEGV)"
    assert Fate(1, 2, 3, 1, "no room").sentence == "exit 1: no room"
    assert msgspec.json.decode(msgspec.json.encode(Fate(1, 2)), type=Fate).ended_at == 0


def _later(when: Callable[[], bool], *numbers: signal.Signals, then: Path | None = None) -> None:
    """The signals, to this process, as soon as that holds; then a file, where one is named."""

    def send() -> None:
        end = time.monotonic() + 60.0
        while not when() and time.monotonic() < end:
            time.sleep(0.01)
        for number in numbers:
            os.kill(os.getpid(), number)
        if then is not None:
            then.touch()

    threading.Thread(target=send, daemon=True).start()


def _pauses(home: Path) -> bool:
    """Whether the next start is planned and not made yet."""
    word = supervision(home)
    return word is not None and word.next_at > 0


def test_what_a_killed_engine_left_in_memory_goes_with_its_supervisor(tmp_path: Path, heard: Signals) -> None:
    (beat, *_) = beat_files(tmp_path)
    engine = f"tell(); open({str(beat)!r}, 'w').write('x'); os.kill(os.getpid(), 9)"
    assert supervisor(tmp_path, heard, engine).run() == 1
    assert not beat.exists()
    beat.write_text("x")
    with InstanceLock(tmp_path / "engine.lock"):  # another engine's, which runs without us
        assert supervisor(tmp_path, heard, "sys.exit(2)").run() == 2
    assert beat.exists()
    beat.unlink()
