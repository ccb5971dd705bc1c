"""A person closes a position: reviewed, worked down to nothing, and told what may come after."""

from __future__ import annotations

from decimal import Decimal

import pytest

from midas.domain.command import ClosePosition, Kill, SetMode
from midas.domain.decision import OrderPlanned, SignalMade
from midas.domain.money import ZERO, plain
from midas.domain.order import Purpose, Side, TimeInForce
from midas.domain.time import SECOND
from midas.state.state import EXTERNAL
from tests.engine.hands import Hands, review
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, Desk
from tests.fakes.strategy import Puppet, flat, long


@pytest.fixture
def hands() -> Hands:
    """A person who holds 0.01 BTC."""
    return Hands().hold("0.01")


@pytest.fixture
def strategys() -> Hands:
    """A desk whose strategy holds a position."""
    return Hands(Scene().hold())


def test_the_first_call_says_what_would_be_sold_and_what_it_costs(hands: Hands) -> None:
    answer = hands.close(confirmed=False)
    assert answer.message == (
        "close manual BTC-USDT: sell 0.00999 BTC, about 599.40 USDT (0.000006 stays as dust); "
        "confirm to do it"
    )
    said = review(answer)
    assert (said.side, said.quantity, said.price) == ("SELL", 0.00999, 60000.0)
    assert said.fee == pytest.approx(0.5994)
    assert said.slippage_bps > 0
    assert hands.held() > Decimal("0.009")


def test_the_second_call_closes_at_once(hands: Hands) -> None:
    answer = hands.close()
    assert answer.accepted
    assert hands.held() < BTC.lot_size
    last = of(OrderPlanned, hands.desk.audits)[-1].intent
    assert (last.purpose, last.time_in_force) == (Purpose.EXIT, TimeInForce.IOC)
    assert last.reason == "closed by test"
    hands.scene.tick(1)
    assert hands.scene.notes("manual BTC-USDT is closed, 0.000006000 can't be sold")


def test_what_stands_in_the_sleeve_goes_first(hands: Hands) -> None:
    entry = hands.resting("0.005")
    hands.sell("0.005", "60500.00")
    leaving = hands.open[-1]
    said = review(hands.close(confirmed=False))
    assert said.warnings[:2] == tuple(
        f"its order {o.intent.client_id[-4:]} is cancelled first" for o in (entry, leaving)
    )
    hands.close()
    hands.scene.tick(2)
    assert (entry.status, leaving.status) == ("CANCELED", "CANCELED")
    assert hands.open == []
    assert hands.held() < BTC.lot_size


def test_it_goes_on_where_the_book_is_too_thin_for_one_order(hands: Hands) -> None:
    hands.desk.play(hands.scene.market.move(0, bid_lots=60))
    hands.close()
    assert hands.held() > Decimal("0.003")
    for _ in range(12):
        hands.scene.tick()
        hands.desk.play(hands.scene.market.move(1, bid_lots=60))
    assert hands.held() < BTC.lot_size


def test_confirmed_twice_it_sells_once(hands: Hands) -> None:
    hands.desk.latency = SECOND
    assert hands.close().accepted
    again = hands.close()
    assert (again.accepted, again.message) == (True, "manual BTC-USDT is being closed already")
    hands.scene.tick(4)
    assert len([p for p in of(OrderPlanned, hands.desk.audits) if p.intent.purpose is Purpose.EXIT]) == 1


def test_while_it_is_closed_a_person_orders_nothing_there(hands: Hands) -> None:
    hands.desk.latency = SECOND
    hands.close()
    answer = hands.buy("0.005", "59999.00")
    assert review(answer).breaches[0] == "manual BTC-USDT is being closed: wait until that is done"
    hands.scene.tick(4)
    assert hands.buy("0.005", "59999.00").accepted
    hands.scene.tick(10)
    assert [o.status for o in hands.open] == ["OPEN"]


def test_a_strategys_position_is_closed_and_its_next_signal_named(strategys: Hands) -> None:
    answer = strategys.close("puppet")
    assert answer.message.endswith(
        "puppet may enter again on its next signal: `strategy puppet pause` keeps it out"
    )
    strategys.scene.tick()
    assert strategys.held("puppet") < BTC.lot_size


def test_no_signal_takes_back_a_close_on_its_way(strategys: Hands) -> None:
    scene = strategys.scene
    strategys.desk.play(scene.market.move(0, bid_lots=20))
    strategys.close("puppet")
    scene.say(flat())
    made = of(SignalMade, scene.say(long()))
    assert made[-1].outcome == "held"
    assert made[-1].detail == "a person is closing this position"
    for _ in range(60):
        scene.tick()
        strategys.desk.play(scene.market.move(1, bid_lots=200))
    assert strategys.held("puppet") < BTC.lot_size


def test_the_only_holder_need_not_be_named(hands: Hands) -> None:
    assert hands.close("", confirmed=False).message.startswith("close manual BTC-USDT")


def test_among_several_holders_one_must_be_named(strategys: Hands) -> None:
    strategys.buy("0.005")
    answer = strategys.close("")
    assert not answer.accepted
    assert answer.message.startswith("say whose BTC-USDT to close; it is held by puppet ")
    assert "manual 0.004998" in answer.message


def test_a_holder_of_dust_alone_is_no_reason_to_name_one(strategys: Hands) -> None:
    strategys.buy("0.005")
    strategys.close("manual")
    strategys.scene.tick(1)
    assert 0 < strategys.held() < BTC.lot_size
    assert strategys.close("", confirmed=False).message.startswith("close puppet BTC-USDT")


