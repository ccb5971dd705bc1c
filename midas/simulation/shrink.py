"""From a world that violates an invariant to the smallest plan that still does."""

from __future__ import annotations

from pathlib import Path

import msgspec

from midas.simulation.plan import Plan, written
from midas.simulation.world import World

REGRESSIONS = Path("tests/sim/regressions")
SHARES = (0.25, 0.5, 0.75)  # of the time that faults last
RUNS_MAX = 200


def violated(plan: Plan) -> str:
    """The invariant that this plan breaks first; empty: none."""
    world = World(plan)
    world.run()
    return world.violations[0].invariant if world.violations else ""


def shrunk(plan: Plan) -> Plan:
    """Faults dropped one by one, then the horizon cut, while the same invariant is broken."""
    search = _Search(violated(plan))
    return search.sooner(search.fewer(plan)) if search.invariant else plan


def kept(plan: Plan, folder: Path = REGRESSIONS) -> Path:
    """Write it where a test replays it; the path."""
    name = (violated(plan) or "mended").lower()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{plan.seed}.json"
    path.write_text(written(plan) + "\n")
    return path


class _Search:
    def __init__(self, invariant: str) -> None:
        self.invariant = invariant
        self._left = RUNS_MAX

    def fewer(self, plan: Plan) -> Plan:
        """Without every fault that isn't needed."""
        place = 0
        while place < len(plan.faults):
            without = (*plan.faults[:place], *plan.faults[place + 1 :])
            smaller = msgspec.structs.replace(plan, faults=without)
            if self._still(smaller):
                plan = smaller
            else:
                place += 1
        return plan

    def sooner(self, plan: Plan) -> Plan:
        """Healed and ended as early as it still fails."""
        for share in SHARES:
            heal = plan.calm + share * (plan.heal - plan.calm)
            faults = tuple(
                msgspec.structs.replace(fault, until=min(fault.until, heal))
                for fault in plan.faults if fault.at < heal
            )  # fmt: skip
            shorter = msgspec.structs.replace(
                plan, faults=faults, heal=round(heal, 3), ends=round(heal + plan.ends - plan.heal, 3)
            )
            if self._still(shorter):
                return shorter
        return plan

    def _still(self, plan: Plan) -> bool:
        self._left -= 1
        return self._left >= 0 and violated(plan) == self.invariant
