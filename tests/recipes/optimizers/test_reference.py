"""Every optimizer against its float64 reference, and the check itself against perturbed references."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from recipes.optimizers import OPTIMIZERS
from recipes.optimizers.capabilities import finds_its_own_step

from .references import CASES


def test_every_optimizer_has_a_reference():
    steps = {name for name, entry in OPTIMIZERS.items() if not finds_its_own_step(entry)}  # the others: own test files
    missing = {name: OPTIMIZERS[name].factory.__module__ for name in steps - {case.name for case in CASES}}
    assert not missing, f"no reference for {missing}: add a Case to tests/recipes/optimizers/references.py"
    assert len(CASES) == len(steps)


def test_the_trajectory_is_that_of_the_reference(case, problem, apply, agree):
    assert agree(apply(case.build(), *problem), case.path(*problem))


def test_with_fixed_hyperparameters_it_is_that_of_keras(keras_case, problem, apply, agree):
    assert agree(apply(keras_case.build(), *problem), apply(keras_case.keras_own(keras_case.rate), *problem))


def perturbed(case):
    """Every parameter of the reference, moved a little: eps by 10 %, others by 0.1 % or as the case says."""
    parameters = {"rate": case.rate, **case.parameters}
    for name, value in parameters.items():
        if isinstance(value, bool):
            yield {name: not value}
        else:
            start = value or 1e-4
            factor = {"eps": 1.1, **case.moved}.get(name, 1.001)
            yield {name: start * factor}
            yield {name: start / factor}


def test_a_reference_with_any_parameter_moved_does_not_agree(case, problem, apply, agree):
    path = apply(case.build(), *problem)
    assert agree(path, case.path(*problem))
    for change in perturbed(case):
        if change.get("beta_2", 0) < 1:
            assert not agree(path, case.path(*problem, **change)), change


@pytest.mark.thorough
@pytest.mark.parametrize("xla", [False, True], ids=["graph", "xla"])
def test_graph_and_xla(case, xla, problem, apply, agree):
    eager = apply(case.build(), *problem)
    compiled = apply(case.build(), *problem, wrap=lambda step: tf.function(step, jit_compile=xla))
    assert agree(compiled, eager)


@pytest.mark.ordinarily("nadam", "momentum")
def test_a_rate_and_a_momentum_that_change_at_every_step(live_case, problem, apply, agree):
    generator = np.random.default_rng(1)
    rates, momenta = live_case.rate * generator.uniform(0.1, 2.0, 25), generator.uniform(0.3, 0.99, 25)
    for wrap in (lambda step: step, tf.function):
        optimizer = live_case.build()

        def assign(k, optimizer=optimizer):
            optimizer.learning_rate, optimizer.momentum = rates[k], momenta[k]

        path = apply(optimizer, *problem, wrap=wrap, before=assign)
        assert agree(path, live_case.path(*problem, rate=rates, **{live_case.momentum_name: momenta}))
        momenta_late = np.where(np.arange(25) < 20, momenta, momenta[19])
        assert not agree(path, live_case.path(*problem, rate=rates, **{live_case.momentum_name: momenta_late}))


@pytest.mark.ordinarily("momentum", "adam")
def test_one_cycle_moves_the_momentum(live_case, problem, agree):
    """In a compiled fit, against the reference with the cycle's own values."""
    start, gradients = problem
    steps, size = gradients.shape
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros", dtype="float32")
    model = keras.Sequential([keras.Input((size,)), layer])
    # The loss sum(w g) has the gradient g.
    model.compile(live_case.build(), loss=lambda y, output: output[:, 0], steps_per_execution=5)
    data = tf.data.Dataset.from_tensor_slices((gradients.astype("float32"), np.zeros((steps, 1)))).batch(1)
    weights = []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: weights.append(layer.kernel.numpy()[:, 0])
    )
    cycle = callbacks.OneCycle(2 * live_case.rate)
    model.fit(data, epochs=1, shuffle=False, verbose=0, callbacks=[cycle, record])
    values = {"rate": cycle.rates(steps), live_case.momentum_name: cycle.momenta(steps)}
    assert np.ptp(cycle.momenta(steps)) > 0.09
    assert agree(np.array(weights), live_case.path(start, gradients, **values)[4::5])


