"""The processes that a crash desk keeps: `python -m tests.e2e.crash_processes exchange|nursery FILE`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from midas.assembly.exchange import exchange_config
from midas.settings import load_settings
from midas.venues.sim.server import serve

WEIGHT_MAX = 600_000  # engines that start every second or two ask more than one engine may


def nursery(log: Path) -> None:
    """Load midas, then fork an engine for each `start` and say its number, or reap it and say its end."""
    import midas.assembly.session
    import midas.cli.keeper
    import midas.cli.run
    import midas.cli.watch  # noqa: F401 - what a start imports, imported once
    from midas.cli import main
    from midas.cli.warm import warm_engine

    warm_engine()
    print("ready", flush=True)
    child = 0
    while word := sys.stdin.readline():
        if word == "start\n":
            child = os.fork()
            if child == 0:
                _speak_to(log)
                os._exit(main(["--no-ui", "--json"]))
            print(child, flush=True)
        else:
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _speak_to(log: Path) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)


async def exchange(run_file: Path) -> None:
    """Serve what the workspace says until the standard input ends; say the run file once it is there."""
    config = exchange_config(load_settings(Path.cwd(), None, {}), run_file)
    config = msgspec.structs.replace(config, weight_max=WEIGHT_MAX, idle_exit_s=0.0)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, stop.set)
    serving = asyncio.create_task(serve(config, stop))
    while not run_file.exists() and not serving.done():
        await asyncio.sleep(0.01)
    print(run_file, flush=True)
    await serving


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "nursery":
        nursery(where)
    else:
        asyncio.run(exchange(where))
