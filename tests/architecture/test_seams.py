"""The seams: clock, chance, threads and sockets are touched by few modules, and each says why.

What decides may depend on nothing but its events, or a simulated world would not be the real one and a replay
would decide otherwise.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "midas"
LAYERS = (
    "domain", "state", "analysis", "agents", "engine", "execution", "risk", "portfolio", "runtime",
    "venues/binance",
)  # fmt: skip
# Why a module may touch what the others may not.
SEAMS = {
    "domain/time.py": "turns instants into dates and back; reads no clock",
    "runtime/bell.py": "hears SIGQUIT on a thread, so that no event loop has to turn for it",
    "runtime/frames.py": "asks a socket for its name; the sockets of the Link are its own",
    "runtime/kill.py": "the kill listener: a socket and a thread that work while the loop hangs",
    "runtime/link.py": "the console's end of the Link: a thread that reads a socket and the console's time",
    "runtime/parts.py": "a lock: of several threads that follow an engine one looks up how to read it",
    "runtime/shell.py": "rests 50 us with time.sleep, so that other threads get the interpreter",
    "runtime/workers.py": "a thread of a worker process that sees its parent end",
    "venues/binance/endpoints.py": "opens sockets for the venue's sessions",
}
FORBIDDEN_MODULES = {"time", "random", "uuid", "secrets", "threading", "socket"}
FORBIDDEN_CALLS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "os.urandom", "asyncio.to_thread",
    "uuid.uuid4", "time.time",
}  # fmt: skip
FORBIDDEN_METHODS = {"run_in_executor"}
SETS = (ast.Set, ast.SetComp)
ORDERLESS = ("sorted", "set", "frozenset", "any", "all", "sum", "min", "max", "len")


def reaches(tree: ast.Module) -> Iterator[str]:
    """What a module takes from outside of its events."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (a.name for a in names if a.name.partition(".")[0] in FORBIDDEN_MODULES)
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in FORBIDDEN_MODULES:
                yield module
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)):
                if f"{owner}.{name}" in FORBIDDEN_CALLS or name in FORBIDDEN_METHODS:
                    yield f"{owner}.{name}"
            case ast.Call(func=ast.Attribute(attr=name)) if name in FORBIDDEN_METHODS:
                yield name


def unordered(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Loops over sets, whose order differs from process to process, and orders that hang on addresses."""
    sets = set(_names_of_sets(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter, sets):
            yield node.iter.lineno, f"line {node.iter.lineno}: a loop over a set"
        if isinstance(node, ast.keyword) and node.arg == "key" and ast.unparse(node.value) == "id":
            yield node.value.lineno, f"line {node.value.lineno}: an order by id()"


def _names_of_sets(tree: ast.Module) -> Iterator[str]:
    """Names, and attributes of self, that are annotated or made as sets."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation).startswith(("set", "frozenset")):
            yield ast.unparse(node.target)
        elif isinstance(node, ast.Assign) and _is_set(node.value, set()):
            yield from (ast.unparse(target) for target in node.targets)
        elif isinstance(node, ast.arg) and node.annotation is not None and _says_set(node.annotation):
            yield node.arg


def _says_set(annotation: ast.expr) -> bool:
    return ast.unparse(annotation).startswith(("set[", "frozenset["))


def _is_set(node: ast.expr, known: set[str]) -> bool:
    if isinstance(node, SETS) or ast.unparse(node) in known:
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in ("set", "frozenset")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.Sub | ast.BitXor):
        return any(_is_set(side, known) or _is_keys(side) for side in (node.left, node.right))
    return False


def _is_keys(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "keys"


def _safe(tree: ast.Module) -> Iterator[int]:
    """Lines where a set is looped over for an answer that has no order."""
    for node in ast.walk(tree):
        inner: list[ast.expr] = [node] if isinstance(node, ast.SetComp) else []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ORDERLESS:
            inner = node.args
        for part in inner:
            if isinstance(part, ast.SetComp | ast.GeneratorExp):
                yield from (generator.iter.lineno for generator in part.generators)


def trees(layer: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / layer).rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_reaches_outside_only_at_its_seams(layer: str) -> None:
    for name, tree in trees(layer):
        found = sorted(set(reaches(tree)))
        assert not found or name in SEAMS, (
            f"{name} uses {', '.join(found)}: pass it in, or name the seam here"
        )


@pytest.mark.parametrize("layer", LAYERS)
def test_no_order_hangs_on_hashes_or_addresses(layer: str) -> None:
    for name, tree in trees(layer):
        safe = set(_safe(tree))
        found = [told for line, told in unordered(tree) if line not in safe]
        assert not found, f"{name}: {'; '.join(found)}: sort it"


def test_every_seam_is_one() -> None:
    for name in SEAMS:
        path = ROOT / name
        assert path.is_file(), f"{name} is gone: take it out of the list"
        if name != "domain/time.py":
            assert list(reaches(ast.parse(path.read_text()))), f"{name} needs no exception any more"


def test_the_lint_sees_what_it_looks_for() -> None:
    bad = "import time\nfor x in {1, 2}:\n    pass\nb = sorted([], key=id)\nloop.run_in_executor(None, f)\n"
    assert set(reaches(ast.parse(bad))) == {"time", "loop.run_in_executor"}
    assert len(list(unordered(ast.parse(bad)))) == 2