@pytest.mark.ordinarily("adam", "delta_bar_delta", "momentum")
def test_accumulated_gradients_are_one_step_with_their_mean(case, problem, apply):
    start, gradients = problem
    pairs = gradients[:24].reshape(12, 2, 12)
    accumulated = apply(case.build(gradient_accumulation_steps=2), start, gradients[:24])
    at_once = apply(case.build(), start, pairs.mean(1))
    np.testing.assert_allclose(accumulated[1::2], at_once, rtol=1e-5, atol=1e-8)
    np.testing.assert_array_equal(accumulated[0], start)


def test_weight_decay_is_decoupled(elementwise_case, problem, apply):
    case = elementwise_case
    start, gradients = np.linspace(-1, 1, 12), problem[1][:1]
    plain, decayed = (
        apply(case.build(weight_decay=None), start, gradients),
        apply(case.build(weight_decay=0.5, decay="all"), start, gradients),
    )
    np.testing.assert_allclose(decayed - plain, [-0.5 * case.rate * start], rtol=1e-3, atol=1e-7)


@pytest.mark.ordinarily("adam", "sgd")
def test_it_converges_on_a_parabola(case):
    curvature = np.array([1.0, 3.0, 10.0], "float32")
    weight = descend(
        case.build(learning_rate=case.descent), lambda w: tf.reduce_sum(curvature * w**2) / 2, [1.0, 1.0, 1.0], 500
    )
    assert np.abs(weight).max() < 0.01


@pytest.mark.ordinarily("adam")
def test_it_converges_on_rosenbrock(case):
    options = {"epsilon": 1e-8} if case.name == "adadelta" else {}  # its steps do not shrink below the root of that
    weight = descend(
        case.build(learning_rate=case.valley, **options),
        lambda w: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2,
        [-1.0, 1.0] if case.elementwise else [2.0, 2.0],  # not through 0, where relative steps vanish
        8000 if case.name in ("sgd", "adagrad", "adadelta", "adafactor", "muon") else 4000,
    )
    np.testing.assert_allclose(weight, [1.0, 1.0], atol=0.03)


def descend(optimizer, loss, start, steps):
    variable = keras.Variable(np.array(start, "float32"))
    optimizer.build([variable])

    @tf.function
    def run():
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                value = loss(variable.value)
            optimizer.apply([tape.gradient(value, variable.value)], [variable])

    run()
    return variable.numpy()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own saving, with NumPy 2
@pytest.mark.ordinarily("adam")
def test_save_reload_and_go_on_identically(typical_case, make_model, regression, tmp_path):
    fit = {"epochs": 2, "verbose": 0, "shuffle": False}
    model = make_model(typical_case.build(), steps_per_execution=4)
    one_by_one = make_model(typical_case.build())
    assert model.fit(regression, **fit).history == one_by_one.fit(regression, **fit).history  # any steps_per_execution
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in one_by_one.get_weights()]
    if typical_case.momentum_name:
        model.optimizer.momentum = one_by_one.optimizer.momentum = 0.7
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is type(model.optimizer)
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    expected = one_by_one.fit(regression, **fit).history
    assert loaded.fit(regression, **fit).history == expected
    assert [w.tobytes() for w in loaded.get_weights()] == [w.tobytes() for w in one_by_one.get_weights()]


@pytest.mark.ordinarily("adam")
def test_mixed_precision(typical_case, make_model, regression):
    model = make_model(
        keras.optimizers.LossScaleOptimizer(typical_case.build(learning_rate=0.01), initial_scale=128.0),
        dtype=keras.dtype_policies.DTypePolicy("mixed_float16"),
    )
    start = model.evaluate(regression, verbose=0)
    losses = model.fit(regression, epochs=3, verbose=0, shuffle=False).history["loss"]
    assert losses[-1] < losses[0] < start
    assert all(v.dtype == "float32" for v in model.trainable_variables)
    if typical_case.name in ("momentum", "nesterov"):
        single = make_model(typical_case.build(learning_rate=0.01)).fit(regression, epochs=3, verbose=0, shuffle=False)
        np.testing.assert_allclose(losses, single.history["loss"], rtol=0.02)


def test_serialization(case):
    optimizer = case.build(weight_decay=0.004, clipnorm=1.5)
    config = keras.optimizers.serialize(optimizer)
    again = keras.optimizers.deserialize(config)
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()
    assert again.get_config()["clipnorm"] == 1.5
