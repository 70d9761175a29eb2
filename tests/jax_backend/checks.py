"""What runs on Keras' JAX backend: a check for every public name, against NumPy. ``python checks.py NAMES...``

A process of its own, since the backend is chosen when Keras is imported. Prints a JSON object: name -> "right",
"refused" or what went wrong.
"""

import importlib.util
import json
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

import callbacks
import recipes
from callbacks import InvalidArgument
from callbacks.inside.backend import sync_variables
from recipes import optimizers
from recipes.optimizers import OPTIMIZERS, Momentum
from recipes.optimizers.capabilities import finds_its_own_step

TESTS = Path(__file__).resolve().parents[1]
K = keras.layers
SGD = keras.optimizers.SGD

# --- what the checks share -------------------------------------------------------------------------------------------

random = np.random.default_rng(0)
X = random.normal(size=(40, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]] + 0.1).astype("float32")
WIDE_X, WIDE_Y = X.astype("float64"), Y.astype("float64")
START = np.array([[0.5], [0.25], [-0.5]])


def module(path):
    """A module of the tests by its path below ``tests``."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, TESTS / path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def linear(optimizer=None, **options):
    """The model x w, w = START, with the mean squared error."""
    model = keras.Sequential([keras.Input((3,)), K.Dense(1, use_bias=False, name="linear")])
    model.compile(SGD(0.1) if optimizer is None else optimizer, "mse", **options)
    model.layers[0].kernel.assign(START.astype("float32"))
    return model


def network(optimizer=None, **options):
    """A small network with random layers and moving averages, the same each time."""
    keras.utils.set_random_seed(1)
    layers = [K.Dense(8, "relu", name="first"), K.BatchNormalization(name="norm"), K.Dropout(0.2, name="drop")]
    model = keras.Sequential([keras.Input((3,)), *layers, K.Dense(1, name="last")])
    model.compile(Momentum(0.05) if optimizer is None else optimizer, "mse", metrics=["mae"], **options)
    return model


def gradient(w, x=WIDE_X, y=WIDE_Y):
    return 2 / len(x) * x.T @ (x @ w - y)


def descent(rates, x=WIDE_X, y=WIDE_Y):
    """Weights before each step of gradient descent on all data, and after the last, shape (steps + 1, 3, 1)."""
    path = [START]
    for rate in rates:
        path.append(path[-1] - rate * gradient(path[-1], x, y))
    return np.array(path)


def loss(w):
    return float(np.mean((WIDE_X @ w - WIDE_Y) ** 2))


def values(model):
    return [np.array(weight.value) for weight in model.weights]


def same(one, other):
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


class Weights(keras.callbacks.Callback):
    """Records the first weight after each call of the compiled step."""

    def __init__(self):
        super().__init__()
        self.path = []

    def on_train_batch_end(self, batch, logs=None):
        sync_variables(self.model)
        self.path.append(np.array(self.model.weights[0].value, "float64"))


def fit(model, *used, epochs=2, batch_size=8, x=X, y=Y, **options):
    chosen = {"shuffle": False, "verbose": 0, "epochs": epochs, "batch_size": batch_size, **options}
    return model.fit(x, y, callbacks=list(used), **chosen).history


def close(one, other, rtol=1e-5, atol=1e-7):
    np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


# --- schedules -------------------------------------------------------------------------------------------------------


def schedule(make):
    """Each step moves a weight of gradient 1 by its rate, for any ``steps_per_execution``; the momentum follows too."""

    def check():
        reference = module("recipes/optimizers/references.py").momentum
        for steps in (1, 3):
            made, weights = make(), Weights()
            model = keras.Sequential([keras.Input((1,)), K.Dense(1, use_bias=False, kernel_initializer="zeros")])
            model.compile(Momentum(0.5), lambda y, output: output[:, 0], steps_per_execution=steps)
            logs = fit(model, made, weights, x=np.ones((6, 1)), y=np.ones((6, 1)), batch_size=1, epochs=2)
            rates, momenta = made.values(12, 6)
            momenta = np.full(12, 0.9) if momenta is None else momenta
            path = reference(np.zeros(1), np.ones((12, 1)), rates, momenta, False)
            close(np.ravel(weights.path), np.ravel(path).reshape(2, 6)[:, steps - 1 :: steps].ravel())
            close(logs["learning_rate"], rates.reshape(2, 6)[:, -1], atol=1e-9)
        model.optimizer.learning_rate = model.optimizer.momentum = 0.0  # nothing drives them now
        before = values(model)
        fit(model, x=np.ones((6, 1)), y=np.ones((6, 1)), epochs=1)
        assert same(values(model), before)

    return check


def performance_decay():
    model = linear(SGD(0.0))
    model.optimizer.learning_rate = 1e-9  # no progress
    logs = fit(model, callbacks.PerformanceDecay(1e-9, patience=1, factor=0.5), epochs=4, validation_data=(X, Y))
    close(logs["learning_rate"][0], 1e-9, atol=0)
    assert logs["learning_rate"][-1] < 0.6e-9


class Falling(callbacks.StepSchedule):
    def rates(self, total_steps):
        return np.linspace(0.2, 0.1, total_steps)


# --- the range test --------------------------------------------------------------------------------------------------


def range_test():
    finder, model = callbacks.LRFinder(low=1e-4, high=10.0, steps=60), linear()
    before = values(model)
    fit(model, batch_size=40, epochs=1)
    after = values(model)
    data = (batch for batch in [(X, Y)] * 60)
    model.fit(data, steps_per_epoch=60, shuffle=False, verbose=0, callbacks=[finder])
    assert same(values(model), after)
    assert not same(before, after)
    path = [after[0].astype("float64")]
    for rate in finder.rates:
        path.append(path[-1] - rate * gradient(path[-1]))
    close(finder.losses[:50], [loss(w) for w in path[:50]], rtol=1e-3)
    assert finder.diverged
    close(model.optimizer.learning_rate.value, 0.1)


def find_rate():
    model = network(Momentum(0.05))
    fit(model, epochs=1)
    before, state = values(model), [np.array(variable.value) for variable in model.optimizer.variables]
    weights = np.linspace(1, 2, 40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        rates = [callbacks.find_learning_rate(model, X, Y, sample_weight=weights, steps=40, high=100.0) for _ in "ab"]
    assert rates[0] == rates[1] > 0
    assert same(values(model), before)
    assert same([np.array(variable.value) for variable in model.optimizer.variables], state)


# --- gradients -------------------------------------------------------------------------------------------------------


def gradient_monitor():
    for steps in (1, 3):
        monitor, model = callbacks.GradientMonitor(2), linear(steps_per_execution=steps)
        logs = fit(model, monitor, batch_size=40, epochs=5)
        path = descent([0.1] * 5)
        assert monitor.steps.tolist() == [0, 2, 4]
        close(monitor.norms, [np.linalg.norm(gradient(w)) for w in path[[0, 2, 4]]], rtol=1e-4)
        close(monitor.activation_scales[:, 0], [np.std(WIDE_X @ w) for w in path[[0, 2, 4]]], rtol=1e-4)
        close(logs["gradient_norm/linear"][2], monitor.norms[1])
    plain, watched = network(), network()
    assert fit(plain)["loss"] == fit(watched, callbacks.GradientMonitor(1))["loss"]
    assert same(values(plain), values(watched))
    refused(lambda: fit(Own.of(network()), callbacks.GradientMonitor(1)), "train_step")


class Own(keras.Sequential):
    """With a ``train_step`` of its own."""

    def train_step(self, state, data):
        return super().train_step(state, data)

    @classmethod
    def of(cls, model):
        own = cls([keras.Input((3,)), *model.layers])
        own.compile("sgd", "mse")
        return own


def gradient_report():
    report, model = callbacks.gradient_report(linear(), X, Y), linear()
    close(report.norm, np.linalg.norm(gradient(START)))
    close(report.layer_norms, [report.norm])
    close(report.activation_scales, [np.std(WIDE_X @ START)])
    model = network()
    before = values(model)
    assert callbacks.gradient_report(model, X, Y).verdict.startswith("healthy")
    assert same(values(model), before)
    refused(lambda: callbacks.gradient_report(Own.of(network()), X, Y), "train_step")
    dead = keras.Sequential([keras.Input((3,)), K.Dense(8, "relu", bias_initializer=keras.initializers.Constant(-9.0))])
    dead.add(K.Dense(1))
    dead.compile("sgd", "mse")
    assert "dead" in [idle.kind for idle in callbacks.gradient_report(dead, X, Y).idle]


# --- the other callbacks ---------------------------------------------------------------------------------------------


class Kill(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.left = step

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def resume():
    """Killed at several steps, under dropout, batch normalization, momentum, 1cycle, the monitor and early stopping."""

    def train(directory, *more, steps=1, epochs=3):
        model = network(steps_per_execution=steps)
        used = [
            callbacks.OneCycle(0.05),
            callbacks.GradientMonitor(3),
            keras.callbacks.EarlyStopping(patience=1, restore_best_weights=True),
            callbacks.Resume(directory, every=1),
        ]
        return model, fit(model, *used, *more, epochs=epochs, shuffle=True, validation_data=(X, Y))

    for kill, steps in ((3, 1), (5, 1), (9, 1), (3, 2)):
        with tempfile.TemporaryDirectory() as broken, tempfile.TemporaryDirectory() as whole:
            try:
                train(broken, Kill(kill), steps=steps)
            except KeyboardInterrupt:
                position = callbacks.Resume(broken).position()
                assert position > (0, 0)
            else:
                raise AssertionError("it was not killed")
            (one, history), (other, expected) = train(broken, steps=steps), train(whole, steps=steps)
            assert history == expected, (kill, history, expected)
            assert same(values(one), values(other)), kill
            variables = [[np.array(each.value) for each in model.optimizer.variables] for model in (one, other)]
            assert same(*variables), kill
            refused(lambda whole=whole: fit(linear(), callbacks.Resume(whole)), "directory")


def several_validations():
    often, model = callbacks.SeveralValidations((X, Y), times=2), linear()
    logs = fit(model, often, x=np.tile(X, (4, 1)), y=np.tile(Y, (4, 1)), batch_size=40, epochs=2)
    path = descent([0.1] * 8)
    assert often.validations["step"] == [2, 4, 6, 8]
    close(often.validations["val_loss"], [loss(w) for w in path[[2, 4, 6, 8]]], rtol=1e-4)
    close(logs["val_loss"], [loss(w) for w in path[[4, 8]]], rtol=1e-4)
    plain, watched = network(), network()
    assert fit(plain)["loss"] == fit(watched, callbacks.SeveralValidations((X, Y), times=2))["loss"]
    assert same(values(plain), values(watched))


def recalibrate():
    model, exact = network(), callbacks.RecalibrateBatchNorm(X, batch_size=7)
    fit(model, exact)
    kernel, bias = (weight.astype("float64") for weight in values(model)[:2])
    hidden = np.maximum(WIDE_X @ kernel + bias, 0)
    norm = model.get_layer("norm")
    close(np.array(norm.moving_mean.value), hidden.mean(0), rtol=1e-4, atol=1e-6)
    close(np.array(norm.moving_variance.value), hidden.var(0), rtol=1e-4, atol=1e-6)
    assert exact.result.examples == 40
    again = callbacks.recalibrate_batch_norm(model, X)
    assert again.layers == ("norm",)
    close(np.array(norm.moving_variance.value), hidden.var(0), rtol=1e-4, atol=1e-6)


def adversarial():
    """Of a linear model, the worst direction is the sign of error times weight."""
    model = linear()
    sign = callbacks.GradientSign(model, 0.1)
    expected = WIDE_X + 0.1 * np.sign((WIDE_X @ START - WIDE_Y) * START.T)
    close(sign(X, lambda output: keras.ops.mean((output - Y) ** 2)), expected)
    fit(model, callbacks.AdversarialTraining(0.1, share=0.25), batch_size=40, epochs=1)
    step = START - 0.1 * (0.75 * gradient(START) + 0.25 * gradient(START, expected))
    close(values(model)[0], step)
    refused(lambda: fit(Own.of(network()), callbacks.AdversarialTraining(0.1)), "train_step")


def weight_noise():
    """The loss is half the sum of squared weights: a step at rate 1 leads from w to w - (w + noise)."""
    start = random.normal(2.0, 1.5, (120, 50)).astype("float32")
    noise = []
    for seed in (0, 0, 1):
        model = keras.Sequential([keras.Input((120,)), K.Dense(50, use_bias=False)])
        model.layers[0].kernel.assign(start)
        model.compile(SGD(1.0), "mse", loss_weights=[start.size / 2])
        batch = {"x": np.eye(120, dtype="float32"), "y": np.zeros((120, 50), "float32")}
        fit(model, callbacks.WeightNoise(0.1, seed=seed), **batch, batch_size=120, epochs=1)
        noise.append(-values(model)[0].astype("float64"))
    expected = 0.1 * np.sqrt(np.mean(start.astype("float64") ** 2))
    close(noise[0].std(), expected, rtol=0.05)
    assert abs(noise[0].mean()) < 5 * expected / np.sqrt(start.size)
    assert np.array_equal(noise[0], noise[1])
    assert abs(np.corrcoef(noise[0].ravel(), noise[2].ravel())[0, 1]) < 0.06


def stop_on_nan():
    stop, model = callbacks.StopOnNaN(), linear(SGD(1e25))
    logs = fit(model, stop, callbacks.ConstantRate(1e25), epochs=3)
    assert "epoch 1, step" in stop.message
    assert "learning rate 1e+25" in stop.message
    assert len(logs["loss"]) == 1


def live_plot():
    with tempfile.TemporaryDirectory() as folder:
        plot = callbacks.LivePlot(Path(folder, "curves.png"))
        logs = fit(linear(), callbacks.OneCycle(0.1, momentum=None), plot)
        assert plot.history == logs
        assert Path(folder, "curves.png").read_bytes()[1:4] == b"PNG"


def read_curves():
    history = {"loss": [1.0, 0.5, 0.3, 0.2, 0.1], "val_loss": [1.0, 0.6, 0.7, 0.9, 1.2]}
    assert any(finding.name == "overfitting" for finding in callbacks.read_curves(history))


def refused(call, *words):
    """Raises unless the call is refused in one line with these words."""
    with pytest.raises(InvalidArgument) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


class Refused(Exception):
    """What does not run here says so in one line."""


def refuses(call):
    def check():
        refused(call, "KERAS_BACKEND=tensorflow")
        raise Refused

    return check


# --- optimizers and regularizers -------------------------------------------------------------------------------------


def optimizer(case):
    """25 steps in a compiled fit, against the same references as on TensorFlow."""

    def check():
        scale = 10.0 ** -np.repeat([0, 2, 4, 6], 3)
        gradients = (np.random.default_rng(3).normal(size=(25, 12)) * scale).astype("float32")
        weights = Weights()
        model = keras.Sequential([keras.Input((12,)), K.Dense(1, use_bias=False, kernel_initializer="zeros")])
        model.compile(case.build(), lambda y, output: output[:, 0])
        fit(model, weights, x=gradients, y=np.zeros((25, 1)), batch_size=1, epochs=1)
        path, expected = np.array(weights.path)[:, :, 0], case.path(np.zeros(12), gradients.astype("float64"))
        assert np.all(np.abs(path - expected) <= 1e-5 * np.abs(expected).max(0))

    return check


def layer_rates():
    from recipes.optimizers.layer_rates import LayerRates

    model = linear(LayerRates(SGD(0.1), {"linear": 0.5}))
    fit(model, batch_size=40, epochs=3)
    close(values(model)[0], descent([0.05] * 3)[-1])


def penalty(case):
    def check():
        for each in case.penalties:
            keras.utils.set_random_seed(2)
            options = {"input_shape": (3,), "outputs": 1, "task": "regression", "hidden": (5,)}
            model = recipes.mlp(**options, regularizer=[case.build(**each.options)])
            model.compile("sgd", "mse")
            predicted = np.asarray(model(X), "float64")
            if each.gradient is None:
                (layer,) = (layer for layer in model.layers if isinstance(layer, K.ActivityRegularization))
                parts = [np.asarray(keras.Model(model.input, layer.output)(X), "float64")]
            else:
                parts = [np.array(weight.value, "float64") for weight in model.weights if weight.name == "kernel"]
            expected = np.mean((predicted - WIDE_Y) ** 2) + sum(each.value(part) for part in parts)
            close(model.train_on_batch(X, Y), expected, rtol=1e-4)

    return check


def weight_decay():
    model = linear(optimizers.SGD(0.1, weight_decay=0.5))
    fit(model, batch_size=40, epochs=1)
    close(values(model)[0], START * (1 - 0.1 * 0.5) - 0.1 * gradient(START))
    recipe = recipes.Recipe(optimizer="sgd", regularizer={"name": "weight_decay", "strength": 0.5}, learning_rate=0.1)
    close(recipe.build_optimizer().weight_decay, 0.5)


def trained_mlp(regularizer):
    """A model of the recipe, trained by it as in a script of one's own, before and after."""
    keras.utils.set_random_seed(3)
    recipe = recipes.Recipe(regularizer=regularizer, optimizer="adam", learning_rate=0.01)
    model = recipe.build_model(input_shape=(3,), outputs=3, hidden=(16,))
    recipe.compile(model)
    labels = (np.arange(40) % 3).astype("int32")
    used = recipe.callbacks(2, steps_per_epoch=5)
    logs = fit(model, *used, y=labels, validation_data=(X, labels))
    assert np.isfinite(logs["loss"]).all()
    return model


