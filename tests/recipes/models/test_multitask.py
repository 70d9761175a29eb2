import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe, multitask, tie

TASKS = {"odd": 1, "digit": 10}  # not in the order of the alphabet, which is Keras' own
TRUNKS = ("trunk_odd", "trunk_digit")


def labels(x, y):
    return x, {"digit": y, "odd": y % 2}


def trained(digits, model, epochs=3, weights=None):
    recipe = Recipe(learning_rate=0.05, regularizer="none")
    steps = digits.steps_per_epoch
    recipe.compile(model, steps_per_execution=steps, **({"loss_weights": weights} if weights else {}))
    model.fit(
        digits.batches("train", seed=0).map(labels),
        epochs=epochs,
        shuffle=False,
        callbacks=recipe.callbacks(epochs=epochs, steps_per_epoch=steps),
        verbose=0,
    )
    return model.evaluate(digits.test.map(labels), verbose=0, return_dict=True)


def distances(model):
    kernels = [[w.numpy() for w in model.get_layer(name).weights if w.name == "kernel"] for name in TRUNKS]
    return [float(np.linalg.norm(a - b)) for a, b in zip(*kernels, strict=True)]


def test_one_trunk_and_a_head_for_each_task():
    model = multitask(input_shape=(8, 8, 1), tasks={**TASKS, "size": {"outputs": 2, "task": "regression"}}, hidden=(7,))
    names = [layer.name for layer in model.layers]
    assert names[:2] == ["inputs", "trunk"]
    assert set(names[2:]) == {"odd_outputs", "digit_outputs", "size_outputs", "odd", "digit", "size"}
    shapes = {name: each.shape for name, each in model.output.items()}
    assert shapes == {"odd": (None, 1), "digit": (None, 10), "size": (None, 2)}
    assert model.count_params() == 64 * 7 + 7 + (7 + 1) * (1 + 10 + 2)
    endings = {name: model.get_layer(name).activation.__name__ for name in model.output}
    assert endings == {"odd": "sigmoid", "digit": "softmax", "size": "linear"}
    assert not model.compiled
    assert model.name == "multitask"


def test_each_head_answers_from_the_trunk():
    model = multitask(input_shape=(4,), tasks=TASKS, hidden=(6,))
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    h = model.get_layer("trunk")(x).numpy().astype("float64")
    got = model(x)
    logits = h @ model.get_layer("digit_outputs").kernel.numpy()
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(got["digit"], softmax, rtol=1e-4)
    sigmoid = 1 / (1 + np.exp(-h @ model.get_layer("odd_outputs").kernel.numpy()))
    np.testing.assert_allclose(got["odd"], sigmoid, rtol=1e-4)


def test_from_a_spec(images, regression):
    model = multitask(images.spec, tasks=TASKS, model="cnn", filters=(3,), hidden=(5,))
    assert (model.inputs[0].dtype, model.input_shape) == ("uint8", (None, 6, 6, 1))
    assert isinstance(model.get_layer("trunk").layers[1], keras.layers.Normalization)
    assert multitask(regression.spec, tasks=TASKS).output["digit"].shape == (None, 10)


def test_regression_in_the_targets_unit():
    head = {"outputs": 1, "task": "regression", "target_mean": 500.0, "target_variance": 14400.0}
    model = multitask(input_shape=(4,), tasks={"odd": 1, "price": head}, hidden=(3,))
    kernel, bias = model.get_layer("price_outputs").weights
    kernel.assign(0 * kernel)
    x = np.ones((2, 4), "float32")
    assert model(x)["price"].numpy() == pytest.approx(500.0)
    bias.assign([1.0])
    assert model(x)["price"].numpy() == pytest.approx(620.0)
    Recipe(learning_rate=0.01).compile(model, loss_weights={"odd": 0.0})
    y = {"odd": np.ones(2), "price": np.array([620.0, 380.0])}
    scores = model.evaluate(x, y, verbose=0, return_dict=True)
    assert scores["price_root_mean_squared_error"] == pytest.approx(240 / np.sqrt(2))
    assert scores["loss"] == pytest.approx(240**2 / 2 / 14400)


