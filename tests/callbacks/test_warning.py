import warnings

import numpy as np
import pytest

import recipes
from callbacks.warning import warn


def blamed(function, *arguments, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments, **options)
    return {(warning.filename, warning.category) for warning in caught}


def test_the_caller_outside_the_package_is_blamed():
    with pytest.warns(RuntimeWarning, match="large") as caught:
        warn("the rate is large", RuntimeWarning)
    assert caught[0].filename == __file__


def test_from_any_depth(tmp_path):
    x, y = np.arange(80.0).reshape(40, 2) % 7, np.arange(40) % 2
    rare = np.arange(400) // 396
    table = tmp_path / "rare.csv"
    table.write_text("a,b\n" + "".join(f"{number % 7},{label}\n" for number, label in enumerate(rare)))
    assert blamed(recipes.Data.from_arrays, np.arange(400.0)[:, None] % 7, rare) == {(__file__, UserWarning)}
    assert blamed(recipes.load, str(table), target="b") == {(__file__, UserWarning)}
    data = recipes.Data.from_arrays(x, y)
    recipe = recipes.Recipe(learning_rate=1e30, optimizer="sgd", schedule="constant", regularizer="none")
    assert blamed(recipes.fit, data, recipe, epochs=3, verbose=0) == {(__file__, RuntimeWarning)}
