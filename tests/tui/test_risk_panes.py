"""The panes of screen 5 beside the limits: refusals, stops, order controls, matrix, triggers, breakers."""

from __future__ import annotations

import math

import msgspec
import pytest

from midas.domain.time import SECOND
from midas.state.snapshot import Snapshot
from midas.state.views.mode import GateView
from midas.state.views.risk import ControlsView, CorrelationView, TriggerView
from midas.state.views.signals import BreachView
from tests.fakes import risk_views, snapshots
from tests.fakes.snapshots import NOW, normal
from tui.layout import plan
from tui.present import breakers, controls, correlation, covers, equity, refusals, stops, triggers
from tui.present.lines import Sheet
from tui.present.picture import Picture, Spot
from tui.present.scale import PowerScale
from tui.views.risk import VIEWS
from tui.views.view import View
from tui.widgets.pane import COMMON, PaneKind

replace = msgspec.structs.replace
REVIEW = "midas strategy trend-following resume"
KINDS = [kind for view in VIEWS for kind in view.kinds]


def picture(snapshot: Snapshot) -> Picture:
    return Picture(snapshot, 0, 0, True, 0)


def spot(width: int, height: int, selected: str | None = None) -> Spot:
    return Spot(width, height, PowerScale(), True, selected)


def body(sheet: Sheet) -> str:
    return "\n".join("".join(piece.text for piece in row) for row in sheet.rows)


def empty() -> Snapshot:
    """An engine that has just started, or is older than these panes."""
    return replace(
        snapshots.starting(), limits=(), triggers=(), exposures=(), tree=(), stops=(), breakers=(), tail=(),
        stress=(), modes=(), correlations=CorrelationView(), controls=ControlsView(),
        calibration=type(normal().calibration)(),
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_pane_without_figures_says_why_in_words(kind: PaneKind) -> None:
    sheet = kind.draw(picture(empty()), spot(60, 12))
    words = [word for word in body(sheet).split() if word.isalpha()]
    assert len(words) >= 4
    assert "nan" not in body(sheet)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.section)
def test_no_row_is_cut_at_the_edge_of_its_pane(view: View, size: tuple[int, int]) -> None:
    odd = replace(
        normal(), breakers=risk_views.tripped(NOW), correlations=risk_views.matrix(12),
        tail=risk_views.untold(NOW),
    )  # fmt: skip
    known = {kind.name: kind for kind in KINDS}
    for name, region in plan(view.tiers, *size, strip=True).regions.items():
        if name not in known:
            continue
        for snapshot in (normal(), odd, empty()):
            for selected in chosen(known[name], snapshot):
                sheet = known[name].draw(
                    picture(snapshot), spot(region.width - 2, region.height - 2, selected)
                )
                rows = ["".join(piece.text for piece in row) for row in sheet.rows]
                assert [row for row in rows if len(row.rstrip()) > region.width - 2] == [], name
                assert len(rows) <= region.height - 2, name
                assert "nan" not in "\n".join(rows).lower().split(), name


@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.section)
def test_from_120_columns_on_no_word_is_cut(view: View, size: tuple[int, int]) -> None:
    known = {kind.name: kind for kind in KINDS}
    tripped = replace(normal(), breakers=risk_views.tripped(NOW), correlations=risk_views.matrix(12))
    for name, region in plan(view.tiers, *size, strip=True).regions.items():
        for snapshot in (normal(), tripped) if name in known else ():
            sheet = known[name].draw(picture(snapshot), spot(region.width - 2, region.height - 2))
            assert [row for row in body(sheet).splitlines() if "…" in row] == [], name