def max_norm():
    model = trained_mlp({"name": "max_norm", "limit": 0.5})
    for weight in model.weights:
        if weight.name == "kernel":
            assert np.linalg.norm(np.array(weight.value), axis=0).max() < 0.5 + 1e-5


def dropout():
    model = trained_mlp({"name": "dropout", "rate": 0.5})
    (layer,) = (layer for layer in model.layers if isinstance(layer, K.Dropout))
    ones = np.asarray(layer(np.ones((200, 50), "float32"), training=True))
    close((ones == 0).mean(), 0.5, rtol=0.1)
    close(np.unique(ones), [0.0, 2.0])


def input_noise():
    model = trained_mlp("input_noise")
    assert same([np.asarray(model(X))], [np.asarray(model(X))])
    assert not same([np.asarray(model(X, training=True))], [np.asarray(model(X, training=True))])


def label_smoothing():
    model = trained_mlp({"name": "label_smoothing", "epsilon": 0.1})
    labels = np.arange(40) % 3
    predicted = np.log(np.asarray(model(X), "float64"))
    targets = 0.05 + 0.85 * np.eye(3)[labels]
    close(float(model.test_on_batch(X, labels)[0]), -(targets * predicted).sum(1).mean(), rtol=1e-4)


# --- models: trained and saved here, read on TensorFlow by the test --------------------------------------------------

