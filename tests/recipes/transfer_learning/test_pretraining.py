import dataclasses

import keras
import numpy as np
import pytest

import recipes
from recipes import InvalidArgument, Recipe
from recipes.choice import name_of
from recipes.transfer_learning import pretext, pretrain, transfer

from .parts import people

SMALL = {"name": "mlp", "hidden": (24, 16)}


@pytest.fixture(scope="module")
def table():
    """Six columns that depend on two hidden numbers: what does not belong together can be seen."""
    random = np.random.default_rng(0)
    hidden = random.normal(size=(640, 2))
    x = 5.0 + 10.0 * (hidden @ random.normal(size=(2, 6))) + random.normal(0, 0.5, (640, 6))
    y = (hidden[:, 0] > 0).astype("int64")
    return recipes.Data.from_arrays(x.astype("float32"), y, batch_size=32, name="table")


@pytest.fixture(scope="module")
def autoencoder(table):
    return pretrain(table, "autoencoder", Recipe(model=SMALL, learning_rate=0.05), epochs=3, verbose=0)


@pytest.fixture(scope="module")
def judge(table):
    recipe = Recipe(model=SMALL, learning_rate=0.05)
    return pretrain(table, "corrupted", recipe, epochs=15, share=0.5, verbose=0)


def arrays(dataset):
    batches = [[np.asarray(each) for each in batch] for batch in dataset]
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def rows(x):
    return {each.tobytes() for each in x}


# --- the autoencoder --------------------------------------------------------------------------------------------------


def test_the_target_is_the_normalized_input(table, images):
    for data in (table, images):
        for split in ("train", "validation"):
            x, target = arrays(pretext(data, "autoencoder", split))
            deviation = np.sqrt(np.array(data.spec.input_variance))
            expected = (x.astype("float64") - np.array(data.spec.input_mean)) / deviation
            np.testing.assert_allclose(target, expected.reshape(len(x), -1), rtol=1e-4, atol=1e-5)
            assert rows(x) <= rows(data.arrays(split)[0])
        assert len(x) == len(data.arrays("validation")[0])


@pytest.mark.thorough
def test_the_trunk_is_that_of_the_recipes_own_model(autoencoder, judge, table):
    model = Recipe(model=SMALL, regularizer="early_stopping").build_model(table.spec)
    expected = [type(layer) for layer in model.layers[:-2]]
    for found in (autoencoder, judge):
        assert [type(layer) for layer in found.model.layers] == expected
        assert [v.shape for v in found.model.variables] == [v.shape for v in model.variables[:-2]]
        assert found.model.output_shape == (None, 16)
    sizes = [layer.units for layer in autoencoder.network.layers if isinstance(layer, keras.layers.Dense)]
    assert sizes == [24, 16, 24, 6]
    # The trunk is what was trained, not a copy of how it began.
    x = table.arrays("test")[0]
    features = keras.Model(autoencoder.network.input, autoencoder.model.layers[-1].output)
    np.testing.assert_array_equal(np.asarray(features(x)), np.asarray(autoencoder.model(x)))


def test_the_score_is_the_share_of_the_variance_on_the_validation_split(autoencoder, table):
    x = table.arrays("validation")[0]
    normalized = (x - np.array(table.spec.input_mean)) / np.sqrt(np.array(table.spec.input_variance))
    error = np.mean((np.asarray(autoencoder.network(x)) - normalized) ** 2)
    scores = autoencoder.evaluate()
    assert scores["explained"] == pytest.approx(1 - error, rel=1e-4)
    assert scores["loss"] == pytest.approx(autoencoder.history["val_loss"][autoencoder.best_epoch - 1], rel=1e-4)
    assert scores["explained"] > 0.9
    assert autoencoder.evaluate("test") != scores