def test_a_refusal_without_room_for_its_sentence_tells_the_figures() -> None:
    rows = body(refusals.pane(picture(normal()), spot(48, 16))).splitlines()
    assert rows[-1].endswith("book-imbalance ETH order rate 11 of 10")
    shut = BreachView("gate", 0.0, 0.0, "book-imbalance is closed: paused by ann, command line")
    for width, words in ((60, "paused by ann, command line"), (48, "a closed gate")):
        gated = replace(normal(), signals=tuple(replace(s, breaches=(shut,)) for s in normal().signals))
        text = body(refusals.pane(picture(gated), spot(width, 16)))
        assert text.splitlines()[-1].endswith(f"book-imbalance ETH {words}")
    newest = risk_views.BREACHES[9][0]
    older = replace(normal(), signals=tuple(replace(s, breaches=(newest,)) for s in normal().signals))
    assert body(refusals.pane(picture(older), spot(50, 16))).splitlines()[-1].endswith("position 36.2/35.0%")
    long = replace(normal(), signals=tuple(replace(s, strategy="trend-following") for s in older.signals))
    assert body(refusals.pane(picture(long), spot(48, 16))).splitlines()[-1].endswith("ETH position 36.2/35%")


def test_no_figure_of_a_trigger_is_cut_where_it_is_narrow() -> None:
    little = tuple(msgspec.structs.replace(t, value=0.00002) for t in normal().triggers if t.unit == "%")
    text = body(triggers.pane(picture(msgspec.structs.replace(normal(), triggers=little)), spot(38, 12)))
    assert "…" not in text and "0.002/5% → DEFENSIVE" in text


def test_a_trigger_that_holds_says_all_of_what_ends_it_and_names_what_is_silent_where_it_is_narrow() -> None:
    ends = "calibration z above -1 for 5 days, or 30 with too few signals to tell"
    silent = TriggerView(
        "feed_failed", "no market data for", 3.0, 60.0, math.nan, math.nan, "closes every position", "min",
        False, "", False,
    )  # fmt: skip
    held = TriggerView(
        "calibration_defensive", "calibration z", math.nan, -2.5, math.nan, math.nan, "DEFENSIVE mode", "",
        True, ends, True,
    )  # fmt: skip
    snapshot = replace(normal(), triggers=(silent, held))
    wide, narrow = (body(triggers.pane(picture(snapshot), spot(width, 9))) for width in (53, 38))
    assert f"holds until {ends}" in " ".join(wide.split())
    assert "not known < -2.50 → DEFENSIVE" in wide
    assert "market silent" in narrow
    assert "3/60min → closes" in narrow
    soon = replace(normal(), triggers=(replace(silent, value=25 / 60),))
    assert "25 s of 60 min → closes all" in body(triggers.pane(picture(soon), spot(53, 3)))
    assert "25s/60min → closes" in body(triggers.pane(picture(soon), spot(38, 3)))
    now = replace(normal(), triggers=(replace(silent, value=0.0),))
    assert "0 s of 60 min" in body(triggers.pane(picture(now), spot(53, 3)))
    assert "…" not in wide + narrow
    past = replace(silent, title="day's loss", value=0.07, maximum=0.06, unit="%")
    sheet = triggers.pane(picture(replace(normal(), triggers=(past,))), spot(53, 9))
    assert "".join(piece.text for piece in sheet.note) == "! 1 past its threshold"


def test_without_room_every_closed_gate_has_a_row_and_is_counted() -> None:
    gates = (
        GateView("trend-following", "paused by ann, command line", NOW, REVIEW),
        GateView("breaker", "breaker price feed open: none for 32 s; breaker broker open: gone", NOW),
        GateView("BTC-USDT.binance", "no book for 23 s", NOW),
    )
    shut = picture(replace(normal(), gates=gates))
    narrow = stops.overview(shut, spot(39, 6))
    assert body(narrow).splitlines()[1:4] == [
        "✗ trend-following paused", "✗ breaker price feed open; broker open", "✗ BTC-USDT no book for 23 s",
    ]  # fmt: skip
    assert "".join(piece.text for piece in narrow.note) == "3 gates closed"
    assert "more: z" in "".join(piece.text for piece in narrow.foot)
    wide = body(stops.overview(shut, spot(60, 20)))
    assert f"→ {REVIEW} reviews it" in wide


