import warnings

import numpy as np
import pytest

from recipes.data import Data

TEXTS = np.array([f"a story about the number {place}" for place in range(40)], object)
GAPS = TEXTS.copy()
GAPS[::4] = [None, " ", "", np.nan, None, "", None, " ", "", None]
Y = np.arange(40) // 4 % 2


@pytest.mark.parametrize(("x", "where"), [(GAPS, ""), ({"n": np.arange(40.0), "story": GAPS}, " of 'story'")])
def test_missing_and_blank_texts_are_counted(x, where):
    with pytest.warns(UserWarning, match="missing or blank") as caught:
        data = Data.from_arrays(x, Y)
    train, y = data.arrays("train")
    count = sum(not text.strip() for text in (train if where == "" else train["story"]))
    assert [str(warning.message).split(";")[0] for warning in caught] == [
        f"dataset 'arrays': {count} of the {len(y)} texts{where} in training are missing or blank"
    ]


def test_other_texts_are_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Data.from_arrays(TEXTS, Y)
