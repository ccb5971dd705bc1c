"""The order ticket: fields, then the engine's review, then y. Enter never sends anything."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

import msgspec
from textual import events
from textual.app import ComposeResult

from midas.domain.command import AmendOrder, Answer, Command, PlaceOrder
from midas.domain.time import MILLISECOND, SECOND
from midas.state.snapshot import Snapshot
from midas.state.views.market import InstrumentView
from tui import form as forms
from tui.desk import Desk
from tui.form import Form
from tui.present.lines import Sheet
from tui.present.picture import Picture, Spot
from tui.present.ticket import Moment, Stage, sheet
from tui.screens.modal import Modal
from tui.theme import Inks
from tui.widgets.pane import COMMON, Pane, PaneKind

QUIET = 300 * MILLISECOND  # no key for so long before y is alive: a held or pasted key never sends
SHORT = 13  # rows of a ticket that has a review but no fields
REVIEW_MAX = 30 * SECOND  # an older review says nothing about the market that is there now


class Act(NamedTuple):
    """What a ticket is for."""

    title: str
    command: Callable[[Form, bool], Command]  # the form as a command, unconfirmed or confirmed
    told: Callable[[Answer], None]  # gets the answer to the confirmed command


class Ticket(Modal[None]):
    """Holds what was typed until the order is taken; a refusal leaves every field as it was."""

    def __init__(self, inks: Inks, desk: Desk, act: Act, form: Form, ask: bool = False) -> None:
        super().__init__()
        self.form = form
        self.stage: Stage = "edit"
        self._desk = desk
        self._act = act
        self._ask_first = ask
        self._answer: Answer | None = None
        self._tried = False
        self._meant = False  # an unusually large size, once said so
        self._asked = 0  # which question the answer must belong to
        self._since = desk.now()  # asked, or answered
        self._touched = desk.now()  # the last key
        self._pane = Pane(PaneKind("ticket", COMMON, self._draw, market=self._view), inks)

    def compose(self) -> ComposeResult:
        """One pane."""
        yield self._pane

    def on_mount(self) -> None:
        """Draw, and ask at once where nothing is left to fill in."""
        if not self.form.fields:
            self._pane.styles.height = SHORT
        self._pane.focus()
        if self._ask_first:
            self._ask()
        self.follow()
        self.set_interval(0.25, self.follow)

    def follow(self) -> None:
        """Draw with the market as it is now."""
        self._pane.show(self._desk.truth())

    def on_key(self, event: events.Key) -> None:
        """Every key that isn't the application's own ends here."""
        pressed = self._desk.now() - _waited(event)
        quiet = self._quiet(pressed)
        self._touched = max(self._touched, pressed)
        snapshot = self._desk.newest()
        if snapshot is not None and self._takes(event, quiet, snapshot):
            event.stop()
            event.prevent_default()
        self.follow()

    def on_paste(self, event: events.Paste) -> None:
        """A number into a number field; a paste never chooses, reviews or sends."""
        event.stop()
        self._touched = self._desk.now()
        if self.stage == "edit" and self.form.fields:
            self.form = forms.pasted(self.form, event.text)
        self.follow()

    # keys by stage

    def _takes(self, event: events.Key, quiet: bool, snapshot: Snapshot) -> bool:
        if event.key in ("f2", "ctrl+enter"):
            if self.stage in ("edit", "review"):
                self._ask()
            return True
        match self.stage:
            case "edit":
                return self._edit(event, snapshot)
            case "review":
                return self._judge(event.key, quiet)
            case _:
                if event.key == "escape":
                    self._leave()
                return True

    def _edit(self, event: events.Key, snapshot: Snapshot) -> bool:
        form, key = self.form, event.key
        if key == "escape":
            self.dismiss()
        elif not form.fields:
            return False
        elif key in ("tab", "enter", "shift+tab"):
            self.form = forms.moved(form, -1 if key == "shift+tab" else 1)
        elif key in _STEPS:
            self.form = forms.stepped(form, _STEPS[key], snapshot)
        elif key in ("left", "right") and form.field in forms.CHOSEN:
            self.form = forms.stepped(form, 1 if key == "right" else -1, snapshot)
        elif key in ("backspace", "delete"):
            self.form = forms.erased(form)
        elif key == "ctrl+u":
            self.form = forms.cleared(form)
        elif event.is_printable and event.character is not None:
            self.form = forms.typed(form, event.character, snapshot)
        else:
            return False
        return True

    def _judge(self, key: str, quiet: bool) -> bool:
        if key in ("n", "escape"):
            self._leave()
        elif key == "y" and quiet and self._sendable:
            if self._large and not self._meant:
                self._meant = True  # the next y sends, after as quiet a moment
            else:
                self._put("sending", confirmed=True)
        return True

    def _leave(self) -> None:
        """One step back: from the review to the form, from anywhere else away."""
        if self.stage == "sending" or not self.form.fields:
            self.dismiss()
            return
        self._asked += 1
        self.stage, self._answer = "edit", None

    # questions and answers

    def _ask(self) -> None:
        """The review: what the engine says the order would do."""
        snapshot = self._desk.newest()
        self._tried = True
        if snapshot is None:
            return
        wrong = forms.complaints(self.form, snapshot) if self.form.fields else {}
        if wrong:
            first = next(name for name in self.form.open if name in wrong)
            self.stage, self._answer = "edit", None
            self.form = self.form._replace(field=first, note="", fresh=True)
            return
        self._put("asking", confirmed=False)

    def _put(self, stage: Stage, confirmed: bool) -> None:
        self.stage, self._answer = stage, None
        self._asked += 1
        self._since = self._desk.now()
        question = self._asked
        command = self._act.command(self.form, confirmed)
        if self._meant and isinstance(command, PlaceOrder | AmendOrder):
            command = msgspec.structs.replace(command, large=True)
        if confirmed:
            self._desk.send(command, self._taken)
        else:
            self._desk.send(command, lambda answer: self._reviewed(answer, question))

    def _reviewed(self, answer: Answer, question: int) -> None:
        if question != self._asked or not self.is_attached:
            return  # of a form that was changed since
        self._since = self._desk.now()
        self._answer, self._meant = answer, False
        self.stage = "review" if answer.review is not None else "edit"
        self.follow()

    def _taken(self, answer: Answer) -> None:
        if answer.accepted or not self.is_attached:
            self._act.told(answer)
            if self.is_attached:
                self.dismiss()
            return
        self._since = self._desk.now()
        self.stage, self._answer = "edit", answer
        self.follow()

    # drawing

    def _quiet(self, at: int) -> bool:
        """Whether by then nobody had pressed a key, nor the review changed, for long enough."""
        return at - max(self._touched, self._since) >= QUIET

    @property
    def _sendable(self) -> bool:
        review = self._answer.review if self._answer is not None else None
        accepted = self._answer is not None and self._answer.accepted
        return accepted and review is not None and not review.breaches and not self._old

    @property
    def _large(self) -> bool:
        review = self._answer.review if self._answer is not None else None
        return review is not None and bool(review.large)

    @property
    def _old(self) -> bool:
        return self._desk.now() - self._since > REVIEW_MAX

    def _view(self, picture: Picture) -> InstrumentView | None:
        return picture.view(self.form.instrument)

    def _draw(self, picture: Picture, spot: Spot) -> Sheet:
        answer = self._answer
        moment = Moment(
            stage=self.stage,
            title=self._act.title,
            waited=self._desk.now() - self._since,
            review=answer.review if answer is not None else None,
            told=answer.message if answer is not None else "",
            refused=answer is not None and not answer.accepted,
            live=self._sendable and self._quiet(self._desk.now()),
            old=self._old,
            tried=self._tried,
            unmeant=self._large and not self._meant,
        )
        return sheet(picture, spot, self.form, moment)


_STEPS = {
    "up": 1, "down": -1, "shift+up": 10, "shift+down": -10, "pageup": 10, "pagedown": -10,
}  # fmt: skip


def _waited(event: events.Key) -> int:
    """How long ago the key was read, in ns: a loop that was busy hands out old keys late."""
    return max(0, int((monotonic() - event.time) * SECOND))
