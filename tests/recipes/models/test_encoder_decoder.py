import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.models.encoder_decoder import decode, encoder_decoder, shifted
from recipes.regularization import L2, Dropout

alike = pytest.mark.thorough

SYMBOLS = 5


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def reversed_symbols():
    """Rows of 4 symbols, one-hot, and the same symbols from last to first."""
    y = np.random.default_rng(0).integers(0, SYMBOLS, (896, 4))
    return np.eye(SYMBOLS, dtype="float32")[y[:, ::-1]], y


@pytest.fixture(scope="module")
def ragged():
    random = np.random.default_rng(0)
    x = [random.normal(3.0, 2.0, (steps, 2)).astype("float32") for steps in random.integers(2, 8, 60)]
    return recipes.Data.from_arrays(x, np.arange(60) % 3, batch_size=16)


def layers(model, kind):
    return [each for each in model.layers if isinstance(each, kind)]


# --- layers and sizes -------------------------------------------------------------------------------------------------


def test_layers(kinds):
    model = encoder_decoder(input_shape=(None, 2), outputs=3, output_steps=4, units=(5,), hidden=(6,))
    assert kinds(model) == ["InputLayer", "LSTM", "RepeatVector", "LSTM", "Dense6", "elu", "Dense3", "softmax"]
    assert (model.name, model.output_shape, model.compiled) == ("encoder_decoder", (None, 4, 3), False)
    assert model.get_layer("outputs").units == 3


def lstm(inputs, units):
    return 4 * (inputs + units + 1) * units


def gru(inputs, units):
    return 3 * (inputs + units + 2) * units


@pytest.mark.parametrize(("cell", "count"), [("lstm", lstm), ("gru", gru)])
def test_how_many_parameters(cell, count):
    options = {"input_shape": (9, 2), "outputs": 3, "output_steps": 4, "cell": cell}
    model = encoder_decoder(**options, units=(5, 6))
    assert model.count_params() == count(2, 5) + count(5, 6) + count(6, 5) + count(5, 6) + 6 * 3 + 3
    model = encoder_decoder(**options, units=(5,), bidirectional=True, attention=True)
    assert model.count_params() == 2 * count(2, 5) + count(10, 10) + 1 + 20 * 3 + 3
    model = encoder_decoder(**options, units=(5,), teacher_forcing=True)
    assert model.count_params() == count(2, 5) + (3 + 1) * 64 + count(64, 5) + 5 * 3 + 3


def test_units_follow_the_data(ragged):
    def units(*args, **options):
        return {each.units for each in layers(encoder_decoder(*args, output_steps=2, **options), keras.layers.LSTM)}

    assert units(input_shape=(28, 28), outputs=2) == {64}
    assert units(input_shape=(None, 2), outputs=2) == {64}
    assert units(ragged.spec) == {16}


