"""AdversarialTraining: the mixture of a batch and its adversarial examples, step by step against NumPy."""

import keras
import numpy as np
import pytest

import callbacks
from callbacks import InvalidArgument

K = keras.layers
CLASSES = 3
random = np.random.default_rng(11)
X = random.normal(size=(24, 4)).astype("float32")
Y = random.integers(0, CLASSES, 24)
WEIGHTS = random.uniform(0.2, 3.0, 24).astype("float32")


def softmax_regression(rate=0.5, *, layers=(), penalty=None, dtype=None, shape=(4,), **options):
    kernel = keras.initializers.RandomNormal(stddev=0.5, seed=1)
    output = K.Dense(CLASSES, "softmax", kernel_initializer=kernel, kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input(shape, dtype=dtype), *layers, output])
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy", **options)
    return model


def forward(kernel, bias, x):
    logits = x @ kernel + bias
    p = np.exp(logits - logits.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def mean_loss(kernel, bias, x, y, weights):
    """The loss that Keras reports: the weighted sum over the number of examples; with its three gradients."""
    p = forward(kernel, bias, x)
    each = -np.log(p[np.arange(len(y)), y])
    slope = weights[:, np.newaxis] * (p - np.eye(CLASSES)[y]) / len(y)
    return (weights * each).mean(), x.T @ slope, slope.sum(0), slope @ kernel.T


def step(kernel, bias, x, y, weights, *, epsilon, share, rate):
    """(1 - share) J(x) + share J(x + epsilon sign(dJ/dx)), and the weights after a step of gradient descent."""
    clean, kernel_gradient, bias_gradient, input_gradient = mean_loss(kernel, bias, x, y, weights)
    moved = x + epsilon * np.sign(input_gradient)
    attacked, kernel_attacked, bias_attacked, _ = mean_loss(kernel, bias, moved, y, weights)
    loss = (1 - share) * clean + share * attacked
    kernel = kernel - rate * ((1 - share) * kernel_gradient + share * kernel_attacked)
    return loss, kernel, bias - rate * ((1 - share) * bias_gradient + share * bias_attacked)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "sample_weight"])
@pytest.mark.parametrize(
    ("epsilon", "share"),
    [(0.3, 0.2), *(pytest.param(*each, marks=pytest.mark.thorough) for each in [(0.3, 0.5), (0.1, 1.0)])],
)
@pytest.mark.ordinarily("sample_weight")
def test_the_steps_are_those_of_a_numpy_loop(epsilon, share, weighted):
    model = softmax_regression()
    weights = WEIGHTS if weighted else np.ones(24)
    kernel, bias = (each.astype("float64") for each in model.get_weights())
    losses = []
    for rows in (slice(0, 8), slice(8, 16), slice(16, 24)):
        batch = X[rows].astype("float64"), Y[rows], weights[rows]
        loss, kernel, bias = step(kernel, bias, *batch, epsilon=epsilon, share=share, rate=0.5)
        losses.append(loss)
    history = model.fit(
        X,
        Y,
        sample_weight=WEIGHTS if weighted else None,
        batch_size=8,
        shuffle=False,
        verbose=0,
        callbacks=[callbacks.AdversarialTraining(epsilon, share)],
    ).history
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-5, atol=1e-6)
    assert history["loss"][0] == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight", "sum"])
@pytest.mark.ordinarily("sum_over_batch_size", "sum")
def test_the_loss_is_the_mixture_whatever_its_reduction(reduction):
    ends = []
    for used in ([], [callbacks.AdversarialTraining(1e-7)]):  # examples that hardly move leave the loss what it is
        model = softmax_regression()
        model.compile(
            keras.optimizers.SGD(0.02),
            keras.losses.SparseCategoricalCrossentropy(reduction=reduction),
            run_eagerly=True,
        )
        model.fit(X, Y, sample_weight=WEIGHTS, batch_size=24, verbose=0, callbacks=used)
        ends.append(model.get_weights()[0])
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-4, atol=1e-5)


def mean_of(y, answer):
    """A loss that is one number for the batch, whatever the weights of its examples."""
    return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, answer))


@pytest.mark.parametrize("loss", [mean_of, keras.losses.SparseCategoricalCrossentropy(reduction=None)])
@pytest.mark.ordinarily("mean_of")
def test_a_loss_of_one_number_or_one_for_each_example(loss):
    model = softmax_regression(run_eagerly=True)
    factor = 24 if loss is not mean_of else 1  # a gradient of many numbers is that of their sum
    model.compile(keras.optimizers.SGD(0.5 / factor), loss, run_eagerly=True)
    kernel, bias = (each.astype("float64") for each in model.get_weights())
    _, kernel, bias = step(kernel, bias, X.astype("float64"), Y, np.ones(24), epsilon=0.3, share=0.2, rate=0.5)
    model.fit(X, Y, batch_size=24, verbose=0, callbacks=[callbacks.AdversarialTraining(0.3, 0.2)])
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-5, atol=1e-6)


