"""What a wished-for return asks of skill; the numbers of the reference's last section."""

from __future__ import annotations

from math import inf, isnan, log1p, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.targets import ASPIRATION_TEXT, implied, implied_at_kelly, target_text


@pytest.mark.parametrize(
    ("target", "cap", "sharpe"),
    [
        pytest.param(3.0, inf, 1.67, id="300 % at full Kelly"),
        pytest.param(3.0, 0.36, 4.0, id="300 % at 36 % volatility"),
        pytest.param(3.0, 0.24, 6.0, id="300 % at 24 % volatility"),
        pytest.param(0.15, 0.096, 1.5, id="15 % at 9.6 % volatility"),
        pytest.param(0.08, 0.08, 1.0, id="8 % at 8 % volatility"),
        pytest.param(0.08, 0.10, 0.82, id="8 % at 10 % volatility"),
    ],
)
def test_the_reference_names_the_same_skill_for(target: float, cap: float, sharpe: float) -> None:
    assert implied(target, cap).sharpe == pytest.approx(sharpe, rel=0.02)


@pytest.mark.parametrize(
    ("fraction", "sharpe", "volatility"), [(1.0, 1.67, 1.67), (0.5, 1.92, 0.96), (0.25, 2.52, 0.63)]
)
def test_300_percent_at_a_fraction_of_kelly_needs_what_the_reference_says(
    fraction: float, sharpe: float, volatility: float
) -> None:
    found = implied_at_kelly(3.0, fraction)
    assert found.sharpe == pytest.approx(sharpe, abs=5e-3)
    assert found.volatility == pytest.approx(volatility, abs=5e-3)


def test_a_loss_needs_no_skill_and_nonsense_has_none() -> None:
    assert implied(0.0, 0.2).sharpe == implied(-0.5, 0.2).sharpe == 0.0
    assert implied_at_kelly(-0.5, 0.5).sharpe == 0.0
    unknown = (implied(-1.0), implied(nan), implied(0.1, 0.0), implied(0.1, nan), implied_at_kelly(-1.0, 0.5))
    assert all(isnan(each.sharpe) for each in unknown)


@given(st.floats(0.001, 10.0), st.floats(0.01, 3.0))
def test_the_implied_skill_reaches_the_target_and_less_does_not(target: float, cap: float) -> None:
    found = implied(target, cap)
    assert found.volatility <= cap
    grown = found.sharpe * found.volatility - found.volatility**2 / 2.0
    assert grown == pytest.approx(log1p(target), rel=1e-9)
    assert found.sharpe <= implied(target, cap * 0.9).sharpe * (1 + 1e-12)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (0.08, "8 % a year needs a Sharpe ratio of 0.82 year after year, at 10 % volatility."),
        (0.0, "0 % a year needs no skill."),
        (-2.0, "-200 % a year is no target: it must be above -100 %, and the cap of volatility above 0 %."),
    ],
)
def test_a_target_is_told_with_its_price(target: float, text: str) -> None:
    assert target_text(target, 0.10) == text


def test_300_percent_is_called_what_it_is() -> None:
    text = target_text(3.0, 0.36)
    assert text.startswith("300 % a year needs a Sharpe ratio of 4.03 year after year, at 36 % volatility.")
    assert text.endswith(ASPIRATION_TEXT)
    assert "not a target the risk limits permit" in ASPIRATION_TEXT
    assert ASPIRATION_TEXT not in target_text(2.99, 0.36)
