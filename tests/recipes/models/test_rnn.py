import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.models.encoder import encoder
from recipes.models.rnn import rnn
from recipes.regularization import L2, Dropout, MaxNorm

alike = pytest.mark.thorough


def recurrent_layers(model):
    return [each for each in model.layers if isinstance(each, (keras.layers.LSTM, keras.layers.GRU))]


def modules(config):
    """The Python modules that a model's configuration needs to be read back."""
    if isinstance(config, dict):
        named = {config["module"]} if config.get("module") else set()
        return named.union(*(modules(value) for value in config.values()))
    return set().union(*(modules(value) for value in config)) if isinstance(config, (list, tuple)) else set()


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def ragged():
    """120 sequences of 2 numbers and of 2 to 7 steps; the class is the sign of the first one."""
    random = np.random.default_rng(0)
    x = [random.normal(3.0, 2.0, (steps, 2)).astype("float32") for steps in random.integers(2, 8, 120)]
    y = np.array([each[0, 0] > 3.0 for each in x], "int64")
    return recipes.Data.from_arrays(x, y, batch_size=16)


@pytest.fixture(scope="module")
def texts():
    random = np.random.default_rng(0)
    words = ["good", "fine", "bad", "poor", "the", "a", "film", "plot"]
    x = np.array([" ".join(random.choice(words, 5)) for _ in range(60)], dtype=object)
    return recipes.Data.from_arrays(x, np.arange(60) % 3, batch_size=16)


# --- layers and sizes -------------------------------------------------------------------------------------------------


def test_layers(kinds):
    model = rnn(input_shape=(6, 3), outputs=4, units=(5, 7), hidden=(8,))
    assert kinds(model) == ["InputLayer", "LSTM", "LSTM", "Dense8", "elu", "Dense4", "softmax"]
    assert [each.return_sequences for each in recurrent_layers(model)] == [True, False]
    assert model.get_layer("outputs").units == 4
    assert (model.name, model.output_shape, model.compiled) == ("rnn", (None, 4), False)
    assert kinds(rnn(input_shape=(6, 3), outputs=1, cell="gru")) == ["InputLayer", "GRU", "Dense1", "sigmoid"]


def lstm(inputs, units):
    return 4 * (inputs + units + 1) * units


def gru(inputs, units):
    return 3 * (inputs + units + 2) * units


def tanh(inputs, units):
    return (inputs + units + 1) * units


@pytest.mark.parametrize(("cell", "count"), [("lstm", lstm), ("gru", gru), ("tanh", tanh)])
def test_how_many_parameters(cell, count):
    model = rnn(input_shape=(6, 3), outputs=2, cell=cell, units=(5, 7))
    assert model.count_params() == count(3, 5) + count(5, 7) + 7 * 2 + 2
    model = rnn(input_shape=(6, 3), outputs=2, cell=cell, units=(5, 7), bidirectional=True)
    assert model.count_params() == 2 * count(3, 5) + 2 * count(10, 7) + 14 * 2 + 2


@pytest.mark.parametrize(
    ("shape", "units"),
    [
        ((4, 1), 16),
        ((50, 1), 16),
        ((120, 1), 16),
        ((130, 1), 32),  # 2 sqrt(128) is the geometric mean of 16 and 32
        ((29, 12), 32),
        ((28, 28), 64),
        ((28, 28, 1), 64),
        ((1000, 9), 128),
        ((None, 3), 64),
    ],
)
def test_units_follow_the_data(shape, units):
    assert [each.units for each in recurrent_layers(rnn(input_shape=shape, outputs=2))] == [units]


def test_units_follow_the_longest_training_sequence(ragged):
    assert ragged.spec.input_shape == (None, 2)
    assert ragged.spec.features[0].length == 7
    assert recurrent_layers(rnn(ragged.spec))[0].units == 16


