"""Commands of the person at the desk: modes, orders, the kill."""

from __future__ import annotations

from midas.cli.grammar.base import Parser, Row
from midas.cli.grammar.shared import scope_options


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
        "--confirm", action="store_true", help="a riskier mode: yes, now; without it nothing changes"
    )


def _reconcile_options(parser: Parser) -> None:
    parser.add_argument(
        "words", metavar="accept NAME REASON", nargs="*",
        help="take the difference NAME as the venue has it: the review, or with --confirm the deed",
    )  # fmt: skip
    parser.add_argument("--confirm", action="store_true", help="book it; without it only the review is shown")


def _kill_options(parser: Parser) -> None:
    levels = ("halt", "all", "flatten", "disconnect")
    parser.add_argument("named", metavar="LEVEL", nargs="?", choices=levels, help="as --level")
    parser.add_argument(
        "--level",
        choices=levels,
        default="halt",
        help="halt: withdraw what increases risk. all: every order. flatten: and close every position. "
        "disconnect: and leave the venue. Default: halt",
    )
    parser.add_argument("--reason", default="", help="stands in the journal")
    parser.add_argument("--order", metavar="ID", default="", help="withdraw this order only")
    scope_options(parser, "stop {} only, until `midas resume` opens it by name")
    parser.add_argument(
        "--preview", action="store_true", help="of a scope: say what it would do, and do nothing"
    )


def _resume_options(parser: Parser) -> None:
    parser.add_argument(
        "reason", metavar="REASON", help="why it is safe again, at least 3 letters; stands in the journal"
    )
    parser.add_argument("--confirm", action="store_true", help="release; without it only the review is shown")
    scope_options(parser, "open {} again that a kill stopped; the latch stays as it is")


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
    parser.add_argument(
        "--confirm", action="store_true", help="take looser limits, too; without it they are only shown"
    )


def _strategy_options(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="as config.toml names it")
    parser.add_argument(
        "act", metavar="ACT", choices=("pause", "resume"), help="pause: no new risk, exits managed. Or resume"
    )
    parser.add_argument("--reason", default="", help="stands in the journal")
    parser.add_argument("--confirm", action="store_true", help="resume; without it only the review is shown")


ROWS: tuple[Row, ...] = (
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
)
