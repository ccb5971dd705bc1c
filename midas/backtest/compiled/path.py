"""The compiled path of a back-test: fills, money and equity of the event path, or why they could differ."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.agents.execution_agent import client_id
from midas.backtest.assumptions import Assumptions
from midas.backtest.compiled import kernels
from midas.backtest.compiled.ground import DOUBTS, Ground, Ints, ground
from midas.backtest.compiled.objections import objection
from midas.backtest.compiled.probe import disagreement
from midas.backtest.driver import SESSION
from midas.backtest.outcome import Curve, Flags, Outcome, after_gaps
from midas.backtest.series import Bars, Floats
from midas.domain.decision import FillBooked
from midas.domain.order import Fill, Purpose, Side
from midas.domain.time import SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.config import EngineConfig
from midas.errors import WorkspaceInvalid
from midas.ports.strategy import Strategy, Vectorised
from midas.state.ledger import EXACT, Sleeve

EXACTLY = np.empty(0), np.empty(0)  # candle by candle
WORD = 8  # flags
CAUTION = 1e-9  # of equity: what sums of floats may be off by

BOUNDS = {
    kernels.CASH: "cash could not suffice for an order, or fall below its limit",
    kernels.SHARE: "a limit on positions could refuse an order",
    kernels.NOTIONAL: "the largest order allowed could refuse one",
    kernels.DRIFT: "a position could grow past a limit and be sold down",
    kernels.DRAWDOWN: "the drawdown could change the mode",
    kernels.DAY_LOSS: "the day's loss could stop it",
    kernels.WEEK_LOSS: "the week's loss could change the mode",
    kernels.MONTH_LOSS: "the month's loss could stop it",
    kernels.SHARPE: "the Sharpe ratio of its days could bring mode DEFENSIVE",
}


class Refused(msgspec.Struct, frozen=True):
    """The engine has to be stepped; `reason` is a sentence."""

    reason: str


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Money of all trials on one ground."""

    cash: Decimal
    unit_tick: Decimal  # what a tick of all units is worth
    taker: Decimal
    whole: tuple[float, float, float, float, float, float]  # as `kernels.equities` takes it
    rules: tuple[float, float, float, float, Floats]  # as `kernels.bounds` takes them


