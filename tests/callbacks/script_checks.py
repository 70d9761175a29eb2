"""What every callback and optimizer does in a script of any kind, against a plain loop: one check for each of them.

:func:`outcome` of a name and a kind is "right", or the words in which a callback or an optimizer refuses. Everything
else is an AssertionError. The table of all outcomes is ``docs/scripts.md``.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from callbacks.fit_data import FitData
from callbacks.inside.layers import all_layers, mask_of
from callbacks.inside.weights import is_kernel
from callbacks.range_test.lr_finder import run_range_test
from recipes.optimizers import OPTIMIZERS, Momentum
from recipes.schedules import SCHEDULES
from tests.recipes.optimizers import references

from .script_kinds import EPOCHS, KINDS, SIZE, STEPS, Kind, Path, Rule, assign, descent, flat, plain

RATE, OTHER_RATE = 0.1, 0.05
"""Of the first optimizer, and of the second one where there are two."""


def near(actual: Any, expected: Any, kind: Kind, scale: float | None = None) -> None:
    """Fails unless the numbers are equal up to rounding."""
    scale = float(np.abs(expected).max()) if scale is None else scale
    np.testing.assert_allclose(actual, expected, rtol=0, atol=kind.tolerance * scale)


def trained_as(kind: Kind, model: keras.Model, path: Path, *, rounding: float = 1.0) -> None:
    """Fails unless the weights are those of the loop, up to a fraction of the way that they went."""
    first = flat(kind.make().trainable_weights)
    way = float(np.abs(path.weights - first).max())
    assert way > 0.01
    near(flat(model.trainable_weights), path.weights, kind, scale=rounding * way)


def named(kind: Kind) -> dict[str, str]:
    """The argument that says which optimizer is meant, where there are several."""
    return {"optimizer": kind.steps()[0].optimizer} if kind.several else {}


def refuses_several(kind: Kind, model: keras.Model, callback: keras.callbacks.Callback) -> None:
    """Where there are several optimizers, fails unless the callback asks for the name of one."""
    if kind.several:
        with pytest.raises(callbacks.InvalidArgument, match="optimizer must be one of"):
            kind.fit(model, callback)


# --- schedules ------------------------------------------------------------------------------------------------------


def check_schedule(kind: Kind, model: keras.Model, name: str) -> None:
    options: dict[str, Any] = {
        "constant": {"warm_up": 0.25},
        "performance": {"monitor": kind.monitor, "mode": "min", "patience": 1, "min_delta": 1e9},
    }.get(name, {})
    epochs = 3
    schedule = SCHEDULES.build(name, peak=0.2, **options)
    refuses_several(kind, model, schedule)
    schedule = SCHEDULES.build(name, peak=0.2, **options, **named(kind))
    history = kind.fit(model, schedule, epochs=epochs).history
    rates, momenta = schedule.values(epochs * STEPS, STEPS)
    if name == "performance":
        rates = np.repeat([0.2, 0.2, 0.02], STEPS)
    rule = descent(rates)
    if momenta is not None:
        rule = following(references.momentum, rate=rates, momentum=momenta, nesterov=False)
    trained_as(kind, model, plain(kind, rule, descent(OTHER_RATE), steps=epochs * STEPS))
    column = "learning_rate" + (f"/{schedule.optimizer}" if kind.several else "")
    np.testing.assert_allclose(history[column], rates[STEPS - 1 :: STEPS], rtol=1e-6)


def following(reference: Callable[..., np.ndarray], **parameters: Any) -> Rule:
    """A reference of tests/recipes/optimizers as a rule of the loop; parameters that are arrays have a value a step."""

    def rule(first: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        now = {name: value[: len(gradients)] if np.ndim(value) else value for name, value in parameters.items()}
        return reference(first, gradients, **now)

    return rule


# --- other callbacks ------------------------------------------------------------------------------------------------


def check_lr_finder(kind: Kind, model: keras.Model) -> None:
    refuses_several(kind, model, callbacks.LRFinder(steps=10))
    finder = callbacks.LRFinder(0.01, 0.5, steps=10, monitor=kind.monitor, divergence=1e6, **named(kind))
    before = everything(model)
    kind.fit(model, finder, epochs=4)
    path = plain(kind, descent(np.geomspace(0.01, 0.5, 10)), descent(OTHER_RATE), steps=10)
    near(finder.losses, path.losses[0], kind)
    assert everything(model) == before


def check_find_learning_rate(kind: Kind, model: keras.Model) -> None:
    finder = callbacks.LRFinder(0.01, 0.5, steps=10, monitor=kind.monitor, divergence=1e6, **named(kind))
    before = everything(model)
    together = kind.data is None  # arrays are shuffled: all of them in one batch
    run_range_test(model, FitData(kind.given(), batch_size=SIZE * STEPS if together else SIZE), finder)
    whole = dataclass_with_one_batch(kind) if together else kind
    path = plain(whole, descent(np.geomspace(0.01, 0.5, 10)), descent(OTHER_RATE), steps=10)
    if kind.replicas == 1 or not together:  # which examples a replica gets is open when they are shuffled
        near(finder.losses, path.losses[0], kind)
    assert everything(model) == before


def dataclass_with_one_batch(kind: Kind) -> Kind:
    """The same kind with all examples in each batch."""
    whole = functools.partial(Whole, **{name: getattr(kind, name) for name in kind.__dataclass_fields__})
    return whole()


class Whole(Kind):
    """A kind whose batches are all examples."""

    def batch(self, step: int, y: Any = None) -> Any:
        rows = functools.partial(keras.tree.map_structure, tf.constant)
        return rows(self.x), rows(self.y), None if self.weight is None else rows(self.weight)

    def parts(self, batch: Any) -> Any:
        return [batch]


def check_gradient_report(kind: Kind, model: keras.Model) -> None:
    before = everything(model)
    options = {} if kind.data is not None else {"batch_size": SIZE}
    report = callbacks.gradient_report(model, kind.given(), **options)
    alone = replace(kind, replicas=1)  # it measures on one device
    near(report.norm, plain(alone, descent(RATE), descent(OTHER_RATE), steps=1).norms[0], kind)
    assert everything(model) == before


def check_gradient_monitor(kind: Kind, model: keras.Model) -> None:
    monitor = callbacks.GradientMonitor(every=1)
    kind.fit(model, monitor)
    path = plain(kind, descent(RATE), descent(OTHER_RATE))
    trained_as(kind, model, path)
    assert monitor.steps.tolist() == list(range(EPOCHS * STEPS))
    near(monitor.norms, path.norms, kind)
    near(np.sqrt((monitor.layer_norms**2).sum(1)), path.norms, kind)


def check_stop_on_nan(kind: Kind, model: keras.Model) -> None:
    def spoiled(y: np.ndarray) -> np.ndarray:
        y = y.copy()
        y[SIZE + 1] = np.nan
        return y

    stop = callbacks.StopOnNaN()
    history = kind.fit(model, stop, y=keras.tree.map_structure(spoiled, kind.y))
    assert history.epoch == [0]
    assert stop.message is not None
    assert "is nan at epoch 1, step 2, learning rate " in stop.message
    sound = kind.model(lambda: keras.optimizers.SGD(RATE), lambda: keras.optimizers.SGD(OTHER_RATE))
    stop = callbacks.StopOnNaN()
    kind.fit(sound, stop)
    assert stop.message is None
    trained_as(kind, sound, plain(kind, descent(RATE), descent(OTHER_RATE)))


def check_adversarial_training(kind: Kind, model: keras.Model) -> None:
    epsilon, share = 0.05, 0.3

    def mixed(kind: Kind, model: keras.Model, x: Any, y: Any, weight: Any) -> Any:
        averages = [variable.numpy() for variable in model.non_trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = kind.answer_loss(model, y, model(x, training=True), weight)
        moved = x + epsilon * tf.sign(tape.gradient(loss, x))
        for variable, value in zip(model.non_trainable_variables, averages, strict=True):
            variable.assign(value)
        answers = model(tf.concat([x, moved], 0), training=True)
        mask = mask_of(answers)
        halves = zip(tf.split(answers, 2), [weight] * 2 if mask is None else tf.split(mask, 2), strict=True)
        clean, adversarial = (kind.answer_loss(model, y, answer, shares) for answer, shares in halves)
        return (1 - share) * clean + share * adversarial

    kind.fit(model, callbacks.AdversarialTraining(epsilon, share))
    trained_as(kind, model, plain(kind, descent(RATE), loss_of=mixed))


def check_micro_batches(kind: Kind, model: keras.Model) -> None:
    kind.fit(model, callbacks.MicroBatches(2))
    trained_as(kind, model, plain(replace(kind, replicas=2), descent(RATE)))  # each part is normalized by itself


def check_weight_noise(kind: Kind, model: keras.Model) -> None:
    draw = tf.function(tf.random.stateless_normal, jit_compile=kind.options.get("jit_compile", False))

    @contextlib.contextmanager
    def noisy(model: keras.Model, step: int) -> Iterator[None]:
        kernels = [weight for weight in model.trainable_weights if is_kernel(weight)]
        before = [kernel.numpy() for kernel in kernels]
        for index, (kernel, value) in enumerate(zip(kernels, before, strict=True)):
            seed = tf.random.experimental.stateless_fold_in([3, step], index)
            scale = 0.2 * np.sqrt(np.mean(value**2))
            kernel.assign(value + scale * draw(value.shape, seed).numpy())
        yield
        for kernel, value in zip(kernels, before, strict=True):
            kernel.assign(value)

    kind.fit(model, callbacks.WeightNoise(0.2, seed=3))
    trained_as(kind, model, plain(kind, descent(RATE), noise=noisy))


def check_recalibrate_batch_norm(kind: Kind, model: keras.Model) -> None:
    recalibrate = callbacks.RecalibrateBatchNorm(kind.given(), batch_size=SIZE)
    kind.fit(model, recalibrate)
    trained_as(kind, model, plain(kind, descent(RATE), descent(OTHER_RATE)))
    inputs = kind.inputs_of_norm(kind.x).astype("float64")
    assert recalibrate.result is not None
    assert (recalibrate.result.layers, recalibrate.result.examples) == (("norm",), SIZE * STEPS)
    layer = next(layer for layer in all_layers(model) if layer.name == "norm")
    for variable, expected in ((layer.moving_mean, inputs.mean(0)), (layer.moving_variance, inputs.var(0))):
        for copy in getattr(variable.value, "values", [variable.value]):
            near(copy.numpy(), expected, kind, scale=1.0)


def check_several_validations(kind: Kind, model: keras.Model) -> None:
    often = callbacks.SeveralValidations(kind.given(), 2, batch_size=SIZE)
    kind.fit(model, often)
    path = plain(kind, descent(RATE), descent(OTHER_RATE), evaluate=True)
    trained_as(kind, model, path)
    assert often.validations["step"] == [2, 3, 5, 6]
    near(often.validations[kind.validation], np.array(path.evaluations)[[1, 2, 4, 5]], kind)


class Killed(RuntimeError):
    pass


def check_resume(kind: Kind, model: keras.Model) -> None:
    validation = {"validation_data": (kind.x, kind.y), "validation_batch_size": SIZE}

    def stop(batch: int, _logs: Any) -> None:
        if len(model.history.epoch) == 1 and batch >= 1:
            raise Killed

    def made() -> keras.Model:
        return kind.model(lambda: keras.optimizers.Adam(RATE), lambda: keras.optimizers.Adam(OTHER_RATE))

    unbroken = made()
    expected = kind.fit(unbroken, epochs=3, **validation)
    model = made()
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.suppress(Killed):
            kind.fit(
                model,
                callbacks.Resume(folder, every=1),
                keras.callbacks.LambdaCallback(on_train_batch_end=stop),
                epochs=3,
                **validation,
            )
            raise AssertionError("the training was not killed")
        model, resume = made(), callbacks.Resume(folder, every=1)
        assert resume.position() in ((1, 1), (1, 0))
        history = kind.fit(model, resume, epochs=3, **validation)
    assert history.history == expected.history
    assert everything(model) == everything(unbroken)


def everything(model: keras.Model) -> list[bytes]:
    """The bits of all weights and of the states of all optimizers, built or not; those of each replica."""
    parts = {
        "optimizer": model,
        "net_optimizer": getattr(model, "net", None),
        "rest_optimizer": getattr(model, "rest", 0),
    }
    optimizers = []
    for name, part in parts.items():
        if part:
            optimizers.append(getattr(model, name))
            optimizers[-1].build(part.trainable_variables)
    variables = [*model.variables, *(variable for optimizer in optimizers for variable in optimizer.variables)]
    return [
        np.asarray(copy.numpy()).tobytes()
        for variable in variables
        if "seed" not in variable.path
        for copy in getattr(variable.value, "values", [variable.value])
    ]


# --- optimizers -----------------------------------------------------------------------------------------------------


def check_first_order(kind: Kind, model: keras.Model, case: references.Case) -> None:
    rules = [following(case.reference, rate=case.rate, **case.parameters)]
    if not case.elementwise:
        again = kind.make()
        rules = [by_weight(case, phase.weights(again)) for phase in kind.steps()]
    kind.fit(model)
    path = plain(kind, *rules)
    if case.reference is references.schedule_free and kind not in (KINDS["two optimizers"], KINDS["own loop"]):
        first, (gradients,) = flat(kind.make().trainable_weights), path.gradients
        assign(path.model.trainable_weights, case.path(first, np.array(gradients), averaged=True)[-1])
    # Muon makes all directions of a step alike, and so the rounding errors of its small ones larger.
    trained_as(kind, model, path, rounding=3.0 if case.name == "muon" else 1.0)


def by_weight(case: references.Case, weights: list[Any]) -> Rule:
    """The reference of an optimizer whose step of a weight depends on the others of its variable."""
    optimizer = case.build()
    optimizer.build(weights)
    paths = [case.path] * len(weights)
    if case.name == "muon":
        matrices = {id(variable) for variable in optimizer.orthogonalized}
        of_matrices = functools.partial(references.muon, rate=case.rate, momentum=optimizer.get_config()["momentum"])
        paths = [of_matrices if id(variable) in matrices else case.path for variable in weights]
    ends = np.cumsum([int(np.prod(weight.shape)) for weight in weights])[:-1]

    def rule(first: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        parts = zip(paths, weights, np.split(first, ends), np.split(gradients, ends, axis=1), strict=True)
        moved = [path(start.reshape(w.shape), slopes.reshape(-1, *w.shape)) for path, w, start, slopes in parts]
        return np.concatenate([part.reshape(len(gradients), -1) for part in moved], axis=1)

    return rule


def check_own_length(kind: Kind, model: keras.Model, name: str) -> None:
    """Of an optimizer that finds its step itself: each step against the definition."""
    if kind.steps_per_execution > 1:
        one_by_one = KINDS["functional"]
        other = one_by_one.model(lambda: OPTIMIZERS.build(name))
        kind.fit(model)
        one_by_one.fit(other)
        near(flat(model.trainable_weights), flat(other.trainable_weights), kind)
        return
    path = [flat(model.trainable_weights)]
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: path.append(flat(model.trainable_weights))
    )
    kind.fit(model, note)
    probe = kind.make()

    def loss_and_slopes(weights: np.ndarray, batch: Any) -> tuple[float, np.ndarray]:
        assign(probe.trainable_weights, weights)
        with tf.GradientTape() as tape:
            loss = kind.steps()[0].loss(probe, *batch)
        return float(loss), flat(tape.gradient(loss, [weight.value for weight in probe.trainable_weights]))

    for step in range(EPOCHS * STEPS):
        batch, before, after = kind.batch(step), path[step], path[step + 1]
        (loss, slopes), (new_loss, new_slopes) = (loss_and_slopes(weights, batch) for weights in (before, after))
        moved = after - before
        assert new_loss < loss
        assert moved @ slopes < 0
        if "line_search" in name:
            assert -(moved @ slopes) > 0.9999 * np.linalg.norm(moved) * np.linalg.norm(slopes)
        if name == "exact_line_search":
            assert abs(moved @ new_slopes) <= 0.11 * abs(moved @ slopes)
        if name == "line_search":
            assert new_loss <= loss + 1e-4 * (moved @ slopes)


# --- the table ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A callback, a function or an optimizer.

    Attributes:
        check: takes the kind and a compiled model; fails unless all is right, or lets a refusal through.
        optimizer: of the model, the first one of several.
    """

    check: Callable[[Kind, keras.Model], None]
    optimizer: Callable[[], Any] = lambda: keras.optimizers.SGD(RATE)
    second: Callable[[], Any] | None = lambda: keras.optimizers.SGD(OTHER_RATE)


