"""What a report says fits a terminal, says what isn't known, and loads nothing."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import msgspec
import pytest

from midas.reports import told
from midas.reports.compare import compared
from midas.reports.compare_page import page
from midas.reports.html import document
from midas.reports.page import first, whole
from midas.reports.sheet import ENDLESS, Measure, Month, Readiness, Twin
from midas.reports.trading import trading
from tests.backtest.stage import walk
from tests.reports.conftest import Made, made


@pytest.mark.parametrize("width", [80, 120])
def test_no_row_is_wider_than_the_terminal(run: Made, width: int) -> None:
    assert max(map(len, whole(run.sheet, width))) < width


def test_the_first_page_has_costs_benchmark_intervals_and_trials_on_one_small_screen(run: Made) -> None:
    rows = first(run.sheet)
    text = "\n".join(rows)
    assert len(rows) <= 22
    for word in ("buy & hold", "95 %:", "1 trial on these data", "fees", "spread", "impact"):
        assert word in text
    assert "funding" in "\n".join(first(made(funding=0.0001).sheet))


def test_two_instruments_have_no_more_rows_than_one(run: Made) -> None:
    (source,) = run.sheet.data
    told_of = msgspec.structs.replace(source, remark="data BTC: 3 holes, 17 extreme moves, times read as UTC")
    two = msgspec.structs.replace(run.sheet, data=(told_of, told_of), instruments=("BTC-USDT", "ETH-USDT"))
    assert len(first(two)) <= 22


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_cut_off(run: Made, width: int) -> None:
    file, mode = "/a/long/way/" * 9 + "candles.csv", "mode NORMAL to DEFENSIVE by trigger: " + "because " * 30
    (source,) = run.sheet.data
    sheet = msgspec.structs.replace(
        run.sheet, data=(msgspec.structs.replace(source, file=file),), told=((run.sheet.ends, mode),),
        parameters={f"a_parameter_{n}": n for n in range(12)},
    )  # fmt: skip
    rows = whole(sheet, width)
    assert not any("..." in row for row in rows) and max(map(len, rows)) < width
    said = "".join("".join(rows).split())
    for each in (file, "a_parameter_11", "".join(mode.split()), "year"):
        assert each in said


def test_a_month_reads_the_same_on_a_terminal_and_in_html(run: Made) -> None:
    sheet = msgspec.structs.replace(
        run.sheet, months=(Month(2020, 1, -1e-6), Month(2020, 2, 0.123), Month(2020, 3, -0.9876))
    )
    rows, cells = whole(sheet), re.findall(r"rgba[^>]*>([^<]*)</td>", document(sheet))
    (row,) = [row for row in rows if row.startswith("2020 ")]
    assert row.split()[1:3] == cells[:2] == ["0.0", "12.3"]
    assert row.split()[3] == "-99" and cells[2] == "-98.8"  # rounded to whole ones where room is short


def test_who_could_act_late_is_compared_from_then_on_too(run: Made) -> None:
    at = run.sheet.begins + (run.sheet.ends - run.sheet.begins) // 2
    ready = Readiness(at=at, bars=100, reason="regime unknown", needed=90, own=0.011, held=0.222)
    sheet = msgspec.structs.replace(run.sheet, ready=ready)
    (row,) = [row for row in first(sheet) if row.startswith("since")]
    assert "+1.1%" in row and "+22.2%" in row and "regime unknown" in row
    text = " ".join(" ".join(whole(sheet)).split())
    assert "after 100 bars: until then regime unknown" in text and "need 90 bars" in text
    early = msgspec.structs.replace(sheet, ready=msgspec.structs.replace(ready, at=run.sheet.begins))
    assert not any(row.startswith("since") for row in first(early))


def test_every_word_about_a_signal_is_explained(run: Made) -> None:
    signals = {"acted": 13, "held": 3, "muted": 17, "refused": 1}
    why = {"muted": {"regime UNKNOWN": 17}, "held": {"flat already": 3}}
    sheet = msgspec.structs.replace(run.sheet, signals=signals, why=why, refusals={"cash": 1})
    assert told.signals(sheet) == [
        "34 signals, made whenever what it wants changes: 13 acted, 3 held, 17 muted, 1 refused",
        "acted - an order went out",
        "held - nothing to do: flat already (3)",
        "muted - it may open nothing in such a market: regime UNKNOWN (17)",
        "refused - a limit said no",
    ]
    assert told.refusals(sheet) == "refused by the limits of [risk]: cash 1"


def test_what_is_not_known_has_its_reason(run: Made) -> None:
    assert "too few: 20 of 30" in "\n".join(first(run.sheet))


def test_a_twin_and_a_sweep_are_told_where_they_were_made(run: Made) -> None:
    sheet = msgspec.structs.replace(
        run.sheet, twin=Twin(runs=200, median=0.013, low=-0.1, high=0.1, beaten=0.6),
        evidence=msgspec.structs.replace(run.sheet.evidence, overfitting=0.43),
    )  # fmt: skip
    text = "\n".join(first(sheet))
    assert "beaten: 60% of 200 such runs" in text and "43%" in text


def test_the_verdict_says_how_it_did_against_holding() -> None:
    rising = [1_000.0 + 5.0 * day for day in range(120)]
    said = told.verdict(made(rising).sheet)
    assert re.match(r"It made \+\S+% while buying and holding made \+59", said)
    assert told.verdict(made(rising, lambda _: False).sheet) == (
        "It never traded: of its signals 1 held: flat already."
    )


def test_a_page_in_html_is_whole_and_asks_for_nothing(run: Made) -> None:
    text = document(run.sheet)
    assert not re.search(r"https?://|<script|<link|@import|url\(", text)
    assert "prefers-color-scheme: dark" in text
    for title in (
        "Equity and drawdown",
        "entries and exits",
        "Returns by month",
        "What trades made",
        "ended by",
        "Exposure",
    ):
        assert title in text
    for picture in re.findall(r"<svg.*?</svg>", text, re.S):
        ElementTree.fromstring(picture)


def test_a_name_cannot_break_out_of_the_page(run: Made) -> None:
    text = document(msgspec.structs.replace(run.sheet, strategy="<script>alert(1)</script>"))
    assert "<script>" not in text


def test_an_empty_run_still_makes_both_pages() -> None:
    idle = made(walk(3), lambda _: False).sheet
    assert whole(idle) and "<main>" in document(idle)


def test_a_comparison_tells_what_was_made_differently_and_what_came_of_it(run: Made) -> None:
    other = made(trials=5)
    changed = msgspec.structs.replace(other.sheet, parameters={"span": 7})
    found = compared(run.sheet, changed)
    assert [(each.name, each.first, each.second) for each in found.made] == [("span", "5", "7")]
    assert not found.other_data
    rows = page(run.sheet, changed)
    assert max(map(len, rows)) < 80 and any("growth of both" in row for row in rows)


def test_a_comparison_breaks_no_number_from_its_unit(run: Made) -> None:
    source = msgspec.structs.replace(run.sheet.data[0], rows=1440, digest="another")
    other = msgspec.structs.replace(run.sheet, data=(source,))
    for width in range(80, 120):
        told = [row for row in page(run.sheet, other, width) if "1,440" in row]
        assert told and all("1,440 of 1" in row for row in told), width


def test_a_comparison_has_the_words_of_the_report(run: Made) -> None:
    sure = msgspec.structs.replace(
        run.sheet, evidence=msgspec.structs.replace(run.sheet.evidence, positive=0.9999, deflated=0.0),
        trading=msgspec.structs.replace(run.sheet.trading, profit_factor=Measure(None, 30, ENDLESS)),
    )  # fmt: skip
    said = {each.name: each.first for each in compared(sure, run.sheet).figures}
    assert said["skill above 0 (PSR)"] == ">99%" and said["after all trials (DSR)"] == "<1%"
    assert said["profit factor"] == ">99"


def test_a_trade_that_made_nothing_is_neither_won_nor_lost(run: Made) -> None:
    flat, won = (msgspec.structs.replace(run.trades[0], profit=profit) for profit in (0.0, 1.0))
    sheet = msgspec.structs.replace(run.sheet, trading=trading([flat, won, won], 0, ()))
    (row,) = [row for row in first(sheet) if row.startswith("closed trades")]
    assert "3  2 won, 0 lost, 1 even" in row


@pytest.mark.parametrize("ticks", [False, True])
def test_what_is_heard_late_is_assumed_aloud(run: Made, ticks: bool) -> None:
    given = run.sheet.assumptions | {"feed_latency": 250_000_000, "of_ticks": ticks}
    sheet = msgspec.structs.replace(run.sheet, assumptions=given)
    assert "heard 250 ms late" in told.assumed_short(sheet)
    assert "the market is heard of 250 ms late" in "\n".join(told.assumed(sheet))
    assert "late" not in told.assumed_short(run.sheet)


def test_other_data_are_said_before_any_figure(run: Made) -> None:
    rows = page(run.sheet, made(walk(200, seed=2)).sheet)
    assert "the data differ: these figures answer two questions" in rows


def test_a_comparison_cuts_nothing_off_and_says_what_a_dash_means(run: Made) -> None:
    names = {f"a_parameter_{n}": "long " * 20 for n in range(2)}
    other = msgspec.structs.replace(run.sheet, parameters=names, equity=run.sheet.cash * 1.5)
    rows = page(run.sheet, other)
    assert max(map(len, rows)) < 80 and "".join(rows).count("long") == 40
    assert any(row.startswith("-: too few") for row in rows)
    assert [row.split()[-1] for row in rows if row.startswith("B ") and "%" in row] == ["+50.0%"]
