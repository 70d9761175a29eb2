"""Models that differ only in settable numbers train with one step, to the bit as each would alone; no others do."""

import functools

import keras
import numpy as np
import pytest

from recipes.regularization.penalties import SumOfPenalties
from recipes.regularization.tying import tie
from recipes.shared_steps import SharedSteps
from recipes.step_keys import form_of, structure_of

X = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
Y = np.random.default_rng(1).integers(0, 3, 64)


def build(
    *, rate=0.01, l2=1e-3, l1=1e-4, units=8, drop=0.2, loss="sparse_categorical_crossentropy", layer=None, **optimizer
):
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(units, kernel_regularizer=keras.regularizers.L2(l2), kernel_initializer="he_normal"),
            keras.layers.BatchNormalization(),
            layer() if layer else keras.layers.Activation("elu"),
            keras.layers.Dropout(drop),
            keras.layers.Dense(3, activation="softmax", bias_regularizer=keras.regularizers.L1(l1)),
        ]
    )
    model.compile(keras.optimizers.SGD(rate, **{"momentum": 0.9, **optimizer}), loss, metrics=["accuracy"])
    return model


def new(seed, **options):
    keras.backend.clear_session(free_memory=False)
    keras.utils.set_random_seed(seed)
    return build(**options)


def train(model, epochs=2, validation=(X, Y)):
    options = {"validation_data": validation, "shuffle": False, "verbose": 0}
    history = model.fit(X, Y, epochs=epochs, batch_size=16, **options).history
    return history, [np.array(each.numpy()) for each in model.variables]


def like(steps, model):
    key = form_of(model)
    return steps.like(model, key, unchanged=lambda trained: form_of(trained) == key)


SETTINGS = [
    {"rate": 0.05, "l2": 1e-3, "l1": 1e-4},
    {"rate": 0.5, "l2": 0.0, "l1": 0.3, "drop": 0.43},
]


def test_each_trains_as_it_would_alone():
    steps, first = SharedSteps(), None
    for number, setting in enumerate(SETTINGS):
        seed = number
        expected, weights = train(new(seed, **setting))
        with like(steps, new(seed, **setting)) as shared:
            history, found = train(shared.model)
        first = first or shared.model
        assert shared.model is first
        assert history == expected
        for one, other in zip(found, weights, strict=True):
            np.testing.assert_array_equal(one, other)
    assert len(steps) == 1


def test_nothing_is_traced_again():
    steps = SharedSteps()
    traced = []

    class Counting(keras.layers.Layer):
        def call(self, x):
            traced.append(1)
            return x

    keras.saving.register_keras_serializable("recipes")(Counting)
    Counting.__module__ = "keras_recipes.test"
    for setting in SETTINGS:
        with like(steps, new(0, layer=Counting, **setting)) as shared:
            built = len(traced)
            train(shared.model)
            counts = len(traced) - built
        if setting is SETTINGS[0]:
            assert counts >= 2
        else:
            assert counts == 0


def test_afterwards_the_strengths_are_numbers():
    steps = SharedSteps()
    for setting in SETTINGS:
        with like(steps, new(0, **setting)) as shared:
            train(shared.model)
        assert shared.model.layers[0].kernel_regularizer.get_config() == {"l2": pytest.approx(setting["l2"], rel=1e-6)}
        assert shared.model.layers[3].get_config()["rate"] == setting.get("drop", 0.2)


