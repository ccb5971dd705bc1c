"""A module that is loaded when somebody first asks it for something."""

from __future__ import annotations

import importlib.util
import sys
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
