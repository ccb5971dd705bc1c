"""What can be typed. Nothing heavy is imported here: `midas --help` answers at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from midas import __version__
from midas.errors import UsageError
from midas.venues.sim.faults import hooks

EXIT_CODES = """\
exit codes:
  0    done
  1    a check failed or something is damaged; the sentence names it
  2    bad input: configuration, argument, file, a port or home in use, no engine there
  3    replay: the code differs from the one that recorded the session
  4    replay: the configuration differs from the one that the session ran under
  5    the engine understood the command and refused it
  130  interrupted at once (a first Ctrl+C ends cleanly: 0)
  141  whoever read the output closed it (`midas doctor | head`)
"""

_ROOT_EXAMPLES = """\
examples:
  midas                                           trade on the embedded exchange and draw the console
  midas --no-ui --duration 60 --market FILE --speed 5 --json
  midas kill --reason "news"                      stop new risk, withdraw what increases it

midas COMMAND --help says more about one command.

"""


class Parser(argparse.ArgumentParser):
    """argparse, whose complaints are one sentence like all others."""

    def error(self, message: str) -> NoReturn:
        """Bad arguments are bad input: exit code 2, by way of `main`."""
        raise UsageError(f"{message}; see `{self.prog} --help`")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """What isn't known is refused by the command it was typed for, whose help knows better."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


def build_parser() -> Parser:
    """The whole grammar; each command sets `handler` to "module:function"."""
    parser = Parser(
        prog="midas",
        description="A trading engine with a console. Without a command: start both.",
        epilog=_ROOT_EXAMPLES + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"midas {__version__}")
    _common(parser, json_default=False, profile_default=None)
    _run_options(parser)
    parser.set_defaults(handler="midas.cli.run:run", command="run")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", parser_class=Parser)
    for row in _COMMANDS:
        _add(commands, row)
    return parser


