import dataclasses

import keras
import numpy as np
import pytest

import recipes
from recipes import InvalidArgument, Recipe, refitting
from recipes.trainer import Trainer


@pytest.fixture(scope="module")
def run(classes):
    """A training whose best epoch is the fourth of six, with 6 batches an epoch."""
    recipe = Recipe(model={"name": "mlp", "hidden": (8,)}, learning_rate=0.05, regularizer="early_stopping")
    found = recipes.fit(classes, recipe, epochs=6, verbose=0)
    return dataclasses.replace(found, best_epoch=4)


@pytest.fixture(scope="module")
def refitted(run):
    """That training again on both splits, and what the run was before."""
    before = weights(run.model), dict(run.history)
    return recipes.refit(run, verbose=0), before


def weights(model):
    return [value.tobytes() for value in model.get_weights()]


def test_it_trains_on_both_splits_and_leaves_the_run_alone(run, refitted, classes):
    result, (before, history) = refitted
    assert (weights(run.model), run.history) == (before, history)
    assert weights(result.model) != before
    for part, kind in enumerate("xy"):
        both = [classes.arrays(split)[part] for split in ("train", "validation")]
        np.testing.assert_array_equal(result.data.arrays("train")[part], np.concatenate(both), err_msg=kind)
    assert result.data.spec == classes.spec
    assert result.data.settings["counts"]["train"] == 120
    assert result.recipe.regularizer_name == "none"
    assert result.evaluate()["accuracy"] > 0.8


