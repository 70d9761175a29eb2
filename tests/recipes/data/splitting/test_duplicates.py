import itertools

import numpy as np
import pandas
import pytest

import recipes
from recipes.data import Data
from recipes.data.splitting.duplicates import duplicates_of, kept_together, together_in_folds
from recipes.saved_run import SavedRun, data_of

RANDOM = np.random.default_rng(0)
Y = np.arange(120) % 2


def repeated(x):
    """60 examples, each of them twice, in an order of chance; and the numbers of the originals."""
    which = RANDOM.permutation(np.repeat(np.arange(60), 2))
    return ({name: values[which] for name, values in x.items()} if isinstance(x, dict) else x[which]), which


TEXTS = np.array([f"text number {number}" for number in range(60)], object)
FORMS = {
    "table": RANDOM.normal(size=(60, 3)),
    "images": RANDOM.integers(0, 255, (60, 4, 4, 1)).astype("uint8"),
    "texts": TEXTS,
    "sequences": RANDOM.normal(size=(60, 5, 2)),
    "record": {"n": RANDOM.normal(size=60), "s": TEXTS, "v": RANDOM.normal(size=(60, 2))},
}


@pytest.mark.parametrize("form", FORMS)
def test_equal_examples_are_found_and_kept_together(form):
    x, which = repeated(FORMS[form])
    codes = duplicates_of({"train": x})["train"]
    for first, second in itertools.combinations(range(60), 2):
        assert (codes[first] == codes[second]) == (which[first] == which[second])
    data = Data.from_arrays(x, Y)
    assert data.settings["duplicates"] > 0
    assert sum(data.settings["counts"].values()) == 120
    seen = [set(map(str, flat(data.arrays(split)[0]))) for split in ("train", "validation", "test")]
    assert all(not one & other for one, other in itertools.combinations(seen, 2))
    for fold in data.folds(3):
        train, validation = (set(map(str, flat(fold.arrays(split)[0]))) for split in ("train", "validation"))
        assert not train & validation
    apart = Data.from_arrays(x, Y, duplicates="ignore")
    assert "duplicates" not in apart.settings
    assert apart.fingerprint != data.fingerprint


def flat(x):
    values = x if not isinstance(x, dict) else next(iter(x.values()))
    return values.reshape(len(values), -1).tolist()


def test_splits_without_duplicates_are_what_they_were():
    x = RANDOM.normal(size=(120, 3))
    data = Data.from_arrays(x, Y)
    assert data.fingerprint == Data.from_arrays(x, Y, duplicates="ignore").fingerprint
    assert "duplicates" not in data.settings


def test_splits_that_are_given_are_counted():
    x = RANDOM.normal(size=(120, 3))
    others = RANDOM.normal(size=(20, 3))
    others[:4] = x[:4]
    message = "3 of the 16 examples in split 'validation' and 2 of the 6 examples in split 'test' have the same inputs"
    with pytest.warns(UserWarning, match=message):
        Data.from_arrays(
            x, Y, x_validation=others[1:17], y_validation=Y[:16], x_test=others[[0, 6, 17, 18, 19, 19]], y_test=Y[:6]
        )


def test_rows_that_are_equal_by_chance_are_no_duplicates():
    coins = RANDOM.integers(0, 2, (500, 3))
    assert duplicates_of({"train": coins}) is None
    assert duplicates_of({"train": {"a": coins[:, 0], "b": coins[:, 1]}}) is None
    frame = pandas.DataFrame(coins, columns=list("abc")).assign(amount=RANDOM.normal(size=500))
    twice = pandas.concat([frame, frame[:50]])
    codes = duplicates_of({"train": {name: column.to_numpy() for name, column in twice.items()}})["train"]
    assert (codes >= 0).sum() == 100  # of few values, but for one column


def test_an_example_that_is_common_is_no_duplicate():
    texts = np.array(["thanks"] * 40 + [f"text {number}" for number in range(60)] + ["text 1", "text 2"], object)
    codes = duplicates_of({"train": texts[:90], "test": texts[90:]})
    assert np.flatnonzero(codes["train"] >= 0).tolist() == [41, 42]
    assert np.flatnonzero(codes["test"] >= 0).tolist() == [10, 11]
    assert duplicates_of({"train": np.zeros((30, 8, 8, 1), "uint8")}) is None


def test_missing_values_are_equal():
    x = RANDOM.normal(size=40)
    x[[3, 20]] = np.nan
    codes = duplicates_of({"train": {"a": x, "b": np.where(np.isnan(x), 0.5, x)}})["train"]
    assert np.flatnonzero(codes == codes[3]).tolist() == [3, 20]


def test_the_side_is_that_of_the_first():
    equal = np.array([0, 1, -1, 0, 1, -1, -1])
    staying, held = kept_together(np.array([0, 2, 4, 5]), np.array([1, 3, 6]), equal)
    assert (staying.tolist(), held.tolist()) == ([0, 2, 3, 5], [1, 4, 6])
    labels = np.array([0, 1, 0, 0, 1, 0, 0])  # the last ones of class 1 stay
    staying, held = kept_together(np.array([0, 2, 4, 5]), np.array([1, 3, 6]), equal, labels)
    assert (staying.tolist(), held.tolist()) == ([0, 1, 2, 3, 4, 5], [6])
    pair = (np.array([0]), np.array([1]))
    assert [part.tolist() for part in kept_together(*pair, np.array([0, 0]))] == [[0], [1]]  # one side would be empty
    assert [part.tolist() for part in together_in_folds(pair, np.array([0, 0]))] == [[0], [1]]


def test_the_two_zeros_are_equal_and_columns_are_not_exchanged():
    x = {"a": np.array([0.0, -0.0, 1.5, 2.5]), "b": np.array([3.5, 3.5, 2.5, 1.5])}
    assert duplicates_of({"train": x})["train"].tolist() == [0, 0, -1, -1]
    assert duplicates_of({"train": np.stack(list(x.values()), axis=1)})["train"].tolist() == [0, 0, -1, -1]


def test_a_saved_run_finds_the_splits_of_its_version(tmp_path):
    frame = pandas.DataFrame(RANDOM.normal(size=(60, 3)), columns=list("abc")).assign(y=Y[:60])
    pandas.concat([frame, frame]).to_csv(tmp_path / "twice.csv", index=False)
    data = recipes.load(tmp_path / "twice.csv", target="y")
    apart = recipes.load(tmp_path / "twice.csv", target="y", duplicates="ignore")
    assert data.settings["duplicates"] > 0
    before = {**apart.settings, "options": {"target": "y"}}  # of a version that did not look for duplicates
    for saved, settings in ((data, data.settings), (apart, apart.settings), (apart, before)):
        facts = {"data": settings, "fingerprints": saved.fingerprints}
        assert data_of(SavedRun(None, None, saved.spec, {}, facts)).fingerprint == saved.fingerprint