def test_how_the_recurrent_layers_start():
    model = rnn(input_shape=(6, 30), outputs=2, units=(20,), hidden=(50,), initializer="he_uniform")
    kernel, own, bias = recurrent_layers(model)[0].get_weights()
    limit = np.sqrt(6 / (30 + 4 * 20))
    assert 0.95 * limit < np.abs(kernel).max() <= limit
    np.testing.assert_allclose(own @ own.T, np.eye(20), atol=1e-5)
    np.testing.assert_array_equal(bias, np.repeat([0, 1, 0, 0], 20))
    assert isinstance(model.layers[2].kernel_initializer, keras.initializers.HeUniform)


# --- what they compute ------------------------------------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def reference_lstm(x, kernel, own, bias):
    """All states, (batch, steps, units); Hochreiter and Schmidhuber 1997 with forget gates, in Keras' order i f c o."""
    h = c = np.zeros((len(x), own.shape[0]))
    out = []
    for step in range(x.shape[1]):
        i, f, new, o = np.split(x[:, step] @ kernel + h @ own + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return np.stack(out, axis=1)


def reference_gru(x, kernel, own, bias):
    """Cho et al. 2014, version 1 of the paper: the reset gate after the product; in Keras' order z r h."""
    h = np.zeros((len(x), own.shape[0]))
    out = []
    for step in range(x.shape[1]):
        z, r, new = np.split(x[:, step] @ kernel + bias[0], 3, axis=1)
        own_z, own_r, own_new = np.split(h @ own + bias[1], 3, axis=1)
        z, r = sigmoid(z + own_z), sigmoid(r + own_r)
        h = z * h + (1 - z) * np.tanh(new + r * own_new)
        out.append(h)
    return np.stack(out, axis=1)


def reference_tanh(x, kernel, own, bias):
    """Elman 1990."""
    h = np.zeros((len(x), own.shape[0]))
    out = []
    for step in range(x.shape[1]):
        h = np.tanh(x[:, step] @ kernel + h @ own + bias)
        out.append(h)
    return np.stack(out, axis=1)


@pytest.mark.parametrize(
    ("cell", "reference"), [("lstm", reference_lstm), ("gru", reference_gru), ("tanh", reference_tanh)]
)
@pytest.mark.parametrize("sequences", ["many_to_one", "many_to_many"])
@pytest.mark.usefixtures("double_precision")
def test_the_forward_pass(cell, reference, sequences):
    random = np.random.default_rng(0)
    model = rnn(input_shape=(None, 3), outputs=2, cell=cell, units=(4, 5), sequences=sequences, hidden=(6,))
    model.set_weights([random.normal(0, 0.5, w.shape) for w in model.get_weights()])
    x = random.normal(size=(7, 9, 3))
    first, second, weights = model.get_weights()[:3], model.get_weights()[3:6], model.get_weights()[6:]
    expected = reference(reference(x, *first), *second)
    if sequences == "many_to_one":
        expected = expected[:, -1]
    expected = expected @ weights[0] + weights[1]
    expected = np.where(expected > 0, expected, np.exp(expected) - 1) @ weights[2] + weights[3]
    expected = np.exp(expected) / np.exp(expected).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(model(x), expected, rtol=1e-5)  # softmax answers in single precision
    assert model.layers[1].cell.kernel.dtype == "float64"


@pytest.mark.usefixtures("double_precision")
def test_both_directions():
    random = np.random.default_rng(0)
    model = rnn(input_shape=(6, 3), outputs=2, units=(4,), bidirectional=True)
    model.set_weights([random.normal(0, 0.5, w.shape) for w in model.get_weights()])
    x = random.normal(size=(7, 6, 3))
    weights = model.get_weights()
    states = reference_lstm(x, *weights[:3])[:, -1], reference_lstm(x[:, ::-1], *weights[3:6])[:, -1]
    expected = np.concatenate(states, axis=1) @ weights[6] + weights[7]
    np.testing.assert_allclose(model(x), tf.nn.softmax(expected), rtol=1e-5)


def test_shapes_of_sequences():
    assert rnn(input_shape=(None, 3), outputs=4).output_shape == (None, 4)
    assert rnn(input_shape=(6, 3), outputs=4, sequences="many_to_many").output_shape == (None, 6, 4)
    assert rnn(input_shape=(None, 3), outputs=1, sequences="many_to_many", hidden=(2,)).output_shape == (None, None, 1)
    model = rnn(input_shape=(3,), outputs=4, sequences="one_to_many", output_steps=5)
    assert model.output_shape == (None, 5, 4)
    assert rnn(input_shape=(3,), outputs=1, sequences="one_to_many", output_steps=5, task="regression")(
        np.ones((2, 3), "float32")
    ).shape == (2, 5, 1)


def test_one_to_many_reads_the_features_at_every_step():
    many = rnn(input_shape=(3,), outputs=4, sequences="one_to_many", output_steps=5, units=(6,))
    aligned = rnn(input_shape=(5, 3), outputs=4, sequences="many_to_many", units=(6,))
    aligned.set_weights(many.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    np.testing.assert_allclose(many(x), aligned(np.repeat(x[:, None], 5, axis=1)), rtol=1e-6)


def test_images_are_read_row_by_row(kinds):
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (60, 4, 5, 3), "uint8")
    data = recipes.Data.from_arrays(x, np.arange(60) % 2)
    model = rnn(data.spec, units=(6,))
    assert kinds(model) == ["InputLayer", "Normalization", "Reshape", "LSTM", "Dense1", "sigmoid"]
    rows = keras.Model(model.input, model.get_layer("rows").output)(x[:2]).numpy()
    mean, variance = np.array(data.spec.input_mean), np.array(data.spec.input_variance)
    for row in range(4):
        expected = (x[:2, row].astype("float64") - mean) / np.sqrt(variance)
        np.testing.assert_allclose(rows[:, row], expected.reshape(2, 15), rtol=1e-4, atol=1e-5)
    assert rnn(data.spec, sequences="many_to_many").output_shape == (None, 4, 1)


def test_words_are_steps(kinds, texts):
    model = rnn(texts.spec, units=(6,), cell="gru")
    assert kinds(model) == ["InputLayer", "Functional", "Embedding", "GRU", "Dense3", "softmax"]
    short, long = (np.array([each], dtype=object) for each in ("bad film", "bad film plot"))
    vectors = np.random.default_rng(0).normal(size=model.get_layer("inputs_embedding").embeddings.shape)
    model.get_layer("inputs_embedding").set_weights([vectors])
    words = [list(texts.spec.features[0].vocabulary).index(each) + 2 for each in ("bad", "film")]
    states = reference_gru(vectors[words][None], *recurrent_layers(model)[0].get_weights())
    kernel, bias = model.get_layer("outputs").get_weights()
    np.testing.assert_allclose(model(tf.constant(short)), tf.nn.softmax(states[:, -1] @ kernel + bias), rtol=1e-4)
    assert not np.allclose(model(tf.constant(short)), model(tf.constant(long)), atol=1e-3)


# --- padding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cell": "gru", "units": (4, 5)},
        {"bidirectional": True, "units": (4, 5), "hidden": (6,)},
        {"sequences": "many_to_many", "bidirectional": True, "hidden": (6,)},
    ],
)
@pytest.mark.ordinarily("options2")
def test_padding_changes_nothing(ragged, options):
    model = rnn(ragged.spec, **options)
    x = ragged.arrays("train")[0][:8]
    filling = ragged.spec.features[0].padding
    filled = (x == filling).all(axis=2)
    assert filled.any()
    assert not filled.all(axis=1).any()
    expected = model(x).numpy()
    more = model(np.concatenate([x, np.full((8, 5, 2), filling, "float32")], axis=1)).numpy()
    for number, steps in enumerate((~filled).sum(axis=1)):
        alone = model(x[number : number + 1, :steps]).numpy()[0]
        one, two = expected[number], more[number]
        if "sequences" in options:
            one, two = one[:steps], two[:steps]
        np.testing.assert_allclose(one, alone, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(two, alone, rtol=1e-5, atol=1e-6)


def test_filled_up_steps_count_neither_in_the_loss_nor_in_the_metrics(ragged):
    model = rnn(ragged.spec, sequences="many_to_many", hidden=(6,))
    model.get_layer("outputs").kernel.assign(model.get_layer("outputs").kernel * 10.0)
    x = ragged.arrays("train")[0][:32]
    there = ~(x == ragged.spec.features[0].padding).all(axis=2)
    p = model(x).numpy()[:, :, 0].astype("float64")
    y = np.where(there, x[:, :, 0] > 3.0, p < 0.5)  # where there is nothing, the answers are wrong
    Recipe(regularizer="none").compile(model, run_eagerly=True)
    found = model.evaluate(x, y[:, :, None], batch_size=32, verbose=0, return_dict=True)
    losses = -np.where(y == 1, np.log(p), np.log1p(-p))
    assert found["accuracy"] == pytest.approx(np.mean((p > 0.5)[there] == y[there]), rel=1e-5)
    assert found["loss"] == pytest.approx(losses[there].mean(), rel=1e-5)
    assert losses.mean() != pytest.approx(losses[there].mean(), rel=1e-2)


# --- regularization ---------------------------------------------------------------------------------------------------


def test_penalties_act_on_both_kernels_and_on_no_bias():
    model = rnn(input_shape=(6, 3), outputs=2, units=(4,), bidirectional=True, hidden=(5,), regularizer=[L2(0.2)])
    kernels = [w.numpy().astype("float64") for w in model.weights if w.name.endswith("kernel")]
    assert len(kernels) == 6
    assert float(sum(model.losses)) == pytest.approx(0.1 * sum(np.sum(kernel**2) for kernel in kernels), rel=1e-5)


def test_constraints_act_on_each_unit_of_both_kernels():
    layer = recurrent_layers(rnn(input_shape=(6, 3), outputs=2, units=(4,), regularizer=[MaxNorm(0.5)]))[0]
    for kernel in (layer.cell.kernel, layer.cell.recurrent_kernel):
        kernel.assign(kernel.constraint(kernel * 10.0))
        np.testing.assert_allclose(np.sqrt(np.sum(kernel.numpy() ** 2, axis=0)), 0.5, rtol=1e-5)


def test_dropout_stands_after_each_layer(kinds):
    options = {"input_shape": (6, 3), "outputs": 2, "units": (4, 5), "hidden": (6,)}
    dropped = ["InputLayer", "LSTM", "SpatialDropout1D", "LSTM", "Dropout", "Dense6", "elu", "Dropout"]
    model = rnn(**options, regularizer=[Dropout(0.3)])
    assert kinds(model) == [*dropped, "Dense2", "softmax"]
    assert [layer.recurrent_dropout for layer in recurrent_layers(model)] == [0, 0]
    model = rnn(**options, regularizer=[Dropout(0.3)], sequences="many_to_many")
    everywhere = ["SpatialDropout1D" if each == "Dropout" else each for each in dropped]
    assert kinds(model) == [*everywhere, "Dense2", "softmax"]


def test_recurrent_dropout():
    model = rnn(input_shape=(6, 3), outputs=2, units=(4, 5), recurrent_dropout=0.4)
    assert [layer.recurrent_dropout for layer in recurrent_layers(model)] == [0.4, 0.4]
    x = np.ones((2, 6, 3), "float32")
    assert not np.allclose(model(x, training=True), model(x))
    np.testing.assert_array_equal(model(x), model(x))


def test_only_dense_layers_are_normalized(kinds):
    options = {"input_shape": (6, 3), "outputs": 2, "units": (4,) * 5}
    assert "BatchNormalization" not in kinds(rnn(**options))
    assert "BatchNormalization" not in kinds(rnn(**options, hidden=(3,) * 4))
    assert kinds(rnn(**options, hidden=(3,) * 5)).count("BatchNormalization") == 5
    model = rnn(input_shape=(6, 3), outputs=2, units=(4,), hidden=(3,), normalization="batch", regularizer="dropout")
    assert kinds(model) == [
        *("InputLayer", "LSTM", "Dense3 no bias", "BatchNormalization", "elu", "Dropout", "Dense2", "softmax")
    ]
    model = rnn(input_shape=(6, 3), outputs=2, units=(4,), normalization="batch", regularizer="dropout")
    assert kinds(model) == ["InputLayer", "LSTM", "Dropout", "Dense2", "softmax"]


# --- training and files -----------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_it_learns_what_was_first(ragged):
    made = {"model": lambda spec: rnn(spec, units=(12,)), "optimizer": "adam", "learning_rate": 0.05}
    run = recipes.fit(ragged, Recipe(**made, regularizer="none"), epochs=20, verbose=0)
    assert run.evaluate("train")["accuracy"] > 0.9
    assert run.history["loss"][-1] < 0.5 * run.history["loss"][0]


@pytest.mark.thorough
def test_it_learns_an_answer_at_every_step():
    random = np.random.default_rng(0)
    x = random.normal(size=(256, 5, 1)).astype("float32")
    y = np.cumsum(x[..., 0], axis=1) > 0
    model = rnn(input_shape=(None, 1), outputs=2, units=(12,), sequences="many_to_many")
    Recipe(optimizer="adam", learning_rate=0.03, regularizer="none").compile(model)
    history = model.fit(x, y.astype("int64"), epochs=12, batch_size=32, verbose=0).history
    assert history["accuracy"][-1] > 0.93 > 0.75 > history["accuracy"][0]


@pytest.mark.parametrize("sequences", ["many_to_one", pytest.param("many_to_many", marks=alike)])
@pytest.mark.thorough
def test_files_give_the_same_model(ragged, tmp_path, sequences):
    options = {"cell": "gru", "bidirectional": True} if sequences == "many_to_one" else {"recurrent_dropout": 0.1}
    model = rnn(ragged.spec, units=(4, 3), sequences=sequences, hidden=(4,), regularizer="l2+dropout", **options)
    x = ragged.arrays("test")[0]
    expected = model(x)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), expected)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(served.serve(tf.constant(x)), expected, rtol=1e-5, atol=1e-6)
    assert {name.split(".")[0] for name in modules(model.get_config())} == {"keras"}


