from __future__ import annotations

from decimal import Decimal
from string import ascii_letters, digits

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.agents.execution_agent import PREFIX, Step, Withdrawal, client_id
from midas.domain.decision import Noted
from midas.domain.mode import Mode
from midas.domain.opinion import Urgency
from midas.domain.order import OrderIntent, Purpose, Side, TimeInForce
from midas.domain.time import SECOND
from midas.domain.verdict import Approved
from midas.state.state import EXTERNAL, MANUAL
from tests.agents.floor import Floor
from tests.fakes.desk import EXECUTION
from tests.fakes.nouns import BTC, ETH, START, hold, intent, quote, selling, target

HALF = Decimal("0.5")


@pytest.fixture
def floor() -> Floor:
    return Floor()


def orders(steps: list[Step]) -> list[OrderIntent]:
    return [s for s in steps if isinstance(s, OrderIntent)]


def withdrawn(steps: list[Step]) -> list[str]:
    return [s.order.intent.client_id for s in steps if isinstance(s, Withdrawal)]


def test_an_approved_target_becomes_an_entry_with_everything_that_led_to_it(floor: Floor) -> None:
    floor.want("1")
    [entry] = orders(floor.proceed())
    assert (entry.side, entry.quantity, entry.purpose) == (Side.BUY, Decimal(1), Purpose.ENTRY)
    assert (entry.decision, entry.mode, entry.regime) == (7, "NORMAL", "UNKNOWN")
    assert (entry.created_at, entry.market_time) == (floor.state.now, START)


def test_giving_back_is_an_exit(floor: Floor) -> None:
    hold(floor.state, "1")
    floor.want("0.4")
    [sale] = orders(floor.proceed())
    assert (sale.side, sale.quantity, sale.purpose) == (Side.SELL, Decimal("0.6"), Purpose.EXIT)


