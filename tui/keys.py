"""Every key of the console, one row a binding. Help, footer and bindings all come from here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from textual.binding import Binding, BindingType

_NAMES = {
    "next_pane(1)": "pane next", "next_pane(-1)": "pane previous", "move(1)": "down", "move(-1)": "up",
    "move(10)": "page down", "move(-10)": "page up", "jump(False)": "top", "jump(True)": "bottom",
    "symbol(-1)": "symbol previous", "symbol(1)": "symbol next",
}  # fmt: skip
# Keys that mean one thing in one pane and another in the next have a name for all of it.
_SHARED = {
    "left_square_bracket": "less", "right_square_bracket": "more", "left_curly_bracket": "shallower",
    "right_curly_bracket": "deeper", "minus": "narrower", "equals_sign": "wider", "enter": "open",
    "i": "inputs", "a": "amend", "x": "close", "d": "drop", "delete": "delete", "shift+up": "grab-up",
    "shift+down": "grab-down", "E": "export", "ampersand": "severity", "less_than_sign": "report-previous",
    "greater_than_sign": "report-next", "slash": "filter", "f": "follow",
}  # fmt: skip
# The footer from left to right: what falls off where the terminal is narrow stands last.
_FOOTER = ("b/s", "F5-F9", "1 4 5 7 8 9", "Tab", ":", "z", "^Q", "c", "j/k", "h/l", "Space", "!")
_HALTED = ("app.resume", "app.report")  # offered first while something is halted
ALWAYS = 4  # of them stand before the pane's own


class Row(NamedTuple):
    """One binding: Textual's key names, the action, and what a person reads about it."""

    keys: str
    action: str
    shown: str  # how the key is written
    word: str  # in the footer; empty: not there
    help: str
    anywhere: bool = False  # works in every screen, dialogue and input field
    panes: tuple[str, ...] = ()  # acts only while one of these has the keyboard; empty: in all of them

    @property
    def id(self) -> str:
        """The name of the binding in the configuration: the action, or what panes that share a key do."""
        if self.panes:
            return _SHARED[self.keys]
        named = _NAMES.get(self.action, self.action.removeprefix("app."))
        return re.sub("[^a-z0-9]+", "-", named.lower()).strip("-")


BOOKS = ("book", "book2")
# The panes of the screen that has sections.
SECTIONED = (
    "limits",
    "refused",
    "equity",
    "covers",
    "exposure",
    "correlation",
    "modes",
    "triggers",
    "changes",
    "breakers",
    "stops",
    "controls",
    "tail",
    "stress",
    "calibration",
    "runs",
    "report",
    "growth",
    "months",
    "entries",
    "trades",
    "versus",
    "curves",
    "leaders",
)
REPORTED = ("entries", "trades")
REPORTS = SECTIONED[SECTIONED.index("runs") :]  # of screen 7
# What is done to the market of now: the keys work there, too, and the footer has others to name.
_TRADING = ("b/s", "c", "h/l", "!", "Space")


