"""The kill listener: latch on disk, then cancels on the wire, then the engine; whatever else is wrong."""

from __future__ import annotations

import json
import os
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from midas.domain.event import LatchTripped
from midas.domain.mode import KillLevel
from midas.domain.order import Purpose
from midas.errors import LinkClosed, NotRunning, OutcomeUnknown, StoreFull
from midas.runtime.kill import CANCEL_FOR, KillListener, KillRequest, latch_and_pull, pull_kill
from midas.state.order import Order
from midas.store.latch import KillLatch
from tests.fakes.nouns import BTC, intent
from tests.fakes.shell import FakeClock, FakeLatch, Log


class FakeCanceller:
    """A venue connection that answers as a test says; `delays` lets a cancel take its time."""

    def __init__(self, log: Log, clock: FakeClock) -> None:
        self.log = log
        self.status = 200
        self.error: Exception | None = None
        self.takes = 0
        self.pinged = threading.Event()
        self.hang: threading.Event | None = None
        self.closed = False
        self._clock = clock

    def cancel(self, symbol: str, client_id: str) -> tuple[int, int]:
        self.log.append(("cancel", client_id))
        self._clock.time += self.takes
        if self.error is not None:
            raise self.error
        return self.status, 0 if self.status == 200 else -2011

    def ping(self) -> bool:
        self.pinged.set()
        if self.hang is not None:
            self.hang.wait(60.0)
        return True

    def close(self) -> None:
        self.closed = True


def order(name: str, purpose: Purpose = Purpose.ENTRY, sent: bool = True, instrument: str = BTC.id) -> Order:
    made = Order(intent(name, purpose=purpose, instrument=instrument))
    made.sent_at = int(sent)
    return made


