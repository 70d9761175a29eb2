"""sparsity and sparsify: which weights are counted and zeroed, against NumPy, and what an L1 penalty does."""

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe, fit, preset, sparsify, sparsity


@pytest.fixture(scope="module")
def run(classes):
    model = {"name": "mlp", "hidden": (8,), "normalization": "batch"}
    return fit(classes, Recipe(model=model, learning_rate=0.02, regularizer="l2"), epochs=1, verbose=0)


def kernels(model):
    return np.concatenate([np.array(v).ravel() for v in model.trainable_variables if v.name == "kernel"])


def test_it_counts_the_small_weights_of_kernels_alone(run):
    sizes = np.abs(kernels(run.model))
    for below in (0.05, 0.3):
        found = sparsity(run.model, below=below)
        assert found.share == pytest.approx((sizes < below).mean())
        assert found.weights == len(sizes) == 4 * 8 + 8 * 3
        assert len(found.layers) == 2
    assert sparsity(run.model, below=0).share == 0
    assert "weights are exactly 0" in str(sparsity(run.model, below=0))
    assert "weights are 0 to within 0.3; most in" in str(sparsity(run.model, below=0.3))


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_a_share_of_the_weights_becomes_zero_the_smallest_ones(run, share):
    before = kernels(run.model)
    result = sparsify(run, share=share)
    np.testing.assert_array_equal(kernels(run.model), before)
    after = kernels(result.model)
    zeroed = np.argsort(np.abs(before))[: int(share * len(before))]
    expected = before.copy()
    expected[zeroed] = 0
    np.testing.assert_array_equal(after, expected)
    assert sparsity(result.model, below=0).share == pytest.approx(share, abs=1 / len(before))
    others = [(np.array(a), np.array(b)) for a, b in zip(run.model.variables, result.model.variables, strict=True)]
    assert all((a == b).all() for a, b in others if a.ndim < 2)
    if share == 0:
        assert result.evaluate() == run.evaluate()


def test_weights_below_a_size_become_zero_and_the_run_can_be_saved(run, tmp_path):
    result = sparsify(run, below=0.2)
    assert sparsity(result.model, below=0).share == sparsity(run.model, below=0.2).share > 0
    result.save(tmp_path / "run")
    assert recipes.load_run(tmp_path / "run", data=run.data).evaluate() == result.evaluate()


@pytest.mark.thorough
def test_an_l1_penalty_makes_most_weights_useless(digits):
    found = {
        name: fit(digits, preset(name, learning_rate=0.03), epochs=20, verbose=0) for name in ("default", "sparse")
    }
    shares = {name: sparsity(run.model).share for name, run in found.items()}
    assert shares["default"] < 0.05 < 0.4 < shares["sparse"]
    small = sparsify(found["sparse"])
    assert small.evaluate()["accuracy"] > found["sparse"].evaluate()["accuracy"] - 0.01


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share": 1.0}, "share must be a number >= 0 and < 1"),
        ({"below": 0}, "below must be a number > 0"),
        ({"below": 0.1, "share": 0.5}, "below must be None where share is given"),
    ],
)
def test_what_is_refused(run, options, message):
    with pytest.raises(InvalidArgument, match=message):
        sparsify(run, **options)
    with pytest.raises(InvalidArgument, match="one with trainable kernels"):
        sparsity(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, trainable=False)]))