def test_what_a_kill_level_leaves_is_told_whole_where_there_is_room_else_counted() -> None:
    snapshot = normal()
    left = snapshot.kill.choices[0].leaves
    assert f"leaves {left}" in " ".join(body(stops.overview(picture(snapshot), spot(53, 18))).split())
    narrow = body(stops.overview(picture(snapshot), spot(39, 9)))
    assert "cancels 3, leaves 2 open" in narrow
    assert "…" not in narrow


def chosen(kind: PaneKind, snapshot: Snapshot) -> list[str | None]:
    """No cursor, and one on the last row."""
    keys = kind.keys(picture(snapshot), 20) if kind.keys else []
    return [None, *(str(key) for key in keys[-1:])]


def test_the_last_refusal_stands_there_with_limit_excess_and_what_would_fit() -> None:
    text = " ".join(body(refusals.pane(picture(normal()), spot(78, 6))).split())
    assert "book-imbalance ▲ LONG ETH-USDT" in text
    assert (
        "position: ETH-USDT would be 36.2% of equity, at most 35%: 1.2% over; at most 0.0340 ETH fits" in text
    )
    assert "order rate: 11 orders in 10 s" in text, "the one before it"


def test_what_would_pass_all_limits_stands_before_the_limits_that_refused() -> None:
    fits = "at most 0.02 ETH in all fits"
    both = (
        BreachView("position", 0.4, 0.2, f"ETH-USDT would be 40% of equity; {fits}"),
        BreachView("sector", 0.5, 0.4, f"sector crypto would be 50% of equity; {fits}"),
    )
    signals = tuple(replace(signal, breaches=both) for signal in normal().signals)
    text = body(refusals.pane(picture(replace(normal(), signals=signals)), spot(78, 6)))
    assert text.splitlines()[1] == f"→ {fits}"
    assert text.count("fits") == 1


def test_an_older_refusal_can_be_chosen() -> None:
    shown = picture(normal())
    older = refusals.keys(shown, 0)[-1]
    text = body(refusals.pane(shown, spot(78, 8, older)))
    assert text.splitlines()[1].startswith("✗ order rate: 11 orders in 10 s")


def test_without_a_refusal_it_says_among_how_many_signals() -> None:
    acted = tuple(s for s in normal().signals if s.outcome != "refused")
    text = " ".join(body(refusals.pane(picture(replace(normal(), signals=acted)), spot(78, 6))).split())
    assert f"none of the last {len(acted)} signals was refused" in text


def test_the_meter_tells_what_is_naked_and_why() -> None:
    text = body(covers.pane(picture(normal()), spot(78, 8)))
    assert "! naked " in text
    assert "has its stop only in the engine" in text
    rows = {line.split()[1]: line for line in text.splitlines() if "-USDT" in line and line[0] in "!●✗"}
    assert rows["ETH-USDT"].startswith("! ")
    assert rows["BTC-USDT"].startswith("● ")
    assert "the venue takes no stop" in text


def test_with_every_stop_at_the_venue_nothing_is_naked() -> None:
    safe = tuple(replace(stop, naked=0.0, trouble="") for stop in normal().stops)
    text = body(covers.pane(picture(replace(normal(), stops=safe, naked_memory=0.0)), spot(78, 10)))
    assert "all of it has a stop at the venue" in text
    assert "if every stop is hit -71.40 USDT" in text


def test_a_position_without_a_stop_has_a_shape_of_its_own() -> None:
    bare = (replace(normal().stops[0], kind="none", level=math.nan, risk=math.nan, distance=math.nan),)
    text = body(covers.pane(picture(replace(normal(), stops=bare, naked_bare=90.0)), spot(100, 10)))
    assert "✗ ETH-USDT" in text
    assert "no stop" in text