def test_examples_are_compared_within_their_half():
    """A contrastive loss pulls each example towards the others: its adversarial half must not be among them."""
    inputs = keras.Input((4,))
    model = keras.Model(inputs, K.Dense(1, use_bias=False, kernel_initializer="ones")(inputs))
    model.compile(keras.optimizers.SGD(0.0), lambda y, answer: keras.ops.var(answer), run_eagerly=True)
    history = model.fit(X, Y, batch_size=24, verbose=0, callbacks=[callbacks.AdversarialTraining(0.3, 0.25)]).history
    answers = X.astype("float64").sum(1)
    moved = answers + 4 * 0.3 * np.sign(answers - answers.mean())
    assert history["loss"][0] == pytest.approx(0.75 * answers.var() + 0.25 * moved.var(), rel=1e-5)


def test_in_parts_each_part_has_its_adversarial_examples():
    used = [callbacks.AdversarialTraining(0.3, 0.2), callbacks.MicroBatches(3)]
    together, in_parts = (softmax_regression(run_eagerly=True) for _ in range(2))
    together.fit(X, Y, batch_size=24, verbose=0, callbacks=used[:1])
    in_parts.fit(X, Y, batch_size=24, verbose=0, callbacks=used)
    np.testing.assert_allclose(in_parts.get_weights()[0], together.get_weights()[0], rtol=1e-5)


def test_a_penalty_counts_once():
    model = softmax_regression(0.0, penalty=keras.regularizers.L2(0.5), run_eagerly=True)
    kernel, bias = (each.astype("float64") for each in model.get_weights())
    loss, *_ = step(kernel, bias, X.astype("float64"), Y, np.ones(24), epsilon=0.3, share=0.5, rate=0.0)
    history = model.fit(X, Y, batch_size=24, verbose=0, callbacks=[callbacks.AdversarialTraining(0.3)]).history
    assert history["loss"][0] == pytest.approx(loss + 0.5 * (kernel**2).sum(), rel=1e-5)


def test_metrics_are_those_of_both_halves():
    model = softmax_regression(0.0, metrics=["accuracy"], run_eagerly=True)
    kernel, bias = (each.astype("float64") for each in model.get_weights())
    moved = X + 0.4 * np.sign(mean_loss(kernel, bias, X.astype("float64"), Y, np.ones(24))[3])
    right = [(forward(kernel, bias, x).argmax(1) == Y).mean() for x in (X, moved)]
    assert right[1] < right[0]
    history = model.fit(X, Y, batch_size=8, verbose=0, callbacks=[callbacks.AdversarialTraining(0.4)]).history
    assert history["accuracy"][0] == pytest.approx(np.mean(right), rel=1e-6)


def ends(used, *, fits=1, **options):
    """History and weights as bytes after two epochs; the last of ``fits`` runs, each from the same weights."""
    model = softmax_regression(**options)
    start = model.get_weights()
    for number in range(fits):
        model.set_weights(start)
        history = model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=used[number]).history
    return history, [each.tobytes() for each in model.get_weights()]


@pytest.mark.parametrize("options", [{"epsilon": 0.0}, {"share": 0.0}])
def test_nothing_to_do_changes_nothing_to_the_bit(options):
    assert ends([[callbacks.AdversarialTraining(**options)]]) == ends([[]])


@pytest.mark.thorough
def test_steps_per_execution_changes_nothing_to_the_bit():
    used = [[callbacks.AdversarialTraining(0.3)]]
    alone = ends(used)
    assert ends(used, steps_per_execution=3) == alone
    assert ends([[]])[1] != alone[1]


def test_the_next_fit_without_it_is_as_if_it_had_never_been():
    used = callbacks.AdversarialTraining(0.3)
    assert ends([[used], []], fits=2) == ends([[]])


def test_validation_is_not_touched():
    model = softmax_regression(metrics=["accuracy"])
    used = [callbacks.AdversarialTraining(0.5)]
    history = model.fit(X, Y, batch_size=8, verbose=0, validation_data=(X, Y), callbacks=used).history
    loss, accuracy = model.evaluate(X, Y, batch_size=24, verbose=0)
    assert history["val_loss"][0] == pytest.approx(loss, rel=1e-6)
    assert history["val_accuracy"][0] == pytest.approx(accuracy)
    p = forward(*(each.astype("float64") for each in model.get_weights()), X)
    assert loss == pytest.approx(-np.log(p[np.arange(24), Y]).mean(), rel=1e-5)


def test_images_of_bytes_stay_images():
    images = random.integers(0, 256, (24, 2, 2, 1)).astype("uint8")
    layers = (K.Rescaling(1 / 255, offset=-0.5), K.Flatten())
    model = softmax_regression(layers=layers, shape=(2, 2, 1), dtype="uint8")
    kernel, bias = (each.astype("float64") for each in model.get_weights())

    def scaled(raw):
        return raw.reshape(24, 4) / 255.0 - 0.5

    sign = np.sign(mean_loss(kernel, bias, scaled(images.astype("float64")), Y, np.ones(24))[3]).reshape(images.shape)
    moved = np.clip(np.round(images + 0.1 * 255 * sign), 0, 255)
    gradients = [mean_loss(kernel, bias, scaled(each), Y, np.ones(24))[1] for each in (images, moved)]
    model.fit(images, Y, batch_size=24, verbose=0, callbacks=[callbacks.AdversarialTraining(0.1)])
    np.testing.assert_allclose(model.get_weights()[0], kernel - 0.5 * np.mean(gradients, 0), rtol=1e-5, atol=1e-6)