@pytest.mark.thorough
def test_a_linear_one_finds_the_principal_components(table):
    """Of 6 columns through 1 unit no linear network keeps more than the first principal component, and it does."""
    x = table.arrays("train")[0]
    normalized = (x - np.array(table.spec.input_mean)) / np.sqrt(np.array(table.spec.input_variance))
    values = np.linalg.svd(normalized - normalized.mean(axis=0), compute_uv=False) ** 2
    best = values[0] / values.sum()

    def linear(spec):
        inputs = keras.Input(spec.input_shape, name="inputs")
        whitened = keras.layers.Normalization(mean=list(spec.input_mean), variance=list(spec.input_variance))(inputs)
        answer = keras.layers.Dense(1, name="outputs")(keras.layers.Dense(1)(whitened))
        return keras.Model(inputs, keras.layers.Activation("sigmoid")(answer))

    recipe = Recipe(model=linear, learning_rate=0.1, regularizer="none")
    found = pretrain(table, "autoencoder", recipe, epochs=20, verbose=0)
    error = np.mean((np.asarray(found.network(x)) - normalized) ** 2)
    assert 1 - error == pytest.approx(best, abs=0.01)
    assert 1 - error < best + 1e-4


@pytest.mark.thorough
def test_input_noise_makes_it_a_denoising_one_and_augmentation_changes_both_sides(images, table):
    noisy = Recipe(model=SMALL, learning_rate=0.05, regularizer={"name": "input_noise", "stddev": 1.0})
    found = pretrain(table, "autoencoder", noisy, epochs=1, verbose=0)
    x = table.arrays("test")[0]
    answers = [np.asarray(found.network(x, training=training)) for training in (True, False, False)]
    assert not np.allclose(answers[0], answers[1], atol=0.1)
    np.testing.assert_array_equal(answers[1], answers[2])
    augment = Recipe(regularizer="augmentation").augment(images)
    x, target = arrays(pretext(images, "autoencoder", augment=augment))
    assert not rows(x) <= rows(images.arrays("train")[0])
    deviation = np.sqrt(np.array(images.spec.input_variance))
    expected = (x - np.array(images.spec.input_mean)) / deviation
    np.testing.assert_allclose(target, expected.reshape(len(x), -1), rtol=1e-4, atol=1e-5)


# --- good and bad records ---------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_half_of_the_records_are_bad_others_in_each_epoch(table):
    x = table.arrays("train")[0]
    dataset = pretext(table, "corrupted", seed=5)
    seen = []
    for _ in range(2):
        found, good = arrays(dataset)
        assert [batch[1].numpy().mean() for batch in dataset.take(2)] == [0.5, 0.5]
        known = np.array([each.tobytes() in rows(x) for each in found])
        np.testing.assert_array_equal(known, good == 1)
        for column in range(6):
            assert set(found[:, column]) <= set(x[:, column])
        seen.append(rows(found[good == 1]))
    assert 0.2 < len(seen[0] & seen[1]) / len(seen[0]) < 0.8


@pytest.mark.thorough
def test_what_is_replaced_differs_from_batch_to_batch_and_seed_to_seed(table):
    x = table.arrays("train")[0]
    owner = [{value: row for row, value in enumerate(column)} for column in x.T]

    def replaced(seed):
        """Row by row of the first two batches, the columns whose values come from elsewhere."""
        found = []
        for batch, _ in pretext(table, "corrupted", seed=seed, share=0.34).take(2):
            owners = np.array([[owner[k][value] for k, value in enumerate(row)] for row in batch.numpy()])
            own = [np.bincount(row).argmax() for row in owners]
            found.append((owners != np.array(own)[:, None]).tobytes())
        return found

    assert len({*replaced(1), *replaced(2)}) == 4
    assert replaced(1) == replaced(1)


@pytest.mark.thorough
def test_the_evaluated_splits_are_half_bad_and_always_the_same(table, classes):
    for data, split in ((table, "validation"), (classes, "test")):
        one, two, other = (arrays(pretext(data, "corrupted", split, seed=seed)) for seed in (1, 1, 2))
        dataset = pretext(data, "corrupted", split, seed=1)
        for again in (two, arrays(dataset), arrays(dataset)):
            np.testing.assert_array_equal(one[0], again[0])
            np.testing.assert_array_equal(one[1], again[1])
        assert rows(one[0]) != rows(other[0])
        assert abs(one[1].mean() - 0.5) <= 1 / len(one[1])
        known = [each.tobytes() in rows(data.arrays(split)[0]) for each in one[0]]
        np.testing.assert_array_equal(known, one[1] == 1)


