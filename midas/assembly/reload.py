"""The configuration read a second time, while an engine runs on the first."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from midas.assembly.config import engine_config
from midas.domain.command import Reload
from midas.engine.config import EngineConfig
from midas.errors import MidasError
from midas.settings import Settings

# Where what can't change in a running engine stands in the files.
TABLES = {
    "quote": "trading", "period": "trading", "audit_every": "runtime", "feed_stale": "runtime",
    "regime": "regime", "sizing": "risk.sizing", "execution": "execution", "strategies": "strategies",
    "costs": "exchange", "triggers": "risk.triggers", "breakers": "risk.breakers", "stops": "risk.stops",
    "tail": "risk.tail", "regulation": "risk.regulation", "calibration": "risk.calibration",
}  # fmt: skip


def reread(asked: Reload, load: Callable[[], Settings], running: EngineConfig, speed: float) -> Reload:
    """What the files say now, whole and valid, or the one sentence that says why not."""
    try:
        settings = load()
        config = engine_config(settings, running.instruments, speed)
    except MidasError as error:
        return Reload(asked.confirmed, problem=str(error))
    # The limits on tail risk are taken with the others; what they are computed from is not.
    wanted = config.tail
    same = msgspec.structs.replace(running.tail, var_max=wanted.var_max, es_max=wanted.es_max)
    before = msgspec.structs.replace(running, tail=same)
    differ = [table for name, table in TABLES.items() if getattr(config, name) != getattr(before, name)]
    symbols = {i.symbol for i in running.instruments}
    if not symbols >= set(settings.trading.instruments):
        differ.append("trading")
    return Reload(asked.confirmed, config.limits, wanted, elsewhere=tuple(dict.fromkeys(differ)))
