"""GradientMonitor: the numbers, that it changes nothing, its count of steps, its picture."""

import contextlib
import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from callbacks import GradientMonitor
from callbacks.inside.step_hooks import StepHooks
from tests.callbacks.monitored import MODELS, everything, fitted, images, recurrent, two_outputs, unbuilt, weighted_data

K = keras.layers


@pytest.fixture(scope="module")
def data():
    """10 batches of 8 with weights: (x, y, sample_weight)."""
    return weighted_data()


def state(model):
    variables = (*model.variables, *model.optimizer.variables)
    return [np.asarray(each).tobytes() for each in variables]


def same(one, other, history, more):
    assert state(one) == state(other)
    assert history.items() <= more.items()


# --- it changes nothing ---------------------------------------------------------------------------------------------


ALIKE = [images, two_outputs, recurrent]


@pytest.mark.parametrize(
    ("make", "steps"),
    [
        *(pytest.param(make, 4, marks=pytest.mark.thorough if make in ALIKE else ()) for make in MODELS),
        pytest.param(unbuilt, 1, marks=pytest.mark.thorough),
        (everything, 1),
    ],
)
@pytest.mark.ordinarily("everything-4")
def test_a_training_is_the_same_bit_by_bit_with_and_without(make, steps, data):
    monitor = GradientMonitor(3)
    (one, history), (other, more) = fitted(make, data, steps=steps), fitted(make, data, monitor, steps=steps)
    same(one, other, history, more)
    assert monitor.steps.tolist() == [0, 3, 6, 9, 12, 15, 18]
    assert np.isfinite(monitor.norms).all()
    assert (monitor.norms > 0).all()
    assert np.isfinite(monitor.layer_norms).all()
    assert (monitor.layer_norms > 0).all()
    np.testing.assert_allclose(np.sqrt((monitor.layer_norms**2).sum(1)), monitor.norms, rtol=1e-12)
    assert set(more) - set(history) == {
        "gradient_norm",
        *(f"gradient_norm/{name}" for name in monitor.layers),
        *(f"activation_scale/{name}" for name in monitor.activation_layers),
    }


@pytest.mark.parametrize(
    "options",
    [
        {"jit_compile": True},
        *(
            pytest.param(each, marks=pytest.mark.thorough)
            for each in ({"run_eagerly": True}, {"auto_scale_loss": False})
        ),
    ],
)
@pytest.mark.thorough
def test_nor_does_it_in_other_ways_to_run(options, data):
    (one, history), (other, more) = (
        fitted(everything, data, *used, steps=2, **options) for used in ((), (GradientMonitor(3),))
    )
    same(one, other, history, more)


@pytest.mark.thorough
def test_nor_beside_one_cycle(data):
    def used():
        return callbacks.OneCycle(0.05, momentum=None)

    one, history = fitted(everything, data, used(), steps=4)
    for order in (lambda m: (m, used()), lambda m: (used(), m)):
        other, more = fitted(everything, data, *order(GradientMonitor(3)), steps=4)
        same(one, other, history, more)


@pytest.mark.thorough
def test_nor_with_loss_scaling(data):
    def make():
        with_policy = K.Dense(8, "elu", name="first", dtype="mixed_float16")
        return keras.Sequential([keras.Input((6,)), with_policy, K.Dropout(0.2), K.Dense(1, name="last")])

    def optimizer():
        return keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0**12)

    monitor, plain = GradientMonitor(3), GradientMonitor(3)
    one, history = fitted(make, data, optimizer=optimizer())
    other, more = fitted(make, data, monitor, optimizer=optimizer())
    same(one, other, history, more)
    keras.utils.set_random_seed(1)
    fitted(make, data, plain, optimizer=keras.optimizers.SGD(0.01), auto_scale_loss=False)
    np.testing.assert_allclose(monitor.norms, plain.norms, rtol=0.01)  # 4096 times that without scaling back
    np.testing.assert_allclose(monitor.layer_norms, plain.layer_norms, rtol=0.01)


@pytest.mark.thorough
def test_float16_gradients_that_underflow_without_loss_scaling_are_seen(data):
    def make():
        layer = K.Dense(1, name="last", dtype="mixed_float16", kernel_initializer="zeros")
        return keras.Sequential([keras.Input((6,)), layer, K.Rescaling(1e-9, dtype="float32")])

    seen, unseen = GradientMonitor(3), GradientMonitor(3)
    scaling = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.0), initial_scale=2.0**20)
    fitted(make, data, seen, optimizer=scaling)
    fitted(make, data, unseen, optimizer=keras.optimizers.SGD(0.0))
    assert (seen.norms > 0).all()
    assert (unseen.norms == 0).all()