FACTORIES = {
    "mlp": {"input_shape": (3,), "outputs": 3, "hidden": (5,)},
    "tabular": {"input_shape": (3,), "outputs": 3},
    "cnn": {"input_shape": (8, 8, 1), "outputs": 3, "filters": (3,), "hidden": (4,)},
    "resnet": {"input_shape": (8, 8, 1), "outputs": 3, "filters": (3,), "blocks": (1,)},
    "application": {"input_shape": (32, 32, 3), "outputs": 3, "network": "MobileNetV3Small"},
    "resnet9": {"input_shape": (8, 8, 1), "outputs": 3, "widths": (4,), "convolutions": (3,), "stem": 4},
    "densenet": {"input_shape": (8, 8, 1), "outputs": 3, "growth": 2, "blocks": (1,)},
    "rnn": {"input_shape": (5, 2), "outputs": 3, "units": (4,)},
    "autoencoder": {"input_shape": (6,)},
    "multitask": {"input_shape": (3,), "tasks": {"kind": 3, "odd": 1}, "hidden": (5,)},
    "siamese": {"input_shape": (3,), "hidden": (5, 4)},
    "encoder_decoder": {"input_shape": (5, 2), "outputs": 3, "output_steps": 2, "units": (4,)},
}


def examples(model):
    """Inputs of a model, and targets for its outputs, which are all probabilities."""
    generator = np.random.default_rng(1)

    def inputs(tensor):
        if tensor.dtype.startswith("int"):
            return generator.integers(0, 3, (12, *tensor.shape[1:]))
        return generator.normal(size=(12, *tensor.shape[1:])).astype("float32")

    def targets(tensor):
        shape = tensor.shape[1:-1] if tensor.shape[-1] > 1 else tensor.shape[1:]
        return generator.integers(0, max(tensor.shape[-1], 2), (12, *shape))

    return keras.tree.map_structure(inputs, model.input), keras.tree.map_structure(targets, model.output)


