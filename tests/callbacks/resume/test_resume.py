"""Resume: killed and started again is bit-identical to unbroken, whatever is part of the training."""

import contextlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from callbacks import InvalidArgument, Resume
from callbacks.resume.checkpoints import Checkpoints
from recipes.optimizers import Momentum


class Killed(BaseException):
    pass


class Calls(list):
    """No plain value: Resume leaves it alone."""


class Kill(keras.callbacks.Callback):
    """Ends the program's fit in this call of this hook, as Ctrl-C would."""

    def __init__(self, after=None, hook="on_train_batch_end"):
        super().__init__()
        setattr(self, hook, self.count)
        self.calls, self.after = Calls(), after

    def count(self, *_):
        self.calls.append(1)
        if len(self.calls) == self.after:
            raise Killed


class Noise(keras.callbacks.Callback):
    """Draws from every random state that a callback might use, and writes what it drew into the logs."""

    def on_epoch_end(self, epoch, logs=None):
        logs["noise"] = random.random() + np.random.rand() + float(keras.random.uniform(()))


def make(optimizer=None, dropout=0.2, **options):
    keras.utils.clear_session(free_memory=False)  # the names of the layers are those of a new process
    keras.utils.set_random_seed(3)
    hidden = [keras.layers.Dense(8, activation="elu"), keras.layers.BatchNormalization(), keras.layers.Dropout(dropout)]
    model = keras.Sequential([keras.Input((3,)), *hidden, keras.layers.Dense(1)])
    model.compile(optimizer or Momentum(0.01), "mse", **{"metrics": ["mae"], **options})
    return model


@pytest.fixture
def fit(arrays):
    """``fit(model, *callbacks)``: on arrays that Keras shuffles; the result to the bit, or None if it was killed."""
    x, y = arrays

    def fitted(model, *used, data=None, **options):
        given = {"x": x, "y": y, "batch_size": 4} if data is None else {"x": data, "shuffle": False}
        try:
            history = model.fit(
                **given, **{"epochs": 4, "validation_data": (x[:8], y[:8]), "verbose": 0, **options}, callbacks=[*used]
            )
        except Killed:
            return None
        assert np.isfinite(history.history["loss"]).all()  # NaN would equal NaN
        bits = [np.asarray(v).tobytes() for v in (*model.variables, *model.optimizer.variables)]
        return {name: [float(v).hex() for v in each] for name, each in history.history.items()}, history.epoch, bits

    return fitted


SETUPS = {
    "one_cycle": (lambda: [callbacks.OneCycle(0.03)], lambda: Momentum(0.01)),
    "early_stopping": (
        lambda: [keras.callbacks.EarlyStopping(patience=1, restore_best_weights=True, monitor="noise", mode="max")],
        lambda: keras.optimizers.Adam(0.05),
    ),
    "plateau": (
        lambda: [keras.callbacks.ReduceLROnPlateau(patience=1, cooldown=1, min_delta=1.0)],
        lambda: keras.optimizers.RMSprop(0.01),
    ),
    "averages": (
        lambda: [callbacks.OneCycle(0.03), callbacks.StopOnNaN()],
        lambda: keras.optimizers.SGD(0.01, use_ema=True, ema_momentum=0.5),
    ),
    "monitored": (
        lambda: [
            callbacks.GradientMonitor(every=4),
            callbacks.PerformanceDecay(0.05, factor=0.5, patience=1, monitor="loss", min_delta=0.1, warm_up=0.2),
            callbacks.SeveralValidations(
                (np.eye(3, dtype="float32"), np.ones((3, 1), "float32")),
                times=3,
                callbacks=[keras.callbacks.EarlyStopping(patience=7, restore_best_weights=True)],
            ),
        ],
        lambda: Momentum(0.01),
    ),
    "accumulation": (list, lambda: keras.optimizers.Nadam(0.01, gradient_accumulation_steps=3)),
}


def thorough(*values):
    return pytest.param(*values, marks=pytest.mark.thorough)


ALIKE = ("averages", "plateau", "accumulation", "one_cycle", "monitored")


