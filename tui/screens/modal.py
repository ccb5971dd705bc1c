"""What every dialogue is: a screen that closes itself, and never another one."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class Modal(ModalScreen[ScreenResultType]):
    """Closes once, whoever asks how often."""

    def __init__(self) -> None:
        super().__init__()
        self._owed: tuple[ScreenResultType | None] | None = None  # closed while another one lay on it

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close; where another dialogue lies on this one, as soon as that is gone.

        Textual takes away whatever is on top: a key that was typed ahead, or an answer that comes late,
        would close the screen below, or end the console where that is the last one.
        """
        if self.is_active:
            return super().dismiss(result)
        self._owed = (result,)
        return AwaitComplete()

    def on_screen_resume(self) -> None:
        """On top again: close now, where that was owed."""
        if self._owed is not None:
            self.dismiss(*self._owed)