@pytest.mark.parametrize(("how", "updates"), [("epochs", 4 * (120 // 16)), ("updates", 4 * (96 // 16))])
def test_as_many_passes_or_as_many_updates(run, refitted, how, updates):
    result = refitted[0] if how == "epochs" else recipes.refit(run, how, verbose=0)  # "epochs" is the default
    assert int(result.model.optimizer.iterations) == updates
    assert len(result.history["loss"]) == 4
    assert not any(name.startswith("val_") for name in result.history)


def test_a_cycle_comes_to_its_end(run, refitted):
    result, _ = refitted
    rates = result.history["learning_rate"]
    assert len(rates) == 4
    assert rates[-1] == pytest.approx(run.history["learning_rate"][-1], rel=0.01)
    assert rates[-1] < 0.01 * max(rates)
    assert result.recipe.learning_rate == run.recipe.learning_rate


@pytest.mark.thorough
def test_another_schedule_is_cut_where_the_run_was(classes, tiny):
    run = recipes.fit(classes, tiny(schedule="exponential"), epochs=6, verbose=0)
    run = dataclasses.replace(run, best_epoch=4)
    result = recipes.refit(run, "updates", verbose=0)
    assert result.history["learning_rate"] == run.history["learning_rate"][:4]
    result = recipes.refit(run, "epochs", verbose=0)
    assert result.history["learning_rate"] == pytest.approx(run.history["learning_rate"][:4], rel=0.1)


@pytest.mark.thorough
def test_the_same_seed_gives_the_same_weights(run):
    first, second, other = (recipes.refit(run, verbose=0, seed=seed) for seed in (3, 3, 4))
    assert weights(first.model) == weights(second.model) != weights(other.model)


def test_continue_begins_at_the_weights_of_the_run(run):
    with pytest.warns(UserWarning, match="refit ended after epochs=1, its limit"):
        result = recipes.refit(run, "continue", epochs=1, learning_rate=1e-9, verbose=0)
    for new, old in zip(result.model.get_weights(), run.model.get_weights(), strict=True):
        np.testing.assert_allclose(new, old, atol=1e-6)
    assert result.recipe.schedule == "constant"
    assert len(result.history["loss"]) == 1


def test_continue_goes_on_until_the_validation_loss_is_that_of_training(run):
    target = run.evaluate("train")["loss"]
    assert run.evaluate("validation")["loss"] > target
    result = recipes.refit(run, "continue", epochs=300, learning_rate=0.002, verbose=0)
    losses = result.history["val_loss"]
    assert 1 < len(losses) < 300
    assert losses[-1] <= target < min(losses[:-1])
    assert result.evaluate("validation")["loss"] == pytest.approx(losses[-1], rel=1e-5)


@pytest.mark.thorough
def test_continue_has_a_cap_and_a_tenth_of_the_rate(run):
    result = recipes.refit(run, "continue", epochs=2, verbose=0)
    assert len(result.history["loss"]) == 2
    assert result.recipe.learning_rate == pytest.approx(0.005)
    assert len(recipes.refit(run, "continue", learning_rate=1e-9, verbose=0).history["loss"]) == run.epochs


def flat_after(losses, decrease):
    """The epochs until the loss has not been lower by this share than the lowest before for three in a row."""
    lowest, waited = losses[0], 0
    for number, loss in enumerate(losses[1:], start=2):
        waited = 0 if loss < lowest * (1 - decrease) else waited + 1
        lowest = min(lowest, loss)
        if waited == 3:
            return number
    return len(losses)


def test_plateau_goes_on_until_the_training_loss_hardly_decreases(run):
    rate = {"learning_rate": 0.002, "verbose": 0}
    found = {share: recipes.refit(run, "plateau", epochs=60, decrease=share, **rate) for share in (0.001, 0.2)}
    for share, result in found.items():
        losses = result.history["loss"]
        assert len(losses) == flat_after(losses, share) < 60
    fewer = len(found[0.2].history["loss"])
    assert found[0.2].history["loss"] == found[0.001].history["loss"][:fewer]
    assert 4 <= fewer < len(found[0.001].history["loss"])


@pytest.mark.thorough
def test_a_killed_plateau_stops_where_it_would_have(run, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    options = {"epochs": 40, "decrease": 0.2, "learning_rate": 0.002, "verbose": 0}
    expected = recipes.refit(run, "plateau", **options)
    count = len(expected.history["loss"])
    stop = refitting.StopFlat.on_epoch_end

    def killed(self, epoch, logs=None):
        stop(self, epoch, logs)
        if epoch == count - 2:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(refitting.StopFlat, "on_epoch_end", killed)
        with pytest.raises(Killed):
            recipes.refit(run, "plateau", directory=tmp_path, **options)
    again = recipes.refit(run, "plateau", directory=tmp_path, **options)
    assert again.history["loss"] == expected.history["loss"]


def test_a_model_of_ones_own(classes):
    layers = [keras.layers.Dense(5, activation="relu"), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((4,)), keras.layers.Rescaling(0.01), *layers])
    run = recipes.fit(classes, Recipe(learning_rate=0.05), epochs=2, model=model, verbose=0)
    result = recipes.refit(run, verbose=0)
    assert [layer.name for layer in result.model.layers] == [layer.name for layer in model.layers]
    assert result.model is not model


def test_a_model_that_cannot_be_copied_is_refused(run):
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(InvalidArgument, match="run must be a run whose model Keras can copy"):
        recipes.refit(dataclasses.replace(run, model=Own()))


@pytest.mark.thorough
def test_updates_that_were_killed_go_on(classes, tiny, tmp_path):
    class Killed(BaseException):
        pass

    class Kill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise Killed

    def trainer():
        return Trainer(classes, tiny(regularizer="dropout"), steps_per_epoch=4)

    expected = trainer().run(epochs=4, seed=0)
    with pytest.raises(Killed):
        trainer().run(epochs=4, seed=0, directory=tmp_path, callbacks=[Kill()])
    again = trainer().run(epochs=4, seed=0, directory=tmp_path)
    assert weights(again.model) == weights(expected.model)
    assert again.history == expected.history
    assert int(again.model.optimizer.iterations) == 16


@pytest.mark.parametrize(
    ("how", "options", "message"),
    [
        ("both", {}, "how must be one of"),
        ("epochs", {"epochs": 3}, "epochs must be None for how='epochs'"),
        ("updates", {"learning_rate": 0.1}, "learning_rate must be None for how='updates'"),
        ("continue", {"epochs": 0}, "epochs must be an integer >= 1"),
        ("continue", {"learning_rate": 0.0}, "learning_rate must be a number > 0"),
        ("continue", {"decrease": 0.1}, "decrease must be None for how='continue': it is that of 'plateau'"),
        ("plateau", {"decrease": 0}, "decrease must be a number > 0 and < 1"),
        ("epochs", {"seed": -1}, "seed must be an integer >= 0"),
    ],
)
def test_what_is_refused(run, how, options, message):
    with pytest.raises(InvalidArgument, match=message):
        recipes.refit(run, how, **options)


def test_a_run_that_diverged_and_a_schedule_without_validation_are_refused(run):
    with pytest.raises(InvalidArgument, match=r"run must be a recipes\.Run that did not"):
        recipes.refit(dataclasses.replace(run, message="the loss is nan"))
    with pytest.raises(InvalidArgument, match="run must be"):
        recipes.refit(run.model)
    performance = dataclasses.replace(run, recipe=dataclasses.replace(run.recipe, schedule="performance"))
    with pytest.raises(InvalidArgument, match="how must be 'continue' for a schedule that follows the validation loss"):
        recipes.refit(performance, "updates")
