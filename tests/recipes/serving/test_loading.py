import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe, export, fit
from recipes.serving.loading import Predictor, load_inputs


@pytest.fixture(scope="module")
def predictor(exported):
    return Predictor(exported)


@pytest.fixture(scope="module")
def small_predictor(tmp_path_factory):
    """``small_predictor(data)``: a Predictor of a network trained on it."""

    def make(data):
        run = fit(data, Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.1), epochs=2, verbose=0)
        return run, Predictor(export(run, tmp_path_factory.mktemp("small") / "out"))

    return make


def test_classes_with_their_probabilities(predictor, digits_run, digits):
    x, _ = digits.arrays("test")
    answers = predictor(x)
    expected = digits_run.model.predict(x, verbose=0)
    assert [answer["class"] for answer in answers] == [str(k) for k in expected.argmax(axis=1)]
    np.testing.assert_allclose([a["probability"] for a in answers], expected.max(axis=1), atol=1e-6)
    assert set(answers[0]) == {"class", "probability"}


@pytest.mark.parametrize(
    "reshape",
    [
        lambda x: x[..., 0],  # without the channel
        lambda x: x[:1],
        lambda x: x[0],  # a single one
        lambda x: x[0, ..., 0],
        lambda x: x.astype("int64"),
        lambda x: x[:8],  # as many as rows
        lambda x: x[:8, ..., 0],
    ],
)
def test_shapes_that_are_understood(predictor, digits, reshape):
    x, _ = digits.arrays("test")
    given = reshape(x)
    answers = predictor(given)
    assert len(answers) == given.size // 64
    assert answers == predictor(x[: len(answers)])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros((2, 9, 8, 1), "uint8"), r"\(2, 9, 8, 1\)"),
        (np.zeros((2, 8, 8, 3), "uint8"), r"\(2, 8, 8, 3\)"),
        (np.zeros((2, 64), "uint8"), r"\(2, 64\)"),
        (np.zeros((0, 8, 8, 1), "uint8"), r"\(0, 8, 8, 1\)"),
        (np.uint8(3), r"input=\(\)"),
        (np.zeros((2, 8, 8, 1), "float32"), "float32 from 0.0 to 0.0"),
        (np.full((2, 8, 8, 1), 256), "int64 from 256 to 256"),
        (np.full((2, 8, 8, 1), -1), "int64 from -1 to -1"),
        (np.full((2, 8, 8, 1), "a"), "input='str"),
        (np.zeros((2, 8, 8, 1), bool), "input='bool'"),
    ],
)
def test_inputs_that_do_not_fit(predictor, inputs, message):
    with pytest.raises(InvalidArgument, match=rf"uint8 values of shape \(None, 8, 8, 1\).*{message}"):
        predictor(inputs)


def test_class_names(small_predictor, classes):
    run, predictor = small_predictor(classes)
    x, _ = classes.arrays("test")
    best = run.model.predict(x, verbose=0).argmax(axis=1)
    assert [answer["class"] for answer in predictor(x)] == [("red", "green", "blue")[k] for k in best]
    assert predictor(x[0]) == predictor(x[:1])
    assert predictor(x[0].astype("float64").tolist()) == predictor(x[:1])


def test_binary(small_predictor, binary):
    run, predictor = small_predictor(binary)
    x, _ = binary.arrays("test")
    yes = run.model.predict(x, verbose=0)[:, 0]
    answers = predictor(x)
    assert [answer["class"] for answer in answers] == ["yes" if p > 0.5 else "no" for p in yes]
    assert {answer["class"] for answer in answers} == {"yes", "no"}
    np.testing.assert_allclose([a["probability"] for a in answers], np.maximum(yes, 1 - yes), atol=1e-6)


def test_regression(small_predictor, regression):
    run, predictor = small_predictor(regression)
    x, _ = regression.arrays("test")
    answers = predictor(x)
    np.testing.assert_allclose([a["value"] for a in answers], run.model.predict(x, verbose=0)[:, 0], rtol=1e-5)
    assert set(answers[0]) == {"value"}
    with pytest.raises(InvalidArgument, match=r"float32 values of shape \(None, 5\)"):
        predictor(x[:, :4])


def test_a_saved_model_without_a_spec(exported, digits, tmp_path):
    import shutil

    shutil.copytree(f"{exported}/saved_model", tmp_path / "alone")
    x = digits.arrays("test")[0][:3]
    alone = Predictor(tmp_path / "alone")
    assert alone.spec is None
    assert alone(x) == Predictor(f"{exported}/saved_model")(x) == Predictor(exported)(x)


@pytest.mark.parametrize("name", ["nothing", "file"])
def test_no_saved_model(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidArgument, match=r"saved_model must be a directory that recipes\.export has written"):
        Predictor(tmp_path / name)


def test_npy(tmp_path):
    x = np.arange(6, dtype="uint8").reshape(2, 3)
    np.save(tmp_path / "x.npy", x)
    read = load_inputs(tmp_path / "x.npy", None)
    assert read.dtype == np.uint8
    assert np.array_equal(read, x)


@pytest.mark.parametrize(("text", "expected"), [("1,2.5\n3,4\n", [[1, 2.5], [3, 4]]), ("1,2", [[1, 2]])])
def test_csv(tmp_path, text, expected):
    (tmp_path / "x.CSV").write_text(text)
    read = load_inputs(tmp_path / "x.CSV", None)
    assert read.dtype == np.float32
    assert read.tolist() == expected


def test_png(tmp_path, predictor, digits):
    x, _ = digits.arrays("test")
    keras.utils.save_img(tmp_path / "x.png", x[0], scale=False)
    read = load_inputs(tmp_path / "x.png", predictor.spec)
    assert np.array_equal(read, x[0])
    assert predictor(read) == predictor(x[:1])
    assert load_inputs(tmp_path / "x.png", None).shape == (8, 8, 1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nothing.npy", None, "a file: .npy, .csv, .png"),
        ("x.npy", b"no array", "a readable .npy file"),
        ("x.csv", b"a,b\n1,2\n", "a readable .csv file"),
        ("x.csv", b"1,2\n3\n", "a readable .csv file"),
        ("x.csv", b"", "a readable .csv file"),
        ("x.png", b"no picture", "a readable .png file"),
        ("x.txt", b"1,2", "a .npy, .csv, .png"),
        ("folder", "folder", "a file: .npy, .csv, .png"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, content, message):
    if content == "folder":
        (tmp_path / name).mkdir()
    elif content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidArgument, match=message) as caught:
        load_inputs(tmp_path / name, None)
    assert "\n" not in str(caught.value)


def test_pickles_are_not_opened(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InvalidArgument, match="a readable"):
        load_inputs(tmp_path / "x.npy", None)