# --- logs and steps -------------------------------------------------------------------------------------------------


def test_the_logs_hold_the_means_of_the_epochs(data):
    monitor = GradientMonitor(4)
    _, history = fitted(everything, data, monitor)
    first = monitor.steps < 10
    for rows, epoch in ((first, 0), (~first, 1)):
        assert history["gradient_norm"][epoch] == pytest.approx(monitor.norms[rows].mean())
        assert history["gradient_norm/inner/a"][epoch] == pytest.approx(monitor.layer_norms[rows, 2].mean())
        scales = monitor.activation_scales[rows, monitor.activation_layers.index("norm")]
        assert history["activation_scale/norm"][epoch] == pytest.approx(scales.mean())
    _, history = fitted(unbuilt, data, GradientMonitor(4, per_layer=False), epochs=1)
    assert [key for key in history if key.startswith(("gradient", "activation"))] == ["gradient_norm"]


@pytest.mark.thorough
def test_an_epoch_without_a_measurement_has_nan(data, tmp_path):
    logger = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    _, history = fitted(everything, data, GradientMonitor(15, per_layer=False), logger, epochs=4)
    assert np.isnan(history["gradient_norm"]).tolist() == [False, False, True, False]
    assert (tmp_path / "log.csv").read_text().splitlines()[3].split(",")[1] == "nan"


@pytest.mark.filterwarnings("ignore:.*ran out of data:UserWarning")
@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.thorough
def test_data_of_unknown_size_is_counted_as_it_comes(steps, data):
    keras.utils.set_random_seed(1)
    model, monitor = everything(), GradientMonitor(3)
    model.compile("sgd", "mse", steps_per_execution=steps)
    batches = tf.data.Dataset.from_tensor_slices(data).batch(8).filter(lambda *each: True)
    model.fit(batches, epochs=2, verbose=0, shuffle=False, callbacks=[monitor])
    assert monitor.steps[:7].tolist() == [0, 3, 6, 9, 12, 15, 18]
    model.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[monitor])
    assert monitor.steps[:4].tolist() == [0, 3, 6, 9]


