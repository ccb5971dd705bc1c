"""A person's own orders: reviewed, sent once, held to the same limits and modes as any strategy's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from midas.domain.command import Kill, PlaceOrder, SetMode
from midas.domain.decision import OrderMoved, OrderPlanned
from midas.domain.market import FeedStatus
from midas.domain.order import OrderType, Purpose, Side, TimeInForce
from midas.domain.time import SECOND
from midas.engine.audit import decode, encode
from midas.state.state import EXTERNAL
from tests.engine.hands import Hands, review
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, decisions
from tests.fakes.strategy import long


@pytest.fixture
def hands() -> Hands:
    """A person at a warm desk that holds nothing."""
    return Hands()


def test_the_first_call_reviews_and_sends_nothing(hands: Hands) -> None:
    answer = hands.buy("0.01", "59999.95", confirmed=False)
    assert answer.accepted
    assert answer.message == "BUY 0.01 BTC-USDT at 59999.95: confirm to send it"
    said = review(answer)
    assert (said.side, said.quantity, said.price) == ("BUY", 0.01, 59999.95)
    assert said.notional == pytest.approx(599.9995)
    assert (said.takes, said.slippage_bps, said.ahead) == (0.0, 0.0, 1.0)
    assert said.equity_share == pytest.approx(0.06, rel=1e-3)
    assert hands.open == []


def test_the_second_call_sends_it_and_it_rests(hands: Hands) -> None:
    order = hands.resting("0.01", "59999.00")
    intent = order.intent
    assert (intent.strategy, intent.purpose) == ("manual", Purpose.ENTRY)
    assert (intent.type, intent.time_in_force) == (OrderType.LIMIT, TimeInForce.GTC)
    assert (intent.quantity, intent.price) == (Decimal("0.01"), Decimal("59999.00"))
    assert order.status == "OPEN"
    assert intent.reason == "asked for by test"


def test_a_market_order_is_bounded_by_the_collar_and_trades_at_once(hands: Hands) -> None:
    asked = review(hands.buy("0.01", confirmed=False))
    assert asked.takes == 0.01
    assert asked.price == pytest.approx(60000.01)
    assert asked.slippage_bps == pytest.approx(0.00083, rel=0.01)
    hands.hold("0.01")
    [planned] = of(OrderPlanned, hands.desk.audits)
    assert planned.intent.time_in_force is TimeInForce.IOC
    assert planned.intent.price == Decimal("60300.00")
    assert hands.open == []


def test_a_large_order_is_warned_of(hands: Hands) -> None:
    hands.desk.play(hands.scene.market.move(0, ask_lots=500))
    said = review(hands.buy("0.02", confirmed=False))
    assert "takes 80% of the book's best 5 levels" in said.warnings
    assert (
        "0.005 BTC of it would trade at once"
        in review(hands.buy("0.02", "60000.01", confirmed=False)).warnings
    )
    assert "all of it would trade at once" in review(hands.buy("0.004", "60000.01", confirmed=False)).warnings
    far = review(hands.buy("0.01", "58000.00", confirmed=False))
    assert far.warnings == ("the price is 3.3% from the mid",)


def test_one_ticket_makes_one_order_however_often_it_is_confirmed(hands: Hands) -> None:
    first = hands.buy("0.01", "59999.00", ticket="once")
    short = hands.open[0].intent.client_id[-4:]
    assert first.message.endswith(f"is sent as {short}")
    for _ in range(3):
        again = hands.buy("0.01", "59999.00", ticket="once")
        assert again.accepted
        assert again.message == f"already sent as {short}, which is OPEN"
    assert len(hands.open) == 1


def test_a_ticket_is_known_after_a_restart(hands: Hands) -> None:
    order = hands.resting()
    ticket = order.intent.ticket
    successor = Hands()
    successor.desk.open(successor.desk.now, hands.state.carried())
    again = successor.buy("0.01", "59999.00", ticket=ticket)
    assert again.message.startswith(f"already sent as {order.intent.client_id[-4:]}")


def test_a_refused_ticket_may_be_sent_once_it_is_allowed(hands: Hands) -> None:
    hands.desk.command(SetMode("OBSERVATION"))
    assert not hands.buy("0.01", "59999.00", ticket="t").accepted
    hands.desk.command(SetMode("NORMAL", "calm", True))
    assert hands.buy("0.01", "59999.00", ticket="t").accepted
    assert len(hands.open) == 1


def test_everything_against_an_order_is_said_at_once(hands: Hands) -> None:
    answer = hands.buy("0.2", "59000.00")
    assert not answer.accepted
    assert answer.message.startswith("BUY 0.2 BTC-USDT at 59000.00 is refused: ")
    breaches = review(answer).breaches
    assert "order of 11800 USDT, at most 2500 USDT: 9300 USDT over" in breaches
    assert [b.endswith("at most 0.03333 BTC fits") for b in breaches].count(True) == 1, "told by the last"
    assert any("BTC-USDT would be 120.0% of equity, at most 20%" in b for b in breaches)
    assert hands.open == []


def test_what_works_already_counts_the_persons_own_orders_too(hands: Hands) -> None:
    hands.resting("0.03")
    answer = hands.buy("0.01", "59000.00")
    assert not answer.accepted
    assert review(answer).breaches == (
        "BTC-USDT would be 24.0% of equity, at most 20%: 4% over; at most 0.00333 BTC fits",
    )
    hands.scene.puppet.opinion = long()
    hands.scene.bar()
    assert [o.intent.strategy for o in hands.open] == ["manual"]


def test_a_post_only_order_that_would_take_is_refused_before_the_venue_does(hands: Hands) -> None:
    answer = hands.buy("0.01", "60000.05", type="LIMIT_MAKER")
    assert review(answer).breaches == (
        "a post-only buy at 60000.05 would trade at once: the best ask is 60000.01",
    )
    assert hands.buy("0.01", "60000.00", type="LIMIT_MAKER").accepted


def test_a_limit_beyond_the_collar_is_refused(hands: Hands) -> None:
    answer = hands.buy("0.01", "61000.00")
    assert any("bp beyond the market, at most 50" in b for b in review(answer).breaches)


def test_a_sale_reduces_and_no_more_than_is_held(hands: Hands) -> None:
    hands.hold("0.01")
    assert hands.sell("0.02").message == "manual holds 0.009996 BTC: it can't sell more"
    assert hands.sell("0.005", "60100.00").accepted
    assert hands.open[0].intent.purpose is Purpose.EXIT
    assert hands.sell("0.009").message == (
        "manual can sell 0.004996 BTC at most: "
        "0.005 of 0.009996 is in open orders or not in the account"
    )  # fmt: skip


def test_who_holds_nothing_is_told_who_does(hands: Hands) -> None:
    assert hands.sell("0.01").message == "manual holds no BTC"
    held = Hands(Scene().hold())
    quantity = held.held("puppet")
    assert held.sell("0.01").message == (
        f"manual holds no BTC; puppet holds {quantity.normalize():f}: "
        "`close BTC-USDT --strategy puppet` sells that"
    )


def test_who_holds_dust_is_told_that_nobody_can_sell_it(hands: Hands) -> None:
    hands.hold("0.01").close()
    dust = hands.held().normalize()
    too_little = f"manual holds {dust:f} BTC: too little for the venue to sell"
    assert hands.sell("0.01").message == too_little
    told = hands.sell("0.01", strategy=EXTERNAL).message
    assert told == f"external holds no BTC; {too_little.replace(' BTC', '')}"


def test_what_came_from_outside_may_be_sold_and_not_bought(hands: Hands) -> None:
    venue, at = hands.desk.venue, hands.desk.now
    venue.trade_by_hand(BTC, Side.BUY, Decimal("60000.00"), Decimal("0.01"), at)
    hands.scene.tick(40)
    assert hands.held(EXTERNAL) == Decimal("0.01")
    assert hands.sell("0.01", strategy=EXTERNAL).accepted
    assert hands.held(EXTERNAL) == 0
    assert "buy as manual" in hands.buy("0.01", strategy=EXTERNAL).message
    assert "a person orders as manual" in hands.buy("0.01", strategy="puppet").message


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"quantity": "nan"}, "expected a quantity above 0"),
        ({"quantity": "0.01", "price": "1.234"}, "the nearest are 1.23 and 1.24"),
        ({"quantity": "0.01", "type": "LIMIT"}, "an order of type LIMIT needs a price"),
        ({"quantity": "0.01", "price": "60000", "type": "MARKET"}, "a market order takes no price"),
        ({"quantity": "0.01", "instrument": "DOGE"}, "isn't traded here"),
        ({"quantity": "0.01", "type": "STOP"}, "is none of MARKET, LIMIT, LIMIT_MAKER"),
        ({"quantity": "0.00001", "price": "60000"}, "the venue takes 5 at least"),
        ({"quantity": "0.01", "ticket": "x" * 65}, "a ticket of 1 to 64 characters"),
    ],
)
def test_what_is_no_order_is_answered_with_a_sentence(
    hands: Hands, changes: dict[str, str], sentence: str
) -> None:
    answer = hands.order("BUY", **changes)  # type: ignore[arg-type]
    assert not answer.accepted
    assert sentence in answer.message
    assert answer.review is None


def test_an_empty_ticket_is_no_ticket(hands: Hands) -> None:
    answer = hands.desk.command(PlaceOrder("", "BTC-USDT", "BUY", "LIMIT", "0.01", "59999", confirmed=True))
    assert not answer.accepted
    assert hands.open == []


@pytest.mark.parametrize("mode", ["OBSERVATION", "PAUSE"])
def test_where_the_mode_opens_nothing_a_person_opens_nothing_and_may_leave(hands: Hands, mode: str) -> None:
    hands.hold("0.01")
    entry = hands.resting()
    hands.desk.command(SetMode(mode))
    assert entry.status == "CANCELED"
    assert review(hands.buy("0.01", "59999.00")).breaches == (f"mode {mode} opens nothing new",)
    assert hands.sell("0.009").accepted
    assert hands.held() < Decimal("0.001")


def test_the_reason_of_a_withdrawal_is_told(hands: Hands) -> None:
    entry = hands.resting()
    hands.desk.command(SetMode("OBSERVATION"))
    moved = [d for d in of(OrderMoved, hands.desk.audits) if d.client_id == entry.intent.client_id]
    assert [(d.after, d.detail) for d in moved][-2] == ("PENDING_CANCEL", "mode OBSERVATION")


def test_defensive_leaves_a_persons_orders_and_positions_as_they_are(hands: Hands) -> None:
    hands.hold("0.01")
    entry, held = hands.resting("0.005"), hands.held()
    hands.desk.command(SetMode("DEFENSIVE"))
    hands.scene.tick(10)
    assert (entry.status, hands.held()) == ("OPEN", held)
    said = review(hands.buy("0.005", "59999.00", confirmed=False))
    assert said.breaches == ()
    assert "mode DEFENSIVE halves what strategies want, not what a person orders" in said.warnings


def test_a_halt_takes_entries_and_keeps_exits(hands: Hands) -> None:
    hands.hold("0.01")
    entry = hands.resting("0.005")
    hands.sell("0.005", "60500.00")
    leaving = hands.open[-1]
    hands.desk.command(Kill("halt"))
    assert (entry.status, leaving.status) == ("CANCELED", "OPEN")
    assert review(hands.buy("0.005", "59999.00")).breaches == ("the kill latch is set by test",)
    assert hands.sell("0.004", "60600.00").accepted
    hands.desk.command(Kill("all"))
    assert hands.open == []
    assert review(hands.sell("0.004", "60600.00")).breaches == ("the kill latch is set (all) by test",)


def test_a_flatten_sells_what_a_person_holds_too(hands: Hands) -> None:
    hands.hold("0.01").sell("0.005", "60500.00")
    hands.desk.command(Kill("flatten"))
    hands.scene.tick(4)
    assert hands.held() < BTC.lot_size
    assert hands.open == []


def test_nobody_takes_back_a_resting_order_because_it_is_old_or_far(hands: Hands) -> None:
    order = hands.resting()
    for _ in range(20):
        hands.desk.play(hands.scene.market.move(40))
        hands.scene.tick(3)
    assert order.status == "OPEN"


def test_a_closed_gate_withdraws_entries_as_a_mode_does(hands: Hands) -> None:
    hands.hold("0.01")
    entry = hands.resting("0.005")
    hands.sell("0.005", "60500.00")
    hands.desk.tick(hands.desk.now + SECOND, feed_age=12 * SECOND)
    assert entry.status == "CANCELED"
    assert [o.intent.purpose for o in hands.open] == [Purpose.EXIT]


def test_before_the_account_is_known_nothing_is_sent() -> None:
    scene = Scene()
    early = Hands(scene)
    early.state.recovering = True
    assert any("is being reconciled" in b for b in review(early.buy("0.01", "59999.00")).breaches)
    early.state.recovering, early.state.closing = False, True
    assert "the session is closing" in review(early.buy("0.01", "59999.00")).breaches


def test_an_order_in_doubt_keeps_a_person_from_adding_to_it(hands: Hands) -> None:
    hands.desk.venue.losing = True
    hands.buy("0.005", "59999.00")
    answer = hands.buy("0.005", "59999.00")
    assert any("may or may not exist" in b for b in review(answer).breaches)


def test_without_a_valid_book_the_estimate_says_so(hands: Hands) -> None:
    hands.desk.feed(FeedStatus("binance", "market", hands.desk.now, True))
    hands.desk.feed(hands.scene.market.gap())
    said = review(hands.buy("0.01", confirmed=False))
    assert said.price == pytest.approx(60000.01)
    assert any("the book isn't valid (gap" in w for w in said.warnings)


def test_an_order_that_meets_our_own_is_refused(hands: Hands) -> None:
    hands.hold("0.01").sell("0.005", "60100.00")
    ours = hands.open[0].intent.client_id[-4:]
    said = review(hands.buy("0.005", "60100.00", confirmed=False))
    assert said.breaches == (f"it would meet our own order {ours} of manual",)


def scene_of_large(**limits: Any) -> Hands:
    return Hands(Scene(None, **limits))


def test_an_order_that_is_a_large_share_of_equity_has_its_size_confirmed_too() -> None:
    hands = scene_of_large(fat_finger_share=0.06)
    assert review(hands.buy("0.01", "59999.00", confirmed=False)).large == ""
    assert hands.buy("0.01", "59999.00").accepted
    asked = hands.buy("0.0101", "59999.00", confirmed=False)
    assert asked.accepted
    assert review(asked).large == "unusually large: 0.0101 BTC is 6.1% of equity"
    assert review(asked).large in review(asked).warnings
    answer = hands.buy("0.0101", "59999.00")
    assert not answer.accepted
    assert "6.1% of equity; confirm that size, too (--large in a shell)" in answer.message
    assert len(hands.open) == 1
    meant = PlaceOrder("t-large", BTC.name, "BUY", "LIMIT", "0.0101", "59999.00", "manual", True, True)
    assert hands.desk.command(meant).accepted
    assert len(hands.open) == 2


def test_an_order_of_many_times_the_days_median_has_its_size_confirmed_too() -> None:
    hands = scene_of_large(fat_finger_multiple=10.0)
    for n in range(4):
        hands.resting("0.001", f"5999{n}.00")
    assert review(hands.buy("0.02", "59000.00", confirmed=False)).large == "", "too few to have a median"
    hands.resting("0.001", "59995.00")
    assert review(hands.buy("0.01", "59000.00", confirmed=False)).large == ""
    large = review(hands.buy("0.01001", "59000.00", confirmed=False)).large
    assert large == "unusually large: 0.01001 BTC is 10 times the day's median order of 0.001 BTC"
    assert hands.state.carried().sizes == {BTC.id: (Decimal("0.001"),) * 5}
    assert not hands.amend(hands.open[0], quantity="0.011").accepted


def test_a_sale_is_never_unusually_large() -> None:
    hands = scene_of_large(fat_finger_share=0.061).hold("0.01")
    assert hands.sell("0.00999", "60200.00").accepted


def test_orders_and_positions_of_a_person_survive_a_crash(hands: Hands) -> None:
    hands.hold("0.01")
    order = hands.resting("0.005")
    successor = Hands()
    successor.desk.venue = hands.desk.venue
    successor.desk.open(successor.desk.now, hands.state.carried())
    assert successor.held() == hands.held()
    adopted = successor.state.orders.open[order.intent.client_id]
    assert (adopted.status, adopted.intent.ticket) == ("OPEN", order.intent.ticket)
    successor.scene.tick(40)
    assert adopted.status == "OPEN"
    assert successor.amend(adopted, price="59990.00").accepted


def test_every_answer_can_be_read_back_from_the_journal(hands: Hands) -> None:
    hands.buy("0.01", "59999.00")
    hands.sell("0.001", confirmed=False)
    hands.buy("9", "1.00")
    assert [decode(encode(audit)) for audit in hands.desk.audits] == hands.desk.audits
    assert decisions(hands.desk.audits)
