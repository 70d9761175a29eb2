"""Reading the curves: synthetic ones for each finding, its borders, and noise. Real ones are in tests/recipes."""

import dataclasses
import math

import keras
import numpy as np
import pytest

from callbacks import Finding, InvalidArgument, curves, read_curves

CHANCE = math.log(10)
EPOCHS = np.arange(20)


def decay(start, end, time=3.0, epochs=EPOCHS):
    """From ``start`` towards ``end`` with this time constant, in epochs."""
    return end + (start - end) * np.exp(-epochs / time)


def read(loss, val_loss=None, *, baseline=CHANCE, rate=None):
    """The one finding; the same whether the curves come as lists or arrays."""
    history = {"loss": loss, "val_loss": val_loss, "learning_rate": rate}
    history = {name: curve for name, curve in history.items() if curve is not None}
    found = read_curves(history, baseline=baseline)
    assert read_curves({name: list(map(float, curve)) for name, curve in history.items()}, baseline=baseline) == found
    assert len(found) == 1
    return found[0]


def noisy(curve, share, seed):
    return curve * np.exp(share * np.random.default_rng(seed).normal(size=len(curve)))


# --- the step size --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("epochs", [1, 2, 8])
def test_not_finite(bad, epochs):
    loss = [0.5] * (epochs - 1) + [bad]
    found = read(loss)
    assert (found.name, found.epoch) == ("step size too large", epochs)
    assert found.sentence == f"the training loss is {bad} in epoch {epochs}"
    found = read([0.5] * epochs, loss)
    assert (found.name, found.epoch) == ("step size too large", epochs)
    assert found.sentence == f"the validation loss is {bad} in epoch {epochs}"


def test_not_falling():
    found = read([2.6, 2.4, 2.5, 2.35, 2.45, 2.4], [2.4] * 6)
    assert (found.name, found.epoch) == ("step size too large", 4)
    assert found.sentence == (
        "the training loss does not fall: its lowest value, 2.35 in epoch 4, is 102% of the loss at chance level"
    )
    assert read([7e7, 1.2e8, 1.2e8, 1.2e8, 1.2e8]).sentence.endswith("is 3.04e+07 times the loss at chance level")
    assert read(np.full(8, CHANCE), np.full(8, CHANCE)).name == "step size too large"
    assert read([2.0, 2.1, 1.95, 2.05, 2.0], baseline=None).name == "step size too large"


def test_just_below_chance_level_something_was_learned():
    loss = np.full(9, 0.96 * CHANCE)
    assert read(loss, loss).name == "step size too large"
    loss[1:] = 0.94 * CHANCE
    assert read(loss, loss).name == "underfitting"


def test_falling_slowly_from_above_chance_level_is_no_large_step():
    loss = 2.95 - 0.01 * EPOCHS
    found = read(loss, loss)
    assert found.name == "still improving"
    assert found.sentence == "the training loss falls slowly, from 2.95 to 2.76 in 20 epochs"


def test_a_jump_from_which_it_never_recovers():
    loss = [0.9, 0.21, 0.46, 0.66, 1.46, 1.92, 1.0, 0.62, 0.28, 0.3]
    found = read(loss, loss)
    assert (found.name, found.epoch) == ("step size too large", 6)
    assert found.sentence == "the training loss rose from 0.21 to 1.92 in epoch 6 and ended at 0.3 in epoch 10"
    loss[-2:] = [0.215, 0.2]  # and from which it does
    assert read(loss, [0.3] * 10).name == "converged"


@pytest.mark.parametrize("end", [[1.9] * 5, [11.0, 10.2, 9.5, 8.9, 8.3]], ids=["a little learned", "still falling"])
def test_thrown_far_off_by_the_first_steps(end):
    loss = [350, 40, 20, 15, 12, *end]
    assert read(loss, loss).name == "step size too large"
    assert read(loss[1:], loss[1:]).name == "step size too large"
    assert read([20, *loss[3:]], [20, *loss[3:]]).name != "step size too large"  # a large loss to begin with
    assert read([*loss[:5], 2.0, 1.0, *[0.1] * 5], [*loss[:5], 2.0, 1.0, *[0.1] * 5]).name == "converged"


