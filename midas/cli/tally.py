"""What `midas record` shows while it records, and what it reports at the end."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live
from rich.text import Text

from midas.venues.binance.recorder import Recorder
from midas.venues.recording_writer import MEGABYTE, RecordingWriter

SAY_EVERY_S = 10.0  # where nobody watches a terminal


class Tally:
    """A line that is drawn anew on a terminal and said now and then elsewhere; always on stderr."""

    def __init__(self, args: Namespace) -> None:
        self._json: bool = args.json
        self._console = Console(stderr=True, highlight=False)
        self._live: Live | None = None
        self._recorder: Recorder | None = None
        self._writer: RecordingWriter | None = None
        self._duration: float | None = None
        self._began = self._said = time.monotonic()
        self._seconds = 0.0

    def say(self, sentence: str) -> None:
        """One line of progress: stdout is the result."""
        print(f"midas: {sentence}", file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def showing(self, recorder: Recorder, writer: RecordingWriter, duration: float | None) -> Iterator[None]:
        """Show this recording until the end of the block."""
        self._recorder, self._writer, self._duration = recorder, writer, duration
        self._began = self._said = time.monotonic()
        try:
            if self._console.is_terminal:
                with Live(console=self._console, auto_refresh=False, transient=True) as self._live:
                    yield
            else:
                yield
        finally:
            self._seconds = time.monotonic() - self._began

    def tick(self) -> None:
        """Called a few times a second."""
        now = time.monotonic()
        if self._live is not None:
            self._live.update(Text(self._line(now), no_wrap=True, overflow="ellipsis"), refresh=True)
        elif now - self._said >= SAY_EVERY_S:
            self._said = now
            self.say(self._line(now))

    def report(self, ended: str) -> None:
        """The result of the recording, on stdout."""
        assert self._recorder is not None
        assert self._writer is not None
        result = {
            "files": [str(file) for file in self._writer.files],
            "messages": self._writer.messages,
            "bytes": self._writer.bytes,
            "disk_bytes": self._writer.disk_bytes,
            "seconds": round(self._seconds, 3),
            "connections": self._recorder.connections,
            "gaps": self._recorder.gaps,
            "snapshots": self._recorder.snapshots,
            "ended": ended,
        }
        if self._json:
            print(json.dumps(result))
            return
        files = result.pop("files")
        print("\n".join(f"{key:>12}  {value}" for key, value in result.items()))
        for file in files if isinstance(files, list) else []:
            print(f"{'file':>12}  {file}")

    def _line(self, now: float) -> str:
        assert self._recorder is not None
        assert self._writer is not None
        seconds = max(now - self._began, 1e-9)
        parts = [
            f"{self._writer.messages:,} messages",
            f"{self._writer.bytes / MEGABYTE:.1f} MB ({self._writer.disk_bytes / MEGABYTE:.1f} on disk)",
            f"{self._writer.messages / seconds:,.0f}/s",
            f"gaps {self._recorder.gaps}",
        ]
        if self._duration is not None:
            parts.append(f"{_clock(max(0.0, self._duration - seconds))} left")
        else:
            parts.append(f"{_clock(seconds)}, Ctrl+C ends")
        if not self._recorder.connected:
            parts.append(f"not connected: {self._recorder.problem or 'connecting'}")
        return "recording  " + "  ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
