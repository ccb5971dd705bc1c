"""What a recorded stream is like: read once as the exchange would before it plays it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from midas.domain.time import SECOND
from midas.venues.recording import recording_files
from midas.venues.sim.source.recorded import messages
from midas.venues.sim.source.survey import Survey


class StreamQuality(msgspec.Struct, frozen=True, kw_only=True):
    """One recording. Times in nanoseconds UTC, as the venue stamped them."""

    file: str
    symbols: tuple[str, ...]  # that can be played
    messages: int
    begins: int
    ends: int
    gaps: int  # places at which diffs are missing
    remarks: tuple[str, ...]  # what will be left out, each with its place


def examine_stream(path: Path) -> StreamQuality:
    """Raises RecordingInvalid with file and line for one that can't be played."""
    remarks: list[str] = []
    survey = Survey(str(path))
    for recorded in messages(recording_files(path), remarks.append):
        survey.see(recorded)
    survey.finish(remarks.append)
    return StreamQuality(
        file=str(path), symbols=tuple(survey.symbols), messages=survey.messages, begins=survey.start,
        ends=max(survey.last_time, survey.start + SECOND),
        gaps=sum(len(symbol.runs) - 1 for symbol in survey.symbols.values()), remarks=tuple(remarks),
    )  # fmt: skip
