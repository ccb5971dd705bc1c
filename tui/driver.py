"""The terminal driver: the kill chord on the input thread, and an end for every way a terminal can end.

Textual's own driver has four holes here: a chord waits for the event loop, an unterminated paste
swallows it, invalid UTF-8 kills the input thread, and a closed terminal is read for ever.
"""

from __future__ import annotations

import os
import selectors
from codecs import getincrementaldecoder
from threading import Thread
from typing import IO, Protocol, runtime_checkable

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.squeeze import squeeze

CHORD_KEYS = frozenset({"ctrl+backslash", "f12", "ctrl+4"})
CHORD_BYTES = frozenset({b"\x1c", b"\x1b[24~", b"\x1b[92;5u", b"\x1b[52;5u"})
PASTE_OPEN, PASTE_CLOSE = "\x1b[200~", "\x1b[201~"
POLL = 0.04  # so that a lone Esc is known as such soon after Textual's 100 ms
SILENT_POLLS = 3  # a chord alone after this many polls without input ends an open paste
JOIN_SECONDS = 1.0


@runtime_checkable
class Haltable(Protocol):
    """What the driver asks of its app."""

    def halt_from_input(self, key: str) -> None:
        """Called on the input thread the moment a chord is read."""
        ...


class HungUp(Message):
    """The terminal is gone."""


class TerminalFile:
    """The terminal as a file that swallows writes once it is gone, so that no writer thread dies."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.gone = False

    def write(self, text: str) -> int:
        """Write, unless nobody is there any more."""
        if self.gone:
            return len(text)
        try:
            return self._file.write(text)
        except (OSError, ValueError):
            self.gone = True
            return len(text)

    def flush(self) -> None:
        """Flush, unless nobody is there any more."""
        if self.gone:
            return
        try:
            self._file.flush()
        except (OSError, ValueError):
            self.gone = True

    def fileno(self) -> int:
        """The descriptor of the terminal."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal at all."""
        return self._file.isatty()


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


class ConsoleDriver(LinuxDriver):
    """Linux and macOS terminals, with the chord delivered past the event loop."""

    def start_application_mode(self) -> None:
        """Enter the alternate screen; what is written goes through a file that survives a hang-up."""
        if self._file is not None and not isinstance(self._file, TerminalFile):
            self._file = TerminalFile(self._file)  # type: ignore[assignment]  # only write, flush, fileno are used
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual annotates it nowhere

    def write(self, data: str) -> None:
        """Queue for the terminal, in as few bytes as say the same."""
        super().write(squeeze(data))

    def process_message(self, message: Message) -> None:
        """The chord first, at once, on this thread; then everything its usual way."""
        if isinstance(message, events.Key) and message.key in CHORD_KEYS and isinstance(self._app, Haltable):
            self._app.halt_from_input(message.key)
        super().process_message(message)

    def run_input_thread(self) -> None:
        """Read until the driver stops or the terminal ends."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        paste = PasteWatch()
        quiet = SILENT_POLLS
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if not selector.select(POLL):
                    quiet += 1
                    self._dispatch(parser.tick())
                    continue
                data = self._read()
                if not data:
                    self.send_message(HungUp())
                    return
                if quiet >= SILENT_POLLS and paste.open and data in CHORD_BYTES:
                    paste.feed(PASTE_CLOSE)
                    self._dispatch(parser.feed(PASTE_CLOSE))
                text = decode(data)
                paste.feed(text)
                if text:
                    self._dispatch(parser.feed(text))
                self._dispatch(parser.tick())
                quiet = 0

    def close(self) -> None:
        """Stop the writer, but don't wait for ever for a terminal that does not read."""
        writer = self._writer_thread
        if writer is not None:
            stopper = Thread(target=writer.stop, name="writer-stop", daemon=True)
            stopper.start()
            stopper.join(JOIN_SECONDS)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""  # a hang-up reads as the end

    def _dispatch(self, messages: object) -> None:
        for message in messages:  # type: ignore[attr-defined]  # Textual's parser yields Message
            self.process_message(message)