@pytest.mark.thorough
def test_good_can_be_told_from_bad(judge):
    scores = judge.evaluate()
    assert scores["accuracy"] > 0.85  # 0.5 is chance
    assert judge.evaluate("test")["accuracy"] > 0.85
    assert judge.network.output_shape == (None, 1)
    x, good = arrays(pretext(judge.data, "corrupted", "validation", share=0.5))
    answers = np.asarray(judge.network(x))[:, 0] > 0.5
    assert scores["accuracy"] == pytest.approx(np.mean(answers == good))


# --- both -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["corrupted", pytest.param("autoencoder", marks=pytest.mark.thorough)])
@pytest.mark.thorough
def test_the_same_seed_gives_the_same_weights_whatever_the_labels(how, table):
    x, y = table.arrays("train")
    others = table.with_train(x, np.random.default_rng(0).permutation(y), how="shuffled labels")
    recipe = Recipe(model=SMALL, learning_rate=0.05)
    settings = [(table, 3), (others, 3), (table, 4)]
    one, two, other = (pretrain(data, how, recipe, epochs=1, seed=seed, verbose=0) for data, seed in settings)
    for first, second, third in zip(*(each.network.get_weights() for each in (one, two, other)), strict=True):
        np.testing.assert_array_equal(first, second)
        assert not np.array_equal(first, third)
    assert one.history == two.history


@pytest.mark.thorough
def test_it_is_trained_as_the_recipe_says(table):
    recipe = Recipe(model=SMALL, optimizer="adam", regularizer="weight_decay+early_stopping")
    found = pretrain(table, "autoencoder", recipe, epochs=2, verbose=0)
    assert found.recipe == dataclasses.replace(recipe, learning_rate=found.recipe.learning_rate)
    assert 1e-4 < found.recipe.learning_rate < 1.0  # found by a range test
    rates = found.history["learning_rate"]
    assert rates[-1] < 0.01 * found.recipe.learning_rate
    assert found.network.optimizer.weight_decay == recipe.build_optimizer().weight_decay
    assert len(found.history["val_loss"]) == 2
    assert not found.diverged


@pytest.mark.thorough
def test_convolutions_and_adversarial_examples(images):
    recipe = Recipe(
        model={"name": "cnn", "filters": (4,), "hidden": (8,)},
        normalization="batch",
        learning_rate=0.02,
        regularizer=("adversarial", "l2", "dropout"),
    )
    for how in ("autoencoder", "corrupted"):
        found = pretrain(images, how, recipe, epochs=2, verbose=0)
        assert found.model.output_shape == (None, 8)
        assert found.network.optimizer.iterations == 2 * images.steps_per_epoch


def test_what_was_learned_is_taken_over(autoencoder, table):
    x, y = table.arrays("train")
    few = table.with_train(x[:40], y[:40], how="the first 40")
    model = transfer(autoencoder, few)
    features = keras.Model(model.input, model.get_layer("outputs").input)
    np.testing.assert_array_equal(np.asarray(features(x)), np.asarray(autoencoder.model(x)))
    run = recipes.fit(few, Recipe(learning_rate=0.05), epochs=10, model=model, verbose=0)
    assert run.evaluate()["accuracy"] > 0.8


@pytest.mark.thorough
def test_one_that_diverged_says_so(table):
    recipe = Recipe(model=SMALL, optimizer="sgd", learning_rate=1e30, schedule="constant")
    with pytest.warns(RuntimeWarning, match="training stopped: the loss is"):
        found = pretrain(table, "autoencoder", recipe, epochs=1, verbose=0)
    assert found.diverged
    with pytest.raises(InvalidArgument, match="model must be one whose training did not diverge"):
        transfer(found, table)