def test_a_loss_budget_shows_what_the_stops_would_add() -> None:
    text = body(equity.curve(picture(normal()), spot(78, 9)))
    day = next(line for line in text.splitlines() if "day's loss" in line)
    assert "▒" in day
    assert "▓" not in day, "nothing is lost yet"
    assert "if every stop is hit -71.40 USDT  within what day's loss leaves" in text


def test_open_risk_beyond_a_budget_is_said() -> None:
    text = body(equity.curve(picture(replace(normal(), open_risk=400.0)), spot(78, 9)))
    assert "! if every stop is hit -400.00 USDT  more than day's loss leaves" in text


def test_a_budget_that_is_used_up_is_solid() -> None:
    spent = tuple(replace(t, value=t.maximum * 1.1, room=-1.0) for t in normal().triggers)
    text = body(equity.curve(picture(replace(normal(), triggers=spent)), spot(78, 9)))
    assert "████" in next(line for line in text.splitlines() if line.startswith("!day's loss"))


def test_order_controls_name_who_is_stopped_and_the_way_back() -> None:
    gate = GateView(
        "churner", "stopped by the throttle: 31 times BUY BTC-USDT in 60 s, at most 30", NOW - SECOND
    )
    stopped = replace(risk_views.controls(), stopped=("churner",))
    sheet = controls.pane(picture(replace(normal(), controls=stopped, gates=(gate,))), spot(50, 10))
    text = " ".join(body(sheet).split())
    assert "■ churner stopped by the throttle: 31 times BUY BTC-USDT" in text
    assert "strategy churner resume" in text
    assert "1 stopped" in "".join(piece.text for piece in sheet.note)


def test_the_most_of_an_asset_in_one_order_stands_beside_the_most_money() -> None:
    small = replace(risk_views.controls(), quantity_max=(("BTC", 0.005), ("ETH", 2.0)), notional_max=0.4)
    text = body(controls.pane(picture(replace(normal(), controls=small)), spot(60, 10)))
    assert "largest   0.4 USDT, 0.005 BTC, 2 ETH an order" in text
    many = replace(small, quantity_max=tuple((coin, 1.0) for coin in risk_views.COINS))
    for limits, words in ((small, "0.4 USDT, 0.005 BTC, 2 ETH"), (many, "0.4 USDT, 12 assets less")):
        narrow = body(controls.pane(picture(replace(normal(), controls=limits)), spot(37, 6)))
        assert f"largest   {words}\n" in narrow


def test_order_controls_tell_their_numbers_and_what_is_off() -> None:
    text = body(controls.pane(picture(normal()), spot(60, 10)))
    for told in (
        "3 of 20 in 10 s",
        "30 alike in 60 s",
        "2,500 USDT an order",
        "50 bp",
        "after 5 s",
        "10% of equity",
    ):
        assert told in text
    off = replace(risk_views.controls(), repeats_max=0)
    assert "throttle  off" in body(controls.pane(picture(replace(normal(), controls=off)), spot(60, 10)))


def test_a_pair_beyond_the_limit_has_a_mark_and_is_said_in_words() -> None:
    text = body(correlation.pane(picture(normal()), spot(40, 10)))
    assert "!.83" in text
    assert "! BTC and ETH .83: count as one position" in text


def test_a_matrix_of_many_shows_as_many_as_fit_and_counts_the_rest() -> None:
    many = replace(normal(), correlations=risk_views.matrix(12))
    small = body(correlation.pane(picture(many), spot(32, 16)))
    assert len(small.splitlines()[0].split()) == 6
    assert "+10 more: z" in small
    whole = body(correlation.pane(picture(many), spot(78, 18)))
    assert len(whole.splitlines()[0].split()) == 12


def test_an_unknown_correlation_says_how_many_candles_it_needs() -> None:
    young = CorrelationView(("A-B", "C-B"), ((1.0, math.nan), (math.nan, 1.0)), (True, False), 0.7, 0, 12, 41)
    text = " ".join(
        body(correlation.pane(picture(replace(normal(), correlations=young)), spot(40, 10))).split()
    )
    assert "not known before 41 candles of both; the youngest has 12" in text


