"""What every callback promises, over the list in conftest.py."""

import copy
import gc
import weakref
from importlib import import_module
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from callbacks.inside.optimizer_values import get_learning_rate
from recipes.optimizers import Momentum

# Keras' own saving, with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

OPTIMIZERS = ("SGD", "Adam", "RMSprop", "Nadam", "Adamax", "Adagrad", "Adadelta", "AdamW", "Lion", "Ftrl", "Muon")

SEVERAL = [pytest.param(1, marks=pytest.mark.thorough), 4]
"""Steps a call; with several there is more that can go wrong."""

CASES = ("case", "schedule_case", "rate_case", "free_case")


@pytest.fixture
def make_model(make_model, request):
    """``make_model(optimizer)``: the model of conftest.py, with the layers that the callback needs."""
    case = next((request.getfixturevalue(name) for name in CASES if name in request.fixturenames), None)
    return make_model if case is None else lambda *given, **options: make_model(*given, layers=case.layers(), **options)


def weights(model):
    return [value.tobytes() for value in model.get_weights()]


def test_the_list_is_complete(all_cases):
    tested = {kind for case in all_cases for kind in type(case.make()).__mro__}
    found = set()
    for path in Path(callbacks.__file__).parent.glob("[a-z]*.py"):
        members = vars(import_module(f"callbacks.{path.stem}")).values()
        found |= {c for c in members if isinstance(c, type) and issubclass(c, keras.callbacks.Callback)}
    assert len(found) >= 4
    assert found <= {*tested, callbacks.CutMix}  # that is for images


@pytest.mark.thorough
def test_deepcopy_before_and_after_a_fit(case, make_model, run, baseline):
    callback = copy.deepcopy(case.make())
    model = make_model()
    assert (run(model, callback), weights(model)) == baseline(case, 3)
    again, model = copy.deepcopy(callback), make_model()
    assert (run(model, again), weights(model)) == baseline(case, 3)


@pytest.mark.thorough
def test_two_fits_in_a_row_each_begin_anew(case, make_model, run):
    callback, model = case.make(), make_model()
    start, optimizer = model.get_weights(), [v.numpy() for v in _optimizer_variables(model)]
    first = run(model, callback, epochs=2)
    end = weights(model)
    model.set_weights(start)
    for variable, value in zip(_optimizer_variables(model), optimizer, strict=True):
        variable.assign(value)
    assert run(model, callback, epochs=2) == first
    assert weights(model) == end


def _optimizer_variables(model):
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return model.optimizer.variables


