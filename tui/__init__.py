"""The console: draws immutable snapshots of the engine and sends it commands. It owns nothing.

Textual reads its own switches when it is first imported, so they are set here, before any module of
this package can import it: the pace of painting, no animation, and no key that becomes a signal (with
TEXTUAL_ALLOW_SIGNALS the kill chord would never reach the input thread).
"""

from __future__ import annotations

import os

os.environ.setdefault("TEXTUAL_FPS", "20")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
os.environ.pop("TEXTUAL_ALLOW_SIGNALS", None)
