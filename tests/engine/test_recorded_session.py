"""Both shipped strategies on recorded markets: they trade, and the same events decide the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from midas.domain.decision import FillBooked, SignalMade, TargetRefused
from midas.domain.time import SECOND
from midas.engine.audit import decode, encode
from midas.engine.build import build_engine
from midas.ports.strategy import Strategy
from midas.workspace import load_strategies
from tests.fakes.desk import Desk, config, decisions
from tests.fakes.recorded_market import RecordedMarket

WORKSPACE = Path(__file__).resolve().parents[2]
SHIPPED = WORKSPACE / "tests" / "payloads" / "midas-btcusdt.jsonl.gz"
SPEED = 5.0
LATENCY = SECOND // 500


def shipped() -> list[Strategy]:
    """Both strategies with their defaults."""
    loaded = load_strategies(WORKSPACE, {"trend-following": {}, "book-imbalance": {}})
    return [one.make() for one in loaded]


def session(path: Path) -> Desk:
    """The shipped strategies on the recording, at the speed of the demo."""
    market = RecordedMarket(path, speed=SPEED)
    traders = shipped()
    desk = Desk(traders, settings=config(traders, (market.instrument,)), latency=LATENCY)
    for bar in market.history(600):
        desk.feed(bar)
    desk.open(market.start - 10 * SECOND)
    desk.play(market.events())
    return desk


@pytest.fixture(scope="module")
def short() -> Desk:
    """A session on the recording that ships with the tests."""
    return session(SHIPPED)


@pytest.fixture(scope="module")
def traded(recorded_stream: Path) -> Desk:
    """A session on the reference recording, played once."""
    return session(recorded_stream)


def test_two_runs_of_the_same_events_give_byte_equal_audits(short: Desk) -> None:
    assert [d for d in decisions(short.audits) if isinstance(d, SignalMade)]
    assert session(SHIPPED).bytes() == short.bytes()


def test_a_fresh_engine_fed_with_what_was_recorded_decides_the_same(short: Desk) -> None:
    engine = build_engine(short.settings, shipped())
    audits = [engine.step(sequence, event) for sequence, event in enumerate(short.fed, 1)]
    assert b"\n".join(encode(audit) for audit in audits if audit is not None) == short.bytes()


def test_every_audit_reads_back_as_it_was_written(short: Desk) -> None:
    assert [decode(encode(audit)) for audit in short.audits] == short.audits


def test_both_strategies_trade_within_five_minutes_of_market(traded: Desk) -> None:
    start = traded.state.markets[next(iter(traded.state.markets))].first_time
    fills = [d for d in decisions(traded.audits) if isinstance(d, FillBooked)]
    early = {f.strategy for f in fills if f.market_time < start + 290 * SECOND}
    assert early == {"trend-following", "book-imbalance"}


def test_something_is_refused_with_a_reason(traded: Desk) -> None:
    refused = [d for d in decisions(traded.audits) if isinstance(d, TargetRefused)]
    assert refused
    assert all(b.sentence for d in refused for b in d.breaches)


def test_its_ledger_agrees_with_the_venue_to_the_last_digit(traded: Desk) -> None:
    traded.tick(traded.now + 40 * SECOND)
    assert traded.state.reconciled
    assert traded.state.differences == ()
    held = {asset: total for asset, total in traded.venue.balances.items() if total}
    assert {asset: total for asset, total in traded.state.ledger.balances.items() if total} == held