# --- what it computes -------------------------------------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def reference_lstm(x, weights, h, c):
    """All states, and the last one and its cell."""
    kernel, own, bias = weights
    out = []
    for step in range(x.shape[1]):
        i, f, new, o = np.split(x[:, step] @ kernel + h @ own + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return np.stack(out, axis=1), h, c


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("teacher_forcing", [False, True])
@pytest.mark.usefixtures("double_precision")
def test_the_forward_pass(attention, teacher_forcing):
    random = np.random.default_rng(0)
    options = {"attention": attention, "teacher_forcing": teacher_forcing}
    model = encoder_decoder(input_shape=(6, 2), outputs=3, output_steps=4, units=(5, 7), **options)
    model.set_weights([random.normal(0, 0.5, w.shape) for w in model.get_weights()])
    weights = {each.name: each.get_weights() for each in model.layers}
    x, previous = random.normal(size=(8, 6, 2)), random.integers(0, 4, (8, 4))

    first, h1, c1 = reference_lstm(x, weights["encoder_1"], np.zeros((8, 5)), np.zeros((8, 5)))
    memory, h2, c2 = reference_lstm(first, weights["encoder_2"], np.zeros((8, 7)), np.zeros((8, 7)))
    read = np.repeat(h2[:, None], 4, axis=1)
    if teacher_forcing:
        read = weights["previous_embedding"][0][previous]
    out, _, _ = reference_lstm(read, weights["decoder_1"], h1, c1)
    out, _, _ = reference_lstm(out, weights["decoder_2"], h2, c2)
    if attention:
        shares = softmax(weights["attention"][0] * out @ memory.transpose(0, 2, 1))
        out = np.concatenate([out, shares @ memory], axis=-1)
    kernel, bias = weights["outputs"]
    inputs = {"inputs": x, "previous": previous} if teacher_forcing else x
    np.testing.assert_allclose(model(inputs), softmax(out @ kernel + bias), rtol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_decoder_after_both_directions_begins_from_both_states(cell):
    model = encoder_decoder(input_shape=(6, 2), outputs=3, output_steps=4, units=(5,), bidirectional=True, cell=cell)
    both = model.get_layer("encoder_1")
    x = np.random.default_rng(0).normal(size=(3, 6, 2)).astype("float32")
    _, *states = both(x)
    half = len(states) // 2
    start = [np.concatenate(pair, axis=-1) for pair in zip(states[:half], states[half:], strict=True)]
    out = model.get_layer("decoder_1")(np.repeat(start[0][:, None], 4, axis=1), initial_state=start)
    np.testing.assert_allclose(model(x), tf.nn.softmax(model.get_layer("outputs")(out)), rtol=1e-5)


@pytest.mark.parametrize("options", [{"cell": "gru"}, {"bidirectional": True, "attention": True, "units": (4, 4)}])
@pytest.mark.thorough
def test_padding_changes_nothing(ragged, options):
    model = encoder_decoder(ragged.spec, output_steps=4, **options)
    x = ragged.arrays("train")[0][:6]
    filling = ragged.spec.features[0].padding
    filled = (x == filling).all(axis=2)
    assert filled.any()
    more = model(np.concatenate([x, np.full((6, 5, 2), filling, "float32")], axis=1))
    np.testing.assert_allclose(more, model(x), rtol=1e-5, atol=1e-6)
    for number, steps in enumerate((~filled).sum(axis=1)):
        alone = model(x[number : number + 1, :steps]).numpy()[0]
        np.testing.assert_allclose(more[number], alone, rtol=1e-5, atol=1e-6)


def test_texts_and_images():
    random = np.random.default_rng(0)
    x = np.array([" ".join(random.choice(["a", "b", "c"], 4)) for _ in range(60)], dtype=object)
    data = recipes.Data.from_arrays(x, np.arange(60) % 3)
    model = encoder_decoder(data.spec, output_steps=4, units=(5,), attention=True)
    assert model(tf.constant(list(x[:2]))).shape == (2, 4, 3)
    data = recipes.Data.from_arrays(random.integers(0, 256, (60, 4, 5), "uint8"), np.arange(60) % 3)
    model = encoder_decoder(data.spec, output_steps=2, units=(5,))
    assert model.get_layer("rows").output.shape == (None, 4, 5)
    assert model(data.arrays("test")[0][:2]).shape == (2, 2, 3)


def test_regularization(kinds):
    options = {"input_shape": (6, 2), "outputs": 3, "output_steps": 4, "units": (5, 5)}
    model = encoder_decoder(**options, regularizer=[L2(0.2)])
    kernels = [w.numpy().astype("float64") for w in model.weights if w.name.endswith("kernel")]
    assert len(kernels) == 9
    assert float(sum(model.losses)) == pytest.approx(0.1 * sum(np.sum(kernel**2) for kernel in kernels), rel=1e-5)
    model = encoder_decoder(**options, regularizer=[Dropout(0.3)])
    assert kinds(model) == [
        *("InputLayer", "LSTM", "SpatialDropout1D", "LSTM", "Dropout", "RepeatVector"),
        *("LSTM", "SpatialDropout1D", "LSTM", "SpatialDropout1D", "Dense3", "softmax"),
    ]


# --- what a decoder is told -------------------------------------------------------------------------------------------


def test_shifted():
    y = np.array([[1, 0, 2], [2, 2, 1]])
    np.testing.assert_array_equal(shifted(y, start=3), [[3, 1, 0], [3, 2, 2]])
    np.testing.assert_array_equal(y, [[1, 0, 2], [2, 2, 1]])
    numbers = np.arange(12.0).reshape(2, 3, 2)
    np.testing.assert_array_equal(shifted(numbers, start=(-1, -2))[1], [[-1, -2], [6, 7], [8, 9]])
    with pytest.raises(InvalidArgument, match=r"y must be of shape \(n, steps\)"):
        shifted([1, 2], start=3)
    with pytest.raises(InvalidArgument, match="y must be without a mask"):
        shifted(np.ma.masked_array([[1, 2]], [[0, 1]]), start=3)


def test_no_answer_depends_on_what_is_told_later():
    model = encoder_decoder(input_shape=(6, 2), outputs=3, output_steps=4, units=(5,), teacher_forcing=True)
    x, previous = np.ones((1, 6, 2), "float32"), np.array([[3, 0, 1, 2]])
    before = model({"inputs": x, "previous": previous}).numpy()
    after = model({"inputs": x, "previous": np.array([[3, 0, 0, 2]])}).numpy()
    np.testing.assert_array_equal(before[:, :2], after[:, :2])
    assert np.abs(before - after)[:, 2:].min() > 1e-6


def test_decoding_tells_the_model_its_own_answers():
    model = encoder_decoder(input_shape=(6, 2), outputs=3, output_steps=4, units=(9,), teacher_forcing=True)
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0, 1.0, w.shape) if w.ndim == 2 else w for w in model.get_weights()])
    x = np.random.default_rng(0).normal(size=(100, 6, 2)).astype("float32")
    answers = decode(model, x, start=3, batch_size=64)
    assert answers.shape == (100, 4)
    assert len(np.unique(answers, axis=0)) > 3
    told = {"inputs": x, "previous": shifted(answers, start=3)}
    np.testing.assert_array_equal(model.predict(told, verbose=0).argmax(axis=-1), answers)


