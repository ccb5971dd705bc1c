"""What can be typed. Nothing heavy is imported here: `midas --help` answers at once."""

from __future__ import annotations

import argparse
from functools import cache

from midas import __version__
from midas.cli.grammar import data, desk, exchange, records, research, running, sweep
from midas.cli.grammar.base import Parser, Row, add, common

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

_COMMANDS: tuple[Row, ...] = (
    *running.ROWS,
    *desk.ROWS,
    *exchange.ROWS,
    *records.ROWS,
    *research.ROWS,
    *sweep.ROWS,
    *data.ROWS,
)


@cache  # three hundred options: whoever runs many commands in one process builds them once
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
    common(parser, json_default=False, profile_default=None)
    running.run_options(parser)
    parser.set_defaults(handler="midas.cli.run:run", command="run")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", parser_class=Parser)
    for row in _COMMANDS:
        add(commands, row)
    return parser