def test_a_sleeve_never_has_two_open_orders(floor: Floor) -> None:
    floor.want("1")
    [first] = orders(floor.proceed())
    for _ in range(20):
        assert orders(floor.proceed(SECOND // 2)) == []
    floor.close(first)
    assert len(orders(floor.proceed())) == 1


def test_two_strategies_work_their_own_sleeves(floor: Floor) -> None:
    floor.want("1")
    floor.want("2", strategy="other")
    assert [(o.strategy, o.quantity) for o in orders(floor.proceed())] == [
        ("s", Decimal(1)),
        ("other", Decimal(2)),
    ]


def test_a_moved_price_is_a_cancel_first_and_an_order_once_that_is_closed(floor: Floor) -> None:
    floor.want("1")
    [first] = orders(floor.proceed())
    floor.state.on_quote(quote("100.09", "100.11"))
    steps = floor.proceed()
    assert (withdrawn(steps), orders(steps)) == ([first.client_id], [])
    floor.fill(first, "0.4")
    floor.close(first)
    [second] = orders(floor.proceed())
    assert (second.price, second.quantity) == (Decimal("100.09"), Decimal("0.6"))


def test_a_new_target_replaces_the_old_one(floor: Floor) -> None:
    floor.want("1")
    [first] = orders(floor.proceed())
    floor.want("0")
    assert withdrawn(floor.proceed()) == [first.client_id]


def test_an_entry_is_given_up_after_its_attempts_and_an_exit_never(floor: Floor) -> None:
    floor.want("1")
    for _ in range(EXECUTION.attempts_max):
        [entry] = orders(floor.proceed())
        floor.close(entry)
    [given_up] = floor.proceed()
    assert isinstance(given_up, Noted)
    assert floor.proceed() == []
    hold(floor.state, "1")
    floor.want("0")
    for _ in range(3 * EXECUTION.attempts_max):
        [sale] = orders(floor.proceed())
        floor.close(sale)


def test_a_settled_sleeve_rests_until_something_about_orders_happens(floor: Floor) -> None:
    hold(floor.state, "1")
    floor.want("1")
    assert list(floor.agent.proceed(floor.state, 7, BTC.id)) == []
    floor.state.now += SECOND
    hold(floor.state, "1")
    assert list(floor.agent.proceed(floor.state, 7, BTC.id)) == []
    assert len(list(floor.agent.proceed(floor.state, 7))) == 1


def test_a_closed_gate_withdraws_entries_and_costs_no_attempt(floor: Floor) -> None:
    floor.want("1")
    [entry] = orders(floor.proceed())
    floor.state.control.close_gate("venue", "the user stream is down", floor.state.now)
    assert withdrawn(floor.proceed()) == [entry.client_id]
    floor.close(entry)
    for _ in range(2 * EXECUTION.attempts_max):
        assert floor.proceed() == []
    floor.state.control.open_gate("venue")
    assert len(orders(floor.proceed())) == 1


def test_a_closed_gate_keeps_no_exit_back(floor: Floor) -> None:
    hold(floor.state, "1")
    floor.want("0")
    floor.state.control.close_gate("venue", "silence", START)
    assert len(orders(floor.proceed())) == 1


def test_beside_an_order_in_doubt_nothing_is_opened_in_that_instrument(floor: Floor) -> None:
    floor.want("1")
    floor.state.plan(intent("md-lost", strategy="other"))
    floor.state.orders.uncertain("md-lost", "timeout", START)
    assert floor.proceed() == []
    floor.state.orders.accepted("md-lost", "v", START)
    assert len(orders(floor.proceed())) == 1


@pytest.mark.parametrize("mode", [Mode.OBSERVATION, Mode.PAUSE])
def test_a_mode_without_entries_still_works_exits(floor: Floor, mode: Mode) -> None:
    hold(floor.state, "1", strategy="other")
    floor.want("1")
    floor.want("0", strategy="other")
    floor.state.control.set_mode(mode, "test", "", "", START)
    assert [o.purpose for o in orders(floor.proceed())] == [Purpose.EXIT]


def test_forgetting_entries_withdraws_them_and_keeps_exits(floor: Floor) -> None:
    hold(floor.state, "1", strategy="other")
    floor.want("1")
    floor.want("0", strategy="other")
    entry, _ = orders(floor.proceed())
    floor.agent.forget_entries(floor.state)
    assert withdrawn(floor.proceed()) == [entry.client_id]


@pytest.mark.parametrize("level", ["all", "flatten"])
def test_a_kill_above_halt_orders_nothing_of_its_own(floor: Floor, level: str) -> None:
    hold(floor.state, "1")
    floor.want("0")
    floor.state.control.trip("halt", "test", "", START)
    [sale] = orders(floor.proceed())
    floor.close(sale)
    floor.state.control.trip(level, "test", "", START)
    assert floor.proceed() == []


def test_a_closing_session_orders_nothing(floor: Floor) -> None:
    hold(floor.state, "1")
    floor.want("0")
    floor.state.closing = True
    assert floor.proceed() == []


def test_defensive_halves_every_position_known_or_inherited(floor: Floor) -> None:
    hold(floor.state, "1")
    hold(floor.state, "3", strategy="inherited")
    hold(floor.state, "5", strategy=EXTERNAL)
    floor.want("1")
    floor.agent.reduce(floor.state, HALF)
    sales = {o.strategy: o.quantity for o in orders(floor.proceed())}
    assert sales == {"s": HALF, "inherited": Decimal("1.5")}


def test_defensive_keeps_a_target_that_is_lower_still(floor: Floor) -> None:
    hold(floor.state, "1")
    floor.want("0.1")
    floor.agent.reduce(floor.state, HALF)
    assert [o.quantity for o in orders(floor.proceed())] == [Decimal("0.9")]


def test_defensive_withdraws_entries(floor: Floor) -> None:
    floor.want("1")
    [entry] = orders(floor.proceed())
    floor.agent.reduce(floor.state, HALF)
    assert withdrawn(floor.proceed()) == [entry.client_id]


def test_refusals_of_the_venue_slow_the_sleeve_down(floor: Floor) -> None:
    hold(floor.state, "1")
    floor.want("0")
    for _ in range(EXECUTION.rejects_free + 2):
        [sale] = orders(floor.proceed(2 * SECOND))
        floor.agent.rejected(floor.state.orders.open[sale.client_id])
        floor.close(sale)
    assert floor.proceed(EXECUTION.reprice_age) == []
    assert len(orders(floor.proceed(2 * SECOND))) == 1


@given(st.text(max_size=20), st.text(max_size=20), st.integers(0, 10**9))
def test_client_ids_are_short_plain_and_marked(account: str, session: str, number: int) -> None:
    made = client_id(account, session, number)
    assert made.startswith(PREFIX)
    assert len(made) == 27
    assert set(made) <= set(ascii_letters + digits + "-")
    assert made == client_id(account, session, number)


def test_client_ids_differ_by_account_session_and_number() -> None:
    made = {client_id(a, s, n) for a in ("a", "b") for s in ("x", "y") for n in range(5_000)}
    assert len(made) == 20_000


def test_an_agent_asks_nothing_of_what_it_was_never_given(floor: Floor) -> None:
    hold(floor.state, "1")
    assert floor.proceed() == []
    floor.agent.rejected(floor.state.plan(selling()))
    assert floor.proceed() == []


def test_intents_travel(floor: Floor) -> None:
    floor.want("1")
    [entry] = orders(floor.proceed())
    assert msgspec.json.decode(msgspec.json.encode(entry), type=OrderIntent) == entry


def closing(floor: Floor, strategy: str = "s") -> None:
    """A person closes what a sleeve holds."""
    verdict = floor.risk.review(target("0", strategy=strategy, urgency=Urgency.AGGRESSIVE), floor.state)
    assert isinstance(verdict, Approved)
    floor.agent.close(verdict, floor.state.now)


def test_a_close_withdraws_whatever_rests_and_then_takes(floor: Floor) -> None:
    hold(floor.state, "1")
    floor.want("0.4")
    [patient] = orders(floor.proceed())
    closing(floor)
    steps = floor.proceed()
    assert (withdrawn(steps), orders(steps)) == ([patient.client_id], [])
    floor.close(patient)
    [sale] = orders(floor.proceed())
    assert (sale.quantity, sale.time_in_force) == (Decimal(1), TimeInForce.IOC)


def test_a_close_is_over_once_nothing_can_be_sold(floor: Floor) -> None:
    hold(floor.state, "1")
    closing(floor)
    [sale] = orders(floor.proceed())
    assert floor.agent.closes("s", BTC.id)
    floor.fill(sale)
    said = [s.text for s in floor.proceed() if isinstance(s, Noted)]
    assert said == [f"s {BTC.name} is closed"]
    assert not floor.agent.closes("s", BTC.id)


def test_closes_that_a_kill_ended_are_not_gone_on_with(floor: Floor) -> None:
    hold(floor.state, "1")
    closing(floor)
    floor.agent.forget_closes(floor.state)
    assert floor.proceed() == []
    assert floor.held() == Decimal(1)


def test_entries_are_forgotten_of_one_strategy_or_instrument_alone(floor: Floor) -> None:
    floor.want("1")
    floor.want("2", strategy="other")
    floor.agent.forget_entries(floor.state, strategy="s")
    assert [o.strategy for o in orders(floor.proceed())] == ["other"]
    floor.agent.forget_entries(floor.state, instrument=ETH.id)
    assert not floor.agent.gave_up("other", BTC.id)


def test_a_persons_position_is_not_reduced_by_a_mode(floor: Floor) -> None:
    hold(floor.state, "1", strategy=MANUAL)
    floor.agent.reduce(floor.state, HALF)
    assert floor.proceed() == []