def test_dropout_and_batch_normalization_go_on_as_in_any_training():
    layers = (K.Dense(6, kernel_initializer=keras.initializers.RandomNormal(seed=2)), K.BatchNormalization())
    model = softmax_regression(layers=(*layers, K.Dropout(0.5, seed=1)))
    moving = model.layers[1].moving_mean.numpy()
    history = model.fit(X, Y, batch_size=8, epochs=3, verbose=0, callbacks=[callbacks.AdversarialTraining(0.1)]).history
    assert np.isfinite(history["loss"]).all()
    assert not np.array_equal(model.layers[1].moving_mean, moving)
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict_on_batch(X))


def test_the_direction_is_that_of_the_model_as_it_trains():
    def model():
        gamma = keras.initializers.RandomNormal(stddev=2.0, seed=4)
        normalized = (K.BatchNormalization(gamma_initializer=gamma),)
        return softmax_regression(0.0, layers=normalized, run_eagerly=True)

    def loss(predicted):
        return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(Y, predicted))

    x = 5 + 3 * X  # far from the averages that it begins with
    asked = model()
    sign = callbacks.GradientSign(asked, 0.5)
    moved, other = (np.asarray(sign(x, loss, training=training)) for training in (True, False))
    assert (moved != other).mean() > 0.1
    p = np.asarray(model()(np.concatenate([x, moved]), training=True), "float64")
    expected = -np.log(p[np.arange(48), np.tile(Y, 2)]).mean()
    history = model().fit(x, Y, batch_size=24, verbose=0, callbacks=[callbacks.AdversarialTraining(0.5)]).history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.ordinarily("two")
@pytest.mark.parametrize("weights", [None, WEIGHTS, {"kind": WEIGHTS, "size": WEIGHTS[::-1]}], ids=["no", "one", "two"])
def test_several_outputs_have_a_mixture_each(weights):
    inputs = keras.Input((4,))
    outputs = {"kind": K.Dense(CLASSES, "softmax", name="kind"), "size": K.Dense(1, name="size")}
    model = keras.Model(inputs, {name: layer(inputs) for name, layer in outputs.items()})
    losses = {"kind": "sparse_categorical_crossentropy", "size": "mse"}
    model.compile(keras.optimizers.SGD(0.0), losses, run_eagerly=True)
    targets = {"kind": Y, "size": X[:, :1]}
    options = {"sample_weight": weights, "batch_size": 24, "verbose": 0}
    clean = model.fit(X, targets, **options).history
    barely = model.fit(X, targets, callbacks=[callbacks.AdversarialTraining(1e-7)], **options).history
    assert set(barely) == {"loss", "kind_loss", "size_loss"}
    for name, values in clean.items():
        assert barely[name][0] == pytest.approx(values[0], rel=1e-4)
    attacked = model.fit(X, targets, callbacks=[callbacks.AdversarialTraining(0.3)], **options).history
    assert attacked["loss"][0] > 1.1 * clean["loss"][0]


def test_a_regression_trains():
    model = keras.Sequential([keras.Input((4,)), K.Dense(1)])
    model.compile("adam", "mse")
    history = model.fit(X, X[:, :1], epochs=2, verbose=0, callbacks=[callbacks.AdversarialTraining(0.1)]).history
    assert np.isfinite(history["loss"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": -0.1}, r"epsilon must be a number >= 0\. Received: epsilon=-0\.1"),
        ({"epsilon": float("inf")}, "epsilon must be"),
        ({"share": 1.1}, r"share must be a number >= 0 and <= 1\. Received: share=1\.1"),
        ({"share": -0.1}, "share must be"),
        ({"share": "0.5"}, "share must be"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument, match=message):
        callbacks.AdversarialTraining(**options)


def test_a_model_with_two_inputs_is_refused_before_any_step():
    a, b = keras.Input((2,)), keras.Input((2,))
    model = keras.Model([a, b], K.Dense(1)(K.Concatenate()([a, b])))
    model.compile("sgd", "mse")
    before = model.get_weights()[0]
    with pytest.raises(InvalidArgument, match="a built model with one input"):
        model.fit([X[:, :2], X[:, 2:]], X[:, :1], verbose=0, callbacks=[callbacks.AdversarialTraining()])
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_a_stateful_rnn_is_refused_before_any_step():
    model = keras.Sequential([keras.Input((2, 4), batch_size=4), K.SimpleRNN(1, stateful=True)])
    model.compile("sgd", "mse")
    with pytest.raises(InvalidArgument, match="model must be one without a stateful RNN, whose batches cannot be made"):
        model.fit(np.ones((4, 2, 4)), np.ones((4, 1)), verbose=0, callbacks=[callbacks.AdversarialTraining()])
