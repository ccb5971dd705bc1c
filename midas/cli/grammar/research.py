"""Commands that try strategies and figures on data."""

from __future__ import annotations

from midas.cli.grammar.base import Parser, Row, add
from midas.cli.grammar.values import above_zero, not_below_zero, seeds


def _research_options(parser: Parser) -> None:
    words = parser.add_subparsers(title="what to show", metavar="WORD", required=True, parser_class=Parser)
    add(words, _RISK_EVIDENCE)


def _risk_evidence_options(parser: Parser) -> None:
    parser.add_argument("--seeds", type=seeds, metavar="A..B", help="a world each; default: ten")


def _backtest_options(parser: Parser) -> None:
    parser.add_argument("strategy", metavar="STRATEGY", help="a file of strategies/, such as trend-following")
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="FILE", help="candles: CSV or Parquet, one symbol each"
    )
    parser.add_argument("--symbol", metavar="NAME", help="of candles that neither column nor file name tells")
    parser.add_argument("--from", dest="begin", metavar="DATE", help="leave earlier candles out")
    parser.add_argument("--to", dest="end", metavar="DATE", help="leave later candles out")
    parser.add_argument("--set", action="append", metavar="NAME=VALUE", help="a parameter of the strategy")
    parser.add_argument(
        "--cash", type=above_zero, metavar="AMOUNT", help="to begin with; default: exchange.balances"
    )
    parser.add_argument("--maker-bps", type=float, metavar="BPS", help="default: exchange.maker_fee")
    parser.add_argument("--taker-bps", type=float, metavar="BPS", help="default: exchange.taker_fee")
    parser.add_argument(
        "--spread-bps", type=not_below_zero, default=1.0, metavar="BPS", help="between bid and ask (1)"
    )
    parser.add_argument("--no-impact", action="store_true", help="our own orders don't move the price")
    parser.add_argument(
        "--latency-ms",
        type=not_below_zero,
        default=50.0,
        metavar="MS",
        help="of orders, and of answers (50)",
    )
    parser.add_argument(
        "--volume-share", type=above_zero, default=0.10, metavar="SHARE",
        help="of a candle's volume that may be ours at most (0.10)",
    )  # fmt: skip


_RISK_EVIDENCE: Row = (
    "risk-evidence",
    "midas.cli.research:risk_evidence",
    "judge VaR, ES and calibration on generated data, against an oracle; exit code 0 where all criteria hold",
    "midas research risk-evidence --json\nmidas research risk-evidence --seeds 31..40",
    _risk_evidence_options,
)


ROWS: tuple[Row, ...] = (
    (
        "backtest",
        "midas.cli.backtest:backtest",
        "run one strategy over candles from files, on the engine that trades live",
        "midas backtest trend-following --data btcusdt-1d.csv --set horizon=10\n"
        "midas backtest trend-following --data btcusdt-1m.csv --from 2020-01-01 --to 2020-02-01 --json",
        _backtest_options,
    ),
    (
        "research",
        "midas.cli.research:risk_evidence",
        "show by experiments on generated data what the desk's figures are worth",
        "midas research risk-evidence --json",
        _research_options,
    ),
)