def factory(name):
    """Trained as in a script of one's own; the test reads the saved model on TensorFlow."""

    def check():
        keras.utils.set_random_seed(5)
        model = getattr(recipes, name)(**FACTORIES[name])
        x, y = examples(model)
        recipe = recipes.Recipe(optimizer="nadam", learning_rate=0.01, regularizer="none")
        if name == "autoencoder":
            y = x
            model.compile(recipe.build_optimizer(), "mse")
        else:
            recipe.compile(model)
        before = values(model)
        logs = fit(model, *recipe.callbacks(2), x=x, y=y, batch_size=4, validation_data=(x, y))
        assert np.isfinite(logs["loss"]).all()
        assert not same(values(model), before)
        if FOLDER is not None:
            model.save(FOLDER / f"{name}.keras")
            arrays = [*keras.tree.flatten(x), *keras.tree.flatten(model.predict(x, verbose=0))]
            np.savez(FOLDER / f"{name}.npz", *arrays)

    return check


FOLDER = None


def registered():
    recipes.register("optimizer", "own", SGD)
    model = linear(recipes.Recipe(optimizer="own", learning_rate=0.1).build_optimizer())
    model.train_on_batch(X, Y)
    slope = 2 * WIDE_X.T @ (WIDE_X @ START - WIDE_Y) / len(X)
    close(model.layers[0].kernel, START - 0.1 * slope, rtol=1e-4)


