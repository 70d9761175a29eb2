"""What every regularizer of the catalogue promises, in every model: it trains, is off at inference and is saved."""

import itertools
import json

import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe, fit
from recipes.models import MODELS
from recipes.regularization import REGULARIZERS, Adversarial, Dropout
from recipes.trainer import Trainer

from .references import BY_NAME, CASES

pytestmark = pytest.mark.filterwarnings("ignore:regularizer='alpha_dropout' keeps mean and variance after")

SMALL = {  # every factory that takes images
    "mlp": {"name": "mlp", "hidden": (6,)},
    "cnn": {"name": "cnn", "filters": (3,), "hidden": (5,)},
    "resnet": {"name": "resnet", "filters": (3,), "blocks": (1,)},
    "resnet9": {"name": "resnet9", "widths": (3,), "convolutions": (2,), "stem": "whitening"},
    "densenet": {"name": "densenet", "growth": 2, "blocks": (1,)},
    "rnn": {"name": "rnn", "units": (4,)},
}
OTHERS = {"text", "tabular", "mixed", "application"}
USUAL = {
    "mlp": "momentum",
    "cnn": "adam",
    "resnet": "momentum",
    "resnet9": "momentum",
    "densenet": "adam",
    "rnn": "adam",
}
"""The optimizer with which each model is trained here; the other one in the thorough tests."""


def recipe(names, model="mlp", **options):
    regularizer = "none" if names == () else [BY_NAME[name].choice() for name in names]
    given = {"model": SMALL[model], "optimizer": USUAL[model], "learning_rate": 0.02, **options}
    return Recipe(regularizer=regularizer, **given)


@pytest.fixture(scope="module")
def trained(images):
    """``trained(name, model)``: a Trainer and its Run of one epoch from seed 3; each made once."""
    known = {}

    def train(name, model, optimizer=None):
        key = name, model, optimizer or USUAL[model]
        if key not in known:
            trainer = Trainer(images, recipe([name], model, optimizer=key[2]), seed=3)
            run = trainer.run(epochs=1, seed=3)
            known[key] = trainer, run, [np.array(each) for each in run.model.weights]
        return known[key]

    return train


def each_in_each_model():
    cases = []
    for case, model in itertools.product(CASES, SMALL):
        kept = (case.convolutions and model in ("cnn", "rnn")) or (model == "mlp" and not case.alike)
        marks = () if kept else pytest.mark.thorough
        cases.append(pytest.param(case.name, model, marks=marks, id=f"{case.name}-{model}"))
    return pytest.mark.parametrize(("name", "model"), cases)


def test_every_model_is_here():
    assert set(SMALL) == set(MODELS) - OTHERS


def test_every_regularizer_has_a_case():
    missing = {name: entry.factory.__module__ for name, entry in REGULARIZERS.items() if name not in BY_NAME}
    assert not missing, f"no case for {missing}: add one to tests/recipes/regularization/references.py"
    assert len(CASES) == len(REGULARIZERS)


