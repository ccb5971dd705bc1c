"""Questions that a person answers: a reason and y, a typed word, a choice by letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from midas.domain.command import REASON_MIN, Answer, reasoned
from midas.domain.time import MILLISECOND
from tui.link_port import Clock
from tui.present.lines import clean
from tui.present.words import MODES
from tui.screens.modal import Modal
from tui.widgets.input_line import InputLine

QUIET = 300 * MILLISECOND
NO_REASON = f"a reason needs at least {REASON_MIN} letters: it goes into the journal"
ESCAPE = Binding("escape", "dismiss(None)", "back", show=False)


class Quiet:
    """Whether a question has stood long enough for y to be its answer: a pasted or held key comes at once."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._asked = clock()

    @property
    def over(self) -> bool:
        """Whether y counts."""
        return self.clock() - self._asked >= QUIET


class Question(Modal[str | None]):
    """A box with a title, a text and an input; Enter never does the irreversible thing by itself."""

    BINDINGS: ClassVar[list[BindingType]] = [ESCAPE]

    def __init__(self, title: str, text: str, placeholder: str = "") -> None:
        super().__init__()
        self._heading = title
        self._text = text
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        """Title, text, one line of input, and what the keys do."""
        with Vertical(classes="box") as box:
            box.border_title = self._heading
            yield Static(self._text, id="text", markup=False)
            yield InputLine(placeholder=self._placeholder, id="line")
            yield Static("", id="hint", markup=False)

    def tell(self, text: str) -> None:
        """Replace the text."""
        self.query_one("#text", Static).update(text)

    def hint(self, text: str) -> None:
        """The line under the input."""
        self.query_one("#hint", Static).update(text)


class Riskier(Question):
    """Going riskier: a reason first, then y."""

    def __init__(self, before: str, after: str, clock: Clock) -> None:
        text = (
            f"{MODES[before].shape} {before}  →  {MODES[after].shape} {after}: the system may take more risk."
        )
        super().__init__(f"Go riskier: {after}", text, f"reason, at least {REASON_MIN} letters, then Enter")
        self._reason = ""
        self._quiet = Quiet(clock)

    def on_mount(self) -> None:
        """Say what comes."""
        self.hint("Enter: on to the confirmation   Esc: leave it as it is")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """With a reason, the input closes and y becomes live."""
        reason = event.value.strip()
        if not reasoned(reason):
            self.hint(NO_REASON)
            return
        self._reason = reason
        self._quiet = Quiet(self._quiet.clock)
        event.input.disabled = True
        self.set_focus(None)
        self.hint("y: do it   Esc: leave it as it is")

    def key_y(self) -> None:
        """The confirmation; does nothing before there is a reason."""
        if self._reason and self._quiet.over:
            self.dismiss(self._reason)


class Typed(Question):
    """A grave act: the person types a word to show that it is meant."""

    def __init__(self, title: str, text: str, word: str) -> None:
        super().__init__(title, text, f"type {word}, then Enter")
        self._word = word

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Only the exact word counts."""
        if event.value.strip() == self._word:
            self.dismiss(self._word)
        else:
            self.hint(f"type exactly: {self._word}")


class Confirm(Modal[bool]):
    """One question, answered by y a moment after it was put; everything else is no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,escape", "dismiss(False)", "no", show=False),
    ]

    def __init__(self, title: str, text: str, clock: Clock) -> None:
        super().__init__()
        self._heading = title
        self._text = text
        self._quiet = Quiet(clock)

    def key_y(self) -> None:
        """The confirmation."""
        if self._quiet.over:
            self.dismiss(True)

    def compose(self) -> ComposeResult:
        """The question and its two keys."""
        with Vertical(classes="box") as box:
            box.border_title = self._heading
            yield Static(self._text, markup=False)
            yield Static("y: do it   n, Esc: leave it", id="hint", markup=False)


Ask = Callable[[str, bool, Callable[[Answer], None]], None]  # reason, confirmed, what to do with the answer


class ResumeDialog(Question):
    """Two steps at every door: the engine's review of what is open, then the word."""

    def __init__(self, ask: Ask, reason: str = "") -> None:
        super().__init__(
            "Resume after a halt",
            "Why may the system trade again?",
            f"reason, at least {REASON_MIN} letters, then Enter: you get a review first",
        )
        self._ask = ask
        self._given = reason
        self._reason = ""
        self._reviewed = False

    def on_mount(self) -> None:
        """A reason that was typed with the command is taken as it is."""
        if self._given:
            line = self.query_one(Input)
            line.value = self._given
            self._first(line, self._given)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """First the reason, later the word `resume`."""
        value = event.value.strip()
        if not self._reason:
            self._first(event.input, value)
        elif self._reviewed and value == "resume":
            event.input.disabled = True
            self._ask(self._reason, True, self._released)
        elif self._reviewed:
            self.hint("type exactly: resume")

    def _first(self, line: Input, reason: str) -> None:
        if not reasoned(reason):
            self.hint(NO_REASON)
            return
        self._reason = reason
        line.value = ""
        line.placeholder = "waiting for the engine's review"
        self._ask(reason, False, self._review)

    def _review(self, answer: Answer) -> None:
        if not self.is_mounted:
            return
        self.tell(clean_lines(answer.message))
        if answer.accepted:
            self._reviewed = True
            self.query_one(Input).placeholder = "type resume, then Enter"
            self.hint("resume: release the halt   Esc: stay halted")
        else:
            self.hint("the engine refuses; Esc closes this")

    def _released(self, answer: Answer) -> None:
        if not self.is_mounted:
            return
        if answer.accepted:
            self.dismiss(answer.message)
            return
        self.tell(clean_lines(answer.message))
        self.hint("the engine refuses; Esc closes this")


class ModeStrip(Modal[str | None]):
    """After `m`: the modes by letter, at the foot of the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ESCAPE,
        *(
            Binding(letter, f"dismiss('{mode}')", mode, show=False)
            for letter, mode in zip("ndope", MODES, strict=True)
        ),
    ]

    def compose(self) -> ComposeResult:
        """One line."""
        parts = [f"{mode[0].lower()} {badge.shape} {mode}" for mode, badge in MODES.items()]
        yield Static(f" mode:  {'   '.join(parts)}   Esc", id="strip", markup=False)


def clean_lines(text: str) -> str:
    """An engine's text with its line breaks but without other control characters."""
    return "\n".join(clean(line) for line in text.splitlines())
