"""The chart without a terminal: timeframes, a steady scale, our fills and orders, the regime below."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from midas.domain.time import SECOND
from midas.state.views.market import BarView, InstrumentView, RegimeChangeView
from tests.fakes.snapshots import normal
from tui.options import Options
from tui.present.bars import candles, folded, time_axis
from tui.present.chart import chart
from tui.present.lines import Piece
from tui.present.picture import Picture, Spot
from tui.present.scale import PowerScale


def picture(options: Options = Options(), view: InstrumentView | None = None) -> Picture:  # noqa: B008
    snapshot = normal()
    if view is not None:
        snapshot = msgspec.structs.replace(snapshot, instruments=(view,))
    return Picture(snapshot, 0, 0, True, 0, options=options)


def drawn(shown: Picture, width: int = 82, height: int = 33, scale: PowerScale | None = None) -> str:
    sheet = chart(shown, Spot(width, height, scale or PowerScale()))
    return "\n".join("".join(piece.text for piece in row) for row in [sheet.title, sheet.note, *sheet.rows])


def bars(count: int, begin: int = 1_000, price: float = 100.0) -> tuple[BarView, ...]:
    return tuple(
        BarView((begin + n) * SECOND, price, price + 1 + n % 3, price - 1, price + 0.5, 2.0, False)
        for n in range(count)
    )


def view(count: int, **changes: object) -> InstrumentView:
    made = normal().instruments[0]
    fields = {"bars": bars(count), "slow_bars": (), "marks": (), "last": 100.0, "price_decimals": 1}
    return msgspec.structs.replace(made, **{**fields, **changes})


def test_a_longer_timeframe_keeps_open_close_range_and_volume() -> None:
    base = bars(10, begin=1_001)
    five = folded(view(10, bars=base), 5)
    assert [bar.time // SECOND for bar in five] == [1_005, 1_010]
    assert (five[0].open, five[0].close, five[0].volume) == (base[0].open, base[4].close, 10.0)
    assert (five[1].high, five[1].low) == (max(b.high for b in base[5:]), min(b.low for b in base[5:]))


def test_the_longest_timeframes_come_from_candles_that_reach_further_back() -> None:
    slow = tuple(msgspec.structs.replace(b, time=b.time * 15) for b in bars(40, begin=100))
    made = view(30, slow_bars=slow, slow_factor=15)
    assert len(folded(made, 15)) == 40
    assert len(folded(made, 60)) == pytest.approx(10, abs=1)


def test_a_timeframe_with_hardly_a_candle_says_so() -> None:
    assert "60s" in drawn(picture(Options(bars=60), view(90))) or "1m" in drawn(
        picture(Options(bars=60), view(90))
    )
    assert "only 3 so far" in drawn(picture(Options(bars=60), view(90)))
    assert "so far" not in drawn(picture(view=view(90)))


def test_a_new_candle_moves_no_other_but_every_eighth_time() -> None:
    moved = 0
    for count in range(100, 116):
        before, after = (candles(view(n), 1, 1, 60) for n in (count, count + 1))
        places = dict(zip((bar.time for bar in before.bars), before.places, strict=True))
        fresh = dict(zip((bar.time for bar in after.bars), after.places, strict=True))
        moved += any(places[time] != fresh[time] for time in places if time in fresh)
        assert after.places[-1] < 60
    assert moved == 2


def test_the_price_scale_stands_still_while_prices_stay_on_it() -> None:
    scale = PowerScale()
    first = scale.axis(100.0, 110.0, 0.1, 20, "BTC")
    assert scale.axis(101.0, 110.5, 0.1, 20, "BTC") is first
    assert first.holds(100.0)
    assert first.holds(110.0)
    wider = scale.axis(90.0, 110.0, 0.1, 20, "BTC")
    assert wider.unit > first.unit
    assert scale.axis(100.0, 101.0, 0.1, 20, "BTC").unit < first.unit


@pytest.mark.parametrize("low", [0.0001, 1.0, 61_234.5])
@pytest.mark.parametrize("range_of", [0.0, 0.00002, 3.0, 900.0])
def test_every_price_has_its_row_and_labels_are_round(low: float, range_of: float) -> None:
    axis = PowerScale().axis(low, low + range_of, 0.00001, 16, "X")
    assert axis.holds(low)
    assert axis.holds(low + range_of)
    for row in range(16):
        assert axis.slot(axis.price(row)) // 2 == row
    assert any(axis.labelled(row) for row in range(16))


def test_the_time_axis_labels_round_times_without_touching_each_other() -> None:
    shown = candles(view(120), 1, 1, 80)
    line = time_axis(shown, 80)
    assert len(line) == 80
    assert "╵00:17:40" in line
    assert not any(a.isdigit() and b == "╵" for a, b in pairwise(line))


def test_our_fills_have_their_strategy_and_our_orders_their_price() -> None:
    body = drawn(picture(), 100, 40)
    snapshot = normal()
    assert "▽trend-following" in body or "trend-following▽" in body
    own = [o for o in snapshot.orders if o.instrument == snapshot.instruments[0].id]
    assert any(f"{order.side[0]}{order.price:.1f}" in body for order in own)


def test_zoom_spreads_the_candles() -> None:
    near, far = (candles(view(90), 1, zoom, 60) for zoom in (3, 1))
    assert near.places[1] - near.places[0] == 3
    assert far.places[1] - far.places[0] == 1
    assert len(near.bars) < len(far.bars)


def test_where_nothing_may_open_the_regime_says_why_and_names_nobody() -> None:
    made = view(120)
    barred = msgspec.structs.replace(made.regime, barred="mode PAUSE", speak=(), rest=("trend-following",))
    sheet = chart(picture(Options(bars=5), view(120, regime=barred)), Spot(82, 33, PowerScale()))
    text = "\n".join("".join(piece.text for piece in row) for row in sheet.rows)
    assert "opens nothing: mode PAUSE" in text
    assert "trend-following" not in text


def test_the_regime_says_what_it_allows_and_how_it_came() -> None:
    body = drawn(picture(), 100, 40)
    for text in ("Trending Bull", "by rule", "was Range-bound", "sizes ×1.00", "opens trend-following"):
        assert text in body, text
    assert "High Volatility → ─ Range-bound held: no rule is true" in body


def test_the_strip_under_long_candles_is_made_of_the_changes() -> None:
    made = normal().instruments[0]
    change = RegimeChangeView(1_060 * SECOND, "RANGE", "TREND_UP", "rule")
    regime = msgspec.structs.replace(made.regime, changes=(change,))
    sheet = chart(picture(Options(bars=5), view(120, regime=regime)), Spot(82, 33, PowerScale()))
    strips = [
        "".join(p.text for p in row) for row in sheet.rows if row and row[-1] == Piece(" regime", "faint")
    ]
    assert strips[0].count("─") == 12
    assert strips[0].count("▲") == 13


def test_one_average_is_drawn_for_all_strategies_together() -> None:
    snapshot = normal()
    made = snapshot.instruments[0]
    held = [p for p in snapshot.positions if p.instrument == made.id]
    assert len(held) == 2
    mean = sum(p.quantity * p.average_price for p in held) / sum(p.quantity for p in held)
    rows = drawn(picture(), width=100).splitlines()
    assert sum("┄" in row for row in rows) == 1
    assert any(f"┄{mean:.1f}" in row for row in rows)


def test_the_regime_names_who_opens_and_what_bars_everybody() -> None:
    made = normal().instruments[0]
    regime = msgspec.structs.replace(made.regime, speak=("trend-following",), rest=("book-imbalance", "mean"))
    body = drawn(picture(view=msgspec.structs.replace(made, regime=regime)), width=46)
    assert "opens trend-following, 2 rest" in body
    barred = msgspec.structs.replace(
        regime, speak=(), rest=regime.rest, barred="mode PAUSE opens nothing new"
    )
    for height in (12, 33):
        body = drawn(picture(view=msgspec.structs.replace(made, regime=barred)), width=60, height=height)
        assert "PAUSE" in body
