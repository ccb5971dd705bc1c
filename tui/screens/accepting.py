"""Accepting a difference that stands: the engine's review, a reason, then y."""

from __future__ import annotations

from collections.abc import Callable

from textual.widgets import Input

from midas.domain.command import REASON_MIN, Answer, reasoned
from tui.link_port import Clock
from tui.screens.dialogs import NO_REASON, Question, Quiet, clean_lines

Ask = Callable[[str, bool, Callable[[Answer], None]], None]  # reason, confirmed, what to do with the answer


class AcceptDialog(Question):
    """The review comes by itself; Enter never accepts."""

    def __init__(self, subject: str, ask: Ask, clock: Clock) -> None:
        super().__init__(
            f"Accept a difference: {subject}",
            "asking the engine what accepting it would change ..",
            f"why, at least {REASON_MIN} letters, then Enter",
        )
        self._ask = ask
        self._reason = ""  # that y would give
        self._given = ""  # that it gave last
        self._reviewed = False
        self._quiet = Quiet(clock)

    def on_mount(self) -> None:
        """Ask at once; nothing is accepted by that."""
        self.hint("Esc: leave it as it is")
        self._ask("", False, self._review)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """With a reason and a review, y becomes live."""
        reason = event.value.strip()
        if not reasoned(reason):
            self.hint(NO_REASON)
        elif not self._reviewed:
            self.hint("the engine's review is still to come; then Enter again")
        else:
            self._reason = reason
            self._quiet = Quiet(self._quiet.clock)
            event.input.disabled = True
            self.set_focus(None)
            self.hint("y: accept it   Esc: leave it as it is")

    def key_y(self) -> None:
        """The confirmation; does nothing before there is a reason."""
        if self._reason and self._quiet.over:
            self._given, self._reason = self._reason, ""
            self.hint("waiting for the engine's answer; Esc closes this")
            self._ask(self._given, True, self._accepted)

    def _review(self, answer: Answer) -> None:
        if not self.is_mounted:
            return
        self.tell(clean_lines(answer.message))
        self._reviewed = answer.accepted
        if answer.accepted:
            self.hint("Enter: on to the confirmation   Esc: leave it as it is")
        else:
            self.query_one(Input).disabled = True
            self.hint("the engine refuses; Esc closes this")

    def _accepted(self, answer: Answer) -> None:
        if not self.is_mounted:
            return
        if answer.accepted:
            self.dismiss(answer.message)
            return
        self.tell(clean_lines(answer.message))  # it may differ otherwise by now: that is a new review
        self._reason, self._quiet = self._given, Quiet(self._quiet.clock)
        self.hint("not accepted. y: accept what is told above   Esc: leave it as it is")
