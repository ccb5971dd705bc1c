"""I1: every planted leak is found, and nothing shipped is accused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from midas.assembly.config import strategies_of
from midas.backtest.settings import configured
from midas.domain.time import MINUTE
from midas.research.criterion import Band, Criterion, Values, judged
from midas.research.leaks.market import random_walk
from midas.research.leaks.planted import planted
from midas.research.leaks.probes import Feature, Rule, Subject, complaints
from midas.research.leaks.shipped import shipped
from midas.research.leaks.strategies import INSTRUMENT, fills_of_the_engine, on_the_engine
from midas.settings import Settings
from midas.workspace import LoadedStrategy

SEED = 1
BARS = 600  # a feature is judged on; the engine's own need 272 to say anything
BARS_TRADED = 3_000

I1_GOAL = {"caught": Band(10, 10), "false_positives": Band(0, 0)}


class Verdict(msgspec.Struct, frozen=True):
    """What was found about one subject; nothing: it is clean, as far as it said anything."""

    name: str
    planted: bool
    found: tuple[str, ...]
    silent: bool = False  # it said nothing about any bar, so that there was nothing to find


def subjects(settings: Settings) -> list[tuple[Subject, bool]]:
    """All, and whether each is planted."""
    own = [subject for loaded in loaded_strategies(settings) for subject in on_the_engine(settings, loaded)]
    clean = [*shipped(), *own, fills_of_the_engine(settings)]
    return [*((each, True) for each in planted()), *((each, False) for each in clean)]


def verdicts(
    todo: Sequence[tuple[Subject, bool]], finished: Callable[[str], None], seed: int = SEED
) -> list[Verdict]:
    """Each subject under the probes that suit it; `finished` hears its name."""
    walk, traded = random_walk(BARS, seed), random_walk(BARS_TRADED, seed, split=False)
    found = []
    for subject, bad in todo:
        market = traded if isinstance(subject, Rule) else walk
        silent = isinstance(subject, Feature) and not np.isfinite(subject.run(market)).any()
        found.append(Verdict(subject.name, bad, tuple(complaints(subject, market, seed)), silent))
        finished(subject.name)
    return found


def criterion(found: Sequence[Verdict]) -> Criterion:
    """I1; the control is a harness that knows truncation alone."""
    truncation = [
        msgspec.structs.replace(each, found=tuple(f for f in each.found if f.startswith("T1")))
        for each in found
    ]
    title = "planted leaks that the harness finds, and clean things that it accuses"
    oracle: Values = {"caught": 10, "false_positives": 0}
    return judged(title, _counted(found), I1_GOAL, oracle, ("truncation alone", _counted(truncation)))


def _counted(found: Sequence[Verdict]) -> Values:
    return {
        "planted": sum(each.planted for each in found),
        "caught": sum(each.planted and bool(each.found) for each in found),
        "shipped": sum(not each.planted for each in found),
        "false_positives": sum(not each.planted and bool(each.found) for each in found),
    }


def loaded_strategies(settings: Settings) -> list[LoadedStrategy]:
    """Every strategy of the workspace, also one that isn't enabled, with its own parameters."""
    files = sorted((settings.workspace / "strategies").glob("[!_]*.py"))
    names = [file.stem.replace("_", "-") for file in files]
    configs = [configured(settings, name, {}, (INSTRUMENT,), MINUTE, 0.0) for name in names]
    return [loaded for config in configs for loaded in strategies_of(settings.workspace, config)]
