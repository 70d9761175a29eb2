import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.models.encoder import encoder
from recipes.models.text import text
from recipes.regularization import L2, Dropout

alike = pytest.mark.thorough

WORDS = ["the", "a", "film", "plot", "good", "fine", "bad", "poor"]
PLAIN = {"vocabulary": WORDS, "length": 8, "outputs": 3}


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def reviews():
    """120 sentences of 1 to 8 words. Of each word one can tell the class, but for four that say nothing."""
    random = np.random.default_rng(0)
    y = np.arange(120) % 2
    told = [WORDS[:4] + (WORDS[4:6] if label else WORDS[6:]) for label in y]
    x = np.array([" ".join(random.choice(told[i], random.integers(1, 9))) for i in range(120)], dtype=object)
    return recipes.Data.from_arrays(x, y, batch_size=16, class_names=("bad", "good"))


def with_large_vectors(**options):
    """A model whose words differ enough for every mistake to show."""
    model = text(**{**PLAIN, **options})
    layer = model.get_layer("inputs_embedding")
    layer.set_weights([np.random.default_rng(0).normal(size=layer.embeddings.shape)])
    return model


def strings(*texts):
    return tf.constant(list(texts))


def modules(config):
    """The Python modules that a model's configuration needs to be read back."""
    if isinstance(config, dict):
        named = {config["module"]} if config.get("module") else set()
        return named.union(*(modules(value) for value in config.values()))
    return set().union(*(modules(value) for value in config)) if isinstance(config, (list, tuple)) else set()


def vectors(model, sentence):
    """The vectors of the words of a sentence, (words, size)."""
    return model.get_layer("inputs_embedding").get_weights()[0][[WORDS.index(each) + 2 for each in sentence.split()]]


def after(model, states):
    """What the layers after an encoder make of its answer."""
    hidden, outputs = (layer.get_weights() for layer in model.layers if isinstance(layer, keras.layers.Dense))
    x = states @ hidden[0] + hidden[1]
    return tf.nn.softmax(np.where(x > 0, x, np.exp(x) - 1) @ outputs[0] + outputs[1])


# --- layers and sizes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "layers"),
    [
        ({"encoder": "lstm"}, ["LSTM"]),
        ({"encoder": "gru"}, ["GRU"]),
        ({"encoder": "average"}, []),
        ({"encoder": "cnn", "windows": (2,)}, ["Conv1D", "elu", "ZeroPadding1D", "GlobalMaxPooling1D"]),
    ],
)
def test_layers(kinds, options, layers):
    model = text(**PLAIN, **options, hidden=(5,))
    around = ["InputLayer", "Functional", "Embedding"], ["Dense5", "elu", "Dense3", "softmax"]
    assert kinds(model) == [*around[0], *layers, *around[1]]
    assert (model.name, model.output_shape, model.compiled) == ("text", (None, 3), False)
    assert (model.input_shape, model.inputs[0].dtype) == ((None,), "string")
    assert model.get_layer("outputs").units == 3


def test_layers_of_a_bag(kinds, reviews):
    bag = ["InputLayer", "Functional", "Rescaling", "Dropout"]
    assert kinds(text(**PLAIN)) == [*bag, "Dense3", "softmax"]
    assert kinds(text(**PLAIN, dropout=0, hidden=(5,))) == [*bag[:-1], "Dense5", "elu", "Dense3", "softmax"]
    (feature,) = reviews.spec.features
    model = text(reviews.spec)
    assert feature.ngrams
    assert model.get_layer("outputs").kernel.shape == (2 + len(feature.vocabulary) + 2 + len(feature.ngrams), 1)


def test_how_many_parameters():
    words, after = (8 + 2) * 64, 64 * 64 + 64 + 64 * 3 + 3  # two more: filled up, and unknown
    assert text(**PLAIN).count_params() == (8 + 2) * 3 + 3
    assert text(**PLAIN, encoder="average").count_params() == words + after
    assert text(**PLAIN, encoder="lstm").count_params() == words + 4 * (64 + 64 + 1) * 64 + after
    assert text(**PLAIN, encoder="gru", embedding=10, units=6, hidden=()).count_params() == (
        10 * 10 + 3 * (10 + 6 + 2) * 6 + 6 * 3 + 3
    )
    assert text(**PLAIN, encoder="cnn", embedding=10, units=6, hidden=()).count_params() == (
        10 * 10 + sum(width * 10 * 6 + 6 for width in (3, 4, 5)) + 18 * 3 + 3
    )


