"""What stops or slows the desk without a loss: a dead feed, a broker that is gone, orders in doubt."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.agents.guardian import UNKNOWN_MAX
from midas.domain.command import Kill, SetMode
from midas.domain.decision import Noted
from midas.domain.event import LatchTripped, OrderFilled, Source
from midas.domain.market import Quote
from midas.domain.mode import Mode
from midas.domain.opinion import Urgency
from midas.domain.order import Fill
from midas.domain.time import HOUR, MINUTE, SECOND
from tests.engine.scene import of
from tests.fakes.desk import BTC
from tests.fakes.strategy import flat, long
from tests.scenarios.stage import HELD, Stage, changes, tripped


@pytest.mark.parametrize("failure", ["feed", "broker"])
def test_a_stop_for_silence_fires_past_its_threshold_and_not_at_it(failure: str) -> None:
    limit = {"feed": HOUR, "broker": 30 * MINUTE}[failure]
    stage, quiet = Stage(), failure == "feed"
    if failure == "broker":
        stage.broker(up=False)
    began = stage.heard_at if quiet else stage.now
    stage.until(began + limit - SECOND, quiet=quiet)
    assert not tripped(stage.until(began + limit, quiet=quiet))
    assert stage.position == HELD
    (trip,) = tripped(stage.until(began + limit + SECOND, quiet=quiet))
    assert trip.level == "flatten"
    assert stage.mode() is Mode.EMERGENCY
    stage.tick(5, quiet=quiet)
    assert stage.position == 0
    assert "latch" in stage.alarms


def test_a_flatten_in_silence_reaches_a_price_that_has_fallen_away_from_the_last_one_heard() -> None:
    stage = Stage()
    began, unheard = stage.heard_at, stage.market.move(-300_000)  # 5 %
    for event in unheard:
        stage.venue.market(event)
    stage.until(began + HOUR + SECOND, quiet=True)
    assert stage.position == HELD
    stage.tick(60, quiet=True)
    assert stage.position == 0
    assert not any("NOT closed" in note.text for note in of(Noted, stage.desk.audits))


@pytest.mark.parametrize("failure", ["feed", "broker"])
def test_a_stop_for_silence_outlives_its_cause_and_a_restart_until_a_person_resumes(failure: str) -> None:
    stage = Stage()
    if failure == "broker":
        stage.broker(up=False)
    stage.until(stage.now + 2 * HOUR, quiet=failure == "feed")
    assert stage.state.control.latched
    stage.broker(up=True)
    stage.tick(60)
    assert stage.mode() is Mode.EMERGENCY
    stage.restart().tick(2)
    assert stage.mode() is Mode.EMERGENCY
    assert "stopped by trigger" in stage.resume("the line is back")
    stage.tick(60)
    assert (stage.mode(), stage.state.control.latched) == (Mode.OBSERVATION, False)


def test_who_resumes_while_it_is_still_silent_has_the_whole_time_again() -> None:
    stage = Stage()
    stage.broker(up=False)
    stage.until(stage.now + 31 * MINUTE)
    stage.resume("we wait for it")
    resumed = stage.now
    stage.until(resumed + 30 * MINUTE)
    assert not stage.state.control.latched
    stage.until(resumed + 30 * MINUTE + SECOND)
    assert stage.state.control.latched


@pytest.mark.parametrize(("count", "careful"), [(UNKNOWN_MAX, False), (UNKNOWN_MAX + 1, True)])
def test_more_than_three_orders_in_doubt_make_defensive_until_they_are_settled(
    count: int, careful: bool
) -> None:
    stage = Stage()
    assert changes(stage.doubt(count)) == (["DEFENSIVE"] if careful else [])
    assert stage.state.control.mode is (Mode.DEFENSIVE if careful else Mode.NORMAL)
    stage.tick(4)
    assert "orders" in stage.alarms
    stage.venue.deaf = False
    stage.tick(40)
    assert not stage.state.orders.unknown
    assert stage.mode() is Mode.NORMAL


def test_an_order_in_doubt_for_a_minute_makes_defensive_and_for_five_pauses_also_over_a_restart() -> None:
    stage = Stage()
    stage.doubt(1)
    since = stage.state.orders.unknown[0].unknown_since
    stage.until(since + MINUTE)
    assert stage.mode() is Mode.NORMAL
    assert changes(stage.until(since + MINUTE + SECOND)) == ["DEFENSIVE"]
    stage.until(since + 5 * MINUTE)
    assert stage.mode() is Mode.DEFENSIVE
    assert changes(stage.until(since + 5 * MINUTE + SECOND)) == ["PAUSE"]
    assert {"mode", "unknown"} <= stage.alarms
    stage.venue.deaf = False
    stage.restart().tick(60)
    assert stage.mode() is Mode.PAUSE, "only a person ends it"


def test_a_venue_that_fills_more_than_was_asked_for_makes_defensive_until_a_person_has_looked() -> None:
    stage = Stage(warm=True)
    stage.say(long(urgency=Urgency.AGGRESSIVE))
    stage.say(flat(Urgency.AGGRESSIVE))
    stage.tick(3)
    order = next(iter(stage.state.orders.closed.values()))
    more = Fill(
        trade_id=9_999, price=Decimal(60_000), quantity=Decimal("0.001"), fee=Decimal(0), fee_asset="USDT",
        maker=True, time=stage.now,
    )  # fmt: skip
    stage.desk.feed(
        OrderFilled(order.intent.client_id, order.venue_id, BTC.id, more, stage.now, Source.STREAM)
    )
    assert "DEFENSIVE" in changes(stage.tick())
    stage.until(stage.now + HOUR)
    assert (stage.mode(), stage.state.control.ends_when) == (Mode.DEFENSIVE, "a person")
    assert "mode" in stage.alarms
    stage.broker(up=False)
    for minutes in (3, 6):
        stage.until(stage.now + minutes * MINUTE)
    assert stage.mode() is Mode.OBSERVATION
    stage.broker(up=True)
    stage.tick(60)
    assert stage.mode() is Mode.DEFENSIVE, "nobody has looked yet"


def test_defensive_that_a_person_asks_for_too_ends_by_that_person_alone() -> None:
    stage = Stage()
    stage.doubt(UNKNOWN_MAX + 1)
    assert stage.mode() is Mode.DEFENSIVE
    assert stage.desk.command(SetMode("DEFENSIVE", "a nervous day")).accepted
    stage.venue.deaf = False
    stage.tick(60)
    assert not stage.state.orders.unknown
    assert (stage.mode(), stage.state.control.ends_when) == (Mode.DEFENSIVE, "a person")
    after = stage.restart()
    assert (after.mode(), after.state.control.ends_when) == (Mode.DEFENSIVE, "a person")


@pytest.mark.parametrize(("bid", "ask"), [(-900_000, 0), (0, 6_000_000)])
def test_a_side_of_the_book_that_is_gone_for_a_moment_is_no_loss_and_no_gain(bid: int, ask: int) -> None:
    stage = Stage()
    stage.desk.feed(stage.market.trade())
    quote = stage.market.move()[1]
    assert isinstance(quote, Quote)
    stage.desk.feed(msgspec.structs.replace(quote, bid=quote.bid + bid, ask=quote.ask + ask))
    assert not tripped(stage.tick(quiet=True))
    assert not tripped(stage.tick(3))
    assert (stage.mode(), stage.position) == (Mode.NORMAL, HELD)
    stage.lose(301.0)
    assert tripped(stage.tick()), "trades or a whole book at that price are one"


def test_equity_that_is_not_known_fires_nothing_and_is_told() -> None:
    stage = Stage()
    stage.venue.balances["BTC"] = HELD
    gone = msgspec.structs.replace(stage.market.move(-2_000_000)[1], bid_lots=0, ask_lots=0)
    stage.desk.feed(gone)
    assert stage.state.equity() != stage.state.equity()
    assert not tripped(stage.tick(quiet=True))
    assert stage.mode() is Mode.NORMAL
    assert not stage.alarms
    stage.tick(3, quiet=True)
    (told,) = stage.desk.picture().alarms
    assert told.text == "equity isn't known, so no loss stops the desk: BTC has no price"
    stage.tick()
    assert "equity" not in stage.alarms


def test_a_position_that_nobody_bids_for_is_named_while_everything_is_to_be_closed() -> None:
    stage = Stage()
    stage.desk.feed(stage.market.trade())
    stage.desk.feed(msgspec.structs.replace(stage.market.move()[1], bid_lots=0))
    stage.desk.command(Kill("flatten", "enough"))
    assert f"unsold:{BTC.id}" not in stage.alarms, "it may be a hiccup"
    stage.tick(3, quiet=True)
    told = next(alarm for alarm in stage.desk.picture().alarms if alarm.name == f"unsold:{BTC.id}")
    assert told.text == "BTC-USDT can't be closed: nobody bids"
    assert stage.position == HELD
    stage.tick(3)
    assert not stage.position
    assert f"unsold:{BTC.id}" not in stage.alarms


def test_a_crash_in_the_moment_of_a_resume_leaves_no_emergency_that_nothing_may_carry_out() -> None:
    stage = Stage()
    stage.venue.refusing = "no orders now"
    stage.desk.feed(LatchTripped("flatten", "ann", "enough", stage.now))
    stage.tick(2)
    assert stage.mode() is Mode.EMERGENCY
    stage.venue.refusing = ""
    stage.restart(latch="")  # its file is gone already, the resume isn't on the disk yet
    assert changes(stage.desk.audits) == ["PAUSE"]
    stage.tick(5)
    assert stage.position == HELD, "the gate would hold back whatever flattens: nothing is planned"
    assert not stage.state.control.permissions.flattens
    assert stage.journaled().mode == "PAUSE"
