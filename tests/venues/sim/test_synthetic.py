from __future__ import annotations

from itertools import islice, pairwise

from midas.venues.sim.market import BestQuote, DepthChange, Print
from midas.venues.sim.synthetic import Synthetic

COUNT = 6_000


def test_equal_seeds_make_equal_markets_and_other_seeds_others() -> None:
    first = [event.payload for event in islice(Synthetic(7).events(), COUNT)]
    assert first == [event.payload for event in islice(Synthetic(7).events(), COUNT)]
    assert first != [event.payload for event in islice(Synthetic(8).events(), COUNT)]


def test_update_ids_are_contiguous_and_time_never_runs_backwards() -> None:
    events = list(islice(Synthetic(3).events(), COUNT))
    assert all(a.at <= b.at for a, b in pairwise(events))
    for symbol in ("BTCUSDT", "ETHUSDT"):
        depths = [event for event in events if isinstance(event, DepthChange) and event.symbol == symbol]
        assert all(b.first_id == a.last_id + 1 for a, b in pairwise(depths))
        trades = [event.trade_id for event in events if isinstance(event, Print) and event.symbol == symbol]
        assert trades == list(range(trades[0], trades[0] + len(trades)))


def test_the_book_never_crosses_and_its_spread_is_a_few_ticks() -> None:
    quotes = [event for event in islice(Synthetic(5).events(), 20_000) if isinstance(event, BestQuote)]
    spreads = [quote.ask[0] - quote.bid[0] for quote in quotes]
    assert min(spreads) >= 1
    assert max(spreads) < 50
    assert sum(spread <= 3 for spread in spreads) / len(spreads) > 0.8


def test_the_imbalance_of_the_touch_foretells_the_next_move() -> None:
    quotes = [
        event
        for event in islice(Synthetic(5).events(), 60_000)
        if isinstance(event, BestQuote) and event.symbol == "BTCUSDT"
    ]
    ups: dict[bool, list[bool]] = {True: [], False: []}
    following: int | None = None
    for quote, after in zip(reversed(quotes[:-1]), reversed(quotes[1:]), strict=True):
        middle, next_middle = quote.bid[0] + quote.ask[0], after.bid[0] + after.ask[0]
        following = next_middle - middle or following
        share = quote.bid[1] / (quote.bid[1] + quote.ask[1])
        if following is not None and not 0.2 < share < 0.8:
            ups[share >= 0.8].append(following > 0)
    assert sum(ups[True]) / len(ups[True]) > 0.55
    assert sum(ups[False]) / len(ups[False]) < 0.45
