from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise, takewhile

import pytest

from midas.domain.order import Side
from midas.domain.time import MINUTE
from midas.errors import StoreDamaged
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.matcher import Taking
from midas.venues.sim.source.market import BestQuote, DepthChange, Listing, MarketEvent, Print, Responsive
from midas.venues.sim.source.synthetic import START, Synthetic, standard
from midas.venues.sim.world.parameters import PRESETS, preset_world

COUNT = 6_000
FIVE = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT")


def some(source: Synthetic, count: int = COUNT) -> list[MarketEvent]:
    return list(islice(source.events(), count))


def touch(book: dict[str, dict[int, int]]) -> tuple[int, int, int, int]:
    bid, ask = max(book["b"]), min(book["a"])
    return bid, book["b"][bid], ask, book["a"][ask]


def follow(
    listing: Listing, events: Iterator[MarketEvent]
) -> Iterator[tuple[DepthChange, tuple[int, int, int, int]]]:
    """Each depth change of one symbol with the touch of the book that a client would hold after it."""
    book = {"b": dict(listing.bids), "a": dict(listing.asks)}
    for event in events:
        if not isinstance(event, DepthChange) or event.symbol != listing.instrument.symbol:
            continue
        for side, changes in (("b", event.bids), ("a", event.asks)):
            book[side].update(changes)
            book[side] = {tick: lots for tick, lots in book[side].items() if lots}
        yield event, touch(book)


def test_equal_seeds_make_equal_markets_and_other_seeds_others() -> None:
    first = some(standard(7))
    assert first == some(standard(7))
    assert first != some(standard(8))


def test_update_ids_are_contiguous_and_time_never_runs_backwards() -> None:
    events = some(standard(3), 20_000)
    assert all(a.at <= b.at for a, b in pairwise(events))
    for symbol in FIVE:
        depths = [event for event in events if isinstance(event, DepthChange) and event.symbol == symbol]
        assert all(b.first_id == a.last_id + 1 for a, b in pairwise(depths))
        trades = [event.trade_id for event in events if isinstance(event, Print) and event.symbol == symbol]
        assert trades == list(range(trades[0], trades[0] + len(trades)))


@pytest.mark.parametrize("preset", PRESETS)
def test_the_book_never_crosses_and_its_spread_is_a_few_ticks(preset: str) -> None:
    events = some(Synthetic(preset_world(preset), 5), 40_000)
    quotes = [event for event in events if isinstance(event, BestQuote)]
    spreads = [quote.ask[0] - quote.bid[0] for quote in quotes]
    assert min(spreads) >= 1
    assert max(spreads) < 50
    assert sum(spread <= 3 for spread in spreads) / len(spreads) > 0.8


@pytest.mark.parametrize("symbol", FIVE)
def test_the_book_of_a_client_and_the_best_quote_agree(symbol: str) -> None:
    source = standard(11)
    listing = next(one for one in source.listings() if one.instrument.symbol == symbol)
    events = some(source)
    quotes = {
        event.last_id: event for event in events if isinstance(event, BestQuote) and event.symbol == symbol
    }
    compared = 0
    for depth, (bid, bid_lots, ask, ask_lots) in follow(listing, iter(events)):
        if depth.last_id in quotes:
            compared += 1
            quote = quotes[depth.last_id]
            assert (quote.bid, quote.ask) == ((bid, bid_lots), (ask, ask_lots))
    assert compared > 50


