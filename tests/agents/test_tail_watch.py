"""Forecasts of tail risk: made at a multiple of the horizon, settled at the next, carried and replayed."""

from __future__ import annotations

import math
import random
from decimal import Decimal

import msgspec
import pytest

from midas.agents.risk_manager import RiskManager
from midas.domain.carry import Carried
from midas.domain.decision import TailMoved
from midas.domain.event import MARKET_EVENTS, CandlesRead
from midas.domain.market import Bar
from midas.domain.money import plain
from midas.domain.tail import HorizonCarried, TailForecast, TailOutcome, TailRules
from midas.domain.time import DAY, HOUR, MINUTE, SECOND
from midas.domain.verdict import Approved, Refused
from midas.engine.audit import encode
from midas.engine.build import build_engine
from midas.engine.tail_view import record_of
from midas.risk.tail import TailDesk
from midas.runtime.records import AUDIT, EVENT, Header, decode_event, encode_event
from midas.runtime.replay import Row, fold_ledger
from midas.state.state import MANUAL
from midas.state.tail import OUTCOMES_KEPT, TailRecord
from tests.engine.hands import Hands
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, LIMITS, Desk, config
from tests.fakes.nouns import target
from tests.fakes.strategy import Puppet

RULES = TailRules(horizons=(MINUTE,))


def candles(until: int, price: float, count: int = 200) -> CandlesRead:
    dice, last = random.Random(3), until // MINUTE * MINUTE
    closes = [
        (last - (count - number) * MINUTE, price * math.exp(dice.gauss(0, 0.002))) for number in range(count)
    ]
    return CandlesRead(BTC.id, MINUTE, tuple(closes), until)


