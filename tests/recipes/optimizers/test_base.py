"""What all optimizers share: checked arguments, weight decay, NaN gradients, sparse gradients, two implementations."""

import inspect
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from callbacks.checks import InvalidArgument
from callbacks.inside.optimizer_values import has_live_momentum
from recipes import optimizers
from recipes.optimizers import OPTIMIZERS, SGD, Adam, Momentum, Nadam, RAdam, RMSProp, base

from .references import CASES

K = keras.layers


# --- weight decay ---------------------------------------------------------------------------------------------------


def every_kind_of_variable(optimizer):
    layers = [
        K.Embedding(5, 4, name="words"),
        K.LayerNormalization(axis=(1, 2), name="wide"),
        K.PReLU(name="slopes"),
        K.GRU(3, name="memory"),  # its bias has two dimensions
        K.BatchNormalization(name="norm"),
        K.Dense(2, name="first"),
        K.Dense(1, name="last"),
    ]
    model = keras.Sequential([keras.Input((6,), dtype="int32"), *layers], name="whole")
    model.compile(optimizer, "mse")
    return model


def decayed(model):
    """Which variables shrink at a step with gradients of zero."""
    zeros = [tf.zeros(each.shape) for each in model.trainable_variables]
    for each in model.trainable_variables:
        each.assign(tf.ones(each.shape))
    model.optimizer.apply(zeros, model.trainable_variables)
    changed = [each.path for each in model.trainable_variables if not np.allclose(each.numpy(), 1.0)]
    return {path.removeprefix("whole/") for path in changed}


KERNELS = {
    "words/embeddings",
    "memory/gru_cell/kernel",
    "memory/gru_cell/recurrent_kernel",
    "first/kernel",
    "last/kernel",
}


@pytest.mark.ordinarily("adam", "momentum", "delta_bar_delta")
def test_biases_and_normalization_are_spared(case):
    assert decayed(every_kind_of_variable(case.build(weight_decay=0.1, decay="kernels"))) == KERNELS


def test_all_or_fewer_can_be_chosen():
    model = every_kind_of_variable(Momentum(0.5, weight_decay=0.1, decay="all"))
    assert decayed(model) == {each.path.removeprefix("whole/") for each in model.trainable_variables}
    model = every_kind_of_variable(Momentum(0.5, weight_decay=0.1, never_decayed=["^whole/memory", "dings$"]))
    assert decayed(model) == {"first/kernel", "last/kernel"}


def test_what_is_excluded_survives_saving(tmp_path):
    optimizer = SGD(0.5, weight_decay=0.1, never_decayed=["words"])
    model = every_kind_of_variable(optimizer)
    optimizer.exclude_from_weight_decay(var_list=[model.get_layer("last").kernel], var_names=["recurrent"])
    model.fit(np.ones((8, 6), "int32"), np.ones((8, 1)), verbose=0)
    model.save(tmp_path / "model.keras")
    expected = {"memory/gru_cell/kernel", "first/kernel"}
    assert decayed(model) == decayed(keras.models.load_model(tmp_path / "model.keras")) == expected
    with pytest.raises(ValueError, match="before the optimizer is built"):
        optimizer.exclude_from_weight_decay(var_names=["first"])


def test_the_rate_scales_the_decay(elementwise_case):
    case = elementwise_case
    variable = keras.Variable(np.ones((2, 2), "float32"), name="kernel")
    optimizer = case.build(weight_decay=0.1)
    optimizer.build([variable])
    optimizer.learning_rate = 0.5
    optimizer.apply([tf.zeros((2, 2))], [variable])
    np.testing.assert_allclose(variable.numpy(), 1 - 0.5 * 0.1, rtol=1e-6)


# --- gradients that are not finite ----------------------------------------------------------------------------------


def root_of_zero(optimizer, **options):
    """The loss is finite, the gradient of one layer is not."""
    inputs = keras.Input((2,))
    x = K.Dense(2, kernel_initializer="ones", name="fine")(inputs)
    x = K.Dense(2, kernel_initializer="zeros", name="guilty")(x)
    model = keras.Model(inputs, K.Lambda(keras.ops.sqrt)(x))
    model.compile(optimizer, "mse", **options)
    return model


