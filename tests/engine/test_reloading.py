"""Other limits while the desk trades (F48): all or nothing, looser ones confirmed, replayed alike."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.domain.command import Reload
from midas.domain.decision import LimitsChanged, Noted
from midas.domain.limits import Assets, Limits
from midas.engine import reloading
from midas.engine.audit import encode
from midas.engine.build import build_engine
from tests.engine.hands import Hands
from tests.engine.scene import of
from tests.fakes.desk import BTC, LIMITS
from tests.fakes.strategy import Puppet


@pytest.fixture
def hands() -> Hands:
    return Hands()


def limits(**changes: object) -> Limits:
    return msgspec.structs.replace(LIMITS, **changes)


def now(hands: Hands) -> Limits:
    return hands.desk.engine.orchestrator.risk.limits


def test_every_figure_has_a_direction() -> None:
    known = (*reloading.HIGHER, *reloading.LOWER, *reloading.OTHER, *reloading.NAMES)
    assert sorted(known) == sorted(Limits.__struct_fields__)


def test_tighter_limits_hold_at_once(hands: Hands) -> None:
    answer = hands.desk.command(Reload(limits=limits(position_max=0.05, cash_min=0.2)))
    assert answer.accepted
    assert answer.message == "in force now: position_max 0.2 -> 0.05, cash_min 0.1 -> 0.2"
    assert now(hands).position_max == 0.05
    assert "at most 5%" in hands.buy("0.01", "59999.00").message
    (made,) = of(LimitsChanged, hands.desk.audits)
    assert not made.looser


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"position_max": 0.3}, "position_max 0.2 -> 0.3"),
        ({"cash_min": 0.05}, "cash_min 0.1 -> 0.05"),
        ({"duplicate_window": 0}, "orders.duplicate_seconds 5 -> 0"),
        ({"order_rate_max": 21}, "orders.rate_max 20 -> 21"),
        ({"order_quantity_max": {"BTC": 1.0}}, "orders.quantity_max none -> BTC 1"),
        ({"assets": Assets()}, "the map of assets"),
    ],
)
def test_looser_ones_want_a_confirmation_and_until_then_nothing_changes(
    hands: Hands, changes: dict[str, object], words: str
) -> None:
    wanted = limits(**changes, sector_max=0.5)
    answer = hands.desk.command(Reload(limits=wanted))
    assert not answer.accepted
    assert answer.message.startswith(f"looser would be {words}")
    assert "and besides: sector_max 0.9 -> 0.5; confirm it" in answer.message
    assert now(hands) == LIMITS, "not even what is tighter: all or nothing"
    assert hands.desk.command(Reload(confirmed=True, limits=wanted)).accepted
    assert now(hands) == wanted
    assert of(LimitsChanged, hands.desk.audits)[-1].looser


def test_files_that_are_wrong_change_nothing(hands: Hands) -> None:
    answer = hands.desk.command(Reload(problem="config.toml: risk.limts: unknown key"))
    assert not answer.accepted
    assert answer.message == "nothing was changed: config.toml: risk.limts: unknown key"
    assert not hands.desk.command(Reload(confirmed=True)).accepted
    assert now(hands) == LIMITS


def test_what_can_not_change_now_is_named(hands: Hands) -> None:
    answer = hands.desk.command(Reload(limits=LIMITS, elsewhere=("strategies", "runtime")))
    assert answer.message == (
        "every limit is in force as the files state it; strategies, runtime at the next start only"
    )


def test_below_what_is_held_nothing_is_bought_and_entries_are_withdrawn(hands: Hands) -> None:
    hands.hold("0.01")
    resting = hands.resting("0.01", "59990.00")
    hands.desk.command(Reload(limits=limits(position_max=0.0595)))
    assert resting.intent.client_id not in hands.state.orders.open
    assert not hands.buy("0.001", "59990.00").accepted
    hands.scene.tick(3)
    assert hands.held() > 0, "what a person holds is theirs to sell"


def test_a_strategys_position_far_beyond_a_lowered_limit_is_sold_down_to_it(hands: Hands) -> None:
    scene = hands.scene.hold()
    held = scene.position
    share = float(held) * 60_000 / hands.state.equity()
    hands.desk.command(Reload(limits=limits(position_max=share / 1.04)))
    scene.tick(10)
    assert scene.position == held, "within a twentieth of it nothing is sold"
    hands.desk.command(Reload(limits=limits(position_max=share / 2)))
    for _ in range(12):
        scene.tick()
        scene.bar()
    assert float(scene.position) == pytest.approx(float(held) / 2, rel=0.01)
    told = [n.text for n in of(Noted, hands.desk.audits) if n.kind == "RISK"]
    assert len([t for t in told if "is sold down: BTC is" in t]) == 1


def test_a_replay_takes_the_same_limits_at_the_same_place(hands: Hands) -> None:
    hands.scene.hold()
    hands.desk.command(Reload(limits=limits(position_max=0.05)))
    for _ in range(5):
        hands.scene.tick()
        hands.scene.bar()
    puppet = Puppet()
    engine = build_engine(hands.desk.settings, [puppet])
    said = hands.scene.puppet.opinion
    audits = []
    for sequence, event in enumerate(hands.desk.fed, 1):
        puppet.opinion = said if sequence > 1 else None
        audit = engine.step(sequence, event)
        if audit is not None:
            audits.append(encode(audit))
    assert engine.orchestrator.risk.limits.position_max == 0.05
    ours = [encode(a) for a in hands.desk.audits]
    assert audits[-1] == ours[-1]
    assert engine.state.carried() == hands.state.carried()
    assert hands.state.ledger.sleeve("puppet", BTC.id).quantity > Decimal(0)
