"""The one main screen: it holds every pane of every view and shows those that the present view places."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.events import Key
from textual.geometry import Region
from textual.message import Message
from textual.screen import Screen

from midas.state.views.market import InstrumentView
from tui.about import titled
from tui.desk import Desk
from tui.keymap import Keymap
from tui.keys import bindings, hints, panes_for, row_for
from tui.layout import COMPACT_HEIGHT, COMPACT_WIDTH, DeckLayout, Plan, banner_height, plan
from tui.pace import Profile
from tui.present import banner, headline
from tui.present.lines import Line, Piece, clip, fit
from tui.present.masking import masked
from tui.present.picture import Picture
from tui.present.status import Notice, Pace, keys_line, notice_line, status_line
from tui.present.tabs import sections_line, tabs_line
from tui.theme import Inks
from tui.views.table import VIEWS, kinds, numbered, screens, sections
from tui.views.view import View
from tui.widgets.canvas import Canvas
from tui.widgets.pane import COMMON, Pane

UNDER = [("Esc", "close"), ("^\\", "HALT"), ("F5-F9", "mode"), ("^Q", "detach")]  # under a dialogue
NUMBERS = tuple("123456789")
HINT_EDGE = 4  # columns beside a hint: its mark and blanks
TICKS = 8  # pulls a second of the fastest pane


class Deck(Container):
    """The container whose children stand where the plan of the view says."""

    def __init__(self, view: View, *children: Canvas) -> None:
        super().__init__(*children, id="deck")
        self.places = DeckLayout(view.tiers)

    @property
    def layout(self) -> DeckLayout:
        """The one layout of this container."""
        return self.places


class NoEffect(Message):
    """A key did nothing here; why, in words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class DeskScreen(Screen[None]):
    """Panes pull from the desk at their own rates; one timer drives them all."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(anywhere=False)
    AUTO_FOCUS = None

    def __init__(self, console: Desk, inks: Inks, keymap: Keymap) -> None:
        super().__init__()
        self._desk = console
        self._inks = inks
        self._keymap = keymap
        self._tick = 0
        self._zoomed: str | None = None
        self._notice: Notice | None = None
        self._printed: InstrumentView | None = None
        self._paused = False  # panes stand still
        self._homes: dict[tuple[str, str], str] = {}  # where the keyboard was in each view
        self.view = VIEWS[0]
        self.pace = Pace(0.0, 0)
        self.guide = ""  # what the tour asks for, in place of the keys
        self.panes = {kind.name: Pane(kind, inks) for kind in kinds()}
        self.banner = Canvas(inks, "banner")
        self.footer = Canvas(inks, "footer")
        self._deck = Deck(self.view, self.banner, *self.panes.values(), self.footer)

    def compose(self) -> ComposeResult:
        """Banner, panes, footer."""
        yield self._deck

    def on_mount(self) -> None:
        """Give the first pane the keyboard and draw at once."""
        self._arrange()
        self._give(self.view.home)
        self.draw_all()

    def on_resize(self) -> None:
        """New size, new plan."""
        self._arrange()
        self.call_after_refresh(self.draw_all)

    def on_key(self, event: Key) -> None:
        """A number without a screen says so."""
        if event.key in NUMBERS and numbered(event.key) is None and not self._keymap.takes(event.key):
            *others, last = [f"{view.number} {view.name}" for view in screens()]
            there = f"there are {', '.join(others)} and {last}"
            self.post_message(NoEffect(f"there is no screen {event.key}; {there}"))

    def show(self, view: View) -> None:
        """Change to another view; each remembers where its keyboard was."""
        if self.focused is not None and self.focused.id is not None:
            self._homes[self.view.number, self.view.section] = self.focused.id
        self.view, self._zoomed = view, None
        self._deck.layout.tiers, self._deck.layout.strip = view.tiers, bool(view.section)
        self._arrange()
        home = self._homes.get((view.number, view.section), view.home)
        names = self._plan().tabs
        if names:
            self._give(home if home in names else names[0])
        self.call_after_refresh(self.draw_all)

    def pull(self, profile: Profile) -> None:
        """One beat: draw the panes that are due."""
        self._tick = (self._tick + 1) % TICKS
        common = self._tick % (TICKS // max(profile.common, 1)) == 0
        paused, self._paused = self._paused, not profile.quick
        if self._paused:
            if not paused:
                self.draw_all()
            elif common:
                self._draw_edges()
            return
        if paused:
            self.draw_all()
            return
        picture = self._held(self._desk.picture(), common)
        for pane in self._visible():
            if self._tick % (TICKS // profile.rate(pane.kind.rate, COMMON)) == 0:
                self._point(pane)
                pane.show(picture)
        if common:
            self._draw_edges()

    def draw_all(self) -> None:
        """Draw everything now."""
        picture = self._held(self._desk.picture(), True)
        if picture is not None:
            self._match(len(picture.snapshot.instruments))
        for pane in self._visible():
            self._point(pane)
            pane.show(picture)
        self._draw_edges()

    def tell(self, notice: Notice | None) -> None:
        """Show a sentence on the last line, or take it away."""
        self._notice = notice
        self._draw_edges()

    def untell(self) -> None:
        """A key was typed: a hint has been read; an answer of the engine stays."""
        if self._notice is not None and self._notice.accepted is None:
            self.tell(None)

    def dye(self, inks: Inks) -> None:
        """Other colours."""
        self._inks = inks
        for canvas in (self.banner, self.footer, *self.panes.values()):
            canvas.dye(inks)

    def chosen(self, what: str) -> str:
        """What the cursor stands on, of one sort (`order`, `position` ...), the active pane's first.

        Keys of such panes are written `order:CLIENT_ID`; empty where nothing is chosen.
        """
        visible = self._visible()
        active = self._active()
        for pane in ([active] if active is not None else []) + visible:
            key = pane.selected
            if pane in visible and isinstance(key, str) and key.startswith(f"{what}:"):
                return key.partition(":")[2]
        return ""

    @property
    def zoomed(self) -> bool:
        """Whether one pane has the whole middle."""
        return self._zoomed is not None

    def spots(self) -> dict[str, Region]:
        """Where the visible panes stand, in the order of Tab."""
        places = self._plan()
        return {name: places.regions[name] for name in places.tabs}

    def go(self, name: str | None) -> None:
        """Give that pane the keyboard."""
        if name is not None and name in self._plan().tabs:
            self._give(name)

    def visit(self, name: str) -> bool:
        """Give a pane the keyboard, on its own screen where the present one lacks it; False: no room."""
        if name not in self._plan().tabs:
            home = next((view for view in VIEWS if name in [kind.name for kind in view.kinds]), None)
            if home is not None:
                self.show(home)
        self.go(name)
        return name in self._plan().tabs

    @property
    def active(self) -> Pane | None:
        """The pane with the keyboard."""
        return self._active()

    # actions

    def action_screen(self, number: str) -> None:
        """A numbered screen; the number of the present one goes on to its next section."""
        view = numbered(number)
        if view is not None and view.section and number == self.view.number:
            self.action_section(1)
        elif view is not None:
            self.show(view)

    def action_section(self, steps: int) -> None:
        """The next or previous section of the screen, round and round."""
        known = sections(self.view)
        self.show(known[(known.index(self.view) + steps) % len(known)])

    async def action_at_pane(self, key: str) -> None:
        """A key that means something in some panes only; elsewhere say where."""
        here = self.focused.id or "" if self.focused is not None else ""
        row = row_for(key, here)
        if row is not None and here in row.panes:
            await self.run_action(row.action)
        elif row is not None:
            self.post_message(NoEffect(self._works_in(key, self._keymap.shown(row))))

    def action_next_pane(self, steps: int) -> None:
        """Tab: the keyboard goes to the next pane; while zoomed, so does the zoom."""
        if self._zoomed is not None:
            names = [name for name in self.panes if name in self._all_tabs()]
            place = names.index(self._zoomed) + steps if self._zoomed in names else 0
            self._zoomed = names[place % len(names)]
            self._arrange()
            self._give(self._zoomed)
            self.call_after_refresh(self.draw_all)
            return
        names = self._plan().tabs
        if names:
            here = self.focused.id if self.focused is not None else None
            place = names.index(here) + steps if here in names else 0
            self._give(names[place % len(names)])

    def action_zoom(self) -> None:
        """The pane with the keyboard takes the whole middle, or gives it back."""
        here = self.focused.id if self.focused is not None else None
        self._zoomed = None if self._zoomed else here if here in self.panes else self.view.home
        self._arrange()
        self.call_after_refresh(self.draw_all)

    def only(self, name: str) -> str | None:
        """Give one pane the whole middle, on its own screen; returns what is wrong with the name."""
        view = next((v for v in VIEWS if name in [kind.name for kind in v.kinds]), None)
        if view is None:
            return f"no pane is called {name!r}; there are {', '.join(sorted(self.panes))}"
        if name not in self._all_tabs():
            self.show(view)
        self._zoomed = name
        self._arrange()
        self._give(name)
        self.call_after_refresh(self.draw_all)
        return None

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
            self._echo(pane)

    def action_move(self, steps: int) -> None:
        """The cursor of the pane with the keyboard."""
        pane = self._active()
        if pane is not None:
            pane.move(steps)
            self._echo(pane)
            self._rowless(pane)

    def action_jump(self, last: bool) -> None:
        """First or last row."""
        pane = self._active()
        if pane is not None:
            pane.jump(last)
            self._echo(pane)
            self._rowless(pane)

    def action_symbol(self, steps: int) -> None:
        """The other instrument, in every pane at once."""
        self._desk.shift(steps)
        self.panes["book"].selected = None
        self.draw_all()

    def action_freeze(self) -> None:
        """Hold the display still; banner and engine go on."""
        self._desk.freeze()
        self.draw_all()

    # inside

    def _give(self, name: str) -> None:
        """The keyboard, at once: `focus` of a pane waits, and what is typed ahead goes to the one before."""
        self.set_focus(self.panes[name])

    def _rowless(self, pane: Pane) -> None:
        if pane.kind.keys is None:
            self.post_message(NoEffect("nothing can be chosen in this pane: Tab goes on, z zooms"))

    def _works_in(self, key: str, shown: str) -> str:
        """Where a key of other panes works; what it does there, where that is one thing and has room."""
        panes = panes_for(key)
        near = [pane for pane in self._plan().tabs if pane in panes]
        where = ", ".join(titled(near)) if near else _elsewhere(panes, *self._plan_size())
        room = self.app.size.width - HINT_EDGE
        said = _told(f"{shown} works in ", where.split("; "), room)
        row = row_for(key, near[0] if near else panes[0])
        longer = f"{said}: {row.help}" if row is not None and set(near or panes) <= set(row.panes) else said
        return longer if len(longer) <= room else said

    def _point(self, pane: Pane) -> None:
        """Let a pane that follows others show what a cursor of theirs stands on, the active one's first."""
        if not pane.kind.follows:
            return
        cursors = {name: self.panes[name].selected for name in pane.kind.follows}
        active = self._active()
        newest = cursors.get(active.id) if active is not None and active.id is not None else None
        if newest is None and pane.selected not in cursors.values():
            newest = next((key for key in cursors.values() if key is not None), None)
        pane.selected = newest if newest is not None else pane.selected

    def _echo(self, moved: Pane) -> None:
        """At once, not at the next beat."""
        if self._desk.pointed(moved.id or "", moved.selected):
            self.draw_all()
        for pane in self._visible():
            if moved.id in pane.kind.follows:
                self._point(pane)
                pane.again()

    def _held(self, picture: Picture | None, common: bool) -> Picture | None:
        """The picture with the last print of the common beat, so that the book agrees with the banner."""
        if picture is None:
            return None
        if common or self._printed is None or self._printed.id != picture.instrument_id:
            self._printed = picture.instrument
        return picture._replace(printed=self._printed, pace=self.pace, paused=self._paused)

    def _plan_size(self) -> tuple[int, int]:
        return self.app.size.width, self.app.size.height

    def _plan(self) -> Plan:
        return self._deck.layout.plan(*self._plan_size())

    def _all_tabs(self) -> list[str]:
        """What a zoom can show in this view: its own panes and those that it borrows."""
        own = [kind.name for kind in self.view.kinds]
        zoomed, self._deck.layout.zoomed = self._deck.layout.zoomed, None
        placed = self._plan().tabs
        self._deck.layout.zoomed = zoomed
        return [*own, *(name for name in placed if name not in own)]

    def _visible(self) -> list[Pane]:
        return [self.panes[name] for name in self._plan().tabs]

    def _active(self) -> Pane | None:
        return self.focused if isinstance(self.focused, Pane) else None

    def _arrange(self) -> None:
        self._deck.layout.zoomed = self._zoomed
        self._lay_out()
        names = self._plan().tabs
        if self.focused is not None and self.focused.id not in names and names:
            self._give(names[0])

    def _match(self, instruments: int) -> None:
        if self._deck.layout.instruments != instruments:
            self._deck.layout.instruments = instruments
            self._lay_out()

    def _lay_out(self) -> None:
        """Through a child, because Textual forgets the arrangement of a widget's ancestors only."""
        self.banner.refresh(layout=True)

    def _draw_edges(self) -> None:
        width, height = self._plan_size()
        desk = self._desk
        truth = desk.truth()
        if truth is None:
            self.banner.put([banner.waiting_line(width, desk.waited, desk.where, desk.now())])
            self.footer.put([keys_line(hints(False, False, "", self._keymap.shown), width)])
            return
        lines = [headline.first_line(truth, width), banner.second_line(truth, width)]
        if banner_height(width, height) > 2:
            names = [(view.number, view.name) for view in screens()]
            lines.append(tabs_line(truth, names, self.view.number, width))
        if self.view.section and width >= COMPACT_WIDTH and height >= COMPACT_HEIGHT:
            there = [view.section for view in sections(self.view)]
            keys = f"{self._keymap.worn(self.view.number)}  [ ]"
            lines.append(sections_line(there, self.view.section, keys, width))
        self.banner.put(lines)
        if width >= COMPACT_WIDTH and height >= COMPACT_HEIGHT:
            self.footer.put(self._foot(truth, width))

    def _foot(self, picture: Picture, width: int) -> list[Line]:
        snapshot = picture.snapshot
        here = self.focused.id or "" if self.focused is not None else ""
        shown = self._keymap.shown
        alone = self.app.screen is self
        found = hints(snapshot.kill.latched, bool(snapshot.orders), here, shown) if alone else UNDER
        offered = keys_line(found, width)
        if self.guide:
            offered = fit([Piece(clip(f" ▸ {self.guide}", width), "notice", "notice")], width, "notice")
        if self._notice is not None:
            told = notice_line(self._notice, width)
            return [offered, masked(told) if picture.options.private else told]
        placed = self._plan().tabs
        lacks = () if self._zoomed else [name for name in self.view.lacks if name not in placed]
        return [offered, status_line(picture, self.pace, width, lacks)]


def _told(what: str, places: list[str], room: int) -> str:
    """As many places as have room, and where the others are told."""
    for count in range(len(places), 0, -1):
        more = "; ? tells where else" if count < len(places) else ""
        text = f"{what}{'; '.join(places[:count])}{more}"
        if len(text) <= room:
            return text
    return f"{what}other panes: ? tells where"


def _elsewhere(panes: tuple[str, ...], width: int, height: int) -> str:
    """Panes that the present screen doesn't show, with the key of the screen that does at this size."""
    plans = [(view, plan(view.tiers, width, height).tabs) for view in VIEWS]
    placed = [(view, [name for name in names if name in panes]) for view, names in plans]
    told = [
        f"{', '.join(titled(names))} on screen {view.number} {view.section}".rstrip()
        for view, names in placed
        if names
    ]
    return "; ".join(told) or f"{', '.join(titled(panes))}: no room here"
