import warnings

import keras
import numpy as np
import pytest

import recipes
from recipes import fit
from recipes.learning_rate import usual_peak
from recipes.recipe import Recipe
from recipes.restarts import with_restarts
from recipes.trainer import Trainer

from .trainings import same, weights

pytestmark = pytest.mark.whole_epochs


def test_divergence_stops_and_says_where(classes, tiny):
    penalty = {"name": "l2", "strength": 1.0}
    recipe = tiny(learning_rate=1e6, optimizer="sgd", regularizer=penalty, schedule="constant")
    with pytest.warns(
        RuntimeWarning, match=r"at epoch \d+, step \d+, learning rate 1e\+0?6, first in the gradient of \w+: try"
    ) as caught:
        run = fit(classes, recipe, epochs=50, verbose=0)
    (warning,) = (each for each in caught if each.category is RuntimeWarning)
    assert warning.filename == __file__
    assert run.diverged
    assert run.message in str(warning.message)
    assert len(run.history["loss"]) < 50
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Trainer(classes, recipe).run(epochs=1, seed=0, learning_rate=1e30, warn=False)


def test_after_a_divergence_the_weights_are_finite(classes, tiny):
    """Those of the last good epoch, or the first ones; and the optimizer can go on."""
    recipe = tiny(learning_rate=1e6, regularizer={"name": "l2", "strength": 1.0}, schedule="constant")
    with pytest.warns(RuntimeWarning, match="the weights are the initial ones"):
        run = fit(classes, recipe, epochs=3, verbose=0)
    assert run.diverged
    assert run.attempts == ()  # the user's rate stays
    assert run.best_epoch == 0
    start = Trainer(classes, recipe).model
    assert all(np.array_equal(v, w) for v, w in zip(weights(run), start.get_weights(), strict=True))
    assert all(np.isfinite(v.numpy()).all() for v in run.model.optimizer.variables)
    assert np.isfinite(run.evaluate()["loss"])