def test_triggers_that_hold_stand_on_top_with_what_ends_them() -> None:
    active = TriggerView(
        "sharpe_defensive", "30-day Sharpe", -0.4, 0.0, math.nan, math.nan, "DEFENSIVE mode", "", True,
        "30-day Sharpe above 0.50", True,
    )  # fmt: skip
    silent = TriggerView(
        "feed", "no market data for", 1.0, 30.0, math.nan, math.nan, "closes every position", "min"
    )
    shown = replace(normal(), triggers=(silent, *normal().triggers, active))
    lines = body(triggers.pane(picture(shown), spot(78, 10))).splitlines()
    assert lines[0].startswith("◆ 30-day Sharpe")
    assert "-0.40 < 0.00" in lines[0]
    assert "holds until 30-day Sharpe above 0.50" in lines[1]
    assert any("1 min of 30 min" in line for line in lines)


def test_a_breaker_that_is_not_closed_tells_cause_effect_and_next_probe() -> None:
    tripped = replace(normal(), breakers=risk_views.tripped(NOW))
    sheet = breakers.pane(picture(tripped), spot(100, 14))
    text = body(sheet)
    assert text.splitlines()[1].startswith("✗ broker     open")
    assert text.splitlines()[2].startswith("◐ clock      half-open")
    assert "takes away: alert, retry; mode OBSERVATION if it lasts" in text
    assert "half-open once it answers, closed 30 s later" in text
    assert "2 of 7 not closed" in "".join(piece.text for piece in sheet.note)
    chosen = body(breakers.pane(picture(tripped), spot(100, 14, "breaker:clock")))
    assert "closes in 18s" in chosen


def test_a_component_that_nothing_needs_says_so() -> None:
    text = body(breakers.pane(picture(normal()), spot(100, 12, "breaker:news")))
    assert "not used" in text
    assert "nothing here depends on it yet" in text


def test_panes_that_show_money_of_one_account_are_all_drawn_of_the_same_pictures() -> None:
    """Drawn on different beats, what is held and what is naked of it contradicted each other."""
    rates = {kind.name: kind.rate for kind in KINDS}
    money = ("limits", "refused", "equity", "covers", "exposure", "triggers", "controls")
    assert {name: rates[name] for name in money} == dict.fromkeys(money, COMMON)


def paused(count: int) -> Snapshot:
    """As many refusals of a paused strategy after the last one by a limit."""
    last = next(signal for signal in normal().signals if signal.outcome == "refused")
    told = "trend-following is closed: paused by root"
    shut = tuple(
        replace(
            last, sequence=last.sequence + number, at=last.at + number * SECOND, strategy="trend-following",
            breaches=(BreachView("gate", 0.0, 0.0, told),), detail=told,
        )
        for number in range(count, 0, -1)
    )  # fmt: skip
    return replace(normal(), signals=(*shut, *normal().signals))


def test_a_paused_strategys_refusals_leave_the_last_refusal_by_a_limit_where_it_is() -> None:
    text = body(refusals.pane(picture(paused(40)), spot(78, 7)))
    first, *rest = text.splitlines()
    assert first == "‖ trend-following is closed: paused by root (40 since)"
    assert "book-imbalance ▲ LONG ETH-USDT" in rest[0]
    assert "at most 35%" in " ".join(" ".join(rest).split())


def test_every_position_names_its_strategy_where_two_hold_the_same() -> None:
    text = body(covers.pane(picture(normal()), spot(56, 9)))
    for stop in normal().stops:
        assert stop.strategy in text


def test_figures_of_small_losses_have_their_digits() -> None:
    small = tuple(replace(t, value=0.0041, maximum=0.0001) for t in normal().triggers if t.unit == "%")
    shown = picture(replace(normal(), triggers=small))
    assert "0.41% of 0.01%" in body(triggers.pane(shown, spot(78, 14)))
    assert "0.41% of 0.01%" in body(equity.curve(shown, spot(78, 14)))
