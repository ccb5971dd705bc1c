"""Commands that begin, watch and end an engine."""

from __future__ import annotations

import argparse

from midas.cli.grammar.base import Parser, Row
from midas.cli.grammar.shared import length_options, link_option, market_options, no_options
from midas.cli.grammar.values import above_zero


def run_options(parser: Parser) -> None:
    """Of `midas` without a command."""
    parser.add_argument("--no-ui", action="store_true", help="the engine alone, in the foreground")
    link_option(parser)
    length_options(parser)
    market_options(parser)


def _attach_options(parser: Parser) -> None:
    link_option(parser, default=argparse.SUPPRESS)


def _supervise_options(parser: Parser) -> None:
    length_options(parser)
    market_options(parser)


def _guard_options(parser: Parser) -> None:
    parser.add_argument(
        "--patience", type=above_zero, metavar="S",
        help="act after S seconds without a step of the engine; default: guard.patience_seconds",
    )  # fmt: skip
    parser.add_argument(
        "--level", choices=("halt", "all", "flatten"), help="of what it does then; default: guard.level"
    )
    parser.add_argument(
        "--once", action="store_true",
        help="say how the engine is, act where it hangs, and end: 1 where that could not be verified",
    )  # fmt: skip
    parser.add_argument("--live", action="store_true", help="needed, besides the file, for environment LIVE")
    parser.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)


def _stop_options(parser: Parser) -> None:
    parser.add_argument("--exchange", action="store_true", help="end the embedded exchange too")


def _init_options(parser: Parser) -> None:
    parser.add_argument("directory", metavar="DIR", help="a new or empty folder")


def _doctor_options(parser: Parser) -> None:
    parser.add_argument("--warm", action="store_true", help="compile the numeric kernels ahead")


ROWS: tuple[Row, ...] = (
    (
        "attach",
        "midas.cli.console:attach",
        "open the console on the running engine; Ctrl+Q leaves it, the engine trades on",
        "midas attach\nmidas attach --link slow          over a thin line",
        _attach_options,
    ),
    (
        "status",
        "midas.cli.status:status",
        "say how the running engine is, or how the last one ended",
        "midas status\nmidas status --json               for a program",
        no_options,
    ),
    (
        "stop",
        "midas.cli.stop:stop",
        "end the engine cleanly, and its supervisor with it",
        "midas stop\nmidas stop --exchange             the embedded exchange, too",
        _stop_options,
    ),
    (
        "supervise",
        "midas.cli.supervise:supervise",
        "run the engine without a console and start it again after a crash",
        "midas supervise --market synthetic --speed 10",
        _supervise_options,
    ),
    (
        "guard",
        "midas.cli.guard:guard",
        "watch the engine and, where it hangs, latch, cancel and close by a session of its own",
        "midas guard                       until it is ended; a supervised engine has one already\n"
        "midas guard --once --json         is the engine well? Acts where it isn't",
        _guard_options,
    ),
    ("init", "midas.cli.init:init", "copy a workspace to start from", "midas init my-desk", _init_options),
    (
        "doctor",
        "midas.cli.doctor:doctor",
        "show every effective setting with its origin, and check this machine",
        "midas doctor --json",
        _doctor_options,
    ),
)
