"""One order's life, told over several channels in every order: the end is the same, and the truth."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.domain.event import (
    CancelRejected,
    CancelSent,
    Event,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderReplaced,
    OrderSent,
    OrderUncertain,
    ReplaceSent,
    Source,
    TradeBusted,
)
from midas.domain.money import ZERO
from midas.domain.order import CloseReason, OrderReport, Replacement, Side
from midas.domain.time import SECOND
from midas.state.state import State
from tests.fakes.nouns import BTC, START, account, desk, fill, intent, report, trade

AT = START + SECOND
DEAD = START + 14 * SECOND
Told = Callable[[State], object]
Story = dict[str, Told]


def event(told: Event) -> Told:
    return lambda state: state.apply(told)


def made(trade_id: int, quantity: str, source: Source = Source.STREAM, sequence: int = 0) -> Told:
    done = fill(trade_id, quantity)
    return event(OrderFilled("md-1", "v-md-1", BTC.id, done, AT, source, sequence))


def busted(trade_id: int, quantity: str) -> Told:
    return event(TradeBusted("md-1", BTC.id, Side.BUY, fill(trade_id, quantity), AT, Source.STREAM))


def ended(reason: CloseReason, filled: str, source: Source = Source.STREAM) -> Told:
    return event(OrderClosed("md-1", reason, Decimal(filled), AT, source))


def listed(*fills: tuple[int, str], line: OrderReport) -> Told:
    """A full pass: trades before the order's own line."""
    bought = sum((Decimal(q) for _, q in fills), ZERO)
    balances = {"USDT": str(10_000 - bought * 100), "BTC": str(bought)}
    trades = tuple(trade(fill(i, q)) for i, q in fills)
    lines = {"open_orders": (line,)} if line.open else {"queried": (line,)}
    return lambda state: state.apply(account(AT, balances, purpose="start", trades=trades, **lines))


SENT = event(OrderSent("md-1", START, DEAD))
ACK = event(OrderAccepted("md-1", "v-md-1", AT, Source.ANSWER))
SILENCE = event(OrderUncertain("md-1", "time-out", AT))

# name -> (what is told, what has to be told before what, how it ends, what has filled)
STORIES: dict[str, tuple[Story, list[tuple[str, str]], str, str]] = {
    "filled twice": (
        {"sent": SENT, "ack": ACK, "one": made(1, "0.4"), "two": made(2, "0.6"),
         "again": made(1, "0.4", Source.QUERY), "end": ended(CloseReason.FILLED, "1")},
        [], "FILLED", "1",
    ),
    "cancelled after a part": (
        {"sent": SENT, "silence": SILENCE, "one": made(1, "0.4"), "again": made(1, "0.4", Source.ANSWER),
         "end": ended(CloseReason.CANCELED, "0.4"),
         "end again": ended(CloseReason.CANCELED, "0.4", Source.ANSWER)},
        [], "CANCELED", "0.4",
    ),
    "the pass tells first": (
        {"sent": SENT, "ack": ACK, "one": made(1, "0.3"),
         "pass": listed((1, "0.3"), (2, "0.2"), line=report(filled=Decimal("0.5"), open=False,
                                                            close_reason=CloseReason.EXPIRED)),
         "two": made(2, "0.2"), "silence": SILENCE},
        [], "EXPIRED", "0.5",
    ),
    "filled while a cancel is out": (
        {"ack": ACK, "cancel": event(CancelSent("md-1", AT)),
         "refused": event(CancelRejected("md-1", -2011, "Unknown order sent.", AT)),
         "one": made(1, "0.4"), "two": made(2, "0.6"), "end": ended(CloseReason.FILLED, "1")},
        [("cancel", "refused")], "FILLED", "1",
    ),
    "made larger, filled beyond its old quantity": (
        {"replace": event(ReplaceSent("md-1", Replacement("r1", Decimal("1.2")), AT, DEAD)),
         "replaced": event(OrderReplaced("md-1", "r1", Decimal("1.2"), None, AT, Source.STREAM, 20)),
         "one": made(1, "0.9", sequence=10), "two": made(2, "0.3", sequence=30),
         "old list": lambda s: s.orders.reported(report(time=10), AT, AT), "ack": ACK},
        [("replace", "replaced"), ("replace", "two")], "FILLED", "1.2",
    ),
    "made smaller than what has filled": (
        {"replace": event(ReplaceSent("md-1", Replacement("r1", Decimal("0.3")), AT, DEAD)),
         "replaced": event(OrderReplaced("md-1", "r1", Decimal("0.5"), None, AT, Source.STREAM, 20)),
         "one": made(1, "0.2"), "two": made(2, "0.3"), "ack": ACK, "silence": SILENCE},
        [("replace", "replaced")], "FILLED", "0.5",
    ),
}  # fmt: skip


