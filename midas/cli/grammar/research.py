"""Commands that try strategies and figures on data."""

from __future__ import annotations

import argparse

from midas.cli.grammar.base import Parser, Row, add
from midas.cli.grammar.shared import no_options
from midas.cli.grammar.trying import trying_options
from midas.cli.grammar.values import bps, delay_ms, funding_bps, hours, part, positive, seeds


def _research_options(parser: Parser) -> None:
    words = parser.add_subparsers(title="what to show", metavar="WORD", required=True, parser_class=Parser)
    for row in (_RISK_EVIDENCE, _OVERFITTING_EVIDENCE, _LEAK_EVIDENCE, _COST_EVIDENCE):
        add(words, row)


def _risk_evidence_options(parser: Parser) -> None:
    parser.add_argument("--seeds", type=seeds, metavar="A..B", help="default: as the criteria are stated")


def _backtest_options(parser: Parser) -> None:
    parser.add_argument("strategy", metavar="STRATEGY", help="a file of strategies/, such as trend-following")
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="FILE",
        help="candles (CSV, Parquet; one symbol each), quotes and prints (CSV, Parquet), or a recording",
    )  # fmt: skip
    parser.add_argument(
        "--queue", choices=("risk-averse", "power", "log", "log-all"), default="risk-averse",
        help="of quotes and books: who leaves a level before us (risk-averse: nobody but who trades)",
    )  # fmt: skip
    parser.add_argument(
        "--funding-bps", type=funding_bps, default=0.0, metavar="BPS",
        help="of a position's value, paid by who is long: perpetual contracts (0)",
    )  # fmt: skip
    parser.add_argument(
        "--funding-hours", type=hours, default=8.0, metavar="HOURS", help="between two payments (8)"
    )
    parser.add_argument(
        "--feed-ms", type=delay_ms, default=0.0, metavar="MS", help="until we hear of the market (0)"
    )
    parser.add_argument("--set", action="append", metavar="NAME=VALUE", help="a parameter of the strategy")
    trying_options(parser)
    parser.add_argument("--html", metavar="FILE", help="write the whole report as one HTML file, too")
    parser.add_argument(
        "--save", action=argparse.BooleanOptionalAction, default=True,
        help="keep the run for `midas report` (done unless --no-save)",
    )  # fmt: skip


def _walkforward_options(parser: Parser) -> None:
    parser.add_argument("strategy", metavar="STRATEGY", help="a file of strategies/, such as trend-following")
    parser.add_argument("--data", nargs="+", required=True, metavar="FILE", help="as of `midas backtest`")
    parser.add_argument(
        "--set",
        action="append",
        metavar="NAME=VALUES",
        help="values to try: a,b,c or 5..20:5; several --set are combined",
    )
    parser.add_argument(
        "--train",
        type=positive,
        metavar="N",
        help="periods to choose on; default: a third of all, 30 at least",
    )
    parser.add_argument(
        "--test", type=positive, metavar="N", help="periods of a window; default: a ninth of all, 30 at least"
    )
    parser.add_argument(
        "--rolling", action="store_true", help="choose on the last --train periods; default: on all before"
    )
    trying_options(parser)


def _parity_options(parser: Parser) -> None:
    parser.add_argument(
        "session", metavar="SESSION", help="as `midas sessions` names it; `last` is the newest"
    )
    parser.add_argument(
        "--queue", choices=("risk-averse", "power", "log", "log-all"), default="risk-averse",
        help="who is taken to have left a level before us (risk-averse)",
    )  # fmt: skip
    parser.add_argument(
        "--price-bps", type=bps, default=1.0, metavar="BPS",
        help="declared: of the median fill price (1)",
    )  # fmt: skip
    parser.add_argument(
        "--price-p95-bps", type=bps, default=5.0, metavar="BPS",
        help="declared: of 95 in 100 fill prices (5)",
    )  # fmt: skip
    parser.add_argument(
        "--fill-rate", type=part, default=0.10, metavar="SHARE",
        help="declared: of what was ordered (0.10)",
    )  # fmt: skip


def _report_options(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN", nargs="?", default="", help="an id, a part of one, or `last`")
    parser.add_argument("--html", metavar="FILE", default="", help="write it as one HTML file")
    parser.add_argument("--csv", metavar="FOLDER", default="", help="write equity, fills and trades as CSV")
    parser.add_argument("--parquet", metavar="FOLDER", default="", help="write them as Parquet")


def _compare_options(parser: Parser) -> None:
    parser.add_argument("first", metavar="A", help="a run: an id, a part of one, or `last`")
    parser.add_argument("second", metavar="B", help="the other one")


_RISK_EVIDENCE: Row = (
    "risk-evidence",
    "midas.cli.research:risk_evidence",
    "judge VaR, ES and calibration on generated data, against an oracle; exit code 0 where all criteria hold",
    "midas research risk-evidence --json\nmidas research risk-evidence --seeds 31..40",
    _risk_evidence_options,
)


_OVERFITTING_EVIDENCE: Row = (
    "overfitting-evidence",
    "midas.cli.research:overfitting",
    "judge PBO and the deflated Sharpe ratio on strategies without skill; exit code 0 where both hold",
    "midas research overfitting-evidence --json",
    _risk_evidence_options,
)


_LEAK_EVIDENCE: Row = (
    "leak-evidence",
    "midas.cli.research:leaks",
    "look for the future in all that is shipped and ten planted leaks; exit code 0 where only those have it",
    "midas research leak-evidence --json",
    no_options,
)


_COST_EVIDENCE: Row = (
    "cost-evidence",
    "midas.cli.research:costs",
    "compare what orders cost in known books with the cost model, and try its alarm; 0 where both hold",
    "midas research cost-evidence --json",
    _risk_evidence_options,
)


ROWS: tuple[Row, ...] = (
    (
        "backtest",
        "midas.cli.backtest:backtest",
        "run one strategy over candles from files, on the engine that trades live",
        "midas backtest trend-following --data btcusdt-1d.csv --set enter=0.06\n"
        "midas backtest trend-following --data btcusdt-1m.csv --from 2020-01-01 --to 2020-02-01 --json",
        _backtest_options,
    ),
    (
        "walkforward",
        "midas.cli.walkforward:walkforward",
        "choose parameters on the past alone, again and again, and tell what they then did",
        "midas walkforward trend-following --data btcusdt-1d.csv --set enter=0.03,0.04,0.06 --set rest=5,15",
        _walkforward_options,
    ),
    (
        "parity",
        "midas.cli.parity:parity",
        "back-test a recorded session with its own fills and with simulated ones; 0 where all is as declared",
        "midas parity last\nmidas parity last --json",
        _parity_options,
    ),
    (
        "report",
        "midas.cli.report:report",
        "show the report of a back-test; without RUN list all of them",
        "midas report                      what there is\n"
        "midas report last --html report.html\n"
        "midas report 261122-0453 --csv tables",
        _report_options,
    ),
    (
        "compare",
        "midas.cli.compare:compare",
        "set two back-tests side by side, with what differs in how they were made",
        "midas compare 261122-0453 last",
        _compare_options,
    ),
    (
        "research",
        "midas.cli.research:risk_evidence",
        "show by experiments on generated data what the desk's figures are worth",
        "midas research risk-evidence --json",
        _research_options,
    ),
)
