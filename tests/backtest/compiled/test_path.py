"""The compiled path gives the fills, the money and the curve of the engine, or says why it doesn't."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from midas.backtest.assumptions import Assumptions
from midas.backtest.compiled.path import Compiled, Refused, Trials
from midas.backtest.series import Bars
from midas.costs import CostModel, FeeSchedule
from midas.domain.opinion import Opinion
from midas.domain.stops import StopRules
from midas.domain.tail import TailRules
from midas.domain.time import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.config import EngineConfig
from midas.errors import WorkspaceInvalid
from midas.execution.worker import ExecutionRules
from midas.ports.strategy import Briefing, Columns, MarketView, Vectorised
from tests.backtest.compiled.stage import Choice, Fickle, assert_same, stepped, worked_out
from tests.backtest.stage import CALM, CASH, LIMITS, PLAIN, START, bars, config, walk
from tests.fakes.desk import BTC

CHOICE = Choice(3, 3)


def settings(series: Bars, choice: Choice = CHOICE, **changes: Any) -> EngineConfig:
    """The engine of a back-test with that choice in it."""
    plain = config([series], ("fickle",), Decimal(2))
    one = msgspec.structs.replace(plain.strategies[0], parameters=msgspec.structs.asdict(choice))
    return msgspec.structs.replace(plain, **{"strategies": (one,), **changes})


def market(chance: random.Random, count: int) -> Bars:
    """Prices of many sizes, some with gaps between candles, in time and in price."""
    price, gap = chance.choice([20.0, 1_000.0, 50_000.0]), chance.choice([0.0, 0.0, 1e-4])
    noise, period = chance.choice([1e-4, 1e-3, 1e-2]), chance.choice([MINUTE, HOUR, DAY])
    opened, close = [], []
    for _ in range(count):
        opened.append(max(1.0, round(price * (1.0 + chance.gauss(0.0, gap)), 2)))
        price = max(1.0, round(opened[-1] * (1.0 + chance.gauss(0.0, noise)), 2))
        close.append(price)
    skipped = np.cumsum([chance.choice([0, 0, 0, 0, 0, 1, 3]) for _ in range(count)])
    both = np.array([opened, close])
    return Bars(
        instrument=BTC, period=period, open=both[0], close=both[1], high=both.max(0) + 0.03,
        low=both.min(0) - 0.03, volume=np.full(count, 1e6),
        time=START + period * (np.arange(1, count + 1, dtype=np.int64) + skipped),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(14))
def test_fills_money_and_equity_are_those_of_the_engine(seed: int) -> None:
    chance = random.Random(seed)
    series, choice = market(chance, 150), Choice(chance.randrange(1, 9), chance.randrange(1, 6))
    fees = FeeSchedule(Decimal(0), Decimal(chance.choice(["0", "0.001", "0.00075"])))
    spread = chance.choice([0.0, 1.0, 3.3])
    given = Assumptions(
        costs=CostModel(fees=fees), spread_bps=spread,
        order_latency=chance.choice([0, 50 * MILLISECOND, 2 * SECOND]),
        answer_latency=chance.choice([0, SECOND]),
    )  # fmt: skip
    rules = settings(
        series, choice, period=series.period, bar_spread=chance.choice([0.0, spread / 1e4]),
        triggers=chance.choice([CALM, TriggerRules()]),
        execution=ExecutionRules(take_collar_bps=chance.choice([50.0, 100.0])),
    )  # fmt: skip
    units = Decimal(chance.choice(["1", "0.5", "0.1"]))
    one = msgspec.structs.replace(rules.strategies[0], units=units)
    rules = msgspec.structs.replace(rules, strategies=(one,))
    found = worked_out(rules, series, given, choice)
    if isinstance(found, Compiled):
        assert_same(found, stepped(rules, series, given, choice))
    else:
        assert found.reason


LOSSES = (
    "drawdown_defensive", "drawdown_stop", "daily_loss_stop", "weekly_loss_defensive", "weekly_loss_stop",
    "monthly_loss_stop",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_near_a_trigger_it_is_either_refused_or_still_the_same(seed: int) -> None:
    chance = random.Random(seed)
    series, choice = market(chance, 150), Choice(chance.randrange(1, 9), chance.randrange(1, 6))
    tight = {name: 10.0 ** chance.uniform(-4.5, -1.5) for name in LOSSES if chance.random() < 0.3}
    zone = chance.choice(["UTC", "America/New_York", "Asia/Kolkata"])
    rules = settings(
        series, choice, period=series.period,
        triggers=msgspec.structs.replace(
            CALM, **tight, zone=zone, sharpe_defensive=chance.choice([-1e9, -30.0, 0.0]), sharpe_days=10
        ),
        limits=msgspec.structs.replace(LIMITS, position_max=chance.choice([0.5, 0.03])),
    )  # fmt: skip
    found = worked_out(rules, series, PLAIN, choice)
    if isinstance(found, Compiled):
        assert_same(found, stepped(rules, series, PLAIN, choice))


def test_most_ordinary_runs_are_worked_out() -> None:
    series = bars(walk(1_000), spread=0.3)
    found = worked_out(settings(series), series, PLAIN, CHOICE)
    assert isinstance(found, Compiled) and len(found.places) > 200
    assert_same(found, stepped(settings(series), series, PLAIN, CHOICE))


STOPS, TAIL = StopRules(enabled=True), TailRules(var_max=0.1)
SMALL = msgspec.structs.replace(LIMITS, position_max=0.01)
POOR = msgspec.structs.replace(LIMITS, cash_min=0.99)
NARROW = msgspec.structs.replace(LIMITS, order_notional_max=1_000.0)
SLOW = msgspec.structs.replace(LIMITS, order_rate_max=1)
STRICT = msgspec.structs.replace(CALM, drawdown_defensive=1e-5)
TIMID = msgspec.structs.replace(CALM, daily_loss_stop=1e-5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stops": STOPS}, "stops are enabled"),
        ({"tail": TAIL}, "expected shortfall is limited"),
        ({"limits": SMALL}, "a limit on positions could refuse"),
        ({"limits": POOR}, "cash could not suffice"),
        ({"limits": NARROW}, "the largest order allowed"),
        ({"limits": SLOW, "period": SECOND}, "order rate could bind"),
        ({"triggers": STRICT}, "the drawdown could change the mode"),
        ({"triggers": TIMID}, "the day's loss could stop it"),
        ({"studies_all": True}, "an analyst reads every bar"),
    ],
)
def test_what_could_bind_is_left_to_the_engine(changes: dict[str, Any], said: str) -> None:
    series = bars(walk(400), spread=0.3)
    if changes.get("period") == SECOND:
        series = msgspec.structs.replace(
            series, period=SECOND, time=START + SECOND * np.arange(1, 401, dtype=np.int64)
        )
    found = worked_out(settings(series, **changes), series, PLAIN, CHOICE)
    assert isinstance(found, Refused) and said in found.reason


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"impact": True}, "impact is charged"),
        ({"feed_latency": 1}, "feed_latency isn't worked out"),
        ({"order_latency": 5 * SECOND}, "orders are withdrawn before"),
        ({"answer_latency": 2 * MINUTE}, "longer than a candle"),
        ({"volume_share": 1e-6}, "too little volume"),
        ({"costs": CostModel(maker_fraction=0.1)}, ""),
    ],
)
def test_what_the_arrays_dont_know_is_left_to_the_engine(given: dict[str, object], said: str) -> None:
    series = bars(walk(200), spread=0.3)
    assumed = msgspec.structs.replace(PLAIN, **given)
    found = worked_out(settings(series), series, assumed, CHOICE)
    if said:
        assert isinstance(found, Refused) and said in found.reason
    else:
        assert isinstance(found, Compiled)


def test_fills_after_a_hole_are_counted_as_the_engine_counts_them() -> None:
    whole = bars(walk(300))
    holes = [n for n in range(300) if n % 7 != 3]
    series = msgspec.structs.replace(
        whole, **{n: getattr(whole, n)[holes] for n in ("time", "open", "high", "low", "close", "volume")}
    )
    given = settings(series)
    fast, slow = worked_out(given, series, PLAIN, CHOICE), stepped(given, series, PLAIN, CHOICE)
    assert isinstance(fast, Compiled) and slow.after_gaps > 0
    assert_same(fast, slow)


def test_a_limit_that_a_gap_could_miss_is_left_to_the_engine() -> None:
    series = bars(walk(200), spread=0.3)
    jumped = msgspec.structs.replace(series, open=series.open * 1.02, high=series.high * 1.03)
    found = worked_out(settings(jumped), jumped, PLAIN, CHOICE)
    assert isinstance(found, Refused) and "could miss it" in found.reason and "2023-11-15" in found.reason


def test_a_size_that_sizing_decides_is_left_to_the_engine() -> None:
    series = bars(walk(100))
    plain = config([series], ("fickle",), None)
    found = worked_out(plain, series, PLAIN, CHOICE)
    assert isinstance(found, Refused) and "give --units" in found.reason


def test_an_account_that_holds_something_is_left_to_the_engine() -> None:
    from midas.backtest.compiled.path import compiled

    series = bars(walk(100))
    balances = {"USDT": CASH, "BTC": Decimal(1)}
    found = compiled(settings(series), [Fickle(CHOICE)], [series], balances, PLAIN)
    assert isinstance(found, Refused) and "holds something" in found.reason


def test_more_orders_of_a_side_than_the_throttle_lets_pass_are_left_to_the_engine() -> None:
    series = bars(walk(400), spread=0.3)
    hurried = msgspec.structs.replace(LIMITS, repeats_max=3, repeats_window=HOUR)
    found = worked_out(settings(series, limits=hurried), series, PLAIN, CHOICE)
    assert isinstance(found, Refused) and "throttle" in found.reason


@pytest.mark.parametrize("laid", [np.ascontiguousarray, np.asfortranarray])
@pytest.mark.parametrize("rows", [1, 7, 8, 19])
def test_many_parameters_at_once_come_to_what_each_does_alone(laid: Any, rows: int) -> None:
    series = market(random.Random(5), 150)
    kind: type[Vectorised] = Fickle  # type: ignore[assignment]  # it takes Choices alone
    trials = Trials(settings(series), kind, series, {"USDT": CASH, "BTC": Decimal(0)}, PLAIN)
    wanted = trials.wanted([Choice(1 + row, 1 + row % 5) for row in range(rows)])
    together = list(trials.made(laid(wanted)))
    assert len(together) == rows
    for one, row in zip(together, wanted, strict=True):
        (alone,) = trials.made(row[None])
        if isinstance(one, Refused) or isinstance(alone, Refused):
            assert one == alone
        else:
            assert one.places.tolist() == alone.places.tolist() and one.ticks.tolist() == alone.ticks.tolist()
            changed = np.flatnonzero(np.diff(row[:-1].astype(int), prepend=0))
            assert one.places.tolist() == (changed + 1).tolist()


class Forgetful(Fickle):
    """Says one thing bar by bar and another at once."""

    @classmethod
    def wanted(cls, parameters: object, bars: Columns) -> np.ndarray:
        """Always."""
        return np.ones((1, len(bars)), np.bool_)


def test_a_strategy_that_contradicts_itself_is_left_to_the_engine() -> None:
    from midas.backtest.compiled.path import compiled

    series = bars(walk(100))
    balances = {"USDT": CASH, "BTC": Decimal(0)}
    found = compiled(settings(series), [Forgetful(CHOICE)], [series], balances, PLAIN)
    assert isinstance(found, Refused) and "`wanted` says otherwise" in found.reason


def test_a_bad_month_of_days_is_left_to_the_engine_that_would_turn_defensive() -> None:
    series = market(random.Random(3), 300)
    daily = msgspec.structs.replace(series, period=DAY, time=START + DAY * np.arange(1, 301, dtype=np.int64))
    rules = settings(daily, period=DAY, triggers=msgspec.structs.replace(CALM, sharpe_defensive=50.0))
    found = worked_out(rules, daily, PLAIN, CHOICE)
    assert isinstance(found, Refused) and "Sharpe" in found.reason


class Broken(Fickle):
    """Answers nothing that could be used."""

    @classmethod
    def wanted(cls, parameters: object, bars: Columns) -> np.ndarray:
        """Fails, or answers something else."""
        if len(bars) > 50:
            raise IndexError("too many")
        return np.ones(3)


class Leaving(Fickle):
    """Ends its process when it is asked about one candle, or where it shall, about all."""

    at_once: ClassVar[bool] = False

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """Never."""
        sys.exit(3)

    @classmethod
    def wanted(cls, parameters: Sequence[Choice], bars: Columns) -> NDArray[np.bool_]:
        """Not everywhere."""
        if cls.at_once:
            sys.exit(3)
        return super().wanted(parameters, bars)


class LeavingAtOnce(Leaving):
    """Even where it is asked about all candles."""

    at_once = True


def test_a_strategy_that_ends_its_process_is_outlived() -> None:
    from midas.backtest.compiled.path import compiled

    series, balances = bars(walk(100)), {"USDT": CASH, "BTC": Decimal(0)}
    found = compiled(settings(series), [Leaving(CHOICE)], [series], balances, PLAIN)
    assert isinstance(found, Refused) and "raises SystemExit at candle 0" in found.reason
    with pytest.raises(WorkspaceInvalid, match="`wanted` raises SystemExit: 3"):
        compiled(settings(series), [LeavingAtOnce(CHOICE)], [series], balances, PLAIN)


@pytest.mark.parametrize(
    ("count", "said"), [(100, "raises IndexError: too many"), (40, "answers float64 of")]
)
def test_a_strategy_that_cant_answer_is_named(count: int, said: str) -> None:
    from midas.backtest.compiled.path import compiled

    series = bars(walk(count))
    balances = {"USDT": CASH, "BTC": Decimal(0)}
    with pytest.raises(WorkspaceInvalid, match=said):
        compiled(settings(series), [Broken(CHOICE)], [series], balances, PLAIN)
