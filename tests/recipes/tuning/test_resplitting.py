"""A search whose repeats have splits and tunings of their own, and the data for which they do by default."""

import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.tuning.ledger import read_records
from recipes.tuning.outcomes import read_outcomes
from recipes.tuning.protocol import Protocol
from recipes.tuning.resplitting import decided


def made(count=60, smallest=20, **options):
    x = np.random.default_rng(0).normal(size=(count, 3))
    return recipes.Data.from_arrays(x, np.r_[np.ones(smallest), np.zeros(count - smallest)].astype(int), **options)


GIVEN = {
    "x_validation": np.random.default_rng(1).normal(size=(9, 3)),
    "y_validation": np.arange(9) % 2,
    "x_test": np.random.default_rng(2).normal(size=(9, 3)),
    "y_test": np.arange(9) % 2,
}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (made, True),
        (lambda: made(count=12_600, smallest=4_000), False),
        (lambda: made(smallest=4), False),
        (lambda: made(**GIVEN), False),
    ],
)
def test_the_default_is_where_it_matters_and_can_be(data, expected):
    assert decided(Protocol(repeats=5), data()).resplit is expected
    assert decided(Protocol(repeats=5, resplit=False), data()).resplit is False


@pytest.mark.parametrize(
    ("data", "message"), [(lambda: made(smallest=4), "every class"), (lambda: made(**GIVEN), "are both given")]
)
def test_what_is_asked_for_is_refused_where_it_cannot_be(data, message):
    with pytest.raises(InvalidArgument, match=rf"resplit must be left out for .*{message}"):
        decided(Protocol(repeats=5, resplit=True), data())


def test_the_overlap_is_that_of_the_folds():
    assert made(test=0.2).overlap == pytest.approx(1 / 4)
    assert made(x_test=GIVEN["x_test"], y_test=GIVEN["y_test"]).overlap is None


@pytest.mark.thorough
def test_each_repeat_is_what_fit_trains_on_its_split(classes, search_options, tmp_path):
    options = {**search_options, "tunings": "some", "resplit": True, "repeats": 3}
    comparison = recipes.search(classes, directory=tmp_path / "search", **options)
    records = read_records(comparison.directory)[0]
    confirmed = [record for record in records.values() if record.stage == "confirm"]
    assert [record.split for record in confirmed] == [0, 1, 2] * (len(confirmed) // 3)
    for record in confirmed:
        tested = classes.resplit(record.split).arrays("test")[1]
        outcomes = read_outcomes(comparison.directory, record.key)
        assert len(outcomes.contribution) == len(tested)
        assert float(outcomes.contribution.mean()) == pytest.approx(record.test_score, abs=1e-6)
    assert (comparison.directory / "best" / "export.json").is_file()
    row = comparison.table().set_index("arm").loc[comparison.results.winner]
    exported = records[f"{comparison.results.winner}/confirm/0"]
    assert comparison.best_seed == exported.seed
    assert row["learning_rate"] == exported.values["learning_rate"]
    again = recipes.Comparison.load(comparison.directory)
    assert again.table().equals(comparison.table())
    assert (
        "each with its own training, validation and test splits" in (comparison.directory / "report.html").read_text()
    )