def _schedule(name: str) -> Row:
    driven = (lambda: Momentum(RATE)) if name == "one_cycle" else (lambda: keras.optimizers.SGD(RATE))
    return Row(lambda kind, model: check_schedule(kind, model, name), driven)


def _optimizer(name: str) -> Row:
    case = next((case for case in references.CASES if case.name == name), None)
    if case is None:
        return Row(lambda kind, model: check_own_length(kind, model, name), lambda: OPTIMIZERS.build(name), None)
    return Row(lambda kind, model: check_first_order(kind, model, case), case.build, None)


ROWS: dict[str, dict[str, Row]] = {
    "callback": {
        "LRFinder": Row(check_lr_finder),
        "find_learning_rate": Row(check_find_learning_rate),
        "GradientMonitor": Row(check_gradient_monitor),
        "gradient_report": Row(check_gradient_report),
        "StopOnNaN": Row(check_stop_on_nan),
        "AdversarialTraining": Row(check_adversarial_training),
        "MicroBatches": Row(check_micro_batches),
        "WeightNoise": Row(check_weight_noise),
        "RecalibrateBatchNorm": Row(check_recalibrate_batch_norm),
        "SeveralValidations": Row(check_several_validations),
        "Resume": Row(check_resume),
    },
    "schedule": {name: _schedule(name) for name in SCHEDULES},
    "optimizer": {name: _optimizer(name) for name in OPTIMIZERS},
}


def outcome(group: str, name: str, kind_name: str) -> str:
    """ "right", or the words of a refusal.

    Raises:
        AssertionError: if it is wrong, if a refusal has several lines, or if something was trained before it.
    """
    kind, row = KINDS[kind_name], ROWS[group][name]
    model = kind.model(row.optimizer, row.second)
    before = flat(model.trainable_weights).tobytes()
    try:
        row.check(kind, model)
    except ValueError as error:
        words = str(error)
        assert "\n" not in words, words
        assert flat(model.trainable_weights).tobytes() == before, f"it trained before it refused: {words}"
        return words
    return "right"
