"""Commands about what was written down: sessions, orders, recordings."""

from __future__ import annotations

from midas.cli.grammar.base import Parser, Row, add
from midas.cli.grammar.shared import market_options, no_options
from midas.cli.grammar.values import above_zero, percent, seconds, whole


def _replay_options(parser: Parser) -> None:
    parser.add_argument(
        "session", metavar="SESSION", help="as `midas sessions` names it; `last` is the newest"
    )
    parser.add_argument("--verify", action="store_true", help="compare every decision with the recorded one")


def _repair_options(parser: Parser) -> None:
    parser.add_argument(
        "session",
        metavar="SESSION",
        nargs="?",
        default="",
        help="as `midas sessions` names it; default: the newest one that hinders a start",
    )
    parser.add_argument("--yes", action="store_true", help="do it; without it only what is damaged is shown")


def _kpi_options(parser: Parser) -> None:
    parser.add_argument(
        "--target",
        type=percent,
        metavar="PCT",
        help="a return of PCT percent a year: the skill that it asks",
    )


def _export_options(parser: Parser) -> None:
    words = parser.add_subparsers(title="what to write", metavar="WORD", required=True, parser_class=Parser)
    add(words, _EXPORT_ORDERS)


def _export_orders_options(parser: Parser) -> None:
    parser.add_argument(
        "--from", dest="start", metavar="TIME", default="", help="a date, or 2026-11-21T09:30:00; UTC"
    )
    parser.add_argument("--to", dest="end", metavar="TIME", default="", help="likewise; a date is inside")
    parser.add_argument("--csv", metavar="FILE", default="", help="write it as CSV")
    parser.add_argument("--parquet", metavar="FILE", default="", help="write it as Parquet")


def _record_options(parser: Parser) -> None:
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="the folder of the files, made if missing"
    )
    parser.add_argument(
        "--instruments", metavar="LIST", help="such as BTCUSDT,ETHUSDT; default: the configured ones"
    )
    parser.add_argument(
        "--for", type=seconds, dest="duration", metavar="TIME", help="end after it: 90s, 10m, 8h, 2d"
    )
    parser.add_argument(
        "--rotate-mb", type=above_zero, default=64.0, metavar="MB", help="begin a new file at this size (64)"
    )
    parser.add_argument(
        "--rotate", type=seconds, default=3600.0, metavar="TIME",
        help="begin a new file at each multiple of TIME (1h)",
    )  # fmt: skip
    market_options(parser)


def _verify_book_options(parser: Parser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="a recorded stream with depth, bookTicker and a snapshot"
    )
    parser.add_argument(
        "--drop", type=whole, metavar="N", help="leave out the N-th diff: the gap must be seen"
    )


_EXPORT_ORDERS: Row = (
    "orders",
    "midas.cli.export:orders",
    "write what became of every order of every session, with the fields of MiFID II",
    "midas export orders --from 2026-11-01 --to 2026-11-30 --csv november.csv",
    _export_orders_options,
)


ROWS: tuple[Row, ...] = (
    (
        "kpi",
        "midas.cli.kpi:kpi",
        "show the key figures against their goals, and the skill that a wished-for return asks",
        "midas kpi\nmidas kpi --target 300            what 300 % a year would take",
        _kpi_options,
    ),
    (
        "export",
        "midas.cli.export:orders",
        "write the journals' orders as a table",
        "midas export orders --parquet orders.parquet",
        _export_options,
    ),
    (
        "record",
        "midas.cli.record:record",
        "write the venue's public streams down, as `--market` replays them",
        "midas record --out recordings --instruments BTCUSDT,ETHUSDT --for 10m",
        _record_options,
    ),
    (
        "replay",
        "midas.cli.replay:replay",
        "step a recorded session again",
        "midas replay last --verify",
        _replay_options,
    ),
    (
        "repair",
        "midas.cli.repair:repair",
        "show what is damaged in a journal, and with --yes go on from its last good record and the venue",
        "midas repair                      what is damaged, and what can't be known any more\n"
        "midas repair --yes",
        _repair_options,
    ),
    ("sessions", "midas.cli.sessions:sessions", "list the recorded sessions", "midas sessions", no_options),
    (
        "verify-book",
        "midas.cli.verify_book:verify_book",
        "rebuild a recorded order book and compare it with the recorded best prices",
        "midas verify-book stream.jsonl.gz --drop 500",
        _verify_book_options,
    ),
)
