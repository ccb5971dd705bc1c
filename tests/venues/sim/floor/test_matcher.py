from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from midas.domain.order import Side
from midas.venues.sim.floor.matcher import Execution, Matcher, Outcome, Prevented, Taking
from tests.venues.sim.plain_matcher import OUTSIDE, PlainLevel

BID, ASK = 100, 101


def book(bids: list[tuple[int, int]] | None = None, asks: list[tuple[int, int]] | None = None) -> Matcher:
    matcher = Matcher()
    matcher.snapshot(1, bids or [(BID, 10), (99, 20)], asks or [(ASK, 10), (102, 20)])
    return matcher


def order(order_id: int, side: Side, lots: int, limit: int | None = None, account: str = "a") -> Taking:
    return Taking(order_id=order_id, account=account, side=side, lots=lots, limit=limit)


def executed(outcomes: list[Outcome]) -> list[tuple[int, int, int, bool]]:
    return [(e.order_id, e.tick, e.lots, e.maker) for e in outcomes if isinstance(e, Execution)]


def test_a_taker_walks_the_displayed_levels_up_to_its_limit() -> None:
    matcher = book()
    assert executed(matcher.take(order(1, Side.BUY, 15, 102))) == [(1, 101, 10, False), (1, 102, 5, False)]
    assert matcher.take(order(2, Side.BUY, 5, 101)) == []


def test_what_was_taken_stays_taken_until_the_market_shows_another_size() -> None:
    matcher = book()
    matcher.take(order(1, Side.BUY, 10, 101))
    matcher.depth(2, [], [(101, 10)])
    assert matcher.reach(order(2, Side.BUY, 5, 101)).lots == 0
    matcher.depth(3, [], [(101, 11)])
    assert matcher.reach(order(3, Side.BUY, 50, 101)).lots == 11


def test_a_quote_newer_than_the_depth_hides_better_levels_and_the_next_depth_brings_them_back() -> None:
    matcher = book()
    matcher.quote(5, (99, 4), (102, 7))
    assert executed(matcher.take(order(1, Side.SELL, 30, 98))) == [(1, 99, 4, False)]
    matcher.depth(4, [(100, 3)], [])
    assert matcher.book.bids.best() == (99, 4)
    matcher.depth(6, [(100, 6)], [])
    assert matcher.book.bids.best() == (100, 6)


def test_prints_at_our_price_pass_the_queue_before_they_fill_us() -> None:
    matcher = book()
    matcher.rest(order(1, Side.BUY, 5, BID), 5)
    assert matcher.trade(BID, 8, buyer_is_maker=True) == []
    assert matcher.ahead(1) == 2
    assert executed(matcher.trade(BID, 4, buyer_is_maker=True)) == [(1, BID, 2, True)]
    assert executed(matcher.trade(BID, 9, buyer_is_maker=True)) == [(1, BID, 3, True)]
    assert matcher.ahead(1) is None


def test_a_print_through_our_price_fills_us_at_our_price() -> None:
    matcher = book()
    matcher.rest(order(1, Side.SELL, 5, ASK), 5)
    assert executed(matcher.trade(102, 3, buyer_is_maker=False)) == [(1, ASK, 3, True)]
    assert matcher.trade(102, 3, buyer_is_maker=True) == []


def test_a_level_that_shrinks_caps_what_is_ahead_and_its_own_print_does_not_count_twice() -> None:
    matcher = book()
    matcher.rest(order(1, Side.BUY, 5, BID), 5)
    matcher.quote(2, (BID, 6), (ASK, 10))
    assert matcher.ahead(1) == 6
    matcher.trade(BID, 4, buyer_is_maker=True)
    assert matcher.ahead(1) == 6
    matcher.trade(BID, 1, buyer_is_maker=True)
    assert matcher.ahead(1) == 5


def test_a_shrink_that_no_print_explained_is_forgotten_at_the_next_depth_change() -> None:
    matcher = book()
    matcher.rest(order(1, Side.BUY, 5, BID), 5)
    matcher.quote(2, (BID, 6), (ASK, 10))
    matcher.depth(3, [(BID, 6)], [])
    matcher.trade(BID, 4, buyer_is_maker=True)
    assert matcher.ahead(1) == 2


def test_an_opposite_touch_that_reaches_our_price_fills_us_with_what_it_shows() -> None:
    matcher = book()
    matcher.rest(order(1, Side.BUY, 15, BID), 15)
    assert executed(matcher.quote(2, (98, 1), (BID, 6))) == [(1, BID, 6, True)]
    assert matcher.quote(3, (98, 2), (BID, 6)) == []
    assert executed(matcher.quote(4, (98, 2), (99, 20))) == [(1, BID, 9, True)]