def test_what_is_refused(table):
    words = recipes.Data.from_arrays(np.zeros((1, 4)), [0.5], x_validation=np.zeros((1, 4)), y_validation=[1.0],
                                     x_test=np.zeros((1, 4)), y_test=[1.0], duplicates="ignore")  # fmt: skip

    def without_outputs(spec):
        return keras.Sequential([keras.Input(spec.input_shape), keras.layers.Dense(1, activation="sigmoid")])

    for message, data, options in [
        ("data must be what recipes.load", "digits", {}),
        ("how must be one of 'autoencoder', 'corrupted'", table, {"how": "masked"}),
        ("recipe must be a recipes.Recipe", table, {"recipe": "adam"}),
        ("epochs must be an integer >= 1", table, {"epochs": 0}),
        ("seed must be an integer >= 0", table, {"seed": -1}),
        ("share must be a number > 0 and <= 1", table, {"how": "corrupted", "share": 0}),
        ("data must be one with at least 2 examples in 'train'", words, {"how": "corrupted"}),
        ("regularizer must be one for numbers", table, {"recipe": Recipe(regularizer="label_smoothing")}),
        ("regularizer must be one for tabular data", table, {"recipe": Recipe(regularizer="augmentation")}),
        (
            'model must be one whose last dense layer is called "outputs"',
            table,
            {"recipe": Recipe(model=without_outputs)},
        ),
    ]:
        with pytest.raises(InvalidArgument, match=message):
            pretrain(data, **options)
    with pytest.raises(InvalidArgument, match="split must be one of"):
        pretext(table, "corrupted", "all")


# --- other inputs than images and tables -----------------------------------------------------------------------------


def sentences(count=320):
    """Two kinds of sentences, each with words of its own."""
    random = np.random.default_rng(4)
    words = np.array([["red", "blue", "green", "pink"], ["cat", "dog", "cow", "hen"]])
    kind = np.arange(count) % 2
    x = np.array([" ".join(random.choice(words[each], random.integers(4, 7))) for each in kind], object)
    return recipes.Data.from_arrays(x, kind, batch_size=16, name="sentences")


def test_a_model_without_weights_before_its_outputs_is_refused():
    with pytest.raises(InvalidArgument, match="recipe must be a model with weights before its last layer"):
        pretrain(sentences(40), "corrupted", epochs=1)


def paths(count=320, steps=(6, 9)):
    """Sequences of points that go up in even steps, of one length or of several."""
    random = np.random.default_rng(5)
    lengths = random.integers(*steps, count)
    starts = random.uniform(-10, 10, count)
    x = [
        start + np.arange(length, dtype="float32")[:, None] * [1.0, 2.0]
        for start, length in zip(starts, lengths, strict=True)
    ]
    return recipes.Data.from_arrays(x, np.arange(count) % 2, batch_size=16, name="paths")


@pytest.mark.parametrize(
    ("made", "model"),
    [
        (people, "tabular"),
        (sentences, "text"),
        (paths, "rnn"),
        (lambda: paths(steps=(7, 8)), "rnn"),
    ],
    ids=["records", "texts", "sequences of several lengths", "sequences"],
)
@pytest.mark.thorough
def test_the_spoiled_ones_of_every_kind_are_found_and_the_trunk_is_taken_over(made, model):
    data = made()
    recipe = Recipe(learning_rate=0.02, optimizer="adam")
    if model == "text":  # a bag has no weights to pretrain
        recipe = dataclasses.replace(recipe, model={"name": "text", "encoder": "average"})
    found = pretrain(data, "corrupted", recipe, epochs=80 if model == "text" else 25, share=0.34, verbose=0)
    assert name_of(found.recipe.resolved(data.spec).model) == model
    assert found.evaluate("test")["accuracy"] > 0.8  # 0.5 is chance
    new = transfer(found, data)
    x = (
        {key: value[:8] for key, value in data.arrays("test")[0].items()}
        if data.spec.record
        else data.arrays("test")[0][:8]
    )
    x = keras.tree.map_structure(
        lambda each: keras.ops.convert_to_tensor(list(each) if each.dtype == object else each), x
    )
    features = keras.Model(new.input, new.get_layer("outputs").input)
    np.testing.assert_allclose(np.asarray(features(x)), np.asarray(found.model(x)), atol=1e-6)


@pytest.mark.thorough
def test_images_of_several_sizes_are_given_back_in_the_size_of_the_data(images):
    spec = dataclasses.replace(images.spec, resized=True)
    x, y = images.arrays("train")
    data = recipes.Data.from_arrays(x, y, batch_size=16, name="resized")
    data.spec = spec
    found = pretrain(data, "autoencoder", Recipe(model=SMALL, learning_rate=0.02), epochs=1, verbose=0)
    assert found.network.output_shape == (None, int(np.prod(spec.input_shape)))
    assert found.model.input_shape == (None, None, None, 1)
