"""Screen 7: kept back-tests are listed, read, compared and opened by name, all by keyboard."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from midas.reports.sheet import Costs, Month
from tests.fakes import runs
from tests.tui.conftest import Bench, Console
from tui.views.reports import VIEWS

# The snapshots have the sections at every size; here the smallest is the one that may not fit.
SIZES = [(80, 24)]


async def seven(bench: Bench, archive: runs.Archive | None = None) -> None:
    """Screen 7 with three runs."""
    bench.app.console_desk.archive = archive or runs.three()
    await bench.press("7")


@pytest.mark.parametrize("size", SIZES)
async def test_every_section_fits_its_screen(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        await seven(bench)
        for view in VIEWS:
            assert bench.shows(f"▸{view.section} ") and bench.focus == view.home
            assert {len(row) for row in bench.screen()} == {size[0]}
            await bench.press("7")


@pytest.mark.parametrize("size", SIZES)
async def test_an_empty_home_says_how_to_make_a_first_run(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        await seven(bench, runs.Archive())
        assert bench.shows("midas backtest trend-following")
        for _ in VIEWS:
            await bench.press("7", "x", "enter")


async def test_the_newest_run_is_open_and_the_cursor_opens_others(console: Console) -> None:
    async with console(size=(120, 40)) as bench:
        await seven(bench)
        assert bench.shows("horizon 40") and bench.shows("It lost")
        await bench.press("j")
        assert bench.shows("261122-050120-a01") and bench.shows("It made +5.")


async def test_figures_stand_beside_holding_with_interval_costs_and_trials(console: Console) -> None:
    async with console(size=(120, 40)) as bench:
        await seven(bench, runs.Archive(runs.sheet()))
        for text in ("buy&hold", "+301.0%", "95 %:", "fees 41.20", "24 trials", "too few: 12 of 30"):
            assert bench.shows(text), text


async def test_enter_on_a_figure_tells_what_it_means(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        await seven(bench, runs.Archive(runs.sheet()))
        await bench.press("tab", "j", "j", "enter")
        assert bench.shows("where the truth is")


async def test_two_marked_runs_are_compared_oldest_mark_first(console: Console) -> None:
    async with console(size=(120, 40)) as bench:
        await seven(bench)
        await bench.press("x")
        assert bench.shows("is marked; x on another")
        await bench.press("j", "x", "7", "7", "7")
        for text in ("A  261122-051544-e9c", "B  261122-050120-a01", "horizon", "40 → 20", "B less A"):
            assert bench.shows(text), text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_key_of_many_panes_says_where_it_works_uncut(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        await seven(bench)
        await bench.press("7", "7", "7", "enter")
        said = bench.screen()[-1]
        assert "Enter works in" in said and "? tells where" in said and "…" not in said


async def test_one_mark_says_that_another_is_needed(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        await seven(bench)
        await bench.press("x", "7", "7", "7")
        assert bench.shows("one more")


async def test_commands_open_and_compare_by_a_part_of_a_name(console: Console) -> None:
    async with console(size=(120, 40)) as bench:
        bench.app.console_desk.archive = runs.three()
        await bench.press("colon", *"backtest open a01", "enter")
        assert bench.focus == "report" and bench.shows("261122-050120-a01")
        await bench.press("colon", *"compare 7f3 e9c", "enter")
        assert bench.focus == "versus" and bench.shows("10 → 40")


async def test_entries_and_exits_stand_on_the_chart_and_in_the_list(console: Console) -> None:
    async with console(size=(120, 40)) as bench:
        await seven(bench, runs.Archive(runs.sheet()))
        await bench.press("7", "7")
        text = "\n".join(bench.screen())
        assert text.count("▲") > 10 and text.count("▽") > 10
        assert bench.shows("2020-12-08") and bench.shows("trades 12")


async def test_a_run_that_cannot_be_read_says_why(console: Console) -> None:
    async with console(size=(120, 40)) as bench:
        archive = runs.Archive(runs.sheet())
        archive.troubles["261122-045312-7f3"] = "run 261122-045312-7f3 isn't what this midas keeps"
        await seven(bench, archive)
        assert bench.shows("isn't what this midas keeps")


async def test_a_third_mark_takes_the_oldest_away_and_says_so(console: Console) -> None:
    async with console() as bench:
        await seven(bench)
        await bench.press("x", "j", "x")
        assert bench.shows("two runs are marked: section Compare")
        first, second = bench.app.options.marked
        await bench.press("j", "x")
        assert bench.shows(f"two runs are marked, {first} no longer")
        assert bench.app.options.marked[0] == second


async def test_a_sweep_shows_its_best_trials_while_it_runs(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        archive = runs.three()
        archive.board = runs.board()
        await seven(bench, archive)
        await bench.press("left_square_bracket")
        for text in ("▸Sweep", "41 of 120 trials made, running", "sharpe", "average 20, enter 0.02"):
            assert bench.shows(text), text
        await bench.press("G")
        assert bench.shows("too few days") or bench.shows("average 2, enter 0")


async def test_without_a_sweep_its_section_says_how_to_make_one(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        await seven(bench)
        await bench.press("left_square_bracket")
        assert bench.shows("midas sweep trend-following")


async def test_a_report_never_grows_stale(console: Console) -> None:
    async with console(size=(120, 40)) as bench:
        await seven(bench)
        bench.link.age = 60 * 10**9
        await bench.beat()
        assert not any("STALE" in row for row in bench.screen()[4:38])


async def test_no_figure_loses_its_note_and_the_cursor_reaches_the_last(console: Console) -> None:
    async with console(size=(120, 40)) as bench:
        dear = replace(runs.sheet(), costs=Costs(fees=1_241.2, spread=188.9, impact=1_103.1, traded=9e5))
        await seven(bench, runs.Archive(dear))
        for text in ("10,000 became ", " USDT", "fees 1,241, spread 188.90, impact 1,103"):
            assert bench.shows(text), text
        await bench.press("tab", "tab", "G")
        assert sum("▶" in row for row in bench.screen()) == 2, "in the list and in the figures"


async def test_what_was_made_differently_is_told_whole(console: Console) -> None:
    async with console(size=(120, 40)) as bench:
        minutes = replace(
            runs.sheet("261122-060000-a02"), data=(replace(runs.sheet().data[0], rows=527_040, digest="bb"),)
        )
        await seven(bench, runs.Archive(runs.sheet(), minutes))
        await bench.press("x", "j", "x", "7", "7", "7")
        assert bench.shows("2020-01-01 to 2020-12-31, 527,040 of 1d")
        assert bench.shows("→ 2020-01-01 to 2020-12-31, 366 of 1d")


async def test_two_runs_of_one_minute_have_two_names(console: Console) -> None:
    async with console(size=(120, 40)) as bench:
        await seven(bench, runs.Archive(runs.sheet("261122-142602-e37"), runs.sheet("261122-142632-14f")))
        assert bench.shows("22-142602") and bench.shows("22-142632")


async def test_a_month_and_a_year_without_a_change_are_both_0(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        flat = replace(runs.sheet(), months=(Month(2020, 1, 0.0), Month(2020, 2, 0.00001)))
        await seven(bench, runs.Archive(flat))
        await bench.press("7")
        told = next(row for row in bench.screen() if "2020 " in row and "-" not in row)
        assert told.strip("│┃ ").split() == ["2020", "0", "0", "0"]