def check_that_a_bad_gradient_stops(optimizer, bad, **options):
    layers = [K.Dense(3, name="first"), K.Dense(1, name="second")]
    model = keras.Sequential([keras.Input((2,)), *layers])
    model.compile(optimizer, "mse", **options)
    x, y = np.ones((32, 2)), np.ones((32, 1))
    model.fit(x, y, verbose=0)
    everything = [*model.variables, *optimizer.variables]
    before = [each.numpy().copy() for each in everything]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"NaN or infinite.*(\n.*)?second"):
        model.fit(np.array([[bad, 1.0]]), y[:1], verbose=0)
    for one, other in zip(before, everything, strict=True):
        np.testing.assert_array_equal(one, other.numpy(), err_msg=other.path)


@pytest.mark.ordinarily("adam")
def test_a_bad_gradient_stops_the_training_and_leaves_weights_and_state(typical_case):
    check_that_a_bad_gradient_stops(typical_case.build(), np.nan)


@pytest.mark.parametrize("options", [{"run_eagerly": True}, {}, {"steps_per_execution": 4}])
@pytest.mark.ordinarily("options1")
def test_whatever_way_it_runs(options):
    check_that_a_bad_gradient_stops(Momentum(), np.inf, **options)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_each_value_that_is_not_finite_is_found(bad, dtype):
    variables = [keras.Variable(np.ones(3), dtype=dtype, name=name) for name in ("one", "two")]
    optimizer = SGD(0.5)
    optimizer.build(variables)
    gradients = [tf.ones(3, dtype), tf.constant([0.0, bad, 1.0], dtype)]
    with pytest.raises(tf.errors.InvalidArgumentError, match="NaN or infinite"):
        optimizer.apply(gradients, variables)
    assert optimizer.nan_gradient == "two"
    np.testing.assert_array_equal(variables[0].numpy(), np.ones(3))


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_large_gradients_are_not_bad_ones(dtype):
    """Where their sum is beyond the largest number of float16, or of float32."""
    large = {"float16": 4e4, "float64": 1e300}[dtype]
    variable = keras.Variable(np.ones(8), dtype=dtype, name="wide")
    optimizer = SGD(1e-4)
    optimizer.build([variable])
    optimizer.apply([tf.constant([large] * 8, dtype)], [variable])
    assert optimizer.nan_gradient is None


def test_a_finite_loss_hides_nothing():
    model = root_of_zero(Momentum())
    with pytest.raises(tf.errors.InvalidArgumentError, match="guilty"):
        model.fit(np.ones((8, 2)), np.ones((8, 2)), verbose=0)


@pytest.mark.parametrize("options", [{}, {"jit_compile": True}, {"run_eagerly": True}])
@pytest.mark.ordinarily("options0", "options1")
def test_stop_on_nan_takes_it_over_and_names_the_layer(options):
    model, stop = root_of_zero(Momentum(), **options), callbacks.StopOnNaN()
    model.fit(np.ones((64, 2)), np.ones((64, 2)), batch_size=8, verbose=0, callbacks=[stop])
    assert stop.message == (
        "the loss is nan at epoch 1, step 2, learning rate 0.01, first in the gradient of guilty: try a lower learning "
        "rate or gradient clipping"
    )
    assert model.optimizer.raises_on_nan
    assert model.optimizer.nan_gradient is None


def test_a_range_test_may_go_as_far_as_it_likes():
    model = keras.Sequential([keras.Input((2,)), K.Dense(8, name="first"), K.Dense(1)])
    model.compile(Momentum(), "mse")
    generator = np.random.default_rng(0)
    x = generator.normal(size=(64, 2)).astype("float32")
    rate = callbacks.find_learning_rate(model, (x, x[:, :1]), high=1e30, low=1e-6, usual=10.0)
    assert 1e-6 < rate < 10
    assert model.optimizer.raises_on_nan


