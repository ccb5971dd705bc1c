"""The options that every command has in common that tries a strategy on candles."""

from __future__ import annotations

from midas.cli.grammar.base import Parser
from midas.cli.grammar.values import above_zero, bps, delay_ms, moment, money, rebate_bps, share, times


def trying_options(parser: Parser) -> None:
    """Which part of the data, what money, and what trading costs; `cli.trying` reads them."""
    parser.add_argument("--symbol", metavar="NAME", help="of candles that neither column nor file name tells")
    parser.add_argument("--from", dest="begin", type=moment, metavar="DATE", help="leave earlier candles out")
    parser.add_argument("--to", dest="end", type=moment, metavar="DATE", help="leave later candles out")
    parser.add_argument(
        "--cash", type=money, metavar="AMOUNT", help="to begin with; default: exchange.balances"
    )
    parser.add_argument(
        "--units", type=above_zero, metavar="N",
        help="always hold so many base units; default: what [risk.sizing] and the weight make",
    )  # fmt: skip
    parser.add_argument("--maker-bps", type=rebate_bps, metavar="BPS", help="default: exchange.maker_fee")
    parser.add_argument("--taker-bps", type=bps, metavar="BPS", help="default: exchange.taker_fee")
    parser.add_argument("--spread-bps", type=bps, default=1.0, metavar="BPS", help="between bid and ask (1)")
    parser.add_argument(
        "--costs", type=times, default=1.0, metavar="X",
        help="fees, spread, impact and funding so many times: 2 asks whether it survives twice of them (1)",
    )  # fmt: skip
    parser.add_argument("--no-impact", action="store_true", help="our own orders don't move the price")
    parser.add_argument(
        "--latency-ms",
        "--latency",
        type=delay_ms,
        default=50.0,
        metavar="MS",
        help="of orders, and of answers (50)",
    )
    parser.add_argument(
        "--volume-share", type=share, default=0.10, metavar="SHARE",
        help="of a candle's volume that may be ours at most (0.10)",
    )  # fmt: skip
    parser.add_argument(
        "--fast", choices=("auto", "never", "only"), default="auto",
        help="over arrays, for strategies with `wanted`: auto where fills are proven the same (auto)",
    )  # fmt: skip
