"""The lower part of a review: what the order would do to the limits and to the tail risk."""

from __future__ import annotations

import pytest

from midas.domain.command import LimitMove, Review
from midas.domain.time import HOUR
from tests.tui.conftest import Console
from tui.present import what_if
from tui.present.lines import Line

MOVES = (
    LimitMove("position", "BTC-USDT", 0.10, 0.19, 0.20),
    LimitMove("cash", "cash", 0.50, 0.41, 0.10, True),
    LimitMove("order notional", "order of", 0.0, 900.0, 2500.0, False, "USDT"),
    LimitMove("crypto", "crypto", 0.30, 0.39, 0.90),
)


def review(**changes: object) -> Review:
    fields: dict[str, object] = {"moves": MOVES} | changes
    return Review("BUY", 1.0, 100.0, 100.0, 0.1, 0.0, 0.0, 0.0, 0.19, **fields)  # type: ignore[arg-type]


def text(lines: list[Line]) -> str:
    return "\n".join("".join(piece.text for piece in line) for line in lines)


def test_a_limit_tells_before_after_and_allowed_with_the_order_s_own_share_in_the_bar() -> None:
    rows = text(what_if.limits(review(), 60, 9)).splitlines()
    assert "10.0% → 19.0% of 20.0%" in rows[0]
    assert "▓▓▓▓▓▒▒▒▒▒" in rows[0], "half before it, nearly all with it"
    assert "50.0% → 41.0% ≥10.0%" in rows[1]
    assert "0 → 900 of 2,500 USDT" in rows[2]


def test_a_small_quantity_is_told_to_the_lot_and_nothing_that_counts_reads_as_nothing() -> None:
    def told(move: LimitMove) -> str:
        return text(what_if.limits(review(moves=(move,)), 90, 9, what_if.Unit("BTC", 5)))

    assert "0.00000 → 0.01000 of 0.00500 BTC" in told(
        LimitMove("order quantity", "order of", 0.0, 0.01, 0.005, False, "BTC")
    )
    assert "0.00 → 0.004 of 0.50 USDT" in told(
        LimitMove("order notional", "order of", 0.0, 0.004, 0.5, False, "USDT")
    )
    assert "0.0% → 0.02% of 0.25%" in told(LimitMove("position", "BTC-USDT", 0.0, 0.0002, 0.0025))


def test_a_limit_that_would_be_broken_has_a_mark_and_a_solid_bar() -> None:
    row = text(what_if.limits(review(moves=(LimitMove("position", "BTC-USDT", 0.1, 0.21, 0.2),)), 60, 9))
    assert row.startswith("✗ position")
    assert "█" * what_if.BAR in row


def test_without_room_for_all_the_rest_is_counted() -> None:
    rows = text(what_if.limits(review(), 60, 3)).splitlines()
    assert len(rows) == 3
    assert rows[-1] == "and 2 more with more room"
    assert text(what_if.limits(review(), 60, 1)).startswith("position "), "the one with the least room"
    assert what_if.limits(review(), 60, 0) == []


def test_the_tail_tells_what_the_order_adds_or_why_nobody_knows() -> None:
    known = review(horizon=24 * HOUR, var_before=0.01, var_after=0.013, es_before=0.02, es_after=0.024)
    assert text([what_if.tail(known, 60)]) == "VaR 1.00% → 1.30%  ES 2.00% → 2.40%  of equity in 24h"
    unknown = review(
        tail_unknown="insufficient data: 12 of 100 scenarios of 1 d (BTC-USDT has 32 of 120 bars)"
    )
    assert text([what_if.tail(unknown, 60)]) == "VaR, ES not known: 12 of 100 scenarios of 1 d"
    assert text([what_if.tail(unknown, 90)]).endswith(
        "12 of 100 scenarios of 1 d (BTC-USDT has 32 of 120 bars)"
    )
    assert what_if.tail(review(), 60) == []


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_ticket_shows_it_before_anything_is_sent(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        await bench.press("b", *"0.01", "f2")
        assert bench.shows("limits")
        assert bench.shows(" → ")
        assert bench.shows("VaR 1.31% → ")
        assert {len(row) for row in bench.screen()} == {size[0]}