@pytest.mark.thorough
def test_what_was_measured_before_a_training_broke_off_is_there(data):
    class Break(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 4:
                self.model.get_layer("last").kernel.assign(self.model.get_layer("last").kernel * np.nan)
            if batch == 6:
                raise KeyboardInterrupt

    for others in ([callbacks.StopOnNaN(), Break()], [Break()]):
        monitor = GradientMonitor(2)
        try:
            model, history = fitted(everything, data, monitor, *others)
            assert len(history["loss"]) == 1
            assert not StepHooks.of(model).names
        except KeyboardInterrupt:
            assert len(others) == 1
        assert monitor.steps[:3].tolist() == [0, 2, 4]
        assert np.isfinite(monitor.norms).tolist()[:3] == [True, True, False]
        assert monitor.verdict().startswith("exploding at step 4: the norm of the gradient is nan")


@pytest.mark.thorough
@pytest.mark.parametrize("every", [1, 2])
def test_after_the_training_the_hook_is_gone_and_an_interrupted_one_measures_nothing(every, data, dataset, make_model):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError

    model, _ = fitted(everything, data, GradientMonitor(every))
    assert not StepHooks.of(model).names
    model, monitor = make_model(), GradientMonitor(every)
    with pytest.raises(RuntimeError):
        model.fit(dataset, verbose=0, shuffle=False, callbacks=[monitor, Interrupt()])
    probe = monitor.probe
    assert probe.position() == 10
    model.fit(dataset, verbose=0, shuffle=False)
    assert probe.position() == probe.CLOSED
    assert probe.take() == (probe.CLOSED, [])
    model.fit(dataset, verbose=0, shuffle=False, callbacks=[monitor])
    assert not StepHooks.of(model).names


@pytest.mark.thorough
def test_a_model_whose_training_broke_off_does_not_outlive_its_user(dataset, make_model):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError

    model, monitor = make_model(), GradientMonitor(2)
    with contextlib.suppress(RuntimeError):
        model.fit(dataset, verbose=0, shuffle=False, callbacks=[monitor, Interrupt()])
    alive = weakref.ref(model)
    del model, monitor
    gc.collect()
    assert alive() is None


@pytest.mark.thorough
def test_two_in_one_training(data):
    one, other = GradientMonitor(2), GradientMonitor(5)
    model, _ = fitted(everything, data, one, other, epochs=1)
    assert (one.steps.tolist(), other.steps.tolist()) == ([0, 2, 4, 6, 8], [0, 5])
    assert not StepHooks.of(model).names


@pytest.mark.thorough
@pytest.mark.parametrize("save", [1, 5])  # with 1, the last step before the end was measured
def test_a_resumed_training_has_the_measurements_of_an_unbroken_one(save, data, tmp_path):
    class Killed(RuntimeError):
        pass

    class Kill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if 10 * len(self.model.history.epoch) + batch >= 16:
                raise Killed

    unbroken, resumed = GradientMonitor(3), GradientMonitor(3)
    _, history = fitted(everything, data, unbroken, epochs=3)  # its layers are named otherwise each time
    with pytest.raises(Killed):
        fitted(everything, data, GradientMonitor(3), callbacks.Resume(tmp_path, every=save), Kill(), epochs=3)
    _, again = fitted(everything, data, resumed, callbacks.Resume(tmp_path, every=save), epochs=3)
    assert resumed.steps.tolist() == unbroken.steps.tolist()
    assert resumed.norms.tolist() == unbroken.norms.tolist()
    assert resumed.activation_scales.tolist() == unbroken.activation_scales.tolist()
    assert again["gradient_norm"] == history["gradient_norm"]


def restored(monitor):
    """Another callback with the plain attributes of this one, as one that resumes a training makes it."""
    plain = (int, float, str, list, bool)
    again = GradientMonitor(monitor.every)
    return again, {name: value for name, value in vars(monitor).items() if isinstance(value, plain)}


@pytest.mark.thorough
@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.usefixtures("data")
def test_a_restored_one_goes_on_as_if_unbroken(steps, dataset, make_model):
    """Into the middle of an epoch, which Keras replays from its first batch."""

    class Restore(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if not done:  # after the first compiled call; everything before is junk
                done.append(batch)
                for name, value in kept.items():
                    setattr(again, name, value)
                self.model.set_weights(weights)
                again.seek(1, batch + 1)

    class Keep(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if batch == (0 if steps == 1 else 3) and self.epoch == 1:
                weights[:] = self.model.get_weights()
                kept.update(restored(monitor)[1])

    weights, kept, done = [], {}, []
    monitor = GradientMonitor(3)
    options = {"epochs": 3, "verbose": 0, "shuffle": False}
    unbroken = make_model(keras.optimizers.SGD(0.01), steps_per_execution=steps).fit(
        dataset, callbacks=[monitor, Keep()], **options
    )
    again, _ = restored(monitor)
    model = make_model(keras.optimizers.SGD(0.5), steps_per_execution=steps)
    model.optimizer.learning_rate = 0.01
    history = model.fit(dataset, callbacks=[again, Restore()], initial_epoch=1, **options).history
    assert again.steps.tolist() == monitor.steps.tolist() == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]
    assert again.norms.tolist() == monitor.norms.tolist()
    assert history["gradient_norm"] == unbroken.history["gradient_norm"][1:]


# --- words, picture, errors -----------------------------------------------------------------------------------------


def test_a_rate_that_explodes_is_recognised_at_its_step(data):
    class Mistake(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 6:
                self.model.optimizer.learning_rate = 1e4

    monitor = GradientMonitor(1)
    fitted(unbuilt, data, monitor, Mistake(), epochs=1)
    assert monitor.verdict().startswith("exploding at step 7: the norm of the gradient is ")
    assert "Clip the gradient" in monitor.verdict()


@pytest.mark.thorough
def test_the_heat_maps_show_the_logarithms(data):
    monitor = GradientMonitor(3)
    fitted(everything, data, monitor)
    figure = monitor.plot()
    maps = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in maps] == ["gradient norm", "activation scale"]
    for axes, layers, values in zip(
        maps,
        (monitor.layers, monitor.activation_layers),
        (monitor.layer_norms, monitor.activation_scales),
        strict=True,
    ):
        (image,) = axes.collections
        np.testing.assert_allclose(image.get_array().reshape(len(layers), -1), np.log10(values).T)
        assert [label.get_text() for label in axes.get_yticklabels()] == layers
        assert axes.get_xlabel() == "step"
        assert axes.get_xlim() == (0, 21)  # a measurement's column reaches to the next
    assert [axes.get_ylabel() for axes in figure.axes if not axes.get_title()] == [
        "log10 of the gradient norm",
        "log10 of the activation scale",
    ]
    assert GradientMonitor().plot().axes  # nothing measured is a picture too
    assert GradientMonitor().verdict() == "unknown: nothing was measured."


@pytest.mark.parametrize("every", [0, -1, 2.5, "ten", True, None])
def test_bad_input(every):
    with pytest.raises(callbacks.InvalidArgument, match=r"every must be an integer >= 1\. Received: every="):
        GradientMonitor(every)
