"""Modules that are loaded when somebody first asks them for something."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


def when_used(name: str) -> ModuleType:
    """Module `name`, loaded already or at the first use of any of its names; afterwards it costs nothing."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module {name}", name=name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def stand_in(name: str) -> None:
    """Whoever imports `name` from here on doesn't load it yet; the first use of any of its names does.

    For what a library imports and we never use. (`when_used` would load it as soon as it is imported again.)
    """
    spec = importlib.util.find_spec(name) if name not in sys.modules else None
    if spec is not None:
        later = sys.modules[name] = _Later(name)
        later.__spec__, later.__file__ = spec, spec.origin


@contextmanager
def named_only(module: str, *names: str) -> Iterator[None]:
    """`stand_in` for what a library imports, while inside, and names itself: in annotations, say.

    There these names stand for nothing; afterwards they are used, and load the module, as any other.
    """
    stand_in(module)
    later = sys.modules.get(module)
    if not isinstance(later, _Later):
        yield
        return
    vars(later).update(dict.fromkeys(names))
    try:
        yield
    finally:
        for name in names:
            delattr(later, name)


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """While inside, a library that can do without these modules, and asks, finds none of them.

    One that is loaded already stays.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # as the import system marks it
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


class _Later(ModuleType):
    """In the place of a module that nobody has asked for anything."""

    def __getattr__(self, name: str) -> object:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)