GROUPS: dict[str, tuple[Row, ...]] = {
    "Stopping": (
        Row(
            "ctrl+backslash,f12,ctrl+4", "halt", "^\\ F12 ^4", "",
            "HALT now: no new risk, entries cancelled, exits and stops stay; asks nothing", True,
        ),
        Row("K", "app.report", "K", "", "the halt report: what was stopped and what is still open"),
        Row("R", "app.resume", "R", "", "release a halt: a reason, a review, then the word resume"),
        Row("S", "app.start", "S", "", "start the engine again, where it has ended"),
    ),
    "Modes (safer: at once; riskier: a reason, then y)": (
        Row("f5", "mode('NORMAL')", "F5", "", "NORMAL: trade", True),
        Row("f6", "mode('DEFENSIVE')", "F6", "", "DEFENSIVE: half exposure, only confident signals", True),
        Row("f7", "mode('OBSERVATION')", "F7", "", "OBSERVATION: no new entries, signals recorded", True),
        Row("f8", "mode('PAUSE')", "F8", "", "PAUSE: no new entries, exits are managed", True),
        Row(
            "f9", "emergency", "F9", "",
            "EMERGENCY: HALT at once, FLATTEN chosen: ^\\ fires it within 5 s", True,
        ),
        Row("m", "app.mode_strip", "m", "", "then n d o p e: the same modes by letter"),
        Row("", "", "F5-F9", "mode", ""),
    ),
    "Looking": (
        Row("1", "screen('1')", "1", "", "screen 1: Trade"),
        Row("", "", "1 4 5 7 8 9", "screens", ""),
        Row("4", "screen('4')", "4", "", "screen 4: Orders: positions, working and closed orders, fills"),
        Row("5", "screen('5')", "5", "", "screen 5: Risk, in six sections; 5 again shows the next one"),
        Row("7", "screen('7')", "7", "", "screen 7: Reports: kept back-tests, in five sections"),
        Row("8", "screen('8')", "8", "", "screen 8: Alerts and log: alarms, price alerts, events"),
        Row("9", "screen('9')", "9", "", "screen 9: System: reconciliation, streams, latencies, rates"),
        Row("r", "app.truth", "r", "", "is what I see true? The reconciliation; there r asks for a pass"),
        Row("tab", "next_pane(1)", "Tab", "pane", "next pane (Shift+Tab: back)"),
        Row("shift+tab", "next_pane(-1)", "S-Tab", "", "previous pane"),
        Row("z", "zoom", "z", "zoom", "zoom the pane and back; Tab moves the zoom on"),
        Row("escape", "back", "Esc", "", "leave zoom, then the cursor"),
        Row("j,down", "move(1)", "j", "", "cursor down (levels, signals, orders, events)"),
        Row("k,up", "move(-1)", "k", "", "cursor up"),
        Row("", "", "j/k", "row", ""),
        Row("ctrl+d", "move(10)", "^D", "", "ten rows down"),
        Row("ctrl+u", "move(-10)", "^U", "", "ten rows up"),
        Row("g", "jump(False)", "g", "", "first row"),
        Row("G", "jump(True)", "G", "", "last row"),
        Row("h,left", "symbol(-1)", "h", "", "previous instrument"),
        Row("l,right", "symbol(1)", "l", "", "next instrument"),
        Row("", "", "h/l", "symbol", ""),
        Row("left_square_bracket", "app.timeframe(-1)", "[", "", "shorter candles", panes=("chart",)),
        Row("right_square_bracket", "app.timeframe(1)", "]", "", "longer candles", panes=("chart",)),
        Row("", "", "[ ]", "candles", "", panes=("chart",)),
        Row("minus", "app.width(-1)", "-", "", "narrower candles: more of them", panes=("chart",)),
        Row("equals_sign", "app.width(1)", "=", "", "wider candles", panes=("chart",)),
        Row("", "", "-/=", "width", "", panes=("chart",)),
        Row("left_square_bracket", "app.group(-1)", "[", "", "fewer ticks to a level", panes=BOOKS),
        Row("right_square_bracket", "app.group(1)", "]", "", "more ticks to a level", panes=BOOKS),
        Row("", "", "[ ]", "ticks", "", panes=BOOKS),
        Row("left_curly_bracket", "app.depth(-1)", "{", "", "fewer levels a side", panes=BOOKS),
        Row("right_curly_bracket", "app.depth(1)", "}", "", "more levels: 5, 10, 25, 50", panes=BOOKS),
        Row(
            "left_square_bracket", "section(-1)", "[", "", "previous section of the screen", panes=SECTIONED,
        ),
        Row(
            "right_square_bracket", "section(1)", "]", "", "next section; so does the screen's number",
            panes=SECTIONED,
        ),
        Row("", "", "[ ]", "section", "", panes=SECTIONED),
        Row(
            "x", "app.mark", "x", "mark", "mark a kept back-test; two marked ones are compared",
            panes=("runs",),
        ),
        Row("enter", "app.figure", "Enter", "meaning", "what the chosen figure means", panes=("report",)),
        Row(
            "less_than_sign", "app.instrument(-1)", "<", "", "previous instrument of the back-test",
            panes=REPORTED,
        ),
        Row(
            "greater_than_sign", "app.instrument(1)", ">", "", "next instrument of the back-test",
            panes=REPORTED,
        ),
        Row("", "", "< >", "instrument", "", panes=REPORTED),
        Row("enter", "app.why", "Enter", "why", "explain the chosen signal", panes=("signals",)),
        Row("i", "app.inputs", "i", "inputs", "what the strategy of that signal saw", panes=("signals",)),
        Row("p", "app.private", "p", "", "private: our amounts of money and quantities as dots"),
        Row("ctrl+o", "app.labels", "^O", "", "a letter on every pane; press it to go there"),
        Row("home,full_stop", "recentre", ".", "", "take the cursor away, back to the touch"),
        Row("space", "freeze", "Space", "freeze", "freeze the display; the engine trades on"),
    ),
    "Acting": (
        Row("", "", "b/s", "ticket", ""),
        Row("b", "app.ticket('BUY')", "b", "", "a ticket to buy, at the book's cursor; sends nothing"),
        Row("s", "app.ticket('SELL')", "s", "", "a ticket to sell; F2 reviews it, then y sends it"),
        Row("c", "app.cancel", "c", "cancel", "cancel the chosen working order (asks y)"),
        Row("C", "app.cancel_entries", "C", "", "cancel all entries of the instrument (asks y); exits stay"),
        Row(
            "a", "app.amend", "a", "amend", "another price or quantity for the chosen order of yours",
            panes=("desk", "working", "orders"),
        ),
        Row(
            "x", "app.close", "x", "close", "close the chosen position: a review, then y",
            panes=("desk", "positions"),
        ),
        Row(
            "d", "app.cancel_level", "d", "", "cancel your orders at the level (asks y)",
            panes=("book",),
        ),
        Row("shift+up", "app.grab(1)", "S-↑", "", "move your order at the level: a ticket", panes=("book",)),
        Row("shift+down", "app.grab(-1)", "S-↓", "", "the same, downwards", panes=("book",)),
        Row(
            "enter", "app.life", "Enter", "life", "the life line of the chosen order, step by step",
            panes=("orders", "closed", "working", "desk"),
        ),
        Row(
            "a", "app.accept", "a", "accept", "accept the difference that stands: a review, a reason, then y",
            panes=("reconciliation",),
        ),
        Row("ctrl+c", "app.copy", "^C", "", "copy the row under the cursor (OSC 52)"),
        Row(
            "E", "app.export_table", "E", "export", "write the rows of the pane to a private file (CSV)",
            panes=(
                "positions", "orders", "closed", "fills", "desk", "working", "book", "tape", "signals",
                "chart", "reconciliation",
            ),
        ),
        Row("colon,ctrl+p", "app.palette", ":", "commands", "all commands by name"),
    ),
    "Alerts and log": (
        Row(
            "enter", "app.explain", "Enter", "whole", "what a limit means; all of an event, alarm or break",
            panes=("limits", "refused", "changes", "log", "events", "alarms", "reconciliation"),
        ),
        Row(
            "ampersand", "app.severity", "&", "severity", "all events, warnings and errors, errors only",
            panes=("log", "events"),
        ),
        Row(
            "slash", "app.filter", "/", "filter", "only events that hold a text; Esc there clears it",
            panes=("log", "events"),
        ),
        Row(
            "f", "app.follow", "f", "follow", "follow the newest event, or hold the list still",
            panes=("log", "events"),
        ),
        Row(
            "E", "app.export_log", "E", "export", "write the shown events to a private file (CSV)",
            panes=("log", "events"),
        ),
        Row("exclamation_mark", "app.alert", "!", "alert", "a price alert, at the book's cursor or typed"),
        Row("A", "app.acknowledge", "A", "", "acknowledge the chosen alarm or alert, or all"),
        Row("d", "app.drop_alert", "d", "drop", "forget the chosen price alert", panes=("alerts",)),
        Row("delete", "app.drop_alert", "Del", "", "the same", panes=("alerts",)),
    ),
    "Console": (
        Row("t", "app.theme", "t", "", "dark or light"),
        Row("P", "app.sides", "P", "", "up and down: western, eastern, colour-blind safe, mono"),
        Row("ctrl+l", "repaint", "^L", "", "paint the whole screen anew", True),
        Row("ctrl+q", "detach", "^Q", "detach", "leave the console; the engine trades on", True),
        Row("question_mark", "app.help", "?", "help", "this page"),
    ),
}  # fmt: skip