@pytest.mark.parametrize(
    ("name", "every"),
    [
        *(thorough(name, 3) if name in ALIKE else (name, 3) for name in SETUPS),
        ("early_stopping", "epoch"),
    ],
)
@pytest.mark.ordinarily("early_stopping-3")
def test_killed_anywhere_and_started_again_it_is_an_unbroken_training(name, every, fit, tmp_path):
    used, optimizer = SETUPS[name]

    def once(*more):
        return fit(make(optimizer()), *more, Noise(), *used())

    unbroken = once()
    for kill in (4, 22):
        assert once(Resume(tmp_path, every=every), Kill(kill)) is None
    assert once(Resume(tmp_path, every=every), Kill()) == unbroken
    assert len(os.listdir(tmp_path)) == 2
    again = Kill()
    assert once(Resume(tmp_path, every=every), again) == unbroken  # it had ended
    assert len(again.calls) == 0


@pytest.mark.parametrize("steps", [4, thorough(10)])
@pytest.mark.thorough
def test_several_steps_a_call(steps, fit, tmp_path):
    unbroken = fit(make(), callbacks.OneCycle(0.03))  # one step a call
    for kill in (2, 3):
        used = [Resume(tmp_path / str(kill), every=3), callbacks.OneCycle(0.03)]
        assert fit(make(steps_per_execution=steps), *used, Kill(kill)) is None
        assert fit(make(steps_per_execution=steps), *used) == unbroken


@pytest.mark.thorough
def test_the_call_that_only_builds_may_train_at_any_rate(fit, tmp_path):
    """Before the schedule has a say, the optimizer's own rate holds, which nobody meant to be used."""

    def once(*more):
        return fit(make(Momentum(1e20), steps_per_execution=4), *more, callbacks.OneCycle(0.03))

    unbroken = once()
    assert once(Resume(tmp_path, every=3), Kill(4)) is None
    assert once(Resume(tmp_path, every=3)) == unbroken


def shuffled(arrays):
    return tf.data.Dataset.from_tensor_slices(arrays).shuffle(40, seed=1).batch(4)


DATA = {
    "shuffle": (shuffled, {}),
    "endless": (lambda arrays: shuffled(arrays).repeat(), {"steps_per_epoch": 7}),
    "unknown size": (lambda arrays: shuffled(arrays).filter(lambda x, y: True), {}),
    "in order": (lambda arrays: tf.data.Dataset.from_tensor_slices(arrays).batch(4), {}),
}


@pytest.mark.filterwarnings("ignore:.*ran out of data:UserWarning")
@pytest.mark.parametrize("kind", ["shuffle", "unknown size", *map(thorough, ("endless", "in order"))])
@pytest.mark.thorough
def test_every_kind_of_data(kind, fit, arrays, tmp_path):
    build, options = DATA[kind]

    def once(*used, **more):
        return fit(make(), *used, data=build(arrays), **{**options, **more})

    unbroken = once()
    for replay in [True, False] if kind == "in order" else [True]:
        directory = tmp_path / str(replay)
        for kill in (5, 16):
            assert once(Resume(directory, every=2, replay=replay), Kill(kill)) is None
        assert once(Resume(directory, every=2, replay=replay)) == unbroken


@pytest.mark.parametrize(
    "hook", ["on_epoch_end", *map(thorough, ("on_epoch_begin", "on_train_batch_begin", "on_test_end"))]
)
@pytest.mark.thorough
def test_killed_in_any_hook(hook, fit, tmp_path):
    unbroken = fit(make(), Noise())
    assert fit(make(), Resume(tmp_path, every=5), Noise(), Kill(2, hook)) is None
    assert fit(make(), Resume(tmp_path, every=5), Noise()) == unbroken


@pytest.mark.thorough
def test_killed_while_it_reads_again_the_model_is_as_keras_left_it(fit, arrays, tmp_path):
    assert fit(make(), Resume(tmp_path), Kill(25)) is None
    reads = []

    def generate():
        for x, y in zip(*arrays, strict=True):
            reads.append(1)
            if len(reads) == 30:
                raise Killed
            yield x[None], y[None]

    signature = (tf.TensorSpec((1, 3)), tf.TensorSpec((1, 1)))
    data = tf.data.Dataset.from_generator(generate, output_signature=signature)
    model = make()
    with pytest.raises(Exception, match="Killed"):
        fit(model, Resume(tmp_path), data=data, steps_per_epoch=10)
    assert "evaluate" not in vars(model)
    assert len(fit(model)[0]["loss"]) == 4