def kinds(*types):
    """Types, which results and errors have."""

    def check():
        assert all(isinstance(kind, type) for kind in types)

    return check


# --- the table -------------------------------------------------------------------------------------------------------

C = callbacks
CHECKS = {
    "ConstantRate": schedule(lambda: C.ConstantRate(0.3)),
    "CosineDecay": schedule(lambda: C.CosineDecay(0.3, warm_up=0.25)),
    "CosineRestarts": schedule(lambda: C.CosineRestarts(0.3, first=4, unit="steps")),
    "ExponentialDecay": schedule(lambda: C.ExponentialDecay(0.3)),
    "InverseTimeDecay": schedule(lambda: C.InverseTimeDecay(0.3)),
    "LinearDecay": schedule(lambda: C.LinearDecay(0.3)),
    "OneCycle": schedule(lambda: C.OneCycle(0.3)),
    "PowerDecay": schedule(lambda: C.PowerDecay(0.3)),
    "StepDecay": schedule(lambda: C.StepDecay(0.3, every=0.25)),
    "WarmUpStableDecay": schedule(lambda: C.WarmUpStableDecay(0.3, warm_up=0.25)),
    "StepSchedule": schedule(Falling),
    "PerformanceDecay": performance_decay,
    "LRFinder": range_test,
    "find_learning_rate": find_rate,
    "GradientMonitor": gradient_monitor,
    "GradientReport": gradient_report,
    "gradient_report": gradient_report,
    "Resume": resume,
    "SeveralValidations": several_validations,
    "RecalibrateBatchNorm": recalibrate,
    "recalibrate_batch_norm": recalibrate,
    "AdversarialTraining": adversarial,
    "GradientSign": adversarial,
    "WeightNoise": weight_noise,
    "LivePlot": live_plot,
    "AveragedWeights": refuses(lambda: fit(linear(SGD(0.1, use_ema=True)), callbacks.AveragedWeights())),
    "StochasticWeightAveraging": refuses(lambda: fit(linear(), callbacks.StochasticWeightAveraging())),
    "MixUp": refuses(lambda: fit(linear(), callbacks.MixUp())),
    "CutMix": refuses(lambda: fit(linear(), callbacks.CutMix())),
    "SharpnessAware": refuses(lambda: fit(linear(), callbacks.SharpnessAware())),
    "MicroBatches": refuses(lambda: fit(linear(), callbacks.MicroBatches(2))),
    "StopOnNaN": stop_on_nan,
    "Finding": read_curves,
    "read_curves": read_curves,
    "InvalidArgument": kinds(callbacks.InvalidArgument),
}
_cases = {case.name: case for case in module("recipes/optimizers/references.py").CASES}
CHECKS |= {
    name: refuses(entry.build) if finds_its_own_step(entry) else optimizer(_cases[name])
    for name, entry in OPTIMIZERS.items()
}
CHECKS |= {"LayerRates": layer_rates, "fit": refuses(recipes.fit)}
"""Name -> its check, which raises ``Refused`` if the name is refused here in one line."""