def test_two_accounts_trade_with_each_other_in_price_time_order() -> None:
    matcher = book()
    matcher.rest(order(1, Side.SELL, 5, ASK, "a"), 5)
    matcher.rest(order(2, Side.SELL, 5, ASK, "b"), 5)
    outcomes = matcher.take(order(3, Side.BUY, 17, ASK, "c"))
    assert Counter(executed(outcomes)) == Counter(
        [(3, ASK, 10, False), (3, ASK, 5, False), (1, ASK, 5, True), (3, ASK, 2, False), (2, ASK, 2, True)]
    )


def test_an_order_that_meets_its_own_account_expires_the_resting_one() -> None:
    matcher = book()
    matcher.quote(2, (99, 5), (102, 5))
    matcher.rest(order(1, Side.SELL, 5, ASK, "a"), 5)
    outcomes = matcher.take(order(2, Side.BUY, 3, 102, "a"))
    prevented = Prevented(1, 5, 2, ASK, 1, taker=False, ended=True)
    assert outcomes == [prevented, Execution(2, 102, 3, maker=False)]


def test_an_iceberg_shows_a_slice_at_a_time_and_each_new_one_waits_behind_the_others() -> None:
    matcher = book()
    iceberg = matcher.rest(order(1, Side.SELL, 12, ASK, "a"), 12, slice=5)
    matcher.rest(order(2, Side.SELL, 4, ASK, "b"), 4)
    assert (iceberg.lots, iceberg.hidden) == (5, 7)
    outcomes = matcher.take(order(3, Side.BUY, 21, ASK, "c"))
    makers = [(e.order_id, e.lots) for e in outcomes if isinstance(e, Execution) and e.maker]
    assert makers == [(1, 5), (2, 4), (1, 2)]
    assert (iceberg.lots, iceberg.hidden, matcher.ahead(1)) == (3, 2, 0)
    assert matcher.cancel(1) == 5


def test_a_new_slice_waits_behind_what_the_market_displays_when_it_comes_up() -> None:
    matcher = book()
    iceberg = matcher.rest(order(1, Side.BUY, 9, BID), 9, slice=3)
    assert executed(matcher.trade(BID, 13, buyer_is_maker=True)) == [(1, BID, 3, True)]
    assert (iceberg.lots, matcher.ahead(1)) == (3, 0)  # the print has eaten what is still displayed
    matcher.depth(2, [(BID, 8)], [])
    assert executed(matcher.trade(99, 9, buyer_is_maker=True)) == [(1, BID, 3, True)] * 2


def test_no_slice_comes_before_an_order_that_waits_where_a_print_or_the_market_goes_through() -> None:
    for reaches in ("print", "quote"):
        matcher = book()
        matcher.rest(order(1, Side.BUY, 9, BID, "a"), 9, slice=3)
        matcher.rest(order(2, Side.BUY, 4, BID, "b"), 4)
        if reaches == "print":
            outcomes = matcher.trade(99, 8, buyer_is_maker=True)
        else:
            outcomes = matcher.quote(2, (98, 1), (99, 8))
        assert executed(outcomes) == [(1, BID, 3, True), (2, BID, 4, True), (1, BID, 1, True)]


def test_a_depth_change_under_a_newer_quote_does_not_bring_back_what_we_took_at_the_touch() -> None:
    matcher = book()
    matcher.quote(5, (BID, 6), (ASK, 6))
    matcher.take(order(1, Side.BUY, 6, ASK))
    matcher.rest(order(2, Side.BUY, 5, ASK), 5)
    assert matcher.depth(4, [(99, 7)], [(103, 3)]) == []
    assert matcher.reach(order(3, Side.BUY, 9, ASK)).lots == 0


@given(st.integers(1, 40), st.integers(1, 12), st.lists(st.integers(1, 15), max_size=20))
def test_an_iceberg_trades_all_of_itself_slice_by_slice(total: int, slice: int, takers: list[int]) -> None:
    matcher = Matcher()
    matcher.rest(order(1, Side.SELL, total, ASK), total, slice)
    left = total
    for number, lots in enumerate(takers, 2):
        taking = order(number, Side.BUY, lots, ASK, "b")
        assert matcher.reach(taking).lots == min(lots, left)
        done = [e.lots for e in matcher.take(taking) if isinstance(e, Execution) and e.maker]
        assert sum(done) == min(lots, left)
        assert all(part <= slice for part in done)
        left -= sum(done)
        resting = matcher.resting(1)
        assert (resting.total if resting else 0) == left
        if resting:
            shown = slice - (total - left) % slice
            assert resting.lots == min(shown, left)


def test_a_reduced_order_keeps_its_place() -> None:
    matcher = book()
    matcher.rest(order(1, Side.SELL, 9, ASK, "a"), 9)
    matcher.rest(order(2, Side.SELL, 4, ASK, "b"), 4)
    matcher.reduce(1, 6)
    outcomes = matcher.take(order(3, Side.BUY, 14, ASK, "c"))
    makers = [(e.order_id, e.lots) for e in outcomes if isinstance(e, Execution) and e.maker]
    assert makers == [(1, 3), (2, 1)]