def test_rising_to_the_end():
    falling = decay(2.0, 0.5, epochs=np.arange(8))
    found = read([*falling, 0.8, 1.0, 1.3])
    assert (found.name, found.epoch) == ("step size too large", 11)
    assert found.sentence == "the training loss rose from 0.645 to 1.3 in epoch 11"
    loss = np.concatenate([falling, np.full(6, falling[-1] + 0.14 * CHANCE)])
    assert read(loss).sentence == "the training loss rises: from 0.645 in epoch 8 to 0.968 in epoch 14"
    assert read(np.concatenate([falling, np.full(6, falling[-1] + 0.08 * CHANCE)])).name == "converged"


@pytest.mark.parametrize("height", [0.05, 0.2, 0.5, 1.5])
def test_one_cycle_may_rise_in_the_middle(height):
    bump = height * np.exp(-(((EPOCHS - 8) / 3.0) ** 2))
    loss, val_loss = decay(2.0, 0.001) + bump, decay(1.5, 0.04) + 1.5 * bump
    cosine = 0.05 * (1 + np.cos(np.pi * EPOCHS / 19)) + 1e-6
    assert read(loss, val_loss, rate=cosine).name == "converged"
    assert read(loss, val_loss).name == "converged"


# --- overfitting ----------------------------------------------------------------------------------------------------


def test_overfitting_since_its_epoch():
    val_loss = np.where(EPOCHS < 6, decay(2.0, 0.4), decay(2.0, 0.4)[6] + 0.03 * (EPOCHS - 6))
    found = read(decay(2.2, 0.0), val_loss)
    assert (found.name, found.epoch) == ("overfitting", 7)
    assert found.sentence == (
        "since epoch 7 the validation loss has risen from 0.617 to 1.01 while the training loss fell from 0.298 to "
        "0.00391"
    )
    assert "early_stopping" in found.choices


@pytest.mark.parametrize(("rise", "name"), [(0.008, "converged"), (0.013, "overfitting")])
def test_the_rise_has_to_matter(rise, name):
    """1 % of chance level."""
    val_loss = np.concatenate([decay(2.0, 0.1, 1.0)[:10], np.full(10, 0.1 + rise * CHANCE)])
    assert read(decay(2.2, 0.0), val_loss).name == name


@pytest.mark.parametrize(("rise", "name"), [(1.04, "converged"), (1.06, "overfitting")])
def test_the_rise_has_to_be_more_than_a_plateau(rise, name):
    """5 % of the lowest."""
    val_loss = np.concatenate([decay(2.0, 0.8, 1.0)[:10], np.full(10, 0.8 * rise)])
    assert read(decay(2.2, 0.0), val_loss).name == name


def test_without_a_falling_training_loss_it_is_none():
    val_loss = np.concatenate([decay(2.0, 0.4, 1.0)[:10], np.full(10, 0.5)])
    assert read(np.concatenate([decay(2.0, 0.3, 1.0)[:10], np.full(10, 0.31)]), val_loss).name == "converged"


def test_a_single_dip_is_no_minimum():
    val_loss = decay(2.0, 0.6, 2.0)
    val_loss[9] = 0.3
    assert read(decay(2.2, 0.0), val_loss).name == "converged"


# --- still improving and underfitting -------------------------------------------------------------------------------


def test_still_improving():
    found = read(2.2 - 0.08 * EPOCHS, 2.25 - 0.07 * EPOCHS)
    assert (found.name, found.epoch) == ("still improving", 20)
    assert found.sentence == (
        "the mean validation loss of epochs 15 to 20 was 1.09, after 1.51 in the 6 before; it ends at 0.92, 40% of the "
        "loss at chance level"
    )
    assert "training loss" in read(2.2 - 0.08 * EPOCHS).sentence


@pytest.mark.parametrize(("fall", "name"), [(0.025, "converged"), (0.035, "still improving")])
def test_the_fall_has_to_be_worth_it(fall, name):
    """3 % of chance level between the last third and the one before, by a straight line."""
    curve = 1.0 - fall * CHANCE / 6 * EPOCHS
    curve[0] = 2.0
    assert read(curve, curve).name == name


