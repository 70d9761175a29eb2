"""A seed of 0 is a seed for KerasTuner too, whichever is imported first."""

import keras_tuner
import numpy as np
import pytest

KINDS = (
    keras_tuner.oracles.RandomSearchOracle,
    keras_tuner.oracles.BayesianOptimizationOracle,
    keras_tuner.oracles.HyperbandOracle,
)


def proposals(kind, directory, count=3, **options):
    """The values that an oracle proposes."""
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 0.0, 1.0)
    oracle = kind(objective="val_loss", hyperparameters=hp, **options)
    keras_tuner.engine.base_tuner.BaseTuner(oracle, directory=directory, overwrite=True)
    oracle.verbose = 0
    trials = [oracle.create_trial(f"worker{number}") for number in range(count)]
    return [trial.hyperparameters.values["rate"] for trial in trials]


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_of_zero_gives_the_same_proposals(kind, tmp_path):
    first = proposals(kind, tmp_path, seed=0)
    assert proposals(kind, tmp_path, seed=np.int64(0)) == first
    assert proposals(kind, tmp_path, seed=1) != first


def test_zero_is_the_seed_that_follows_minus_one(tmp_path):
    """Not another seed in its place: an oracle counts up from its seed."""
    kind = keras_tuner.oracles.RandomSearchOracle
    assert proposals(kind, tmp_path, seed=-1, count=2)[1] == proposals(kind, tmp_path, seed=0)[0]


def test_none_is_still_a_seed_of_its_own():
    seeds = {keras_tuner.oracles.RandomSearchOracle("val_loss", seed=None).seed for _ in range(9)}
    assert len(seeds) > 1
    assert 0 not in seeds
    with pytest.raises(TypeError, match="unexpected keyword argument 'sed'"):
        keras_tuner.Oracle("val_loss", sed=0)


@pytest.mark.thorough
@pytest.mark.parametrize("first", ["keras_tuner", "recipes", "keras_recipes"])
def test_in_either_order_of_imports(python, first):
    imports = f"import {first}\nimport keras_tuner, recipes\n"
    assert python(imports + "print(keras_tuner.oracles.RandomSearchOracle('val_loss', 3, 0).seed)") == "0\n"
