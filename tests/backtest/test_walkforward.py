"""Walking forward: parameters chosen on the past alone."""

from __future__ import annotations

import numpy as np
import pytest

from midas.backtest.walkforward import Past, Switching, anchored, rolling, sharpes, walk
from midas.errors import LookAhead


def test_windows_are_anchored_or_roll_and_leave_a_gap() -> None:
    grown = anchored(100, 40, 25, gap=2)
    assert [(w.train.start, w.train.stop, w.test.start, w.test.stop) for w in grown] == [
        (0, 40, 42, 67), (0, 65, 67, 100),
    ]  # fmt: skip
    moved = rolling(100, 40, 25, gap=2)
    assert [(w.train.start, w.train.stop) for w in moved] == [(0, 40), (25, 65)]
    assert anchored(10, 40, 5) == []


def test_data_of_after_the_clock_raise() -> None:
    past = Past(np.zeros((10, 2)), 6)
    assert past.between(2, 6).shape == (4, 2)
    with pytest.raises(LookAhead, match="periods 2 to 7 were asked for, 6 are known"):
        past.between(2, 7)
    with pytest.raises(ValueError, match="read-only"):
        past.between(0, 3)[0, 0] = 1.0


def test_the_choice_is_that_of_the_past_and_what_follows_is_put_together() -> None:
    chance = np.random.default_rng(3)
    returns = chance.normal(0.0, 0.01, (200, 3))
    returns[:100, 1] += 0.01  # the best until it isn't
    returns[100:, 2] += 0.01
    found = walk(returns, rolling(200, 50, 50))
    assert [step.chosen for step in found.steps] == [1, 1, 2]
    stitched = np.concatenate([returns[50:100, 1], returns[100:150, 1], returns[150:, 2]])
    assert found.returns == tuple(stitched.tolist())
    assert found.steps[0].earned == pytest.approx(np.prod(1.0 + returns[50:100, 1]) - 1.0)
    inside = np.mean([step.before for step in found.steps])
    assert found.efficiency == pytest.approx(sharpes(stitched[:, None])[0] / inside)


def test_nothing_of_a_test_reaches_its_own_choice() -> None:
    chance = np.random.default_rng(4)
    returns = chance.normal(0.0, 0.01, (120, 5))
    windows = anchored(120, 60, 60)
    other = returns.copy()
    other[60:] = chance.normal(0.0, 0.05, (60, 5))
    assert walk(returns, windows).steps[0].chosen == walk(other, windows).steps[0].chosen
    assert walk(returns, windows).steps[0].before == walk(other, windows).steps[0].before


def test_going_from_one_choice_to_the_next_is_paid_for_in_the_first_period_of_a_window() -> None:
    returns = np.random.default_rng(3).normal(0.0, 0.01, (200, 3))
    returns[:100, 1] += 0.01
    returns[100:, 2] += 0.01
    held = np.zeros((200, 3, 2))
    held[:, 1], held[:, 2] = (0.5, 0.0), (0.2, 0.4)  # of two instruments
    windows = rolling(200, 50, 50)
    free, paying = walk(returns, windows), walk(returns, windows, Switching(held, 0.01))
    assert [step.chosen for step in paying.steps] == [1, 1, 2]
    assert [step.paid for step in paying.steps] == pytest.approx([0.005, 0.0, 0.007])
    for step, before in zip(paying.steps, free.steps, strict=True):
        assert 1.0 + step.earned == pytest.approx((1.0 + before.earned) * (1.0 - step.paid))
    assert np.flatnonzero(np.array(paying.returns) != np.array(free.returns)).tolist() == [0, 100]
