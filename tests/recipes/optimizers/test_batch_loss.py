"""The loss as a function of the weights, its derivatives, and what all optimizers that use it have in common."""

import warnings
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks import Resume
from callbacks.checks import InvalidArgument
from recipes.optimizers.batch_loss import BatchLoss, FunctionLoss, flatten, unflatten
from recipes.optimizers.batch_loss_optimizer import NOT_SUPPORTED, BatchLossOptimizer
from recipes.optimizers.conjugate_gradient import ConjugateGradient
from recipes.optimizers.hessian_free import HessianFree
from recipes.optimizers.line_search import LineSearch
from recipes.optimizers.newton import Newton

pytestmark = pytest.mark.usefixtures("double_precision")

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(24, 5))
Y = RANDOM.integers(0, 3, 24)
L2 = 0.01
WEIGHTS = RANDOM.uniform(0.2, 2.0, 24)

MAKERS = {
    "backtracking": LineSearch,
    "exact": lambda **options: LineSearch(method="exact", **options),
    "conjugate": ConjugateGradient,
    "newton": Newton,
    "gauss_newton": lambda **options: HessianFree(damping=0.1, max_iterations=12, **options),
    "hessian": lambda **options: HessianFree(damping=0.1, curvature="hessian", curvature_fraction=0.5, **options),
}


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.thorough if name == "conjugate" else ()) for name in MAKERS]
)
def make(request):
    """Every optimizer that evaluates the loss, as a function of its options."""
    return MAKERS[request.param]


@pytest.fixture(params=["exact", "newton", "gauss_newton"])
def make_some(request):
    """One of each class: what takes long is tested with these."""
    return MAKERS[request.param]


def network(optimizer=None, dropout=False, loss="sparse_categorical_crossentropy", last=3, **options):
    """5-2-3 with L2 on all weights, from the same weights every time."""
    penalties = {"kernel_regularizer": keras.regularizers.L2(L2), "bias_regularizer": keras.regularizers.L2(L2)}
    kernels = [keras.initializers.RandomNormal(stddev=0.7, seed=seed) for seed in (0, 1)]
    layers = [keras.layers.Dense(2, "tanh", kernel_initializer=kernels[0], **penalties)]
    if dropout:
        layers += [keras.layers.BatchNormalization(), keras.layers.Dropout(0.2, seed=1)]
    activation = "softmax" if last > 1 else "sigmoid"
    layers.append(keras.layers.Dense(last, activation, kernel_initializer=kernels[1], **penalties))
    model = keras.Sequential([keras.Input((5,)), *layers])
    model.compile(optimizer, loss, **options)
    return model


