"""How numeric kernels are compiled here: cached on disk, exact IEEE order (no fastmath), types kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """`function` compiled on its first call of each argument types."""
    return cast(Function, njit(cache=True)(function))