def test_coming_down_from_a_hill_is_no_improvement():
    loss = decay(2.2, 0.3)
    assert read(loss, [2.0, 1.6] + [1.2] * 6 + [1.5] * 6 + [1.25] * 6).name == "converged"
    assert read(loss, [2.0, 1.8] + [1.6] * 6 + [1.5] * 6 + [1.25] * 6).name == "still improving"


def test_where_nothing_is_left_there_is_nothing_to_gain():
    curve = np.array([2.0, 1.0, 0.5, 0.2, 0.1, 0.05])
    assert read(curve, curve).name == "converged"
    assert read(curve + 0.05, curve + 0.05).name == "still improving"


def test_epochs_at_annealed_rates_do_not_count():
    rate = np.concatenate([np.full(10, 0.1), np.full(10, 0.001)])
    curve = np.concatenate([2.0 - 0.1 * EPOCHS[:10], 1.0 - 0.001 * EPOCHS[:10]])  # falls until the rate does
    assert read(curve, curve).name == "converged"
    found = read(curve, curve, rate=rate)
    assert found.name == "still improving"
    assert "epochs 8 to 10, before the rate was annealed, was 1.2" in found.sentence
    drop = np.concatenate([np.full(10, 1.0), np.full(10, 0.6)])  # falls because the rate does
    drop[0] = 2.0
    assert read(drop, drop, rate=rate).name == "converged"


def test_underfitting():
    found = read(decay(2.2, 1.5), decay(2.2, 1.6))
    assert (found.name, found.epoch) == ("underfitting", 20)
    assert found.sentence == (
        "training and validation loss have stopped falling at 1.5 (65% of the loss at chance level) and 1.6 (70% of "
        "the loss at chance level), unless the inputs tell no more about the targets"
    )
    assert read(decay(2.2, 1.5)).sentence.startswith("the training loss has stopped falling at 1.5 (65% of")


@pytest.mark.parametrize(("share", "name"), [(0.48, "converged"), (0.52, "underfitting")])
def test_poor_is_half_of_chance_level(share, name):
    assert read(decay(2.2, share * CHANCE, 2.0), decay(2.2, (share + 0.1) * CHANCE, 2.0)).name == name
    assert read(decay(2.2, 0.1, 2.0), decay(2.2, 0.9 * CHANCE, 2.0)).name == "converged"  # a gap is not underfitting


# --- converged, noise, lengths --------------------------------------------------------------------------------------


def test_converged():
    found = read(decay(2.2, 0.01), decay(2.0, 0.05, 2.0))
    assert (found.name, found.epoch, found.remedy, found.choices) == ("converged", 20, "", ())
    assert found.sentence == (
        "the validation loss has settled at 0.0501, 2.2% of the loss at chance level, beside a training loss of 0.0139"
    )
    assert str(found) == f"converged: {found.sentence}."
    alone = "the training loss has settled at 0.0139, 0.6% of the loss at chance level"
    assert read(decay(2.2, 0.01)).sentence == alone


CURVES = {
    "converged": (decay(2.2, 0.02, 2.0), decay(2.0, 0.1, 1.5)),
    "overfitting": (decay(2.2, 0.001), np.where(EPOCHS < 5, decay(2.0, 0.4, 2.0), 0.45 + 0.06 * (EPOCHS - 5))),
    "underfitting": (decay(2.2, 1.5, 2.0), decay(2.2, 1.6, 2.0)),
    "still improving": (2.2 - 0.08 * EPOCHS, 2.25 - 0.07 * EPOCHS),
    "step size too large": (2.6 + 0.3 * np.sin(EPOCHS), 2.7 + 0.3 * np.cos(EPOCHS)),
}


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("share", [0.02, 0.05])
def test_noise_changes_no_finding(name, share):
    loss, val_loss = CURVES[name]
    found = [read(noisy(loss, share / 2, seed), noisy(val_loss, share, 100 + seed)).name for seed in range(200)]
    assert found.count(name) >= (200 if share < 0.05 else 190)


