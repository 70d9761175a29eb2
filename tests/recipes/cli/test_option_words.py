"""Advice in messages is in the words of the command line, and none of the rest changes."""

import pytest

from recipes.cli.option_words import in_options


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("leave it out: id='row no'", "leave it out: --id 'row no'"),
        ("leave it out: exclude=['a']; more", "leave it out: --exclude a; more"),
        ("pass task='multiclass' if they are classes", "pass --task multiclass if they are classes"),
        ("small_classes='leave_out', 'merge' or 'train'", "--small-classes leave_out, 'merge' or 'train'"),
        ("pass features={name: 'category'} for a file", "pass --features name:category"),
        ("must be 1. Received: id='x'", "must be 1. Received: id='x'"),
        (
            "the file must have a=1 and grid='x', and valid=['1']",
            "the file must have a=1 and grid='x', and valid=['1']",
        ),
        ("leave it out: exclude=['a,b', 'c']", "leave it out: --exclude '\"a,b\",c'"),
        ("leave it out: id='a,b'", "leave it out: --id a,b"),
    ],
)
def test_arguments_are_options(message, expected):
    assert in_options(message) == expected