def test_loss_scaling_deals_with_its_overflows_itself():
    model = keras.Sequential([keras.Input((2,), dtype="float16"), K.Dense(1, dtype="mixed_float16")])
    model.compile(keras.optimizers.LossScaleOptimizer(Momentum(), initial_scale=2.0**40), "mse")
    model.fit(np.ones((64, 2)), np.ones((64, 1)), batch_size=2, verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()
    assert float(model.optimizer.dynamic_scale) < 2.0**40


# --- sparse gradients, two implementations --------------------------------------------------------------------------


def test_sparse_gradients_are_as_dense_ones(case):
    dense, sparse = (keras.Variable(np.ones((6, 2), "float32")) for _ in range(2))
    optimizers = case.build(), case.build()
    generator = np.random.default_rng(0)
    for optimizer, variable in zip(optimizers, (dense, sparse), strict=True):
        optimizer.build([variable])
    for _ in range(5):
        rows, values = generator.integers(0, 6, 4), generator.normal(size=(4, 2)).astype("float32")
        full = np.zeros((6, 2), "float32")
        np.add.at(full, rows, values)
        optimizers[0].apply([tf.constant(full)], [dense])
        optimizers[1].apply([tf.IndexedSlices(values, rows, (6, 2))], [sparse])
        np.testing.assert_allclose(sparse.numpy(), dense.numpy(), rtol=1e-6, atol=1e-7)


def set_fusible(monkeypatch, function):
    for name, module in list(sys.modules.items()):
        if name.startswith(optimizers.__name__) and module is not base and hasattr(module, "is_fusible"):
            monkeypatch.setattr(module, "is_fusible", function)


ALIKE = pytest.mark.thorough


@pytest.mark.parametrize(
    "dtype", ["float32", "bfloat16", pytest.param("float64", marks=ALIKE), pytest.param("float16", marks=ALIKE)]
)
@pytest.mark.ordinarily("adam", "momentum-float32")
def test_tensorflows_kernels_and_the_general_operations_agree(case, dtype, problem, apply, agree, monkeypatch):
    kernels = []
    for name in ("KerasMomentum", "Momentum", "RMSProp", "AdaMax", "AdagradV2", "Adadelta", "Adam", "AdamWithAmsgrad"):
        original = getattr(tf.raw_ops, f"ResourceApply{name}")
        monkeypatch.setattr(
            tf.raw_ops,
            f"ResourceApply{name}",
            lambda original=original, **arguments: kernels.append(1) or original(**arguments),
        )
    set_fusible(monkeypatch, lambda gradient, variable, least=0: base.is_fusible(gradient, variable))
    fused = apply(case.build(), *problem, dtype=dtype)
    wide = dtype in ("float32", "float64")
    assert len(kernels) == (25 if wide and case.fused else 0)
    set_fusible(monkeypatch, lambda gradient, variable, least=0: False)
    general = apply(case.build(), *problem, dtype=dtype)
    tolerance = {"float32": 1e-5, "float64": 2e-5, "float16": 1e-3, "bfloat16": 1e-2}[dtype]
    np.testing.assert_allclose(general, fused, rtol=0, atol=tolerance * np.abs(fused).max())
    if wide:
        assert agree(general, case.path(*problem))


@pytest.mark.parametrize("large_first", [False, True])
@pytest.mark.ordinarily("adam", "delta_bar_delta", "momentum")
def test_small_and_large_variables_in_one_step(elementwise_case, large_first, problem, agree):
    """Where some are updated by TensorFlow's kernel and some by the general operations."""
    case = elementwise_case
    start, gradients = problem
    small, large = keras.Variable(np.zeros(12, "float32")), keras.Variable(np.zeros((12, 2000), "float32"))
    variables = [large, small] if large_first else [small, large]
    optimizer, paths = case.build(), ([], [])
    optimizer.build(variables)
    for gradient in gradients.astype("float32"):
        wide = tf.constant(np.repeat(gradient[:, None], 2000, 1))
        optimizer.apply([wide, tf.constant(gradient)] if large_first else [tf.constant(gradient), wide], variables)
        paths[0].append(small.numpy())
        paths[1].append(large.numpy()[:, 1234])
    expected = case.path(start, gradients)
    assert agree(np.array(paths[0]), expected)
    assert agree(np.array(paths[1]), expected)


@pytest.mark.ordinarily("adam", "delta_bar_delta", "momentum")
def test_it_learns_in_half_precision(case, problem, apply):
    """Where 1 - 0.999 would be 0 in bfloat16."""
    start, gradients = problem
    path = apply(case.build(), start, gradients, dtype="bfloat16")
    expected = case.path(start, gradients)
    np.testing.assert_allclose(path[-1][:3], expected[-1][:3], rtol=0.1, atol=0.1 * np.abs(expected).max())


# --- arguments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": -0.1}, "learning_rate must be a number >= 0. Received: learning_rate=-0.1"),
        ({"learning_rate": "0.1"}, "learning_rate must be a number >= 0. Received: learning_rate='0.1'"),
        ({"learning_rate": np.nan}, "learning_rate must be a number >= 0. Received: learning_rate=nan"),
        ({"weight_decay": -1}, "weight_decay must be a number >= 0. Received: weight_decay=-1"),
        ({"clipnorm": 0}, "clipnorm must be a number > 0. Received: clipnorm=0"),
        ({"clipvalue": "1"}, "clipvalue must be a number > 0. Received: clipvalue='1'"),
        ({"global_clipnorm": -2.0}, "global_clipnorm must be a number > 0. Received: global_clipnorm=-2.0"),
        ({"gradient_accumulation_steps": 1}, "gradient_accumulation_steps must be an integer >= 2. Received: gradient_"
         "accumulation_steps=1"),
        ({"decay": "biases"}, "decay must be one of 'kernels', 'all'. Received: decay='biases'"),
        ({"never_decayed": ["("]}, "never_decayed must be a sequence of regular expressions. Received: never_decayed="
         "'('"),
    ],
)  # fmt: skip
def test_bad_arguments_of_all(case, options, message):
    with pytest.raises(InvalidArgument) as raised:
        case.build(**options)
    assert str(raised.value) == message


