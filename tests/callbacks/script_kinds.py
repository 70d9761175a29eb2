"""Kinds of training scripts: models and data of 3 batches of 8, and the loss of each step written by hand.

A kind knows how its model is made, how ``fit`` gets its data, and what a training step minimizes. :func:`plain` trains
such a model in an ordinary loop, without Keras' ``fit`` and without callbacks.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from callbacks.inside.layers import mask_of

K = keras.layers
SIZE, STEPS, EPOCHS = 8, 3, 2
L2 = 0.02

random = np.random.default_rng(0)
X = random.normal(size=(SIZE * STEPS, 3)).astype("float32")
Y = (np.tanh(X @ [[1.0], [-2.0], [0.5]]) + 0.1 * random.normal(size=(SIZE * STEPS, 1))).astype("float32")
W = np.linspace(0.25, 2.0, SIZE * STEPS).astype("float32")
STEPS_OF_TIME = np.where(np.arange(5) < 1 + np.arange(SIZE * STEPS)[:, None] % 5, 1.0, 0.0).astype("float32")
"""1 where a sequence goes on, 0 behind its end, shape (24, 5)."""
SEQUENCES = (random.normal(size=(SIZE * STEPS, 5, 3)) * STEPS_OF_TIME[..., None]).astype("float32")
TAGS = np.cumsum(SEQUENCES, 1)[..., :1].astype("float32")


def start(seed: int) -> keras.Initializer:
    return keras.initializers.RandomNormal(0.5, seed=seed)


def norm() -> K.Layer:
    return K.BatchNormalization(momentum=0.5, name="norm")


def hidden(**options: Any) -> K.Layer:
    return K.Dense(2, "tanh", kernel_initializer=start(1), name="hidden", **options)


def last(name: str = "last", seed: int = 2) -> K.Layer:
    return K.Dense(1, kernel_initializer=start(seed), name=name)


# --- models ---------------------------------------------------------------------------------------------------------


def functional() -> keras.Model:
    inputs = keras.Input((3,))
    return keras.Model(inputs, last()(hidden(kernel_regularizer=keras.regularizers.L2(L2))(norm()(inputs))))


def half() -> keras.Model:
    """The functional model, computing in bfloat16."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        inputs = keras.Input((3,), dtype="float32")
        output = K.Dense(1, kernel_initializer=start(2), name="last", dtype="float32")
        return keras.Model(inputs, output(hidden(kernel_regularizer=keras.regularizers.L2(L2))(norm()(inputs))))
    finally:
        keras.config.set_dtype_policy(before)


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.hidden, self.last = norm(), hidden(), last()
        self(X[:1])

    def call(self, x: Any, training: Any = None) -> Any:
        return self.last(self.hidden(self.norm(x, training=training)))


class OwnStep(Subclassed):
    """It trains on absolute errors and small answers, whatever the loss of ``compile``."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = own_loss(self, y, self(x, training=True), None)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"own_loss": loss}  # Keras would show its own number for a "loss" at the end of an epoch


class TwoOptimizers(keras.Model):
    """A net and another one for its errors, each with an optimizer; that of ``compile`` trains nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.net = keras.Sequential([keras.Input((3,)), norm(), hidden(), last()], name="net")
        self.rest = keras.Sequential([keras.Input((3,)), last("other", 3)], name="rest")
        self.error = keras.metrics.Mean("error")
        self.built = True

    def call(self, x: Any, training: Any = None) -> Any:
        return self.net(x, training=training) + self.rest(x)

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        logs = {}
        for phase in PHASES:
            with tf.GradientTape() as tape:
                loss = phase.loss(self, x, y, None)
            weights = phase.weights(self)
            getattr(self, phase.optimizer).apply(tape.gradient(loss, weights), weights)
            logs[phase.optimizer.replace("optimizer", "loss")] = loss
        return logs

    def test_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        self.error.update_state((self(x, training=False) - y) ** 2)
        return {"error": self.error.result()}


def lists() -> keras.Model:
    inputs = [keras.Input((2,)), keras.Input((1,))]
    x = hidden()(norm()(K.Concatenate()(inputs)))
    return keras.Model(inputs, [last("p", 2)(x), last("q", 3)(x)])