@pytest.mark.thorough
def test_a_damaged_file_falls_back_to_the_one_before(fit, tmp_path):
    unbroken = fit(make(), callbacks.OneCycle(0.03))
    assert fit(make(), Resume(tmp_path, every=4), callbacks.OneCycle(0.03), Kill(27)) is None
    files = Checkpoints(tmp_path)
    newest, before = files.positions()
    files.path(newest).write_bytes(files.path(newest).read_bytes()[:-300])
    resume = Resume(tmp_path, every=4)
    assert resume.position() == before
    assert fit(make(), resume, callbacks.OneCycle(0.03)) == unbroken


def test_all_files_damaged_is_said_and_nothing_is_overwritten(fit, tmp_path):
    assert fit(make(), Resume(tmp_path), Kill(15)) is None
    for path in tmp_path.iterdir():
        path.write_bytes(b"no")
    with pytest.raises(InvalidArgument, match="one in which a checkpoint can be read"):
        fit(make(), Resume(tmp_path))
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"no"}


OTHERS = {
    "weights": ({"layers": 9}, {}, {}, r"weights: \(3, 8\) float32, not \(3, 9\) float32"),
    "optimizer": ({"optimizer": keras.optimizers.Adam}, {}, {}, "optimizer: Momentum, not Adam"),
    "rate": ({"optimizer": lambda: Momentum(0.001)}, {}, {}, r"learning_rate of optimizer: 0.00999.*, not 0.0010"),
    "batches": ({}, {"batch_size": 8}, {}, "steps per epoch: 10, not 5"),
    "settings": ({}, {}, {"seed": 2}, "seed: 1, not 2"),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.ordinarily("settings")
def test_the_directory_of_another_training_is_refused_before_any_step(name, fit, arrays, tmp_path):
    model_options, fit_options, settings, message = OTHERS[name]
    assert fit(make(), Resume(tmp_path, settings={"seed": 1}), Kill(15)) is None
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    keras.utils.set_random_seed(0)
    if "layers" in model_options:
        model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(9), keras.layers.Dense(1), keras.layers.Dense(1)]
        )
        hidden = [keras.layers.Dense(9), keras.layers.BatchNormalization(), keras.layers.Dropout(0.2)]
        model = keras.Sequential([keras.Input((3,)), *hidden, keras.layers.Dense(1)])
        model.compile(Momentum(0.01), "mse", metrics=["mae"])
    else:
        model = make(*(each() for each in model_options.values()))
    start, callback = model.get_weights(), Resume(tmp_path, settings={"seed": 1, **settings})
    x, y = arrays
    with pytest.raises(InvalidArgument, match=f"directory must be a new directory.*{message}"):
        model.fit(
            x,
            y,
            **{"batch_size": 4, "epochs": 4, "verbose": 0, **fit_options},
            callbacks=[callback],
        )
    assert all((one == other).all() for one, other in zip(start, model.get_weights(), strict=True))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert len(fit(model)[0]["loss"]) == 4  # and the model can be used


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"directory": ""}, "directory must be a path, not an empty text. Received: directory=''"),
        ({"directory": 5}, "directory must be a path. Received: directory=5"),
        ({"every": 0}, "every must be an integer >= 1. Received: every=0"),
        ({"every": "batch"}, "every must be \"epoch\" or a whole number of steps. Received: every='batch'"),
        ({"keep": 1}, "keep must be an integer >= 2. Received: keep=1"),
        ({"replay": 1}, "replay must be True or False"),
        ({"settings": {"a": print}}, "settings must be a mapping of names to plain values"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as error:
        Resume(**{"directory": "x", **options})
    assert message in str(error.value)


def test_what_cannot_work_is_refused_before_any_step(fit, tmp_path):
    with pytest.raises(ValueError, match="must be the only one of its kind"):
        fit(make(), Resume(tmp_path / "a"), Resume(tmp_path / "b"))
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="The model must be built before its state can be saved"):
        fit(model, Resume(tmp_path / "a"))
    resume = Resume(tmp_path)
    resume.set_model(make())
    with pytest.raises(ValueError, match="works in the list of callbacks given to fit"):
        resume.on_train_begin()
    (tmp_path / "file").touch()
    with pytest.raises(InvalidArgument, match="a directory that can be written"):
        fit(make(), Resume(tmp_path / "file"))


@pytest.mark.thorough
def test_the_progress_bar_goes_on_too(fit, tmp_path, capsys):
    assert fit(make(), Resume(tmp_path, every=3), Kill(14)) is None
    assert fit(make(), Resume(tmp_path, every=3), Kill(), verbose=2) is not None
    shown = capsys.readouterr().out
    assert shown.startswith("Resume: continuing at epoch 2, step 3")
    assert "Epoch 1/4" not in shown
    assert shown.count("10/10") == 3
    assert fit(make(), Resume(tmp_path, every=3), Kill(), verbose=2) is not None
    assert capsys.readouterr().out.splitlines() == ["Resume: continuing after its end"]