def others():
    """The regularizers, the models and what needs TensorFlow, whose modules take longer to import."""
    cases = {case.name: case for case in module("recipes/regularization/references.py").CASES}
    checks = {
        **{name: penalty(case) for name, case in cases.items() if case.penalties},
        "weight_decay": weight_decay,
        "max_norm": max_norm,
        "dropout": dropout,
        "input_noise": input_noise,
        "label_smoothing": label_smoothing,
        "weight_noise": lambda: trained_mlp("weight_noise"),
        "adversarial": lambda: trained_mlp("adversarial"),
        "early_stopping": lambda: trained_mlp("early_stopping"),
        "alpha_dropout": lambda: trained_mlp("alpha_dropout"),
        "hidden_noise": lambda: trained_mlp("hidden_noise"),
        **{name: refuses(recipes.Data) for name in ("augmentation", "rand_augment", "aug_mix")},
        **{name: refuses(lambda name=name: trained_mlp(name)) for name in ("ema", "swa", "sam", "mixup", "cutmix")},
        **{name: factory(name) for name in FACTORIES},
        "Recipe": lambda: trained_mlp("none"),
        "preset": lambda: recipes.preset("self_normalizing").build_model(input_shape=(4,), outputs=3),
        "Momentum": CHECKS["nesterov"],
        "Range": kinds(recipes.Range),
        "Spec": kinds(recipes.Spec),
        "register": registered,
        "__version__": lambda: str(recipes.__version__),
    }
    missing = {name: getattr(recipes, name) for name in recipes.__all__ if name not in {*CHECKS, *checks}}
    return {**checks, **{name: refuses(value) for name, value in missing.items()}}


def outcome(name):
    try:
        CHECKS[name]()
    except Refused:
        return "refused"
    except (Exception, pytest.fail.Exception):
        return traceback.format_exc(limit=-4)
    return "right"


if __name__ == "__main__":
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)  # Keras variables under NumPy 2
    FOLDER = Path(sys.argv[1])
    if not sys.argv[2:] or not set(sys.argv[2:]) <= set(CHECKS):
        CHECKS |= others()
    print(json.dumps({name: outcome(name) for name in sys.argv[2:] or CHECKS}))
