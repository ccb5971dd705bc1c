"""FIX 4.2, appendix D, against our order state: status and quantities after each row."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from midas.domain.money import ZERO
from tests.fakes.nouns import BTC
from tests.state.fix.play import STATUS, Play

MATRICES = tomllib.loads((Path(__file__).parent / "matrices.toml").read_text())
SCENARIOS: list[dict[str, Any]] = MATRICES["scenario"]
NUMBERED = 37  # matrices in the appendix


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[s["name"] for s in SCENARIOS])
def test_an_order_is_what_the_table_says(scenario: dict[str, Any]) -> None:
    play = Play()
    for number, (what, *told) in enumerate(scenario["rows"], 1):
        play.do(what, Decimal(told[1]) if told else None)
        if told:
            _compare(play, f"{scenario['name']} row {number} ({what})", what, told)


def _compare(play: Play, where: str, what: str, told: list[Any]) -> None:
    order = play.order(what if ": " in what else "X")
    status, quantity, filled, leaves, *deviation = told
    expected = STATUS[status]
    if deviation:
        name, _, expected = deviation[0].partition("=")
        assert name in MATRICES["deviations"], where
        assert expected != STATUS[status], f"{where}: no deviation"
    seen = (order.status, order.intent.quantity, order.filled, order.leaves)
    assert seen == (expected, quantity, filled, leaves), where
    assert order.filled == sum((f.quantity for f in order.fills.values()), ZERO), where
    bought = sum(
        (o.filled for o in (*play.state.orders.open.values(), *play.state.orders.closed.values())), ZERO
    )
    assert play.state.ledger.position(BTC.id) == bought, where


def test_every_matrix_is_played_or_skipped_with_a_reason() -> None:
    played = {scenario["name"].partition(".")[0] for scenario in SCENARIOS}
    skipped = {name for name, why in MATRICES["skipped"].items() if why}
    assert played | skipped >= {f"D{number}" for number in range(1, NUMBERED + 1)}


def test_every_deviation_is_met_somewhere() -> None:
    met = {row[5].partition("=")[0] for s in SCENARIOS for row in s["rows"] if len(row) > 5}
    assert met == MATRICES["deviations"].keys()