def test_an_encoder_for_larger_models(ragged):
    assert encoder(rnn, ragged.spec, None, {"units": (5,)}, name="encoder").output_shape == (None, 5)


def test_embedded_whole_numbers_are_sequences():
    model = rnn(input_shape=(6,), outputs=2, preprocessing=keras.layers.Embedding(10, 4, mask_zero=True))
    x = np.array([[3, 4, 0, 0, 0, 0]])
    shorter = rnn(input_shape=(2,), outputs=2, preprocessing=keras.layers.Embedding(10, 4), units=(16,))
    shorter.set_weights(model.get_weights())
    np.testing.assert_allclose(model(x), shorter(x[:, :2]), rtol=1e-5)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (8,)}, r"input_shape must be \(steps, size\) or .* use mlp for other data"),
        ({"input_shape": (None, None)}, "input_shape must be an integer >= 1"),
        ({"input_shape": (None,)}, "input_shape must be an integer >= 1"),
        ({"input_shape": (None, 8, 1)}, "input_shape must be an integer >= 1"),
        ({"input_shape": (0, 3)}, "input_shape must be an integer >= 1"),
        ({"cell": "rnn"}, "cell must be one of 'lstm', 'gru', 'tanh'"),
        ({"sequences": "one_to_one"}, "sequences must be one of 'many_to_one'"),
        ({"units": 4}, "units must be a sequence"),
        ({"units": ()}, "units must be given for at least one layer"),
        ({"units": (0,)}, "units must be an integer >= 1"),
        ({"hidden": (0,)}, "hidden must be an integer >= 1"),
        ({"bidirectional": 1}, "bidirectional must be True or False"),
        ({"recurrent_dropout": 1.0}, "recurrent_dropout must be a number >= 0 and < 1"),
        ({"output_steps": 3}, "output_steps must be None for sequences='many_to_one'"),
        ({"sequences": "one_to_many"}, "output_steps must be an integer >= 1"),
        ({"sequences": "one_to_many", "output_steps": 3}, r"input_shape must be \(features,\)"),
        ({"normalization": "layers"}, "normalization must be one of"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        rnn(**{"input_shape": (6, 3), "outputs": 3, **options})


def test_a_table_is_refused(classes):
    with pytest.raises(InvalidArgument, match="use mlp for other data"):
        rnn(classes.spec)