@pytest.mark.thorough
def test_numbers_are_told_in_their_own_unit():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 6, 2)), 500 + 100 * random.normal(size=60)
    spec = recipes.Data.from_arrays(x, y).spec
    model = encoder_decoder(spec, output_steps=4, units=(5,), teacher_forcing=True)
    assert model.input["previous"].shape == (None, 4, 1)
    read = keras.Model(model.input["previous"], layers(model, keras.layers.Rescaling)[-2].output)
    unit = float(np.sqrt(spec.target_variance))
    told = np.array([spec.target_mean, spec.target_mean + 2 * unit], "float32").reshape(2, 1, 1) + np.zeros(
        (2, 4, 1), "float32"
    )
    np.testing.assert_allclose(read(told)[:, 0, 0], [0, 2], atol=1e-4)
    answers = decode(model, x.astype("float32"), start=0.0)
    assert answers.shape == (60, 4, 1)
    told = {"inputs": x.astype("float32"), "previous": shifted(answers, start=0.0)}
    np.testing.assert_allclose(model.predict(told, verbose=0), answers, rtol=1e-5)


# --- training and files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"teacher_forcing": True, "cell": "gru"},
        pytest.param({"attention": True}, marks=alike),
        pytest.param({"cell": "gru"}, marks=alike),
    ],
)
@pytest.mark.thorough
def test_it_learns_to_reverse(reversed_symbols, options):
    x, y = reversed_symbols
    model = encoder_decoder(input_shape=(None, SYMBOLS), outputs=SYMBOLS, output_steps=4, units=(32,), **options)
    recipe = Recipe(optimizer="adam", learning_rate=0.02, regularizer="none")
    recipe.compile(model)
    assert model.loss == "sparse_categorical_crossentropy"
    told = "teacher_forcing" in options
    epochs = 10
    model.fit(
        {"inputs": x[:768], "previous": shifted(y[:768], SYMBOLS)} if told else x[:768],
        y[:768],
        epochs=epochs,
        batch_size=32,
        verbose=0,
        callbacks=recipe.callbacks(epochs=epochs, steps_per_epoch=24),
    )
    new = x[768:]
    answers = decode(model, new, start=SYMBOLS) if told else model.predict(new, verbose=0).argmax(axis=-1)
    assert np.mean(answers == y[768:]) > 0.95


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"bidirectional": True, "units": (3, 3)}, marks=alike),
        {"teacher_forcing": True, "cell": "gru", "attention": True, "units": (4,), "hidden": (4,)},
    ],
)
@pytest.mark.thorough
def test_files_give_the_same_model(ragged, tmp_path, options):
    model = encoder_decoder(ragged.spec, output_steps=3, regularizer="l2+dropout", **options)
    x = ragged.arrays("test")[0]
    told = "teacher_forcing" in options
    inputs = {"inputs": tf.constant(x), "previous": tf.ones((len(x), 3), "int32")} if told else tf.constant(x)
    expected = model(inputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), expected)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(served.serve(inputs), expected, rtol=1e-5, atol=1e-6)
    if told:
        np.testing.assert_array_equal(decode(loaded, x, start=3), decode(model, x, start=3))