def orders_of(story: Story, before: Iterable[tuple[str, str]]) -> Iterable[tuple[str, ...]]:
    """Every order of its events in which no answer comes before its request."""
    for names in itertools.permutations(story):
        if all(names.index(first) < names.index(then) for first, then in before):
            yield names


@pytest.mark.parametrize("name", STORIES)
def test_every_order_of_a_storys_events_ends_the_same(name: str) -> None:
    story, before, status, filled = STORIES[name]
    assert len(story) == 6
    for names in orders_of(story, before):
        state = desk()
        order = state.plan(intent())
        cum = ZERO
        for told in names:
            story[told](state)
            assert cum <= order.filled, (names, told)
            cum = order.filled
        ending = (order.status, order.filled, order.leaves, state.ledger.position(BTC.id))
        assert ending == (status, Decimal(filled), ZERO, Decimal(filled)), names
        assert state.orders.leaves(BTC.id, Side.BUY) == 0, names
        assert not state.orders.anomalies["overfill"], names


QUANTITIES = st.sampled_from(["0.1", "0.25", "0.5", "1"])
TELLINGS = st.one_of(
    st.builds(made, st.integers(1, 6), QUANTITIES, st.sampled_from(Source)),
    st.builds(busted, st.integers(1, 6), QUANTITIES),
    st.builds(ended, st.sampled_from(CloseReason), QUANTITIES | st.just("0")),
    st.builds(lambda n: event(OrderUncertain("md-1", f"silence {n}", AT)), st.integers(1, 3)),
    st.builds(lambda gone: event(CancelRejected("md-1", -2011, "no", AT, gone)), st.booleans()),
    st.builds(
        lambda request, quantity: event(
            ReplaceSent("md-1", Replacement(request, Decimal(quantity)), AT, DEAD)
        ),
        st.sampled_from("rs"), QUANTITIES,
    ),
    st.builds(
        lambda request, quantity, sequence: event(
            OrderReplaced("md-1", request, Decimal(quantity), None, AT, Source.STREAM, sequence)
        ),
        st.sampled_from(["r", "s", ""]), QUANTITIES, st.integers(0, 3),
    ),
    st.builds(
        lambda later, why: lambda state: state.orders.reported(
            report(open=why is None, close_reason=why), AT + later, AT + later
        ),
        st.integers(-3, 3).map(lambda n: n * SECOND), st.sampled_from([None, CloseReason.CANCELED]),
    ),
    st.builds(
        lambda later: lambda state: state.orders.absent("md-1", DEAD + later, AT),
        st.integers(-3, 9).map(lambda n: n * SECOND),
    ),
    st.sampled_from([SENT, ACK, event(CancelSent("md-1", AT))]),
)  # fmt: skip
COMES_BACK = {"resurrected", "trade_bust"}  # the only ways out of an end


@settings(deadline=None, max_examples=300)
@given(st.lists(TELLINGS, max_size=12))
def test_whatever_is_told_in_whatever_order_the_rules_hold(tellings: list[Told]) -> None:
    state = desk()
    order = state.plan(intent())
    for tell in tellings:
        was_closed, before = "md-1" in state.orders.closed, order.filled
        anomalies = state.orders.anomalies.copy()
        tell(state)
        strange = state.orders.anomalies - anomalies
        is_closed = "md-1" in state.orders.closed
        assert order.filled >= before or "trade_bust" in strange
        assert order.filled == sum((f.quantity for f in order.fills.values()), ZERO)
        assert state.ledger.position(BTC.id) == order.filled
        assert order.filled <= order.most or state.orders.overfills
        assert is_closed or not was_closed or COMES_BACK & strange.keys()
        reserved = state.orders.leaves(BTC.id, Side.BUY)
        assert reserved == ZERO if is_closed else reserved >= order.intent.quantity - order.filled