def dictionaries() -> keras.Model:
    inputs = {"a": keras.Input((2,), name="a"), "b": keras.Input((1,), name="b")}
    x = hidden()(norm()(K.Concatenate()([inputs["a"], inputs["b"]])))
    return keras.Model(inputs, {"p": last("p", 2)(x), "q": last("q", 3)(x)})


def masked() -> keras.Model:
    inputs = keras.Input((5, 3))
    return keras.Model(inputs, last()(hidden()(norm()(K.Masking()(inputs)))))


def frozen() -> keras.Model:
    layers = [keras.Input((3,)), K.Dense(3, kernel_initializer=start(4)), K.BatchNormalization(name="old")]
    base = keras.Sequential(layers, name="base")
    base.trainable = False
    inputs = keras.Input((3,))
    return keras.Model(inputs, last()(hidden()(norm()(base(inputs)))))


# --- losses, by hand ------------------------------------------------------------------------------------------------


def squares(_model: keras.Model, y: Any, answer: Any, weight: Any) -> Any:
    errors = tf.reduce_mean((tf.cast(answer, tf.float32) - y) ** 2, -1)
    return tf.reduce_mean(errors if weight is None else errors * weight)


def penalized(model: keras.Model, y: Any, answer: Any, weight: Any) -> Any:
    return squares(model, y, answer, weight) + L2 * tf.reduce_sum(model.get_layer("hidden").kernel.value ** 2)


def own_loss(_model: keras.Model, y: Any, answer: Any, _weight: Any) -> Any:
    return tf.reduce_mean(tf.abs(answer - y)) + 0.1 * tf.reduce_mean(answer**2)


def two_squares(model: keras.Model, y: Any, answer: Any, weight: Any) -> Any:
    errors = [
        squares(model, *pair, weight) for pair in zip(keras.tree.flatten(y), keras.tree.flatten(answer), strict=True)
    ]
    return errors[0] + 0.5 * errors[1]


def over_time(_model: keras.Model, y: Any, answer: Any, weight: Any) -> Any:
    mask = mask_of(answer) if weight is None else weight
    mask = tf.cast(mask, tf.float32)
    return tf.reduce_sum(mask * tf.reduce_mean((answer - y) ** 2, -1)) / tf.reduce_sum(mask)


@dataclass(frozen=True)
class Phase:
    """A part of a training step: what it minimizes, which weights it moves, and the attribute with its optimizer."""

    loss: Callable[[Any, Any, Any, Any], Any]
    weights: Callable[[Any], list[Any]] = lambda model: model.trainable_weights
    optimizer: str = "optimizer"


OWN_PHASE = Phase(lambda model, x, y, weight: own_loss(model, y, model(x, training=True), weight))
PHASES = (
    Phase(
        lambda model, x, y, weight: tf.reduce_mean((model.net(x, training=True) - y) ** 2),
        lambda model: model.net.trainable_weights,
        "net_optimizer",
    ),
    Phase(
        lambda model, x, y, weight: tf.reduce_mean(tf.abs(model.rest(x) + model.net(x, training=False) - y)),
        lambda model: model.rest.trainable_weights,
        "rest_optimizer",
    ),
)


# --- kinds ----------------------------------------------------------------------------------------------------------


class Batches(keras.utils.PyDataset):
    """Weighted batches."""

    def __init__(self, x: Any, y: Any, weight: Any):
        super().__init__()
        self.arrays = (x, y, weight)

    def __len__(self) -> int:
        return STEPS

    def __getitem__(self, index: int) -> Any:
        return tuple(array[SIZE * index : SIZE * (index + 1)] for array in self.arrays)


def generated(x: Any, y: Any) -> Iterator[Any]:
    while True:
        for place in range(0, len(x), SIZE):
            yield x[place : place + SIZE], y[place : place + SIZE]


