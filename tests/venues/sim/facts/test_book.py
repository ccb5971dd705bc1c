"""The statistics of the order book against constructions whose answer is known, and the suite in small."""

from __future__ import annotations

from itertools import takewhile

import numpy as np
import pytest

from midas.domain.time import SECOND
from midas.venues.sim.facts import book, tape
from midas.venues.sim.facts.metaorder import SIZES, Impact, experiment
from midas.venues.sim.facts.served import sessions
from midas.venues.sim.facts.tape import Grid, Tape
from midas.venues.sim.source.market import Print
from midas.venues.sim.source.synthetic import START, Synthetic
from midas.venues.sim.world.micro import MicroParameters
from midas.venues.sim.world.micro_kernel import BUY, LEVEL, SELL, TRADE, Floats, Ints
from midas.venues.sim.world.parameters import preset_world

SEEDS = (11, 12)


def told(*rows: tuple[int, ...]) -> Tape:
    """A tape of these rows, long enough for them."""
    array: Ints = np.array(rows, np.int64)
    return Tape(rows=array, seconds=int(array[-1, 0] // SECOND) + 1)


def quoted(
    second: float, bid: int, bid_lots: int, ask: int, ask_lots: int, group: int = 0
) -> tuple[int, ...]:
    return (int(second * SECOND), LEVEL, BUY, bid, bid_lots, bid, bid_lots, ask, ask_lots, group)


def seen(mid: Floats, imbalance: Floats | None = None) -> Grid:
    """A grid of this mid, with nothing else to know."""
    none = np.zeros(len(mid))
    return Grid(
        mid=mid,
        half_spread=none + 0.5,
        imbalance=none + 0.5 if imbalance is None else imbalance,
        flow=none,
        signed=none,
    )


def test_order_flow_imbalance_of_the_paper_s_cases() -> None:
    snapshots = [
        (9_999, 500, 10_001, 300), (9_999, 700, 10_001, 300), (10_000, 200, 10_001, 300),
        (10_000, 200, 10_002, 400), (10_000, 150, 10_002, 350), (9_999, 600, 10_001, 250),
    ]  # fmt: skip
    quotes = told(*(quoted(k, *snapshot) for k, snapshot in enumerate(snapshots))).quotes
    assert tape.order_flow_imbalance(quotes).tolist() == [200, 200, 300, 0, -400]


def test_the_spread_is_weighted_by_time() -> None:
    session = told(quoted(0, 99, 1, 100, 1), quoted(3, 99, 1, 111, 1), quoted(3.5, 99, 1, 100, 1))
    assert tape.spread(session) == pytest.approx(((3.5 + 0.5 * 12) / 4, 0.5 / 4, 12.0))


def test_autocorrelation_of_a_first_order_process() -> None:
    rng = np.random.default_rng(1)
    series = np.zeros(200_000)
    for k, shock in enumerate(rng.standard_normal(len(series) - 1), start=1):
        series[k] = 0.6 * series[k - 1] + shock
    assert tape.autocorrelation(series, 3) == pytest.approx([0.6, 0.36, 0.216], abs=0.02)


def test_sign_memory_finds_the_exponent_of_renewed_runs() -> None:
    # Runs of Pareto(1.5) length have an autocorrelation that falls as lag^-0.5 (Lillo, Mike and Farmer 2005).
    rng = np.random.default_rng(2)
    runs = np.minimum(rng.uniform(size=200_000) ** (-1 / 1.5), 1e6).astype(int)
    signs = np.repeat(rng.choice((-1.0, 1.0), len(runs)), runs)
    assert tape.sign_memory(signs)[1] == pytest.approx(0.5, abs=0.12)
    assert not tape.sign_memory(rng.choice((-1.0, 1.0), 100_000))[1] > 0.3


def test_trade_signs_count_a_taker_once() -> None:
    print_of = (TRADE, BUY, 100, 5, 99, 1, 100, 5)
    session = told(
        (0, *print_of, 1),
        (0, TRADE, BUY, 101, 5, 99, 1, 101, 5, 1),
        (9, TRADE, SELL, 99, 1, 99, 1, 102, 5, 2),
    )
    assert tape.trade_signs(session).tolist() == [1.0, -1.0]


def test_clusters_of_volatility_show_in_minutes() -> None:
    rng = np.random.default_rng(3)
    flat = np.cumsum(rng.standard_normal(60 * 4_000))
    changing = np.cumsum(rng.standard_normal(60 * 4_000) * np.repeat(np.tile((0.3, 2.0), 20), 6_000))
    assert abs(tape.minute_clustering(flat)) < 0.05
    assert tape.minute_clustering(changing) > 0.3


def test_the_volume_shape_is_relative_to_the_middle() -> None:
    minutes = np.ones(390, np.int64)
    minutes[:30], minutes[-30:] = 3, 2
    rows = [(k * 60 * SECOND, TRADE, BUY, 100, int(lots), 99, 1, 100, 9, k) for k, lots in enumerate(minutes)]
    assert tape.volume_shape(told(*rows), 390) == (3.0, 2.0)


def test_poisson_events_are_neither_bunched_nor_anything_but_exponential() -> None:
    gaps = np.random.default_rng(4).exponential(0.1 * SECOND, 60_000)
    times = np.cumsum(gaps).astype(np.int64)
    seconds = int(times[-1] // SECOND)
    assert tape.fano(times, seconds) == pytest.approx(1.0, abs=0.5)
    assert tape.exponential_p(times) > 1e-3
    assert tape.exponential_p(np.cumsum(gaps**1.5).astype(np.int64)) < 1e-6


def test_imbalance_that_decides_the_next_move_orders_the_fifths() -> None:
    rng = np.random.default_rng(5)
    rows, bid = [], 1_000
    for second in range(2_000):
        lots = int(rng.integers(1, 100))
        rows.append(quoted(second, bid, lots, bid + 1, 100 - lots, 2 * second))
        bid += 1 if rng.uniform() < lots / 100 else -1
        rows.append(quoted(second + 0.5, bid, 50, bid + 1, 50, 2 * second + 1))
    session = told(*rows)
    up = tape.up_by_imbalance(session, tape.grid(session))
    assert up == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9], abs=0.08)


def test_the_variance_ratio_of_a_random_walk_is_one_and_of_a_bounce_larger() -> None:
    rng = np.random.default_rng(6)
    walk = np.cumsum(rng.standard_normal(100_000))
    assert tape.variance_ratio(walk) == pytest.approx(1.0, abs=0.2)
    assert tape.variance_ratio(walk + 2.0 * rng.standard_normal(100_000)) > 5.0


def test_a_planted_signal_is_a_free_lunch() -> None:
    rng = np.random.default_rng(7)
    imbalance, noise = rng.uniform(size=(2, 20_000)), rng.standard_normal((2, 20_000))
    mids = np.cumsum(np.roll(3.0 * (imbalance - 0.5) + noise, 1, axis=1), axis=1)
    lesson, test = (seen(mid, known) for mid, known in zip(mids, imbalance, strict=True))
    found = tape.information(test, 1, tape.best_signal([lesson], 1))
    expected = np.sqrt(0.75 / 1.75)
    assert found == pytest.approx((expected, np.sqrt(1.75)), abs=0.02)
    assert tape.taker_edge(test, found, 0.5) == pytest.approx(found[0] * found[1] * 2.37 / 1.0)


def test_a_random_walk_is_no_free_lunch() -> None:
    walks = [seen(np.cumsum(one)) for one in np.random.default_rng(8).standard_normal((3, 20_000))]
    for seconds in tape.FEATURE_WINDOWS:
        correlation, deviation = tape.information(walks[0], seconds, tape.best_signal(walks[1:], seconds))
        assert abs(correlation) < 0.12 and deviation == pytest.approx(np.sqrt(seconds), rel=0.1)


def test_flow_that_makes_the_move_explains_it() -> None:
    flow = np.cumsum(np.random.default_rng(9).standard_normal(5_001))
    noise = np.cumsum(np.random.default_rng(10).standard_normal(5_001))
    none = np.zeros(5_001)
    at = Grid(mid=flow + noise, half_spread=none, imbalance=none, flow=flow, signed=none)
    assert tape.flow_fit(at) == pytest.approx(0.5, abs=0.08)


def test_the_audit_sees_a_crossed_book_and_a_trade_that_leaves_its_level() -> None:
    trade = (SECOND, TRADE, BUY, 100, 4, 99, 7, 100, 10, 2)
    ask = (0, LEVEL, SELL, 100, 10, 99, 7, 100, 10, 1)
    after = (SECOND, LEVEL, SELL, 100, 6, 99, 7, 100, 6, 2)
    assert tape.audit(told(ask, trade, after)) == (0, 0)
    assert tape.audit(told(ask, trade, (*after[:4], 7, *after[5:8], 7, 2))) == (1, 0)
    assert tape.audit(told(ask, (0, LEVEL, BUY, 101, 1, 101, 1, 100, 10, 2)))[1] == 1


def test_impact_s_exponents_and_reversion_are_read_from_its_means() -> None:
    sizes = np.array(SIZES)
    impact = Impact(cost=sizes**0.6, end=sizes**0.5, later=0.7 * sizes**0.5)
    assert impact.exponent == pytest.approx(0.5)
    assert impact.cost_exponent == pytest.approx(0.6)
    assert impact.reversion == pytest.approx(0.3)


def test_a_market_without_a_propagator_keeps_its_impact() -> None:
    permanent = MicroParameters(flow_weights=(0.0, 0.0, 0.0, 0.0), impact_half_life=1e9)
    assert experiment(permanent, 1, 3, 100.0).reversion < 0.1


def test_the_suite_in_small_has_every_row_and_exact_rows_are_exact() -> None:
    heard: list[str] = []
    rows = book.rows(SEEDS, heard.append, minutes=60, pairs=3)
    assert [row.name for row in rows] == [fact.name for fact in book.FACTS]
    assert len(heard) == len(SEEDS) and all(len(row.values) == len(SEEDS) for row in rows)
    exact = [row for row in rows if row.source in (book.EXACT, book.EXACT_QUEUE)]
    assert len(exact) == 3 and all(row.passed for row in exact)
    judged = {row.name: row for row in rows}
    for name in ("spread: mean, ticks", "spread: widest, ticks", "metaorder: reversion after 2 durations"):
        assert judged[name].passed, (name, judged[name].values)


def test_a_session_is_the_same_for_the_same_seed() -> None:
    assert np.array_equal(book.session(3, 5).rows, book.session(3, 5).rows)


def test_sessions_of_a_world_are_the_market_that_is_served() -> None:
    world = preset_world("medium")
    prints = [
        [(p.time, p.tick, p.lots) for p in served if p.symbol == asset.symbol]
        for served in [trades_of(Synthetic(world, 9), 60)]
        for asset in world.assets
    ]
    for one in sessions(world, 9, 1):
        trades = one.tape.trades
        own = [(int(r[0]) + START, int(r[3]), int(r[4])) for r in trades]
        assert own == prints[one.place] and own


def trades_of(market: Synthetic, seconds: int) -> list[Print]:
    """All trades of the first seconds."""
    first = takewhile(lambda event: event.at < START + seconds * SECOND + 1, market.events())
    return [event for event in first if isinstance(event, Print) and event.time < START + seconds * SECOND]


@pytest.mark.long
def test_a_world_s_rows_are_medians_over_its_assets_and_exact_for_each() -> None:
    world = preset_world("medium")
    rows = book.served(world, 5, minutes=20, pairs=1)
    assert [row.name for row in rows] == [fact.name for fact in book.FACTS]
    for row in rows:
        own = [values[0] for values in row.assets.values()]
        assert list(row.assets) == [asset.symbol for asset in world.assets]
        if row.source in (book.EXACT, book.EXACT_QUEUE):
            assert row.values == (min(own),) == (1.0,)
        else:
            assert row.values[0] == pytest.approx(np.median(own), nan_ok=True)
