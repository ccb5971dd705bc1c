"""Inputs of the benchmarks: the reference generator's where it is at hand, else our own of the same shape."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_REPOSITORY = Path(__file__).resolve().parents[2]
FIRST_ID = 157_000_000_001
_MIDDLE = 6_000_000


def bench_file(name: str) -> Path:
    """The file `name` under MIDAS_BENCH_DATA (else a temporary folder), made where it is missing."""
    folder = Path(os.environ.get("MIDAS_BENCH_DATA", Path(tempfile.gettempdir()) / "midas-bench-data"))
    path = folder / name
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    reference = Path(os.environ.get("MIDAS_REFERENCE_DATA", _REPOSITORY.parent / "shared"))
    script = reference / "bench" / "make_data.py"
    if script.exists():
        subprocess.run(
            [sys.executable, str(script), "--data-dir", str(folder)], check=True, stdout=sys.stderr
        )
        return path
    if name != "book.npz":
        sys.exit(f"{name}: no reference generator at {script}; set MIDAS_REFERENCE_DATA or MIDAS_BENCH_DATA")
    np.savez(path, allow_pickle=False, **book_updates(1_000_000, 500, 7))
    return path


def book_updates(n: int, levels: int, seed: int) -> dict[str, Ints]:
    """A snapshot of `levels` a side, `n` updates that never cross, and the touch after each of them."""
    draw = np.random.Generator(np.random.PCG64(seed))
    lots = np.zeros(40_000, np.int64)
    bid, ask = 19_999, 20_001
    lots[bid - levels + 1 : bid + 1] = draw.integers(1, 5000, levels)
    lots[ask : ask + levels] = draw.integers(1, 5000, levels)
    held = np.flatnonzero(lots)
    snapshot = {"snap_side": (held > bid).astype(np.int64), "snap_tick": held, "snap_qty": lots[held]}
    cells, rows, touch = lots.tolist(), np.empty((n, 3), np.int64), np.empty((n, 2), np.int64)
    distances = np.where(draw.random(n) < 0.8, draw.geometric(0.18, n) % 20, draw.integers(20, levels, n))
    choices = zip(
        draw.integers(0, 2, n).tolist(), distances.tolist(), draw.random(n).tolist(),
        draw.integers(1, 5000, n).tolist(), strict=True,
    )  # fmt: skip
    for i, (side, distance, chance, quantity) in enumerate(choices):
        if side == 0:
            tick = min((bid + ask) // 2 - distance, ask - 1)
            cells[tick] = quantity = 0 if cells[tick] and tick <= bid and chance < 0.42 else quantity
            bid = max(bid, tick) if quantity else bid
            while not cells[bid]:
                bid -= 1
        else:
            tick = max((bid + ask + 1) // 2 + distance, bid + 1)
            cells[tick] = quantity = 0 if cells[tick] and tick >= ask and chance < 0.42 else quantity
            ask = min(ask, tick) if quantity else ask
            while not cells[ask]:
                ask += 1
        rows[i], touch[i] = (side, tick, quantity), (bid, ask)
    return {**snapshot, "side": rows[:, 0], "tick": rows[:, 1], "qty": rows[:, 2], "bbo": touch}


def depth_messages(n: int, seed: int) -> list[bytes]:
    """`n` contiguous depth messages of about 650 bytes, 16 levels each, that never cross."""
    draw = np.random.Generator(np.random.PCG64(seed))
    offsets = draw.integers(0, 400, (n, 16)).tolist()
    lots = np.where(draw.random((n, 16)) < 0.2, 0, draw.integers(1, 2_000_000, (n, 16))).tolist()
    made = []
    for i, (places, quantities) in enumerate(zip(offsets, lots, strict=True)):
        ticks = [_MIDDLE - p if j < 8 else _MIDDLE + 1 + p for j, p in enumerate(places)]
        text = [f'["{t / 100:.8f}","{q / 100_000:.8f}"]' for t, q in zip(ticks, quantities, strict=True)]
        first = FIRST_ID + 16 * i
        made.append(
            f'{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":{1_704_067_200_000 + i},'
            f'"s":"BTCUSDT","U":{first},"u":{first + 15},"b":[{",".join(text[:8])}],'
            f'"a":[{",".join(text[8:])}]}}}}'.encode()
        )
    return made
