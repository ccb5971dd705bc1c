"""The stylised facts of the order book, each with the band that it must lie in.

One seed of the reference market is two days of 390 minutes of an equity-like market with a U-shaped day,
whose fundamental the macro layer moves; the price stands near 10,000 ticks and moves by about one and a
half percent a day. One seed of a world is 390 minutes of each of its assets as they are served.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import msgspec
import numpy as np

from midas.domain.order import Side
from midas.domain.time import SECOND
from midas.venues.sim.facts import metaorder, tape
from midas.venues.sim.facts.metaorder import Impact
from midas.venues.sim.facts.row import Row
from midas.venues.sim.facts.served import sessions
from midas.venues.sim.facts.tape import Grid, Tape
from midas.venues.sim.floor.matcher import Matcher, Taking
from midas.venues.sim.world.books import suited
from midas.venues.sim.world.macro import Macro, MacroParameters
from midas.venues.sim.world.micro import Micro, MicroParameters
from midas.venues.sim.world.micro_kernel import TRADE
from midas.venues.sim.world.parameters import World

DAY_MINUTES = 390
DAYS = 2
SLICES = 600  # a minute
PRICE = 10_000  # ticks
FUNDAMENTAL_DAILY = 0.0136  # log return; the median session then moves by two ticks in 10 s
UNIT_LOTS = 100.0
TAKER_FEE_TICKS = 0.0  # the strictest: a signal must not even pay for the half spread
PAIRS = 16  # twins of the metaorder experiment, each worked with every size and sign
LESSONS = range(901, 909)  # seeds that only the taker's signal is learnt on
SERVED_MINUTES = 390  # of a world's assets, each
SERVED_LESSONS = range(901, 905)
QUEUE_ROWS = 20_000  # of the session that our resting orders are followed through
QUEUE_EVERY = 400  # rows after which another one is placed


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: its band, inclusive, None where it is open."""

    name: str
    low: float | None = None
    high: float | None = None
    source: str


EXACT = "conservation, by replay of every row"
# A wrong sign is worth as much as a right one, so these bands have two sides; the median over the seeds is
# judged, and not that of absolute values, which chance alone would hold up.
LUNCH = "2.37 x correlation x deviation, fee 0"
EXACT_QUEUE = "the exchange's own matcher, fed with the rows"
FACTS = (
    Fact(name="spread: mean, ticks", low=1.0, high=3.0, source="time-weighted"),
    Fact(name="spread: P(more than 10 ticks)", high=0.001, source="time-weighted"),
    Fact(name="spread: widest, ticks", high=50.0, source="watchdog: a wider one is a fault of the book"),
    Fact(name="trade signs: ACF at lag 1", low=0.08, high=0.4, source="Lillo & Farmer 2004"),
    Fact(name="trade signs: ACF exponent, lags 5-300", low=0.3, high=0.8, source="Lillo, Mike & Farmer 2005"),
    Fact(name="absolute 1-min returns: ACF at lag 1", low=0.1, source="Cont 2001"),
    Fact(name="volume: open over middle", low=1.5, high=4.0, source="Jain & Joh 1988"),
    Fact(name="volume: close over middle", low=1.5, high=4.0, source="Jain & Joh 1988"),
    Fact(name="events: Fano factor, 60 s", low=20.0, source="Bacry, Mastromatteo & Muzy 2015"),
    Fact(name="P(up) by imbalance: lowest fifth", high=0.35, source="Gould & Bonart 2016"),
    Fact(name="P(up) by imbalance: highest fifth", low=0.65, source="Gould & Bonart 2016"),
    Fact(name="P(up) by imbalance: smallest step up", low=0.0, source="Gould & Bonart 2016"),
    Fact(name="order-flow imbalance: R2, 10 s", low=0.4, high=0.85, source="Cont, Kukanov & Stoikov 2014"),
    Fact(name="no free lunch: edge over cost, 1 s", low=-1.0, high=1.0, source=LUNCH),
    Fact(name="no free lunch: edge over cost, 10 s", low=-1.0, high=1.0, source=LUNCH),
    Fact(name="no free lunch: edge over cost, 60 s", low=-1.0, high=1.0, source=LUNCH),
    Fact(
        name="no free lunch: correlation, 10 s",
        low=-0.1,
        high=0.1,
        source="best linear signal, learnt on other seeds",
    ),
    Fact(name="variance signature: 1 s over 300 s", low=0.5, high=1.6, source="Bouchaud et al. 2018"),
    Fact(name="metaorder: exponent of the end impact", low=0.4, high=0.7, source="Toth et al. 2011"),
    Fact(name="metaorder: reversion after 2 durations", low=0.2, high=0.5, source="Bouchaud et al. 2018"),
    Fact(name="events: exponential times, KS p", high=1e-6, source="Engle & Russell 1998"),
    Fact(name="volume bought equals volume sold", low=1.0, high=1.0, source=EXACT),
    Fact(name="no crossed book", low=1.0, high=1.0, source=EXACT),
    Fact(name="own queue never increases", low=1.0, high=1.0, source=EXACT_QUEUE),
)


