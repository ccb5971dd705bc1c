"""An order of which nobody knows whether it works: shape, colour, age and cause wherever it stands."""

from __future__ import annotations

import msgspec
import pytest

from midas.state.views.orders import OrderView
from tests.fakes.snapshots import BTC, doubtful, normal
from tests.tui.conftest import Console
from tui.present import book, chart, headline, levels, life, orders
from tui.present.lines import Line
from tui.present.picture import Picture, Spot
from tui.present.scale import PowerScale
from tui.theme import PALETTES, THEMES, Inks

replace = msgspec.structs.replace


def picture() -> Picture:
    return Picture(doubtful(), 0, 0, True, 0)


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


def inks(lines: list[Line], holding: str) -> set[str]:
    """Of the pieces that hold the text."""
    return {piece.ink for line in lines for piece in line if holding in piece.text}


@pytest.mark.parametrize("width", [36, 58, 78, 140])
def test_lists_mark_it_by_shape_and_ink_at_every_width(width: int) -> None:
    sheet = orders.table(picture(), Spot(width, 9, PowerScale()))
    row = next(line for line in sheet.rows if "a91f" in text(line))
    assert text(row).startswith("?")
    assert inks(sheet.rows, "a91f") >= {"unknown"}
    assert text(list(sheet.note)) == "? 2 UNKNOWN, oldest 41s"
    told = [text(line) for line in sheet.rows[-2:]]
    assert told[0].startswith("  ? a91f UNKNOWN 41s: no answer")
    assert told[1].startswith("  ? c7e4 UNKNOWN 7")


def test_where_room_is_short_the_oldest_doubt_keeps_its_line() -> None:
    rows = orders.table(picture(), Spot(78, 5, PowerScale())).rows
    assert len(rows) == 5
    assert "a91f UNKNOWN 41s: no answer within 5 s" in text(rows[-1])
    low = orders.table(picture(), Spot(78, 3, PowerScale())).rows
    assert len(low) == 3


def test_the_book_marks_the_level_that_may_or_may_not_hold_it() -> None:
    shown = picture()
    view = shown.instrument
    assert view is not None
    sheet = book.ladder(shown, view, Spot(40, 30, PowerScale()))
    assert any("B?0.00820" in text(row) for row in sheet.rows)
    assert inks(sheet.rows, "B?0.00820") == {"doubt"}
    assert inks(sheet.rows, "S 0.0") == {"own"}


def test_a_level_of_several_ticks_is_marked_too() -> None:
    shown = picture()
    shown = shown._replace(options=shown.options._replace(group=10))
    view = shown.instrument
    assert view is not None
    (place,) = levels.doubted(shown, view, levels.drawn(view, shown.options, None))
    order = next(o for o in shown.snapshot.orders if o.short_id == "a91f")
    assert place[0] == "BUY" and order.price - 1.0 < place[1] <= order.price


def test_the_chart_marks_it_even_where_another_order_shares_its_row() -> None:
    snapshot = doubtful()
    moved = tuple(replace(o, price=61_810.0) if o.instrument == BTC else o for o in snapshot.orders)
    shown = Picture(replace(snapshot, orders=moved), 0, 0, True, 0)
    sheet = chart.chart(shown, Spot(82, 33, PowerScale()))
    assert any("?61810.0" in text(row) for row in sheet.rows)
    assert inks(sheet.rows, "61810.0") == {"doubt"}


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_the_banner_counts_them_with_the_oldest_age(width: int) -> None:
    line = headline.first_line(picture(), width)
    said = text(line)
    assert len(said) == width
    assert ("? 2 UNKNOWN 41s" in said) or ("?2 41s" in said)
    for part in ("SIM", "NORMAL", "HALT ^\\"):
        assert part in said
    assert "UNKNOWN" not in text(headline.first_line(Picture(normal(), 0, 0, True, 0), width))


def test_the_life_line_tells_cause_and_age_and_wraps_what_is_long() -> None:
    order = doubtful().orders[0]
    long = (
        *order.life,
        "+9.0s  UNKNOWN: " + "no answer and then nothing " * 6,
        "+9.5s  settled (query): OPEN",
    )
    rows = life.lines(picture(), replace(order, life=long), 60)
    said = "\n".join(text(row) for row in rows)
    assert "? UNKNOWN 41s: no answer within 5 s" in said
    assert "…" not in said
    assert all(len(text(row)) <= 60 for row in rows)
    assert inks(rows, "settled") == {"strong"}


def test_a_life_too_long_for_its_pane_says_how_much_went_before() -> None:
    order = doubtful().orders[0]
    steps = tuple(f"+{n}.000s  step {n}" for n in range(30))
    snapshot = replace(doubtful(), orders=(replace(order, life=steps),))
    shown = Picture(snapshot, 0, 0, True, 0)
    spot = Spot(42, 12, PowerScale(), selected=f"order:{order.client_id}")
    rows = life.pane(shown, spot).rows
    assert len(rows) == 12
    assert text(rows[-1]).endswith("step 29")
    assert any("lines before: Enter" in text(row) for row in rows)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_trader_sees_it_on_every_screen(console: Console, size: tuple[int, int]) -> None:
    async with console(doubtful(), size=size) as bench:
        for screen in ("1", "4", "5", "8", "9"):
            await bench.press(screen)
            assert "?2 41s" in bench.screen()[0] or "? 2 UNKNOWN 41s" in bench.screen()[0]
        await bench.press("4", "j", "j", "enter")
        assert bench.shows("UNKNOWN 41s: no answer within 5 s")
        assert bench.shows("+0.002s  durable in the journal, sent")


async def test_a_long_life_scrolls(console: Console) -> None:
    steps = tuple(f"+{n}.000s  step {n}" for n in range(40))
    snapshot = normal()
    orders_: tuple[OrderView, ...] = (replace(snapshot.orders[0], life=steps), *snapshot.orders[1:])
    async with console(replace(snapshot, orders=orders_), size=(80, 24)) as bench:
        await bench.press("4", "j", "j", "enter")
        assert bench.shows("more lines") and not bench.shows("step 39")
        await bench.press("G")
        assert bench.shows("step 39")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("palette", PALETTES)
def test_in_every_palette_it_is_told_from_ours_and_from_an_alarm(theme: str, palette: str) -> None:
    shades = Inks(theme, palette)
    badge = shades.style("unknown", "unknown")
    assert badge.bgcolor != shades.style("own", "").bgcolor
    if palette != "mono":  # there the mark alone tells, and the badge is reversed
        assert len({shades.style(ink, "").color for ink in ("doubt", "own", "alarm", "warn", "text")}) == 5


def test_only_open_orders_are_in_doubt() -> None:
    assert orders.doubtful(normal().orders) == []
    assert [o.short_id for o in orders.doubtful(doubtful().orders)] == ["a91f", "c7e4"]
