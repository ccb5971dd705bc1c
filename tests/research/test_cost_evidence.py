"""The cost model in known books, and its alarm on drawn ratios."""

from __future__ import annotations

import pytest

from midas.cli import main
from midas.cli.parser import build_parser
from midas.research.cost_evidence import E1_GOAL, E3_GOAL, _e3, criteria, parts, traded


def test_the_alarm_is_silent_where_orders_cost_what_they_should_and_sees_three_times_as_much() -> None:
    e3 = _e3(range(5, 6))
    assert e3.passed and all(band.holds(e3.value[name]) for name, band in E3_GOAL.items())
    assert e3.control is not None and e3.control.value["false_alarms_per_1000"] > 100


def test_an_order_in_a_known_book_pays_at_least_half_of_the_spread() -> None:
    made = traded(2, 0, 40)
    assert len(made) == 40 == len(traded(2, 0, 40)) and made == traded(2, 0, 40)
    for order in made:
        assert order.observed.realised_bps >= 0.5 * order.observed.spread_bps - 1e-9
        assert 0.0 < order.observed.participation < 0.01 and order.floor_bps > 0.0


@pytest.mark.long
def test_both_criteria_hold(capsys: pytest.CaptureFixture[str]) -> None:
    found = criteria(range(21, 23), lambda _: None)
    assert found["E1"].passed and found["E3"].passed
    assert all(band.holds(found["E1"].value[name]) for name, band in E1_GOAL.items())


def test_the_command_is_a_word_of_research() -> None:
    args = build_parser().parse_args(["research", "cost-evidence", "--seeds", "4..5"])
    assert args.handler == "midas.cli.research:costs" and parts(args.seeds) == 10
    assert main(["research", "cost-evidence", "--seeds", "x"]) == 2