OUTSIDE = {
    "momentum": [1.0, -0.1, "0.9"],
    "dampening": [1.0, -0.1],
    "nesterov": [1, None],
    "rate_inside": [0],
    "rho": [1.0, -0.1],
    "beta_1": [1.0, -0.1, True],
    "beta_2": [1.0, "x"],
    "epsilon": [0.0, -1e-7],
    "amsgrad": ["yes"],
    "threshold": [3.9],
    "momentum_decay": [-1.0],
}


@pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(OPTIMIZERS[case.name].build, type)], ids=lambda case: case.name
)
def test_bad_arguments_of_some(case):
    for name in OUTSIDE.keys() & inspect.signature(OPTIMIZERS[case.name].build).parameters:
        for value in OUTSIDE[name]:
            with pytest.raises(InvalidArgument, match=f"^{name} must be .*Received: {name}="):
                case.build(**{name: value})


def test_arguments_that_contradict_each_other():
    with pytest.raises(InvalidArgument, match="momentum must be a number >= 0 and < 1 with nesterov=True"):
        RMSProp(nesterov=True)
    with pytest.raises(InvalidArgument, match=r"beta_2 must be a number > 0\.666667 and < 1\. Received: beta_2=0\.6"):
        RAdam(beta_2=0.6)


def test_a_momentum_that_is_not_there_cannot_be_assigned():
    assert not has_live_momentum(RMSProp())
    with pytest.raises(AttributeError):
        RMSProp().momentum = 0.5


@pytest.mark.parametrize("kind", [Adam, Nadam])
def test_without_any_memory_adam_is_the_sign_of_the_gradient(kind, problem, apply):
    start, gradients = problem
    path = apply(kind(0.1, beta_1=0.0, beta_2=0.0), start, gradients)
    np.testing.assert_allclose(path[:, :6], -0.1 * np.cumsum(np.sign(gradients), 0)[:, :6], rtol=0.02, atol=1e-3)


def test_sgd_has_no_momentum_to_ask_for():
    assert {"momentum", "nesterov"}.isdisjoint(SGD().get_config())