@pytest.mark.thorough
def test_a_choice_that_was_changed_since_is_respected(fit, tmp_path):
    def stop(patience):
        return keras.callbacks.EarlyStopping(monitor="loss", mode="max", patience=patience)

    assert fit(make(), Resume(tmp_path), stop(1), Kill(15), epochs=9) is None
    late = stop(5)
    history, _, _ = fit(make(), Resume(tmp_path), late, Kill(), epochs=9)
    assert late.patience == 5
    assert len(history["loss"]) > 5


def measured(script, *arguments):
    """What a script under scripts/measure prints; it fails where something is wrong."""
    path = Path(__file__).parents[3] / "scripts" / "measure" / script
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout


@pytest.mark.thorough
def test_random_kills():
    assert measured("stress_resume.py", "--kills", "4", "--seed", "3").splitlines()[-1].endswith("all identical")


@pytest.mark.thorough
def test_random_damage():
    measured("damage_checkpoints.py", "--every", "997", "--resumed", "2")


@pytest.mark.thorough
def test_more_epochs_go_on_where_the_training_had_finished(fit, tmp_path):
    def constant():
        return callbacks.ConstantRate(0.03, warm_up=4, unit="steps")

    unbroken = fit(make(), constant(), Noise(), epochs=6)
    assert fit(make(), constant(), Noise(), Resume(tmp_path), epochs=3) is not None
    kill = Kill()
    assert fit(make(), constant(), Noise(), Resume(tmp_path), kill, epochs=6) == unbroken
    assert len(kill.calls) == 30
    assert fit(make(), constant(), Noise(), Resume(tmp_path), epochs=7)[0]["loss"][:6] == unbroken[0]["loss"]
    with pytest.raises(InvalidArgument, match=r"this one has epochs: 7, not 6, and 7 are trained\)"):
        fit(make(), constant(), Noise(), Resume(tmp_path), epochs=6)


def test_a_schedule_over_all_epochs_refuses_more(fit, tmp_path):
    assert fit(make(), callbacks.OneCycle(0.03), Resume(tmp_path), epochs=2) is not None
    with pytest.raises(InvalidArgument, match="epochs: 2, not 3, which changes the rates of OneCycle from the start"):
        fit(make(), callbacks.OneCycle(0.03), Resume(tmp_path), epochs=3)


class Diverge(keras.callbacks.Callback):
    """Gives the model a weight that is NaN in an epoch, counted from 0."""

    def __init__(self, epoch):
        super().__init__()
        self.wanted = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.wanted:
            self.model.layers[0].bias.assign(np.full(8, np.nan))
            self.model.stop_training = True


def test_after_a_divergence_the_last_state_before_it_is_kept(arrays, tmp_path):
    x, y = arrays

    def fit(model, *used):
        return model.fit(x, y, batch_size=4, epochs=4, verbose=0, callbacks=[*used, Resume(tmp_path)]).epoch

    assert fit(make(), Diverge(2)) == [0, 1, 2]
    assert Resume(tmp_path).position() == (2, 0)
    model = make()
    assert fit(model, Diverge(9)) == [0, 1, 2, 3]
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_settings_found_before_the_training_are_read_from_the_directory(fit, tmp_path):
    assert Resume(tmp_path).saved_settings() == {}
    assert fit(make(), Resume(tmp_path, settings={"peak": 0.1}), Kill(3)) is None
    assert Resume(tmp_path).saved_settings() == {"peak": 0.1}