def test_an_order_crosses_what_anybody_offers_within_its_limit() -> None:
    matcher = book()
    assert matcher.crosses(Side.BUY, ASK)
    assert not matcher.crosses(Side.BUY, BID)
    matcher.rest(order(1, Side.SELL, 1, BID), 1)
    assert matcher.crosses(Side.BUY, BID)


def test_a_budget_buys_whole_lots_and_never_more_than_it_pays() -> None:
    matcher = book()
    taking = Taking(order_id=1, account="a", side=Side.BUY, budget=ASK * 10 + 102 * 3 + 50)
    reach = matcher.reach(taking)
    assert (reach.lots, reach.value) == (13, ASK * 10 + 102 * 3)
    assert sum(lots for _, _, lots, _ in executed(matcher.take(taking))) == 13


def test_a_selling_budget_ends_where_the_last_price_could_not_pay_another_lot() -> None:
    matcher = book(bids=[(BID, 1), (10, 50)])
    taking = Taking(order_id=1, account="a", side=Side.SELL, budget=BID + 20)
    assert executed(matcher.take(taking)) == [(1, BID, 1, False)]


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("show"), st.integers(0, 12)),
        st.tuples(st.just("rest"), st.integers(1, 6)),
        st.tuples(st.just("take"), st.integers(1, 15)),
        st.tuples(st.just("print"), st.integers(1, 15)),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(_steps)
def test_one_level_agrees_with_the_token_queue(steps: list[tuple[str, int]]) -> None:
    matcher, plain = Matcher(), PlainLevel()
    matcher.snapshot(1, [(BID, 5)], [(ASK, 5)])
    plain.show(5)
    shown, update, next_id, resting = 5, 1, 1, list[int]()
    for action, number in steps:
        if action == "show":
            update += 1
            if number != shown:  # an unchanged size says nothing new: what we took stays taken
                matcher.depth(update, [(BID, number)], [])
                plain.show(number)
                shown = number
        elif action == "rest":
            matcher.rest(order(next_id, Side.BUY, number, BID), number)
            plain.add(next_id, number)
            resting.append(next_id)
            next_id += 1
        elif action == "take":
            outcomes = matcher.take(order(10_000, Side.SELL, number, BID, "taker"))
            wanted = plain.take(number)
            makers = {e.order_id: e.lots for e in outcomes if isinstance(e, Execution) and e.maker}
            assert makers == {owner: lots for owner, lots in wanted.items() if owner != OUTSIDE}
            takers = sum(e.lots for e in outcomes if isinstance(e, Execution) and not e.maker)
            assert takers == sum(wanted.values())
        elif action == "print":
            outcomes = matcher.trade(BID, number, buyer_is_maker=True)
            assert {e.order_id: e.lots for e in outcomes if isinstance(e, Execution)} == plain.printed(number)
        elif resting:
            chosen = resting[number % len(resting)]
            assert matcher.cancel(chosen) == plain.remove(chosen)
        resting = [number for number in resting if number in plain.tokens]
        for number in resting:
            assert matcher.ahead(number) == plain.ahead(number)


_sides = st.sampled_from(Side)
_market = st.lists(
    st.one_of(
        st.tuples(st.just("order"), _sides, st.integers(95, 106), st.integers(1, 8), st.sampled_from("abc")),
        st.tuples(st.just("print"), _sides, st.integers(95, 106), st.integers(1, 8), st.just("")),
        st.tuples(st.just("depth"), _sides, st.integers(0, 3), st.integers(0, 8), st.just("")),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(_market)
def test_quantity_is_conserved_and_nobody_trades_past_a_limit(
    steps: list[tuple[str, Side, int, int, str]],
) -> None:
    matcher = book()
    asked: dict[int, Taking] = {}
    done: Counter[int] = Counter()
    gone: Counter[int] = Counter()
    for number, (action, side, place, lots, account) in enumerate(steps, 1):
        outcomes: list[Outcome] = []
        if action == "order":
            taking = order(number, side, lots, place, account)
            asked[number] = taking
            outcomes = matcher.take(taking)
            left = lots - sum(e.lots for e in outcomes if isinstance(e, Execution) and e.order_id == number)
            assert left >= 0
            if left:
                matcher.rest(taking, left)
        elif action == "print":
            outcomes = matcher.trade(place, lots, side is Side.SELL)
            assert sum(e.lots for e in outcomes if isinstance(e, Execution)) <= lots
        else:
            bids, asks = ([(BID - place, lots)], []) if side is Side.BUY else ([], [(ASK + place, lots)])
            outcomes = matcher.depth(number + 1, bids, asks)
        for outcome in outcomes:
            if isinstance(outcome, Prevented):
                gone[outcome.order_id] += outcome.lots
                continue
            done[outcome.order_id] += outcome.lots
            limit = asked[outcome.order_id].limit
            assert limit is not None
            assert (limit - outcome.tick) * asked[outcome.order_id].side.sign >= 0
    for number, taking in asked.items():
        assert done[number] + gone[number] + matcher.cancel(number) == taking.lots