@pytest.mark.thorough
def test_after_a_late_divergence_the_weights_are_those_of_the_epoch_before(classes, tiny):
    class Explode(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                self.model.optimizer.learning_rate = 1e30

    recipe = tiny(schedule="constant", regularizer="none")
    with pytest.warns(RuntimeWarning, match="at epoch 3, .*; the weights are those of epoch 2"):
        run = fit(classes, recipe, epochs=5, verbose=0, callbacks=[Explode()])
    assert run.best_epoch == 2
    before = fit(classes, recipe, epochs=2, verbose=0)
    assert all(np.array_equal(v, w) for v, w in zip(weights(run), weights(before), strict=True))


def set_found_rate(monkeypatch, rate):
    """Makes every range test find this rate."""
    monkeypatch.setattr("recipes.trainer.found_rate", lambda *_: (rate, None))


@pytest.mark.parametrize("rate", [1e30, 60.0], ids=["NaN", "worse than at its start"])
@pytest.mark.ordinarily("NaN")
def test_a_found_rate_that_diverges_is_lowered(classes, tiny, rate, monkeypatch, tmp_path):
    set_found_rate(monkeypatch, rate)
    lowered = 1e30 if rate == 1e30 else 4.0
    monkeypatch.setattr("recipes.restarts.LOWERED_BY", lowered)
    options = {"epochs": 3, "seed": 5, "verbose": 0}
    with pytest.warns(
        RuntimeWarning, match=r"was lowered and the training started again: the (loss is|training loss ended)"
    ):
        run = fit(classes, tiny(learning_rate=None), **options, directory=tmp_path)
    assert 1 <= len(run.attempts) <= 3
    assert [attempt.learning_rate for attempt in run.attempts] == [rate / lowered**k for k in range(len(run.attempts))]
    assert run.recipe.learning_rate == pytest.approx(rate / lowered ** len(run.attempts))
    assert not run.diverged
    assert run.history["loss"][-1] < 2.0
    assert run.range_test is not None
    assert same(run, fit(classes, run.recipe, **options))
    with pytest.warns(RuntimeWarning):  # the same call goes on after the end
        again = fit(classes, tiny(learning_rate=None), **options, directory=tmp_path)
    assert same(run, again)
    assert again.attempts == run.attempts


@pytest.mark.thorough
def test_no_more_than_three_lowerings(classes, tiny, monkeypatch):
    set_found_rate(monkeypatch, 1e30)
    with pytest.warns(RuntimeWarning) as caught:
        run = fit(classes, tiny(learning_rate=None), epochs=1, verbose=0)
    assert len(run.attempts) == 3
    assert len([warning for warning in caught if warning.category is RuntimeWarning]) == 4
    assert {warning.filename for warning in caught if warning.category is RuntimeWarning} == {__file__}
    assert run.diverged
    assert np.isfinite(run.evaluate()["loss"])


@pytest.mark.thorough
def test_classes_far_apart_in_few_rows():
    """They are learned by heart within the range test, whose loss then rises at no rate."""
    random = np.random.default_rng(0)
    y = np.arange(300) % 3
    x = random.normal(size=(300, 13)) + 3 * random.normal(size=(3, 13))[y]
    run = fit(recipes.Data.from_arrays(x.astype("float32"), y), verbose=0)
    assert run.range_test.learned_by_heart
    assert run.recipe.learning_rate == usual_peak(Recipe())
    assert "11th pass" in run.remark
    assert run.evaluate()["accuracy"] > 0.97
    assert run.evaluate()["loss"] < 0.1


class Fake:
    """A training at this rate, which fails at 1 and more."""

    def __init__(self, rate, range_test=None):
        self.recipe, self.range_test = Recipe(learning_rate=rate), range_test
        self.message = "too high; the weights are the initial ones" if rate >= 1 else None
        self.history, self.best_epoch = {"loss": [0.5]}, 1


class FakeTest:
    losses = np.array([0.6, 0.5])


@pytest.mark.parametrize(
    ("first", "own", "given", "rates"),
    [
        (10.0, FakeTest(), None, [10.0, 2.5, 0.625]),
        (10.0, None, FakeTest(), [10.0, 2.5, 0.625]),
        (10.0, None, None, [10.0]),
        (0.5, FakeTest(), None, [0.5]),
        (1e6, FakeTest(), None, [1e6, 1e6 / 4, 1e6 / 16, 1e6 / 64]),
    ],
    ids=["its own range test", "that of another", "the user's rate", "well", "hopeless"],
)
def test_which_trainings_start_again(first, own, given, rates):
    asked = []

    def train(learning_rate, failures):
        asked.append(failures)
        return Fake(first if learning_rate is None else learning_rate, own if learning_rate is None else None)

    trainings, attempts = with_restarts(train, found_by=given)
    assert [training.recipe.learning_rate for training in trainings] == rates
    assert [(attempt.learning_rate, attempt.message) for attempt in attempts] == [(r, "too high") for r in rates[:-1]]
    assert asked == list(range(len(rates)))


@pytest.mark.thorough
def test_every_member_of_an_ensemble_may_start_again(classes, tiny, monkeypatch):
    set_found_rate(monkeypatch, 1e30)
    monkeypatch.setattr("recipes.restarts.LOWERED_BY", 1e31)
    trained = Trainer.running
    monkeypatch.setattr(
        Trainer, "running", lambda self, **options: trained(self, **options, callbacks=[Wreck(options)])
    )
    with pytest.warns(RuntimeWarning, match=r"member (0|1): learning rate .* was lowered") as caught:
        run = recipes.bagging(classes, tiny(learning_rate=None), members=2, epochs=1)
    assert [len(member.attempts) for member in run.members] == [1, 1]
    assert not run.diverged
    assert {warning.filename for warning in caught if warning.category is RuntimeWarning} == {__file__}


class Wreck(keras.callbacks.Callback):
    """Makes the second member diverge at the rate that the first one ended with."""

    def __init__(self, options):
        super().__init__()
        self.active = options["seed"] == 1 and options["learning_rate"] == pytest.approx(0.1)

    def on_train_begin(self, logs=None):
        if self.active:
            self.model.set_weights([np.full_like(weight, np.nan) for weight in self.model.get_weights()])


@pytest.mark.thorough
def test_a_pretraining_starts_again(classes, tiny, monkeypatch):
    monkeypatch.setattr("recipes.transfer_learning.pretraining.found_rate", lambda *_: (1e30, None))
    monkeypatch.setattr("recipes.restarts.LOWERED_BY", 1e31)
    with pytest.warns(RuntimeWarning, match=r"^learning rate 1e\+30 was lowered and the training started again"):
        pretrained = recipes.pretrain(classes, recipe=tiny(learning_rate=None), epochs=2, verbose=0)
    assert [attempt.learning_rate for attempt in pretrained.attempts] == [1e30]
    assert not pretrained.diverged
    again = recipes.pretrain(classes, recipe=pretrained.recipe, epochs=2, verbose=0)
    assert again.history == pretrained.history
    assert again.range_test is None


@pytest.mark.thorough
def test_a_pretraining_that_diverges_ends_with_finite_weights(classes, tiny):
    with pytest.warns(RuntimeWarning, match="training stopped: .*; the weights are the initial ones"):
        pretrained = recipes.pretrain(classes, recipe=tiny(learning_rate=1e30), epochs=2, verbose=0)
    assert (pretrained.attempts, pretrained.best_epoch) == ((), 0)
    assert all(np.isfinite(weight).all() for weight in pretrained.network.get_weights())
