"""The best models of a QuickTuner can be had for every kind of model and every way to train it."""

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

import recipes

X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")
PLACES = np.arange(40) % 3
WORDS = np.array(["up", "down", "both", "none"])[np.arange(40) % 4]
DATA = {"x": X, "y": Y, "validation_data": (X, Y), "epochs": 2, "verbose": 0}


class Plain(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.outputs_of = keras.layers.Dense(4), keras.layers.Dense(2, activation="softmax")

    def call(self, x):
        return self.outputs_of(self.hidden(x))


class OwnBuild(Plain):
    """Builds some weights in ``build``, and the layers in the first call."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")
        super().build(shape)

    def call(self, x):
        return super().call(x * self.scale)


class OwnStep(Plain):
    def train_step(self, data):
        return super().train_step(data)


class Typed(Plain):
    """Takes inputs by name, one of them whole numbers that a float would not do for, and texts."""

    def __init__(self):
        super().__init__()
        self.words = keras.layers.StringLookup(vocabulary=["up", "down"], output_mode="one_hot")

    def call(self, inputs):
        table = keras.ops.convert_to_tensor(np.eye(3, dtype="float32"))
        places = keras.ops.take(table, inputs["place"], axis=0)
        return super().call(keras.ops.concatenate([inputs["x"], places, self.words(inputs["word"])], axis=-1))


TYPED = {"x": X, "place": PLACES, "word": tf.constant(WORDS)}


def compiled(model, hp):
    optimizer = keras.optimizers.Adam(hp.Float("rate", 0.01, 0.1))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    return model


def searched(folder, hypermodel, data=DATA, trials=2, **options):
    oracle = keras_tuner.oracles.RandomSearchOracle("val_loss", max_trials=trials, seed=1)
    tuner = recipes.QuickTuner(oracle, hypermodel, directory=folder, keep=1, **options)
    tuner.search(**data)
    return tuner


def reopened(folder, hypermodel):
    """The tuner of a search that ended in another process."""
    oracle = keras_tuner.oracles.RandomSearchOracle("val_loss", max_trials=2, seed=1)
    return recipes.QuickTuner(oracle, hypermodel, directory=folder, keep=1)


def score_of(model, x=X):
    return model.evaluate(x, Y, verbose=0)[0]


@pytest.mark.parametrize("kind", [Plain, OwnBuild, OwnStep, Typed])
@pytest.mark.ordinarily("OwnBuild")
def test_of_subclassed_models(tmp_path, kind):
    x = TYPED if kind is Typed else X
    tuner = searched(tmp_path, lambda hp: compiled(kind(), hp), {**DATA, "x": x, "validation_data": (x, Y)})
    best = min(trial.score for trial in tuner.oracle.trials.values())
    model = reopened(tmp_path, lambda hp: compiled(kind(), hp)).get_best_models()[0]
    assert score_of(model, x) == pytest.approx(best, rel=1e-5)
    assert float(model.optimizer.iterations) > 0


class Silent(keras_tuner.HyperModel):
    """Does not pass the callbacks on."""

    def build(self, hp):
        return compiled(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")]), hp)

    def fit(self, hp, model, x, y, validation_data, callbacks, **options):
        model.fit(x, y, **options)
        return model.evaluate(*validation_data, verbose=0, return_dict=False)[0]


class Elsewhere(Silent):
    """Trains another model."""

    def fit(self, hp, model, *data, **options):
        return super().fit(hp, self.build(hp), *data, **options)


class SilentlyUnbuilt(Silent):
    """Trains a model of which nobody but itself knows the inputs."""

    def build(self, hp):
        return compiled(Typed(), hp)

    def fit(self, hp, model, x, y, validation_data, callbacks, **options):
        return super().fit(hp, model, TYPED, y, (TYPED, y), callbacks, **options)


def test_of_a_fit_that_passes_no_callbacks(tmp_path):
    tuner = searched(tmp_path, Silent(), trials=1, executions_per_trial=2)
    best = tuner.oracle.get_best_trials()[0]
    model = reopened(tmp_path, Silent()).get_best_models()[0]
    assert score_of(model) <= best.score + 1e-6  # the better one of two, whose mean is the score


@pytest.mark.parametrize(
    ("hypermodel", "message"),
    [
        (
            Elsewhere,
            "trial must be of a HyperModel.fit that trains the model that it is given, or passes its callbacks",
        ),
        (SilentlyUnbuilt, "model must be built in HyperModel.build, by a call on an example, since it cannot be built"),
    ],
)
@pytest.mark.thorough
def test_what_cannot_be_had_is_said_in_a_line(tmp_path, hypermodel, message):
    tuner = searched(tmp_path, hypermodel())
    with pytest.raises(recipes.InvalidArgument, match=message) as raised:
        tuner.get_best_models()
    assert "\n" not in str(raised.value)


@pytest.mark.thorough
def test_a_trial_that_failed_is_not_among_the_best(tmp_path):
    class Fails(Silent):
        def fit(self, *args, **options):
            super().fit(*args, **options)
            raise RuntimeError("after the training")

    tuner = searched(tmp_path, Fails())
    with pytest.raises(recipes.InvalidArgument, match="trial must be one of the best 1"):
        tuner.get_best_models()
