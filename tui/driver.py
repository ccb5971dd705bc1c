"""The terminal driver: the kill chord on the input thread, and an end for every way a terminal can end.

Textual's own driver has four holes here: a chord waits for the event loop, an unterminated paste
swallows it, invalid UTF-8 kills the input thread, and a closed terminal is read for ever.
"""

from __future__ import annotations

import os
import selectors
from threading import Thread, Timer
from typing import IO, Protocol, runtime_checkable

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.reader import Reader
from tui.squeeze import squeeze

POLL = 0.04  # so that a lone Esc is known as such soon after Textual's 100 ms
PASTE = "paste"  # pasted text, where a key is named
JOIN_SECONDS = 1.0
GONE_S = 1.5  # after the terminal: nothing of a console is left two seconds later


@runtime_checkable
class Hearing(Protocol):
    """What the driver asks of its app."""

    def key_from_input(self, key: str, alone: bool) -> None:
        """Called on the input thread the moment a key is read; `alone`: nothing else came with it."""
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


class ConsoleDriver(LinuxDriver):
    """Linux and macOS terminals, with the chord delivered past the event loop."""

    written = 0  # bytes for the terminal since the start

    def start_application_mode(self) -> None:
        """Enter the alternate screen; what is written goes through a file that survives a hang-up."""
        if self._file is not None and not isinstance(self._file, TerminalFile):
            self._file = TerminalFile(self._file)  # type: ignore[assignment]  # only write, flush, fileno are used
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual annotates it nowhere

    def stop_application_mode(self) -> None:
        """Leave no picture behind: without an alternate screen the next lines would be printed over it."""
        self.write("\x1b[2J\x1b[H")
        super().stop_application_mode()

    def _get_terminal_size(self) -> tuple[int, int]:
        """As Rich sees it: where a terminal has no size they would differ by a row, and resize for ever."""
        return self._app.console.size

    def write(self, data: str) -> None:
        """Queue for the terminal, in as few bytes as say the same."""
        data = squeeze(data)
        self.written += len(data.encode())
        super().write(data)

    def run_input_thread(self) -> None:
        """Read until the driver stops or the terminal ends."""
        reader = Reader(self._debug)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if not selector.select(POLL):
                    self._dispatch(reader.silence())
                    continue
                data = self._read()
                if not data:
                    self._end()
                    return
                self._dispatch(reader.read(data))

    def _end(self) -> None:
        """The app leaves by itself; where its loop is too busy to, the process ends all the same."""
        self.send_message(HungUp())
        last = Timer(GONE_S, os._exit, (1,))
        last.daemon = True
        last.start()

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

    def _dispatch(self, messages: list[Message]) -> None:
        """The kill switch hears each key first, at once, on this thread; then everything its usual way."""
        came = [m for m in messages if isinstance(m, events.Key | events.Paste)]
        for message in messages:
            if message in came and isinstance(self._app, Hearing):
                key = message.key if isinstance(message, events.Key) else PASTE
                self._app.key_from_input(key, len(came) == 1)
            self.process_message(message)
