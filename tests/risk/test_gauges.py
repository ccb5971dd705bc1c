from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.domain.limits import Asset, Assets
from midas.risk.gauges import further_gauges, gauges, next_to_bind, switched_off
from midas.state.state import State
from midas.state.views.risk import LimitView, RegulationView
from midas.state.views.tail import TailRecordView, TailView
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, desk, hold, intent


def rows(state: State) -> dict[str, LimitView]:
    return {row.name: row for row in gauges(state, LIMITS)}


def test_every_limit_that_can_bind_has_a_gauge() -> None:
    assert set(rows(desk())) == {
        "position", "correlation", "sector", "strategy", "crypto", "cash", "rate"
    }  # fmt: skip


def test_a_limit_that_allows_everything_is_no_gauge_but_named_as_off() -> None:
    assert switched_off(LIMITS) == ("US dollar", "currency", "venue")
    tight = msgspec.structs.replace(LIMITS, usd_max=0.5, currency_max=0.5, venue_max=0.5)
    assert {"usd", "venue"} <= {row.name for row in gauges(desk(), tight)}
    assert switched_off(tight) == ()


def test_a_class_that_nothing_traded_here_belongs_to_has_no_gauge() -> None:
    assert "share" not in rows(desk())
    listed = Assets("cash", {"BTC": Asset("share", "technology")})
    shown = {row.name: row for row in gauges(desk(), msgspec.structs.replace(LIMITS, assets=listed))}
    assert "crypto" not in shown
    assert shown["share"].maximum == 0.0


def test_gauges_show_the_worst_case_and_what_binds_next() -> None:
    state = desk()
    hold(state, "10")
    state.plan(intent(quantity=Decimal(5)))
    shown = rows(state)
    assert shown["position"].value == pytest.approx(0.15)
    assert shown["position"].used == pytest.approx(0.75)
    assert shown["position"].detail == "BTC-USDT"
    assert shown["cash"].value == pytest.approx(0.85)
    assert shown["rate"].value == 1
    assert next_to_bind(gauges(state, LIMITS)) == "position"


def test_while_nothing_is_held_the_limit_that_the_next_entry_meets_binds_next() -> None:
    state = desk()
    shown = rows(state)
    lost = msgspec.structs.replace(
        shown["position"], name="drawdown", action="closes all", used=0.004, room_money=1.0
    )
    assert shown["cash"].used == shown["position"].used == 0.0
    assert next_to_bind((lost, *gauges(state, LIMITS))) == "position"


def test_a_limit_binds_from_its_edge_on() -> None:
    state = desk()
    hold(state, "19.99")
    assert not rows(state)["position"].binding
    hold(state, "0.01")
    assert rows(state)["position"].binding


def test_what_is_not_known_yet_is_shown_so_and_never_as_nan() -> None:
    state = desk(BTC, ETH, ETH="1")
    for row in gauges(state, LIMITS):
        assert row.value == row.value
        assert row.used == row.used
        assert not row.binding
    assert rows(state)["position"].detail == "no price yet"


def test_room_is_what_is_left_in_the_limits_own_unit_and_in_money() -> None:
    state = desk()
    hold(state, "10")
    shown = rows(state)
    position = shown["position"]
    assert position.room == pytest.approx(position.maximum - position.value)
    assert position.room_money == pytest.approx(position.room * state.equity())
    assert shown["rate"].room == shown["rate"].maximum
    assert shown["rate"].room_money != shown["rate"].room_money
    assert shown["cash"].floor and shown["cash"].room == pytest.approx(0.9 - shown["cash"].maximum)


def test_what_the_settings_switch_on_is_a_gauge_like_the_others() -> None:
    off = TailView(
        1, "1 d", 0.95, 0, 0.01, 0.015, "", "", 0.0, 0.0, 0.0, 0.0, "", 0.0, 0.0, 1, 1, (), TailRecordView()
    )
    assert further_gauges((off,), RegulationView(), 1e4) == ()
    on = msgspec.structs.replace(off, var_max=0.02, es_max=0.015)
    margin = RegulationView(True, True, 1, 1, 3, False, 0.4)
    shown = {row.title: row for row in further_gauges((on,), margin, 1e4)}
    assert {title: row.used for title, row in shown.items()} == pytest.approx(
        {"VaR 1 d": 0.5, "ES 1 d": 1.0, "margin": 0.4, "day trades": 2 / 3}
    )
    assert shown["ES 1 d"].binding
    assert shown["VaR 1 d"].room_money == pytest.approx(100.0)
    free = msgspec.structs.replace(margin, day_trades_free=True)
    assert "day trades" not in {row.name for row in further_gauges((), free, 1e4)}


def test_a_tail_limit_that_nobody_can_compute_binds_and_is_next() -> None:
    nan = float("nan")
    view = TailView(
        1, "1 d", 0.95, 0, nan, nan, "", "", nan, nan, nan, nan, "", nan, nan, 1, 1, (), TailRecordView(),
        var_max=0.02, lacking="BTC-USDT has 31 of 120 bars of 1 d", refuses=True,
    )  # fmt: skip
    state = desk()
    rows = (*gauges(state, LIMITS), *further_gauges((view,), RegulationView(), 1e4))
    assert next_to_bind(rows) == "VaR"
    assert (rows[-1].binding, rows[-1].detail) == (True, "BTC-USDT has 31 of 120 bars of 1 d")
    some = msgspec.structs.replace(view, value_at_risk=0.01, refuses=False)
    (row,) = further_gauges((some,), RegulationView(), 1e4)
    assert (row.binding, row.used, row.detail) == (False, 0.5, view.lacking), "it is told all the same"
