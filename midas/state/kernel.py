"""How numeric kernels are compiled here: cached on disk, exact IEEE order (no fastmath), types kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from midas.state.lazy import absent

with absent("cffi", "yaml"):  # of what numba can also do; loading both would be a thirtieth of a start
    import numba.core.typing.cffi_utils  # noqa: F401 - asks once; later it would find the parser
    from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """`function` compiled on its first call of each argument types."""
    return cast(Function, njit(cache=True)(function))