def test_from_a_spec(reviews):
    (feature,) = reviews.spec.features
    words = text(reviews.spec, encoder="average").get_layer("inputs_words")
    numbers = np.asarray(words(strings(*feature.vocabulary, "unheard")))
    assert numbers.shape[1] <= feature.length
    assert numbers[:, 0].tolist() == [*range(2, 2 + len(feature.vocabulary)), 1]
    assert text(reviews.spec).layers[-1].activation.__name__ == "sigmoid"
    assert text(**{**PLAIN, "outputs": 2}, task="regression").layers[-1].activation.__name__ == "linear"


def test_an_encoder_for_larger_models(reviews):
    options = {"vocabulary": WORDS, "length": 8, "hidden": (5,)}
    assert encoder(text, None, (), options, name="encoder").output_shape == (None, 5)
    assert encoder(text, reviews.spec, None, {"encoder": "gru", "hidden": ()}, name="encoder").output_shape == (
        None,
        64,
    )


# --- what they compute ------------------------------------------------------------------------------------------------


def test_the_average():
    model = with_large_vectors(encoder="average")
    for sentence in ("good film", "the plot the film", "bad"):
        np.testing.assert_allclose(
            model(strings(sentence))[0], after(model, vectors(model, sentence).mean(axis=0)), rtol=1e-4
        )


def test_the_strongest_of_the_convolutions():
    model = with_large_vectors(encoder="cnn", units=20, windows=(2, 3))
    layers = [layer.get_weights() for layer in model.layers if isinstance(layer, keras.layers.Conv1D)]
    sentence = "the plot the film"
    words = np.pad(vectors(model, sentence), [(1, 2), (0, 0)])
    found = []
    for (kernel, bias), first in zip(layers, (1, 0), strict=True):  # Keras fills up after, before it adds one before
        width = len(kernel)
        seen = [np.einsum("wi,wio->o", words[first + n : first + n + width], kernel) + bias for n in range(4)]
        found.append(np.maximum(0, np.max(seen, axis=0)))
    assert min(np.mean(each == 0) for each in found) > 0
    np.testing.assert_allclose(model(strings(sentence))[0], after(model, np.concatenate(found)), rtol=1e-4)


@pytest.mark.parametrize("encoder", ["lstm", "gru"])
def test_the_state_after_the_last_word(encoder):
    model = with_large_vectors(encoder=encoder, units=5)
    layer = next(each for each in model.layers if isinstance(each, (keras.layers.LSTM, keras.layers.GRU)))
    sentence = "the plot the film"
    np.testing.assert_allclose(model(strings(sentence)), after(model, layer(vectors(model, sentence)[None])), rtol=1e-4)


@pytest.mark.parametrize("encoder", ["average", "lstm", "gru", "cnn"])
@pytest.mark.ordinarily("gru")
def test_padding_changes_nothing(encoder):
    sentences = strings("good film", "the plot the film", "", "unheard of", "bad", "a a a a a a a a")
    short = with_large_vectors(encoder=encoder, units=5)
    long = with_large_vectors(length=13, encoder=encoder, units=5)
    for one, two in zip(short.layers, long.layers, strict=True):
        if one.weights:
            two.set_weights(one.get_weights())
    expected = short(sentences)
    np.testing.assert_allclose(long(sentences), expected, rtol=1e-5, atol=1e-6)
    assert np.unique(np.round(expected, 4), axis=0).shape == (6, 3)
    np.testing.assert_allclose(short(strings("A good, FILM!")), short(strings("a good film")))


@pytest.mark.parametrize("encoder", ["average", "lstm", "gru", "cnn"])
@pytest.mark.ordinarily("average")
def test_texts_without_words(encoder):
    model = with_large_vectors(encoder=encoder, units=5)
    np.testing.assert_allclose(
        model(strings("", " ?! ")),
        np.repeat(after(model, np.zeros((1, model.layers[-4].kernel.shape[0]))), 2, axis=0),
        rtol=1e-5,
    )
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(strings("", "good film"), np.array([0, 1]), verbose=0)
    assert all(np.isfinite(each).all() for each in model.get_weights() if each.dtype.kind == "f")


