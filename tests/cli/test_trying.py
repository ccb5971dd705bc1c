"""What the options of a try come to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from midas.backtest.assumptions import Assumptions
from midas.cli.options import settings_from
from midas.cli.parser import build_parser
from midas.cli.trying import assumptions_from
from midas.errors import UsageError


def assumed(*options: str) -> Assumptions:
    args = build_parser().parse_args(["backtest", "trend-following", "--data", "x.csv", *options])
    return assumptions_from(args, settings_from(args))


def test_costs_are_multiplied_all_of_them() -> None:
    plain = assumed("--taker-bps", "4", "--maker-bps", "1", "--spread-bps", "3", "--funding-bps", "1")
    twice = assumed(
        "--taker-bps", "4", "--maker-bps", "1", "--spread-bps", "3", "--funding-bps", "1", "--costs", "2"
    )
    assert twice.costs.fees.taker == 2 * plain.costs.fees.taker == Decimal("0.0008")
    assert twice.costs.fees.maker == 2 * plain.costs.fees.maker
    assert twice.costs.impact == 2 * plain.costs.impact
    assert twice.spread_bps == 2 * plain.spread_bps == 6.0 and twice.funding == 2 * plain.funding


def test_a_rebate_never_grows_with_costs_and_ends_with_them() -> None:
    assert assumed("--maker-bps", "-1", "--costs", "3").costs.fees.maker == Decimal("-0.0001")
    none = assumed("--maker-bps", "-1", "--costs", "0")
    assert none.costs.fees.maker == none.costs.fees.taker == 0
    assert none.spread_bps == 0.0 and not none.impact


def test_latency_has_a_short_name() -> None:
    assert assumed("--latency", "20").order_latency == assumed("--latency-ms", "20").order_latency


@pytest.mark.parametrize("wrong", ["-1", "many", "nan", "101"])
def test_costs_that_cannot_be_meant_are_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match=r"--costs: expected a number from 0 \(none\) to 100"):
        assumed(f"--costs={wrong}")