@each_in_each_model()
@pytest.mark.ordinarily("dropout-cnn")
def test_it_trains_and_the_same_seed_gives_the_same_numbers(name, model, trained):
    trainer, run, weights = trained(name, model)
    assert np.isfinite([value for curve in run.history.values() for value in curve]).all()
    assert all(np.isfinite(each).all() for each in weights)
    history = run.history
    again = trainer.run(epochs=1, seed=3)
    assert again.history == history
    for variable, value in zip(again.model.weights, weights, strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.thorough
@pytest.mark.parametrize("model", SMALL)
@pytest.mark.parametrize("name", REGULARIZERS)
def test_it_trains_with_the_other_optimizer(name, model, trained):
    (other,) = {"momentum", "adam"} - {USUAL[model]}
    _, run, _ = trained(name, model, other)
    assert np.isfinite([value for curve in run.history.values() for value in curve]).all()


@each_in_each_model()
@pytest.mark.ordinarily("l2-mlp", "dropout-cnn")
def test_at_inference_it_is_a_model_without_it(name, model, trained, images):
    _, run, _ = trained(name, model)
    plain = recipe((), model).build_model(images.spec)
    plain.set_weights(run.model.get_weights())
    x = images.arrays("test")[0]
    expected = np.asarray(plain(x, training=False))
    np.testing.assert_array_equal(run.model(x, training=False), expected)
    np.testing.assert_array_equal(run.model(x), expected)


LOAD = """
import json, sys
import keras
import numpy as np
import tensorflow as tf

folder, names, served = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
x = np.load(f"{folder}/x.npy")
out = {name: keras.models.load_model(f"{folder}/{name}.keras", compile=False)(x).numpy() for name in names}
for name in served:
    model = tf.saved_model.load(f"{folder}/{name}")
    out[name], out[f"{name} again"] = (model.serve(tf.constant(x)).numpy() for _ in range(2))
np.savez(f"{folder}/out.npz", **out)
print([name for name in sys.modules if name.split(".")[0] in ("recipes", "callbacks")])
"""


@pytest.mark.thorough
def test_keras_alone_loads_each_model_and_tensorflow_alone_an_export_with_none_of_it(images, trained, tmp_path, python):
    x = images.arrays("test")[0]
    np.save(tmp_path / "x.npy", x)
    expected = {}
    for name in REGULARIZERS:
        model = trained(name, "mlp")[1].model
        model.save(tmp_path / f"{name}.keras")
        expected[name] = np.asarray(model(x))
    inside = [name for name in REGULARIZERS if REGULARIZERS.build(name).acts_in_model]
    model = recipe(inside, "cnn").build_model(images.spec)
    model.save(tmp_path / "together.keras")
    model.export(tmp_path / "exported", verbose=False)
    expected |= dict.fromkeys(["together", "exported", "exported again"], np.asarray(model(x)))
    files = sorted(path.stem for path in tmp_path.glob("*.keras"))
    printed = python(LOAD, tmp_path, json.dumps(files), json.dumps(["exported"]), cwd=tmp_path)
    assert printed.splitlines()[-1] == "[]"
    with np.load(tmp_path / "out.npz") as out:
        assert set(out) == set(expected)
        for name, predictions in expected.items():
            np.testing.assert_allclose(out[name], predictions, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", REGULARIZERS)
def test_json_gives_the_same_recipe_at_the_ends_of_each_range(name):
    for each in REGULARIZERS[name].hyperparameters or [None]:
        for value in (each.low, each.high, each.default) if each else [None]:
            options = {each.name: value} if each else {}
            given = Recipe(regularizer={"name": name, **options})
            back = Recipe.from_json(given.to_json())
            assert back == given
            assert hash(back) == hash(given)
            assert back == Recipe(regularizer=REGULARIZERS.build(name, **options))
            assert vars(back.regularizers()[0]) == vars(REGULARIZERS.build(name, **options))


AVERAGES, MIXTURES = ([case.name for case in CASES if getattr(case, kind)] for kind in ("averages", "mixes"))
"""Of each of which a recipe can have one."""
SECOND = {*AVERAGES[1:], *MIXTURES[1:]}

# --- several together -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("normalization", [pytest.param("none", marks=pytest.mark.thorough), "batch"])
def test_all_of_them_at_once(normalization, images):
    names = [name for name in REGULARIZERS if name not in SECOND]
    run = fit(images, recipe(names, "cnn", normalization=normalization), epochs=2, verbose=0)
    assert np.isfinite([value for curve in run.history.values() for value in curve]).all()
    kernels = [each.numpy() for each in run.model.trainable_variables if each.name == "kernel"]
    assert max(np.linalg.norm(each.reshape(-1, each.shape[-1]), axis=0).max() for each in kernels) < 0.5 + 1e-6
    x = images.arrays("test")[0]
    np.testing.assert_array_equal(run.model(x), run.model(x))


@pytest.mark.parametrize(
    "data", ["regression", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("binary", "classes"))]
)
@pytest.mark.thorough
def test_all_that_suit_a_table_at_once(data, request):
    data = request.getfixturevalue(data)
    unfit = {"table", data.spec.task}
    names = [case.name for case in CASES if unfit.isdisjoint(case.unfit) and case.name not in SECOND]
    run = fit(data, recipe(names), epochs=2, verbose=0)
    assert np.isfinite([value for curve in run.history.values() for value in curve]).all()
    assert run.history["loss"][-1] < run.history["loss"][0]


@pytest.mark.thorough
@pytest.mark.parametrize("pair", list(itertools.combinations(REGULARIZERS, 2)), ids="+".join)
def test_each_pair(pair, images):
    if set(pair) <= set(AVERAGES) or set(pair) <= set(MIXTURES):
        with pytest.raises(InvalidArgument, match=r"given once, here or by the optimizer|given alone of"):
            recipe(pair, "cnn")
        return
    run = fit(images, recipe(pair, "cnn"), epochs=1, verbose=0)
    assert np.isfinite([value for curve in run.history.values() for value in curve]).all()


@pytest.mark.thorough
@pytest.mark.parametrize("optimizer", ["line_search", "newton", "hessian_free"])
def test_with_optimizers_that_evaluate_the_loss_again(optimizer, classes):
    fit_for_tables = [case for case in CASES if "table" not in case.unfit]
    built = [case.build(**case.options) for case in fit_for_tables]
    names = [each.name for each in built if not each.needs_one_gradient and not each.optimizer_options()]
    run = fit(classes, recipe(names, optimizer=optimizer, learning_rate=None), epochs=2, verbose=0)
    assert np.isfinite([value for curve in run.history.values() for value in curve]).all()


def test_the_loss_of_several_is_the_sum_of_what_each_adds(images):
    x, y = images.arrays("validation")
    start = recipe(()).build_model(images.spec).get_weights()

    def loss(*names):
        chosen = recipe(names)
        model = chosen.compile(chosen.build_model(images.spec), run_eagerly=True)
        model.set_weights(start)
        return model.test_on_batch(x, y)[0]

    parts = [loss(name) - loss() for name in ("l1", "l2", "elastic_net", "label_smoothing")]
    assert min(map(abs, parts)) > 1e-3
    assert loss("l1", "l2", "elastic_net", "label_smoothing") - loss() == pytest.approx(sum(parts), rel=1e-4)


def test_layers_and_callbacks_of_several_are_those_of_each():
    def parts(*names):
        chosen = Recipe(regularizer=list(names), schedule="constant")
        kinds = [type(layer).__name__ for layer in chosen.build_model(input_shape=(4,), outputs=3, hidden=(5,)).layers]
        callbacks = [type(each).__name__ for each in chosen.callbacks(epochs=2)]
        return kinds, callbacks

    kinds, callbacks = parts("input_noise", Dropout(0.3, input_rate=0.1), "weight_noise", "adversarial", "max_norm")
    hidden = ["Dense", "Activation", "Dropout", "Dense", "Activation"]
    assert kinds == ["InputLayer", "GaussianNoise", "Dropout", *hidden]
    assert callbacks == ["StopOnNaN", "WeightNoise", "AdversarialTraining"]
    turned, _ = parts(Dropout(0.3, input_rate=0.1), "input_noise")
    assert turned == ["InputLayer", "Dropout", "GaussianNoise", *hidden]


def test_the_move_of_adversarial_training_is_a_share_of_the_range_of_the_images(images, classes):
    def scale(data):
        *_, callback = Recipe(regularizer=Adversarial(0.25, share=0.75)).callbacks(epochs=1, spec=data.spec)
        assert (callback.epsilon, callback.share) == (0.25, 0.75)
        return callback.scale

    assert scale(images) == images.arrays("train")[0].max() < 255
    assert scale(classes) == "auto"


# --- nothing at strength 0 --------------------------------------------------------------------------------------------

NOTHING = [case.build(**case.off) for case in CASES if case.off is not None]


def one_training(data, regularizer):
    chosen = Recipe(model=SMALL["mlp"], learning_rate=0.02, regularizer=regularizer)
    run = fit(data, chosen, epochs=2, verbose=0)
    return run.history, [each.numpy().tobytes() for each in run.model.weights]


@pytest.mark.parametrize(
    "regularizer",
    [pytest.param(NOTHING, id="all at once")]
    + [pytest.param([each], marks=pytest.mark.thorough, id=each.name) for each in [*NOTHING, Adversarial(share=0)]],
)
def test_a_strength_of_zero_is_no_regularizer_to_the_bit(regularizer, classes):
    assert one_training(classes, regularizer) == one_training(classes, "none")


@pytest.mark.thorough
def test_what_does_something_changes_the_training(trained, images):
    plain = Trainer(images, recipe(()), seed=3).run(epochs=1, seed=3)
    unchanged = [each.numpy() for each in plain.model.weights]
    for name in REGULARIZERS:
        _, _, weights = trained(name, "mlp")
        same = all(np.array_equal(a, b) for a, b in zip(weights, unchanged, strict=True))
        assert same == (name in ("early_stopping", "swa")), name  # the mean of one epoch
