"""A sweep as a page: one file that needs nothing else."""

from __future__ import annotations

import pytest

from midas.backtest.sweep.space import Axis, axis, grid
from midas.backtest.sweep.trial import FAILED, Plan, Trial, ranked
from midas.reports.sweep_html import LINES, document


def page(axes: tuple[Axis, ...], lost: int = 0) -> str:
    plan = Plan(strategy="<cross>", data="d", setting="s", axes=axes)
    trials = [
        Trial(number=n, parameters=each, value=float(n % 7), total_return=0.01 * n, fall=-0.1)
        for n, each in enumerate(grid(axes))
    ]
    failed = [Trial(number=10_000 + n, parameters=trials[0].parameters, state=FAILED) for n in range(lost)]
    return document(plan, ranked([*trials, *failed]))


@pytest.mark.parametrize(
    "axes",
    [
        (axis("fast=1..5"),),
        (axis("fast=1..5"), axis("slow=1..5")),
        (axis("fast=1..3"), axis("mode=a,b"), axis("both=true,false"), axis("share=0.1..0.3:0.1")),
        (axis("fast=1..90"), axis("slow=1..90")),
    ],
)
def test_every_trial_is_a_stroke_and_nothing_is_loaded(axes: tuple[Axis, ...]) -> None:
    html = page(axes, lost=2)
    assert "&lt;cross&gt;" in html and "<cross>" not in html
    assert "http" not in html and "<script" not in html
    assert html.count('class="line"') + html.count('class="best"') == min(len(grid(axes)), LINES)
    assert ('class="heat"' in html) is (len(axes) > 1)
    assert len(html) < 1_000_000


def test_a_sweep_without_a_value_has_its_table_alone() -> None:
    plan = Plan(strategy="cross", data="d", setting="s", axes=(axis("fast=1..5"),))
    html = document(plan, [Trial(number=0, parameters={"fast": 1}, state=FAILED, reason="no price")])
    assert "no price" in html and "<svg" not in html
