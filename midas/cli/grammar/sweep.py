"""The command that tries one strategy with many parameters."""

from __future__ import annotations

from midas.cli.grammar.base import Parser, Row
from midas.cli.grammar.trying import trying_options
from midas.cli.grammar.values import positive, whole, workers


def _sweep_options(parser: Parser) -> None:
    parser.add_argument("strategy", metavar="STRATEGY", help="a file of strategies/, such as trend-following")
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="FILE", help="candles: CSV or Parquet, one symbol each"
    )
    parser.add_argument(
        "--set", action="append", required=True, metavar="NAME=VALUES",
        help="a parameter: 5..54, 20..200:10, 0.1..0.9:0.1 or a,b,c; 0.1..0.9 for random and tpe",
    )  # fmt: skip
    parser.add_argument(
        "--where", action="append", metavar="RULE", help="what combinations have to fulfil, such as fast<slow"
    )
    parser.add_argument(
        "--method", choices=("grid", "random", "tpe"), default="grid",
        help="all combinations, some at random, or chosen by Optuna from what came of the others (grid)",
    )  # fmt: skip
    parser.add_argument("--trials", type=positive, default=100, metavar="N", help="of random and tpe (100)")
    parser.add_argument("--seed", type=whole, default=1, metavar="N", help="of random and tpe (1)")
    parser.add_argument(
        "--objective", choices=("sharpe", "sortino", "calmar", "return", "drawdown"), default="sharpe",
        help="of daily closes after all costs; more is better (sharpe)",
    )  # fmt: skip
    parser.add_argument(
        "--prune", action="store_true",
        help="give a trial up that is worse than half of those before it, where the engine is stepped "
        "(of one instrument)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=workers, metavar="N", help="processes, at most 256; default: all cores"
    )
    parser.add_argument(
        "--executor", choices=("process", "ray", "dask"), default="process",
        help="who makes the trials: processes here, or a cluster of yours (process)",
    )  # fmt: skip
    parser.add_argument("--fresh", action="store_true", help="forget the trials of an earlier run of this")
    parser.add_argument(
        "--html", metavar="FILE", help="write table, heat map and all trials as one page, too"
    )
    trying_options(parser)


ROWS: tuple[Row, ...] = (
    (
        "sweep",
        "midas.cli.sweep:run",
        "try one strategy with many parameters; interrupted, the same command goes on",
        "midas sweep trend-following --data btcusdt-1d.csv --set enter=0.03..0.08:0.01 --html sweep.html\n"
        "midas sweep cross --data btcusdt-1m.csv --set fast=5..54 --set slow=20..250:10 --where 'fast<slow' "
        "--units 0.1 --no-impact",
        _sweep_options,
    ),
)
