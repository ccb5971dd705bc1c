"""What it costs to put a market event on the tape: microseconds and bytes an event.

Prints one JSON object; its check is the sha256 over the sealed segments' hashes.

    python tests/bench/bench_tape.py [--events 1000000]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import struct
import tempfile
import time
from pathlib import Path

from midas.store.tape import SealedSegment, Tape, read_tape

FLUSH_EVERY = 5_000


def trades(events: int) -> list[bytes]:
    """Bodies of about 37 bytes as a binary codec makes them: a price that walks, odd quantities."""
    rng = random.Random(7)
    bodies, price, at = [], 6_700_000, 1_732_184_746_000_000_000
    for number in range(events):
        price += rng.randint(-3, 3)
        at += rng.randint(1, 30) * 1_000_000
        fields = struct.pack(">qqiiB", at, number, price, rng.randint(1, 2_000), number & 1)
        bodies.append(b"\x95\xa5trade" + fields + b"BTCUSD")
    return bodies


def main() -> None:
    """Record, read back, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    events = parser.parse_args().events
    bodies = trades(events)
    sealed: list[SealedSegment] = []
    with tempfile.TemporaryDirectory() as home:
        tape = Tape(Path(home), sealed.append)
        began = time.perf_counter()
        for sequence, body in enumerate(bodies):
            tape.append(sequence, body)
            if sequence % FLUSH_EVERY == 0:
                tape.flush()
        tape.close()
        took = time.perf_counter() - began
        began = time.perf_counter()
        equal = sum(body == bodies[sequence] for sequence, body in read_tape(Path(home)))
        reading = time.perf_counter() - began
    check = {
        "sha256": hashlib.sha256("".join(seal.sha256 for seal in sealed).encode()).hexdigest()[:16],
        "equal": equal,
        "bytes_per_event": round(sum(seal.size for seal in sealed) / events, 2),
        "segments": len(sealed),
        "events_read_per_second": round(events / reading),
    }
    print(json.dumps({"bench": "tape", "value": round(took / events * 1e6, 3), "unit": "us", "check": check}))


if __name__ == "__main__":
    main()
