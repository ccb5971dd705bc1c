"""A person trades from a shell on the embedded exchange: sent once, equal at the end, and replayed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from midas.cli import main
from midas.domain.decision import FillBooked, OrderPlanned
from midas.domain.order import Purpose
from tests.e2e.checks import check_replay
from tests.e2e.desk import ProcessDesk, decisions, finished, last_line, until

MARKET = ["--market", "synthetic", "--preset", "easy", "--seed", "11", "--speed", "2"]
SIZE = "0.002"

Say = Callable[..., dict[str, Any]]


@pytest.fixture
def say(alone: ProcessDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Commands in this process, to the engine in its own."""
    monkeypatch.setenv("MIDAS_HOME", str(alone.home))
    monkeypatch.chdir(alone.workspace)

    def typed(line: str, code: int = 0) -> dict[str, Any]:
        assert main([*line.split(), "--json"]) == code, capsys.readouterr().out
        return last_line(capsys.readouterr().out)

    return typed


def test_a_person_places_amends_cancels_buys_and_closes(
    alone: ProcessDesk, say: Say, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = alone.start("--no-ui", *MARKET, "--json")
    until(lambda: main(["status"]) == 0, "the engine's start", 60.0)
    until(lambda: not say("status")["recovering"], "the account's first passes")
    until(lambda: main(f"order buy {SIZE} BTC-USDT".split()) == 0, "a market to order in")

    price = Decimal(repr(say(f"order buy {SIZE} BTC-USDT")["review"]["price"]))
    low, lower = (str(int(price * part / 100)) for part in (80, 79))  # where nothing trades
    sent = say(f"order buy {SIZE} BTC-USDT --price {low} --ticket first --confirm")
    again = say(f"order buy {SIZE} BTC-USDT --price {low} --ticket first --confirm")
    short = sent["sentence"].split()[-1]
    assert again["sentence"].startswith(f"already sent as {short}")
    until(lambda: _open(say) == 1, "the order")
    amend = f"amend {short} --price {lower} --ticket second --confirm"
    until(lambda: main(amend.split()) == 0, "the order's rest at the venue, where it can be amended")
    until(lambda: say(amend)["sentence"].startswith("already sent"), "the new order")
    say("cancel all-entries")
    until(lambda: _open(say) == 0, "the cancel")

    say(f"order buy {SIZE} BTC-USDT --confirm")
    until(lambda: _held(say) > 0 and _open(say) == 1, "the fill, and its stop at the venue")
    assert say("order sell 1 BTC-USDT", code=2)["sentence"].endswith("it can't sell more")
    assert say("order buy 0.05 BTC-USDT", code=5)["error"] == "CommandRefused"
    assert say("close BTC-USDT --strategy manual")["review"]["side"] == "SELL"
    say("close BTC-USDT --strategy manual --confirm")
    until(lambda: _held(say) < 1e-5, "the close")

    alone.told("stop")
    outcome = last_line(finished(engine).stdout)
    assert outcome["reconciled"] is True
    [session] = alone.sessions()
    made = decisions(session)
    planned = [d.intent for d in made if isinstance(d, OrderPlanned) and d.intent.strategy == "manual"]
    assert [(i.side.value, bool(i.ticket), bool(i.replaces)) for i in planned[:3]] == [
        ("BUY", True, False), ("BUY", True, True), ("BUY", True, False),
    ]  # fmt: skip
    stops = [i for i in planned[3:] if i.purpose is Purpose.STOP]
    assert stops, "what a person buys is protected at the venue like everything else"
    assert all(i.reason.startswith("closed by") for i in planned[3:] if i not in stops)
    bought = [d for d in made if isinstance(d, FillBooked) and d.strategy == "manual"]
    assert sum(d.quantity for d in bought if d.side.value == "BUY") == Decimal(SIZE)
    check_replay(alone, outcome, monkeypatch, capsys)


def _open(say: Say) -> int:
    return int(say("status")["open_orders"])


def _held(say: Say) -> float:
    held = [p["quantity"] for p in say("status")["positions"] if p["strategy"] == "manual"]
    return float(sum(held))
