"""Is what is shown true? The reconciliation pane, its keys, and the honest word of the banner."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from midas.domain.command import AcceptBreak, Reconcile
from midas.domain.time import SECOND
from midas.state.snapshot import Snapshot
from midas.state.views.reconciliation import DifferenceView, ReconciliationView, VenueView
from tests.fakes import snapshots, truth
from tests.fakes.snapshots import NOW, broken, normal
from tests.tui.conftest import Bench, Console
from tui.present import banner, exposure, reconciliation, system
from tui.present.lines import Line, Sheet
from tui.present.picture import Picture, Spot
from tui.present.scale import PowerScale
from tui.screens.accepting import AcceptDialog

SIZES = [(80, 24), (100, 32), (120, 40), (200, 60)]
STATES = ("CLEAN", "RECOVERING", "STREAM_RECONCILING", "DIFFERS", "BREAK")
STANDING = truth.difference(NOW - 64 * SECOND)
replace = msgspec.structs.replace


def account(state: str, *differences: DifferenceView, **fields: object) -> Snapshot:
    """The sample in that state, with some of its fields otherwise."""
    snapshot = snapshots.account(state, *differences)
    return replace(snapshot, reconciliation=replace(snapshot.reconciliation, **fields))


def shown(snapshot: Snapshot, width: int = 78, height: int = 12, selected: str | None = None) -> Sheet:
    picture = Picture(snapshot, 0, 0, True, 0)
    return reconciliation.pane(picture, Spot(width, height, PowerScale(), selected=selected))


def honest(snapshot: Snapshot, width: int = 120, age: int = 0) -> str:
    """What the banner says of the account."""
    return text(banner.account(Picture(snapshot, 0, age, True, 0), width))


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


def body(sheet: Sheet) -> str:
    return "\n".join(text(row) for row in sheet.rows)


def accepted(bench: Bench) -> list[AcceptBreak]:
    """What was accepted, not only asked about."""
    return [c for c in bench.link.commands if isinstance(c, AcceptBreak) and c.confirmed]


@pytest.mark.parametrize("size", SIZES)
async def test_r_goes_there_from_every_screen_and_asks_for_a_pass_there(
    console: Console, size: tuple[int, int]
) -> None:
    async with console(broken(), size=size) as bench:
        for screen in ("1", "4", "5", "8"):
            await bench.press(screen, "r")
            assert bench.focus == "reconciliation"
        assert bench.link.commands == []
        for words in ("✗ BREAK", "NO DMS", "last clean pass 74s", "✗ STANDS", "0.04320", "0.04310"):
            assert bench.shows(words), words
        await bench.press("r")
        assert bench.link.commands == [Reconcile()]


async def test_a_terminal_without_room_for_it_says_so(console: Console) -> None:
    async with console(broken(), size=(70, 20)) as bench:
        await bench.press("r")
        assert bench.focus == "summary"
        assert bench.link.commands == []


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_a_shape_and_a_word_of_its_own(state: str) -> None:
    sheet = shown(account(state))
    word = state.replace("_", " ")
    others = [text(list(shown(account(other)).note)) for other in STATES if other != state]
    assert word in body(sheet).splitlines()[0]
    assert text(list(sheet.note)).endswith(word)
    assert text(list(sheet.note))[0] not in {other[0] for other in others}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_only_a_clean_account_is_called_reconciled(state: str, width: int) -> None:
    told = honest(account(state), width)
    assert ("✓" in told) is (state == "CLEAN")
    wrong = {"STREAM_RECONCILING": "↻ stream reconciling", "DIFFERS": "≠", "BREAK": "✗ BREAK: NOT RECONCILED"}
    assert wrong.get(state, "") in told


def test_an_account_that_was_not_compared_yet_is_not_called_reconciled() -> None:
    money = replace(normal().money, reconciled=True, reconciled_at=0)
    assert "reconciling" in honest(replace(account("RECOVERING"), money=money))
    failed = replace(normal().money, reconciled=False)
    assert "✗ NOT RECONCILED" in honest(replace(account("CLEAN"), money=failed))
    assert honest(account("CLEAN"), age=3 * SECOND).endswith("○ not known now ")


def test_the_passes_tell_their_ages() -> None:
    clean = body(shown(account("CLEAN"), 120))
    assert "last clean pass 12s ago · next within 18s · 84 passes" in clean
    assert "a pass is running" in body(shown(account("CLEAN", running=True), 120))
    assert "no clean pass yet" in body(shown(account("RECOVERING"), 120))
    late = body(shown(account("BREAK", STANDING, next_at=NOW - SECOND), 120))
    assert "next is due · last pass 12s ago" in late


def test_a_difference_tells_both_sides_since_when_and_what_it_closes() -> None:
    sheet = shown(broken(), selected="difference:BTC")
    standing, watched = body(sheet).splitlines()[2:4]
    for words in ("▶✗ STANDS", "BTC", "0.04320", "0.04310", "64s", "3x"):
        assert words in standing, words
    assert "◔ watching order c7e4" in watched and "not open" in watched
    assert "no new risk while it stands: BTC-USDT" in body(sheet)
    assert "seen in 3 passes in a row" in body(sheet)
    assert text(list(sheet.note)).startswith("1 to accept")


def test_the_evidence_is_that_of_the_chosen_difference() -> None:
    watched = body(shown(broken(), selected="difference:order:m-c7e4"))
    assert "it is looked up by its id" in watched
    assert "if the next pass shows it too, no new risk: ETH-USDT" in watched
    assert "seen in 3 passes" not in watched


@pytest.mark.parametrize("height", range(1, 16))
@pytest.mark.parametrize("width", [60, 78, 120])
def test_whatever_the_room_no_row_is_cut_and_the_standing_one_is_seen(width: int, height: int) -> None:
    many = [replace(truth.lost_order(NOW), name=f"order:{n}", subject=f"order {n}") for n in range(6)]
    sheet = shown(account("BREAK", STANDING, *many), width, height)
    assert len(sheet.rows) <= max(height, 2)
    assert all(len(text(row)) <= width for row in sheet.rows)
    assert height < 2 or "✗ STANDS" in body(sheet)


def test_several_venues_have_a_row_each() -> None:
    venues = (VenueView("binance", "CLEAN"), VenueView("kraken", "STREAM_RECONCILING", "DMS 60s, armed"))
    rows = body(shown(account("STREAM_RECONCILING", venues=venues), 78)).splitlines()
    assert "last clean pass" in rows[0]
    assert rows[1].startswith("✓ CLEAN binance") and "NO DMS" in rows[1]
    assert rows[2].startswith("↻ STREAM RECONCILING kraken") and "DMS 60s, armed" in rows[2]


def test_a_venue_without_a_dead_mans_switch_is_named_where_exposure_and_streams_stand() -> None:
    bare, armed = account("CLEAN"), account("CLEAN", venues=(VenueView("kraken", "CLEAN", "DMS 60s"),))
    for snapshot, there in ((bare, True), (armed, False)):
        picture, spot = Picture(snapshot, 0, 0, True, 0), Spot(60, 12, PowerScale())
        assert ("NO DMS at binance" in text(list(exposure.table(picture, spot).note))) is there
        assert ("NO DMS" in text(system.streams(picture, spot).title)) is there


def test_before_an_engine_has_told_of_a_venue_nothing_falls_over() -> None:
    sheet = shown(replace(normal(), reconciliation=ReconciliationView()))
    assert "no clean pass yet" in body(sheet)


async def test_a_break_is_reviewed_given_a_reason_and_accepted_by_a_late_y(console: Console) -> None:
    async with console(broken()) as bench:
        bench.link.reply = lambda _: (True, "Accepting books -0.00010 BTC at 61,772 (mark of BTC-USDT)")
        await bench.press("r", "j", "a")
        assert bench.shows("Accept a difference: BTC")
        assert bench.link.commands == [AcceptBreak("BTC")]
        assert bench.shows("-0.00010 BTC at 61,772 (mark of BTC-USDT)")
        await bench.press("enter", "y")
        assert bench.shows("a reason needs at least 3 letters")
        await bench.press("backspace", *"a fee", "enter", "y")
        assert accepted(bench) == []
        bench.later(0.4)
        await bench.press("y", "y")
        assert accepted(bench) == [AcceptBreak("BTC", "a fee", True)]
        assert not isinstance(bench.app.screen, AcceptDialog)


async def test_enter_and_escape_accept_nothing(console: Console) -> None:
    async with console(broken()) as bench:
        await bench.press("r", "j", "a", *"because", "enter")
        bench.later(5)
        await bench.press("enter", "enter", "escape")
        assert accepted(bench) == []
        assert bench.focus == "reconciliation"


async def test_what_differs_otherwise_by_now_is_read_again_before_y(console: Console) -> None:
    async with console(broken()) as bench:
        moved = "it isn't what was reviewed any more: 0.05"
        bench.link.reply = lambda c: (not getattr(c, "confirmed", False), moved)
        await bench.press("r", "a", *"because", "enter")
        assert bench.shows("on to the confirmation")
        await bench.press("enter")
        bench.later(1)
        await bench.press("y")
        assert bench.shows("it isn't what was reviewed any more: 0.05")
        await bench.press("y")
        assert len(accepted(bench)) == 1
        bench.later(1)
        bench.link.reply = lambda _: (True, "BTC is accepted as the venue has it")
        await bench.press("y")
        assert len(accepted(bench)) == 2
        assert bench.shows("✓ BTC is accepted as the venue has it")


async def test_only_what_stands_can_be_accepted(console: Console) -> None:
    async with console(broken()) as bench:
        await bench.press("r", "G", "a")
        assert bench.shows("order c7e4 is only watched yet: the next pass tells")
        bench.link.snapshot = account("CLEAN")
        await bench.press("escape", "a")
        assert bench.shows("no difference stands: there is nothing to accept")
        await bench.press("1", "a")
        assert bench.link.commands == []


async def test_the_palette_names_what_can_be_accepted(console: Console) -> None:
    async with console(broken()) as bench:
        await bench.press("colon", *"accept", "space", *"nothing", "enter")
        assert bench.shows("no difference is called 'nothing'; there is BTC, order:m-c7e4")
        await bench.press("escape", "colon", *"accept", "space", *"BTC", "enter")
        assert bench.shows("Accept a difference: BTC")
        await bench.press("escape", "colon", *"reconcile", "enter")
        assert bench.link.commands[-1] == Reconcile()
        await bench.press("1", "colon", *"truth", "enter")
        assert bench.focus == "reconciliation"


async def test_enter_shows_all_that_is_known_of_a_difference(console: Console) -> None:
    async with console(broken(), size=(80, 24)) as bench:
        await bench.press("r", "j", "enter")
        assert bench.shows("difference: BTC")
        assert bench.shows("the venue lists no trade that explains the rest")


async def test_the_differences_can_be_copied_and_exported(console: Console, tmp_path: Path) -> None:
    async with console(broken(), exports=tmp_path) as bench:
        await bench.press("r", "j", "ctrl+c")
        assert bench.shows("the row was sent to your terminal's clipboard")
        await bench.press("E")
        (path,) = tmp_path.glob("*.csv")
        text = path.read_text()
        assert "0.04320,0.04310" in text and "order:m-c7e4" in text


async def test_amounts_of_both_sides_are_dots_in_private(console: Console) -> None:
    async with console(broken()) as bench:
        await bench.press("r", "j", "p")
        assert not bench.shows("0.04320")
        await bench.press("enter")
        assert not bench.shows("0.04320")