def session(seed: int, minutes: int = DAYS * DAY_MINUTES, parameters: MicroParameters | None = None) -> Tape:
    """One session, its fundamental and activity from the macro layer."""
    rng = np.random.default_rng((seed, 16))
    macro = Macro(MacroParameters(steps_per_day=DAY_MINUTES), (FUNDAMENTAL_DAILY,), seed)
    path = macro.run(minutes)
    micro = Micro(parameters or MicroParameters(), seed, PRICE, UNIT_LOTS * 2.5)
    noise = rng.standard_normal((minutes, SLICES)) * path.volatility / np.sqrt(SLICES)
    moves = PRICE * (noise + (path.returns - noise.sum(axis=1, keepdims=True)) / SLICES)
    times = np.arange(minutes * SLICES + 1) * (SECOND * 60 // SLICES)
    rows = micro.run_path(times, moves.ravel(), np.repeat(path.activity, SLICES))
    return Tape(rows=rows, seconds=minutes * 60)


def queue_never_increases(played: Tape) -> float:
    """1 where no resting order of ours, at the best bid or ask, ever had more lots ahead than before."""
    matcher, ahead, updates = Matcher(), dict[int, int](), 0
    for number, row in enumerate(played.rows[:QUEUE_ROWS].tolist()):
        _, kind, side, tick, lots, bid, bid_lots, ask, ask_lots, _ = row
        if number == 0:
            matcher.snapshot(0, [(bid, bid_lots)], [(ask, ask_lots)])
        if kind == TRADE:
            matcher.trade(tick, lots, buyer_is_maker=side == 1)
        else:
            updates += 1
            matcher.depth(updates, *(([(tick, lots)], []) if side == 0 else ([], [(tick, lots)])))
        for order, before in list(ahead.items()):
            now = matcher.ahead(order)
            if now is None:
                del ahead[order]
            elif now > before:
                return 0.0
            else:
                ahead[order] = now
        if number % QUEUE_EVERY == 0:
            mine = Side.BUY if number // QUEUE_EVERY % 2 else Side.SELL
            taking = Taking(order_id=number, account="a", side=mine, limit=bid if mine is Side.BUY else ask)
            ahead[number] = matcher.rest(taking, 1).ahead
    return 1.0


def measured(
    played: Tape, impact: Impact, signals: Sequence[tape.Floats], minute: int = 60 * SECOND
) -> list[float]:
    """Every statistic of one seed, in the order of FACTS; `minute` is a 390th of its day."""
    at = tape.grid(played)
    times = tape.event_times(played)
    return [
        *tape.spread(played),
        *tape.sign_memory(tape.trade_signs(played)),
        tape.minute_clustering(at.mid),
        *tape.volume_shape(played, min(DAY_MINUTES, played.seconds * SECOND // minute), minute),
        tape.fano(times, played.seconds),
        *_direction(tape.up_by_imbalance(played, at)),
        tape.flow_fit(at),
        *_lunch(at, signals),
        tape.variance_ratio(at.mid),
        impact.exponent,
        impact.reversion,
        tape.exponential_p(times),
        *(float(faults == 0) for faults in tape.audit(played)),
        queue_never_increases(played),
    ]


def _direction(up: tape.Floats) -> tuple[float, float, float]:
    return float(up[0]), float(up[-1]), float(np.diff(up).min())


@cache
def _signals(parameters: MicroParameters, minutes: int) -> tuple[tape.Floats, ...]:
    """The best linear signal for each horizon, learnt on sessions that nobody is judged by."""
    lessons = [tape.grid(session(seed, minutes, parameters)) for seed in LESSONS]
    return tuple(tape.best_signal(lessons, seconds) for seconds in tape.FEATURE_WINDOWS)


def _lunch(at: Grid, signals: Sequence[tape.Floats]) -> tuple[float, ...]:
    """The edge over cost at each horizon, and the correlation at 10 s."""
    horizons = zip(tape.FEATURE_WINDOWS, signals, strict=True)
    found = [tape.information(at, seconds, signal) for seconds, signal in horizons]
    return (*(tape.taker_edge(at, one, TAKER_FEE_TICKS) for one in found), found[1][0])


def rows(
    seeds: Sequence[int],
    progress: Callable[[str], None],
    parameters: MicroParameters | None = None,
    minutes: int = DAYS * DAY_MINUTES,
    pairs: int = PAIRS,
) -> list[Row]:
    """The table over the seeds, one session and one metaorder experiment each."""
    chosen = parameters or MicroParameters()
    signals = _signals(chosen, minutes)
    values = []
    for number, seed in enumerate(seeds, start=1):
        impact = metaorder.experiment(chosen, seed, pairs, UNIT_LOTS)
        values.append(measured(session(seed, minutes, chosen), impact, signals))
        progress(f"book: {number} of {len(seeds)} sessions")
    return _table(values)


@cache
def _lessons(world: World, minutes: int) -> tuple[tuple[tape.Floats, ...], ...]:
    """The same for every asset of a world."""
    grids: list[list[Grid]] = [[] for _ in world.assets]
    for seed in SERVED_LESSONS:
        for one in sessions(world, seed, minutes):
            grids[one.place].append(tape.grid(one.tape))
    return tuple(
        tuple(tape.best_signal(known, seconds) for seconds in tape.FEATURE_WINDOWS) for known in grids
    )


def served(world: World, seed: int, minutes: int = SERVED_MINUTES, pairs: int = PAIRS) -> list[Row]:
    """One seed of a world: each row the median over its assets, and what each of them has."""
    signals = _lessons(world, minutes)
    minute = max(1, round(world.macro.steps_per_day * world.step_seconds * SECOND / DAY_MINUTES))
    by_asset = []
    for one in sessions(world, seed, minutes):
        asset = world.assets[one.place]
        unit = asset.order_lots / (1.0 + world.micro.size_mean)
        impact = metaorder.experiment(suited(world, asset), seed, pairs, unit)
        by_asset.append(measured(one.tape, impact, signals[one.place], minute))
    middle = [
        _of_assets(fact, column) for fact, column in zip(FACTS, zip(*by_asset, strict=True), strict=True)
    ]
    symbols = [asset.symbol for asset in world.assets]
    return [
        msgspec.structs.replace(
            row, assets={name: (own[place],) for name, own in zip(symbols, by_asset, strict=True)}
        )
        for place, row in enumerate(_table([middle]))
    ]


def _of_assets(fact: Fact, values: Sequence[float]) -> float:
    """What holds exactly must hold for each of them."""
    return min(values) if fact.source in (EXACT, EXACT_QUEUE) else float(np.median(values))


def _table(values: Sequence[Sequence[float]]) -> list[Row]:
    return [
        Row(suite="micro", name=fact.name, low=fact.low, high=fact.high, values=column, source=fact.source)
        for fact, column in zip(FACTS, zip(*values, strict=True), strict=True)
    ]
