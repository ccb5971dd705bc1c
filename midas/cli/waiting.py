"""A word on the terminal while something takes long that has no parts to count."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ERASE = "\r\x1b[K"


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """On stderr, where somebody watches; gone with the block."""
    if not sys.stderr.isatty():
        yield
        return
    print(f"{words} ...", end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print(_ERASE, end="", file=sys.stderr, flush=True)
