"""The order flow of one instrument: what must hold whatever the seed and the fundamental do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.domain.time import SECOND
from midas.errors import ConfigInvalid, StoreDamaged
from midas.venues.sim.facts.tape import Tape, audit
from midas.venues.sim.world.micro import Micro, MicroParameters
from midas.venues.sim.world.micro_kernel import EVENTS_MAX, EVENTS_MIN, LEVEL, SPAN, TRADE, Ints

SLICE = SECOND // 10
PRICE = 10_000
ORDER_LOTS = 250.0


def opened(seed: int = 7, price: int = PRICE, lots: float = ORDER_LOTS) -> Micro:
    """A book as WORLD opens it."""
    return Micro(MicroParameters(), seed, price, lots)


def advanced(micro: Micro, seconds: int, move: float = 0.0, start: int = 0) -> Ints:
    """Rows of `seconds` in slices of 100 ms, over which the fundamental moves by `move` ticks in all."""
    times = start * SECOND + np.arange(seconds * 10 + 1) * SLICE
    steps = np.full(seconds * 10, move / (seconds * 10))
    return micro.run_path(times, steps, np.ones(seconds * 10))


def mid(micro: Micro) -> float:
    bid, _, ask, _ = micro.touch()
    return 0.5 * (bid + ask)


def test_the_book_never_crosses_and_every_trade_leaves_its_level() -> None:
    rows = advanced(opened(), 600, move=40.0)
    assert audit(Tape(rows=rows, seconds=600)) == (0, 0)
    assert (rows[:, 1] == TRADE).sum() > 500
    assert (np.diff(rows[:, 0]) >= 0).all() and (np.diff(rows[:, 9]) >= 0).all()


def test_the_same_seed_and_calls_give_the_same_rows() -> None:
    assert np.array_equal(advanced(opened(), 60, 5.0), advanced(opened(), 60, 5.0))
    assert not np.array_equal(advanced(opened(8), 60, 5.0), advanced(opened(9), 60, 5.0))


def test_rows_do_not_depend_on_how_time_is_sliced() -> None:
    whole = opened().run(0, 60 * SECOND, 6.0, 1.0)
    assert np.array_equal(whole, advanced(opened(), 60, 6.0))


def test_a_saved_book_goes_on_exactly() -> None:
    one, other = opened(1), opened(2)
    advanced(one, 30)
    other.load(one.save())
    assert np.array_equal(advanced(one, 60, 9.0, start=30), advanced(other, 60, 9.0, start=30))
    assert (one.fundamental, one.impact, one.levels(50)) == (
        other.fundamental,
        other.impact,
        other.levels(50),
    )


@pytest.mark.parametrize("damage", [lambda state: state[:-9], lambda state: b"x" + state[1:]])
def test_a_damaged_save_is_refused(damage: object) -> None:
    assert callable(damage)
    micro = opened()
    before = micro.touch()
    with pytest.raises(StoreDamaged, match="order book"):
        micro.load(damage(micro.save()))
    assert micro.touch() == before


def test_a_save_of_other_parameters_is_refused() -> None:
    with pytest.raises(StoreDamaged):
        opened().load(Micro(MicroParameters(hold=0.5), 7, PRICE, ORDER_LOTS).save())


@pytest.mark.parametrize(
    ("name", "value"), [("branching", 1.0), ("impact", 0.9), ("near", 65), ("deep", 5), ("leap", 0.0)]
)
def test_a_parameter_that_no_book_can_run_on_is_named(name: str, value: float) -> None:
    with pytest.raises(ConfigInvalid, match=name):
        MicroParameters(**{name: value})  # type: ignore[arg-type]


def test_the_arrays_follow_the_price_as_far_as_it_goes() -> None:
    micro = opened()
    for step, move in enumerate((3_000.0, 3_000.0, 6_000.0, -9_000.0)):
        rows = advanced(micro, 600, move, start=step * 600)
        assert audit(Tape(rows=rows, seconds=600)) == (0, 0)
        assert mid(micro) == pytest.approx(micro.fundamental + micro.impact, abs=15.0)
    assert mid(micro) - PRICE > 2_900 and SPAN < 12_000


def test_levels_that_the_rows_tell_are_the_levels_of_the_book() -> None:
    micro = opened()
    book: tuple[dict[int, int], dict[int, int]] = (dict(micro.levels(SPAN)[0]), dict(micro.levels(SPAN)[1]))
    for time, kind, side, tick, lots, *_ in advanced(micro, 1_200, 6_000.0).tolist():
        assert time >= 0
        if kind == LEVEL:
            book[side][tick] = lots
    told = [{tick: lots for tick, lots in side.items() if lots} for side in book]
    assert told == [dict(side) for side in micro.levels(SPAN)]


def test_both_sides_stay_deep_enough_for_a_console() -> None:
    micro = opened()
    for step in range(10):
        advanced(micro, 60, 30.0, start=step * 60)
        bids, asks = micro.levels(SPAN)
        assert len(bids) >= 100 and len(asks) >= 100


def test_a_jump_is_followed_without_tearing_the_spread() -> None:
    micro = opened(price=60_000)
    advanced(micro, 60)
    micro.run(60 * SECOND, 60 * SECOND + SLICE, -600.0, 1.0)
    advanced(micro, 30, start=61)
    assert micro.spread_max <= 50
    assert mid(micro) == pytest.approx(micro.fundamental + micro.impact, abs=5.0)


def test_an_outside_taker_takes_what_he_asked_for_and_moves_the_price() -> None:
    micro = opened()
    _, _, ask, shown = micro.touch()
    before = micro.impact
    rows = micro.trade(0, +1, shown + 1, ask + 50)
    trades = rows[rows[:, 1] == TRADE]
    assert trades[:, 4].sum() == shown + 1
    assert trades[0, 3] == ask and trades[0, 2] == 0
    assert micro.touch()[2] > ask
    assert micro.impact > before


def test_an_outside_taker_stops_at_his_limit() -> None:
    micro = opened()
    bid, shown, _, _ = micro.touch()
    rows = micro.trade(0, -1, 10 * shown, bid)
    assert rows[rows[:, 1] == TRADE][:, 4].sum() == shown
    assert len(micro.trade(0, -1, 100, micro.touch()[0] + 1)) == 0


def test_a_taker_of_everything_leaves_a_book_that_heals() -> None:
    micro = opened()
    micro.trade(0, +1, 1 << 40, 1 << 40)
    bid, _, ask, _ = micro.touch()
    assert bid < ask
    advanced(micro, 60)
    bid, _, ask, _ = micro.touch()
    assert ask - bid < 20


def test_impact_grows_with_the_root_of_the_size() -> None:
    def moved(lots: int) -> float:
        micro = opened()
        before = micro.impact
        micro.trade(0, +1, lots, 1 << 40)
        return micro.impact - before

    expected = np.sqrt(4_000 / 1_000)
    unexpected = moved(0)
    assert (moved(4_000) - unexpected) / (moved(1_000) - unexpected) == pytest.approx(expected, rel=0.35)


def test_impact_keeps_its_share_of_a_larger_volatility() -> None:
    def moved(ticks: float) -> float:
        micro = Micro(MicroParameters().suited(ticks), 7, PRICE, ORDER_LOTS)
        before = micro.impact
        micro.trade(0, +1, 1_000, 1 << 40)
        return micro.impact - before

    assert moved(2.0) > 1.5 * moved(1.0) > 0.0


def test_the_volatility_is_learnt_from_the_price() -> None:
    micro = opened()
    for second, move in enumerate(np.random.default_rng(1).normal(0.0, 3.0, 1_800).tolist()):
        micro.skip(second * SECOND, (second + 1) * SECOND, move, 1.0)
    assert micro.volatility == pytest.approx(3.0, rel=0.3)


def test_sizes_scale_with_the_lots_of_the_instrument() -> None:
    small, large = advanced(opened(lots=250.0), 300), advanced(opened(lots=250_000.0), 300)
    ratio = large[large[:, 1] == TRADE][:, 4].mean() / small[small[:, 1] == TRADE][:, 4].mean()
    assert ratio == pytest.approx(1_000.0, rel=0.2)


def test_no_parameters_within_their_bounds_keep_a_slice_from_ending() -> None:
    mad = MicroParameters(
        limit_rate=1_000.0, take_rate=1_000.0, cancel_rate=10.0, narrow_rate=1_000.0, slow_rate=1_000.0,
        informed_rate=1_000.0, requote_rate=1_000.0, branching=0.95, shade=100.0, depth_max=100_000.0,
    )  # fmt: skip
    book = Micro(mad, 1, PRICE, ORDER_LOTS)
    for start in range(0, SECOND, SLICE):
        rows = book.run(start, start + SLICE, 10.0, 1.0)
        assert len(np.unique(rows[:, 9])) <= EVENTS_MIN + EVENTS_MAX // 10 + 1
    calm = opened()
    most = max(len(np.unique(calm.run(k * SLICE, (k + 1) * SLICE, 0.0, 1.0)[:, 9])) for k in range(6_000))
    assert most < EVENTS_MIN


def test_a_quiet_hour_has_fewer_events_than_a_busy_one() -> None:
    quiet = opened().run(0, 300 * SECOND, 0.0, 0.5)
    busy = opened().run(0, 300 * SECOND, 0.0, 2.0)
    assert 2.0 < len(busy) / len(quiet) < 6.0


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    price=st.integers(50, 100_000),
    moves=st.lists(st.floats(-80.0, 80.0), min_size=1, max_size=20),
    activity=st.floats(0.0, 3.0),
)
def test_whatever_the_fundamental_does_the_book_stays_whole(
    seed: int, price: int, moves: list[float], activity: float
) -> None:
    micro = opened(seed, price)
    rows = []
    for step, move in enumerate(moves):
        rows.append(micro.run(step * SECOND, (step + 1) * SECOND, move, activity))
        rows.append(micro.trade((step + 1) * SECOND, 1 if move < 0 else -1, 500, 1 << 40 if move < 0 else 0))
    told = np.concatenate(rows)
    assert audit(Tape(rows=told, seconds=len(moves))) == (0, 0)
    assert (told[:, 3] >= 1).all() and (told[:, 4] >= 0).all()
