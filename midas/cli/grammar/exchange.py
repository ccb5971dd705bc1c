"""Commands of the embedded exchange and of simulated worlds."""

from __future__ import annotations

import argparse

from midas.cli.grammar.base import Parser, Row, add
from midas.cli.grammar.shared import market_options
from midas.cli.grammar.values import amount, port, seeds, whole, worlds
from midas.venues.sim.faults import hooks


def _sim_options(parser: Parser) -> None:
    market_options(parser)
    parser.add_argument("--port", type=port, metavar="N", help="on 127.0.0.1; 0 takes any free one")
    parser.add_argument(
        "--control",
        type=port,
        metavar="PORT",
        help="also listen for fault hooks, on 127.0.0.1; 0 takes any free one",
    )
    parser.add_argument(
        "--truth", metavar="FILE", help="write what really happens in a synthetic market there, JSON lines"
    )
    parser.add_argument(
        "--accounts", metavar="FILE", help="open these accounts (TOML, see the user guide); default: one"
    )
    parser.add_argument(
        "--state", metavar="FILE", help="keep accounts, orders and market there and go on from it"
    )
    parser.add_argument("--fresh", action="store_true", help="set the state file aside and begin anew")
    parser.add_argument("--plan", metavar="FILE", help="a script of fault hooks, JSON lines or TOML")
    parser.epilog = f"{parser.epilog}\nfault hooks (--control, --plan):\n{hooks.listed()}"

    words = parser.add_subparsers(
        title="instead of serving", metavar="[WORD]", dest="word", parser_class=Parser
    )
    for row in (_FACTS, _DEPOSIT, _WITHDRAW):
        add(words, row)


def _money_options(parser: Parser) -> None:
    parser.add_argument("asset", metavar="ASSET", type=str.upper, help="such as USDT")
    parser.add_argument("amount", metavar="AMOUNT", type=amount, help="above 0")
    parser.add_argument("--account", metavar="NAME", default="", help="default: the first one")


def _facts_options(parser: Parser) -> None:
    # Not given here, they stay as they were given to `midas sim`.
    parser.add_argument(
        "--preset",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="judge what is served under this preset: easy, medium or hard, whose time is compressed. "
        "Default: the reference market at the scale of the literature, steps of a minute and days of 390",
    )
    parser.add_argument(
        "--market",
        metavar="WORLD.toml",
        default=argparse.SUPPRESS,
        help="judge what is served under a world of your own",
    )
    parser.add_argument("--seeds", type=seeds, metavar="A..B", help="default: 1001..1020, none tuned on")
    parser.add_argument("--days", type=whole, metavar="N", help="of the macro suite; default: 5040")
    parser.add_argument("--suite", choices=("macro", "micro", "all"), default="all", help="default: all")
    parser.add_argument(
        "--iid",
        action="store_true",
        help="judge independent normal returns instead: most rows of the macro suite must fail",
    )
    parser.add_argument("--keep", metavar="FILE", help="finished seeds are added to it and not run again")


def _simulate_options(parser: Parser) -> None:
    parser.add_argument("--seeds", type=worlds, metavar="A..B", help="default: 1..100")
    parser.add_argument(
        "--hands",
        action="store_true",
        help="worlds with busy hands: kills and resumes of one scope, trades, amendments, deposits and "
        "withdrawals on the venue's page, a guard that takes over",
    )
    parser.add_argument("--plan", metavar="FILE", help="these faults (JSON) instead of those of each seed")
    parser.add_argument("--show-plan", action="store_true", help="print the first seed's faults and end")
    parser.add_argument(
        "--crash-every-step",
        action="store_true",
        help="short worlds instead: crash before each step and again in the recovery, fail each disk call "
        "and each request in every way, once",
    )
    parser.add_argument(
        "--shrink",
        action="store_true",
        help="write the smallest plan that still fails to tests/sim/regressions",
    )
    parser.add_argument("--keep", metavar="FILE", help="finished worlds are added to it and not run again")
    parser.add_argument("--mutant", metavar="NAME", default="", help="plant this bug: it should be caught")
    parser.add_argument(
        "--mutants", action="store_true", help="plant every known bug; 1 where one isn't caught in 200 seeds"
    )


_FACTS: Row = (
    "facts",
    "midas.cli.facts:facts",
    "judge the synthetic market by the stylised facts of real ones; exit code 0 where all hold",
    "midas sim facts --suite macro --seeds 1001..1003",
    _facts_options,
)


_DEPOSIT: Row = (
    "deposit",
    "midas.cli.cashier:deposit",
    "give an account of the running exchange money",
    "midas sim deposit USDT 5000",
    _money_options,
)


_WITHDRAW: Row = (
    "withdraw",
    "midas.cli.cashier:withdraw",
    "take free money from an account of the running exchange",
    "midas sim withdraw BTC 0.5 --account default",
    _money_options,
)


ROWS: tuple[Row, ...] = (
    (
        "sim",
        "midas.cli.sim:sim",
        "run the embedded exchange by itself",
        "midas sim --market synthetic --speed 20 --seed 7",
        _sim_options,
    ),
    (
        "simulate",
        "midas.cli.simulate:simulate",
        "prove the desk on simulated worlds with faults and crashes, one a seed",
        "midas simulate --seeds 1..2000\nmidas simulate --hands --seeds 1..300\n"
        "midas simulate --seeds 7 --show-plan > plan.json",
        _simulate_options,
    ),
)
