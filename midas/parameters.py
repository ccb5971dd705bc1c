"""The parameters of a strategy as somebody gave them: checked against its own struct, in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from midas.errors import ParameterInvalid

_KINDS = {
    msgspec.inspect.IntType: "a whole number", msgspec.inspect.FloatType: "a number",
    msgspec.inspect.BoolType: "true or false", msgspec.inspect.StrType: "a word",
    msgspec.inspect.NoneType: "null",
}  # fmt: skip


def checked(kind: type[msgspec.Struct], given: Mapping[str, object]) -> msgspec.Struct:
    """`given` as `kind` wants it. Raises ParameterInvalid, which names the first that is wrong."""
    known = kind.__struct_fields__
    for key, value in given.items():
        if key not in known:
            has = f"it has: {', '.join(known)}" if known else "it has none"
            raise ParameterInvalid(key, value, f"no such parameter; {has}")
    try:
        return msgspec.convert(dict(given), kind, strict=False)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$.")
    key = path.rstrip("`").partition(".")[0].partition("[")[0]
    if key not in given:  # what the strategy itself asks of several of them
        raise ParameterInvalid("", _in_force(kind, given, said), said)
    raise ParameterInvalid(key, given[key], f"expected {_expected(kind, key) or said}")


def _in_force(kind: type[msgspec.Struct], given: Mapping[str, object], sentence: str) -> str:
    """The values, given or usual, of what a sentence names; those given where it names none."""
    usual = {field.name: field.default for field in msgspec.structs.fields(kind)}
    named = {key: value for key, value in (usual | dict(given)).items() if re.search(rf"\b{key}\b", sentence)}
    return ", ".join(f"{key}={value}" for key, value in (named or given).items())


def _expected(kind: type[msgspec.Struct], key: str) -> str:
    """`a whole number from 2 to 10,000`; empty where no words are known."""
    found = msgspec.inspect.type_info(kind)
    assert isinstance(found, msgspec.inspect.StructType)
    return _words(next(field.type for field in found.fields if field.encode_name == key))


def _words(wanted: msgspec.inspect.Type) -> str:
    match wanted:
        case msgspec.inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
        case msgspec.inspect.EnumType(cls=cls):
            return f"one of {', '.join(str(each.value) for each in cls)}"
        case msgspec.inspect.UnionType(types=types):
            said = [_words(each) for each in types]
            return " or ".join(said) if all(said) else ""
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            return " ".join([_KINDS[type(wanted)], *filter(None, [" and ".join(_bounds(wanted))])])
    return _KINDS.get(type(wanted), "")


def _bounds(wanted: msgspec.inspect.IntType | msgspec.inspect.FloatType) -> Iterator[str]:
    """`from 2`, `below 0.5`."""
    if wanted.ge is not None and wanted.le is not None:
        yield f"from {wanted.ge:,} to {wanted.le:,}"
        return
    limits = (
        ("above", wanted.gt),
        ("of at least", wanted.ge),
        ("below", wanted.lt),
        ("of at most", wanted.le),
    )
    yield from (f"{word} {limit:,}" for word, limit in limits if limit is not None)
