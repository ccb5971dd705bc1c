"""The parser of one command, and how a command is put into words."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from midas.errors import UsageError


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


Options = Callable[[Parser], None]
# name, handler, what it does, examples (one a line), its options
Row = tuple[str, str, str, str, Options]


def add(commands: argparse._SubParsersAction[Parser], row: Row) -> None:
    """A command, its help, its example and its options."""
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
    common(sub, json_default=argparse.SUPPRESS, profile_default=argparse.SUPPRESS)
    sub.set_defaults(handler=handler)
    options(sub)


def common(parser: Parser, json_default: object, profile_default: object) -> None:
    """What every command takes."""
    parser.add_argument("--json", action="store_true", default=json_default, help="answer in JSON, on stdout")
    parser.add_argument(
        "--profile",
        metavar="NAME",
        default=profile_default,
        help="also read config.NAME.toml of the workspace",
    )