class Doubled(keras.layers.Layer):
    """Multiplies by a number that its configuration does not have."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return {}


def scaled_loss(factor):
    def loss(y, p):
        return factor * keras.losses.sparse_categorical_crossentropy(y, p)

    return loss


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"units": 8}, {"units": 9}),
        ({"drop": 0.2}, {"drop": 0.0}),
        ({"layer": "dropout of whole rows"}, {"layer": "dropout of fewer rows"}),
        ({"momentum": 0.9}, {"momentum": 0.8}),
        ({"clipnorm": 1.0}, {"clipnorm": 2.0}),
        ({"layer": "elu"}, {"layer": "relu"}),
        ({"rate": 0.1}, {"rate": "schedule"}),
        ({"loss": "sparse_categorical_crossentropy"}, {"loss": "crossentropy"}),
    ],
)
def test_what_differs_in_more_is_traced_for_itself(one, other):
    def made(options):
        options = dict(options)
        if "rows" in options.get("layer", ""):
            rate = 0.2 if "whole" in options["layer"] else 0.1
            options["layer"] = functools.partial(keras.layers.Dropout, rate, noise_shape=(None, 1))
        elif "layer" in options:
            options["layer"] = functools.partial(keras.layers.Activation, options["layer"])
        if options.get("rate") == "schedule":
            options["rate"] = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
        if options.get("loss") == "crossentropy":
            options["loss"] = keras.losses.SparseCategoricalCrossentropy(ignore_class=2)
        return new(0, **options)

    assert form_of(made(one)) == form_of(made(one)) is not None
    assert form_of(made(one)) != form_of(made(other))


def test_a_number_out_of_reach_is_not_shared():
    """A penalty within a penalty has its number in the configuration, but nobody can set it."""

    def made(strength):
        parts = [keras.regularizers.L2(strength), keras.regularizers.OrthogonalRegularizer()]
        return new(0, layer=lambda: keras.layers.Dense(8, kernel_regularizer=SumOfPenalties(parts)))

    assert form_of(made(0.1)) == form_of(made(0.1)) is not None
    assert form_of(made(0.1)) != form_of(made(0.2))


def test_a_class_of_the_program_that_runs_is_not_shared(monkeypatch):
    monkeypatch.setattr(Doubled, "__module__", "__main__")
    assert form_of(new(0, layer=lambda: Doubled(2.0))) is None


def test_penalties_that_were_put_on_afterwards_are_not_shared():
    model, other = new(0), new(0)
    assert form_of(model) is not None
    tie(model, other)
    assert form_of(model) is None


def test_the_counted_names_of_layers_are_no_part_of_the_structure():
    names, structures = set(), set()
    for _ in range(3):
        for units in (8, 9):
            inputs = keras.Input((6,))
            hidden = keras.layers.Dense(units, activation="elu")(inputs)
            model = keras.Model(inputs, keras.layers.Dense(1, name="answer")(keras.layers.Activation("elu")(hidden)))
            names.add(model.layers[2].name)
            structures.add(structure_of(model))
            assert structure_of(model, names=True) is not None
    assert len(names) == 6
    assert len(structures) == 2


@pytest.mark.thorough
def test_the_counted_names_of_operations_are_no_part_of_the_structure():
    def made(operation):
        inputs = keras.Input((4,))
        return keras.Model(inputs, keras.layers.Dense(2)(operation(inputs)))

    one, other = made(keras.ops.absolute), made(keras.ops.absolute)
    assert [operation.name for operation in one.operations] != [operation.name for operation in other.operations]
    assert structure_of(one) == structure_of(other) is not None
    assert structure_of(one) != structure_of(made(keras.ops.square))


def test_evaluated_in_between_it_still_has_its_own_numbers():
    """What is traced outside has constants in it, and must not be used again inside."""
    steps, batches = SharedSteps(), [16, 32]
    for number, setting in enumerate(SETTINGS):
        with like(steps, new(0, **setting)) as shared:
            train(shared.model, epochs=1, validation=None)
            inside = shared.model.evaluate(X, Y, batch_size=batches[number], verbose=0)
        outside = shared.model.evaluate(X, Y, batch_size=batches[1 - number], verbose=0)
        assert outside == pytest.approx(inside, rel=1e-6)
        alone = new(0, **setting)
        train(alone, epochs=1, validation=None)
        assert alone.evaluate(X, Y, batch_size=batches[number], verbose=0) == inside


@pytest.mark.thorough
def test_without_numbers_they_are_constants_and_the_model_can_start_anew():
    steps = SharedSteps(1, numbers=False)
    model = new(0)
    expected = train(new(0))
    for _ in range(2):
        with steps.like(model, "key") as shared:
            assert shared.model is model
            assert "call" not in vars(model.layers[3])
            keras.utils.set_random_seed(0)
            history, weights = train(model)
        assert history == expected[0]
        for one, other in zip(weights, expected[1], strict=True):
            np.testing.assert_array_equal(one, other)
        assert model.train_function is not None


@pytest.mark.parametrize(
    "unclear",
    [
        {"layer": lambda: Doubled(2.0)},
        {"layer": lambda: keras.layers.Lambda(lambda x: 2 * x)},
        {"loss": scaled_loss(2.0)},
        {"layer": lambda: keras.layers.Activation(lambda x: x * x)},
        {"layer": keras.layers.Normalization},
    ],
    ids=["own layer", "lambda", "own loss", "own activation", "adapted"],
)
def test_what_the_configuration_does_not_tell_is_never_shared(unclear):
    steps = SharedSteps()
    models = [new(0, **unclear) for _ in range(2)]
    for model in models:
        assert form_of(model) is None
        with like(steps, model) as shared:
            assert shared.model is model
    assert len(steps) == 0


def test_what_was_set_after_compiling_is_part_of_the_form():
    one, other = new(0), new(0)
    other.steps_per_execution = 4
    assert form_of(one) != form_of(other) is not None
    one.optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert form_of(one) is None


def test_penalties_shared_between_layers_are_part_of_the_form():
    def made(shared):
        keras.backend.clear_session(free_memory=False)
        one = keras.regularizers.L2(0.1)
        other = one if shared else keras.regularizers.L2(0.1)
        inputs = keras.Input((6,))
        outputs = keras.layers.Dense(3, kernel_regularizer=other)(keras.layers.Dense(4, kernel_regularizer=one)(inputs))
        model = keras.Model(inputs, outputs)
        model.compile("sgd", "mse")
        return model

    assert form_of(made(True)) != form_of(made(False)) is not None
    assert form_of(made(True)) == form_of(made(True))


def test_a_model_that_was_changed_in_training_is_not_used_again():
    steps = SharedSteps()
    with like(steps, new(0)) as first:
        first.model.layers[0].trainable = False
    with like(steps, new(0)) as second:
        assert second.model is not first.model


@pytest.mark.thorough
def test_only_so_many_forms_are_kept():
    steps = SharedSteps(count=2)
    made = []
    for units in (4, 5, 4, 6, 4, 5):
        with like(steps, new(0, units=units)) as shared:
            made.append(shared.model)
    assert len(steps) == 2
    assert made[0] is made[2] is made[4]
    assert made[5] is not made[1]


def test_after_an_error_the_form_is_made_anew():
    steps = SharedSteps()
    with pytest.raises(RuntimeError, match="in the middle"), like(steps, new(0)) as first:
        raise RuntimeError("in the middle")
    with like(steps, new(0)) as second:
        assert second.model is not first.model
