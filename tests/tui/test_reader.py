"""Every encoding of the chord is the chord, and no input deafens the console."""

from __future__ import annotations

import random

import pytest
from textual.events import Key, Paste
from textual.message import Message

from tui.chord import CHORD_KEYS
from tui.reader import SILENT_POLLS, Reader

CHORDS = [
    b"\x1c", b"\x1b[24~", b"\x1b[92;5u", b"\x1b[52;5u",  # plain, F12, kitty
    b"\x1b[92;69u", b"\x1b[92;133u", b"\x1b[24;129~", b"\x1b[24;65~",  # with caps lock or num lock
    b"\x1b[92;6u", b"\x1b[92:124;6u", b"\x1b[92::92;5u", b"\x1b[124;6u",  # with shift, other layouts
    b"\x1b[92;5:1u", b"\x1b[92;5:2u", b"\x1b[92;5;28u",  # with an event type, with text
    b"\x1b[27;5;92~", b"\x1b[27;5;52~",  # modifyOtherKeys
]  # fmt: skip
NO_CHORDS = [
    b"\\",
    b"4",
    b"\x1b[92u",
    b"\x1b[92;1u",
    b"\x1b[92;2u",
    b"\x1b[92;5:3u",
    b"\x1b[23~",
    b"\x1b[24;1:3~",
]


def keys(messages: list[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, Key)]


@pytest.mark.parametrize("data", CHORDS)
def test_every_encoding_of_the_chord_is_one(data: bytes) -> None:
    [key] = keys(Reader().read(data))
    assert key in CHORD_KEYS


@pytest.mark.parametrize("data", NO_CHORDS)
def test_what_only_looks_like_a_chord_is_none(data: bytes) -> None:
    assert not CHORD_KEYS & set(keys(Reader().read(data)))


@pytest.mark.parametrize("begun", [b"\x1b", b"\x1b[", b"\x1b[12;4", b"\x1b[<0;1"])
def test_a_chord_after_half_a_sequence_comes_through_at_once(begun: bytes) -> None:
    reader = Reader()
    assert keys(reader.read(begun)) == []
    assert keys(reader.read(b"\x1c"))[-1] == "ctrl+backslash"
    assert keys(Reader().read(begun + b"\x1c"))[-1] == "ctrl+backslash"


def test_esc_and_the_chord_are_two_keys() -> None:
    assert keys(Reader().read(b"\x1b\x1c")) == ["escape", "ctrl+backslash"]


def test_a_chord_alone_after_a_silence_ends_an_open_paste() -> None:
    reader = Reader()
    assert keys(reader.read(b"\x1b[200~text")) == []
    assert keys(reader.read(b"\x1c")) == [], "still the paste"
    for _ in range(SILENT_POLLS):
        reader.silence()
    messages = reader.read(b"\x1c")
    assert [type(message) for message in messages] == [Paste, Key]


def test_a_report_of_a_terminal_without_a_size_deafens_nobody() -> None:
    reader = Reader()
    reader.read(b"\x1b[48;24;80;0;0t\x1b[<0;1;1M")
    assert keys(reader.read(b"\x1c")) == ["ctrl+backslash"]


def test_half_a_character_before_the_chord_keeps_no_paste_open() -> None:
    reader = Reader()
    reader.read(b"\x1b[200~text\xe2\x82")
    for _ in range(SILENT_POLLS):
        reader.silence()
    assert [type(message) for message in reader.read(b"\x1c")] == [Paste, Key]


def test_a_key_that_is_no_character_is_left_out() -> None:
    assert keys(Reader().read(b"\x1b[55296u\x1b[97u")) == ["a"]


def test_a_chord_in_a_paste_is_text() -> None:
    assert keys(Reader().read(b"\x1b[200~f\x1c\x1b[201~")) == []


def test_no_input_deafens_the_reader() -> None:
    chance = random.Random(1)
    alphabet = b"\x1b[[[0123456789;:u~MmABCR?$<yabc\x00O\xff\xc3\xe2\x1c"
    for _ in range(3_000):
        reader = Reader()
        reader.read(b"\x1b[" + bytes(chance.choices(alphabet, k=chance.randrange(1, 40))))
        for _ in range(SILENT_POLLS):
            reader.silence()
        reader.read(b"\x1b\\zz")  # ends whatever string sequence was begun
        reader.read(b"\x1c")
        for _ in range(SILENT_POLLS):
            reader.silence()
        assert "ctrl+backslash" in keys(reader.read(b"\x1c"))