class Watched:
    """A warm desk that holds a position and knows the last 200 minutes."""

    def __init__(self, carried: Carried | None = None) -> None:
        self.scene = Scene()
        scene = self.scene
        settings = msgspec.structs.replace(config([scene.puppet], weight=0.15), tail=RULES)
        scene.desk = Desk([scene.puppet], settings=settings)
        scene.market.now = scene.market.now
        for bar in scene.market.history():
            scene.desk.feed(bar)
        scene.desk.open(scene.market.now, carried)
        scene.market.now = scene.desk.now
        scene.desk.feed(candles(self.time - MINUTE, 60_000.0))
        scene.desk.play(scene.market.begin())

    @property
    def desk(self) -> Desk:
        return self.scene.desk

    @property
    def time(self) -> int:
        return self.scene.desk.state.markets[BTC.id].time or self.scene.desk.now

    def close(self, time: int, price: float) -> list[TailMoved]:
        """A bar closes at market time `time`, and a second passes."""
        desk = self.desk
        before = len(desk.audits)
        desk.feed(Bar(BTC.id, time, desk.now, SECOND, price, price, price, price, 1.0, 1))
        desk.tick(desk.now + SECOND)
        return of(TailMoved, desk.audits[before:])

    def minute(self, number: int) -> int:
        """The multiples of a minute after now, from 1."""
        return (self.base // MINUTE + number) * MINUTE

    base = 0


@pytest.fixture
def watched() -> Watched:
    made = Watched()
    made.base = made.time
    hands = Hands(made.scene)
    assert hands.buy("0.02").accepted
    return made


def test_nothing_is_forecast_before_a_bar_closes_at_a_multiple(watched: Watched) -> None:
    assert watched.close(watched.minute(1) - SECOND, 60_000.0) == []


def test_a_forecast_is_settled_with_the_positions_of_its_time(watched: Watched) -> None:
    (made,) = watched.close(watched.minute(1), 60_000.0)
    forecast = made.forecast
    assert forecast is not None
    assert forecast.due == watched.minute(2)
    assert forecast.weights == {BTC.id: pytest.approx(0.12, rel=0.01)}
    mark = forecast.prices[BTC.id]
    (settled,) = watched.close(watched.minute(2), mark * 0.99)
    assert settled.outcome is not None
    assert settled.outcome.loss == pytest.approx(forecast.weights[BTC.id] * 0.01)
    assert settled.outcome.exception
    assert settled.forecast is not None
    assert settled.forecast.due == watched.minute(3)


def test_a_fast_market_waits_for_no_tick(watched: Watched) -> None:
    desk = watched.desk
    for number in (1, 2):
        price, time = 60_000.0, watched.minute(number)
        desk.feed(Bar(BTC.id, time, desk.now, SECOND, price, price, price, price, 1.0, 1))
    assert len(desk.state.tail.outcomes(MINUTE)) == 1
    assert desk.state.tail.pending[MINUTE].due == watched.minute(3)


def test_a_forecast_whose_price_never_comes_is_dropped(watched: Watched) -> None:
    watched.close(watched.minute(1), 60_000.0)
    moved = watched.close(watched.minute(3), 60_000.0)
    assert [m.outcome for m in moved] == [None]
    assert watched.desk.state.tail.outcomes(MINUTE) == ()


def test_a_close_that_is_seen_late_starts_no_forecast(watched: Watched) -> None:
    desk, time = watched.desk, watched.minute(1)
    desk.feed(Bar(BTC.id, time, desk.now, SECOND, 6e4, 6e4, 6e4, 6e4, 1.0, 1))
    assert watched.close(time + 4 * SECOND, 60_000.0) == []


def test_the_picture_shows_figures_parts_and_their_own_record(watched: Watched) -> None:
    watched.close(watched.minute(1), 60_000.0)
    watched.close(watched.minute(2), 60_000.0)
    shown = watched.desk.picture()
    (view,) = shown.tail
    assert view.name == "1 min"
    assert 0.0 < view.value_at_risk < view.expected_shortfall
    assert view.shortfall_money == pytest.approx(view.expected_shortfall * shown.money.equity, rel=0.01)
    assert math.fsum(part.expected_shortfall for part in view.parts) == pytest.approx(view.expected_shortfall)
    assert (view.record.count, view.record.exceptions, view.record.light) == (1, 0, "")
    assert {each.name: each.loss for each in shown.stress}["crypto-40"] == pytest.approx(0.048, rel=0.02)


def test_figures_are_computed_once_a_minute_whatever_happens_in_between(watched: Watched) -> None:
    watched.close(watched.minute(1), 60_000.0)
    before = watched.desk.engine.tail.figures
    watched.scene.tick(50)
    assert watched.desk.engine.tail.figures is before
    watched.scene.tick(12)
    assert watched.desk.engine.tail.figures is not before


def test_a_trade_has_them_computed_anew_within_seconds_and_a_clock_set_back_keeps_nobody_waiting(
    watched: Watched,
) -> None:
    watched.close(watched.minute(1), 60_000.0)
    tail, desk = watched.desk.engine.tail, watched.desk
    before = tail.figures[MINUTE].weights[BTC.id]
    assert Hands(watched.scene).buy("0.01").accepted
    watched.scene.tick(7)
    assert tail.figures[MINUTE].weights[BTC.id] > 1.4 * before
    figures = tail.figures
    list(tail.tick(desk.now - HOUR, desk.state, LIMITS.assets))
    assert tail.figures is not figures


def test_record_and_forecast_fold_from_the_journal_and_outlive_a_restart(watched: Watched) -> None:
    for number in range(1, 4):
        watched.close(watched.minute(number), 60_000.0)
    desk = watched.desk
    record = desk.state.tail.carried()
    assert len(record[0].outcomes) == 2
    assert record[0].pending is not None
    assert fold_ledger(_header(desk), _rows(desk)).tail == record
    successor = Desk([Puppet()]).open(desk.now, desk.state.carried())
    assert successor.state.tail.carried() == record


def test_a_replay_decides_the_same(watched: Watched) -> None:
    for number in range(1, 4):
        watched.close(watched.minute(number), 60_000.0)
    engine = build_engine(watched.desk.settings, [Puppet()])
    moved = []
    for sequence, event in enumerate(watched.desk.fed, 1):
        if type(event) not in MARKET_EVENTS:
            event = decode_event(encode_event(event))
        audit = engine.step(sequence, event)
        if audit is not None:
            moved += [encode(audit)] if any(type(d) is TailMoved for d in audit.decisions) else []
    ours = [encode(a) for a in watched.desk.audits if any(type(d) is TailMoved for d in a.decisions)]
    assert moved == ours != []


def test_a_ticket_carries_the_tail_before_and_after(watched: Watched) -> None:
    review = Hands(watched.scene).buy("0.01", confirmed=False).review
    assert review is not None
    assert review.horizon == MINUTE
    assert 0.0 < review.es_before < review.es_after
    fresh = Hands().buy("0.01", confirmed=False).review
    assert fresh is not None
    assert fresh.horizon == 0
    assert fresh.tail_unknown.startswith("insufficient data")


def test_a_limit_of_the_settings_refuses_an_entry_with_its_sentence() -> None:
    scene = Scene()
    rules = TailRules(horizons=(DAY,), es_max=0.02)
    scene.desk = Desk([scene.puppet], settings=msgspec.structs.replace(scene.desk.settings, tail=rules))
    for bar in scene.market.history():
        scene.desk.feed(bar)
    scene.desk.open(scene.desk.now)
    scene.desk.play(scene.market.begin())
    answer = Hands(scene).buy("0.01")
    assert not answer.accepted
    assert "ES isn't known: insufficient data: 0 of 100 scenarios of 1 d" in answer.message


def test_a_strategy_is_told_the_whole_position_that_fits_in_lots(watched: Watched) -> None:
    desk = watched.desk
    tail = desk.engine.tail.desk
    risk = tail.risk(MINUTE, tail.held(desk.state, LIMITS.assets))
    rules = msgspec.structs.replace(RULES, es_max=risk.expected_shortfall * 1.2)
    manager = RiskManager(LIMITS, [TailDesk(rules, desk.state.closes).breach])
    held = desk.state.ledger.position(BTC.id)
    wanted = target(held * Decimal("1.5"), strategy=MANUAL, instrument=BTC.id)
    refused = manager.review(wanted, desk.state)
    assert isinstance(refused, Refused)
    (breach,) = refused.breaches
    assert breach.limit == "ES"
    assert breach.fits is not None
    assert held < breach.fits < held * Decimal("1.25")
    assert breach.fits % BTC.lot_size == 0
    assert breach.sentence.endswith(f"; at most {plain(breach.fits)} BTC in all fits")
    smaller = msgspec.structs.replace(wanted, quantity=breach.fits)
    assert isinstance(manager.review(smaller, desk.state), Approved)


def test_the_record_is_judged_by_frequency_clusters_and_size() -> None:
    calm = [TailOutcome(n, 0.0, 0.01, 0.013) for n in range(250)]
    bad = [msgspec.structs.replace(o, loss=0.03) if n < 30 else o for n, o in enumerate(calm)]
    good = [msgspec.structs.replace(o, loss=0.0125) if n % 20 == 0 else o for n, o in enumerate(calm)]
    view = record_of(tuple(good), 0.95)
    assert (view.count, view.exceptions, view.light) == (250, 13, "green")
    assert view.expected == pytest.approx(12.5)
    assert view.kupiec > 0.05
    assert view.z2 == pytest.approx(0.0, abs=0.05)
    wrong = record_of(tuple(bad), 0.95)
    assert wrong.light == "red"
    assert max(wrong.kupiec, wrong.independence, wrong.coverage) < 0.01
    assert wrong.z2 > 0.7
    assert record_of((), 0.95).count == 0


def test_old_outcomes_are_forgotten() -> None:
    record = TailRecord()
    record.restore([HorizonCarried(DAY, (), TailForecast(1, {}, {}, 0.1, 0.2))])
    for number in range(OUTCOMES_KEPT + 5):
        record.moved(TailMoved(DAY, TailOutcome(number, 0.0, 0.1, 0.2)))
    assert len(record.outcomes(DAY)) == OUTCOMES_KEPT
    assert record.pending == {}


def _header(desk: Desk) -> Header:
    return Header("session-1", 0, "0", "c", "c", desk.settings, "binance", "account-1", "SIM", "", 1.0)


def _rows(desk: Desk) -> list[Row]:
    engine, rows = build_engine(desk.settings, [Puppet()]), []
    for sequence, event in enumerate(desk.fed, 1):
        if type(event) not in MARKET_EVENTS:
            rows.append(Row(sequence, EVENT, encode_event(event)))
        if (audit := engine.step(sequence, event)) is not None:
            rows.append(Row(sequence, AUDIT, encode(audit)))
    return rows
