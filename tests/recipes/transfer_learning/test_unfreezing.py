import dataclasses

import keras
import numpy as np
import pytest

import recipes
from recipes import InvalidArgument, Recipe, fine_tune, transfer, unfreeze

from .parts import layers_of, lower, names_of_changed, weights


def test_unfreezing_trains_the_upper_layers_but_no_batch_normalization(run, few, head):
    model = transfer(run, few)
    first, second, _ = layers_of(model, keras.layers.Dense)
    gentle = unfreeze(model, head, layers=1)
    assert gentle.optimizer.factors == {second.name: pytest.approx(0.1)}
    assert dataclasses.replace(gentle, optimizer="sgd") == dataclasses.replace(head, optimizer="sgd")
    before = weights(model)
    recipes.fit(few, gentle, epochs=1, model=model, verbose=0)
    assert names_of_changed(before, model) == {second.name, "outputs"}
    further = unfreeze(model, gentle)
    assert further.optimizer.factors == {first.name: pytest.approx(0.1), second.name: pytest.approx(0.1)}
    assert isinstance(further.optimizer.inner_optimizer, recipes.Momentum)
    recipes.fit(few, further, epochs=1, model=model, verbose=0)
    assert names_of_changed(before, model) == {first.name, second.name, "outputs"}
    part, x = lower(model), few.arrays("train")[0][:8]
    np.testing.assert_array_equal(np.asarray(part(x, training=True)), np.asarray(part(x)))


def gradients(model, x, y):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.binary_crossentropy(y[:, None].astype("float32"), model(x, training=True)))
    return [np.asarray(each) for each in tape.gradient(loss, [v.value for v in model.trainable_variables])]


def test_one_step_moves_each_layer_by_its_factor_times_the_rate_times_the_gradient(few, classes):
    source = recipes.mlp(classes.spec, hidden=(12, 8, 6))
    model = transfer(source, few)
    recipe = Recipe(regularizer="none", learning_rate=0.5, optimizer="sgd", schedule="constant")
    gentle = unfreeze(model, recipe, factor=(0.01, 0.25))
    names = [layer.name for layer in layers_of(model, keras.layers.Dense)]
    factors = dict(zip(names, [0.01, 0.05, 0.25, 1.0], strict=True))
    gentle.compile(model)
    x, y = (each[:16] for each in few.arrays("train"))
    slopes, before = gradients(model, x, y), [np.array(each) for each in model.trainable_variables]
    model.train_on_batch(x, y)
    for variable, old, slope in zip(model.trainable_variables, before, slopes, strict=True):
        step = factors[variable.path.split("/")[0]] * 0.5 * slope
        np.testing.assert_allclose(np.asarray(variable) - old, -step, rtol=1e-3, atol=1e-7)
        assert np.abs(step).max() > 1e-5


@pytest.mark.thorough
def test_the_optimizer_is_saved_with_the_model_and_the_recipe_is_written(run, few, head, tmp_path):
    model = transfer(run, few)
    gentle = unfreeze(model, dataclasses.replace(head, regularizer="weight_decay"))
    assert Recipe.from_json(gentle.to_json()) == gentle
    built = gentle.build_optimizer()
    assert built.inner_optimizer.weight_decay == pytest.approx(gentle.regularizers()[0].strength)
    other = dataclasses.replace(gentle, learning_rate=0.7).build_optimizer()
    assert float(other.inner_optimizer.learning_rate) == float(other.learning_rate) == pytest.approx(0.7)
    trained = recipes.fit(few, gentle, epochs=1, model=model, verbose=0)
    kept = {id(variable) for variable in model.optimizer.variables}
    assert {id(variable) for variable in model.optimizer.inner_optimizer.variables} <= kept
    trained.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.factors == gentle.optimizer.factors
    assert int(loaded.optimizer.iterations) == few.steps_per_epoch
    x, y = (each[:16] for each in few.arrays("train"))
    for each in (model, loaded):
        each.train_on_batch(x, y)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.thorough
def test_a_training_with_several_rates_that_was_killed_goes_on(run, few, head, tmp_path):
    class Killed(BaseException):
        pass

    class Kill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise Killed

    def prepared():
        keras.utils.set_random_seed(0)
        model = transfer(run, few)
        return {"recipe": unfreeze(model, head), "model": model, "epochs": 3, "verbose": 0}

    expected = recipes.fit(few, **prepared())
    with pytest.raises(Killed):
        recipes.fit(few, **prepared(), directory=tmp_path, callbacks=[Kill()])
    again = recipes.fit(few, **prepared(), directory=tmp_path)
    assert again.history == expected.history
    for one, other in zip(again.model.get_weights(), expected.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.thorough
def test_both_stages_in_one_call(run, few, head):
    def model():
        keras.utils.set_random_seed(0)
        return transfer(run, few)

    by_hand = model()
    first = recipes.fit(few, head, epochs=1, model=by_hand, seed=4, verbose=0)
    gentle = unfreeze(by_hand, first.recipe, layers=1, factor=0.3)
    recipes.fit(few, gentle, epochs=2, model=by_hand, seed=4, verbose=0)
    found = fine_tune(model(), few, head, epochs=(1, 2), layers=1, factor=0.3, seed=4, verbose=0)
    for one, other in zip(by_hand.get_weights(), found.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert found.epochs == 2


@pytest.mark.thorough
def test_a_head_that_diverges_ends_it(run, few, head):
    recipe = dataclasses.replace(head, learning_rate=1e30, optimizer="sgd", schedule="constant")
    with pytest.warns(RuntimeWarning, match="training stopped"):
        assert fine_tune(transfer(run, few), few, recipe, verbose=0).diverged


def test_what_unfreezing_refuses(run, few, head):
    model = transfer(run, few)
    before = len(model.trainable_variables)
    plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    for message, arguments, options in [
        ("model must be what recipes.transfer returns", (plain, head), {}),
        ("model must be a keras.Model", ("MobileNetV2", head), {}),
        ("model must be one with weights under its head", (recipes.mlp(few.spec, hidden=()), head), {}),
        ("recipe must be a recipes.Recipe", (model, "adam"), {}),
        ("recipe must be one with a learning rate", (model, Recipe()), {}),
        ("recipe must be a recipes.Recipe", (model, None), {}),
        ("inner_optimizer must be one that is given its learning rate", (model, Recipe(optimizer="line_search")), {}),
        ("layers must be an integer >= 1", (model, head), {"layers": 0}),
        ("factor must be a number > 0 and <= 1", (model, head), {"factor": 0}),
        ("factor must be a number > 0 and <= 1", (model, head), {"factor": (0.1, 2)}),
    ]:
        with pytest.raises(InvalidArgument, match=message):
            unfreeze(*arguments, **options)
    assert len(model.trainable_variables) == before
    with pytest.raises(InvalidArgument, match="epochs must be two integers"):
        fine_tune(model, few, head, epochs=5)