@dataclass(frozen=True)
class Kind:
    """A kind of script.

    Attributes:
        make: the model, not compiled.
        answer_loss: what an ordinary step minimizes: takes the model, y, its answer and the weights.
        x, y, weight: all examples.
        options: of ``compile``.
        data: what ``fit`` gets instead of arrays, made of x, y and the weights; None for arrays.
        phases: of a ``train_step`` of its own.
        monitor: the name of the loss in the logs.
        validation: the name of the loss in the logs of an evaluation.
        replicas: how many share a batch.
        inputs_of_norm: what its batch normalization gets, from all of x.
        tolerance: of numbers that are computed in another order, relative.
    """

    name: str
    make: Callable[[], keras.Model]
    answer_loss: Callable[[Any, Any, Any, Any], Any] = squares
    x: Any = field(default_factory=lambda: X)
    y: Any = field(default_factory=lambda: Y)
    weight: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    data: Callable[..., Any] | None = None
    phases: tuple[Phase, ...] = ()
    monitor: str = "loss"
    validation: str = "val_loss"
    replicas: int = 1
    inputs_of_norm: Callable[[Any], Any] = lambda x: x
    tolerance: float = 2e-5

    @property
    def own_step(self) -> bool:
        return bool(self.phases)

    @property
    def several(self) -> bool:
        """Whether it has several optimizers."""
        return len(self.phases) > 1

    @property
    def steps_per_execution(self) -> int:
        return self.options.get("steps_per_execution", 1)

    def steps(self) -> tuple[Phase, ...]:
        if self.phases:
            return self.phases
        return (Phase(lambda model, x, y, weight: self.answer_loss(model, y, model(x, training=True), weight)),)

    def scope(self) -> Any:
        return two_replicas().scope() if self.replicas > 1 else contextlib.nullcontext()

    def model(self, optimizer: Callable[[], Any], second: Callable[[], Any] | None = None) -> keras.Model:
        """A compiled model, always with the same weights.

        Args:
            optimizer: makes the optimizer; of several the first.
            second: makes the second one, of which those have need that have two. Default ``optimizer``.
        """
        with self.scope():
            keras.utils.set_random_seed(0)
            model = self.make()
            if not self.several:
                model.compile(optimizer(), **{"loss": "mse", "auto_scale_loss": False, **self.options})
                return model
            model.compile()
            model.net_optimizer, model.rest_optimizer = optimizer(), (second or optimizer)()
            return model

    def given(self, x: Any = None, y: Any = None) -> Any:
        """All data in the form that the kind is named by."""
        x, y = self.x if x is None else x, self.y if y is None else y
        if self.data is not None:
            return self.data(x, y) if self.weight is None else self.data(x, y, self.weight)
        return (x, y) if self.weight is None else (x, y, self.weight)

    def fit(self, model: keras.Model, *callbacks: Any, epochs: int = EPOCHS, y: Any = None, **options: Any) -> Any:
        """``model.fit`` in the order of the examples; returns the History."""
        given = self.given(y=y)
        if self.data is not None:
            arguments = {"x": given, "steps_per_epoch": STEPS if self.data is generated else None}
        else:
            names = ("x", "y", "sample_weight")
            arguments = {**dict(zip(names, given, strict=False)), "batch_size": SIZE}
        return model.fit(**arguments, epochs=epochs, shuffle=False, verbose=0, callbacks=list(callbacks), **options)

    def batch(self, step: int, y: Any = None) -> tuple[Any, Any, Any]:
        """The batch of a step: (x, y, weights)."""
        place = slice(SIZE * (step % STEPS), SIZE * (step % STEPS + 1))
        rows = functools.partial(keras.tree.map_structure, lambda array: tf.constant(array[place]))
        return rows(self.x), rows(self.y if y is None else y), None if self.weight is None else rows(self.weight)

    def parts(self, batch: tuple[Any, Any, Any]) -> list[tuple[Any, Any, Any]]:
        """What each replica gets of a batch."""
        size = SIZE // self.replicas

        def part(index: int, value: Any) -> Any:
            return None if value is None else value[size * index : size * (index + 1)]

        return [keras.tree.map_structure(functools.partial(part, index), batch) for index in range(self.replicas)]

    def clean_loss(self, model: keras.Model, states: list[Any]) -> float:
        """The loss of all examples without training, where each replica has a state of its own: see :func:`plain`."""
        losses = []
        for step in range(STEPS):
            for state, (x, y, weight) in zip(states, self.parts(self.batch(step)), strict=True):
                set_state(model, state)
                losses.append(float(self.answer_loss(model, y, model(x, training=False), weight)))
        set_state(model, states[0])
        return float(np.mean(losses))


