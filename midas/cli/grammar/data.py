"""Commands that look at market data."""

from __future__ import annotations

from midas.cli.grammar.base import Parser, Row, add


def _data_options(parser: Parser) -> None:
    words = parser.add_subparsers(title="what to do", metavar="WORD", required=True, parser_class=Parser)
    add(words, _CHECK)


def _check_options(parser: Parser) -> None:
    parser.add_argument(
        "files", nargs="+", metavar="FILE",
        help="candles (CSV also as .gz, Parquet, prices.duckdb::table) or a recorded stream (.jsonl[.gz])",
    )  # fmt: skip
    parser.add_argument("--symbol", metavar="NAME", help="of candles that neither column nor file name tells")


_CHECK: Row = (
    "check",
    "midas.cli.data:check",
    "check market data and show holes, extreme moves and times; what can't be true is refused (exit 2)",
    "midas data check btcusdt-1m.csv.gz\nmidas data check prices.duckdb::btcusdt_1d --json",
    _check_options,
)

ROWS: tuple[Row, ...] = (
    (
        "data",
        "midas.cli.data:check",
        "look at files of market data before they are used",
        "midas data check btcusdt-1d-2020.csv",
        _data_options,
    ),
)
