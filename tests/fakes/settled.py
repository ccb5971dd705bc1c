"""What a test waits for after a key: that the console has nothing left to do.

Textual waits until the processor is idle, 20 ms at least and twice a key: that costs most of the time of a
test, and on a busy machine it ends too early or too late.
"""

from __future__ import annotations

import asyncio

import pytest
import textual.app
import textual.pilot
from textual._context import active_app
from textual.screen import Screen

ROUNDS = 200  # repaints after which the console counts as one that never comes to rest


async def settled(_least: float = 0.0, _most: float = 1.0) -> None:
    """Return once no callback is ready and nothing waits to be drawn. AssertionError: it never rests."""
    for _ in range(ROUNDS):
        await _nothing_ready()
        app = active_app.get()
        due = [screen for screen in (*app._background_screens, app.screen) if _due(screen)]
        if not due:
            return
        for screen in due:
            screen._on_timer_update()
    raise AssertionError(f"the console still draws after {ROUNDS} repaints")


def settle_at_once(patch: pytest.MonkeyPatch) -> None:
    """Let every pilot wait that way."""
    patch.setattr(textual.app, "wait_for_idle", settled)
    patch.setattr(textual.pilot, "wait_for_idle", settled)


async def _nothing_ready() -> None:
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    while ready:
        await asyncio.sleep(0)


def _due(screen: Screen[object]) -> bool:
    """Whether a repaint, or what waits for one, is due at the next frame."""
    if not screen.is_current or screen.app._batch_count:
        return False
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
        or (screen._repaint_required and screen is screen.app.screen)  # one behind it repaints for ever
    )
