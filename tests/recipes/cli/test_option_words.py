"""Advice in messages is in the words of the command line, and none of the rest changes."""

import numpy as np
import pytest

from recipes.cli.option_words import in_options
from recipes.cli.options import listed, names


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
        ("features must be a column; did you mean 'age '?", "features must be a column; did you mean '\"age \"'?"),
    ],
)
def test_arguments_are_options(message, expected):
    assert in_options(message) == expected


def test_names_are_typed_as_they_are_listed():
    random = np.random.default_rng(0)
    for _ in range(2000):
        drawn = ["".join(random.choice(list("ab ,\"'\t"), size=random.integers(1, 6))) for _ in range(3)]
        typed = [name for name in drawn if name.strip()]
        assert names(listed(typed)) == typed