@pytest.mark.thorough
def test_initial_epoch_goes_on_in_the_middle(case, make_model, run, baseline):
    expected, end = baseline(case, 3)
    model = make_model()
    if case.every_batch:  # it puts everything back, wherever it began
        assert len(run(model, case.make(), initial_epoch=1)["loss"]) >= 1
        assert weights(model) == end == weights(make_model())
        return

    class StopAfterOne(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    first, rest = run(model, case.make(), StopAfterOne()), run(model, case.make(), initial_epoch=1)
    assert {key: first[key] + rest[key] for key in expected} == expected
    assert weights(model) == end


@pytest.mark.parametrize("steps", [5, 3], ids="steps_{}".format)
@pytest.mark.ordinarily("one_cycle-steps_5", "several_validations-steps_5")
def test_steps_per_execution_changes_nothing(free_case, steps, make_model, run, baseline):
    model = make_model(steps_per_execution=steps)
    logs = run(model, free_case.make())
    assert (logs, weights(model)) == baseline(free_case, 3)
    assert ("learning_rate" in logs) == free_case.schedule


@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize(
    "rate", [keras.optimizers.schedules.CosineDecay(0.1, 9), lambda: 0.1], ids=["object", "function"]
)
def test_a_schedule_as_rate_is_refused_before_any_step(rate_case, rate, steps, make_model, run):
    model = make_model(keras.optimizers.SGD(rate), steps_per_execution=steps)
    before = weights(model)
    with pytest.raises(ValueError, match=r"sets the learning rate at every step, .* Received: learning_rate="):
        run(model, rate_case.make())
    assert weights(model) == before


@pytest.mark.parametrize("steps", [1, 5])
def test_data_of_unknown_size_is_refused_before_any_step(case, steps, make_model, run, dataset):
    if not (case.schedule or case.known_size):
        pytest.skip("it need not know")
    model = make_model(steps_per_execution=steps)
    before = weights(model)
    unknown = dataset.filter(lambda x, y: True)
    with pytest.raises(ValueError, match=r"steps_per_epoch.*assert_cardinality.*Received: steps=None"):
        run(model, case.make(), data=unknown)
    assert weights(model) == before


@pytest.mark.filterwarnings("ignore:.*ran out of data:UserWarning")
@pytest.mark.ordinarily("gradient_monitor", "resume")
def test_data_of_unknown_size_is_fine_elsewhere(case, make_model, run, dataset):
    if not (case.schedule or case.known_size):
        assert len(run(make_model(), case.make(), data=dataset.filter(lambda x, y: True))["loss"]) >= 1


def test_a_length_that_was_given_is_enough(schedule_case, make_model, run, dataset, baseline):
    model = make_model()
    logs = run(model, schedule_case.make(), data=dataset.filter(lambda x, y: True).repeat(), steps_per_epoch=10)
    assert (logs, weights(model)) == baseline(schedule_case, 3)


@pytest.mark.parametrize("steps", SEVERAL)
@pytest.mark.ordinarily("one_cycle", "performance")
def test_after_the_fit_the_rate_is_left_alone(case, steps, make_model, run):
    if case.every_batch and steps > 1:
        pytest.skip("it needs every batch")
    model = make_model(steps_per_execution=steps)
    run(model, case.make(), epochs=1)
    model.optimizer.learning_rate, model.optimizer.momentum = 0.0, 0.0
    before = weights(model)
    logs = run(model, epochs=1)
    assert get_learning_rate(model.optimizer) == 0.0
    assert float(model.optimizer.momentum) == 0.0
    assert "learning_rate" not in logs
    assert weights(model) == before  # at rate and momentum zero


@pytest.mark.parametrize("steps", SEVERAL)
def test_an_interrupted_fit_leaves_nothing_behind_that_changes_the_rate(schedule_case, steps, make_model, run):
    class Interrupted(RuntimeError):
        pass

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):  # after a last call of the compiled step that was not full
            raise Interrupted

    model = make_model(steps_per_execution=steps)
    with pytest.raises(Interrupted):
        run(model, schedule_case.make(), Interrupt())
    model.optimizer.learning_rate = 0.125
    run(model, epochs=1)
    assert get_learning_rate(model.optimizer) == 0.125


@pytest.mark.parametrize("steps", SEVERAL)
@pytest.mark.ordinarily("one_cycle")
def test_compiled_anew_it_follows_the_new_optimizer(schedule_case, steps, make_model, run, baseline):
    model = make_model(keras.optimizers.Adam(0.5), steps_per_execution=4)
    start, old = model.get_weights(), model.optimizer
    run(model, schedule_case.make(), epochs=1)
    old.learning_rate = 0.75
    model.set_weights(start)
    model.compile(Momentum(0.01), "mse", steps_per_execution=steps)
    assert (run(model, schedule_case.make()), weights(model)) == baseline(schedule_case, 3)
    assert float(old.learning_rate) == 0.75


@pytest.mark.parametrize("steps", SEVERAL)
@pytest.mark.ordinarily("one_cycle")
@pytest.mark.usefixtures("dataset")
def test_save_and_reload_after_a_fit(free_case, steps, make_model, run, tmp_path):
    model = make_model(steps_per_execution=steps)
    run(model, free_case.make(), epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert weights(loaded) == weights(model)
    # loaded.steps_per_execution is what it was compiled with, or 1: the numbers are the same.
    assert run(loaded, free_case.make(), epochs=2) == run(model, free_case.make(), epochs=2)
    assert weights(loaded) == weights(model)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.ordinarily("one_cycle-4", "performance-4")
def test_a_killed_and_resumed_run_is_an_unbroken_one(schedule_case, steps, make_model, run, baseline, tmp_path):
    class Killed(RuntimeError):
        pass

    class Kill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise Killed

    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    with pytest.raises(Killed):
        run(make_model(steps_per_execution=steps), backup(), schedule_case.make(), Kill())
    model = make_model(steps_per_execution=steps)
    logs, (expected, end) = run(model, backup(), schedule_case.make()), baseline(schedule_case, 3)
    assert weights(model) == end
    assert logs == {key: values[2:] for key, values in expected.items()}


@pytest.mark.thorough
@pytest.mark.parametrize("steps", SEVERAL)
@pytest.mark.usefixtures("dataset")
def test_several_optimizers_for_one_model(case, steps, run):
    if case.every_batch and steps > 1:
        pytest.skip("it needs every batch")

    def trained(optimizer):
        kernels = [keras.initializers.RandomNormal(seed=seed) for seed in (0, 1)]
        layers = [keras.layers.Dense(1, kernel_initializer=k, name=f"{i}") for i, k in enumerate(kernels)]
        model = keras.Sequential([keras.Input((3,)), *case.layers(), *layers])
        model.compile(optimizer, "mse", steps_per_execution=steps)
        optimizer.build(model.trainable_variables)  # only then does Keras ask which one is for which variable
        before = weights(model)
        logs = run(model, case.make(), epochs=1)
        assert (weights(model) == before) == case.every_batch
        return logs, weights(model)

    first, second = keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01)
    both = keras.optimizers.MultiOptimizer(lambda variable: first if "kernel" in variable.path else second)
    assert trained(both) == trained(keras.optimizers.SGD(0.01))
    if case.schedule:
        assert {get_learning_rate(each) for each in both.optimizers} == {get_learning_rate(first)} != {0.01}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.ordinarily("Adam")
