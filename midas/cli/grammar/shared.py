"""Options that several commands share."""

from __future__ import annotations

from midas.cli.grammar.base import Parser
from midas.cli.grammar.values import above_zero, symbol, whole


def link_option(parser: Parser, default: object = None) -> None:
    """Of whatever draws the console."""
    parser.add_argument(
        "--link",
        choices=("lan", "slow", "auto"),
        default=default,
        help="what the line to the terminal carries: lan, slow (under 15 kB/s), auto (slow where it must be)",
    )


def length_options(parser: Parser) -> None:
    """Of whatever runs an engine."""
    parser.add_argument("--duration", type=above_zero, metavar="S", help="end after S wall seconds")
    parser.add_argument("--live", action="store_true", help="needed, besides the file, for environment LIVE")


def market_options(parser: Parser) -> None:
    """Which market the embedded exchange plays, and how fast."""
    parser.add_argument(
        "--market",
        metavar="FILE",
        help="a recorded stream or a folder of them, candles (CSV, Parquet), a world of your own (TOML), or "
        "`synthetic`",
    )
    parser.add_argument(
        "--symbol", type=symbol, metavar="NAME", help="of candles whose file and rows don't name it"
    )
    parser.add_argument(
        "--preset", metavar="NAME", help="of the synthetic market: easy, medium or hard; default: medium"
    )
    parser.add_argument(
        "--speed", type=above_zero, metavar="X", help="the market's clock against the wall's; at most 1000"
    )
    parser.add_argument("--seed", type=whole, metavar="N", help="of the synthetic market")


def no_options(parser: Parser) -> None:
    """For a command that needs nothing but its name."""


def scope_options(parser: Parser, does: str) -> None:
    """A part of the desk; `does` has a place for its name."""
    for scope, metavar in (("strategy", "NAME"), ("instrument", "SYMBOL"), ("venue", "NAME")):
        parser.add_argument(f"--{scope}", metavar=metavar, default="", help=does.format(f"this {scope}"))
