"""The Tail section of screen 5: VaR and ES with their record, stress, calibration."""

from __future__ import annotations

import math

import msgspec

from midas.state.snapshot import Snapshot
from midas.state.views.calibration import CalibrationPanel, CostsView
from tests.fakes import risk_views
from tests.fakes.snapshots import NOW, normal
from tui.present import calibration, stress, tail
from tui.present.lines import Sheet
from tui.present.picture import Picture, Spot
from tui.present.scale import PowerScale

replace = msgspec.structs.replace


def picture(snapshot: Snapshot) -> Picture:
    return Picture(snapshot, 0, 0, True, 0)


def spot(width: int, height: int, selected: str | None = None) -> Spot:
    return Spot(width, height, PowerScale(), True, selected)


def body(sheet: Sheet) -> str:
    return "\n".join("".join(piece.text for piece in row) for row in sheet.rows)


def test_three_methods_stand_beside_each_other_the_deciding_one_marked() -> None:
    text = body(tail.pane(picture(normal()), spot(78, 20)))
    assert "▸ filtered historical   1.31%   1.83%" in text
    assert "Cornish-Fisher        1.37%   2.01%" in text
    assert "parametric (normal)   1.18%   1.48%" in text


def test_the_record_tells_exceptions_against_those_expected_and_what_the_tests_say() -> None:
    text = body(tail.pane(picture(normal()), spot(78, 20)))
    assert "2 of 31 beyond it, 1.6 expected: too short for a verdict" in text
    assert "✗ 31 of 310 beyond it, 15.5 expected: red" in text
    assert "Kupiec .00 REFUTED" in text
    assert "Christoffersen .21" in text
    assert "the expansion isn't monotone here" in text


def test_a_horizon_without_room_is_counted() -> None:
    sheet = tail.pane(picture(normal()), spot(78, 8))
    assert "over 1 h" not in body(sheet)
    assert "1 more horizon: z" in "".join(piece.text for piece in sheet.foot)


def test_what_is_not_known_says_what_it_lacks() -> None:
    text = " ".join(
        body(tail.pane(picture(replace(normal(), tail=risk_views.untold(NOW))), spot(60, 8))).split()
    )
    assert "not known: insufficient data: 12 of 100 scenarios of 1 d" in text


def test_a_limit_on_the_tail_is_a_bar_and_solid_where_it_is_reached() -> None:
    day = replace(normal().tail[0], var_max=0.01, es_max=0.05)
    text = body(tail.pane(picture(replace(normal(), tail=(day,))), spot(78, 14)))
    assert "! VaR limit ████████████ 1.31% of 1.00%" in text
    assert "  ES limit ▓" in text


def test_positions_that_make_up_the_shortfall_are_named_where_there_is_room() -> None:
    text = body(tail.pane(picture(normal()), spot(78, 30)))
    assert "what the shortfall is made of" in text
    assert "BTC-USDT" in text


def test_a_scenario_tells_its_loss_and_the_chosen_one_what_it_hits() -> None:
    lines = body(stress.pane(picture(normal()), spot(78, 12, "stress:march_2020"))).splitlines()
    assert lines[0].startswith("!crypto -40 % in a day")
    assert "-16.2%" in lines[0]
    assert lines[1].startswith("▶March 2020")
    assert any("BTC-USDT" in line and "of equity" in line for line in lines[5:])


def test_a_scenario_that_cannot_be_computed_says_so() -> None:
    unknown = (replace(normal().stress[0], loss=math.nan, money=math.nan, reason="no volatility known"),)
    text = body(stress.pane(picture(replace(normal(), stress=unknown)), spot(78, 12, "stress:crypto_crash")))
    assert "unknown" in text
    assert "no volatility known" in text


def test_both_calibration_triggers_stand_side_by_side() -> None:
    shown = picture(normal())
    text = body(calibration.pane(shown, spot(44, 20, "calibration:trend-following.True")))
    assert "naive rule fires  gap -19.0 of 15" in text
    assert "corrected  quiet  z -1.71 of -2.5, from 30 on" in text
    assert "ECE from 200 outcomes on" in text


def test_a_degraded_calibration_says_what_ends_it() -> None:
    rows = (replace(normal().calibration.rows[0], status="degraded", calm_days=2),)
    degraded = replace(normal(), calibration=replace(normal().calibration, rows=rows))
    text = body(calibration.pane(picture(degraded), spot(60, 20)))
    assert "FIRES" in text
    assert "ends with z above -1 on 5 days, 2 so far" in text


def test_the_diagram_marks_what_is_not_honest_by_shape() -> None:
    view = normal().calibration.rows[0]
    text = "\n".join("".join(p.text for p in line) for line in calibration.diagram(view, 50, 18))
    assert text.count("●") + text.count("✗") == len(view.points) + 1, "the legend has one more"
    assert "✗" in text, "said .81, came .60"
    assert "·" in text


def test_where_the_diagram_has_no_room_it_says_how_to_see_it() -> None:
    assert "the diagram: z" in body(calibration.pane(picture(normal()), spot(44, 8)))


def test_a_limit_that_nobody_can_compute_says_that_every_entry_is_refused_and_why() -> None:
    (view,) = risk_views.untold(NOW)
    view = replace(view, var_max=0.0001, lacking="BTC-USDT has 31 of 120 bars of 1 d", refuses=True)
    text = " ".join(body(tail.pane(picture(replace(normal(), tail=(view,))), spot(60, 12))).split())
    assert "! limit VaR 0.01%: every entry is refused until it is known: BTC-USDT has 31 of 120 bars" in text


def test_an_empty_table_of_calibration_says_what_it_waits_for() -> None:
    def told(panel: CalibrationPanel) -> str:
        shown = picture(replace(normal(), calibration=panel))
        return " ".join(body(calibration.pane(shown, spot(60, 12))).split())

    assert "no strategy here states a chance of winning" in told(CalibrationPanel())
    assert "waits for the first signal of sure-one" in told(CalibrationPanel(stating=("sure-one",)))
    waiting = told(CalibrationPanel(stating=("sure-one",), pending=3))
    assert waiting.startswith("3 stated chances wait for the outcome")


def test_a_tiny_tail_is_not_printed_as_nothing() -> None:
    day = replace(normal().tail[0], value_at_risk=0.00004, expected_shortfall=1e-7)
    text = body(tail.pane(picture(replace(normal(), tail=(day,))), spot(78, 14)))
    assert "0.004%" in text
    assert "~0%" in text


def test_what_orders_cost_stands_beside_what_was_expected() -> None:
    costs = CostsView(orders=23, expected=1.24, realised=2.91, ratio=2.3, alert=True)
    told = replace(normal(), costs=costs)
    text = body(calibration.pane(picture(told), spot(70, 20, "calibration:trend-following.True")))
    assert "costs ! expected 1.2, paid 2.9 bps, median x2.3 of 23 orders" in text
    nothing = replace(told, calibration=CalibrationPanel())
    narrow = body(calibration.pane(picture(nothing), spot(40, 12)))
    assert "costs ! expected 1.2, paid 2.9 bps" in narrow and "median" not in narrow
    assert "costs" not in body(calibration.pane(picture(normal()), spot(70, 20)))
