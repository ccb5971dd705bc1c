"""What a run is configured with that the compiled path doesn't work out: each is one sentence, and a refusal.

Whatever isn't named here as harmless is refused: a field that somebody adds later stands at its default, or
the engine is stepped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec
import numpy as np

from midas.analysis.regime import POLICIES
from midas.backtest.assumptions import Assumptions
from midas.backtest.series import Bars
from midas.costs import CostModel, FeeSchedule
from midas.domain.opinion import RegimeLabel
from midas.domain.time import SECOND
from midas.engine.config import EngineConfig, StrategyConfig
from midas.ports.strategy import Hears, Strategy
from midas.risk.limits import RATE_WINDOW
from midas.risk.regulation import regulation_limits

WORKED_OUT = ("costs", "spread_bps", "order_latency", "answer_latency", "volume_share", "tick_every",
              "equity_step")  # fmt: skip
OF_COSTS = ("fees", "taker_fraction", "maker_fraction", "impact")
EXACT = 2**53  # below it a float is every whole number, so that one division rounds as Decimal does


def objection(
    config: EngineConfig, strategies: Sequence[Strategy], series: Sequence[Bars],
    balances: Mapping[str, Decimal], given: Assumptions,
) -> str:  # fmt: skip
    """The first reason, before anything is computed; empty where there is none."""
    if len(series) != 1 or len(strategies) != 1 or len(config.instruments) != 1:
        return "it trades one instrument with one strategy, not several"
    reasons = (
        *_of_strategy(strategies[0], config.strategies[0]),
        *_of_account(config, series[0], balances),
        *_of_rules(config, config.strategies[0]),
        *_of_venue(config, series[0], given),
    )
    return next(iter(reasons), "")


def declares(strategy: Strategy | type[Strategy]) -> bool:
    """Whether it can say all of its opinions at once."""
    return callable(getattr(strategy, "wanted", None))


def _of_strategy(strategy: Strategy, entry: StrategyConfig) -> Iterator[str]:
    name = strategy.name
    if not declares(strategy):
        yield f"{name} has no `wanted`, which would say all of its opinions at once"
    if not getattr(strategy, "unaided", False):
        yield f"{name} isn't `unaided`: analysts work for it"
    if strategy.hears != Hears.BAR:
        yield f"{name} doesn't hear bars"
    if getattr(strategy, "needs", ()) or getattr(strategy, "calibrated", False):
        yield f"{name} needs a component, or its chances are calibrated"
    policy = POLICIES[RegimeLabel.UNKNOWN]
    if not strategy.trades_unknown or strategy.family not in policy.families or not policy.longs:
        yield f"{name} rests while the regime is UNKNOWN, and nobody studies it here"
    if entry.units is None:
        yield "its size isn't fixed: volatility, track record and drawdown decide it (give --units)"


def _of_account(config: EngineConfig, bars: Bars, balances: Mapping[str, Decimal]) -> Iterator[str]:
    instrument, time = bars.instrument, bars.time
    if instrument.quote != config.quote:
        yield f"{instrument.name} is quoted in another currency than the account's {config.quote}"
    if any(amount for asset, amount in balances.items() if asset != config.quote):
        yield "the account holds something at the start"
    if not config.limits.assets.is_money(config.quote):
        yield f"{config.quote} isn't cash here"
    if len(time) < 2 or not bool(np.all(time[1:] > time[:-1])):
        yield "two candles have the same time, or there is only one"
    elif not all(np.min(p) > 0.0 and np.max(p) < np.inf for p in (bars.open, bars.close)):  # NaN is neither
        yield "a candle has no price"


def _of_rules(config: EngineConfig, entry: StrategyConfig) -> Iterator[str]:
    stops = entry.stops if entry.stops is not None else config.stops
    if stops.enabled:
        yield "stops are enabled ([risk.stops], or [strategies.NAME.stops])"
    if config.tail.limits:
        yield "VaR or expected shortfall is limited ([risk.tail])"
    if regulation_limits(config.regulation):
        yield "a regulator's rule limits entries ([risk.regulation])"
    if config.bar_spread is None or config.studies_all:
        yield "quotes are expected, or an analyst reads every bar"


def _of_venue(config: EngineConfig, bars: Bars, given: Assumptions) -> Iterator[str]:
    if given.impact:
        yield "our own impact is charged (--no-impact leaves it out)"
    for name in _unlike_default(given, Assumptions(), WORKED_OUT):
        yield f"the assumption {name} isn't worked out on arrays"
    for name in _unlike_default(given.costs, CostModel(), OF_COSTS):
        yield f"the cost {name} isn't worked out on arrays"
    for name in _unlike_default(given.costs.fees, FeeSchedule(), ("maker", "taker")):
        yield f"the fee {name} isn't worked out on arrays"
    if given.order_latency + given.answer_latency >= bars.period:
        yield "orders and answers take longer than a candle"
    if given.order_latency + given.answer_latency > config.execution.passive_timeout:
        yield "answers take so long that orders are withdrawn before ([execution] passive_timeout_seconds)"
    limits, units = config.limits, config.strategies[0].units or Decimal(0)
    instrument = bars.instrument
    if units % instrument.lot_size or not (instrument.quantity_least <= units <= instrument.quantity_max):
        yield f"{units} {instrument.base} isn't a size that {instrument.venue} takes as it is"
    if float(units) > limits.order_quantity_max.get(instrument.base, float("inf")):
        yield "one order is larger than its maximum"
    if RATE_WINDOW // bars.period + 1 > limits.order_rate_max:
        yield "candles are so short that the order rate could bind"
    if bars.period <= max(config.execution.reprice_age, SECOND // 2):
        yield "candles are shorter than the pause between two orders"
    unit_tick = units * instrument.tick_size
    numbers = (*unit_tick.as_integer_ratio(), *(unit_tick * given.costs.fees.taker).as_integer_ratio())
    most = max(numbers[0], numbers[2]) * int(float(np.max(bars.close)) / instrument.tick * 2.0)
    if most >= EXACT or any(int(float(number)) != number for number in numbers):
        yield "its money has more digits than a float keeps"


def _unlike_default(given: msgspec.Struct, usual: msgspec.Struct, known: Sequence[str]) -> Iterator[str]:
    for name in given.__struct_fields__:
        if name not in known and getattr(given, name) != getattr(usual, name):
            yield name
