"""The mutation gate: every planted bug has to be caught, by an invariant that was named for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

import msgspec

from midas.simulation import plan as plans
from midas.simulation.campaign import AT_ONCE, WORKERS, judged
from midas.simulation.mutants import MUTANTS, SEEDS, Mutant


class Caught(msgspec.Struct, frozen=True):
    """What became of one mutant."""

    mutant: str
    seeds: int  # that were needed; 0: it got away
    invariant: str  # that caught it; empty: none
    evidence: str


def hunted(
    mutants: Iterable[Mutant] = MUTANTS, seeds: int = SEEDS, workers: int = WORKERS
) -> Iterator[Caught]:
    """Hunt each with growing seeds until it is caught, or got away."""
    for mutant in mutants:
        yield _hunt(mutant, seeds, workers)


def _hunt(mutant: Mutant, seeds: int, workers: int) -> Caught:
    drawn = plans.busy if mutant.hands else plans.of
    wanted = map(drawn, range(1, seeds + 1))
    best: Caught | None = None
    with closing(judged(wanted, mutant.name, workers)) as done:
        for count, verdict in enumerate(done, 1):
            found = _named(mutant, verdict.seed, verdict.violations)
            if found is not None and (best is None or found.seeds < best.seeds):
                best = found
            if best is not None and count >= best.seeds + AT_ONCE * workers:
                break  # no smaller seed is still on its way
    return best or Caught(mutant.name, 0, "", "")


def _named(mutant: Mutant, seed: int, violations: tuple[str, ...]) -> Caught | None:
    for told in violations:
        invariant, _, evidence = told.partition(" ")
        if invariant in mutant.caught_by:
            return Caught(mutant.name, seed, invariant, evidence)
    return None
