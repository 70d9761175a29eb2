import gc
import weakref
import zipfile

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import tie, untie
from recipes.models import cnn, mlp

RATE, STRENGTH = 0.1, 0.7


def network(seed=0, **options):
    keras.utils.set_random_seed(seed)
    return mlp(**{"input_shape": (3,), "outputs": 2, "hidden": (5, 4), "name": f"network_{seed}", **options})


def branches(first, second):
    """One model of both, whose outputs are added."""
    x = keras.Input((3,))
    return keras.Model(x, first(x) + second(x))


def kernels(model):
    return [w.numpy().astype("float64") for w in model.weights if w.name == "kernel"]


def gap(first, second):
    return [float(np.sum((a - b) ** 2)) for a, b in zip(kernels(first), kernels(second), strict=True)]


def step(model, steps=1, **options):
    """Plain gradient descent on the penalties alone; answers the loss of each epoch."""
    model.compile(keras.optimizers.SGD(RATE), loss=lambda y, p: 0.0 * keras.ops.sum(p, axis=-1), **options)
    shape = model.input_shape[1:]
    x, y = np.ones((4 * steps, *shape), "float32"), np.zeros(4 * steps)
    return model.fit(x, y, batch_size=4, verbose=0, shuffle=False).history["loss"]


MODES = {
    "plain": {},
    "eager": {"run_eagerly": True},
    "several steps at once": {"steps_per_execution": 3},
    "xla": {"jit_compile": True},
    "mixed_float16": {},
}


@pytest.mark.parametrize(
    ("mode", "together"),
    [
        *((mode, True) for mode in MODES),
        ("plain", False),
        *(pytest.param(mode, False, marks=pytest.mark.thorough) for mode in MODES if mode != "plain"),
    ],
)
@pytest.mark.ordinarily("mixed_float16-True")
def test_penalty_and_gradient(mode, together):
    if mode == "mixed_float16":
        keras.config.set_dtype_policy(mode)
    first, second = network(0), network(1)
    tie(first, second, STRENGTH)
    model = branches(first, second) if together else first
    assert float(sum(model.losses)) == pytest.approx(STRENGTH / 2 * sum(gap(first, second)), rel=1e-5)
    a, b = kernels(first), kernels(second)
    others = [w.numpy() for w in (*first.weights, *second.weights) if w.name != "kernel"]
    losses = []
    for _ in range(3):
        losses.append(STRENGTH / 2 * sum(np.sum((p - q) ** 2) for p, q in zip(a, b, strict=True)))
        moves = [RATE * STRENGTH * (p - q) for p, q in zip(a, b, strict=True)]
        a = [p - move for p, move in zip(a, moves, strict=True)]
        b = [q + move for q, move in zip(b, moves, strict=True)] if together else b
    assert step(model, 3, **MODES[mode]) == pytest.approx([np.mean(losses)], rel=1e-5)
    for expected, model in ((a, first), (b, second)):
        for value, got in zip(expected, kernels(model), strict=True):
            np.testing.assert_allclose(got, value, rtol=1e-5, atol=1e-6)
    after = [w.numpy() for w in (*first.weights, *second.weights) if w.name != "kernel"]
    assert all(np.array_equal(p, q) for p, q in zip(others, after, strict=True))


@pytest.mark.thorough
def test_several_replicas(python):
    source = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras, recipes
outside = recipes.mlp(input_shape=(3,), outputs=2, hidden=(5,))
strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
for prior in (False, True):
    with strategy.scope():
        first = recipes.mlp(input_shape=(3,), outputs=2, hidden=(5,), name="first")
        second = outside if prior else recipes.mlp(input_shape=(3,), outputs=2, hidden=(5,))
        x = keras.Input((3,))
        model = first if prior else keras.Model(x, first(x) + second(x))
        recipes.tie(first, second, 0.7)
        model.compile(keras.optimizers.SGD(0.1), loss=lambda y, p: 0.0 * keras.ops.sum(p, axis=-1))
    a, b = (each.weights[0].numpy() for each in (first, second))
    gap = sum(np.sum((p.numpy() - q.numpy()) ** 2) for p, q in zip(first.weights, second.weights))
    history = model.fit(np.ones((8, 3)), np.zeros(8), batch_size=8, verbose=0).history
    np.testing.assert_allclose(first.weights[0], a - 0.07 * (a - b), atol=1e-6)
    np.testing.assert_allclose(second.weights[0], b if prior else b + 0.07 * (a - b), atol=1e-6)
    np.testing.assert_allclose(history["loss"], [0.35 * gap], rtol=1e-5)
    print("as it should be")
