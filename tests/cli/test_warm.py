from __future__ import annotations

import subprocess
import sys

_COLD = """
import sys
from pathlib import Path
from midas.cli.warm import warm_kernels
from numba.core.dispatcher import Dispatcher

def stored(kernel):
    pattern = f"{Path(kernel.py_func.__code__.co_filename).stem}.{kernel.py_func.__qualname__}-*.nbi"
    return any(Path(kernel.stats.cache_path).glob(pattern))

import midas.venues.sim.source.synthetic  # another process has called its kernels

warm_kernels()
modules = [module for name, module in list(sys.modules.items()) if name.startswith("midas.")]
kernels = {value for module in modules for value in vars(module).values() if isinstance(value, Dispatcher)}
assert len(kernels) > 10
print(sorted(f"{each.__module__}.{each.__name__}" for each in kernels if not stored(each)))
"""


def test_warming_leaves_no_kernel_without_machine_code_on_disk() -> None:
    ended = subprocess.run([sys.executable, "-c", _COLD], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
