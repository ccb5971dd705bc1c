"""How the panes of screen 1 are looked at: timeframe and zoom, grouping and depth, privacy, jump labels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tui.core import Core
from tui.entry import Entry
from tui.present import signals, why
from tui.present.bars import TIMEFRAMES, ZOOMS
from tui.present.grouping import DEPTHS, GROUPS
from tui.screens.labels import JumpLabels

HIDDEN = ("chart", "tape")  # panes of screen 1 that a small terminal has no room for


class Viewing(Core):
    """Only looks: nothing here reaches the engine."""

    def entries(self) -> list[Entry]:
        """Timeframes, groups, depths and privacy by name."""
        frames, groups = [str(n) for n in TIMEFRAMES], [str(n) for n in GROUPS]
        depths = [str(n) for n in DEPTHS]
        return [
            *super().entries(),
            Entry("timeframe", "base bars to one candle", self._timeframe, "BARS", "[ ]", lambda: frames),
            Entry("group", "ticks to one level of the book", self._group, "TICKS", "[ ]", lambda: groups),
            Entry("depth", "levels of the book, a side", self._depth, "LEVELS", "{ }", lambda: depths),
            Entry("pane", "one pane alone, z: back", self._pane, "NAME", "z", lambda: list(self.stage.panes)),
            *(Entry(name, f"the {name} alone, z: back", partial(self._only, name)) for name in HIDDEN),
            Entry(
                "private",
                "our amounts as dots, and back",
                lambda _: self.action_private(),
                key="p",
                also=("privacy",),
            ),
            Entry(
                "labels",
                "a letter on every pane: go there",
                lambda _: self.action_labels(),
                key="^O",
                also=("jump",),
            ),
        ]

    def action_timeframe(self, steps: int) -> None:
        """Longer or shorter candles."""
        options = self.options
        bars = _shifted(TIMEFRAMES, options.bars, steps)
        if bars == options.bars:
            self.say(f"there is no {'longer' if steps > 0 else 'shorter'} candle than {bars} base bars")
        self.see(options._replace(bars=bars))

    def action_width(self, steps: int) -> None:
        """Wider or narrower candles."""
        zoom = _shifted(ZOOMS, self.options.zoom, steps)
        if zoom == self.options.zoom:
            self.say(f"candles can't be {'wider' if steps > 0 else 'narrower'} than they are: {zoom} of 4")
        self.see(self.options._replace(zoom=zoom))

    def action_group(self, steps: int) -> None:
        """More or fewer ticks to one level of the book."""
        self.see(self.options._replace(group=_shifted(GROUPS, self.options.group, steps)))

    def action_depth(self, steps: int) -> None:
        """More or fewer levels of the book."""
        depth = _shifted(DEPTHS, self.options.depth, steps)
        self.see(self.options._replace(depth=depth))
        self.say(f"the book shows at most {depth} levels a side; z gives it the whole screen")

    def action_private(self) -> None:
        """Our amounts of money and quantities as dots, and back."""
        private = not self.options.private
        self.see(self.options._replace(private=private))
        self.say("private: our amounts are dots; p shows them again" if private else "our amounts are shown")

    def action_why(self) -> None:
        """The chosen signal in full."""
        self._explain(inputs_first=False)

    def action_inputs(self) -> None:
        """The same page, what the strategy looked at first."""
        self._explain(inputs_first=True)

    def action_labels(self) -> None:
        """A letter on every pane; the next key goes there."""
        self.push_screen(JumpLabels(self.stage.spots(), self.inks), self.stage.go)

    def _explain(self, inputs_first: bool) -> None:
        picture = self.console_desk.picture()
        signal = signals.found(picture, self.stage.panes["signals"].selected) if picture is not None else None
        if picture is None or signal is None:
            self.say("no signal has been made yet")
            return
        lines = partial(why.whole, picture, signal, inputs_first)
        self.read(why.heading(picture, signal), lines)

    def _pane(self, name: str) -> str | None:
        return self.stage.only(name)

    def _only(self, name: str, _rest: str) -> str | None:
        return self.stage.only(name)

    def _timeframe(self, rest: str) -> str | None:
        bars = _chosen(TIMEFRAMES, rest)
        if bars is None:
            return f"timeframes are {_listed(TIMEFRAMES)} base bars"
        self.see(self.options._replace(bars=bars))
        if "chart" not in self.stage.spots():
            self.say(f"candles: {bars} base bars; no chart is on this screen: `chart` shows it")
        return None

    def _group(self, rest: str) -> str | None:
        group = _chosen(GROUPS, rest)
        if group is None:
            return f"groups are {_listed(GROUPS)} ticks"
        self.see(self.options._replace(group=group))
        return None

    def _depth(self, rest: str) -> str | None:
        depth = _chosen(DEPTHS, rest)
        if depth is None:
            return f"depths are {_listed(DEPTHS)} levels"
        self.see(self.options._replace(depth=depth))
        return None


def _shifted(values: Sequence[int], now: int, steps: int) -> int:
    place = values.index(now) if now in values else 0
    return values[min(max(place + steps, 0), len(values) - 1)]


def _chosen(values: Sequence[int], text: str) -> int | None:
    return int(text) if text.isdecimal() and int(text) in values else None


def _listed(values: Sequence[int]) -> str:
    return f"{', '.join(str(v) for v in values[:-1])} and {values[-1]}"