class Compiled(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One trial: when it traded, at how many ticks, and what came of it."""

    strategy: str
    ground: Ground
    terms: Terms
    places: Ints  # of the candles that its orders met: in turn a purchase and a sale of all units
    ticks: Floats

    @cached_property
    def cash(self) -> Decimal:
        """At the end, exact: whole ticks times whole units."""
        bought, sold = int(self.ticks[0::2].sum()), int(self.ticks[1::2].sum())
        moved = EXACT.multiply(self.terms.unit_tick, Decimal(sold - bought))
        fees = EXACT.multiply(EXACT.multiply(self.terms.unit_tick, Decimal(bought + sold)), self.terms.taker)
        return EXACT.subtract(EXACT.add(self.terms.cash, moved), fees)

    @property
    def equity(self) -> float:
        """At the end, as `State.equity`."""
        held = self.ground.units if len(self.places) % 2 else 0.0
        return float(self.cash) + held * float(self.ground.mark[-1]) if held else float(self.cash)

    def equities(self, at: Ints) -> tuple[Floats, Flags]:
        """Equity at the closes of these candles, and whether anything was held."""
        found, held = np.empty(len(at)), np.empty(len(at), np.bool_)
        close = self.ground.bars.close
        kernels.equities(self.places, self.ticks, close, at, self.terms.whole, found, held)
        return found, held

    def daily(self) -> list[float]:
        """What was there at first, and after each UTC day, days without candles carried on."""
        found = np.repeat(self.equities(self.ground.closes)[0], self.ground.carried)
        return [float(self.terms.cash), *found.tolist()]

    def curve(self) -> Curve:
        """Equity after every candle."""
        bars = self.ground.bars
        return Curve(bars.time, *self.equities(np.arange(len(bars), dtype=np.int64)))

    def fills(self) -> tuple[FillBooked, ...]:
        """Each as the engine books it."""
        bars = self.ground.bars
        instrument, sleeve = bars.instrument, Sleeve(self.strategy, bars.instrument.id)
        arrives = bars.time[self.places - 1] + self.ground.latency
        met, made = np.maximum(arrives, bars.time[self.places] - bars.period).tolist(), []
        quantity = self.ground.bars.instrument.quantity(round(self.ground.units / instrument.lot))
        for number, (at, ticks) in enumerate(zip(met, self.ticks.tolist(), strict=True)):
            side = Side.SELL if number % 2 else Side.BUY
            price = instrument.price(int(ticks))
            fee = price * quantity * self.terms.taker
            fill = Fill(
                trade_id=number + 1, price=price, quantity=quantity, fee=fee, fee_asset=instrument.quote,
                maker=False, time=at,
            )  # fmt: skip
            realised = sleeve.book(side, fill, instrument)
            made.append(FillBooked(
                client_id(SESSION, SESSION, number), self.strategy, instrument.id, side,
                Purpose.EXIT if number % 2 else Purpose.ENTRY, price, quantity, fee, instrument.quote,
                False, realised, sleeve.quantity, number + 1, at,
            ))  # fmt: skip
        return tuple(made)

    def outcome(self, seconds: float = 0.0, wall: float = 0.0) -> Outcome:
        """As a run on the event path; nobody audited anything, so that there is no digest."""
        bars, fills = self.ground.bars, self.fills()
        return Outcome(
            bars=len(bars), seconds=seconds, wall=wall, fills=fills, curve=self.curve(), cash=self.cash,
            equity=self.equity, audits=0, digest="", after_gaps=after_gaps([bars], fills),
        )  # fmt: skip


class Trials:
    """Many trials of one strategy on the same candles, under the same rules."""

    def __init__(
        self, config: EngineConfig, strategy: type[Vectorised], bars: Bars,
        balances: Mapping[str, Decimal], given: Assumptions,
    ) -> None:  # fmt: skip
        """Only where `objection` has none."""
        self.ground = ground(config, bars, given)
        self._strategy = strategy
        self._limits = config.limits
        self._terms = _terms(config, bars, balances[config.quote], given)
        self._places = np.empty((0, len(bars)), np.int64)

    def wanted(self, parameters: Sequence[msgspec.Struct]) -> NDArray[np.bool_]:
        """What the strategy wants, a row for each of `parameters`. Raises WorkspaceInvalid."""
        name, shape = self._strategy.name, (len(parameters), len(self.ground.bars))
        try:
            found = self._strategy.wanted(parameters, self.ground.columns)
        except (Exception, SystemExit) as error:  # around a plugin: it may raise anything
            raise WorkspaceInvalid(f"{name}: `wanted` raises {type(error).__name__}: {error}") from error
        if not (isinstance(found, np.ndarray) and found.shape == shape and found.dtype == np.bool_):
            what = (
                f"{found.dtype} of {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
            )
            raise WorkspaceInvalid(f"{name}: `wanted` answers {what}, expected bool of {shape}")
        return found

    def made(self, wanted: NDArray[np.bool_]) -> Iterator[Compiled | Refused]:
        """What each row of `wanted` comes to; the one after is asked for when the one before is done with."""
        whole = len(wanted) // WORD * WORD
        if whole:
            yield from map(self._trial, self._changes(wanted[:whole]))
        for row in wanted[whole:]:
            yield self._trial(np.flatnonzero(np.diff(row, prepend=False)[:-1]) + 1)

    def _changes(self, wanted: NDArray[np.bool_]) -> Iterator[Ints]:
        """The candles that an order of each row meets; of as many rows as fill whole words."""
        cells = np.ascontiguousarray(wanted.T)
        if len(self._places) < len(wanted):
            self._places = np.empty(wanted.shape, np.int64)
        counts = np.zeros(len(wanted), np.int64)
        kernels.changes(cells.view(np.uint64), self._places, counts)
        for places, count in zip(self._places, counts.tolist(), strict=False):
            yield places[:count].copy()

    def _trial(self, places: Ints) -> Compiled | Refused:
        it = self.ground
        ticks = np.empty(len(places))
        doubtful = kernels.paying(places, it.buying, it.selling, it.buyable, it.sellable, ticks)
        if doubtful >= 0:
            place = int(places[doubtful])
            code = int((it.sellable if doubtful % 2 else it.buyable)[place])
            return Refused(f"the candle of {self._moment(place)} {DOUBTS[code]}")
        terms = self._terms
        code, place = 0, -1
        for reach in (it.reach, EXACTLY):  # nearly always the first look is enough
            code, place = kernels.bounds(
                places, ticks, it.mark, it.offered, it.days, it.numbers, reach, terms.rules
            )
            if not code:
                break
        if code:
            return Refused(f"{BOUNDS[code]} (by {self._moment(place)})")
        if self._hurried(places):
            return Refused("it trades so often that the throttle of repeated orders could bind")
        return Compiled(strategy=self._strategy.name, ground=it, terms=terms, places=places, ticks=ticks)

    def _hurried(self, places: Ints) -> bool:
        """Whether more orders of one side than allowed lie in a window of the throttle."""
        most, window, time = self._limits.repeats_max, self._limits.repeats_window, self.ground.bars.time
        if window // self.ground.bars.period + 1 <= most or len(places) <= most:
            return False
        return any(
            bool(np.any(side[most:] - side[:-most] < window))
            for side in (time[places[0::2] - 1], time[places[1::2] - 1])
        )

    def _moment(self, place: int) -> str:
        return f"{datetime.fromtimestamp(int(self.ground.bars.time[place]) // SECOND, UTC):%Y-%m-%d %H:%M}"


def compiled(
    config: EngineConfig, strategies: Sequence[Strategy], series: Sequence[Bars],
    balances: Mapping[str, Decimal], given: Assumptions,
) -> Compiled | Refused:  # fmt: skip
    """One back-test over arrays, or why the engine has to be stepped."""
    if reason := objection(config, strategies, series, balances, given):
        return Refused(reason)
    strategy, bars = strategies[0], series[0]
    kind = type(strategy)
    trials = Trials(config, kind, bars, balances, given)  # type: ignore[arg-type]  # `objection` has asked
    parameters = msgspec.convert(config.strategies[0].parameters, kind.Parameters)
    wanted = trials.wanted([parameters])
    if reason := disagreement(kind, parameters, wanted[0], bars, config.bar_spread):
        return Refused(reason)
    return next(trials.made(wanted))


def timed(
    config: EngineConfig, strategies: Sequence[Strategy], series: Sequence[Bars],
    balances: Mapping[str, Decimal], given: Assumptions,
) -> Outcome | Refused:  # fmt: skip
    """The same as an outcome with the time that it took."""
    began, wall = time.process_time(), time.perf_counter()
    found = compiled(config, strategies, series, balances, given)
    if isinstance(found, Refused):
        return found
    return found.outcome(time.process_time() - began, time.perf_counter() - wall)


def _terms(config: EngineConfig, bars: Bars, cash: Decimal, given: Assumptions) -> Terms:
    units = config.strategies[0].units
    assert units is not None
    taker, unit_tick = given.costs.fees.taker, units * bars.instrument.tick_size
    fee = unit_tick * taker
    (worth, over), (fees, fees_over) = unit_tick.as_integer_ratio(), fee.as_integer_ratio()
    return Terms(
        cash=cash, unit_tick=unit_tick, taker=taker,
        whole=(float(cash), float(units), float(worth), float(over), float(fees), float(fees_over)),
        rules=(float(cash), float(units), float(unit_tick), float(taker), _caps(config, bars)),
    )  # fmt: skip


def _caps(config: EngineConfig, bars: Bars) -> Floats:
    """As `kernels.bounds` takes them, each a little stricter than the rule."""
    limits, rules = config.limits, config.triggers
    counted = limits.assets.of(bars.instrument)
    shares = [
        limits.position_max, limits.sector_max, limits.kind_max(counted.kind), limits.venue_max,
        limits.strategy_max, *([limits.currency_max, limits.usd_max] if counted.currency else []),
    ]  # fmt: skip
    share = min(shares) * (1.0 - CAUTION)
    return np.array([
        share, share * (1.0 + limits.forced_sale_over), limits.cash_min * (1.0 + CAUTION) + CAUTION,
        limits.order_notional_max * (1.0 - CAUTION), *(_kept(loss) for loss in _losses(rules)),
        rules.sharpe_defensive, float(rules.sharpe_days),
    ])  # fmt: skip


def _losses(rules: TriggerRules) -> tuple[float, float, float, float]:
    """Of peak, day, week and month: the smallest that does anything."""
    return (
        min(rules.drawdown_defensive, rules.drawdown_stop), rules.daily_loss_stop,
        min(rules.weekly_loss_defensive, rules.weekly_loss_stop), rules.monthly_loss_stop,
    )  # fmt: skip


def _kept(loss: float) -> float:
    """Equity below so much of what it was could fire."""
    return (1.0 - loss) * (1.0 + CAUTION) if loss < 1.0 else 0.0