def test_a_rebuilt_model_continues_the_same_columns(arrays, tmp_path):
    x, y = arrays

    def fit(epochs, *used):
        inputs = keras.Input((3,))
        outputs = [keras.layers.Dense(1)(inputs) for _ in range(2)]  # new names each time
        model = keras.Model(inputs, outputs)
        model.compile("sgd", "mse", metrics=[["mae"], ["mae"]])
        used = [callbacks.GradientMonitor(every=5), *used, Resume(tmp_path)]
        history = model.fit(x, [y, y], batch_size=4, epochs=epochs, verbose=0, callbacks=used).history
        return model.output_names, history

    fit(2)
    names, history = fit(3, Noise())
    assert {f"{name}_mae" for name in names} < set(history)
    assert {f"gradient_norm/{name}" for name in names} < set(history)
    assert {len(values) for values in history.values()} == {3}
    assert np.isnan(history["noise"]).tolist() == [True, True, False]
    names, history = fit(4)
    assert {len(values) for values in history.values()} == {4}
    assert np.isnan(history["noise"]).tolist() == [True, True, False, True]


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*:UserWarning")
@pytest.mark.parametrize("step", [pytest.param(5, marks=pytest.mark.thorough), 6])
def test_a_generator_that_draws_and_is_read_ahead(step, tmp_path):
    """Killed when Keras has already read the first batch of the next epoch, for which the order was drawn anew."""
    x = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")

    def batches():
        while True:
            order = np.random.permutation(24)
            for start in range(0, 24, 8):
                yield x[order[start : start + 8]], x[order[start : start + 8], :1]

    def trained(*used):
        keras.utils.set_random_seed(3)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        with contextlib.suppress(KeyboardInterrupt):
            model.fit(batches(), steps_per_epoch=3, epochs=4, verbose=0, callbacks=list(used))
        return model.history.history, [weights.tobytes() for weights in model.get_weights()]

    done = []

    def kill(batch):
        done.append(batch)
        time.sleep(0.02)  # for the thread that reads ahead
        if len(done) == step:
            raise KeyboardInterrupt

    trained(
        Resume(tmp_path, every=1), keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: kill(batch))
    )
    assert trained(Resume(tmp_path, every=1)) == trained()


def test_killed_between_the_last_step_of_an_epoch_and_its_end(tmp_path):
    """The logs of a train_step of its own, which are no metrics, are those of the epoch's last step."""

    class OwnStep(keras.Sequential):
        def train_step(self, data):
            logs = super().train_step(data)
            return {"own_loss": tf.reduce_mean(tf.abs(self(data[0]) - data[1])), "loss": logs["loss"]}

    x = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")

    def trained(*used):
        keras.utils.set_random_seed(3)
        model = OwnStep([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        with contextlib.suppress(KeyboardInterrupt):
            model.fit(x, x[:, :1], batch_size=8, epochs=3, verbose=0, callbacks=list(used))
        return model.history.history, [weights.tobytes() for weights in model.get_weights()]

    class KillAtEnd(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    trained(Resume(tmp_path, every=1), KillAtEnd())
    assert Resume(tmp_path).position() == (1, 3)
    assert trained(Resume(tmp_path, every=1)) == trained()


class NoisyNet(keras.Model):
    """Draws in its own training step, in one of several ways."""

    def __init__(self, draw):
        super().__init__()
        self.dense, self.seeds, self.draw = keras.layers.Dense(1), keras.random.SeedGenerator(5), draw
        self.generator = tf.random.Generator.from_seed(5)

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        x, y = data
        return super().train_step((x + self.draw(self, tf.shape(x)), y))


DRAWS = {
    "tf.random": lambda model, shape: tf.random.normal(shape),
    "in a function": lambda model, shape: tf.function(tf.random.uniform)(shape),
    "keras.random": lambda model, shape: keras.random.normal(shape, seed=model.seeds),
    "generator": lambda model, shape: model.generator.normal(shape),
}


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("draw", DRAWS)
def test_random_numbers_of_a_step_are_saved_or_refused(draw, fitted, tmp_path):
    def train(name, epochs=4, **options):
        keras.utils.set_random_seed(0)
        model = NoisyNet(DRAWS[draw])
        model(x)
        model.compile("sgd", "mse", **options)
        if fitted:  # what was traced before is seen too
            model.fit(x[:4], y[:4], batch_size=4, verbose=0)
        killer = Kill(epochs, "on_epoch_begin")
        with contextlib.suppress(Killed):
            model.fit(x, y, epochs=4, batch_size=4, verbose=0, callbacks=[Resume(tmp_path / name), killer])
        return [weight.numpy().tolist() for weight in model.weights]

    x, y = np.arange(24.0).reshape(8, 3) / 24, np.ones((8, 1))
    if draw in ("tf.random", "in a function"):
        for name, options in (("a", {}), ("b", {"steps_per_execution": 2}), ("c", {"jit_compile": True})):
            with pytest.raises(ValueError, match=r"needs random numbers whose state can be saved: .*'noisy_net"):
                train(name, **options)
    else:
        whole = train("whole", 9)
        train("cut", 3)
        assert train("cut", 9) == whole
