"""Both shipped strategies on recorded market data: they trade, and the same events decide the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from midas.domain.decision import FillBooked, TargetRefused
from midas.domain.time import SECOND
from midas.engine.audit import encode
from midas.engine.build import build_engine
from midas.ports.strategy import Strategy
from midas.workspace import load_strategies
from tests.fakes.desk import Desk, config, decisions
from tests.fakes.recorded_market import RecordedMarket

WORKSPACE = Path(__file__).resolve().parents[2]
SPEED = 5.0
LATENCY = SECOND // 500


def shipped() -> list[Strategy]:
    """Both strategies with their defaults."""
    loaded = load_strategies(WORKSPACE, {"trend-following": {}, "book-imbalance": {}})
    return [one.make() for one in loaded]


def session(path: Path) -> Desk:
    """The shipped strategies on the recording, at the speed of the demo."""
    market = RecordedMarket(path, speed=SPEED)
    traders = [
        one.make() for one in load_strategies(WORKSPACE, {"trend-following": {}, "book-imbalance": {}})
    ]
    desk = Desk(traders, settings=config(traders, (market.instrument,)), latency=LATENCY)
    for bar in market.history(600):
        desk.feed(bar)
    desk.open(market.start - 10 * SECOND)
    desk.play(market.events())
    return desk


@pytest.fixture(scope="module")
def traded(recorded_stream: Path) -> Desk:
    """One session, played once."""
    return session(recorded_stream)


def test_both_strategies_trade_within_five_minutes_of_market(traded: Desk) -> None:
    start = traded.state.markets[next(iter(traded.state.markets))].first_time
    fills = [d for d in decisions(traded.audits) if isinstance(d, FillBooked)]
    early = {f.strategy for f in fills if f.market_time < start + 290 * SECOND}
    assert early == {"trend-following", "book-imbalance"}


def test_something_is_refused_with_a_reason(traded: Desk) -> None:
    refused = [d for d in decisions(traded.audits) if isinstance(d, TargetRefused)]
    assert all(b.sentence for d in refused for b in d.breaches)
    assert refused


def test_its_books_agree_with_the_venue_to_the_last_digit(traded: Desk) -> None:
    traded.tick(traded.now + 40 * SECOND)
    assert traded.state.reconciled
    assert traded.state.differences == ()
    held = {asset: total for asset, total in traded.venue.balances.items() if total}
    assert {asset: total for asset, total in traded.state.ledger.balances.items() if total} == held


def test_two_runs_of_the_same_events_give_byte_equal_audits(traded: Desk, recorded_stream: Path) -> None:
    again = session(recorded_stream)
    known = len(again.audits)
    assert again.bytes() == b"\n".join(encode(audit) for audit in traded.audits[:known])


def test_a_fresh_engine_fed_with_what_was_recorded_decides_the_same(traded: Desk) -> None:
    traders = [
        one.make() for one in load_strategies(WORKSPACE, {"trend-following": {}, "book-imbalance": {}})
    ]
    engine = build_engine(traded.settings, traders)
    audits = [engine.step(sequence, event) for sequence, event in enumerate(traded.fed, 1)]
    assert b"\n".join(encode(audit) for audit in audits if audit is not None) == traded.bytes()
