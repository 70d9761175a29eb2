"""JSON files of anybody: bounded, checked by a schema and a checksum, refused in one line."""

import json
import os
import time

import pytest

from callbacks.checks import InvalidArgument
from recipes.stored.json_files import parse, read_json, sealed, unsealed, write_json
from recipes.stored.reading import numbered_lines, read_bytes
from recipes.stored.schema import COUNT, FINITE, PLAIN_NAME, TEXT, Listing, Mapped, Object, name_of_file, number

KIND = Object(fields={"epochs": COUNT}, optional={"rates": Mapped(of=Listing(of=FINITE, most=3))})


def test_there_and_back(tmp_path):
    values = {"epochs": 5, "rates": {"adam": [0.1, 1e-3]}}
    write_json(tmp_path / "x.json", values)
    assert read_json(tmp_path / "x.json", KIND) == values
    assert json.loads((tmp_path / "x.json").read_text())["checksum"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "Expecting property name"),
        (b"[1]", "the content must be an object"),
        (b"\xff\xfe", "can't decode byte 0xff"),
        (b"[" * 10**5, "more than 50 levels"),
        (b'{"epochs": ' + b"9" * 5000 + b"}", "a whole number of 5,000 digits"),
        (b'{"epochs": -1}', "epochs must be an integer >= 0"),
        (b'{"epochs": true}', "epochs must be an integer >= 0"),
        (b"{}", "epochs must be given"),
        (b'{"epochs": 1, "x": 2}', "x must be left out: known are epochs, rates"),
        (b'{"epochs": 1, "rates": {"a b": [1, NaN]}}', r"rates.'a b'\[1\] must be a finite number. Received: .*=nan"),
        (b'{"epochs": 1, "rates": {"a": [1, 2, 3, 4]}}', "rates.a must be of at most 3 entries"),
        (b'{"epochs": 1, "rates": {"\\ud800": []}}', "surrogates not allowed"),
        (json.dumps({**sealed({"epochs": 5}), "epochs": 6}).encode(), "not those that were written"),
    ],
)
def test_damage_is_refused_by_file_and_field(tmp_path, content, reason):
    (tmp_path / "x.json").write_bytes(content)
    message = rf"^directory must be one whose files are whole \(x.json: .*{reason}"
    with pytest.raises(InvalidArgument, match=message) as refused:
        read_json(tmp_path / "x.json", KIND)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 600


def test_every_changed_value_is_seen_and_white_space_is_none():
    values = {"a": [1, 2.5], "b": "x"}
    text = json.dumps(sealed(values))
    for place in range(len(text)):
        for mark in ("7", "x", " "):
            changed = text[:place] + mark + text[place + 1 :]
            try:
                value = unsealed(parse(changed))
            except ValueError:
                continue
            assert value == values or len(value) == 3  # of which a schema knows two: the checksum lost its name


def test_huge_and_endless_files_are_refused_at_once(tmp_path):
    with open(tmp_path / "x.json", "wb") as file:
        file.truncate(8 * 2**30)  # sparse: it takes no space
    os.mkfifo(tmp_path / "pipe.json")
    begin = time.perf_counter()
    with pytest.raises(InvalidArgument, match=r"x.json: it has 8,589,934,592 bytes; at most 268,435,456 are read"):
        read_json(tmp_path / "x.json")
    with pytest.raises(InvalidArgument, match=r"pipe.json: it is no file"):
        read_json(tmp_path / "pipe.json")
    with pytest.raises(ValueError, match="it is no file"):
        read_bytes("/dev/zero")
    with pytest.raises(ValueError, match="line 1: it has more than 1,024 bytes"):
        list(numbered_lines(tmp_path / "x.json", 1024))
    assert time.perf_counter() - begin < 0.5


@pytest.mark.parametrize(
    ("kind", "value", "accepted"),
    [
        (number(0, 1), 5.0, "a number >= 0 and <= 1"),
        (number(nan=False), float("nan"), "a number"),
        (FINITE, 1e999, "a finite number"),
        (name_of_file, "cat\x1b[2J", "a string of 1 to 2,000 characters without control characters"),
        (name_of_file, "x\0", "a string of 1 to 2,000 characters without control characters"),
        (name_of_file, "x" * 2001, "a string of 1 to 2,000 characters without control characters"),
        (PLAIN_NAME, "..", "the name of an entry of its folder"),
        (PLAIN_NAME, "/etc", "the name of an entry of its folder"),
        (PLAIN_NAME, "a\\b", "the name of an entry of its folder"),
        (TEXT, 3, "a string"),
    ],
)
def test_kinds_of_values(kind, value, accepted):
    with pytest.raises(InvalidArgument) as refused:
        kind.read("field", value)
    assert str(refused.value).startswith(f"field must be {accepted}. Received: field=")
    assert "\x1b" not in str(refused.value)
