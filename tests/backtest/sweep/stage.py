"""A small sweep of the fickle strategy, whose trials are made in this process."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from midas.backtest.series import Bars
from midas.backtest.sweep.evaluate import Setup
from midas.backtest.sweep.executors import Here
from midas.backtest.sweep.run import sweep
from midas.backtest.sweep.space import axis
from midas.backtest.sweep.storage import Store
from midas.backtest.sweep.trial import Plan, Trial
from midas.domain.time import HOUR
from tests.backtest.compiled.stage import Fickle
from tests.backtest.stage import CASH, PLAIN, START, bars, config, walk


def load() -> type[Fickle]:
    return Fickle


def hourly(count: int = 1_200) -> Bars:
    """Seven weeks."""
    made = bars(walk(count), spread=0.3)
    return msgspec.structs.replace(
        made, period=HOUR, time=START + HOUR * np.arange(1, count + 1, dtype=np.int64)
    )


def setup(series: Bars | None = None, **changes: Any) -> Setup:
    series = series or hourly()
    given = Setup(
        load=load, config=config([series], ("fickle",), Decimal(2)), series=(series,),
        balances={"USDT": CASH, "BTC": Decimal(0)}, given=PLAIN, objective="sharpe", fast="auto",
    )  # fmt: skip
    return msgspec.structs.replace(given, **changes)


def plan(**changes: Any) -> Plan:
    axes = axis("seed=1..6"), axis("patience=1..4")
    return msgspec.structs.replace(Plan(strategy="fickle", data="d", setting="s", axes=axes), **changes)


def swept(folder: Path, of: Plan, given: Setup, at_once: int = 4, most: int | None = None) -> list[Trial]:
    """The whole sweep, or until so many trials were kept: then as if Ctrl+C were pressed."""
    store = Store(folder, of)

    def told(_: object) -> None:
        if most is not None and len(store.trials) >= most:
            raise KeyboardInterrupt

    try:
        return sweep(of, store, Here(given), at_once, told)
    finally:
        store.close()
