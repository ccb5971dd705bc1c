"""Since when a list of this session knows anything: an engine that started anew begins with empty ones."""

from __future__ import annotations

from midas.domain.time import clock_text
from tui.present.lines import Line, Piece
from tui.present.picture import Picture


def since(picture: Picture) -> str:
    """`this session began 17:28 UTC; earlier ones: midas sessions`."""
    return f"this session began {_began(picture)}; earlier ones: midas sessions"


def tail(picture: Picture, width: int, older: bool = False) -> Line:
    """The same under the oldest row of a list, as far as there is room; or that there were `older` ones."""
    forms = (since(picture), f"since {_began(picture)}; earlier: midas sessions", f"since {_began(picture)}")
    if older:
        forms = (
            "there were older ones; all of them: midas export orders",
            "older ones: midas export orders",
            "older ones",
        )
    return [Piece(" " + next((form for form in forms if len(form) < width), ""), "faint")]


def _began(picture: Picture) -> str:
    return f"{clock_text(picture.snapshot.health.started_at)[:5]} UTC"
