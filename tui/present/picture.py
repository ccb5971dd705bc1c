"""What a pane is given to draw: the snapshot, the shown instrument, and how old all of it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from midas.domain.time import SECOND
from midas.reports.shelf import Shelf
from midas.runtime.whereabouts import Whereabouts
from midas.state.snapshot import Snapshot
from midas.state.views.market import InstrumentView
from tui.options import Options
from tui.present.pace import Pace
from tui.present.scale import PowerScale
from tui.present.viewport import Key as Key
from tui.present.viewport import Viewport

LINK_STALE_NS = 2 * SECOND
MARKET_STALE_NS = 5 * SECOND


class Picture(NamedTuple):
    """One moment of the engine as the console knows it."""

    snapshot: Snapshot
    chosen: int  # index of the shown instrument
    link_age: int  # ns since the last frame arrived
    connected: bool
    frozen: int  # ns since the display was frozen; 0: it is live
    printed: InstrumentView | None = None  # the shown instrument at the last common beat
    options: Options = Options()
    pace: Pace = Pace(0.0, 0)
    paused: bool = False  # panes stand still while another window has the keyboard (slow lines)
    where: Whereabouts | None = None  # what lives; None: nobody looks
    now: int = 0  # wall ns, as far as `where` needs it
    shelf: Shelf | None = None  # kept back-tests; None: nobody reads them
    apart: bool = False  # the engine that answers is of other code than this console

    @property
    def instrument(self) -> InstrumentView | None:
        """The shown instrument; None before the engine knows any."""
        known = self.snapshot.instruments
        return known[self.chosen % len(known)] if known else None

    @property
    def instrument_id(self) -> str:
        """Its id; empty where there is none."""
        view = self.instrument
        return view.id if view is not None else ""

    @property
    def other(self) -> InstrumentView | None:
        """The instrument beside the shown one; None where there is only one."""
        known = self.snapshot.instruments
        return known[(self.chosen + 1) % len(known)] if len(known) > 1 else None

    def age_of(self, at: int) -> int:
        """How old something of the snapshot is by now, in ns."""
        return max(0, self.snapshot.built_at - at) + self.link_age

    def named(self, instrument_id: str) -> str:
        """`BTC-USDT` for an instrument's id."""
        for view in self.snapshot.instruments:
            if view.id == instrument_id:
                return view.name
        return instrument_id.partition(".")[0]

    def view(self, instrument_id: str) -> InstrumentView | None:
        """The instrument of that id."""
        return next((v for v in self.snapshot.instruments if v.id == instrument_id), None)


class Spot(NamedTuple):
    """Where a pane draws: its inner size, and what the person is doing there."""

    width: int
    height: int
    scale: PowerScale
    focused: bool = False
    selected: Key | None = None
    viewport: Viewport | None = None  # None: as if drawn for the first time

    def rows(self, keys: Sequence[Key], room: int) -> range:
        """Which of these items `room` rows show, the chosen one among them."""
        return (self.viewport or Viewport()).rows(keys, self.selected, room)


def window(count: int, chosen: int, rows: int) -> range:
    """Which of `count` items `rows` rows show so that the chosen one is among them."""
    start = min(max(0, chosen - rows + 1), max(0, count - rows))
    return range(start, min(count, start + rows))