def _add(commands: argparse._SubParsersAction[Parser], row: _Row) -> None:
    name, handler, sentence, example, options = row
    sub = commands.add_parser(
        name,
        help=sentence,
        description=sentence[0].upper() + sentence[1:] + ".",
        epilog="example:\n" + "".join(f"  {line}\n" for line in example.splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    # Suppressed defaults: a subparser would otherwise overwrite what stood before the command's name.
    _common(sub, json_default=argparse.SUPPRESS, profile_default=argparse.SUPPRESS)
    sub.set_defaults(handler=handler)
    options(sub)


def _common(parser: Parser, json_default: object, profile_default: object) -> None:
    parser.add_argument("--json", action="store_true", default=json_default, help="answer in JSON, on stdout")
    parser.add_argument(
        "--profile",
        metavar="NAME",
        default=profile_default,
        help="also read config.NAME.toml of the workspace",
    )


def _run_options(parser: Parser) -> None:
    parser.add_argument("--no-ui", action="store_true", help="the engine alone, in the foreground")
    _link_option(parser)
    _length_options(parser)
    _market_options(parser)


def _attach_options(parser: Parser) -> None:
    _link_option(parser, default=argparse.SUPPRESS)


def _link_option(parser: Parser, default: object = None) -> None:
    parser.add_argument(
        "--link",
        choices=("lan", "slow", "auto"),
        default=default,
        help="what the line to the terminal carries: lan, slow (under 15 kB/s), auto (slow where it must be)",
    )


def _supervise_options(parser: Parser) -> None:
    _length_options(parser)
    _market_options(parser)


def _length_options(parser: Parser) -> None:
    parser.add_argument("--duration", type=_above_zero, metavar="S", help="end after S wall seconds")
    parser.add_argument("--live", action="store_true", help="needed, besides the file, for environment LIVE")


def _market_options(parser: Parser) -> None:
    parser.add_argument(
        "--market",
        metavar="FILE",
        help="a recorded stream or a folder of them, candles (CSV, Parquet), a world of your own (TOML), or "
        "`synthetic`",
    )
    parser.add_argument(
        "--symbol", type=_symbol, metavar="NAME", help="of candles whose file and rows don't name it"
    )
    parser.add_argument(
        "--preset", metavar="NAME", help="of the synthetic market: easy, medium or hard; default: medium"
    )
    parser.add_argument(
        "--speed", type=_above_zero, metavar="X", help="the market's clock against the wall's; at most 1000"
    )
    parser.add_argument("--seed", type=_whole, metavar="N", help="of the synthetic market")


def _sim_options(parser: Parser) -> None:
    _market_options(parser)
    parser.add_argument("--port", type=_port, metavar="N", help="on 127.0.0.1; 0 takes any free one")
    parser.add_argument(
        "--control",
        type=_port,
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
        _add(words, row)


def _money_options(parser: Parser) -> None:
    parser.add_argument("asset", metavar="ASSET", type=str.upper, help="such as USDT")
    parser.add_argument("amount", metavar="AMOUNT", type=_amount, help="above 0")
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
    parser.add_argument("--seeds", type=_seeds, metavar="A..B", help="default: 1001..1020, none tuned on")
    parser.add_argument("--days", type=_whole, metavar="N", help="of the macro suite; default: 5040")
    parser.add_argument("--suite", choices=("macro", "micro", "all"), default="all", help="default: all")
    parser.add_argument(
        "--iid",
        action="store_true",
        help="judge independent normal returns instead: most rows of the macro suite must fail",
    )
    parser.add_argument("--keep", metavar="FILE", help="finished seeds are added to it and not run again")


def _simulate_options(parser: Parser) -> None:
    parser.add_argument("--seeds", type=_worlds, metavar="A..B", help="default: 1..100")
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


def _mode_options(parser: Parser) -> None:
    parser.add_argument(
        "name",
        metavar="NAME",
        type=str.upper,
        help="NORMAL, DEFENSIVE, OBSERVATION, PAUSE or EMERGENCY: that halts, as `midas kill`; nothing is "
        "closed before `midas kill --level flatten`",
    )
    parser.add_argument(
        "--reason", default="", help="at least 3 letters, where the new mode is riskier than the present one"
    )
    parser.add_argument(
        "--confirm", action="store_true", help="a riskier mode: yes, now; without it nothing changes (exit 2)"
    )


def _reconcile_options(parser: Parser) -> None:
    parser.add_argument(
        "words", metavar="accept NAME REASON", nargs="*",
        help="take the difference NAME as the venue has it: the review, or with --confirm the deed",
    )  # fmt: skip
    parser.add_argument("--confirm", action="store_true", help="book it; without it only the review is shown")


def _kill_options(parser: Parser) -> None:
    parser.add_argument(
        "--level",
        choices=("halt", "all", "flatten", "disconnect"),
        default="halt",
        help="halt: withdraw what increases risk. all: every order. flatten: and close every position. "
        "disconnect: and leave the venue. Default: halt",
    )
    parser.add_argument("--reason", default="", help="stands in the journal")
    parser.add_argument("--order", metavar="ID", default="", help="withdraw this order only")
    _scope_options(parser, "stop {} only, until `midas resume` opens it by name")
    parser.add_argument(
        "--preview", action="store_true", help="of a scope: say what it would do, and do nothing"
    )


def _guard_options(parser: Parser) -> None:
    parser.add_argument(
        "--patience", type=_above_zero, metavar="S",
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


def _resume_options(parser: Parser) -> None:
    parser.add_argument(
        "reason", metavar="REASON", help="why it is safe again, at least 3 letters; stands in the journal"
    )
    parser.add_argument("--confirm", action="store_true", help="release; without it only the review is shown")
    _scope_options(parser, "open {} again that a kill stopped; the latch stays as it is")


def _scope_options(parser: Parser, does: str) -> None:
    for scope, metavar in (("strategy", "NAME"), ("instrument", "SYMBOL"), ("venue", "NAME")):
        parser.add_argument(f"--{scope}", metavar=metavar, default="", help=does.format(f"this {scope}"))


def _order_options(parser: Parser) -> None:
    parser.add_argument("side", metavar="SIDE", choices=("buy", "sell"), help="buy or sell")
    parser.add_argument("quantity", metavar="QUANTITY", help="of the base asset, such as 0.25")
    parser.add_argument("symbol", metavar="SYMBOL", help="such as BTC-USDT or btcusdt")
    parser.add_argument(
        "--price", metavar="P", default="", help="wait at this limit. Default: at market, within the collar"
    )
    parser.add_argument("--post", action="store_true", help="refused where it would trade at once")
    parser.add_argument(
        "--strategy", metavar="NAME", default="manual", help="whose position: manual, or external to sell it"
    )
    parser.add_argument(
        "--ticket",
        metavar="NAME",
        default="",
        help="the same name never makes a second order; default: a new one",
    )
    parser.add_argument("--confirm", action="store_true", help="send it; without it only the review is shown")
    parser.add_argument("--large", action="store_true", help="an unusually large size is meant")


def _amend_options(parser: Parser) -> None:
    parser.add_argument("id", metavar="ID", help="of an order of yours, or the end of it")
    parser.add_argument(
        "--quantity", metavar="Q", default="", help="in all: what is filled counts. Default: as it is"
    )
    parser.add_argument("--price", metavar="P", default="", help="default: as it is")
    parser.add_argument("--ticket", metavar="NAME", default="", help="as that of `midas order`")
    parser.add_argument("--confirm", action="store_true", help="do it; without it only the review is shown")
    parser.add_argument("--large", action="store_true", help="an unusually large size is meant")


def _cancel_options(parser: Parser) -> None:
    parser.add_argument(
        "what", metavar="WHAT", help="an order's id or its end; a symbol: its entries; or `all-entries`"
    )


def _close_options(parser: Parser) -> None:
    parser.add_argument("symbol", metavar="SYMBOL", help="such as BTC-USDT or btcusdt")
    parser.add_argument(
        "--strategy",
        metavar="NAME",
        default="",
        help="whose position; may be left out where only one holds it",
    )
    parser.add_argument("--confirm", action="store_true", help="sell; without it only the review is shown")


def _reload_options(parser: Parser) -> None:
    parser.add_argument("--confirm", action="store_true", help="take looser limits, too")


def _strategy_options(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="as config.toml names it")
    parser.add_argument(
        "act", metavar="ACT", choices=("pause", "resume"), help="pause: no new risk, exits managed. Or resume"
    )
    parser.add_argument("--reason", default="", help="stands in the journal")
    parser.add_argument("--confirm", action="store_true", help="resume: yes, now")


def _stop_options(parser: Parser) -> None:
    parser.add_argument("--exchange", action="store_true", help="end the embedded exchange too")


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


def _init_options(parser: Parser) -> None:
    parser.add_argument("directory", metavar="DIR", help="a new or empty folder")


def _doctor_options(parser: Parser) -> None:
    parser.add_argument("--warm", action="store_true", help="compile the numeric kernels ahead")


def _kpi_options(parser: Parser) -> None:
    parser.add_argument(
        "--target",
        type=_percent,
        metavar="PCT",
        help="a return of PCT percent a year: the skill that it asks",
    )


def _export_options(parser: Parser) -> None:
    words = parser.add_subparsers(title="what to write", metavar="WORD", required=True, parser_class=Parser)
    _add(words, _EXPORT_ORDERS)


def _export_orders_options(parser: Parser) -> None:
    parser.add_argument(
        "--from", dest="start", metavar="TIME", default="", help="a date, or 2026-11-21T09:30:00; UTC"
    )
    parser.add_argument("--to", dest="end", metavar="TIME", default="", help="likewise; a date is inside")
    parser.add_argument("--csv", metavar="FILE", default="", help="write it as CSV")
    parser.add_argument("--parquet", metavar="FILE", default="", help="write it as Parquet")


def _research_options(parser: Parser) -> None:
    words = parser.add_subparsers(title="what to show", metavar="WORD", required=True, parser_class=Parser)
    _add(words, _RISK_EVIDENCE)


def _risk_evidence_options(parser: Parser) -> None:
    parser.add_argument("--seeds", type=_seeds, metavar="A..B", help="a world each; default: ten")


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
        "--cash", type=_above_zero, metavar="AMOUNT", help="to begin with; default: exchange.balances"
    )
    parser.add_argument("--maker-bps", type=float, metavar="BPS", help="default: exchange.maker_fee")
    parser.add_argument("--taker-bps", type=float, metavar="BPS", help="default: exchange.taker_fee")
    parser.add_argument(
        "--spread-bps", type=_not_below_zero, default=1.0, metavar="BPS", help="between bid and ask (1)"
    )
    parser.add_argument("--no-impact", action="store_true", help="our own orders don't move the price")
    parser.add_argument(
        "--latency-ms",
        type=_not_below_zero,
        default=50.0,
        metavar="MS",
        help="of orders, and of answers (50)",
    )
    parser.add_argument(
        "--volume-share", type=_above_zero, default=0.10, metavar="SHARE",
        help="of a candle's volume that may be ours at most (0.10)",
    )  # fmt: skip
    parser.add_argument("--html", metavar="FILE", help="write the whole report as one HTML file, too")
    parser.add_argument(
        "--save", action=argparse.BooleanOptionalAction, default=True,
        help="keep the run for `midas report` (done unless --no-save)",
    )  # fmt: skip


def _report_options(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN", nargs="?", default="", help="an id, a part of one, or `last`")
    parser.add_argument("--html", metavar="FILE", default="", help="write it as one HTML file")
    parser.add_argument("--csv", metavar="FOLDER", default="", help="write equity, fills and trades as CSV")
    parser.add_argument("--parquet", metavar="FOLDER", default="", help="write them as Parquet")


def _compare_options(parser: Parser) -> None:
    parser.add_argument("first", metavar="A", help="a run: an id, a part of one, or `last`")
    parser.add_argument("second", metavar="B", help="the other one")


def _record_options(parser: Parser) -> None:
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="the folder of the files, made if missing"
    )
    parser.add_argument(
        "--instruments", metavar="LIST", help="such as BTCUSDT,ETHUSDT; default: the configured ones"
    )
    parser.add_argument(
        "--for", type=_seconds, dest="duration", metavar="TIME", help="end after it: 90s, 10m, 8h, 2d"
    )
    parser.add_argument(
        "--rotate-mb", type=_above_zero, default=64.0, metavar="MB", help="begin a new file at this size (64)"
    )
    parser.add_argument(
        "--rotate", type=_seconds, default=3600.0, metavar="TIME",
        help="begin a new file at each multiple of TIME (1h)",
    )  # fmt: skip
    _market_options(parser)


def _verify_book_options(parser: Parser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="a recorded stream with depth, bookTicker and a snapshot"
    )
    parser.add_argument(
        "--drop", type=_whole, metavar="N", help="leave out the N-th diff: the gap must be seen"
    )


def _seeds(text: str) -> range:
    first, _, last = text.partition("..")
    seeds = range(_whole(first), _whole(last or first) + 1)
    if not 0 < len(seeds) <= 1_000:
        raise argparse.ArgumentTypeError(f"expected 1 to 1,000 seeds, the smallest first, got {text!r}")
    return seeds


def _worlds(text: str) -> range:
    first, _, last = text.partition("..")
    seeds = range(_whole(first), _whole(last or first) + 1)
    if not seeds:
        raise argparse.ArgumentTypeError(f"expected seeds A..B, the smallest first, got {text!r}")
    return seeds


def _no_options(parser: Parser) -> None:
    """For a command that needs nothing but its name."""


def _not_below_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number not below 0, got {text!r}")
    return value


def _above_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def _percent(text: str) -> float:
    """`15` or `15%` as a fraction."""
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        value = float("nan")
    if not -100 < value <= 1e6:
        raise argparse.ArgumentTypeError(f"expected percent a year above -100, such as 15, got {text!r}")
    return value / 100


def _seconds(text: str) -> float:
    """`90`, `90s`, `10m`, `8h`, `2d` in seconds."""
    unit = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}.get(text[-1:].lower(), 0)
    try:
        return _above_zero(text[:-1] if unit else text) * (unit or 1)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 90s, 10m, 8h or 2d, got {text!r}"
        ) from None


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, got {text!r}")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"expected a port from 0 (any free one) to 65535, got {text!r}")
    return int(text)


def _symbol(text: str) -> str:
    symbol = text.upper()
    if not (symbol.isascii() and symbol.isalnum() and 4 <= len(symbol) <= 20):
        raise argparse.ArgumentTypeError(
            f"expected a pair of 4 to 20 letters or digits such as BTCUSDT, got {text!r}"
        )
    return symbol


def _amount(text: str) -> str:
    """As it was typed: money is no float."""
    _above_zero(text)
    if not set(text) <= set("0123456789."):
        raise argparse.ArgumentTypeError(f"expected an amount above 0 such as 100 or 0.5, got {text!r}")
    return text


_Options = Callable[[Parser], None]

# name, handler, what it does, examples (one a line), its options
_Row = tuple[str, str, str, str, _Options]
_FACTS: _Row = (
    "facts",
    "midas.cli.facts:facts",
    "judge the synthetic market by the stylised facts of real ones; exit code 0 where all hold",
    "midas sim facts --suite macro --seeds 1001..1003",
    _facts_options,
)
_RISK_EVIDENCE: _Row = (
    "risk-evidence",
    "midas.cli.research:risk_evidence",
    "judge VaR, ES and calibration on generated data, against an oracle; exit code 0 where all criteria hold",
    "midas research risk-evidence --json\nmidas research risk-evidence --seeds 31..40",
    _risk_evidence_options,
)
_EXPORT_ORDERS: _Row = (
    "orders",
    "midas.cli.export:orders",
    "write what became of every order of every session, with the fields of MiFID II",
    "midas export orders --from 2026-11-01 --to 2026-11-30 --csv november.csv",
    _export_orders_options,
)
_DEPOSIT: _Row = (
    "deposit",
    "midas.cli.cashier:deposit",
    "give an account of the running exchange money",
    "midas sim deposit USDT 5000",
    _money_options,
)
_WITHDRAW: _Row = (
    "withdraw",
    "midas.cli.cashier:withdraw",
    "take free money from an account of the running exchange",
    "midas sim withdraw BTC 0.5 --account default",
    _money_options,
)
_COMMANDS: tuple[_Row, ...] = (
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
        _no_options,
    ),
    (
        "mode",
        "midas.cli.control:mode",
        "change what the engine may do; going riskier needs a reason",
        "midas mode pause                  safer: at once\n"
        'midas mode normal --reason "book is back" --confirm',
        _mode_options,
    ),
    (
        "reconcile",
        "midas.cli.reconcile:reconcile",
        "compare everything with the venue now and say what differs (exit 1), or accept a difference",
        "midas reconcile\nmidas reconcile accept BTC         what accepting it would do\n"
        'midas reconcile accept BTC "moved to the vault" --confirm',
        _reconcile_options,
    ),
    (
        "kill",
        "midas.cli.control:kill",
        "stop: latch first, then withdraw orders",
        "midas kill                        no new risk; exits and stops stay\n"
        'midas kill --level flatten --reason "news"\n'
        "midas kill --level all --instrument BTC-USDT      the rest goes on",
        _kill_options,
    ),
    (
        "resume",
        "midas.cli.control:resume",
        "review, and with --confirm release, the kill latch",
        'midas resume "feed is back, positions checked"             the review\n'
        'midas resume "feed is back, positions checked" --confirm   the release',
        _resume_options,
    ),
    (
        "order",
        "midas.cli.desk:order",
        "review, and with --confirm send, an order of your own",
        "midas order buy 0.25 BTC-USDT --price 65003 --post",
        _order_options,
    ),
    (
        "amend",
        "midas.cli.desk:amend",
        "review, and with --confirm do, a change of an order of yours",
        "midas amend a91f --price 65001",
        _amend_options,
    ),
    (
        "cancel",
        "midas.cli.desk:cancel",
        "withdraw an order, or what would open new risk",
        "midas cancel a91f",
        _cancel_options,
    ),
    (
        "close",
        "midas.cli.desk:close",
        "review, and with --confirm do, the closing of a position",
        "midas close BTC-USDT --strategy trend-following",
        _close_options,
    ),
    (
        "strategy",
        "midas.cli.desk:strategy",
        "keep a strategy from new risk, or let it trade again",
        'midas strategy trend-following pause --reason "news at two"',
        _strategy_options,
    ),
    (
        "reload",
        "midas.cli.control:reload",
        "have the running engine take the limits that the configuration states now",
        "midas reload\nmidas reload --confirm             also where one is looser than before",
        _reload_options,
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
        "midas simulate --seeds 1..2000\nmidas simulate --seeds 7 --show-plan > plan.json",
        _simulate_options,
    ),
    (
        "backtest",
        "midas.cli.backtest:backtest",
        "run one strategy over candles from files, on the engine that trades live",
        "midas backtest trend-following --data btcusdt-1d.csv --set horizon=10\n"
        "midas backtest trend-following --data btcusdt-1m.csv --from 2020-01-01 --to 2020-02-01 --json",
        _backtest_options,
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
    ("sessions", "midas.cli.sessions:sessions", "list the recorded sessions", "midas sessions", _no_options),
    ("init", "midas.cli.init:init", "copy a workspace to start from", "midas init my-desk", _init_options),
    (
        "doctor",
        "midas.cli.doctor:doctor",
        "show every effective setting with its origin, and check this machine",
        "midas doctor --json",
        _doctor_options,
    ),
    (
        "verify-book",
        "midas.cli.verify_book:verify_book",
        "rebuild a recorded order book and compare it with the recorded best prices",
        "midas verify-book stream.jsonl.gz --drop 500",
        _verify_book_options,
    ),
)
