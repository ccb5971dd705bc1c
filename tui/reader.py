"""From the terminal's bytes to Textual's messages: no input, however broken, may deafen the console."""

from __future__ import annotations

from codecs import getincrementaldecoder

from textual._xterm_parser import XTermParser
from textual.events import Key
from textual.message import Message

from tui import chord

PASTE_OPEN, PASTE_CLOSE = "\x1b[200~", "\x1b[201~"
SILENT_POLLS = 3  # a chord alone after this many polls without input ends an open paste


class PasteWatch:
    """Knows whether a bracketed paste is open, even when its marker arrives in two reads."""

    def __init__(self) -> None:
        self.open = False
        self._tail = ""

    def feed(self, text: str) -> None:
        """Take note of the markers in `text`; the last one decides."""
        seen = self._tail + text
        opened, closed = seen.rfind(PASTE_OPEN), seen.rfind(PASTE_CLOSE)
        if opened != closed:
            self.open = opened > closed
        self._tail = seen[-(len(PASTE_OPEN) - 1) :]


class Reader:
    """Textual's parser with its holes closed: broken UTF-8, open pastes, reports it can't read."""

    def __init__(self, debug: bool = False) -> None:
        self._debug = debug
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._parser = XTermParser(debug)
        self._paste = PasteWatch()
        self._quiet = SILENT_POLLS

    def read(self, data: bytes) -> list[Message]:
        """What these bytes mean, as far as that is known yet."""
        text = chord.plain(self._decode(data))
        messages: list[Message] = []
        if self._paste.open and self._quiet >= SILENT_POLLS and chord.alone(text):
            self._paste.feed(PASTE_CLOSE)
            messages += self._feed(PASTE_CLOSE)
        self._quiet = 0
        self._paste.feed(text)
        # Part by part, so that a report the parser can't read takes no chord along.
        before, *after = text.split(chord.QUIT)
        for part in [before, *(piece for rest in after for piece in (chord.QUIT, rest))]:
            if part:
                messages += self._feed(part)
        return messages + list(self._parser.tick())

    def silence(self) -> list[Message]:
        """Nothing came for one poll: a lone Esc is a key now, and half a character stays one."""
        self._quiet += 1
        half = self._decode(b"", True) if self._quiet == SILENT_POLLS else ""
        return (self._feed(half) if half else []) + list(self._parser.tick())

    def _feed(self, text: str) -> list[Message]:
        messages: list[Message] = []
        if text == chord.QUIT and not self._paste.open and self._parser._timeout_time is not None:
            # Half a sequence stands before it (an Esc, say): that is over now, the chord is no part of it.
            self._parser._timeout_time = 0.0
            messages += self._parser.tick()
        try:
            for message in self._parser.feed(text):
                if not (isinstance(message, Key) and _half(message.character)):
                    messages.append(message)
        except (ValueError, ArithmeticError, LookupError):  # what a broken report holds, reckoned with
            self._parser = XTermParser(self._debug)
            self._paste = PasteWatch()
        return messages


def _half(character: str | None) -> bool:
    """Half of a surrogate pair, as kitty's reports can name it: neither a terminal nor the link takes it."""
    return character is not None and "\ud800" <= character <= "\udfff"