"""
    assert [line for line in python(source).splitlines() if line.startswith("as it should")] == ["as it should be"] * 2


def trained(first, second, steps=5):
    model = branches(first, second)
    model.compile(keras.optimizers.SGD(0.05), "mean_squared_error", steps_per_execution=steps)
    random = np.random.default_rng(0)
    x, y = random.normal(size=(32, 3)).astype("float32"), random.normal(size=(32, 2)).astype("float32")
    model.fit(np.tile(x, (steps, 1)), np.tile(y, (steps, 1)), batch_size=32, verbose=0, shuffle=False)
    return [w.numpy() for w in model.weights]


@pytest.mark.thorough
def test_strength_0_and_untied_are_untouched_to_the_bit():
    plain = trained(network(0), network(1))
    first, second = network(0), network(1)
    tie(first, second, 0.0)
    assert all(w.regularizer is None for w in first.weights)
    ends = [trained(first, second)]
    first, second = network(0), network(1)
    tie(first, second, 0.5)
    untie(first, second)
    assert all(w.regularizer is None for w in first.weights)
    ends.append(trained(first, second))
    first, second = network(0), network(1)
    tie(first, second, 0.5)
    ends.append(trained(first, second))
    same = [all(np.array_equal(a, b) for a, b in zip(plain, end, strict=True)) for end in ends]
    assert same == [True, True, False]


@pytest.mark.thorough
def test_strength_brings_weights_together():
    start = sum(gap(network(0), network(1)))
    ends = []
    for strength in (0.0, 0.1, 5.0):
        first, second = network(0), network(1)
        tie(first, second, strength)
        trained(first, second, steps=20)
        ends.append(sum(gap(first, second)) / start)
    assert ends[0] > 0.8
    assert 0.75 > ends[1] > 0.1
    assert ends[2] < 1e-3


def test_regularizers_stay_in_force():
    first, second = network(0, regularizer="l2"), network(1)
    own = [w.regularizer for w in first.weights]
    l2 = float(sum(first.losses))
    tie(first, second, STRENGTH)
    assert float(sum(first.losses)) == pytest.approx(l2 + STRENGTH / 2 * sum(gap(first, second)), rel=1e-5)
    untie(first, second)
    assert [w.regularizer for w in first.weights] == own
    assert float(sum(first.losses)) == l2


def test_tying_again_replaces_and_others_add():
    first, second, third = network(0), network(1), network(2)
    tie(first, second, 0.1)
    tie(first, second, 0.4)
    assert float(sum(first.losses)) == pytest.approx(0.2 * sum(gap(first, second)), rel=1e-5)
    tie(first, third, 0.6)
    both = 0.2 * sum(gap(first, second)) + 0.3 * sum(gap(first, third))
    assert float(sum(first.losses)) == pytest.approx(both, rel=1e-5)
    untie(first, second)
    assert float(sum(first.losses)) == pytest.approx(0.3 * sum(gap(first, third)), rel=1e-5)
    assert not second.losses
    assert not third.losses


@pytest.mark.thorough
def test_a_trained_model_can_be_tied_and_untied():
    first, second = network(0), network(1)
    first.compile(keras.optimizers.SGD(0.0), loss=lambda y, p: 0.0 * keras.ops.sum(p, axis=-1))
    x, y = np.ones((4, 3), "float32"), np.zeros(4)

    def loss():
        return [first.fit(x, y, verbose=0).history["loss"][0], first.evaluate(x, y, verbose=0)]

    assert loss() == [0.0, 0.0]
    tie(first, second, STRENGTH)
    assert loss() == pytest.approx([STRENGTH / 2 * sum(gap(first, second))] * 2, rel=1e-5)
    untie(first, second)
    assert loss() == [0.0, 0.0]


@pytest.mark.usefixtures("young_garbage")
def test_a_prior_may_go_out_of_sight():
    first, prior = network(0), network(1)
    expected = STRENGTH / 2 * sum(gap(first, prior))
    gone = weakref.ref(prior)
    tie(first, prior, STRENGTH)
    del prior
    gc.collect()
    assert gone() is None  # only its kernels are kept
    assert float(sum(first.losses)) == pytest.approx(expected, rel=1e-5)


def test_two_layers():
    first, second = (keras.layers.Dense(4) for _ in range(2))
    first.build((None, 3))
    second.build((None, 3))
    tie(first, second, STRENGTH)
    squares = np.sum((first.kernel.numpy() - second.kernel.numpy()) ** 2)
    assert float(sum(first.losses)) == pytest.approx(STRENGTH / 2 * squares, rel=1e-5)


def test_all_kinds_of_kernels():
    def make():
        x = keras.Input((6,))
        h = keras.layers.Embedding(7, 3)(x)
        h = keras.layers.Bidirectional(keras.layers.LSTM(2, return_sequences=True, name="lstm"))(h)
        h = keras.layers.SeparableConv1D(3, 2)(h)
        return keras.Model(x, keras.layers.LayerNormalization(axis=(1, 2))(h))

    first, second = make(), make()
    tie(first, second, STRENGTH)
    tied = [w.path.split("/", 1)[-1] for w in first.weights if w.regularizer is not None]
    assert tied == [
        "embeddings",
        *("forward_lstm/lstm_cell/kernel", "forward_lstm/lstm_cell/recurrent_kernel"),
        *("backward_lstm/lstm_cell/kernel", "backward_lstm/lstm_cell/recurrent_kernel"),
        *("depthwise_kernel", "pointwise_kernel"),
    ]


def test_layers_by_name():
    def make(prefix, outputs):
        layers = [keras.layers.Dense(4, name=f"{prefix}a"), keras.layers.Dense(outputs, name=f"{prefix}b")]
        return keras.Sequential([keras.Input((3,)), *layers])

    first, second, third = make("", 2), make("", 5), make("old_", 5)
    tie(first, second, STRENGTH, layers=["a"])
    assert [w.regularizer is None for w in first.weights] == [False, True, True, True]
    assert float(sum(first.losses)) == pytest.approx(STRENGTH / 2 * gap(first.layers[0], second.layers[0])[0], rel=1e-5)
    untie(first, second, layers=["a"])
    tie(first, third, STRENGTH, layers={"a": "old_a"})
    assert float(sum(first.losses)) == pytest.approx(STRENGTH / 2 * gap(first.layers[0], third.layers[0])[0], rel=1e-5)
    for layers in ("a", 1, [], {}):
        with pytest.raises(InvalidArgument, match="layers must be None, names of layers, or a mapping"):
            tie(first, second, layers=layers)
    with pytest.raises(InvalidArgument, match=r"layers must be one of the layers of '\w+': old_a, old_b"):
        tie(first, third, layers=["a"])


def test_frozen_kernels_have_no_penalty():
    first, second = network(0), network(1)
    first.layers[1].trainable = False
    tie(first, second, STRENGTH)
    assert float(sum(first.losses)) == pytest.approx(STRENGTH / 2 * sum(gap(first, second)[1:]), rel=1e-5)
    first.trainable = False
    with pytest.raises(InvalidArgument, match="first must be trainable: its kernels are frozen"):
        tie(first, second)
    tie(first, second, 0.0)


def test_nothing_is_saved(tmp_path):
    first, second = network(0), network(1)
    tie(first, second, STRENGTH)
    step(first)
    first.compile("sgd", "mean_squared_error")
    first.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert b"recipes" not in archive.read("config.json")
    assert not keras.models.load_model(tmp_path / "model.keras").losses
    assert not keras.models.clone_model(first).losses


@pytest.mark.thorough
def test_a_pretrained_model_as_a_prior_in_fit(classes):
    recipe = recipes.Recipe(model={"name": "mlp", "hidden": (8,)}, learning_rate=0.05)
    old = recipes.fit(classes, recipe, epochs=2, verbose=0).model
    ends = []
    for strength in (0.0, 5.0):
        new = recipe.build_model(classes.spec)
        tie(new, old, strength)
        recipes.fit(classes, recipe, model=new, epochs=2, verbose=0)
        ends.append(sum(gap(new, old)))
    assert ends[1] < 0.1 * ends[0]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            lambda: network(1, hidden=(5, 6)),
            r"second must be of shape \(5, 4\), as '\w+/kernel' is, at '\w+/kernel'\. Received: second=\(5, 6\)",
        ),
        (
            lambda: network(1, hidden=(5,)),
            r"second must be one with 3 kernels, as 'network_0' has: \[\(3, 5\), .*second=\[\(3, 5\), \(5, 2\)\]",
        ),
        (lambda: cnn(input_shape=(4, 4, 1), outputs=2, filters=(5,), hidden=(4,)), r"second must be of shape \(3, 5\)"),
        (lambda: keras.Sequential([keras.layers.Dense(2)]), "second must be built, with at least one kernel"),
        (keras.layers.Flatten, "second must be built, with at least one kernel"),
        (lambda: "mlp", "second must be a Keras model or layer"),
    ],
)
def test_what_is_refused(second, message):
    first = network(0)
    with pytest.raises(InvalidArgument, match=message):
        tie(first, second(), STRENGTH)
    assert all(w.regularizer is None for w in first.weights)


def test_more_that_is_refused():
    first, second = network(0), network(1)
    with pytest.raises(InvalidArgument, match="first must be a Keras model or layer"):
        tie(None, second)
    with pytest.raises(InvalidArgument, match="strength must be a number >= 0"):
        tie(first, second, -0.1)
    with pytest.raises(InvalidArgument, match="second must be another than first: this kernel is shared already"):
        tie(first, first)
