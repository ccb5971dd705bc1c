"""Screen 4 and what can be done to orders and positions, on it and elsewhere."""

from __future__ import annotations

import base64
import csv
from pathlib import Path

import msgspec
import pytest

from midas.domain.command import CancelEntries, CancelOrder
from midas.domain.time import clock_text
from midas.state.snapshot import Snapshot
from midas.state.views.orders import ENDED_KEPT
from tests.fakes.snapshots import BTC, normal, shared
from tests.tui.conftest import Console
from tui.present import history, levels, life, numbers, orders, positions
from tui.present.levels import level_at, own_at
from tui.present.lines import Piece
from tui.present.picture import Picture, Spot
from tui.present.scale import PowerScale
from tui.screens.dialogs import Confirm


def picture(snapshot: Snapshot | None = None) -> Picture:
    return Picture(snapshot or normal(), 0, 0, True, 0)


def text(line: list[Piece]) -> str:
    return "".join(piece.text for piece in line)


def drawn(rows: list[list[Piece]]) -> str:
    return "\n".join(text(row) for row in rows)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_what_matters_is_on_the_screen_at_every_size(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        await bench.press("4")
        for shown in (
            "positions 3", "realised +38.16", "fees 4.87", "working 4", "1 by hand", "d018", "a91f", "b002",
            "c7e4", "closed 7", "2 never worked", "FILLED", "trend-following", "book-imbalance",
        ):  # fmt: skip
            assert bench.shows(shown), shown
        await bench.press("j", "j")
        assert bench.shows("▶a91f")


async def test_a_wide_screen_shows_every_column_and_the_life_line(console: Console) -> None:
    async with console(size=(200, 60)) as bench:
        await bench.press("4", "j", "j", "j")
        for shown in (
            "value", "held", "reason", "fill", "ack", "why", "repriced", "would trade at once", "taker",
            "life b002", "+0.812s  PARTIAL 0.01000 of 0.04120",
        ):  # fmt: skip
            assert bench.shows(shown), shown


async def test_the_life_pane_follows_the_cursor_of_the_list_at_hand(console: Console) -> None:
    async with console() as bench:
        await bench.press("4", "j")
        assert bench.shows("life d018")
        bench.app.stage.panes["closed"].focus()
        await bench.press("j", "j", "j", "j")
        assert bench.shows("life 6b3f")
        assert bench.shows("REJECTED would trade at once")
        bench.app.stage.panes["fills"].focus()
        await bench.press("j")
        assert bench.shows("life 6b3f")


async def test_enter_opens_the_life_line_where_there_is_no_room_for_it(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        await bench.press("4", "j", "enter")
        assert bench.shows("order d018")
        assert bench.shows("+0.043s  WORKING (answer)")


async def test_an_order_that_ends_keeps_its_life_line(console: Console) -> None:
    async with console() as bench:
        await bench.press("4", "j", "j")
        snapshot = bench.snapshot
        ended = msgspec.structs.replace(snapshot.closed[0], client_id="m-a91f", short_id="a91f")
        rest = tuple(o for o in snapshot.orders if o.client_id != "m-a91f")
        bench.link.snapshot = msgspec.structs.replace(snapshot, orders=rest, closed=(ended, *snapshot.closed))
        await bench.beat()
        assert bench.shows("life a91f")
        assert bench.shows("CANCELED repriced")


async def test_the_cursor_of_the_desk_walks_positions_and_then_orders(console: Console) -> None:
    async with console() as bench:
        pane = bench.app.stage.panes["desk"]
        pane.focus()
        seen = []
        for _ in range(7):
            await bench.press("j")
            seen.append(str(pane.selected).partition(":")[0])
        assert seen == ["position"] * 3 + ["order"] * 4


async def test_all_entries_of_the_symbol_go_after_y_and_nothing_else(console: Console) -> None:
    async with console() as bench:
        await bench.press("C")
        assert bench.shows("Cancel 2 entries of BTC-USDT?")
        assert bench.shows("Exits and stops stay.")
        await bench.press("n")
        assert bench.link.commands == []
        await bench.press("C")
        bench.later(1)
        await bench.press("y")
        assert bench.link.commands == [CancelEntries(BTC)]
        await bench.press("l", "C")
        assert bench.shows("no entry of ETH-USDT is working")
        assert len(bench.link.commands) == 1


async def test_d_cancels_our_order_at_the_level_after_y(console: Console) -> None:
    async with console() as bench:
        await bench.press("j", "d")
        assert bench.shows("none of our orders rests at that level")
        shown = picture(bench.snapshot)
        bench.app.stage.panes["book"].selected = next(
            key for key in levels.keys(shown) if any(o.short_id == "d018" for o in own_at(shown, key))
        )
        await bench.press("d")
        assert isinstance(bench.app.screen, Confirm)
        bench.later(1)
        await bench.press("y")
        assert bench.link.commands == [CancelOrder("m-d018")]


async def test_an_order_is_cancelled_by_its_id_from_the_palette(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"cancel c7e4", "enter")
        assert bench.shows("Cancel c7e4?")
        await bench.press("enter")
        assert bench.link.commands == []
        bench.later(1)
        await bench.press("y")
        assert bench.link.commands == [CancelOrder("m-c7e4")]
        await bench.press("colon", *"cancel zzzz", "enter")
        assert bench.shows("no working order is called 'zzzz'")


async def test_an_order_of_somebody_else_is_shown_and_is_not_ours_to_cancel(console: Console) -> None:
    async with console(shared(), size=(200, 60)) as bench:
        await bench.press("4")
        for shown in ("working 4", "77f3", "EXT"):
            assert bench.shows(shown), shown
        await bench.press("G")
        assert bench.shows("▶77f3")
        assert bench.shows("not ours  Enter life")
        assert bench.shows("its steps are known where it was placed")
        await bench.press("c")
        assert bench.shows("that order isn't ours: it is cancelled where it was placed")
        assert bench.link.commands == []


async def test_ctrl_c_copies_the_row_under_the_cursor(console: Console) -> None:
    async with console() as bench:
        await bench.press("4", "ctrl+c")
        assert bench.shows("no row is chosen")
        await bench.press("j", "ctrl+c")
        cells = bench.app.clipboard.split("\t")
        assert cells[:3] == ["m-d018", "d018", BTC]
        assert "0.002" in cells
        assert base64.b64encode(bench.app.clipboard.encode())


async def test_e_writes_the_pane_to_a_private_file_and_says_where(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with console() as bench:
        await bench.press("4", "E")
        assert bench.shows("4 rows written to")
        (path,) = tmp_path.iterdir()
        assert path.stat().st_mode & 0o777 == 0o600
        rows = list(csv.DictReader(path.open()))
        assert [row["short_id"] for row in rows] == ["d018", "a91f", "b002", "c7e4"]
        assert float(rows[1]["quantity"]) == 0.0082
        assert rows[2]["life"].endswith("PARTIAL 0.01000 of 0.04120")


async def test_files_go_to_the_folder_of_the_home(console: Console, tmp_path: Path) -> None:
    async with console(exports=tmp_path / "exports") as bench:
        await bench.press("4", "E")
        (path,) = (tmp_path / "exports").iterdir()
        assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_where_that_folder_takes_none_the_current_one_does(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exports").touch()
    async with console(exports=tmp_path / "exports") as bench:
        await bench.press("4", "E")
        assert bench.shows(f"rows written to {tmp_path}"[:60])
        assert len(list(tmp_path.glob("midas-*.csv"))) == 1


def test_rows_keep_their_places_whatever_the_order_of_the_picture() -> None:
    snapshot = normal()
    turned = msgspec.structs.replace(
        snapshot, orders=snapshot.orders[::-1], positions=snapshot.positions[::-1]
    )
    assert orders.keys(picture(turned), 9) == orders.keys(picture(snapshot), 9)
    assert positions.keys(picture(turned), 9) == positions.keys(picture(snapshot), 9)


def test_dust_is_one_line_and_no_cursor_stands_on_it() -> None:
    snapshot = normal()
    dusty = tuple(
        msgspec.structs.replace(p, strategy=f"old-{n}", dust=True, value=0.21, realised=0.0)
        for n, p in enumerate(snapshot.positions)
    )
    shown = picture(msgspec.structs.replace(snapshot, positions=(*snapshot.positions, *dusty)))
    body = drawn(positions.table(shown, Spot(100, 12, PowerScale())).rows)
    assert body.count("dust") == 1
    assert "dust, too little to sell: BTC, ETH = 0.63 USDT" in body
    assert "old-0" not in body
    assert not any("old-" in key for key in positions.keys(shown, 12))
    assert text(list(positions.table(shown, Spot(100, 12, PowerScale())).title)).startswith("positions 3")


def test_what_was_closed_down_to_dust_keeps_its_row_and_its_result() -> None:
    snapshot = normal()
    left = msgspec.structs.replace(
        snapshot.positions[0], quantity=0.0000042, dust=True, value=0.21, realised=12.34, opened_at=0
    )
    shown = picture(msgspec.structs.replace(snapshot, positions=(left, *snapshot.positions[1:])))
    rows = drawn(positions.table(shown, Spot(118, 12, PowerScale())).rows).splitlines()
    row = next(row for row in rows if "·dust" in row)
    for figure in ("0.0000042", "+12.34"):
        assert figure in row, figure
    assert row.rstrip().endswith("-"), "held: nothing is"
    assert not any("too little to sell" in row for row in rows)


def test_what_is_gone_from_the_account_is_neither_a_position_nor_dust() -> None:
    snapshot = normal()
    first = msgspec.structs.replace(snapshot.positions[0], dust=True, realised=1.0)
    lost = msgspec.structs.replace(first, quantity=0.5, gone=0.5)
    sold = msgspec.structs.replace(first, strategy="external", quantity=-0.5, gone=-0.5)
    sheet = positions.table(
        picture(msgspec.structs.replace(snapshot, positions=(lost, sold))), Spot(118, 12, PowerScale())
    )
    body = drawn(sheet.rows)
    assert (body.count("?GONE"), body.count("dust")) == (2, 0)
    assert text(list(sheet.title)).startswith("positions 0")


def test_a_quantity_of_ours_is_never_rounded_up() -> None:
    snapshot = normal()
    short = msgspec.structs.replace(snapshot.positions[0], quantity=0.019998)
    shown = picture(msgspec.structs.replace(snapshot, positions=(short,)))
    assert "0.01999 " in drawn(positions.table(shown, Spot(100, 12, PowerScale())).rows)
    assert numbers.held(10.019998, 5, 6) == "10.019"
    assert numbers.held(0.1 * 3, 5, 8) == "0.30000"
    assert numbers.held(0.00000831234, 5, 9) == "0.0000083"
    assert numbers.held(0.00000831234, 5, 7) == "<0.00001"


def test_a_narrow_list_of_orders_begins_with_the_symbol() -> None:
    body = drawn(orders.table(picture(), Spot(38, 9, PowerScale())).rows).splitlines()
    assert body[0].split()[:3] == ["sym", "id", "side"]
    assert {row.split()[0] for row in body[1:]} == {"BTC", "ETH"}


def test_a_filled_order_shows_what_was_paid_and_apart_from_it_its_limit() -> None:
    snapshot = normal()
    order = next(o for o in snapshot.closed if o.filled)
    for width in (78, 150):
        rows = drawn(history.closed(picture(), Spot(width, 12, PowerScale())).rows).splitlines()
        at = rows[0].index("avg") + 3
        row = next(row for row in rows if order.short_id in row)
        assert row[:at].endswith(f"{order.average_price:.{1 if 'BTC' in order.instrument else 2}f}")


def test_lists_say_since_when_they_know_anything() -> None:
    shown = picture()
    for draw in (history.closed, history.fills):
        rows = drawn(draw(shown, Spot(100, 30, PowerScale())).rows).splitlines()
        assert "this session began" in rows[-1]
        assert "midas sessions" in rows[-1]


def test_a_list_that_has_forgotten_its_oldest_rows_says_so() -> None:
    snapshot, full = normal(), ENDED_KEPT
    ended = tuple(msgspec.structs.replace(snapshot.closed[0], client_id=f"c{n}") for n in range(full))
    done = tuple(msgspec.structs.replace(snapshot.fills[0], at=n) for n in range(full))
    shown = picture(msgspec.structs.replace(snapshot, closed=ended, fills=done))
    for draw, name in ((history.closed, "closed"), (history.fills, "fills")):
        sheet = draw(shown, Spot(100, full + 5, PowerScale()))
        assert text(sheet.title) == f"{name} last {full}"
        assert text(sheet.rows[-1]) == " there were older ones; all of them: midas export orders"


def test_the_life_of_an_order_cuts_neither_its_price_nor_its_time() -> None:
    snapshot = normal()
    order = msgspec.structs.replace(
        snapshot.orders[0], type="STOP_LOSS_LIMIT", client_id="md-mfheaynhzxziu6rwzedpjbfk"
    )
    rows = drawn(life.lines(picture(snapshot), order, 42)).splitlines()
    assert all(len(row) <= 42 for row in rows)
    assert rows[1] == f"STOP, limit @ {order.price:.1f}"
    assert any(row.endswith(f"since {clock_text(order.created_at)}") for row in rows)


def test_a_position_list_that_does_not_fit_says_so_and_follows_the_cursor() -> None:
    shown = picture()
    last = positions.keys(shown, 9)[-1]
    body = drawn(positions.table(shown, Spot(100, 3, PowerScale(), True, last)).rows)
    assert "+1: z" in body
    assert "▶ETH-USDT" in body


def test_closed_orders_say_how_they_ended_why_and_how_fast_the_venue_was() -> None:
    rows = history.closed(picture(), Spot(130, 12, PowerScale())).rows
    body = drawn(rows)
    assert text(rows[1]).strip().startswith("06:0")
    for shown in (
        "cancel",
        "38ms",
        "repriced",
        "REJECT",
        "would trade at once",
        "UNSENT",
        "order rate 10 of 10",
    ):
        assert shown in body, shown
    never = next(text(row) for row in rows if "UNSENT" in text(row))
    assert "ms" not in never


def test_equal_fills_are_told_apart() -> None:
    snapshot = normal()
    twice = msgspec.structs.replace(snapshot, fills=(*snapshot.fills, *snapshot.fills))
    keys = history.fill_keys(picture(twice), 9)
    assert len(set(keys)) == len(keys) == 6


def test_an_order_without_a_recorded_life_says_so() -> None:
    snapshot = normal()
    order = msgspec.structs.replace(snapshot.orders[0], life=())
    assert "no step was recorded" in drawn(life.lines(picture(snapshot), order, 40))


@pytest.mark.parametrize("group", [1, 10])
def test_own_orders_are_found_at_the_level_that_shows_them(group: int) -> None:
    shown = picture()
    shown = shown._replace(options=shown.options._replace(group=group))
    for key in levels.keys(shown):
        found = level_at(shown, key)
        assert found is not None
        assert sum(o.quantity - o.filled for o in own_at(shown, key)) == pytest.approx(found[1].own)


def test_nothing_held_and_nothing_asked_for_is_said_in_words() -> None:
    empty = picture(msgspec.structs.replace(normal(), positions=(), orders=(), closed=(), fills=()))
    spot = Spot(60, 8, PowerScale())
    for draw, sentence in (
        (positions.table, "flat: no position"),
        (orders.table, "no working order"),
        (history.closed, "no order has ended yet"),
        (history.fills, "nothing was filled yet"),
        (life.pane, "its life line stands here"),
    ):
        assert sentence in drawn(draw(empty, spot).rows), sentence


async def test_a_key_of_another_screen_says_which(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        await bench.press("x")
        assert bench.shows("x works in positions on screen 4")
        assert bench.link.commands == []