def test_penalties_are_on_all_kernels():
    model = multitask(input_shape=(4,), tasks=TASKS, hidden=(6,), regularizer="l2")
    kernels = [w.numpy() for w in model.weights if w.name == "kernel"]
    assert len(kernels) == 3
    assert float(sum(model.losses)) == pytest.approx(1e-4 / 2 * sum(np.sum(k**2) for k in kernels), rel=1e-5)


@pytest.mark.parametrize(
    ("sharing", "options"),
    [("shared", {}), pytest.param("tied", {"strength": 0.0}, marks=pytest.mark.thorough), ("tied", {"strength": 10.0})],
)
@pytest.mark.thorough
def test_both_tasks_learn(digits, sharing, options):
    keras.utils.set_random_seed(0)
    model = multitask(digits.spec, tasks=TASKS, sharing=sharing, hidden=(100, 50), **options)
    assert not any(each.numpy() for each in model.losses)
    scores = trained(digits, model)
    if sharing == "tied":
        apart = sum(distances(model))
        assert 0 < apart < 0.5 if options["strength"] else apart > 4
    assert scores["digit_accuracy"] > 0.92
    assert scores["odd_accuracy"] > 0.93
    assert set(scores) == {"loss", "digit_loss", "odd_loss", "digit_accuracy", "odd_accuracy"}


@pytest.mark.parametrize("ignored", ["odd", "digit"])
@pytest.mark.thorough
def test_a_task_of_weight_0_is_not_trained(digits, ignored):
    model = multitask(digits.spec, tasks=TASKS, hidden=(20,))
    before = {name: model.get_layer(f"{name}_outputs").get_weights() for name in TASKS}
    scores = trained(digits, model, epochs=1, weights={ignored: 0.0})
    for name, start in before.items():
        end = model.get_layer(f"{name}_outputs").get_weights()
        equal = [np.array_equal(a, b) for a, b in zip(start, end, strict=True)]
        assert equal == [name == ignored] * 2
    other = next(name for name in TASKS if name != ignored)
    assert scores["loss"] == pytest.approx(scores[f"{other}_loss"], rel=1e-5)


def test_the_loss_is_the_weighted_sum(digits):
    model = multitask(digits.spec, tasks=TASKS, hidden=(20,))
    scores = trained(digits, model, epochs=1, weights={"odd": 0.3, "digit": 2.0})
    assert scores["loss"] == pytest.approx(0.3 * scores["odd_loss"] + 2 * scores["digit_loss"], rel=1e-5)


def test_tied_trunks_start_equal_and_have_the_penalty():
    model = multitask(input_shape=(4,), tasks=TASKS, sharing="tied", strength=0.4, hidden=(6, 5))
    assert {layer.name for layer in model.layers if layer.name.startswith("trunk")} == set(TRUNKS)
    assert distances(model) == [0.0, 0.0]
    assert float(sum(model.losses)) == 0.0
    first, second = (model.get_layer(name) for name in TRUNKS)
    assert first.weights[0] is not second.weights[0]
    first.weights[0].assign(first.weights[0] + 1.0)
    first.weights[1].assign(first.weights[1] + 1.0)  # a bias
    assert float(sum(model.losses)) == pytest.approx(0.4 / 2 * 4 * 6)
    usual = multitask(input_shape=(4,), tasks=TASKS, sharing="tied", hidden=(6, 5))
    usual.get_layer("trunk_odd").weights[0].assign(usual.get_layer("trunk_digit").weights[0] - 1.0)
    assert float(sum(usual.losses)) == pytest.approx(0.01 / 2 * 4 * 6)


def test_three_tied_trunks_are_tied_to_each_other():
    model = multitask(input_shape=(4,), tasks={"a": 1, "b": 1, "c": 1}, sharing="tied", strength=1.0, hidden=(6,))
    for name, shift in (("a", 1.0), ("c", -2.0)):
        kernel = model.get_layer(f"trunk_{name}").weights[0]
        kernel.assign(kernel + shift)
    assert float(sum(model.losses)) == pytest.approx((1 + 9 + 4) / 2 * 4 * 6)


