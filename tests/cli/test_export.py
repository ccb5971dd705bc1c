"""`midas export orders`: the life of every order as a table, exact, by time, never half written."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from midas.cli import main
from midas.domain.command import CancelOrder
from midas.domain.event import MARKET_EVENTS
from midas.engine.audit import encode
from midas.runtime.order_records import FIELDS, OrderRecord, order_records
from midas.runtime.records import AUDIT, EVENT, HEADER, Header, encode_event, encode_header
from midas.runtime.replay import Row
from midas.store import sessions
from midas.store.journal import Journal
from tests.engine.hands import Hands
from tests.fakes.desk import Desk

NAME = "19700101-001640-aaaa"


@pytest.fixture
def traded() -> Desk:
    """A person bought at market, let one order rest and took it back."""
    hands = Hands().hold("0.01")
    resting = hands.resting("0.01", "59999.00")
    hands.scene.tick(2)
    hands.desk.command(CancelOrder(resting.intent.client_id))
    hands.scene.tick(2)
    return hands.desk


def header(desk: Desk) -> Header:
    digest = desk.settings.digest()
    return Header(NAME, 1, "0.1", "c0de" * 8, digest, desk.settings, "binance", "account-1", "SIM", "", 1.0)


def rows(desk: Desk) -> list[Row]:
    """As the runner would have written them."""
    told = {audit.sequence: audit for audit in desk.audits}
    made = []
    for sequence, event in enumerate(desk.fed, 1):
        if type(event) not in MARKET_EVENTS:
            made.append(Row(sequence, EVENT, encode_event(event)))
        if sequence in told:
            made.append(Row(sequence, AUDIT, encode(told[sequence])))
    return made


@pytest.fixture
async def home(traded: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in, whose home holds that session."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    journal = await Journal.open(home / sessions.SESSIONS / NAME)
    journal.append(0, HEADER, 1, encode_header(header(traded)))
    for row in rows(traded):
        journal.append(row.sequence, row.kind, 1, row.body)
    await journal.close()
    return home


def records(desk: Desk) -> list[OrderRecord]:
    return list(order_records(header(desk), rows(desk)))


def test_the_life_of_an_order_is_told_with_the_codes_of_rts_24(traded: Desk) -> None:
    told = records(traded)
    first, last = told[0].order_id, told[-1].order_id
    assert first != last
    codes = [r.order_event for r in told if r.order_id == first and r.order_event]
    assert codes[0] == "NEWO"
    assert codes[-1] == "FILL"
    assert [r.order_event for r in told if r.order_id == last and r.order_event] == ["NEWO", "CAME"]
    assert told[0].event == "decided"


def test_who_decided_and_how_much_is_left_stand_in_every_record(traded: Desk) -> None:
    told = records(traded)
    fill = next(r for r in told if r.order_event == "FILL")
    assert (fill.side, fill.investment_decision, fill.trading_capacity) == ("BUYI", "person", "DEAL")
    assert (fill.remaining_quantity, fill.price_currency) == ("0", "USDT")
    assert Decimal(fill.transaction_price) > 0
    assert fill.passive_aggressive == "AGRE"
    assert fill.venue_order_id
    assert fill.execution_decision == "midas 0.1 c0dec0dec0de"


def test_csv_and_parquet_hold_the_same_exactly(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "orders", "--csv", "o.csv", "--parquet", "o.parquet", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    with Path("o.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert (told["sessions"], told["records"], told["files"]) == (1, len(read), ["o.csv", "o.parquet"])
    assert tuple(read[0]) == FIELDS
    with duckdb.connect() as connection:
        table = connection.execute(
            "SELECT order_id, event, initial_quantity, limit_price, epoch_us(time) FROM 'o.parquet'"
        ).fetchall()
    assert [(r["order_id"], r["event"]) for r in read] == [row[:2] for row in table]
    assert [Decimal(r["initial_quantity"]) for r in read] == [row[2] for row in table]
    assert [Decimal(r["limit_price"]) for r in read] == [row[3] for row in table]
    assert all(row[4] > 0 for row in table)
    assert sorted(p.name for p in Path().iterdir() if p.name.startswith(".")) == []


def test_a_window_of_time_takes_what_lies_inside_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "orders", "--csv", "all.csv", "--json"]) == 0
    everything = json.loads(capsys.readouterr().out)["records"]
    with Path("all.csv").open(newline="") as file:
        times = [row["time"] for row in csv.DictReader(file)]
    middle = max(times).removesuffix("Z")
    assert main(["export", "orders", "--from", middle, "--csv", "late.csv", "--json"]) == 0
    late = json.loads(capsys.readouterr().out)["records"]
    assert main(["export", "orders", "--to", middle, "--csv", "early.csv", "--json"]) == 0
    early = json.loads(capsys.readouterr().out)["records"]
    assert 0 < late < everything
    assert early + late == everything
    day = times[0][:10]
    assert main(["export", "orders", "--from", day, "--to", day, "--csv", "day.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["records"] == everything


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "say where to: --csv FILE, --parquet FILE or both"),
        (["--csv", "config.toml"], "config.toml is there already"),
        (["--csv", "nowhere/o.csv"], "the folder nowhere is missing"),
        (["--csv", "o", "--parquet", "o"], "name the same file"),
        (["--csv", "o", "--from", "yesterday"], "--from: expected a date such as 2026-11-21"),
        (["--csv", "o", "--from", "2026-11-02", "--to", "2026-11-01"], "must lie before"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    before = sorted(path.name for path in Path().iterdir())
    assert main(["export", "orders", *arguments]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1
    assert sorted(path.name for path in Path().iterdir()) == before


def test_a_home_without_sessions_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert main(["export", "orders", "--csv", "o.csv"]) == 2
    assert "there is no session in" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]