class OwnLoop(Kind):
    """A kind with a loop over ``train_on_batch``, which calls the callbacks itself."""

    def fit(self, model: keras.Model, *callbacks: Any, epochs: int = EPOCHS, y: Any = None, **options: Any) -> Any:
        hooks = keras.callbacks.CallbackList(
            list(callbacks), add_history=True, model=model, epochs=epochs, steps=STEPS, verbose=0
        )
        model.stop_training = False
        hooks.on_train_begin()
        for epoch in range(epochs):
            hooks.on_epoch_begin(epoch)
            for batch in range(STEPS):
                hooks.on_train_batch_begin(batch)
                logs = model.train_on_batch(*self.batch(batch, y), return_dict=True)
                hooks.on_train_batch_end(batch, logs)
                if model.stop_training:
                    break
            hooks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        hooks.on_train_end()
        return model.history


@functools.cache
def two_replicas() -> Any:
    """Two replicas on two logical processors, which a process must have set up before TensorFlow runs anything."""
    return tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])


PAIR = [X[:, :2], X[:, 2:]]
NAMED = {"a": X[:, :2], "b": X[:, 2:]}
TOGETHER: dict[str, Any] = {
    "answer_loss": two_squares,
    "inputs_of_norm": lambda x: np.concatenate(keras.tree.flatten(x), 1),
}


def unmasked(x: Any) -> Any:
    return x.reshape(-1, 3)[STEPS_OF_TIME.reshape(-1) > 0]


def half_precision(x: Any) -> Any:
    return np.asarray(tf.cast(tf.cast(x, tf.bfloat16), tf.float64))


def through_base(x: Any) -> Any:
    base = frozen().get_layer("base")
    return np.asarray(x, "float64") @ base.layers[0].kernel.numpy() / np.sqrt(1 + 1e-3)


REGULARIZED: dict[str, Any] = {"make": functional, "answer_loss": penalized}
KINDS = {
    kind.name: kind
    for kind in (
        Kind("functional", **REGULARIZED),
        Kind("subclassed", Subclassed),
        Kind("own train_step", OwnStep, phases=(OWN_PHASE,), monitor="own_loss"),
        Kind("two optimizers", TwoOptimizers, phases=PHASES, monitor="net_loss", validation="val_error"),
        Kind("lists", lists, x=PAIR, y=[Y, -Y], options={"loss": ["mse"] * 2, "loss_weights": [1.0, 0.5]}, **TOGETHER),
        Kind(
            "dictionaries",
            dictionaries,
            x=NAMED,
            y={"p": Y, "q": -Y},
            options={"loss": {"p": "mse", "q": "mse"}, "loss_weights": {"p": 1.0, "q": 0.5}},
            **TOGETHER,
        ),
        Kind("sample weights", weight=W, **REGULARIZED),
        Kind("PyDataset", weight=W, data=Batches, **REGULARIZED),
        Kind("generator", data=generated, **REGULARIZED),
        Kind("masks", masked, over_time, x=SEQUENCES, y=TAGS, inputs_of_norm=unmasked),
        Kind("mixed precision", half, penalized, inputs_of_norm=half_precision, tolerance=2e-2),
        Kind("XLA", options={"jit_compile": True}, **REGULARIZED),
        Kind("steps_per_execution", options={"steps_per_execution": 2}, **REGULARIZED),
        Kind("two replicas", replicas=2, **REGULARIZED),
        Kind("nested frozen base", frozen, inputs_of_norm=through_base),
        OwnLoop("own loop", **REGULARIZED),
    )
}


# --- a plain loop ---------------------------------------------------------------------------------------------------


def flat(values: Any) -> np.ndarray:
    """Weights or gradients as one float64 vector."""
    return np.concatenate([np.asarray(keras.ops.convert_to_numpy(value), "float64").ravel() for value in values])