@pytest.mark.thorough
def test_files_need_nothing_of_this_package(images, tmp_path, python):
    x = images.arrays("test")[0]
    np.save(tmp_path / "x.npy", x)
    tasks = {**TASKS, "size": {"outputs": 1, "task": "regression", "target_mean": 5.0, "target_variance": 2.0}}
    for sharing in ("shared", "tied"):
        model = multitask(images.spec, tasks=tasks, sharing=sharing, hidden=(5,), regularizer="l2+dropout")
        model.save(tmp_path / f"{sharing}.keras")
        np.savez(tmp_path / f"{sharing}.npz", **model(x))
    model.export(tmp_path / "saved_model", verbose=False)
    source = """
import sys
sys.modules["recipes"] = sys.modules["callbacks"] = None
import keras, numpy as np, tensorflow as tf
x = np.load("x.npy")
for sharing in ("shared", "tied"):
    model, expected = keras.models.load_model(sharing + ".keras"), np.load(sharing + ".npz")
    got = model(x)
    print(sorted(got), all(np.abs(got[name] - expected[name]).max() < 1e-5 for name in got))
served = tf.saved_model.load("saved_model")
got = served.serve(tf.constant(x))
print(sorted(got), all(np.abs(got[name] - expected[name]).max() < 1e-5 for name in got))
"""
    lines = python(source, cwd=tmp_path).splitlines()
    assert lines == ["['digit', 'odd', 'size'] True"] * 3


def test_a_loaded_model_can_be_tied_again(tmp_path):
    model = multitask(input_shape=(4,), tasks=TASKS, sharing="tied", hidden=(6,))
    model.get_layer("trunk_odd").weights[0].assign(model.get_layer("trunk_digit").weights[0] - 1.0)
    model.save(tmp_path / "model.keras")
    back = keras.models.load_model(tmp_path / "model.keras")
    assert not back.losses
    tie(*(back.get_layer(name) for name in TRUNKS), 0.5)
    assert float(sum(back.losses)) == pytest.approx(0.5 / 2 * 24)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": {}}, "tasks must be a mapping"),
        ({"tasks": ["digit"]}, "tasks must be a mapping"),
        ({"tasks": {"digit": 0}}, r"tasks\['digit'\] must be an integer >= 1"),
        ({"tasks": {"digit": "ten"}}, r"tasks\['digit'\] must be an integer >= 1"),
        ({"tasks": {"digit": {"classes": 10}}}, r"a key of tasks\['digit'\] must be one of 'outputs', 'task'"),
        ({"tasks": {"digit": {"task": "multiclass"}}}, r"tasks\['digit'\]\['outputs'\] must be an integer >= 1"),
        ({"tasks": {"digit": {"outputs": 10, "task": "classes"}}}, r"tasks\['digit'\]\['task'\] must be one of"),
        ({"tasks": {"digit": {"outputs": 10, "task": "binary"}}}, r"tasks\['digit'\]\['outputs'\] must be 1 for"),
        ({"tasks": {"digit": {"outputs": 1, "task": "multiclass"}}}, r"tasks\['digit'\]\['outputs'\] must be 1 for"),
        ({"tasks": {"digit": {"outputs": 10, "target_mean": 1.0, "target_variance": 1.0}}}, "for a regression only"),
        (
            {"tasks": {"price": {"outputs": 1, "task": "regression", "target_mean": 1.0}}},
            "given target_mean and target_variance",
        ),
        (
            {"tasks": {"price": {"outputs": 1, "task": "regression", "target_mean": 1.0, "target_variance": 0.0}}},
            r"tasks\['price'\]\['target_variance'\] must be a number > 0",
        ),
        ({"tasks": {"a task": 1}}, "tasks must be named by letters"),
        ({"tasks": {3: 1}}, "tasks must be named by letters"),
        ({"tasks": {"trunk": 1}}, "tasks must be named unlike"),
        ({"tasks": {"a": 1, "a_outputs": 1}}, "tasks must be named unlike"),
        ({"sharing": "some"}, "sharing must be one of 'shared', 'tied'"),
        ({"sharing": "tied", "strength": -1.0}, "strength must be a number >= 0"),
        ({"strength": 0.1}, "strength must be given only with sharing='tied'"),
        ({"model": "mpl"}, "did you mean 'mlp'"),
        ({"outputs": 3}, "outputs must be left out"),
        ({"hidden": (0,)}, "hidden must be an integer >= 1"),
        ({"input_shape": None}, "input_shape must be given where there is no Spec"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        multitask(**{"input_shape": (4,), "tasks": TASKS, **options})