@pytest.mark.parametrize(
    ("instrument", "strategy", "sentence"),
    [
        ("BTC-USDT", "nobody", "'nobody' holds no BTC; it is held by manual 0.009996"),
        ("DOGE", "manual", "'DOGE' isn't traded here; there are BTC-USDT"),
    ],
)
def test_what_is_not_held_can_not_be_closed(
    hands: Hands, instrument: str, strategy: str, sentence: str
) -> None:
    answer = hands.desk.command(ClosePosition(instrument, strategy, True))
    assert (answer.accepted, answer.message) == (False, sentence)


def test_nothing_held_is_nothing_to_close() -> None:
    assert Hands().close("").message == "there is no position in BTC-USDT to close"
    assert Hands().close().message == "'manual' holds no BTC; nobody holds any"


def test_what_is_too_little_to_be_sold_is_said_to_be(hands: Hands) -> None:
    hands.close()
    hands.scene.tick()
    assert "too little for the venue" in hands.close().message


@pytest.mark.parametrize("mode", ["DEFENSIVE", "OBSERVATION", "PAUSE"])
def test_it_works_wherever_exits_do(hands: Hands, mode: str) -> None:
    hands.desk.command(SetMode(mode))
    hands.close()
    hands.scene.tick()
    assert hands.held() < BTC.lot_size


def test_under_a_kill_that_takes_exits_nothing_is_sold(hands: Hands) -> None:
    hands.desk.command(Kill("all"))
    answer = hands.close()
    assert not answer.accepted
    assert "the kill latch is set (all)" in answer.message
    assert hands.open == []


def test_a_kill_ends_a_close_for_good(hands: Hands) -> None:
    hands.desk.play(hands.scene.market.move(0, bid_lots=20))
    hands.close()
    hands.desk.command(Kill("all"))
    left = hands.held()
    hands.desk.play(hands.scene.market.move(0))
    hands.scene.tick(10)
    assert hands.held() == left
    assert not hands.desk.engine.orchestrator.execution.closes("manual", BTC.id)


def test_a_sell_in_doubt_is_waited_for(hands: Hands) -> None:
    hands.desk.venue.losing = True
    hands.sell("0.005", "60500.00")
    hands.desk.venue.losing, hands.desk.venue.deaf = False, True
    assert "may or may not exist" in review(hands.close(confirmed=False)).warnings[0]
    hands.close()
    hands.scene.tick(3)
    assert hands.held() > Decimal("0.009")
    hands.desk.venue.deaf = False
    hands.scene.tick(14)
    assert hands.held() < BTC.lot_size


@pytest.fixture
def sold_outside(strategys: Hands) -> Hands:
    """Somebody sells on the venue's own page what the strategy holds, for 61,000."""
    desk, held = strategys.desk, strategys.held("puppet")
    desk.venue.trade_by_hand(BTC, Side.SELL, Decimal(61_000), desk.venue.balances["BTC"], desk.now)
    strategys.scene.tick(35)
    assert strategys.held(EXTERNAL) == -held == -strategys.held("puppet")
    return strategys


def test_what_was_sold_outside_is_taken_out_of_the_book_and_nothing_is_sent(sold_outside: Hands) -> None:
    held, equity = sold_outside.held("puppet"), sold_outside.state.equity()
    asked = sold_outside.close("puppet", confirmed=False)
    assert asked.accepted
    assert asked.message.startswith(
        f"puppet BTC-USDT: {plain(held)} BTC isn't in the account any more; "
        "confirm to take it out of its book at 61000 USDT, at which it left the account"
    )
    assert sold_outside.held("puppet") == held
    planned = len(of(OrderPlanned, sold_outside.desk.audits))
    cost = sold_outside.state.ledger.sleeve("puppet", BTC.id).cost
    made = sold_outside.state.ledger.sleeve("puppet", BTC.id).realised
    assert sold_outside.close("puppet").accepted
    assert (sold_outside.held("puppet"), sold_outside.held(EXTERNAL)) == (ZERO, ZERO)
    realised = sold_outside.state.ledger.sleeve("puppet", BTC.id).realised - made
    assert realised == pytest.approx(held * 61_000 - cost)
    assert sold_outside.state.equity() == pytest.approx(equity)
    assert len(of(OrderPlanned, sold_outside.desk.audits)) == planned
    assert sold_outside.close("puppet").message == "'puppet' holds no BTC; nobody holds any"


def test_a_strategy_whose_position_was_taken_out_enters_again(sold_outside: Hands) -> None:
    sold_outside.close("puppet")
    sold_outside.scene.say(flat())
    sold_outside.scene.say(long())
    assert [(o.intent.strategy, o.intent.side) for o in sold_outside.open] == [("puppet", Side.BUY)]


def test_what_was_taken_out_stays_out_over_a_restart(sold_outside: Hands) -> None:
    sold_outside.close("puppet")
    desk = sold_outside.desk
    later = Desk([Puppet()], venue=desk.venue).open(desk.now, desk.state.carried())
    assert later.state.ledger.sleeve("puppet", BTC.id).quantity == 0
    assert later.state.reconciled
    given = later.state.ledger.sleeve("puppet", BTC.id).handed
    assert given == -later.state.ledger.sleeve(EXTERNAL, BTC.id).handed < 0


def test_nothing_is_taken_out_while_the_account_differs(sold_outside: Hands) -> None:
    held = sold_outside.held("puppet")
    sold_outside.desk.venue.balances["BTC"] += Decimal("0.0004")
    sold_outside.scene.tick(35)
    answer = sold_outside.close("puppet")
    assert not answer.accepted
    assert "BTC differs from the venue" in answer.message
    assert sold_outside.held("puppet") == held