def test_half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    for each in ("bag", "average", "cnn"):
        model = text(**PLAIN, encoder=each)
        answers = model(strings("good film", ""))
        assert answers.dtype == "float32"
        assert np.isfinite(answers).all()
        assert model.get_layer("outputs").compute_dtype == "float16"


def test_another_preprocessing(kinds):
    words = keras.layers.TextVectorization(vocabulary=["x", "y"], split="character", output_sequence_length=6)
    layer = keras.Sequential([keras.Input((), dtype="string"), words, keras.layers.Embedding(4, 5)])
    bag = keras.layers.TextVectorization(vocabulary=["x", "y"], split="character", output_mode="count")
    assert kinds(text(outputs=2, preprocessing=bag, dropout=0)) == [
        "InputLayer",
        "TextVectorization",
        "Dense2",
        "softmax",
    ]
    for each in ("average", "cnn"):
        model = text(outputs=2, preprocessing=layer, encoder=each, units=4)
        assert kinds(model)[:2] == ["InputLayer", "Sequential"]
        assert model(strings("xy", "yx")).shape == (2, 2)


# --- regularization ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("encoder", "count"), [("bag", 1), ("average", 2), ("lstm", 4), ("cnn", 5)])
def test_penalties_act_on_all_kernels(encoder, count):
    model = text(**PLAIN, encoder=encoder, units=4, regularizer=[L2(0.2)])
    kernels = [w.numpy().astype("float64") for w in model.weights if w.name.endswith("kernel")]
    assert len(kernels) == count
    assert float(sum(model.losses)) == pytest.approx(0.1 * sum(np.sum(kernel**2) for kernel in kernels), rel=1e-5)


def test_dropout(kinds):
    def dropped(**options):
        return [each for each in kinds(text(**PLAIN, **options, regularizer=[Dropout(0.3)])) if "Dropout" in each]

    assert dropped() == ["Dropout", "Dropout"]  # the bag's own, and that of the regularizer
    assert dropped(encoder="average") == ["Dropout"]
    assert dropped(encoder="gru") == ["Dropout", "Dropout"]
    assert dropped(encoder="cnn", windows=(3,)) == ["SpatialDropout1D", "Dropout"]


@pytest.mark.parametrize(("encoder", "normalized"), [("average", 0), ("gru", 0), ("cnn", 5)])
def test_convolutions_count_towards_deep(kinds, encoder, normalized):
    model = text(**PLAIN, encoder=encoder, units=4, hidden=(3,) * 4, windows=(3,))
    assert kinds(model).count("BatchNormalization") == normalized


# --- training and files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoder", ["bag", "average", pytest.param("gru", marks=alike), "cnn"])
@pytest.mark.ordinarily("cnn")
def test_it_learns(reviews, encoder):
    made = {"model": lambda spec: text(spec, encoder=encoder, units=8), "optimizer": "adam", "learning_rate": 0.02}
    run = recipes.fit(reviews, Recipe(**made, regularizer="none"), epochs=8, verbose=0)
    assert run.history["loss"][-1] < 0.5 * run.history["loss"][0]
    assert run.history["accuracy"][-1] > 0.85


@pytest.mark.thorough
def test_the_default_beats_logistic_regression_on_tf_idf():
    """Docstrings of three modules."""
    whole = recipes.load("docstrings")
    parts = [whole.arrays(split) for split in ("train", "validation", "test")]
    x, y = (np.concatenate(part) for part in zip(*parts, strict=True))
    chosen = np.flatnonzero(y < 3)[::2]
    x, y = np.array([str(text) for text in x[chosen]], object), y[chosen]
    half = len(y) // 2
    data = recipes.Data.from_arrays(x[:half], y[:half], x_test=x[half:], y_test=y[half:])
    run = recipes.fit(data, Recipe(learning_rate=0.3), epochs=8, verbose=0)
    ours = run.model.predict(data.test.map(lambda texts, _: texts), verbose=0)
    linear = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(x[:half], y[:half])
    theirs = linear.predict_proba(x[half:])
    assert np.mean(ours.argmax(axis=1) != y[half:]) <= np.mean(theirs.argmax(axis=1) != y[half:])
    assert log_loss(y[half:], ours) < log_loss(y[half:], theirs)


