"""The table of docs/ways_in.md: every way in x every kind of column and target, with the right values or a reason."""

import pytest

from callbacks.checks import InvalidArgument

from .ways import COLUMNS, ODD_NAMES, TARGETS, WAYS, column_cell, target_cell, written_tables

REFUSED = "refused"
REASONS = {
    "array": "x must be numbers, but .* of the 40 values of column 'v' in split 'train' are none; a table with",
    "lists of labels": "y must be numbers for task 'multilabel'. Received: y=\"strings such as '.0.'\"",
}
"""Way or kind of target -> why it is refused."""
ALWAYS = {"words and None", ODD_NAMES, "labels -1 and 1"}
"""Kinds that ordinary tests bring in every way; the others come as a DataFrame."""
TABLES = written_tables()

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # what is said of each kind has tests of its own


def cells(table):
    for (kind, way), cell in TABLES[table].items():
        ordinary = way == "DataFrame" or kind in ALWAYS
        yield pytest.param(kind, way, cell, id=f"{kind}-{way}", marks=[] if ordinary else pytest.mark.thorough)


def test_the_page_has_every_kind_and_way():
    assert set(TABLES["column"]) == {(kind, way) for kind in [*COLUMNS, ODD_NAMES] for way in WAYS if way != "images"}
    assert set(TABLES["target"]) == {(kind, way) for kind in TARGETS for way in WAYS}


def check(of, kind, way, cell, folder, reason):
    if cell != REFUSED:
        assert of(kind, way, folder) == cell
        return
    with pytest.raises(InvalidArgument, match=REASONS[reason]) as caught:
        of(kind, way, folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "way", "cell"), list(cells("column")))
def test_columns(tmp_path, kind, way, cell):
    check(column_cell, kind, way, cell, tmp_path, way)


@pytest.mark.parametrize(("kind", "way", "cell"), list(cells("target")))
def test_targets(tmp_path, kind, way, cell):
    check(target_cell, kind, way, cell, tmp_path, kind)
