"""Worlds with busy hands: the same twice, and whatever a person and the guard do, the desk agrees."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from midas.simulation import plan as plans
from midas.simulation.coverage import untouched
from midas.simulation.mutants import named, planted
from midas.simulation.plan import Fault, Plan
from midas.simulation.tally import Tally
from midas.simulation.world import Verdict, World

SEED = 31
TRACE = (
    "from midas.simulation.plan import busy; from midas.simulation.world import World; import msgspec;"
    f"print(World(msgspec.structs.replace(busy({SEED}), heal=200.0, ends=220.0)).run().trace)"
)


def world(*faults: Fault, seed: int = 6) -> World:
    """A short, lively world with these acts alone; it has been run."""
    made = World(
        Plan(seed=seed, faults=faults, calm=5.0, heal=60.0, ends=90.0, market_s=0.5, turns=0.3, person_s=6.0)
    )
    made.run()
    return made


def verdict(*faults: Fault, seed: int = 6) -> Verdict:
    """What such a world came to."""
    return World(
        Plan(seed=seed, faults=faults, calm=5.0, heal=60.0, ends=90.0, market_s=0.5, turns=0.3, person_s=6.0)
    ).run()


@pytest.mark.parametrize("seed", [2, 5, 16, SEED, 645])  # 645: resumed while the guard's sales were unread
def test_a_desk_with_busy_hands_on_it_agrees_with_its_venue(seed: int) -> None:
    done = World(plans.busy(seed)).run()
    assert done.violations == ()
    assert sum(done.hands.values()) > 3


@pytest.mark.long
def test_two_hundred_of_them_agree_and_every_hand_was_met() -> None:
    tally = Tally()
    for seed in range(1, 201):
        tally.add(World(plans.busy(seed)).run())
    report = tally.report()
    assert report.failed == ()
    assert set(report.hands) == set(plans.HANDS)
    assert min(report.hands.values()) > 0


def test_busy_hands_are_the_same_twice_and_under_another_hash_seed() -> None:
    told = subprocess.run(
        [sys.executable, "-c", TRACE], env={"PYTHONHASHSEED": "7"}, check=True, capture_output=True, text=True
    )
    plan = msgspec.structs.replace(plans.busy(SEED), heal=200.0, ends=220.0)
    assert told.stdout.strip() == World(plan).run().trace == World(plan).run().trace


@pytest.mark.parametrize("kind", plans.HANDS)
def test_every_act_alone_and_again_leaves_a_desk_that_agrees(kind: str) -> None:
    acts = (Fault(kind, at, at + 8.0, 0.3) for at in (15.0, 25.0, 40.0, 50.0))
    assert verdict(*acts).violations == ()


def test_the_guard_closes_while_the_engine_stands_still_and_the_engine_books_its_sales() -> None:
    acts = tuple(Fault("guard", at, at + 12.0, 0.5) for at in (20.0, 40.0))
    sold = 0
    for seed in range(1, 9):
        ran = world(*acts, seed=seed)
        assert ran.violations == []
        sold += len(ran.disk.guards_sales)
    assert sold


def test_an_act_that_is_left_out_changes_nothing_of_what_another_one_draws() -> None:
    buys = Fault("web.buy", 50.0, 50.0, 0.5)
    rests = Fault("web.rest", 10.0, 10.0, 0.5)  # nothing is held yet: it finds nothing to sell
    quantities = []
    for acts in ((rests, buys), (buys,)):
        ran = world(*acts)
        orders = [
            ran.venue.exchange.find(ran.venue.account, d.symbol, d.order_id, None) for d in ran.venue.deals
        ]
        quantities.append({o.quantity for o in orders if o is not None and o.client_id.startswith("web_")})
    assert quantities[0] == quantities[1] != set()


def test_what_the_plan_of_a_seed_draws_has_no_hands_and_its_busy_one_has_all_of_it_and_more() -> None:
    for seed in range(1, 60):
        own, busy = plans.of(seed), plans.busy(seed)
        assert not {fault.kind for fault in own.faults} & set(plans.HANDS)
        assert set(own.faults) < set(busy.faults)
        assert all(busy.calm <= fault.at and fault.until <= busy.heal + 25 for fault in busy.faults)
    assert {f.kind for seed in range(1, 60) for f in plans.busy(seed).faults} >= set(plans.HANDS)


def test_hands_that_were_asked_for_and_idle_are_named() -> None:
    assert not [name for name in untouched({}, {}, {}) if name.startswith("hands")]
    assert "hands guard" in untouched({}, {}, {"web.buy": 3})


def test_what_hands_did_is_counted_beside_the_faults() -> None:
    done = verdict(Fault("web.buy", 20.0, 20.0), Fault("deposit", 30.0, 30.0), Fault("crash", 40.0, 40.0))
    assert done.hands == {"web.buy": 1, "deposit": 1}
    assert done.faults == {"crash": 1}
    tally, merged = Tally(), Tally()
    tally.add(done)
    merged.merge(tally.part())
    assert merged.report() == tally.report()
    assert tally.report().hands == {"deposit": 1, "web.buy": 1}


@pytest.mark.parametrize(
    ("mutant", "seed"),
    [("guard-unheard", 3), ("flow-unheard", 1), ("close-not-carried", 16), ("scoped-kill-not-carried", 2),
     ("scoped-kill-lets-exits-out", 23), ("amended-name-forgotten", 69)],
)  # fmt: skip
def test_a_bug_that_hands_bring_to_light_is_caught(mutant: str, seed: int) -> None:
    with planted(mutant):
        ran = World(plans.busy(seed))
        ran.run()
    assert {violation.invariant for violation in ran.violations} & set(named(mutant).caught_by)