class Kill(keras.callbacks.Callback):
    """Ends the process, as it were, when the third epoch begins."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def weights_of(model):
    return np.concatenate([np.asarray(each).ravel() for each in model.get_weights()])


def values_of(model):
    return [tf.convert_to_tensor(each.value) for each in model.trainable_weights]


def dense(product, values):
    """The matrix of a linear function of lists of tensors, by unit vectors."""
    size = sum(each.shape.num_elements() for each in values)
    rows = [flatten(product(unflatten(tf.one_hot(k, size, dtype=tf.float64), values))).numpy() for k in range(size)]
    return np.array(rows)


def softmax_pieces(model):
    """(J, H_L) in NumPy, from the logits: (examples, 3, weights) and (examples, 3, 3), for mean cross-entropy."""
    values = values_of(model)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(values)
        logits = tf.math.tanh(X @ values[0] + values[1]) @ values[2] + values[3]
    jacobian = [tape.jacobian(logits, each, experimental_use_pfor=False) for each in values]
    jacobian = np.concatenate([each.numpy().reshape(24, 3, -1) for each in jacobian], -1)
    p = tf.nn.softmax(logits).numpy()
    return jacobian, WEIGHTS[:, None, None] * (p[:, :, None] * np.eye(3) - p[:, :, None] * p[:, None, :]) / 24


def test_flatten_and_back():
    values = [tf.constant([[1.0, 2.0]]), tf.constant(3.0), tf.constant([4.0], tf.float64)]
    vector = flatten(values)
    assert vector.dtype == tf.float64
    assert vector.numpy().tolist() == [1, 2, 3, 4]
    again = unflatten(vector, values)
    assert [each.dtype for each in again] == [each.dtype for each in values]
    assert [each.numpy().tolist() for each in again] == [[[1, 2]], 3, [4]]


def test_loss_and_gradient_are_those_of_the_training_step():
    model = network(keras.optimizers.SGD(1.0))
    values = values_of(model)
    loss, gradient = BatchLoss(model, (X, Y, WEIGHTS)).loss_and_gradient(values)
    before = weights_of(model)
    logged = model.train_on_batch(X, Y, WEIGHTS)
    np.testing.assert_allclose(float(loss), logged, rtol=1e-6)
    np.testing.assert_allclose(flatten(gradient), before - weights_of(model), rtol=1e-6, atol=1e-9)


def test_the_hessian_is_that_of_central_differences():
    loss, values = BatchLoss(network(), (X, Y, WEIGHTS)), values_of(network())
    point, found = flatten(values).numpy(), dense(loss.hessian_at(values)[2], values)
    for k in range(0, len(point), 5):
        shift = 1e-5 * np.eye(len(point))[k]
        ends = [flatten(loss.loss_and_gradient(unflatten(point + s * shift, values))[1]).numpy() for s in (1, -1)]
        np.testing.assert_allclose(found[k], (ends[0] - ends[1]) / 2e-5, atol=1e-8)
    np.testing.assert_allclose(found, found.T, atol=1e-12)


@pytest.mark.thorough
def test_gauss_newton_is_jacobian_times_softmax_curvature_times_jacobian_and_the_penalty():
    model = network()
    values = values_of(model)
    jacobian, curvature = softmax_pieces(model)
    expected = np.einsum("nai,nab,nbj->ij", jacobian, curvature, jacobian)
    expected += 2 * L2 * np.eye(len(expected))
    loss = BatchLoss(model, (X, Y, WEIGHTS))
    np.testing.assert_allclose(dense(loss.gauss_newton_at(values)[2], values), expected, atol=1e-12)
    exact = dense(loss.hessian_at(values)[2], values)
    assert np.linalg.eigvalsh(expected).min() > -1e-12
    assert np.abs(exact - expected).max() > 1e-3
    vector = RANDOM.normal(size=len(exact))
    parts = unflatten(tf.constant(vector), values)
    np.testing.assert_allclose(flatten(loss.hessian_at(values)[2](parts)), exact @ vector, atol=1e-12)
    np.testing.assert_allclose(flatten(loss.gauss_newton_at(values)[2](parts)), expected @ vector, atol=1e-12)


def test_for_squared_error_the_outputs_are_behind_the_sigmoid():
    model = network(loss="mse", last=1)
    values = values_of(model)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(values)
        output = tf.sigmoid(tf.math.tanh(X @ values[0] + values[1]) @ values[2] + values[3])
    jacobian = [tape.jacobian(output, each, experimental_use_pfor=False) for each in values]
    jacobian = np.concatenate([each.numpy().reshape(24, -1) for each in jacobian], -1)
    expected = 2 * jacobian.T @ jacobian / 24
    expected += 2 * L2 * np.eye(len(expected))
    found = dense(BatchLoss(model, (X, Y[:, None] / 2)).gauss_newton_at(values)[2], values)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_plain_function_has_the_exact_hessian_as_gauss_newton():
    loss = FunctionLoss(lambda values: tf.reduce_sum(values[0] ** 3) * values[1])
    values = [tf.constant([1.0, 2.0], tf.float64), tf.constant(3.0, tf.float64)]
    expected = [[18, 0, 3], [0, 36, 12], [3, 12, 0]]
    for at in (loss.hessian_at, loss.gauss_newton_at):
        np.testing.assert_allclose(dense(at(values)[2], values), expected)


def test_evaluating_moves_nothing_and_draws_the_same_numbers():
    model = network(keras.optimizers.SGD(), dropout=True)
    model.train_on_batch(X, Y)
    before = [np.array(each) for each in [*model.variables, *(m for k in model.metrics for m in k.variables)]]
    loss, values = BatchLoss(model, (X, Y)), values_of(model)
    first, again = (loss.loss_and_gradient(values) for _ in range(2))
    assert float(first[0]) == float(again[0]) == float(loss.hessian_at(values)[0])
    assert float(loss.gauss_newton_at(values)[0]) == float(first[0])
    np.testing.assert_array_equal(flatten(first[1]), flatten(again[1]))
    after = [np.array(each) for each in [*model.variables, *(m for k in model.metrics for m in k.variables)]]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    kernel = model.trainable_weights[0]
    kernel.assign(kernel + 1)  # the values count, not the weights
    assert float(loss.loss(values)) == float(first[0])


@pytest.mark.thorough
def test_a_part_of_the_batch():
    model = network()
    values, whole = values_of(model), BatchLoss(model, (X, Y, None))
    assert whole.part(1.0) is whole
    third = whole.part(0.3)
    assert float(third.loss(values)) == float(BatchLoss(model, (X[:8], Y[:8])).loss(values))
    unknown = tf.function(lambda x, y: BatchLoss(model, (x, y)).part(0.3).loss(values), reduce_retracing=True)
    signature = [tf.TensorSpec((None, 5), tf.float64), tf.TensorSpec((None,), tf.int64)]
    assert float(unknown.get_concrete_function(*signature)(tf.constant(X), tf.constant(Y))) == float(third.loss(values))


@pytest.mark.thorough
def test_eager_compiled_and_several_steps_give_the_same(make_some):
    paths, work = [], []
    for mode in ({}, {"run_eagerly": True}, {"steps_per_execution": 4}):
        model = network(make_some(), **mode)
        losses = model.fit(X, Y, batch_size=6, epochs=1, shuffle=False, verbose=0).history["loss"]
        paths.append([*weights_of(model), *losses])
        work.append(float(model.optimizer.gradient_evaluations))
        assert int(model.optimizer.iterations) == 4
    for path in paths[1:]:
        np.testing.assert_allclose(path, paths[0], rtol=1e-9, atol=1e-9)
    assert work == [work[0]] * 3


@pytest.mark.parametrize("name", [pytest.param("newton", marks=pytest.mark.thorough), "gauss_newton"])
@pytest.mark.thorough
def test_under_xla(name):
    losses = []
    for compiled in (False, True):
        model = network(MAKERS[name](), jit_compile=compiled)
        history = model.fit(X, Y, batch_size=24, epochs=4, verbose=0).history
        losses.append([*history["loss"], float(BatchLoss(model, (X, Y)).loss(values_of(model)))])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)  # XLA's eigenvalues are good to about 1e-6


@pytest.mark.thorough
def test_the_loss_of_the_full_batch_falls(make):
    model = network(make(), run_eagerly=True)
    losses = model.fit(X, Y, batch_size=24, epochs=4, verbose=0).history["loss"]
    assert np.all(np.diff(losses) < 1e-12)
    assert losses[-1] < losses[0]


@pytest.mark.thorough
def test_dropout_and_batch_norm_train():
    model = network(HessianFree(damping=0.1, max_iterations=12), dropout=True, run_eagerly=True)
    losses = model.fit(X, Y, batch_size=24, epochs=8, verbose=0).history["loss"]
    assert min(losses) < 0.8 * losses[0]  # the masks differ from step to step
    assert np.abs(model.layers[1].moving_mean.numpy()).max() > 1e-3


def test_frozen_weights_stay():
    model = network(Newton())
    model.layers[0].trainable = False
    model.compile(Newton(), "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.fit(X, Y, batch_size=24, epochs=2, verbose=0)
    moved = [bool(np.any(a != b)) for a, b in zip(before, model.get_weights(), strict=True)]
    assert moved == [False, False, True, True]


@pytest.mark.thorough
def test_a_weight_without_a_gradient():
    inputs = keras.Input((5,))
    used, unused = keras.layers.Dense(1, name="used"), keras.layers.Dense(1, name="unused")
    outputs = used(inputs)
    model = keras.Model(inputs, [outputs, unused(inputs)])
    model.compile(HessianFree(max_iterations=12), ["mse", None])
    before = unused.kernel.numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras says that there is none
        losses = model.fit(X, [X[:, :1], X[:, :1]], batch_size=24, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(unused.kernel.numpy(), before)


@pytest.mark.ordinarily("newton", "backtracking")
def test_a_loss_that_is_no_number_leaves_everything_as_it_was(make):
    model = network(make(), run_eagerly=True)
    model.fit(X, Y, batch_size=24, epochs=1, verbose=0)
    before, x = weights_of(model), X.copy()
    x[3, 2] = np.nan
    counters = ("iteration", "evaluations", "last_step", "last_iterations")
    state = {each.path: np.array(each) for each in model.optimizer.variables}
    loss = model.fit(x, Y, batch_size=24, epochs=1, verbose=0).history["loss"]
    assert np.isnan(loss[0])
    np.testing.assert_array_equal(weights_of(model), before)
    assert float(model.optimizer.last_step) == 0
    for each in model.optimizer.variables:
        if not any(name in each.path for name in counters):
            np.testing.assert_array_equal(each, state[each.path])
    assert np.isfinite(model.fit(X, Y, batch_size=24, epochs=1, verbose=0).history["loss"][0])


@pytest.mark.thorough
def test_saved_and_loaded_it_goes_on_identically(make_some, tmp_path):
    model = network(make_some())
    model.fit(X, Y, batch_size=12, epochs=2, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    for each in (model, again):
        each.fit(X, Y, batch_size=12, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_array_equal(weights_of(again), weights_of(model))
    for one, other in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.thorough
def test_a_resumed_fit_is_an_unbroken_one(tmp_path):
    make = MAKERS["gauss_newton"]  # which has the most state

    unbroken = network(make())
    unbroken.fit(X, Y, batch_size=12, epochs=4, verbose=0, shuffle=False)
    killed = network(make())
    with pytest.raises(KeyboardInterrupt):
        killed.fit(X, Y, batch_size=12, epochs=4, verbose=0, shuffle=False, callbacks=[Resume(tmp_path), Kill()])
    assert int(killed.optimizer.iterations) == 4
    resumed = network(make())
    resumed.fit(X, Y, batch_size=12, epochs=4, verbose=0, shuffle=False, callbacks=[Resume(tmp_path)])
    np.testing.assert_array_equal(weights_of(resumed), weights_of(unbroken))


@pytest.mark.thorough
def test_minimize_on_a_model_is_fit():
    fitted, looped = (network(HessianFree(damping=0.1, max_iterations=12)) for _ in range(2))
    fitted.fit(X, Y, batch_size=24, epochs=3, shuffle=False, verbose=0)
    loss = BatchLoss(looped, (X, Y))
    step = tf.function(lambda: looped.optimizer.minimize(loss, looped.trainable_weights))
    losses = [float(step()) for _ in range(3)]
    assert losses[2] < losses[0]
    np.testing.assert_allclose(weights_of(looped), weights_of(fitted), rtol=1e-6, atol=1e-9)


def test_sample_weights_count():
    alone = network(LineSearch(method="exact"), run_eagerly=True)
    alone.fit(X[:12], Y[:12], batch_size=12, epochs=1, verbose=0)
    weighted = network(LineSearch(method="exact"), run_eagerly=True)
    sample_weight = np.where(np.arange(24) < 12, 2.0, 0.0)
    weighted.fit(X, Y, sample_weight=sample_weight, batch_size=24, epochs=1, verbose=0)
    np.testing.assert_allclose(weights_of(weighted), weights_of(alone), rtol=1e-5)


def test_a_constraint_holds_after_the_step():
    layer = keras.layers.Dense(1, kernel_constraint="non_neg")
    model = keras.Sequential([keras.Input((5,)), layer])
    model.compile(Newton(), "mse")
    model.fit(X, -X[:, :1], batch_size=24, epochs=2, verbose=0)
    assert layer.kernel.numpy().min() >= 0


def test_a_kind_of_weight_decay_without_any_is_refused():
    with pytest.raises(InvalidArgument, match=r"^decay must be 'kernels', the default elsewhere: there is no"):
        Newton(decay="all")
    with pytest.raises(InvalidArgument, match=r"^never_decayed must be \(\): there is no weight decay"):
        Newton(never_decayed=None)
    assert Newton(decay="kernels", never_decayed=[]).get_config() == Newton().get_config()


@pytest.mark.parametrize("key", [key for key in NOT_SUPPORTED if key != "decay"])  # HessianFree has one of its own
def test_what_keras_would_ignore_is_refused(make, key):
    value = {"use_ema": True, "ema_overwrite_frequency": 2, "gradient_accumulation_steps": 2}.get(key, 0.5)
    with pytest.raises(InvalidArgument, match=rf"^{key} must be .*\. Received: {key}={value}$"):
        make(**{key: value})
    off = make().get_config()
    assert make().from_config(off).get_config() == off


def test_a_bad_learning_rate(make):
    with pytest.raises(InvalidArgument, match=r"learning_rate must be a number >= 0\. Received: learning_rate=-1"):
        make(learning_rate=-1)
    assert make().finds_its_own_step is True
    assert float(make().learning_rate) == 1.0


def test_outside_of_a_training_step():
    point = keras.Variable([1.0])
    with pytest.raises(ValueError, match=r"call optimizer\.minimize\(.*Received: caller=no train_step of Keras$"):
        Newton().apply([tf.ones(1)], [point])
    optimizer = Newton()
    optimizer.minimize(lambda values: tf.reduce_sum(values[0] ** 2), [point])
    with pytest.raises(ValueError, match=r"Received: caller=no train_step of Keras$"):
        optimizer.apply([tf.ones(1)], [point])


@pytest.mark.parametrize("scaled", [False, True])
def test_a_training_step_of_ones_own(scaled):
    class Own(keras.Sequential):
        def train_step(self, data):
            self.optimizer.apply([tf.zeros_like(each.value) for each in self.trainable_weights], self.trainable_weights)
            return {}

    model = Own([keras.Input((5,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.LossScaleOptimizer(Newton()) if scaled else Newton(), "mse")
    with pytest.raises(ValueError, match=r"^Newton evaluates .* Received: caller=no train_step of Keras$"):
        model.fit(X, X[:, :1], verbose=0)


def test_inside_another_optimizer():
    model = network(keras.optimizers.LossScaleOptimizer(Newton()))
    with pytest.raises(ValueError, match=r"^optimizer must be Newton itself, .*auto_scale_loss=False\)"):
        model.fit(X, Y, verbose=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Newton().minimize(3, []), "loss_function must be a function that takes a list of tensors. Received: "),
        (lambda: BatchLoss(keras.Sequential(), X), "model must be a compiled keras.Model. Received: model=<"),
    ],
)
def test_bad_losses(call, message):
    with pytest.raises(InvalidArgument) as raised:
        call()
    assert str(raised.value).startswith(message)


def test_several_replicas(monkeypatch):
    point, optimizer = keras.Variable([1.0]), Newton()
    optimizer.build([point])
    monkeypatch.setattr(tf.distribute, "get_strategy", lambda: SimpleNamespace(num_replicas_in_sync=2))
    with pytest.raises(InvalidArgument, match=r"replicas must be 1 for Newton, .*\. Received: replicas=2"):
        optimizer.minimize(lambda values: values[0][0] ** 2, [point])


def test_the_base_itself_has_no_step():
    with pytest.raises(NotImplementedError):
        BatchLossOptimizer().minimize(lambda values: values[0], [keras.Variable(1.0)])
