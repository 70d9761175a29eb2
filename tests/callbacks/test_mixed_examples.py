"""MixUp and CutMix: the mixed inputs and the mixed loss, in NumPy; the distribution of the shares; refusals."""

import keras
import numpy as np
import pytest

from callbacks import CutMix, InvalidArgument, MixUp

K = keras.layers
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (8, 6, 5, 1)).astype("uint8")
LABELS = np.arange(8) % 3


class Seeing(K.Layer):
    """Keeps what it is called with."""

    def call(self, x):
        if hasattr(x, "numpy"):
            self.seen = np.array(x)
        return x


def one_step(callback, x, y, *, shape, outputs, loss, activation=None, **fit):
    """A step, eagerly: the inputs that the model got, its outputs for them before the step, and the loss."""
    seeing = Seeing()
    inputs = keras.Input(shape, dtype=x.dtype)
    flat = K.Flatten()(K.Rescaling(1 / 255 if x.dtype == "uint8" else 1.0)(seeing(inputs)))
    model = keras.Model(inputs, K.Dense(outputs, activation=activation, name="last")(flat))
    model.compile(keras.optimizers.SGD(1.0), loss, run_eagerly=True)
    before = keras.models.clone_model(model)
    before.set_weights(model.get_weights())
    history = model.fit(x, y, batch_size=len(x), shuffle=False, verbose=0, callbacks=[callback], **fit)
    mixed = seeing.seen
    return mixed, before(mixed).numpy(), history.history["loss"][0]


def parts(mixed, x):
    """Share and order from the mixed inputs, by least squares over all pairs of rows."""
    flat, found = x.reshape(len(x), -1).astype("float64"), []
    for row, own in zip(mixed.reshape(len(x), -1), flat, strict=True):
        fits = []
        for index, other in enumerate(flat):
            direction = own - other
            share = 1.0 if not direction.any() else direction @ (row - other) / (direction @ direction)
            fits.append((np.abs(share * own + (1 - share) * other - row).max(), share, index))
        found.append(min(fits))
    return found


def test_mixup_mixes_inputs_and_losses_of_a_regression():
    x, y = RANDOM.normal(size=(8, 5)).astype("float32"), RANDOM.normal(size=(8, 1)).astype("float32")
    weights = RANDOM.uniform(0.5, 2.0, 8)
    for fit, used in (({}, np.ones(8)), ({"sample_weight": weights}, weights)):
        mixed, outputs, loss = one_step(MixUp(1.0, seed=4), x, y, shape=(5,), outputs=1, loss="mse", **fit)
        found = parts(mixed, x)
        assert max(error for error, _, _ in found) < 1e-5
        (share,) = {round(share, 4) for _, share, index in found if not np.array_equal(x[index], mixed)}
        order = [index for _, _, index in found]
        assert sorted(order) == list(range(8))
        assert 0.02 < share < 0.98
        own, other = (used * (outputs - y)[:, 0] ** 2).mean(), (used[order] * (outputs - y[order])[:, 0] ** 2).mean()
        assert loss == pytest.approx(share * own + (1 - share) * other, rel=1e-3)


def test_cutmix_of_bytes_with_integer_labels():
    mixed, outputs, loss = one_step(
        CutMix(seed=2), IMAGES, LABELS, shape=(6, 5, 1), outputs=3, loss="sparse_categorical_crossentropy",
        activation="softmax",
    )  # fmt: skip
    assert mixed.dtype == "uint8"
    changed = (mixed != IMAGES).any((0, 3))
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()  # one rectangle
    assert 0 < changed.sum() < 30
    order = [next(k for k in range(8) if (IMAGES[k][changed] == image[changed]).all()) for image in mixed]
    share = 1 - changed.mean()
    losses = [-np.log(outputs[np.arange(8), labels]).mean() for labels in (LABELS, LABELS[order])]
    assert loss == pytest.approx(share * losses[0] + (1 - share) * losses[1], rel=1e-5)


def test_the_shares_are_of_their_distribution_and_each_step_has_its_own():
    shares = []

    class Noting(MixUp):
        def mixed(self, x, other, share, seed):
            shares.append(float(share))
            return super().mixed(x, other, share, seed)

    model = keras.Sequential([keras.Input((1,)), K.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(np.zeros((400, 1)), np.zeros((400, 1)), batch_size=2, verbose=0, callbacks=[Noting(0.5, seed=1)])
    assert len(set(shares)) > 150
    assert np.mean(shares) == pytest.approx(0.5, abs=0.08)
    assert np.var(shares) == pytest.approx(0.125, abs=0.025)  # of Beta(1/2, 1/2)


@pytest.mark.parametrize("steps", [1, 4])
def test_compiled_it_is_the_same_training_and_nothing_is_left(steps):
    def weights(eagerly):
        model = keras.Sequential([keras.Input((5,)), K.Dense(1, kernel_initializer="zeros")])
        options = {"run_eagerly": True} if eagerly else {"steps_per_execution": steps}
        model.compile(keras.optimizers.SGD(0.1), "mse", **options)
        fit = {"batch_size": 2, "verbose": 0, "shuffle": False}
        x, y = np.arange(40.0).reshape(8, 5) / 40, np.arange(8.0)
        model.fit(x, y, callbacks=[MixUp(0.5, seed=3)], **fit)
        mixed = model.get_weights()
        model.fit(x, y, **fit)
        return [*mixed, *model.get_weights()]

    for one, other in zip(weights(True), weights(False), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_refusals():
    for kind in (MixUp, CutMix):
        with pytest.raises(InvalidArgument, match=r"alpha must be a number > 0\. Received: alpha=0"):
            kind(0)
    pair = [keras.Input((3,)), keras.Input((3,))]
    two, table = keras.Model(pair, K.Dense(1)(K.Add()(pair))), keras.Sequential([keras.Input((3,)), K.Dense(1)])
    for callback, model in ((CutMix(), table), (MixUp(), two)):
        model.compile("sgd", "mse")
        with pytest.raises(InvalidArgument, match="model must be a built model with one input, of"):
            model.fit([np.zeros((4, 3))] * len(model.inputs), np.zeros((4, 1)), verbose=0, callbacks=[callback])
