"""Which test shows what a fault hook does to a client: `@shows("freeze")`; a test of the table reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T", bound=Callable[..., Any])

SHOWN: dict[str, list[str]] = {}


def shows(*hooks: str) -> Callable[[_T], _T]:
    """Says that the decorated test shows `hooks`."""

    def noted(test: _T) -> _T:
        for hook in hooks:
            SHOWN.setdefault(hook, []).append(f"{test.__module__.rpartition('.')[2]}.{test.__name__}")
        return test

    return noted
