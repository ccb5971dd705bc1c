"""A limit on VaR or ES that can't be computed: it says so, binds, and a reload takes it away."""

from __future__ import annotations

import msgspec

from midas.domain.command import Reload
from midas.domain.tail import TailRules
from midas.domain.time import DAY
from midas.state.snapshot import Snapshot
from midas.state.views.risk import LimitView
from tests.engine.hands import Hands
from tests.engine.scene import Scene
from tests.fakes.desk import LIMITS, Desk

RULES = TailRules(horizons=(DAY,), es_max=0.02)
NONE = msgspec.structs.replace(RULES, es_max=0.0)


def hands(rules: TailRules = RULES) -> Hands:
    """A warm desk that knows no day's candle."""
    scene = Scene()
    scene.desk = Desk([scene.puppet], settings=msgspec.structs.replace(scene.desk.settings, tail=rules))
    for bar in scene.market.history():
        scene.desk.feed(bar)
    scene.desk.open(scene.desk.now)
    scene.desk.play(scene.market.begin())
    scene.market.now = scene.desk.now
    scene.tick()
    return Hands(scene)


def shown(desk: Hands) -> Snapshot:
    return desk.desk.picture()


def shortfall(desk: Hands) -> LimitView | None:
    return next((row for row in shown(desk).limits if row.name == "ES"), None)


def test_it_binds_says_how_many_bars_are_there_and_is_the_next_to_bind() -> None:
    desk = hands()
    row = shortfall(desk)
    assert row is not None
    assert row.binding
    assert row.room != row.room
    assert row.detail == "BTC-USDT has 0 of 120 bars of 1 d"
    assert shown(desk).next_to_bind == "ES"
    assert shown(desk).tail[0].refuses


def test_a_reload_without_it_lifts_it_and_one_with_it_refuses_again() -> None:
    desk = hands()
    assert not desk.buy("0.01").accepted
    asked = desk.desk.command(Reload(limits=LIMITS, tail=NONE))
    assert not asked.accepted
    assert "looser would be tail.es_max 0.02 -> none" in asked.message
    assert desk.desk.command(Reload(confirmed=True, limits=LIMITS, tail=NONE)).accepted
    assert shortfall(desk) is None
    assert desk.buy("0.01").accepted
    assert desk.desk.command(Reload(limits=LIMITS, tail=RULES)).message == (
        "in force now: tail.es_max none -> 0.02"
    )
    assert shortfall(desk) is not None
    assert "ES isn't known" in desk.buy("0.01").message


def test_beside_a_limit_that_is_not_known_no_other_one_says_what_would_fit() -> None:
    said = hands().buy("10").message
    assert "ES isn't known" in said
    assert "BTC-USDT would be" in said
    assert " BTC fits" not in said
    assert "nothing more fits" in said


def test_a_desk_without_such_a_limit_has_no_row_for_it() -> None:
    assert shortfall(hands(NONE)) is None