@pytest.mark.parametrize("model", ["text", "rnn", "mixed"])
@pytest.mark.ordinarily("text", "mixed")
def test_a_script_without_spaces(model):
    """The class of a sentence depends on one character."""
    random = np.random.default_rng(0)
    y = np.arange(240) % 2
    others = [random.choice(list("我你他她的是在有不了这中大来上个国到说们"), 8) for _ in y]
    sentences = [
        "".join(row[:4]) + "坏好"[label] + "".join(row[4:]) + "。" for row, label in zip(others, y, strict=True)
    ]
    x: object = np.array(sentences, object)
    if model == "mixed":
        x = {"text": x, "noise": random.normal(size=len(y))}
    recipe = Recipe(model=model, optimizer="adam", learning_rate=0.02)
    run = recipes.fit(recipes.Data.from_arrays(x, y), recipe, epochs=10, verbose=0)
    assert run.evaluate("test")["accuracy"] > 0.9


@pytest.mark.parametrize(
    "encoder", ["bag", pytest.param("average", marks=alike), pytest.param("lstm", marks=alike), "cnn"]
)
def test_files_give_the_same_model(reviews, tmp_path, encoder):
    model = text(reviews.spec, encoder=encoder, units=4, windows=(2, 3), regularizer="l2+dropout+input_noise")
    x = strings(*reviews.arrays("test")[0], "", "never seen", "Élan 北京。")
    expected = model(x)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), expected)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(served.serve(x), expected, rtol=1e-5, atol=1e-6)
    assert {name.split(".")[0] for name in modules(model.get_config())} == {"keras"}


@alike
@pytest.mark.thorough
def test_a_file_is_read_without_this_package(reviews, tmp_path, python):
    model = text(reviews.spec, encoder="cnn", units=4)
    model.save(tmp_path / "model.keras")
    script = """
import sys
sys.modules["recipes"] = sys.modules["callbacks"] = None  # not to be imported
import keras, numpy
model = keras.models.load_model(sys.argv[1])
print(float(model.predict(numpy.array(["a good film"], dtype=object), verbose=0)[0, 0]))
"""
    answer = float(python(script, tmp_path / "model.keras").split()[-1])
    assert answer == pytest.approx(float(model(strings("a good film"))[0, 0]), rel=1e-5)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoder": "bert"}, "encoder must be one of 'bag', 'average', 'lstm', 'gru', 'cnn'"),
        ({"outputs": None}, "outputs must be given where there is no Spec"),
        ({"vocabulary": None}, "vocabulary must be given where there is no Spec"),
        ({"length": None}, "length must be given where there is no Spec"),
        ({"length": 0}, "length must be an integer >= 1"),
        ({"vocabulary": []}, "vocabulary must be a sequence of words, at least one"),
        ({"vocabulary": "good bad"}, "vocabulary must be a sequence of strings"),
        ({"vocabulary": ["good", ""]}, "vocabulary must be a sequence of words"),
        ({"vocabulary": ["good", "good"]}, "vocabulary must be values that are all different"),
        ({"input_shape": (8,)}, r"input_shape must be \(\) for texts"),
        ({"embedding": 0}, "embedding must be an integer >= 1"),
        ({"units": 0}, "units must be an integer >= 1"),
        ({"windows": ()}, "windows must be given for at least one convolution"),
        ({"windows": (0,)}, "windows must be an integer >= 1"),
        ({"hidden": 3}, "hidden must be a sequence"),
        ({"vocabulary": ["good", "e-mail"]}, "vocabulary must be words as a text is split into: .'e', 'mail'."),
        ({"dropout": 1.0}, "dropout must be"),
        ({"preprocessing": keras.layers.TextVectorization(vocabulary=["x"])}, "preprocessing must be .*batch, size"),
        (
            {
                "preprocessing": keras.layers.TextVectorization(vocabulary=["x"], output_mode="multi_hot"),
                "encoder": "average",
            },
            "preprocessing must be .*batch, words, size",
        ),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        text(**{**PLAIN, **options})


def test_a_table_and_too_much_are_refused(classes, reviews):
    with pytest.raises(InvalidArgument, match="use mlp for other data"):
        text(classes.spec)
    with pytest.raises(InvalidArgument, match="spec must be given alone"):
        text(reviews.spec, length=5)
