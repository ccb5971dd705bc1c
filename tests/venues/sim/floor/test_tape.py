from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from midas.domain.time import MILLISECOND
from midas.venues.sim.floor.tape import Tape
from midas.venues.sim.source.market import Print
from midas.venues.sim.source.recording import Recording
from tests.fakes.exchange import PAYLOAD
from tests.venues.sim.street import START, trade

MS = MILLISECOND


def tape(*events: tuple[int, int, int, bool], lateness: int = 0) -> Tape:
    """A tape of (time after the start, tick, lots, seller)."""
    made = Tape(7, lateness)
    for number, (after, tick, lots, seller) in enumerate(events, 1):
        made.add(trade(after, number, tick, lots, seller))
    made.settle(START + 10_000 * MS)
    return made


def test_trades_of_one_taker_become_one_aggregate() -> None:
    made = tape((0, 100, 5, False), (MS // 2, 100, 7, False), (MS - 1, 100, 1, False))
    (found,) = made.aggregates
    assert (found.number, found.first_id, found.last_id, found.lots) == (7, 1, 3, 13)


def test_another_price_side_or_millisecond_begins_another_aggregate() -> None:
    made = tape(
        (0, 100, 5, False), (0, 101, 5, False), (0, 101, 5, True), (MS, 101, 5, True), (MS, 100, 5, True)
    )
    assert [(row.first_id, row.last_id) for row in made.aggregates] == [(n, n) for n in range(1, 6)]


def test_an_aggregate_is_not_told_while_a_trade_may_still_join_it() -> None:
    made = Tape(1, 2 * MS)
    made.add(trade(0, 1))
    made.settle(START + 3 * MS - 1)
    assert made.aggregates == []
    made.add(trade(MS - 1, 2))
    made.settle(START + 3 * MS)
    assert [(row.first_id, row.last_id) for row in made.aggregates] == [(1, 2)]


_PRINTS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 9), st.booleans()))


@given(_PRINTS)
def test_aggregates_chain_and_hold_every_lot(prints: list[tuple[int, int, int, bool]]) -> None:
    after, events = 0, []
    for step, tick, lots, seller in prints:
        after += step * MS // 2
        events.append((after, tick, lots, seller))
    made = tape(*events)
    assert sum(row.lots for row in made.aggregates) == sum(lots for _, _, lots, _ in events)
    assert all(b.first_id == a.last_id + 1 and b.number == a.number + 1 for a, b in pairwise(made.aggregates))
    for row in made.aggregates:
        inside = made.trades[row.first_id - 1 : row.last_id]
        assert {(event.tick, event.buyer_is_maker) for event in inside} == {(row.tick, row.buyer_is_maker)}
        assert row.lots == sum(event.lots for event in inside)


def test_a_page_begins_at_the_id_that_is_asked_for() -> None:
    made = tape(*((n * MS, 100, 1, False) for n in range(10)))
    assert [event.trade_id for event in made.trades_from(4, 3)] == [4, 5, 6]
    assert [row.number for row in made.aggregates_from(15, 5)] == [15, 16]
    assert made.trades_from(99, 5) == []


def test_the_aggregates_of_a_recording_hold_all_its_trades() -> None:
    recording = Recording(PAYLOAD)
    made = Tape(1, recording.lateness)
    prints = [event for event in recording.events() if isinstance(event, Print)]
    for event in prints:
        made.add(event)
    made.settle(prints[-1].time + 10**12)
    assert sum(row.last_id - row.first_id + 1 for row in made.aggregates) == len(prints)
