"""Keys that change how screen 1 is looked at; none of them reaches the engine."""

from __future__ import annotations

import re

import msgspec
import pytest

from midas.state.views.signals import BreachView, ContributionView
from tests.fakes.snapshots import normal
from tests.tui.conftest import Bench, Console


def focus(bench: Bench, pane: str) -> None:
    bench.app.stage.panes[pane].focus()


async def test_brackets_mean_timeframe_in_the_chart_and_ticks_in_the_book(console: Console) -> None:
    async with console() as bench:
        focus(bench, "chart")
        await bench.press("right_square_bracket")
        assert bench.shows("5s candles of 5 × 1s")
        await bench.press("left_square_bracket")
        assert bench.shows("1s candles")
        focus(bench, "book")
        await bench.press("right_square_bracket")
        assert bench.shows("0.2 = 2 ticks")
        await bench.press("left_curly_bracket", "left_curly_bracket", "left_curly_bracket")
        assert bench.shows("step 0.2, 5 deep")
        assert not bench.link.commands


async def test_a_key_of_another_pane_says_where_it_works(console: Console) -> None:
    async with console() as bench:
        focus(bench, "tape")
        await bench.press("right_square_bracket")
        assert bench.shows("] works in chart, book")


async def test_the_cursor_of_a_grouped_book_moves_over_groups(console: Console) -> None:
    async with console() as bench:
        await bench.press("right_square_bracket", "right_square_bracket", "j")
        best = bench.snapshot.instruments[0].book.bids[0].price
        group = int(best / 0.5 + 1e-6) * 0.5
        assert bench.shows(f"▶{group:.1f} to here")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_private_hides_every_amount_of_ours(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        money = bench.snapshot.money
        amounts = {f"{money.equity:,.2f}", f"{money.pnl:+,.2f}", f"{money.fees:,.2f}", "0.04120", "0.00820"}
        assert any(bench.shows(amount) for amount in amounts)
        await bench.press("p")
        bench.app.stage.tell(None)
        await bench.beat()
        assert not [amount for amount in amounts if bench.shows(amount)]
        assert bench.shows("•••")
        assert bench.shows(f"{bench.snapshot.instruments[0].last:.1f}")
        assert {len(row) for row in bench.screen()} == {size[0]}
        await bench.press("p")
        assert bench.shows(f"{money.equity:,.2f}")


async def test_jump_labels_lead_to_every_pane(console: Console) -> None:
    async with console() as bench:
        reached = set()
        for letter in "asdfghj":
            await bench.press("ctrl+o", letter)
            reached.add(bench.focus)
        assert reached == set(bench.app.stage.spots())
        await bench.press("ctrl+o", "escape")
        assert bench.focus in reached


async def test_any_other_key_takes_the_labels_away(console: Console) -> None:
    async with console() as bench:
        await bench.press("ctrl+o", "Z")
        assert bench.app.screen is bench.app.stage
        assert bench.focus == "book"


async def test_the_chord_halts_over_jump_labels_and_a_signal_s_page(console: Console) -> None:
    async with console() as bench:
        await bench.press("ctrl+o", "ctrl+backslash")
        assert len(bench.kills) == 1
    async with console() as bench:
        focus(bench, "signals")
        await bench.press("enter", "ctrl+backslash")
        assert len(bench.kills) == 1


async def test_the_whole_of_a_signal(console: Console) -> None:
    snapshot = normal()
    refused = msgspec.structs.replace(
        snapshot.signals[1],
        breaches=(BreachView("position", 0.203, 0.2, "BTC-USDT would be 20.3% of equity, at most 20%"),),
        inputs=(ContributionView("spread bp", 0.1667),), reason="imbalance +0.44",
    )  # fmt: skip
    acted = msgspec.structs.replace(snapshot.signals[0], orders=("chl7 BUY 0.01932 @ 60008 LIMIT_MAKER",))
    signals = (acted, refused, *snapshot.signals[2:])
    async with console(msgspec.structs.replace(snapshot, signals=signals)) as bench:
        focus(bench, "signals")
        await bench.press("enter")
        assert bench.shows("chl7 BUY 0.01932 @ 60008")
        await bench.press("escape", "j", "j", "enter")
        for text in ("20.3% of 20.0%", "refused: a limit said no", "spread bp", "imbalance +0.44", "+0.440"):
            assert bench.shows(text), text
        assert any(re.search(r"spread +-0\.040 +█│", row) for row in bench.screen())
        rows = bench.screen()
        why, inputs = (
            next(n for n, row in enumerate(rows) if name in row) for name in ("Why ", "What it looked at")
        )
        assert why < inputs
        await bench.press("escape", "i")
        rows = bench.screen()
        assert next(n for n, row in enumerate(rows) if "What it looked at" in row) == why


async def test_two_signals_of_one_event_are_two_rows_for_the_cursor(console: Console) -> None:
    snapshot = normal()
    first, second = snapshot.signals[:2]
    twin = msgspec.structs.replace(second, sequence=first.sequence)
    async with console(msgspec.structs.replace(snapshot, signals=(first, twin))) as bench:
        focus(bench, "signals")
        await bench.press("j", "j")
        assert bench.shows("worst case 83 % would pass 80 %")


async def test_commands_by_name_take_only_what_exists(console: Console) -> None:
    async with console() as bench:
        entries = {entry.verb: entry for entry in bench.app.entries()}
        assert entries["timeframe"].run("15") is None
        assert bench.app.options.bars == 15
        assert entries["timeframe"].run("7") == "timeframes are 1, 5, 15 and 60 base bars"
        assert entries["group"].run("10") is None
        assert entries["depth"].run("9999") == "depths are 5, 10, 25 and 50 levels"


async def test_panes_that_a_small_terminal_lacks_are_named_and_reached(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        assert bench.shows("chart, tape: z then Tab")
        await bench.press("z")
        reached = set()
        for _ in range(len(bench.app.stage.panes)):
            await bench.press("tab")
            reached.add(bench.focus)
        assert {"chart", "tape"} <= reached
    async with console(size=(80, 24)) as bench:
        await bench.press("colon", *"timeframe 5", "enter")
        assert bench.shows("no chart is on this screen")
        await bench.press("colon", *"chart", "enter")
        assert bench.shows("5s candles")
        await bench.press("colon", *"pane fills", "enter")
        assert bench.focus == "fills"
        assert bench.app.stage.view.number == "4"


async def test_a_pane_that_is_not_there_is_answered_in_words(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"pane nowhere", "enter")
        assert bench.shows("no pane is called 'nowhere'")


async def test_signals_held_by_the_cursor_say_so_and_whose_the_reasons_are(console: Console) -> None:
    snapshot = normal()
    async with console(snapshot) as bench:
        focus(bench, "signals")
        await bench.press("j", "j")
        assert bench.shows("○ held")
        assert bench.shows("why book-imbalance ETH")
        newer = tuple(
            msgspec.structs.replace(snapshot.signals[0], sequence=snapshot.sequence + n) for n in (1, 2, 3)
        )
        bench.link.snapshot = msgspec.structs.replace(snapshot, signals=(*newer[::-1], *snapshot.signals))
        bench.app.stage.draw_all()
        await bench.press("k")
        assert bench.shows("○ held · 3 newer")
        await bench.press("full_stop")
        assert not bench.shows("○ held")
