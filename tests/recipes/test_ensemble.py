import json

import keras
import numpy as np
import pytest

import recipes
from recipes import InvalidArgument
from recipes.ensemble import bootstrap_sample, join


@pytest.fixture(scope="module")
def ensembles(classes):
    """By way of joining: three members, trained alike."""
    recipe = recipes.Recipe(model={"name": "mlp", "hidden": (8,)}, learning_rate=0.05, regularizer="dropout")
    return {
        combine: recipes.bagging(classes, recipe, members=3, combine=combine, epochs=3)
        for combine in ("average", "vote")
    }


def answers(run, x):
    return np.stack([np.asarray(each.model(x), "float64") for each in run.members])


def test_the_average_is_the_mean_of_the_members(ensembles, classes):
    run, x = ensembles["average"], classes.arrays("test")[0]
    np.testing.assert_allclose(np.asarray(run.model(x)), answers(run, x).mean(axis=0), rtol=1e-5)


def test_the_vote_is_the_share_of_members(ensembles, classes):
    run, x = ensembles["vote"], classes.arrays("test")[0]
    decided = answers(run, x).argmax(axis=2)
    expected = np.stack([(decided == label).mean(axis=0) for label in range(3)], axis=1)
    np.testing.assert_allclose(np.asarray(run.model(x)), expected, atol=1e-6)
    assert len(np.unique(expected.round(3))) > 2  # they do not always agree


def test_members_differ_and_are_trained_alike_however_they_are_joined(ensembles):
    average, vote = ensembles["average"], ensembles["vote"]
    kernels = [each.model.get_layer("outputs").get_weights()[0] for each in average.members]
    assert not np.array_equal(kernels[0], kernels[1])
    for one, other in zip(average.members, vote.members, strict=True):
        assert one.history == other.history
    names = [each.data.settings["train"] for each in average.members]
    assert names == [f"bootstrap sample {number} of seed 0" for number in range(3)]


