"""A person's own orders from a shell, through the real door to a real engine with a venue in memory."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from midas.assembly.access import sockets
from midas.cli import main
from midas.cli.desk import limit_text, share_text
from midas.cli.running import LOCK, RUN_FILE, EngineFile
from midas.domain.command import Answer, Command, Kill, LimitMove, Reload, SetMode, SetStrategy
from midas.domain.event import CommandGiven
from midas.domain.mode import Mode
from midas.domain.order import Side
from midas.runtime.doors import LinkServer
from midas.store.lock import InstanceLock
from tests.engine.hands import Hands
from tests.engine.scene import Scene
from tests.fakes.desk import BTC, LIMITS
from tests.fakes.snapshots import normal
from tests.fakes.strategy import long


class Door:
    """An engine behind its socket, in a thread; commands are stepped as they come."""

    def __init__(self, home: Path) -> None:
        self.hands = Hands(Scene())
        self.silent = False
        self.files = msgspec.structs.replace(LIMITS, position_max=0.5)
        self._home = home
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._stop = asyncio.Event()

    def open(self) -> Door:
        """Listen."""
        self._thread.start()
        self._ready.wait(10.0)
        return self

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10.0)
        self._loop.close()

    async def _serve(self) -> None:
        server = LinkServer(sockets(self._home)[0], normal, self._command, time.time_ns, 8.0)
        await server.start()
        self._ready.set()
        await self._stop.wait()
        await server.close()

    def _command(self, given: CommandGiven, answer: Callable[[Answer], None]) -> None:
        command = given.command
        if isinstance(command, Reload):  # the runner reads the files
            command = msgspec.structs.replace(command, limits=self.files)
        told = self.hands.desk.command(command)
        if self.silent:
            self._stop.set()  # the engine dies with the answer on its lips
        else:
            answer(msgspec.structs.replace(told, id=given.id))


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """A home whose engine lives in this process."""
    (tmp_path / "config.toml").write_text("")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIDAS_HOME", str(home))
    (home / RUN_FILE).write_bytes(msgspec.json.encode(EngineFile(os.getpid(), "session", 1)))
    with InstanceLock(home / LOCK):
        made = Door(home).open()
        yield made
        made.close()


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], tuple[int, str, str]]:
    """Types a line; exit code, stdout, stderr."""

    def typed(line: str) -> tuple[int, str, str]:
        code = main(line.split())
        told = capsys.readouterr()
        return code, told.out, told.err

    return typed


Say = Callable[[str], tuple[int, str, str]]


def test_without_confirm_the_review_is_shown_and_nothing_is_sent(door: Door, say: Say) -> None:
    code, out, _ = say("order buy 0.01 btcusdt --price 59999.95")
    assert code == 0
    assert out.splitlines() == [
        "BUY 0.01 BTC-USDT at 59999.95: confirm to send it",
        "  value     600.00, fee about 0.6000",
        "  waits     behind 1 at its price",
        "  leaves    the instrument at 6.0% of equity, everything filled",
        "  limits    position BTC-USDT 0.0% -> 6.0% of 20.0%",
        "            order notional 0 -> 599.9995 of 2500 USDT",
        "            cash 100.0% -> 94.0% at least 10.0%",
        "nothing was sent: the same with --confirm sends it",
    ]
    assert door.hands.open == []


def test_what_isnt_in_the_account_any_more_is_taken_out_of_the_book_and_nothing_is_sent(
    door: Door, say: Say
) -> None:
    hands = door.hands.hold("0.01")
    venue, now = hands.desk.venue, hands.desk.now
    venue.trade_by_hand(BTC, Side.SELL, Decimal(61_000), venue.balances["BTC"], now)
    hands.scene.tick(35)
    assert say("close BTC-USDT --strategy manual")[:2] == (
        0,
        "manual BTC-USDT: 0.009996 BTC isn't in the account any more; confirm to take it out of its book at "
        "61000 USDT, at which it left the account: no order is sent\n"
        "  value     609.76\n"
        "nothing was changed: the same with --confirm does it\n",
    )
    assert say("close BTC-USDT --strategy manual --confirm")[0] == 0
    assert [hands.held(), hands.held("external")] == [0, 0]
    assert hands.open == []


def test_of_a_limit_a_person_reads_from_where_to_where_and_whether_that_is_beyond_it() -> None:
    assert limit_text(LimitMove("cash", "cash", 0.5, 0.09, 0.1, True)) == (
        "cash 50.0% -> 9.0% at least 10.0% - BEYOND it"
    )
    assert limit_text(LimitMove("order quantity", "order of", 0.0, 0.00001, 0.005, False, "BTC")) == (
        "order quantity 0 -> 0.00001 of 0.005 BTC"
    )
    assert share_text(0.0002) == "0.02%"


def test_with_confirm_it_is_sent(door: Door, say: Say) -> None:
    code, out, _ = say("order buy 0.01 BTC-USDT --price 59999.00 --post --confirm")
    assert code == 0
    [order] = door.hands.open
    assert order.intent.type.value == "LIMIT_MAKER"
    assert out.startswith("BUY 0.01 BTC-USDT at 59999.00, post only is sent as ")


@pytest.mark.parametrize(
    ("line", "done"),
    [
        ("order buy 0.01 BTC-USDT --price 59999", False),
        ("order buy 0.01 BTC-USDT --price 59999 --confirm", True),
        ("cancel all-entries", True),
        ("kill --strategy puppet --preview", False),
        ("kill --strategy puppet", True),
        ("strategy puppet pause", True),
        ("strategy puppet resume --reason because", False),
        ("mode pause", True),
    ],
)
def test_a_program_is_told_whether_anything_was_done_or_only_shown(
    door: Door, say: Say, line: str, done: bool
) -> None:
    code, out, _ = say(f"{line} --json")
    assert code == 0
    facts = json.loads(out)
    assert (facts["accepted"], facts["done"]) == (True, done)


def test_a_program_reads_all_of_it(door: Door, say: Say) -> None:
    _, out, _ = say("order buy 0.01 BTC-USDT --json")
    facts = json.loads(out)
    assert facts["review"]["takes"] == 0.01
    assert facts["ticket"].startswith("cli-")
    assert door.hands.open == []


def test_a_named_ticket_is_sent_once(door: Door, say: Say) -> None:
    line = "order buy 0.01 BTC-USDT --price 59999.00 --ticket mine --confirm"
    say(line)
    code, out, _ = say(line)
    assert code == 0
    assert "already sent as " in out
    assert len(door.hands.open) == 1


def test_an_answer_that_never_came_names_the_ticket_to_ask_again_with(door: Door, say: Say) -> None:
    door.silent = True
    code, _, err = say("order buy 0.01 BTC-USDT --price 59999.00 --confirm")
    assert code == 1
    ticket = door.hands.open[0].intent.ticket
    assert f"the same with --ticket {ticket} never makes a second order" in err


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("order buy nan BTC-USDT", "expected a quantity above 0 such as 0.25, got 'nan'"),
        ("order buy -1 BTC-USDT", "expected a quantity above 0 such as 0.25, got '-1'"),
        ("order buy 0.123456 BTC-USDT", "the nearest are 0.12345 and 0.12346"),
        ("order buy 0.01 DOGE", "'DOGE' isn't traded here; there are BTC-USDT"),
        ("order buy 0.01 BTC-USDT --post", "--post needs a --price"),
        ("order buy 0.01 BTC-USDT --price 1.234", "the nearest are 1.23 and 1.24"),
        ("order hold 0.01 BTC-USDT", "invalid choice: 'hold'"),
        ("order sell 0.01 BTC-USDT", "manual holds no BTC"),
        ("order sell 0.01 BTC-USDT --strategy puppet", "`close` sells what a strategy holds"),
        ("amend zzzz", "say what to amend: --quantity, --price or both"),
        ("amend zzzz --price 1", "there is no order 'zzzz'; none is open"),
        ("cancel zzzz", "there is no order 'zzzz'; none is open"),
        ("cancel foo-usdt", "none is open; instruments are BTC"),
        ("close BTC-USDT", "there is no position in BTC-USDT to close"),
        ("strategy momo pause", "there is no strategy 'momo'; there are puppet"),
        ("strategy puppet stop", "invalid choice: 'stop'"),
    ],
)
def test_what_a_person_can_mend_is_one_sentence_and_exit_code_2(
    door: Door, say: Say, line: str, sentence: str
) -> None:
    code, out, err = say(line)
    assert (code, out) == (2, "")
    assert err.startswith("midas: ")
    assert sentence in err
    assert err.count("\n") == 1


def test_what_a_limit_forbids_is_refused_with_exit_code_5(door: Door, say: Say) -> None:
    code, _, err = say("order buy 0.04 BTC-USDT --price 59999.00 --confirm")
    assert code == 5
    assert "BTC-USDT would be 24.0% of equity, at most 20%" in err


def test_without_an_engine_there_is_nobody_to_order_from(
    tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))
    for line in (
        "order buy 1 BTC-USDT",
        "cancel x",
        "close BTC-USDT",
        "strategy a pause",
        "amend x --price 1",
    ):
        code, _, err = say(line)
        assert code == 2
        assert "no engine runs in" in err


def test_an_order_is_amended_by_the_end_of_its_id(door: Door, say: Say) -> None:
    order = door.hands.resting("0.01", "59999.00")
    short = order.intent.client_id[-4:]
    code, out, _ = say(f"amend {short} --price 59990.00 --quantity 0.02")
    assert code == 0
    assert "nothing was changed: the same with --confirm does it" in out
    assert order.status == "OPEN"
    assert say(f"amend {short} --price 59990.00 --quantity 0.02 --confirm")[0] == 0
    [new] = door.hands.open
    assert str(new.intent.price) == "59990.00"


@pytest.mark.parametrize("what", ["btcusdt", "BTC-USDT", "all-entries"])
def test_the_entries_of_a_symbol_or_of_all_are_cancelled(door: Door, say: Say, what: str) -> None:
    order = door.hands.resting()
    code, out, _ = say(f"cancel {what}")
    assert code == 0
    assert out.startswith(f"entries being cancelled: {order.intent.client_id[-4:]}")
    assert order.status == "CANCELED"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("order buy 0.01 BTC-USDT --price 59999.00", "confirm to send it"),
        ("amend ORDER --quantity 0.02", "confirm"),
        ("close BTC-USDT", "confirm"),
        ("mode normal --reason looked", "it needs a confirmation"),
        ("reload", "looser would be position_max 0.2 -> 0.5; confirm it"),
        ("strategy puppet resume", "confirm to let it open new risk again"),
        ("resume looked", "confirm to release"),
    ],
)
def test_what_wants_a_confirmation_and_has_none_is_a_review_that_changes_nothing(
    door: Door, say: Say, line: str, sentence: str
) -> None:
    order = door.hands.hold("0.01").resting()
    line = line.replace("ORDER", order.intent.client_id[-4:])
    first: dict[str, Command] = {"mode": SetMode("OBSERVATION"), "resume": Kill("halt")}
    before = first.get(line.split()[0], SetStrategy("puppet", running=False))
    assert door.hands.desk.command(before).accepted
    control, held, open_before = door.hands.state.control, door.hands.held(), door.hands.open
    kept = control.mode, control.latched, set(control.gates)
    code, out, _ = say(f"{line} --json")
    assert (code, json.loads(out)["done"]) == (0, False)
    assert sentence in json.loads(out)["sentence"]
    assert (control.mode, control.latched, set(control.gates)) == kept
    assert (door.hands.held(), door.hands.open) == (held, open_before)
    assert say(line)[0] == 0


def test_a_riskier_mode_without_a_reason_is_bad_input(door: Door, say: Say) -> None:
    assert say("mode observation")[0] == 0
    for line in ("mode normal", "mode normal --confirm"):
        code, _, err = say(line)
        assert code == 2
        assert "a reason of at least 3 letters" in err


def test_one_order_is_cancelled_by_its_id(door: Door, say: Say) -> None:
    order = door.hands.resting()
    assert say(f"cancel {order.intent.client_id}")[0] == 0
    assert order.status == "CANCELED"


def test_a_position_is_closed_in_two_steps(door: Door, say: Say) -> None:
    door.hands.hold("0.01")
    code, out, _ = say("close btc-usdt")
    assert code == 0
    assert "close manual BTC-USDT: sell 0.00999 BTC, about 599.40 USDT (0.000006 stays as dust);" in out
    assert door.hands.held() > 0.009
    assert say("close btc-usdt --strategy manual --confirm")[0] == 0
    assert door.hands.held() < 0.001


def test_a_strategy_is_paused_at_once_and_started_in_two_steps(door: Door, say: Say) -> None:
    assert say("strategy puppet pause --reason news")[:2] == (
        0,
        "puppet opens nothing new; its exits are managed\n",
    )
    code, out, _ = say("strategy puppet resume")
    assert code == 0
    assert out.endswith("news; confirm to let it open new risk again\n")
    assert door.hands.state.control.paused("puppet")
    assert say("strategy puppet resume --confirm")[1] == "puppet may open new risk again\n"
    door.hands.scene.say(long())
    assert door.hands.open
    assert door.hands.state.control.mode is Mode.NORMAL