class Bench:
    """A listener on its own socket, and everything it did in one list."""

    def __init__(self, folder: Path) -> None:
        self.log: Log = []
        self.clock = FakeClock()
        self.latch = FakeLatch(self.log)
        self.canceller = FakeCanceller(self.log, self.clock)
        self.orders: list[Order] = []
        self.told: list[LatchTripped] = []
        self.path = folder / "kill.sock"
        self.listener = KillListener(
            self.path, self.latch, self.canceller, lambda: list(self.orders), {BTC.id: BTC.symbol},
            self._tell, self.clock.now,
        )  # fmt: skip

    def start(self) -> Bench:
        self.listener.start()
        return self

    def say(self, request: bytes) -> dict[str, object]:
        """Raw bytes to the socket, and the reply."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(30.0)
            connection.connect(str(self.path))
            connection.sendall(request)
            reply: dict[str, object] = json.loads(connection.recv(65_536))
            return reply

    def _tell(self, event: LatchTripped) -> None:
        self.log.append(("told", event.level))
        self.told.append(event)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="midas-") as folder:  # a socket's path must be short
        made = Bench(Path(folder))
        yield made
        made.listener.close()


def test_the_latch_is_durable_before_the_first_cancel_and_the_engine_hears_last(bench: Bench) -> None:
    bench.orders = [order("a"), order("b")]
    bench.start()
    reply = pull_kill(bench.path, KillRequest("halt", "me", "news"))
    assert bench.log == [("latch", "halt"), ("cancel", "a"), ("cancel", "b"), ("told", "halt")]
    assert reply.latched
    assert reply.canceled == ("a", "b")
    assert bench.told[0].canceled == ("a", "b")
    assert (bench.told[0].by, bench.told[0].reason) == ("me", "news")


def test_a_halt_withdraws_what_increases_risk_and_keeps_exits(bench: Bench) -> None:
    bench.orders = [order("entry"), order("exit", Purpose.EXIT), order("queued", sent=False)]
    reply = bench.listener.pull(KillRequest("halt"))
    assert reply.canceled == ("entry",)


@pytest.mark.parametrize("level", ["all", "flatten", "disconnect"])
def test_from_level_all_on_every_order_is_withdrawn(bench: Bench, level: str) -> None:
    bench.orders = [order("entry"), order("exit", Purpose.EXIT), order("queued", sent=False)]
    assert bench.listener.pull(KillRequest(level)).canceled == ("entry", "exit")
    assert bench.latch.trips[0][0] is KillLevel(level)


@pytest.mark.parametrize("request_", [b"halt!\n", b'{"level": 3}\n', b"\xff\xfe\n", b"x" * 5_000])
def test_an_unreadable_request_still_halts(bench: Bench, request_: bytes) -> None:
    bench.orders = [order("a")]
    bench.start()
    assert bench.say(request_)["latched"] is True
    assert [level for level, _, _ in bench.latch.trips] == [KillLevel.HALT]
    assert "unreadable" in bench.told[0].by


def test_an_unknown_level_halts_and_says_which_levels_there_are(bench: Bench) -> None:
    reply = bench.listener.pull(KillRequest("flaten"))
    assert reply.latched
    assert "there is no kill level 'flaten'" in reply.sentence
    assert "flatten" in reply.sentence
    assert bench.told[0].level == "halt"


def test_a_request_that_comes_in_two_parts_is_one_request(bench: Bench) -> None:
    bench.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(str(bench.path))
        connection.sendall(b'{"level": "fla')
        time.sleep(0.05)
        connection.sendall(b'tten"}\n')
        connection.recv(65_536)
    assert bench.told[0].level == "flatten"


def test_who_only_looks_whether_somebody_listens_stops_nothing(bench: Bench) -> None:
    bench.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.connect(str(bench.path))
    assert bench.say(b'{"by": "second"}\n')["latched"] is True
    assert [event.by for event in bench.told] == ["second"]


def test_a_full_disk_keeps_nobody_from_stopping(bench: Bench) -> None:
    bench.orders, bench.latch.failure = [order("a")], StoreFull("the disk is full")
    reply = bench.listener.pull(KillRequest())
    assert "not durable" in reply.sentence
    assert reply.canceled == ("a",)
    assert bench.told


@pytest.mark.parametrize("error", [OutcomeUnknown("no answer"), ValueError("a bug")])
def test_a_cancel_that_fails_is_told_and_the_next_one_goes_out(bench: Bench, error: Exception) -> None:
    bench.orders, bench.canceller.error = [order("a"), order("b")], error
    reply = bench.listener.pull(KillRequest())
    assert reply.failed == ("a", "b")
    assert bench.told[0].canceled == ()


def test_an_order_in_an_instrument_of_an_earlier_session_is_left_to_the_engine(bench: Bench) -> None:
    bench.orders = [order("old", instrument="GONE-USDT.binance"), order("a")]
    reply = bench.listener.pull(KillRequest())
    assert (reply.canceled, reply.failed) == (("a",), ("old",))


def test_a_refused_cancel_counts_as_failed(bench: Bench) -> None:
    bench.orders, bench.canceller.status = [order("a")], 400
    assert bench.listener.pull(KillRequest()).failed == ("a",)


def test_a_venue_that_hangs_holds_up_the_engine_only_for_so_long(bench: Bench) -> None:
    bench.orders = [order(str(n)) for n in range(20)]
    bench.canceller.takes, bench.canceller.error = CANCEL_FOR, OutcomeUnknown("no answer")
    reply = bench.listener.pull(KillRequest())
    assert len(reply.failed) == 20
    assert [what for what, _ in bench.log].count("cancel") == 1


def test_two_pulls_tell_the_engine_twice_and_both_are_answered(bench: Bench) -> None:
    bench.start()
    replies = [pull_kill(bench.path, KillRequest(level)) for level in ("halt", "flatten")]
    assert all(reply.latched for reply in replies)
    assert [event.level for event in bench.told] == ["halt", "flatten"]


def test_the_engine_is_told_once_a_pull(bench: Bench) -> None:
    bench.orders = [order("a"), order("b"), order("c")]
    bench.listener.pull(KillRequest())
    assert len(bench.told) == 1


def test_a_hanging_keep_alive_does_not_hold_up_the_latch(bench: Bench) -> None:
    bench.canceller.hang = threading.Event()
    bench.start()
    assert bench.canceller.pinged.wait(30.0)
    killer = threading.Thread(target=bench.listener.pull, args=(KillRequest(),))
    killer.start()
    _until(lambda: bool(bench.latch.trips))
    assert not bench.told
    bench.canceller.hang.set()
    killer.join(30.0)
    assert bench.told


def test_only_the_owner_may_use_the_socket(bench: Bench) -> None:
    bench.start()
    assert stat.S_IMODE(os.stat(bench.path).st_mode) == 0o600


def test_closing_ends_the_threads_and_removes_the_socket(bench: Bench) -> None:
    bench.start()
    bench.listener.close()
    bench.listener.close()
    assert not bench.path.exists()
    assert bench.canceller.closed
    assert not {t.name for t in threading.enumerate()} & {"kill", "kill-warm"}


def test_a_listener_that_never_started_closes_too(bench: Bench) -> None:
    bench.listener.close()
    assert bench.canceller.closed


def test_a_socket_left_by_a_crash_is_taken_over(bench: Bench) -> None:
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stale.bind(str(bench.path))
    stale.close()
    bench.start()
    assert bench.say(b"{}\n")["latched"] is True


def test_a_kill_where_nobody_listens_names_the_socket(bench: Bench) -> None:
    with pytest.raises(NotRunning, match=r"kill\.sock"):
        pull_kill(bench.path, KillRequest("halt", "me"))


def test_a_kill_that_is_not_reported_back_is_not_taken_for_no_engine(bench: Bench) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
        deaf.bind(str(bench.path))
        deaf.listen(1)
        with pytest.raises(LinkClosed, match="did not answer"):
            pull_kill(bench.path, KillRequest(), timeout=0.05)


def test_a_kill_of_a_hung_engine_is_latched_and_says_that_orders_may_rest(bench: Bench) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hung:
        hung.bind(str(bench.path))
        hung.listen(1)
        with pytest.raises(LinkClosed, match=r"flatten latched on disk; .* orders may still rest"):
            latch_and_pull(bench.latch, bench.path, KillRequest("flatten", "me", "hung", 7), timeout=0.05)
    assert bench.latch.trips == [(KillLevel.FLATTEN, "me", "hung")]


def test_a_kill_that_nobody_hears_and_no_disk_takes_says_so(bench: Bench) -> None:
    bench.latch.failure = StoreFull("the disk is full")
    with pytest.raises(StoreFull, match="the disk is full"):
        latch_and_pull(bench.latch, bench.path, KillRequest())


def test_a_disk_that_is_full_keeps_no_kill_from_the_engine(bench: Bench) -> None:
    bench.start()
    bench.latch.failure = StoreFull("the disk is full")
    reply = latch_and_pull(bench.latch, bench.path, KillRequest("all", "me"))
    assert "not durable" in reply.sentence
    assert bench.told[0].level == "all"


def test_the_latch_of_whoever_asks_and_the_engines_are_one_pull(bench: Bench, tmp_path: Path) -> None:
    latch = KillLatch(tmp_path / "kill.latch")
    listener = KillListener(
        bench.path, latch, bench.canceller, list, {}, bench.told.append, bench.clock.now
    )  # fmt: skip
    listener.start()
    latch_and_pull(latch, bench.path, KillRequest("halt", "me", "news", 7))
    listener.close()
    record = latch.read()
    assert record is not None
    assert (record.at, record.repeated_at, latch.history()) == (7, 0, [])


def test_a_kill_that_fails_unexpectedly_leaves_the_listener_to_the_next_one(bench: Bench) -> None:
    failures = [RuntimeError("the loop is closed")]

    def tell(event: LatchTripped) -> None:
        if failures:
            raise failures.pop()
        bench.told.append(event)

    listener = KillListener(
        bench.path, bench.latch, bench.canceller, list, {}, tell, bench.clock.now
    )  # fmt: skip
    listener.start()
    with pytest.raises(LinkClosed):
        pull_kill(bench.path, KillRequest("halt", "first"))
    assert pull_kill(bench.path, KillRequest("halt", "second")).latched
    listener.close()
    assert [event.by for event in bench.told] == ["second"]


def test_a_failed_cancel_tells_the_log_nothing_but_its_class(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.orders, bench.canceller.error = [order("a")], ValueError("/api/v3/order?signature=5ec4e7")
    bench.listener.pull(KillRequest())
    assert "ValueError" in caplog.text
    assert "5ec4e7" not in caplog.text


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize(
    "said", [b'{"latched":true,"sentence":"\xff\xfe"}\n', b"\xff\n", b"[" * 9_000 + b"\n"]
)
def test_a_reply_that_is_no_text_is_told_as_no_answer(said: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="midas-") as folder:
        path = Path(folder) / "kill.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(str(path))
            listening.listen()

            def answer() -> None:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4_096)
                    connection.sendall(said)

            answering = threading.Thread(target=answer)
            answering.start()
            with pytest.raises(LinkClosed, match="did not answer"):
                pull_kill(path, KillRequest())
            answering.join()
