"""What is told of an engine that has ended: positions, stops that rest, orders nobody has proven gone."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from midas.cli import main
from midas.cli.fate import Fate, write_fate
from midas.cli.leavings import facts, left, rows
from midas.domain.carry import Carried, OrderCarried, SleeveCarried
from midas.domain.order import Phase, Purpose, Side
from midas.domain.stops import StopKept
from midas.state.state import EXTERNAL
from midas.store.survey import Condition, Survey
from tests.assembly.test_inherit import OURS, opened, rich, store
from tests.fakes.desk import BTC
from tests.fakes.nouns import intent

PAIRS = (BTC,)


def sleeve(quantity: str, strategy: str = "trend", cost: str = "600") -> SleeveCarried:
    zero = Decimal(0)
    return SleeveCarried(
        strategy=strategy, instrument=BTC.id, quantity=Decimal(quantity), cost=Decimal(cost),
        realised=zero, fees=zero, fills=1, opened_at=1,
    )  # fmt: skip


def order(short: str, quantity: str, purpose: Purpose = Purpose.STOP, **more: object) -> OrderCarried:
    made = intent(
        f"md-{short}", quantity=Decimal(quantity), strategy="trend", instrument=BTC.id, side=Side.SELL,
        purpose=purpose, stop_price=Decimal("58000.00"),
    )  # fmt: skip
    given = {"phase": Phase.WORKING.value, "venue_id": "7", "filled": Decimal(0), "sent_at": 1, "dead_at": 2}
    return OrderCarried(intent=made, **{**given, **more})  # type: ignore[arg-type]


def told(**carried: object) -> list[str]:
    found = left(Carried(from_session="s1", **carried), PAIRS)  # type: ignore[arg-type]
    return [f"{word} {text}" for word, text in rows(found)]


def test_a_session_that_left_nothing_says_so() -> None:
    assert told() == ["left session s1 left no position, and no order of ours at the venue"]


def test_a_position_names_the_stop_that_rests_for_it() -> None:
    said = told(sleeves=(sleeve("0.01"),), orders=(order("abcd", "0.01"),))
    assert said[1:] == [
        "position BTC-USDT 0.01 of trend: stop abcd at the venue",
        "stop abcd SELL 0.01 BTC-USDT of trend rests at the venue, at 58000, and works without us",
    ]


@pytest.mark.parametrize(
    ("orders", "sentence"),
    [
        ((), "NAKED, no stop at the venue (the one at 57000 was in memory only)"),
        ((order("abcd", "0.004"),), "0.006 of it NAKED, stop abcd at the venue"),
        ((order("abcd", "0.01", unknown_since=5, unknown_cause="no answer"),), "NAKED, no stop at the venue"),
        ((order("abcd", "0.01", phase=Phase.INFLIGHT.value),), "NAKED, no stop at the venue"),
    ],
)
def test_what_no_stop_at_the_venue_sells_is_naked(orders: tuple[OrderCarried, ...], sentence: str) -> None:
    kept = StopKept(
        strategy="trend", instrument=BTC.id, opened_at=1, since=1, entry=Decimal(60_000), risk=1.0, atr=0.0,
        best=1.0, level=Decimal("57000.00"),
    )  # fmt: skip
    said = told(sleeves=(sleeve("0.01"),), orders=orders, stops=(kept,))
    assert sentence in said[1]


def test_every_other_order_that_was_open_is_not_proven_gone() -> None:
    doubt = order("aaaa", "0.01", unknown_since=5, unknown_cause="no answer for 15 s")
    sent = order("bbbb", "0.02", Purpose.ENTRY, phase=Phase.INFLIGHT.value)
    open_still = order("cccc", "0.03", Purpose.EXIT, filled=Decimal("0.01"))
    said = told(orders=(doubt, sent, open_still))
    assert [line.split(":")[0] for line in said[1:]] == [
        "UNPROVEN aaaa SELL 0.01 BTC-USDT of trend isn't proven gone (no answer for 15 s)",
        "UNPROVEN bbbb SELL 0.02 BTC-USDT of trend isn't proven gone (it was on its way when the journal "
        "ended)",
        "UNPROVEN cccc SELL 0.02 BTC-USDT of trend isn't proven gone (it was open when the journal ended)",
    ]


def test_what_was_sold_by_no_order_that_we_know_is_neither_dust_nor_naked() -> None:
    said = told(sleeves=(sleeve("0.01"), sleeve("-0.01", EXTERNAL)))
    assert said[1] == "position BTC-USDT 0.01 of trend: not in the account any more"
    assert said[2] == (
        "position BTC-USDT -0.01 of external: sold by no order that we know, so much less is there of the "
        "others'"
    )


def test_dust_and_what_is_not_ours_is_named_as_that() -> None:
    said = told(sleeves=(sleeve("0.000001"), sleeve("1", EXTERNAL), sleeve("0.01", cost="1")))
    assert said[1:] == [
        "position BTC-USDT 0.000001 of trend: dust, too little to be sold",
        "position BTC-USDT 1 of external: not ours, nothing protects it",
        "position BTC-USDT 0.01 of trend: dust, too little to be sold",
    ]


def test_a_program_reads_plain_figures() -> None:
    found = left(Carried(from_session="s1", sleeves=(sleeve("0.00001000"),)), PAIRS)
    position = msgspec.to_builtins(facts(found))["positions"][0]
    assert (position["quantity"], position["naked"]) == ("0.00001", "0.00001")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in, and its home."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


async def test_the_status_of_an_engine_that_has_ended_tells_it_of_the_last_session(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = Carried(from_session="0", opened=True, sleeves=(sleeve("0.01"),), orders=(order("abcd", "0.01"),))
    await store(home, "1", OURS, [opened("1", OURS, held), rich(1_000)])
    assert main(["status"]) == 2
    shown = capsys.readouterr()
    assert "position    BTC-USDT 0.01 of trend: " in shown.out
    assert "no engine runs in" in shown.err
    assert main(["status", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert (said["error"], said["left"]["session"]) == ("NotRunning", "1")
    assert said["left"]["positions"][0]["strategy"] == "trend"


def test_what_worked_when_the_engine_was_killed_works_on_and_is_no_mystery() -> None:
    entry, stop = order("beef", "0.02", Purpose.ENTRY), order("abcd", "0.01")
    killed = Survey("s1", Condition.WHOLE, 9, 20, 9, at=time.time_ns())
    found = left(Carried(from_session="s1", orders=(entry, stop)), PAIRS, killed)
    said = dict(rows(found))
    assert said["order"] == (
        "beef SELL 0.02 BTC-USDT of trend @ 58000 worked at the venue and nobody withdrew it"
    )
    assert said["stop"].startswith("abcd")
    assert "UNPROVEN" not in said


async def test_an_engine_that_was_killed_is_told_with_its_last_sign_what_was_open_and_what_a_start_does(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = order("cafe", "0.03", Purpose.EXIT, phase=Phase.INFLIGHT.value)
    held = Carried(from_session="0", opened=True, sleeves=(sleeve("0.01"),), orders=(sent,))
    await store(home, "1", OURS, [opened("1", OURS, held)], sealed=False)
    write_fate(home, Fate(7, 1))
    assert main(["status"]) == 2
    shown = capsys.readouterr()
    said = shown.out.splitlines()
    assert said[0].startswith("ended       without a farewell: killed, or the machine stopped; last alive ")
    assert "the last record of session 1)" in said[1]
    assert (
        "UNPROVEN    cafe SELL 0.03 BTC-USDT of trend isn't proven gone (engine restarted): the next"
        in shown.out
    )
    assert said[-1].endswith(
        "asks the venue what became of the orders, and opens in mode NORMAL once both agree"
    )
    assert "`midas` or `midas --no-ui` starts one; the last one ended without a word: killed" in shown.err
    assert ", last alive 0" in shown.err
    assert main(["status", "--json"]) == 2
    left_there = json.loads(capsys.readouterr().out)["left"]
    assert left_there["unended"]


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (Condition.WHOLE, "a start takes it over, asks the venue"),
        (
            Condition.TORN,
            "a start cuts its torn end off (record 9 is the last good one; 3 written ones are gone)",
        ),
        (Condition.DAMAGED, "a start is refused, for more than its end is damaged: `midas repair` says what"),
    ],
)
def test_what_a_start_does_with_a_journal_that_nobody_ended_is_said(
    condition: Condition, sentence: str
) -> None:
    found = Survey("s1", condition, 9, 20, 12, at=time.time_ns())
    said = [text for word, text in rows(left(Carried(from_session="s1"), PAIRS, found)) if word == "next"]
    assert [text[: len(sentence)] for text in said] == [sentence]
    stopped = left(Carried(from_session="s1"), PAIRS, found, latched=True).next
    assert "opens in" not in stopped
    ended = msgspec.structs.replace(found, sealed=True)
    assert "next" not in dict(rows(left(Carried(from_session="s1"), PAIRS, ended)))


async def test_a_journal_that_cannot_be_read_is_no_reason_to_say_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = await store(home, "1", OURS, [opened("1", OURS), rich(1_000)])
    (folder / "journal.db").write_bytes(b"garbage" * 1000)
    assert main(["status"]) == 2
    assert "not known, the journal can't be read" in capsys.readouterr().out


def test_a_home_without_a_session_says_nothing_of_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["left"] is None