def test_the_imbalance_of_the_touch_foretells_the_next_move() -> None:
    quotes = [
        event
        for event in islice(standard(5).events(), 60_000)
        if isinstance(event, BestQuote) and event.symbol == "BNBUSDT"
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


def test_history_joins_the_market_in_level_and_volatility() -> None:
    source = standard(2)
    for listing in source.listings():
        desk = Desk(listing, source.start, source.lateness, 2)
        assert desk.last_tick == listing.first_tick
        assert abs(listing.bids[0][0] - listing.first_tick) < 50
        assert 0 < listing.volatility_now < 10 * listing.volatility


@pytest.mark.parametrize("steps", [1, 137, 2_000, 5_001])
def test_a_saved_market_goes_on_exactly_even_within_a_slice(steps: int) -> None:
    source = standard(6)
    events = source.events()
    for _ in range(steps):
        next(events)
    state = source.save()
    expected = list(islice(events, 3_000))
    other = standard(6)
    other.restore(state)
    assert list(islice(other.events(), 3_000)) == expected


def test_a_market_of_another_seed_or_world_or_a_broken_one_is_not_restored() -> None:
    state = standard(6).save()
    with pytest.raises(StoreDamaged, match="another seed"):
        standard(7).restore(state)
    with pytest.raises(StoreDamaged, match="other parameters"):
        Synthetic(preset_world("hard"), 6).restore(state)
    with pytest.raises(StoreDamaged, match="can't be read"):
        standard(6).restore(state[:-3])


def btc_after(count: int) -> tuple[Synthetic, Desk, Iterator[MarketEvent]]:
    """A market and the exchange's desk of its first symbol, after `count` events."""
    source = standard(13)
    desk = Desk(source.listings()[0], source.start, source.lateness, 13)
    desk.matcher.book.tell(lambda side, tick, lots: source.taken(desk.symbol, side, tick, lots))
    events = source.events()
    for event in islice(events, count):
        hear(desk, event)
    return source, desk, events


def hear(desk: Desk, event: MarketEvent) -> bool:
    """Let the desk know; whether it was a depth change of its symbol."""
    if event.symbol != desk.symbol or isinstance(event, Print):
        return False
    if isinstance(event, DepthChange):
        desk.matcher.depth(event.last_id, event.bids, event.asks)
        return True
    desk.matcher.quote(event.last_id, event.bid, event.ask)
    return False


def best_ask(desk: Desk) -> int:
    found = desk.matcher.book.asks.best()
    assert found is not None
    return found[0]


def buyer(limit: int, lots: int = 10**12) -> Taking:
    return Taking(order_id=1, account="ours", side=Side.BUY, lots=lots, limit=limit)


@pytest.mark.parametrize("count", range(5_000, 5_200, 13))
def test_what_we_took_leaves_the_book_once_and_cannot_be_taken_again(count: int) -> None:
    _, twin, plain = btc_after(count)
    source, desk, events = btc_after(count)
    limit, taken = best_ask(desk) + 4, list[tuple[int, int]]()

    def note(side: Side, tick: int, lots: int) -> None:
        taken.append((tick, lots))
        source.taken(desk.symbol, side, tick, lots)

    desk.matcher.book.tell(note)
    desk.matcher.take(buyer(limit))
    event = next(events)
    while not hear(desk, event):
        assert desk.matcher.reach(buyer(limit)).lots == 0
        event = next(events)
    for other in takewhile(lambda other: other.at <= event.at, plain):
        hear(twin, other)
    assert sum(lots for _, lots in taken) > 0
    expected = consumed(dict(twin.matcher.book.asks.top(400)), taken)
    assert dict(desk.matcher.book.asks.top(200)).items() <= expected.items()
    shown = sum(lots for tick, lots in expected.items() if tick <= limit)
    assert desk.matcher.reach(buyer(limit)).lots == shown


def consumed(asks: dict[int, int], taken: list[tuple[int, int]]) -> dict[int, int]:
    """What is left of a book after buyers of some lots up to some tick each, one after the other."""
    for limit, wanted in taken:
        for tick in sorted(tick for tick in asks if tick <= limit):
            step = min(wanted, asks[tick])
            asks[tick], wanted = asks[tick] - step, wanted - step
    return {tick: lots for tick, lots in asks.items() if lots}


def test_update_ids_stay_contiguous_when_we_take() -> None:
    source, desk, events = btc_after(3_000)
    last_id = desk.matcher.book.last_id
    for number, event in enumerate(islice(events, 4_000)):
        if event.symbol == desk.symbol and isinstance(event, DepthChange):
            assert event.first_id <= last_id + 1 <= event.last_id + 1
            last_id = event.last_id
        hear(desk, event)
        if number % 37 == 0:
            desk.matcher.take(buyer(best_ask(desk) + number % 3, 5_000))
    assert isinstance(source, Responsive)
    bids, asks = desk.matcher.book.bids.best(), desk.matcher.book.asks.best()
    assert bids is not None
    assert asks is not None
    assert bids[0] < asks[0]


def test_buying_and_buying_moves_this_market_up() -> None:
    def highest(size: int) -> int:
        _, desk, events = btc_after(2_000)
        best, orders = 0, 0
        for event in takewhile(lambda event: event.at < START + MINUTE, events):
            if hear(desk, event):
                best = max(best, best_ask(desk))
                if size and orders < 40:
                    orders += 1
                    desk.matcher.take(buyer(best_ask(desk) + 20, size))
        return best

    assert highest(60_000) > highest(0) + 5
