"""A sweep as a page: one file that needs nothing else."""

from __future__ import annotations

import pytest

from midas.backtest.sweep.space import Axis, axis, grid
from midas.backtest.sweep.trial import FAILED, PRUNED, Plan, Trial, ranked
from midas.cli.sweep_page import Ended
from midas.cli.sweep_page import page as sweep_page
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


def test_what_was_given_up_is_said_to_be_left_out_of_the_chance_of_overfitting() -> None:
    plan = Plan(strategy="cross", data="d", setting="s", axes=(axis("fast=1..2"),))
    made = [Trial(number=n, parameters={"fast": n}, value=1.0) for n in (1, 2)]
    given_up = Trial(number=3, parameters={"fast": 3}, state=PRUNED, reason="below the median")
    ended = Ended(id="s", plan=plan, total=3, kept=0, seconds=1.0, interrupted=False, overfitting=0.5,
                  trials=[*made, given_up])  # fmt: skip
    told = document(plan, [*made, given_up], 0.5), " ".join(sweep_page(ended))
    assert all("leaves out 1 trial given up early" in " ".join(text.split()) for text in told)
    assert "leaves out" not in document(plan, made, 0.5)


def test_a_sweep_without_a_value_has_its_table_alone() -> None:
    plan = Plan(strategy="cross", data="d", setting="s", axes=(axis("fast=1..5"),))
    html = document(plan, [Trial(number=0, parameters={"fast": 1}, state=FAILED, reason="no price")])
    assert "no price" in html and "<svg" not in html
