"""A pack's members are trained as each is alone: layers, optimizers, losses and metrics, up to rounding."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.inside.vectorized import NotVectorized, vectorized
from recipes.optimizers import OPTIMIZERS
from recipes.optimizers.capabilities import finds_its_own_step
from recipes.packed.pack import Stacked
from recipes.packed.reasons import LAYERS
from recipes.packed.side_by_side import SideBySide
from recipes.packed.vectorized_pack import VectorizedPack
from recipes.whole_epochs.arrays import EpochArrays
from recipes.whole_epochs.epochs import WholeEpochs

pytestmark = pytest.mark.whole_epochs

RANDOM = np.random.default_rng(0)
X = tf.constant(RANDOM.normal(size=(43, 3, 4)).astype("float32"))
Y = tf.constant(np.arange(43) % 3)
TESTED = (X[:10], Y[:10], None)
SPLIT = (X, Y, None)
RATES = (0.05, 0.02)
STEPS, EPOCHS, BATCH = 5, 2, 8

PACKS = {"side by side": SideBySide, "vectorized": VectorizedPack}
KINDS = ["side by side", pytest.param("vectorized", marks=pytest.mark.thorough)]

OPTIONS = {
    keras.layers.Activation: ("gelu",),
    keras.layers.ActivityRegularization: (0.01, 0.02),
    keras.layers.AlphaDropout: (0.3,),
    keras.layers.AveragePooling1D: (2,),
    keras.layers.AveragePooling2D: (2,),
    keras.layers.Bidirectional: (keras.layers.GRU(3),),
    keras.layers.Conv1D: (3, 2),
    keras.layers.Conv2D: (3, 2),
    keras.layers.Conv2DTranspose: (3, 2),
    keras.layers.Cropping2D: (((1, 0), (0, 1)),),
    keras.layers.Dense: (5, "tanh"),
    keras.layers.DepthwiseConv2D: (2,),
    keras.layers.Dropout: (0.4,),
    keras.layers.Embedding: (9, 3),
    keras.layers.GRU: (3,),
    keras.layers.GaussianDropout: (0.3,),
    keras.layers.GaussianNoise: (0.3,),
    keras.layers.GroupNormalization: (2,),
    keras.layers.LSTM: (3,),
    keras.layers.MultiHeadAttention: (2, 3),
    keras.layers.Permute: ((2, 1),),
    keras.layers.RepeatVector: (2,),
    keras.layers.Rescaling: (0.5, 0.1),
    keras.layers.Reshape: ((4, 3),),
    keras.layers.SeparableConv2D: (3, 2),
    keras.layers.SimpleRNN: (3,),
    keras.layers.SpatialDropout1D: (0.4,),
    keras.layers.SpatialDropout2D: (0.4,),
}
"""Arguments of the layers that need some."""

RECURRENT = (keras.layers.GRU, keras.layers.LSTM, keras.layers.SimpleRNN)

OF_TWO = (
    keras.layers.Add,
    keras.layers.Attention,
    keras.layers.Average,
    keras.layers.Concatenate,
    keras.layers.Maximum,
    keras.layers.MultiHeadAttention,
    keras.layers.Multiply,
    keras.layers.Subtract,
)
"""Layers of two inputs."""

NOT_VECTORIZED = (
    keras.layers.Bidirectional,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv2DTranspose,
    keras.layers.SeparableConv2D,
)
"""Layers whose kernels or whose inputs cannot differ from member to member in one operation."""


def made(seed, layers, optimizer="momentum", loss="sparse_categorical_crossentropy", metrics=("accuracy",)):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((3, 4))
    hidden = layers(inputs)
    outputs = keras.layers.Dense(3, activation="softmax", kernel_regularizer="l2")(keras.layers.Flatten()(hidden))
    model = keras.Model(inputs, outputs)
    optimizer = OPTIMIZERS[optimizer].build(learning_rate=RATES[0])
    model.compile(optimizer, loss, metrics=[*metrics])
    optimizer.build(model.trainable_variables)
    model.compute_metrics(None, Y[:1], model(X[:1]))
    model.reset_metrics()
    return model


def alone(seed, rate, **options):
    """The history and the variables after a training of its own."""
    model = made(seed, **options)
    model.optimizer.learning_rate = rate
    validation = TESTED
    arrays = EpochArrays(X, Y, validation, BATCH, 4, seed, 0, EPOCHS, 0, drop_remainder=True)
    history = WholeEpochs(model).fit(arrays, []).history
    return history, [variable.numpy() for variable in [*model.variables, *model.optimizer.variables[1:]]]


def packed(seeds, size=3, kind=SideBySide, **options):
    """The histories and the variables of members of a pack."""
    models = [made(seed, **options) for seed in seeds]
    model = models[0]
    pack = kind(model, [], size, BATCH)
    kept = [variable.numpy() for variable in pack.variables[len(model.variables) :]]
    pack.load({place: [*(v.numpy() for v in one.variables), *kept] for place, one in enumerate(models)})
    rates = np.ones((size, STEPS)) * np.array([*RATES, 0.1][:size])[:, None]
    histories = [{} for _ in range(size)]
    split = np.zeros(size, np.int32)
    for epoch in range(EPOCHS):
        orders = np.array([[seed, epoch] for seed in [*seeds, 0, 0][:size]])
        logs = pack.train(Stacked([SPLIT]), split, orders, rates, None, stride=3)
        validation = pack.evaluate(Stacked([TESTED]), split, 4)
        for history, log, further in zip(histories, logs, validation, strict=True):
            for name, value in {**log, **{f"val_{name}": value for name, value in further.items()}}.items():
                history.setdefault(name, []).append(value)
    return histories, pack.values(), pack


def check_same(kind, **options):
    histories, stacks, pack = packed((1, 2), kind=kind, **options)
    for place, (seed, rate) in enumerate(zip((1, 2), RATES, strict=True)):
        history, variables = alone(seed, rate, **options)
        assert sorted(history) == sorted(histories[place])
        for name, values in history.items():
            np.testing.assert_allclose(histories[place][name], values, rtol=2e-5, atol=2e-6, err_msg=name)
        assert len(variables) == len(stacks) - 1
        for number, value in enumerate(variables):
            stack = stacks[number if number < len(pack.model.variables) else number + 1]
            np.testing.assert_allclose(stack[place], value, rtol=1e-4, atol=2e-6)


def hidden(inputs):
    return keras.layers.Dense(40, activation="elu")(inputs)


def constrained(inputs):
    return keras.layers.Dense(4, "elu", kernel_constraint="max_norm")(inputs)


FEW_LAYERS = (keras.layers.Dropout,)


def few(values, ordinary):
    """Parameters of which all but a few are thorough."""
    return [value if value in ordinary else pytest.param(value, marks=pytest.mark.thorough) for value in values]


def can_be_packed(entry):
    """Not what averages the weights, which a callback does."""
    return not finds_its_own_step(entry) and entry.name != "schedule_free_adamw"


def name_of(layer):
    return layer.__name__


def behind_weights(layer, inputs):
    """The layer behind one whose weights differ from member to member."""
    before = keras.layers.Dense(4)(inputs)
    if layer in RECURRENT:  # what is vectorized cannot follow layers with weights
        return layer(*OPTIONS[layer])(inputs)
    if layer in OF_TWO:
        pair = (before, inputs) if layer is keras.layers.MultiHeadAttention else ([before, inputs],)
        return layer(*OPTIONS.get(layer, ()))(*pair)
    if layer is keras.layers.Embedding:
        return layer(*OPTIONS[layer])(keras.ops.cast(keras.ops.clip(keras.ops.abs(inputs) * 4, 0, 8), "int32"))
    if layer is keras.layers.Normalization:
        return layer(mean=0.5, variance=2.0)(before)
    if "2D" in layer.__name__:
        before = keras.layers.Reshape((3, 4, 1))(before)
    if layer is keras.layers.RepeatVector:
        before = keras.layers.Flatten()(before)
    return layer(*OPTIONS.get(layer, ()))(before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layer", few(sorted(LAYERS - {keras.layers.InputLayer}, key=name_of), FEW_LAYERS), ids=name_of)
def test_layers(layer, kind):
    options = {"layers": lambda inputs: behind_weights(layer, inputs)}
    if kind == "vectorized" and layer in NOT_VECTORIZED:
        with pytest.raises(NotVectorized):
            packed((1, 2), kind=VectorizedPack, **options)
        return
    check_same(PACKS[kind], **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", few([name for name, entry in OPTIMIZERS.items() if can_be_packed(entry)], ["adam"]))
def test_optimizers(name, kind):
    check_same(PACKS[kind], layers=constrained, optimizer=name)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_metrics(kind):
    check_same(PACKS[kind], layers=hidden, metrics=["accuracy", "sparse_categorical_crossentropy"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_does_not_depend_on_the_others_in_other_places(kind):
    both, alone_there = (packed(seeds, kind=PACKS[kind], layers=hidden)[1] for seeds in ((1, 2), (1,)))
    for one, other in zip(both, alone_there, strict=True):
        np.testing.assert_array_equal(one[0], other[0])


@pytest.mark.parametrize("kind", KINDS)
def test_each_member_has_its_own_split(kind):
    """One is an example longer than the other, in training and in validation."""
    longer = (-tf.concat([X, X[:1]], 0), tf.concat([Y, Y[:1]], 0), None)
    model = made(1, hidden)
    pack = PACKS[kind](model, [], 2, BATCH)
    pack.load({0: [variable.numpy() for variable in pack.variables]})
    data, split = Stacked([SPLIT, longer]), np.array([0, 1], np.int32)
    for logs, (x, y, _) in zip(pack.evaluate(data, split, 8), (SPLIT, longer), strict=True):
        assert logs == pytest.approx(model.evaluate(x, y, batch_size=8, verbose=0, return_dict=True), rel=1e-5)
    orders, rates = np.array([[3, 0], [3, 0]]), np.full((2, STEPS), 0.05)
    logs = pack.train(data, split, orders, rates, None, stride=STEPS)
    for log, (x, y, _) in zip(logs, (SPLIT, longer), strict=True):
        alone_there = made(1, hidden)
        arrays = EpochArrays(x, y, None, BATCH, 4, 3, 0, 1, 0, drop_remainder=True)
        assert log["loss"] == pytest.approx(WholeEpochs(alone_there).fit(arrays, []).history["loss"][0], rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_one_trace_evaluates_splits_of_any_lengths(monkeypatch, kind):
    """The first is shorter than a batch, the second whole batches, the third has lengths that differ."""
    model, traced = made(1, hidden), []
    pack = PACKS[kind](model, [], 2, BATCH)
    pack.load({0: [variable.numpy() for variable in pack.variables]})
    compute_loss = model.compute_loss
    monkeypatch.setattr(model, "compute_loss", lambda *a, **options: traced.append(1) or compute_loss(*a, **options))
    counts = []
    for lengths in [(5, 5), (16, 16), (41, 43)]:
        splits = [(X[:length], Y[:length], None) for length in lengths]
        logs = pack.evaluate(Stacked(splits), np.array([0, 1], np.int32), BATCH)
        counts.append(len(traced))
        for found, (x, y, _) in zip(logs, splits, strict=True):
            expected = model.evaluate(x, y, batch_size=BATCH, verbose=0, return_dict=True)
            assert found == pytest.approx(expected, rel=1e-5)
        traced[counts[-1] :] = []  # those of Keras
    assert counts[0] > 0
    assert counts == counts[:1] * 3


@pytest.mark.thorough
def test_what_cannot_be_vectorized_is_refused():
    images, kernels = tf.ones((2, 1, 5, 5, 1)), tf.ones((2, 3, 3, 1, 1))

    def convolved(pair):
        return tf.nn.conv2d(pair[0], pair[1], 1, "SAME")

    with pytest.raises(NotVectorized, match="Conv2D"):
        tf.function(vectorized, autograph=False)(convolved, (images, kernels))


@pytest.mark.thorough
def test_recurrent_layers_cannot_follow_layers_with_weights():
    with pytest.raises(NotVectorized, match="variant"):
        packed((1, 2), kind=VectorizedPack, layers=lambda inputs: keras.layers.GRU(3)(keras.layers.Dense(4)(inputs)))


def test_a_place_that_is_not_active_keeps_its_state():
    pack = SideBySide(made(1, hidden), [], 2, BATCH)
    pack.load({0: [variable.numpy() for variable in pack.variables]})
    before, split = pack.values(), np.zeros(2, np.int32)
    orders, rates = np.array([[3, 0], [4, 0]]), np.full((2, STEPS), 0.05)
    active = np.array([True, False])
    pack.train(Stacked([SPLIT]), split, orders, rates, None, active=active, stride=STEPS)
    trained, idle = ([stack[place] for stack in pack.values()] for place in (0, 1))
    for start, changed, kept in zip(before, trained, idle, strict=True):
        np.testing.assert_array_equal(kept, start[1])
        assert start[0].size < 2 or not np.array_equal(changed, start[0])


def test_draws_are_those_of_each_seed():
    seeds = tf.constant([[1, 2], [3, 4], [1, 2]])

    @tf.function
    def drawn(seeds):
        return vectorized(lambda seed: tf.random.stateless_uniform((5,), seed), seeds)

    expected = [tf.random.stateless_uniform((5,), seed) for seed in seeds]
    np.testing.assert_array_equal(drawn(seeds), expected)