def test_every_optimizer_of_keras(name, make_model, run):
    def optimizer():
        return getattr(keras.optimizers, name)(0.01)

    one, several = make_model(optimizer()), make_model(optimizer(), steps_per_execution=4)
    logs = run(one, callbacks.OneCycle(0.1), epochs=2)
    assert run(several, callbacks.OneCycle(0.1), epochs=2) == logs
    assert weights(several) == weights(one)
    assert weights(one) != weights(make_model())
    assert logs["learning_rate"][-1] == pytest.approx(4e-7, rel=1e-6)
    assert "momentum" not in logs


@pytest.mark.parametrize("steps", SEVERAL)
@pytest.mark.ordinarily("one_cycle", "gradient_monitor")
@pytest.mark.usefixtures("arrays")
def test_mixed_precision(case, steps, dataset):
    if case.every_batch and steps > 1:
        pytest.skip("it needs every batch")
    half = keras.layers.Dense(1, dtype=keras.dtype_policies.DTypePolicy("mixed_float16"))
    model = keras.Sequential([keras.Input((3,)), *case.layers(), half])
    model.compile(keras.optimizers.LossScaleOptimizer(Momentum(0.01)), "mse", steps_per_execution=steps)
    logs = model.fit(dataset, epochs=1, verbose=0, shuffle=False, callbacks=[case.make()]).history
    assert np.isfinite(logs["loss"]).all()
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    if case.schedule:
        assert logs["learning_rate"] == [get_learning_rate(model.optimizer.inner_optimizer)]
        assert logs["learning_rate"][0] != 0.01


@pytest.mark.thorough
@pytest.mark.usefixtures("young_garbage")
def test_an_optimizer_does_not_outlive_its_replacement(make_model, run):
    model = make_model(steps_per_execution=4)
    run(model, callbacks.OneCycle(0.1), epochs=1)
    alive, step = weakref.ref(model.optimizer), model.train_step
    model.compile(Momentum(0.01), "mse", steps_per_execution=4)
    run(model, callbacks.OneCycle(0.1), epochs=1)
    gc.collect()
    assert alive() is None
    assert model.train_step is step  # wrapped once, not twice


@pytest.mark.ordinarily("gradient_monitor")
@pytest.mark.usefixtures("young_garbage")
def test_a_model_does_not_outlive_its_user(free_case, make_model, run):
    model = make_model(steps_per_execution=4)
    run(model, free_case.make(), epochs=1)
    alive = weakref.ref(model)
    del model
    gc.collect()
    assert alive() is None


def test_compiled_by_xla(make_model, run):
    one, several = make_model(), make_model(steps_per_execution=4, jit_compile=True)
    run(one, callbacks.OneCycle(0.1), epochs=1)
    run(several, callbacks.OneCycle(0.1), epochs=1)
    np.testing.assert_allclose(several.get_weights()[0], one.get_weights()[0], rtol=1e-6)


@pytest.mark.parametrize("steps", SEVERAL)
def test_run_eagerly(steps, make_model, run):
    one, several = make_model(), make_model(steps_per_execution=steps, run_eagerly=True)
    assert run(several, callbacks.OneCycle(0.1), epochs=1)["learning_rate"] == pytest.approx(
        run(one, callbacks.OneCycle(0.1), epochs=1)["learning_rate"]
    )
    np.testing.assert_allclose(several.get_weights()[0], one.get_weights()[0], rtol=1e-6)


@pytest.mark.usefixtures("arrays", "dataset")
def test_under_a_strategy_of_one_device(make_model, run):
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    with strategy.scope():
        several = make_model(steps_per_execution=4)
    one = make_model()
    assert run(several, callbacks.OneCycle(0.1), epochs=1) == run(one, callbacks.OneCycle(0.1), epochs=1)
    assert weights(several) == weights(one)