def rows() -> list[Row]:
    """All rows, in the order of the help page."""
    return [row for group in GROUPS.values() for row in group]


def bindings(anywhere: bool) -> list[BindingType]:
    """The bindings of the app (anywhere) or of the main screen (the rest)."""
    chosen = [row for row in rows() if row.action and row.anywhere == anywhere]
    made: dict[str, Binding] = {}
    for row in chosen:
        action = f"at_pane('{row.keys}')" if row.panes else row.action
        binding = Binding(row.keys, action, row.help, show=False, priority=anywhere, id=row.id)
        made.setdefault(row.keys, binding)
    return list(made.values())


def row_for(keys: str, pane: str) -> Row | None:
    """What a key means in that pane; where it means nothing, the first row that has it."""
    found = [row for row in rows() if row.keys == keys and row.action]
    return next((row for row in found if pane in row.panes), found[0] if found else None)


def panes_for(keys: str) -> tuple[str, ...]:
    """Every pane in which that key means something."""
    return tuple(pane for row in rows() if row.keys == keys for pane in row.panes)


def hints(latched: bool, orders: bool, pane: str, shown: Callable[[Row], str]) -> list[tuple[str, str]]:
    """What the footer offers: only what would do something now, the pane's own keys first."""
    offered = [
        row for row in rows()
        if row.word and (row.word != "cancel" or orders)
        and not (pane in REPORTS and row.shown in _TRADING)
    ]  # fmt: skip
    own = [row for row in offered if pane in row.panes]
    rest = sorted((row for row in offered if not row.panes), key=_place)
    halted = [(shown(row), row.id) for name in _HALTED for row in rows() if latched and row.action == name]
    first = _FOOTER[1:2] if pane in REPORTS else _FOOTER[:ALWAYS]
    always = [row for row in rest if row.shown in first]
    others = [row for row in rest if row not in always]
    return [*halted, *((shown(row), row.word) for row in (*always, *own, *others))]


def _place(row: Row) -> int:
    return _FOOTER.index(row.shown) if row.shown in _FOOTER else len(_FOOTER) + (row.shown == "?")
