from __future__ import annotations

import pytest

from midas.cli.grammar.base import Parser
from midas.cli.parser import EXIT_CODES, build_parser
from midas.errors import CodeDiffers, CommandRefused, ConfigDiffers, MidasError, UsageError

COMMANDS = [
    "attach", "status", "mode", "kill", "resume", "order", "amend", "cancel", "close", "strategy", "reload",
    "stop",
    "sim", "replay", "repair", "sessions", "init", "doctor", "verify-book",
]  # fmt: skip


@pytest.fixture
def parser() -> Parser:
    """The whole grammar."""
    return build_parser()


def test_without_a_command_midas_runs_engine_and_console(parser: Parser) -> None:
    args = parser.parse_args([])
    assert (args.handler, args.no_ui, args.json, args.duration) == ("midas.cli.run:run", False, False, None)


def test_a_headless_run_takes_market_speed_seed_and_duration(parser: Parser) -> None:
    line = "--no-ui --duration 60 --market f.gz --speed 5 --seed 3 --json --live"
    args = parser.parse_args(line.split())
    assert (args.duration, args.market, args.speed, args.seed) == (60.0, "f.gz", 5.0, 3)
    assert (args.no_ui, args.json, args.live) == (True, True, True)


@pytest.mark.parametrize("line", ["--json --profile p status", "status --json --profile p"])
def test_common_options_stand_before_or_after_the_command(parser: Parser, line: str) -> None:
    args = parser.parse_args(line.split())
    assert (args.handler, args.json, args.profile) == ("midas.cli.status:status", True, "p")


def test_what_a_command_does_not_know_points_to_its_own_help(parser: Parser) -> None:
    with pytest.raises(UsageError, match="extra; see `midas status --help`"):
        parser.parse_args(["status", "extra"])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mode defensive --reason thin", {"name": "DEFENSIVE", "reason": "thin", "confirm": False}),
        ("kill", {"level": "halt", "reason": ""}),
        ("kill --level flatten --reason news", {"level": "flatten", "reason": "news"}),
        ("resume checked --confirm", {"reason": "checked", "confirm": True}),
        ("stop --exchange", {"exchange": True}),
        ("replay last --verify", {"session": "last", "verify": True}),
        ("verify-book f --drop 500", {"file": "f", "drop": 500}),
        ("sim --speed 20 --port 0", {"speed": 20.0, "port": 0}),
    ],
)
def test_each_command_parses_its_own_options(parser: Parser, line: str, expected: dict[str, object]) -> None:
    args = vars(parser.parse_args(line.split()))
    assert {name: args[name] for name in expected} == expected


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example_and_answers_in_json(
    parser: Parser, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser.parse_args([command, "--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"example:\n  midas {command}" in shown
    assert "--json" in shown


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("statsu", "invalid choice: 'statsu'"),
        ("--duration 0", "--duration: expected a number above 0, got '0'"),
        ("backtest s --data f --taker-bps -4", "--taker-bps: expected basis points from 0"),
        ("backtest s --data f --maker-bps nan", "--maker-bps: expected basis points from -100"),
        ("backtest s --data f --volume-share 5", "--volume-share: expected a share above 0 and at most 1"),
        ("backtest s --data f --latency-ms 1e9", "--latency-ms/--latency: expected milliseconds from 0"),
        ("backtest s --data f --feed-ms -1", "--feed-ms: expected milliseconds from 0"),
        ("backtest s --data f --funding-hours 0", "--funding-hours: expected hours from 1/60"),
        ("backtest s --data f --funding-bps inf", "--funding-bps: expected basis points from -1,000"),
        ("backtest s --data f --cash 1e15", "--cash: expected an amount from 0.01"),
        ("backtest s --data f --units 0", "--units: expected a number above 0"),
        ("sweep s --data f --set a=1,2 --workers 0", "--workers: expected a whole number from 1 to 256"),
        ("sweep s --data f --set a=1,2 --trials 0", "--trials: expected a whole number from 1"),
        ("walkforward s --data f --train 0", "--train: expected a whole number from 1"),
        ("parity last --fill-rate 2", "--fill-rate: expected a share from 0 to 1"),
        ("parity last --price-bps -1", "--price-bps: expected basis points from 0"),
        ("--speed nan", "--speed: expected a number above 0, got 'nan'"),
        ("--seed -1", "expected"),
        ("kill --level softly", "invalid choice: 'softly'"),
        ("resume", "REASON"),
        ("status --no-such", "unrecognized arguments: --no-such"),
    ],
)
def test_bad_arguments_are_one_sentence_that_points_to_the_help(
    parser: Parser, line: str, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence) as caught:
        parser.parse_args(line.split())
    assert "--help`" in str(caught.value)


def test_the_table_of_exit_codes_lists_every_code_an_error_can_have() -> None:
    listed = {int(line.split()[0]) for line in EXIT_CODES.splitlines()[1:]}
    raised = {
        error.exit_code for error in (MidasError, UsageError, CodeDiffers, ConfigDiffers, CommandRefused)
    }
    assert listed == raised | {0, 130, 141}