# --- images -----------------------------------------------------------------------------------------------------------


def test_a_convolutional_encoder_makes_the_first_states(kinds):
    options = {"input_shape": (8, 8, 1), "outputs": 3, "output_steps": 4, "encoder": "cnn", "filters": (4,)}
    model = encoder_decoder(**options, units=(5,))
    assert kinds(model) == [
        *("InputLayer", "Conv2D4", "elu", "MaxPooling2D", "Flatten", "Dense5"),  # the state, which is the code too
        *("RepeatVector", "Dense5", "LSTM", "Dense3", "softmax"),
    ]
    deep = encoder_decoder(**options, units=(5, 6), cell="gru", attention=True)
    assert deep.get_layer("places").output.shape == (None, 16, 4)
    assert deep.get_layer("memory").output.shape == (None, 16, 6)
    weights = 9 * 4 + 4 + (64 + 1) * (5 + 6) + (4 + 1) * 6
    assert deep.count_params() == weights + gru(6, 5) + gru(5, 6) + 1 + 12 * 3 + 3


@alike
@pytest.mark.parametrize("attention", [False, True])
def test_it_learns_to_tell_what_an_image_shows(attention, tmp_path):
    """The rows of three dots, from left to right."""
    y = np.random.default_rng(0).integers(0, 5, (1200, 3))
    x = np.zeros((len(y), 5, 9, 1), "float32")
    for place in range(3):
        x[np.arange(len(y)), y[:, place], 3 * place + 1] = 1.0
    options = {"encoder": "cnn", "filters": (16,), "units": (32,), "attention": attention, "teacher_forcing": True}
    model = encoder_decoder(input_shape=x.shape[1:], outputs=5, output_steps=3, **options)
    Recipe(optimizer="adam", learning_rate=0.01).compile(model)
    told = {"inputs": x[:1000], "previous": shifted(y[:1000], start=5)}
    model.fit(told, y[:1000], epochs=25, batch_size=50, verbose=0)
    assert (decode(model, x[1000:], start=5) == y[1000:]).mean() > 0.95
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(decode(loaded, x[1000:], start=5), decode(model, x[1000:], start=5))


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (8,)}, "for an encoder_decoder: use mlp for other data"),
        ({"output_steps": None}, "output_steps must be an integer >= 1"),
        ({"output_steps": 0}, "output_steps must be an integer >= 1"),
        ({"cell": "rnn"}, "cell must be one of 'lstm', 'gru'"),
        ({"units": ()}, "units must be given for at least one layer"),
        ({"hidden": 3}, "hidden must be a sequence"),
        ({"encoder": "mlp"}, "encoder must be one of 'rnn', 'cnn'"),
        ({"encoder": "cnn"}, r"input_shape must be \(height, width, channels\) with encoder"),
        (
            {"encoder": "cnn", "input_shape": (8, 8, 1), "bidirectional": True},
            "bidirectional must be False with encoder",
        ),
        ({"filters": (4,)}, "filters must be None without encoder"),
        ({"attention": "dot"}, "attention must be True or False"),
        ({"bidirectional": 1}, "bidirectional must be True or False"),
        ({"teacher_forcing": None}, "teacher_forcing must be True or False"),
        ({"teacher_forcing": True, "outputs": 1}, "task must be 'multiclass' or 'regression' with teacher_forcing"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        encoder_decoder(**{"input_shape": (6, 2), "outputs": 3, "output_steps": 4, **options})


def test_only_a_model_that_is_told_can_be_decoded():
    model = encoder_decoder(input_shape=(6, 2), outputs=3, output_steps=4, units=(5,))
    with pytest.raises(InvalidArgument, match="model must be an encoder_decoder made with teacher_forcing=True"):
        decode(model, np.zeros((1, 6, 2)), start=3)