def test_it_is_a_run_like_any_other(ensembles, classes, tmp_path):
    run = ensembles["average"]
    scores = run.evaluate()
    predicted = np.asarray(run.model.predict(classes.test, verbose=0)).argmax(axis=1)
    assert scores["accuracy"] == pytest.approx(np.mean(predicted == classes.arrays("test")[1]))
    assert run.history["loss"][1] == pytest.approx(np.mean([each.history["loss"][1] for each in run.members]))
    assert len(run.history["val_accuracy"]) == 3
    assert run.data is classes
    run.read_curves()
    run.plot()
    run.save(tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["test"]["loss"] == pytest.approx(scores["loss"])


@pytest.mark.parametrize("combine", ["vote", pytest.param("average", marks=pytest.mark.thorough)])
@pytest.mark.thorough
def test_it_exports_as_one_model_that_needs_nothing_of_this_package(ensembles, combine, classes, tmp_path, python):
    run = ensembles[combine]
    recipes.export(run, tmp_path / "out")
    x = classes.arrays("test")[0]
    np.save(tmp_path / "x.npy", x)
    source = """
import json, sys
import keras, numpy as np, tensorflow as tf
folder = sys.argv[1]
x = np.load(folder + "/x.npy")
model = keras.models.load_model(folder + "/out/model.keras")
served = tf.saved_model.load(folder + "/out/1")
assert not any(name.split(".")[0] in ("recipes", "callbacks") for name in sys.modules)
print(json.dumps([np.asarray(model(x)).tolist(), served.serve(tf.constant(x)).numpy().tolist()]))
"""
    printed = python(source, str(tmp_path), cwd=tmp_path)
    for found in json.loads(printed.strip().splitlines()[-1]):
        np.testing.assert_allclose(found, np.asarray(run.model(x)), atol=1e-6)


def test_dropout_is_off(ensembles, classes):
    model, x = ensembles["average"].model, classes.arrays("test")[0]
    np.testing.assert_array_equal(np.asarray(model(x)), np.asarray(model(x)))
    assert not np.array_equal(np.asarray(model(x, training=True)), np.asarray(model(x)))


def test_members_of_seeds_are_trainings_like_any_other(classes, tiny):
    recipe = tiny(regularizer="dropout")
    run = recipes.bagging(classes, recipe, members=2, bootstrap=False, epochs=2, seed=3)
    for seed, member in enumerate(run.members, start=3):
        alone = recipes.fit(classes, recipe, epochs=2, seed=seed, verbose=0)
        assert member.history == alone.history
        assert member.data is classes
        for one, other in zip(member.model.get_weights(), alone.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    x = classes.arrays("test")[0]
    np.testing.assert_allclose(np.asarray(run.model(x)), answers(run, x).mean(axis=0), rtol=1e-5)


@pytest.mark.thorough
def test_a_regression_averages_numbers(regression, tiny):
    run = recipes.bagging(regression, tiny(learning_rate=0.02), members=2, epochs=3)
    x, y = regression.arrays("test")
    found = np.asarray(run.model(x))[:, 0]
    np.testing.assert_allclose(found, answers(run, x).mean(axis=0)[:, 0], rtol=1e-5)
    rmse = np.sqrt(np.mean((found - y) ** 2))
    assert run.evaluate()["root_mean_squared_error"] == pytest.approx(rmse, rel=1e-4)
    assert run.evaluate()["loss"] == pytest.approx(rmse**2 / regression.spec.target_variance, rel=1e-4)
    run.read_curves()


@pytest.mark.thorough
def test_two_classes_vote_for_the_second(binary, tiny):
    run = recipes.bagging(binary, tiny(), members=3, combine="vote", epochs=1)
    x = binary.arrays("test")[0]
    np.testing.assert_allclose(np.asarray(run.model(x)), (answers(run, x) > 0.5).mean(axis=0), atol=1e-6)
    assert run.evaluate()["accuracy"] > 0.5
    assert recipes.adversarial_accuracy(ensemble_of_averages(run), binary, 0.0) > 0.5


def ensemble_of_averages(run):
    return join([each.model for each in run.members])


def test_a_bootstrap_sample_holds_about_63_percent_of_the_examples(digits):
    x, y = digits.arrays("train")
    shares, counts = [], []
    for number in range(5):
        sample = bootstrap_sample(digits, 0, number)
        new_x, new_y = sample.arrays("train")
        assert new_x.shape == x.shape
        images = {image.tobytes() for image in x}
        drawn = [image.tobytes() for image in new_x]
        assert set(drawn) <= images
        shares.append(len(set(drawn)) / len(images))
        counts.append(new_y.sum())
        assert sample.spec == digits.spec
        np.testing.assert_array_equal(sample.arrays("test")[0], digits.arrays("test")[0])
    assert np.mean(shares) == pytest.approx(1 - np.exp(-1), abs=0.01)
    assert len(set(counts)) > 1
    labels = {image.tobytes(): label for image, label in zip(x, y, strict=True)}
    assert all(labels[image.tobytes()] == label for image, label in zip(new_x, new_y, strict=True))


@pytest.mark.thorough
def test_the_same_seed_gives_the_same_model_and_a_killed_one_goes_on(classes, tiny, tmp_path, ensembles):
    recipe = tiny(regularizer="dropout")
    again = recipes.bagging(classes, recipe, members=3, epochs=3, directory=tmp_path)
    for other in (ensembles["average"], recipes.bagging(classes, recipe, members=3, epochs=3, directory=tmp_path)):
        for one, two in zip(again.model.get_weights(), other.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["member_0", "member_1", "member_2"]


@pytest.mark.thorough
def test_the_rate_is_found_once(classes, tiny):
    run = recipes.bagging(classes, tiny(learning_rate=None), members=2, epochs=1)
    assert run.range_test is not None
    assert run.members[1].range_test is None
    assert run.members[1].recipe.learning_rate == run.members[0].recipe.learning_rate == run.recipe.learning_rate


def test_a_member_that_diverges_is_named(classes, tiny):
    with pytest.warns(RuntimeWarning, match="training stopped: member 0: the loss is"):
        run = recipes.bagging(
            classes, tiny(learning_rate=1e30, optimizer="sgd", schedule="constant"), members=2, epochs=1
        )
    assert run.diverged


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"members": 1}, "members must be an integer >= 2"),
        ({"combine": "median"}, "combine must be one of"),
        ({"epochs": 0}, "epochs must be an integer >= 1"),
        ({"seed": -1}, "seed must be an integer >= 0"),
        ({"bootstrap": "no"}, "bootstrap must be True or False"),
        ({"recipe": "adam"}, "recipe must be a"),
    ],
)
def test_what_is_refused(classes, options, message):
    with pytest.raises(InvalidArgument, match=message):
        recipes.bagging(classes, **options)


def test_a_regression_has_no_vote(regression):
    with pytest.raises(InvalidArgument, match="combine must be 'average' for a regression"):
        recipes.bagging(regression, combine="vote")


def test_an_average_of_ones_own_models_is_compiled_by_what_they_answer():
    models = [
        keras.Sequential([keras.Input((5,)), keras.layers.Dense(1, activation="sigmoid")], name=f"own_{k}")
        for k in range(2)
    ]
    joined = recipes.Recipe(learning_rate=0.1).compile(join(models))
    assert joined.loss == "binary_crossentropy"


def test_members_count_as_often_as_they_are_told():
    models = [keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]) for _ in range(2)]
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    first, second = (np.asarray(model(x), "float64") for model in models)
    np.testing.assert_allclose(np.asarray(join(models, counts=[1, 3])(x)), (first + 3 * second) / 4, rtol=1e-5)


def bounded(spec, name="bounded"):
    """A model whose output its graph does not tell."""
    inputs = keras.Input(spec.input_shape)
    outputs = keras.layers.Lambda(lambda x: keras.ops.clip(x, 0, 1000))(keras.layers.Dense(1)(inputs))
    return keras.Model(inputs, outputs, name=name)


def test_the_task_decides_what_members_and_their_average_are_judged_by(regression):
    run = recipes.bagging(regression, recipes.Recipe(model=bounded, learning_rate=0.01), members=2, epochs=1)
    for each in (run, *run.members):
        assert set(each.evaluate()) == {"loss", "root_mean_squared_error", "mean_absolute_error"}