def test_large_noise_is_not_taken_for_a_finding():
    loss, val_loss = CURVES["converged"]
    found = [read(noisy(loss, 0.1, seed), noisy(val_loss, 0.25, 100 + seed)).name for seed in range(200)]
    assert found.count("converged") >= 190


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_too_short_to_read(epochs):
    assert read_curves({"loss": [2.0, 3.0, 5.0][:epochs], "val_loss": [1.0, 2.0, 3.0][:epochs]}) == ()


@pytest.mark.parametrize("epochs", [4, 5, 6, 50, 500])
def test_any_length(epochs):
    time = np.linspace(0.0, 6.0, epochs)
    assert read(decay(2.0, 0.01, 0.5, time), decay(2.0, 0.05, 0.5, time)).name == "converged"
    line = np.linspace(2.0, 1.0, epochs)
    assert read(line, line).name == "still improving"
    assert read(line - 1.0, 1.5 * line[::-1]).name in ("overfitting", "step size too large")


def test_without_a_baseline_the_first_epoch_is_the_reference():
    found = read(decay(8.0, 5.0, 2.0), decay(8.0, 5.2, 2.0), baseline=None)
    assert found.name == "underfitting"
    assert "(63% of the first epoch's)" in found.sentence
    assert read(decay(8.0, 1.0, 2.0), decay(8.0, 1.1, 2.0), baseline=None).name == "converged"


def test_a_loss_that_is_zero_or_negative():
    assert read(np.maximum(2.0 - EPOCHS, 0.0), decay(1.0, 0.01)).name == "converged"
    assert read(decay(2.0, -3.0, 1.0), decay(2.0, -3.0, 1.0)).name == "converged"
    assert read_curves({"loss": [0.0] * 5})


def test_a_history_of_keras():
    history = keras.callbacks.History()
    history.history = {"loss": [2.0, 0.6, 0.3, 0.21, 0.2], "accuracy": [0.1] * 5}
    assert read_curves(history) == read_curves(history.history)


@pytest.mark.parametrize(
    "history",
    [
        None,
        [1.0, 2.0],
        {},
        {"val_loss": [1.0]},
        {"loss": []},
        {"loss": ["low", "high"]},
        {"loss": 3.0},
        {"loss": [1.0, 2.0], "val_loss": [1.0]},
        {"loss": [1.0, 2.0], "learning_rate": [1.0]},
    ],
)
def test_bad_history(history):
    with pytest.raises(InvalidArgument, match=r"history must be a History, or a mapping with .* Received: history="):
        read_curves(history)


@pytest.mark.parametrize("baseline", [0.0, -1.0, math.nan, "chance", True])
def test_bad_baseline(baseline):
    with pytest.raises(InvalidArgument, match=r"baseline must be a number > 0"):
        read_curves({"loss": [1.0] * 5}, baseline=baseline)


def test_findings_are_values():
    found = read([math.nan])
    assert found == read([math.nan])
    assert str(found) == (
        "step size too large: the training loss is nan in epoch 1. Remedy: a lower learning rate, such as a range test "
        "suggests, or a warm-up to it (one_cycle)."
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.name = "converged"
    assert set(CURVES) == set(curves.FINDINGS)
    assert isinstance(found, Finding)


def test_a_validation_loss_no_better_than_chance_is_no_convergence():
    history = {"loss": [0.3, 0.2, 0.15, 0.12, 0.1, 0.1], "val_loss": [0.4, 0.39, 0.4, 0.41, 0.4, 0.4]}
    (finding,) = read_curves(history, baseline=0.325)  # nine of ten are of one class
    assert finding.name == "overfitting"
    assert finding.sentence == (
        "the validation loss ends at 0.4, 123% of the loss at chance level (lowest: 0.39 in epoch 2), while the "
        "training loss fell to 0.1"
    )
    (finding,) = read_curves({**history, "val_loss": [0.2, 0.15, 0.12, 0.105, 0.1, 0.101]}, baseline=0.325)
    assert finding.name == "converged"
    assert "settled at 0.101 (lowest: 0.1 in epoch 5)" in finding.sentence
