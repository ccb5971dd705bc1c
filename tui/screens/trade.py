"""Screen 1: everything a trader watches, on one page."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen

from midas.state.snapshot import InstrumentView
from tui.desk import Desk
from tui.keys import bindings, hints
from tui.layout import COMPACT_HEIGHT, COMPACT_WIDTH, PANES, Plan, TradeLayout, plan
from tui.present import account, banner, book, chart, desk, events, risk, signals, tape
from tui.present.lines import Line
from tui.present.picture import Picture
from tui.present.status import Notice, Pace, keys_line, notice_line, status_line
from tui.theme import Inks
from tui.widgets.canvas import Canvas
from tui.widgets.pane import Pane, PaneKind

TICKS = 8  # pulls a second of the fastest pane
# What shows a price or a result pulls on the same beats, so that no two numbers contradict each other;
# only the levels of the book are faster.
COMMON = 4
KINDS = (
    PaneKind("chart", COMMON, chart.candles, market=lambda p: p.instrument),
    PaneKind(
        "book", 8, lambda p, s: book.ladder(p.instrument, s, p.printed), book.levels, lambda p: p.instrument
    ),
    PaneKind("book2", COMMON, lambda p, s: book.ladder(p.other, s), market=lambda p: p.other),
    PaneKind("tape", COMMON, tape.prints, market=lambda p: p.instrument),
    PaneKind("signals", 1, signals.feed, signals.keys),
    PaneKind("desk", COMMON, desk.holdings, desk.keys),
    PaneKind("risk", 2, risk.limits),
    PaneKind("events", 1, events.log, events.keys),
    PaneKind("account", COMMON, account.account),
    PaneKind("machine", 1, account.machine),
    PaneKind("summary", COMMON, risk.summary),
    PaneKind("working", COMMON, desk.working, desk.keys),
)
ORDER_PANES = ("desk", "working")


class Deck(Container):
    """The container whose children stand where the plan says."""

    def __init__(self, *children: Canvas) -> None:
        super().__init__(*children, id="deck")
        self.places = TradeLayout()

    @property
    def layout(self) -> TradeLayout:
        """The one layout of this container."""
        return self.places


class TradeScreen(Screen[None]):
    """Panes pull from the desk at their own rates; one timer drives them all."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(anywhere=False)
    AUTO_FOCUS = None

    def __init__(self, console: Desk, inks: Inks) -> None:
        super().__init__()
        self._desk = console
        self._inks = inks
        self._tick = 0
        self._zoomed: str | None = None
        self._notice: Notice | None = None
        self._printed: InstrumentView | None = None
        self.pace = Pace(0.0, 0)
        self.panes = {kind.name: Pane(kind, inks) for kind in KINDS}
        self.banner = Canvas(inks, "banner")
        self.footer = Canvas(inks, "footer")

    def compose(self) -> ComposeResult:
        """Banner, panes, footer."""
        yield Deck(self.banner, *self.panes.values(), self.footer)

    def on_mount(self) -> None:
        """Give the book the keyboard and draw at once."""
        self._arrange()
        self.panes["book"].focus()
        self.draw_all()

    def on_resize(self) -> None:
        """New size, new plan."""
        self._arrange()
        self.call_after_refresh(self.draw_all)

    def pull(self, slow: bool) -> None:
        """One beat: draw the panes that are due; a blurred terminal gets one picture a second."""
        self._tick = (self._tick + 1) % TICKS
        if slow and self._tick:
            return
        picture = self._held(self._desk.picture())
        for pane in self._visible():
            if slow or self._tick % (TICKS // pane.kind.rate) == 0:
                pane.show(picture)
        if slow or self._tick % (TICKS // COMMON) == 0:
            self._draw_edges()

    def draw_all(self) -> None:
        """Draw everything now."""
        self._printed = None
        picture = self._held(self._desk.picture())
        if picture is not None:
            self._match(len(picture.snapshot.instruments))
        for pane in self._visible():
            pane.show(picture)
        self._draw_edges()

    def tell(self, notice: Notice | None) -> None:
        """Show the engine's answer on the last line, or take it away."""
        self._notice = notice
        self._draw_edges()

    def dye(self, inks: Inks) -> None:
        """Other colours."""
        self._inks = inks
        for canvas in (self.banner, self.footer, *self.panes.values()):
            canvas.dye(inks)

    @property
    def chosen_order(self) -> str | None:
        """The client id of the working order under the cursor."""
        for name in ORDER_PANES:
            pane = self.panes[name]
            if name in self._plan().regions and isinstance(pane.selected, str):
                return pane.selected
        return None

    def action_next_pane(self, steps: int) -> None:
        """Tab: the keyboard goes to the next pane; while zoomed, so does the zoom."""
        if self._zoomed is not None:
            names = list(PANES)
            self._zoomed = names[(names.index(self._zoomed) + steps) % len(names)]
            self._arrange()
            self.panes[self._zoomed].focus()
            self.call_after_refresh(self.draw_all)
            return
        names = self._plan().tabs
        if names:
            here = self.focused.id if self.focused is not None else None
            place = names.index(here) + steps if here in names else 0
            self.panes[names[place % len(names)]].focus()

    def action_zoom(self) -> None:
        """The pane with the keyboard takes the whole middle, or gives it back."""
        here = self.focused.id if self.focused is not None else None
        self._zoomed = None if self._zoomed else here if here in self.panes else "book"
        self._arrange()
        self.call_after_refresh(self.draw_all)

    def action_back(self) -> None:
        """Esc: out of the zoom, then away with the cursor."""
        if self._zoomed:
            self.action_zoom()
        else:
            self.action_recentre()

    def action_recentre(self) -> None:
        """No cursor in the pane with the keyboard."""
        pane = self._active()
        if pane is not None:
            pane.release()

    def action_move(self, steps: int) -> None:
        """The cursor of the pane with the keyboard."""
        pane = self._active()
        if pane is not None:
            pane.move(steps)

    def action_jump(self, last: bool) -> None:
        """First or last row."""
        pane = self._active()
        if pane is not None:
            pane.jump(last)

    def action_symbol(self, steps: int) -> None:
        """The other instrument, in every pane at once."""
        self._desk.shift(steps)
        self.panes["book"].selected = None
        self.draw_all()

    def action_freeze(self) -> None:
        """Hold the display still; banner and engine go on."""
        self._desk.freeze()
        self.draw_all()

    def _held(self, picture: Picture | None) -> Picture | None:
        """The picture with the last print of the common beat, so that the book agrees with the banner."""
        if picture is None:
            return None
        if (
            self._tick % (TICKS // COMMON) == 0
            or self._printed is None
            or self._printed.id != picture.instrument_id
        ):
            self._printed = picture.instrument
        return picture._replace(printed=self._printed)

    def _plan_size(self) -> tuple[int, int]:
        return self.app.size.width, self.app.size.height

    def _plan(self) -> Plan:
        width, height = self._plan_size()
        deck = self.query_one(Deck)
        return plan(width, height, self._zoomed, deck.layout.instruments)

    def _visible(self) -> list[Pane]:
        return [self.panes[name] for name in self._plan().tabs]

    def _active(self) -> Pane | None:
        return self.focused if isinstance(self.focused, Pane) else None

    def _arrange(self) -> None:
        deck = self.query_one(Deck)
        deck.layout.zoomed = self._zoomed
        self._lay_out()
        names = self._plan().tabs
        if self.focused is not None and self.focused.id not in names and names:
            self.panes[names[0]].focus()

    def _match(self, instruments: int) -> None:
        deck = self.query_one(Deck)
        if deck.layout.instruments != instruments:
            deck.layout.instruments = instruments
            self._lay_out()

    def _lay_out(self) -> None:
        """Through a child, because Textual forgets the arrangement of a widget's ancestors only."""
        self.banner.refresh(layout=True)

    def _draw_edges(self) -> None:
        width, height = self._plan_size()
        truth = self._desk.truth()
        if truth is None:
            self.banner.put([banner.waiting_line(width, self._desk.waited)])
            self.footer.put([keys_line(hints(False, False), width)])
            return
        self.banner.put([banner.first_line(truth, width), banner.second_line(truth, width)])
        if width >= COMPACT_WIDTH and height >= COMPACT_HEIGHT:
            self.footer.put(self._foot(truth, width))

    def _foot(self, picture: Picture, width: int) -> list[Line]:
        snapshot = picture.snapshot
        offered = keys_line(hints(snapshot.kill.latched, bool(snapshot.orders)), width)
        if self._notice is not None:
            return [offered, notice_line(self._notice, width)]
        return [offered, status_line(picture, self.pace, width)]