def assign(variables: list[Any], vector: np.ndarray) -> None:
    """Writes a vector to variables, the inverse of :func:`flat`."""
    for variable in variables:
        size = int(np.prod(variable.shape))
        variable.assign(vector[:size].reshape(variable.shape))
        vector = vector[size:]


Rule = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From the first weights (n,) and the gradients so far (steps, n) to the weights after them, (steps, n): NumPy."""


def descent(rates: Any) -> Rule:
    """Plain gradient descent with one rate, or with one for each step."""

    def rule(first: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        each = np.broadcast_to(rates, max(len(gradients), np.size(rates)))[: len(gradients)]
        return first - np.cumsum(each[:, None] * gradients, 0)

    return rule


@dataclass
class Path:
    """What a plain loop did.

    Attributes:
        model: as the loop has left it.
        losses: of each step, in each phase: phase -> list.
        gradients: of each step, in each phase: phase -> list of vectors.
        evaluations: the loss without training after each step.
    """

    model: keras.Model
    losses: list[list[float]]
    gradients: list[list[np.ndarray]]
    evaluations: list[float]

    @property
    def norms(self) -> np.ndarray:
        """The norm of the whole gradient at each step."""
        return np.array([np.linalg.norm(np.concatenate(step)) for step in zip(*self.gradients, strict=True)])

    @property
    def weights(self) -> np.ndarray:
        return flat(self.model.trainable_weights)


def plain(
    kind: Kind,
    *rules: Rule,
    steps: int = EPOCHS * STEPS,
    loss_of: Callable[..., Any] | None = None,
    noise: Callable[[keras.Model, int], Any] | None = None,
    evaluate: bool = False,
) -> Path:
    """Trains a new model of this kind in a loop: GradientTape, and the update in NumPy.

    Args:
        kind: of script.
        *rules: one for each phase; the last one serves the rest.
        steps: how many.
        loss_of: replaces the loss of an ordinary step: takes kind, model, x, y and weights.
        noise: a context around the gradient of a step: takes the model and the number of the step.
        evaluate: whether to evaluate after each step.
    """
    keras.utils.set_random_seed(0)
    model = kind.make()
    phases = kind.steps()
    rules = (*rules, *[rules[-1]] * (len(phases) - len(rules)))
    first = [flat(phase.weights(model)) for phase in phases]
    path = Path(model, [[] for _ in phases], [[] for _ in phases], [])
    states = [_state(model)] * kind.replicas
    for step in range(steps):
        for place, phase in enumerate(phases):
            weights = phase.weights(model)
            loss = phase.loss if loss_of is None else functools.partial(loss_of, kind)
            with contextlib.nullcontext() if noise is None else noise(model, step):
                value, gradient = _mean_gradient(kind, model, loss, weights, kind.batch(step), states)
            path.losses[place].append(value)
            path.gradients[place].append(gradient)
            assign(weights, rules[place](first[place], np.array(path.gradients[place]))[-1])
        if evaluate:
            path.evaluations.append(kind.clean_loss(model, states))
    return path


def _state(model: keras.Model) -> list[np.ndarray]:
    """Averages of batch normalization and states of random generators, of which each replica has its own."""
    return [variable.numpy() for variable in model.non_trainable_variables]


def set_state(model: keras.Model, state: list[np.ndarray]) -> None:
    for variable, value in zip(model.non_trainable_variables, state, strict=True):
        variable.assign(value)


def _mean_gradient(kind: Kind, model: keras.Model, loss: Any, weights: list[Any], batch: Any, states: list[Any]) -> Any:
    """The mean loss and gradient over the replicas, whose states move on."""
    values, gradients = [], []
    for replica, part in enumerate(kind.parts(batch)):
        set_state(model, states[replica])
        with tf.GradientTape() as tape:
            value = loss(model, *part)
        values.append(float(value))
        gradients.append(flat(tape.gradient(value, [weight.value for weight in weights])))
        states[replica] = _state(model)
    set_state(model, states[0])
    return float(np.mean(values)), np.mean(gradients, 0)
