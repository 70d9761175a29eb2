"""Layers and tensors: what Keras knows about them under private names."""

from __future__ import annotations

import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras

__all__ = [
    "LayerCall",
    "all_layers",
    "halves",
    "has_stateful_rnn",
    "is_functional",
    "logits_of",
    "mask_of",
    "node_of",
    "noise_shape",
    "normalizes_over_examples",
    "recorded_calls",
    "replaced_method",
    "trained_weights",
    "use_seed_generator",
]


def all_layers(layer: keras.layers.Layer, *, include_self: bool = True) -> list[keras.layers.Layer]:
    """The layers inside a layer or model at any depth, each once, in Keras' order.

    Args:
        layer: a model or layer, built or not.
        include_self: whether ``layer`` comes first. Default True.

    Example:
        >>> inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="a")], name="inner")
        >>> model = keras.Sequential([inner, keras.layers.Dense(1, name="b")], name="outer")
        >>> [layer.name for layer in all_layers(model) if not isinstance(layer, keras.layers.InputLayer)]
        ['outer', 'inner', 'a', 'b']
    """
    return list(layer._flatten_layers(include_self=include_self))


def trained_weights(layer: keras.layers.Layer) -> list[keras.Variable]:
    """The weights of a layer itself, without those inside it, that are trained unless it is frozen.

    Example:
        >>> layer = keras.layers.BatchNormalization(trainable=False)
        >>> layer.build((None, 3))
        >>> [weight.name for weight in trained_weights(layer)]
        ['gamma', 'beta']
    """
    return list(layer._trainable_variables)


def normalizes_over_examples(model: keras.layers.Layer) -> bool:
    """Whether a trainable batch normalization takes its statistics over examples alone, as after a dense layer.

    Of a batch of one example it then leaves nothing but its shift.

    Example:
        >>> layers = [keras.Input((3,)), keras.layers.BatchNormalization()]
        >>> normalizes_over_examples(keras.Sequential(layers)), normalizes_over_examples(keras.layers.Dense(2))
        (True, False)
    """
    return any(
        isinstance(layer, keras.layers.BatchNormalization)
        and layer.trainable
        and layer.built
        and layer.input_spec.ndim == 2
        for layer in all_layers(model)
    )


def has_stateful_rnn(model: keras.layers.Layer) -> bool:
    """Whether a recurrent layer carries its state from batch to batch, one for each place in the batch.

    Batches then all have one size, and the n-th examples of two batches belong together.

    Example:
        >>> layers = [keras.Input((5, 3), batch_size=8), keras.layers.GRU(2, stateful=True)]
        >>> has_stateful_rnn(keras.Sequential(layers)), has_stateful_rnn(keras.layers.GRU(2))
        (True, False)
    """
    return any(isinstance(layer, keras.layers.RNN) and layer.stateful for layer in all_layers(model))


def is_functional(model: Any) -> bool:
    """Whether ``model`` is a functional or sequential model: a graph of layers that Keras can clone.

    Example:
        >>> is_functional(keras.Sequential([keras.layers.Dense(1)])), is_functional(keras.layers.Dense(1))
        (True, False)
    """
    from keras.src.models.functional import Functional

    return isinstance(model, (keras.Sequential, Functional))


def mask_of(tensor: Any) -> Any:
    """The Keras mask of a tensor, of its shape without the last dimension, or None.

    Example:
        >>> words = keras.layers.Embedding(5, 2, mask_zero=True)(keras.ops.array([[3, 0]]))
        >>> mask_of(words).numpy().tolist()
        [[True, False]]
    """
    return keras.src.backend.get_keras_mask(tensor)


def node_of(tensor: Any) -> Any:
    """The call of a layer that made a symbolic tensor.

    Returns:
        A Keras ``Node``, with the attributes ``operation`` (the layer), ``input_tensors`` and ``output_tensors``.

    Example:
        >>> inputs = keras.Input((3,))
        >>> node = node_of(keras.layers.Dense(2, name="a")(inputs))
        >>> node.operation.name, node.input_tensors[0] is inputs
        ('a', True)
    """
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


def logits_of(output: Any) -> Any:
    """The logits from which a softmax or sigmoid computed ``output``, if Keras kept them for its losses, else None.

    Example:
        >>> logits = keras.ops.array([[0.0, 2.0]])
        >>> logits_of(keras.activations.softmax(logits)) is logits
        True
    """
    return getattr(output, "_keras_logits", None)


def halves(values: Any) -> tuple[Any, Any]:
    """Each tensor of a structure split into two halves of examples, with its Keras mask and logits; None stays.

    Example:
        >>> first, second = halves({"x": keras.ops.arange(4), "weights": None})
        >>> first["x"].numpy().tolist(), second["x"].numpy().tolist(), second["weights"]
        ([0, 1], [2, 3], None)
    """

    def half(place: int, tensor: Any) -> Any:
        if tensor is None:
            return None
        part = keras.ops.split(tensor, 2)[place]
        mask, logits = half(place, mask_of(tensor)), half(place, logits_of(tensor))
        if mask is not None:
            keras.src.backend.set_keras_mask(part, mask)
        if logits is not None:
            part._keras_logits = logits
        return part

    first, second = (keras.tree.map_structure(functools.partial(half, place), values) for place in (0, 1))
    return first, second


def noise_shape(layer: keras.layers.Dropout, inputs: Any) -> Any:
    """The shape of the random numbers that a dropout layer draws for ``inputs``. Spatial dropout draws one per channel.

    Example:
        >>> [int(size) for size in noise_shape(keras.layers.SpatialDropout1D(0.5), keras.ops.ones((2, 3, 4)))]
        [2, 1, 4]
    """
    if hasattr(layer, "_get_noise_shape"):  # spatial dropout
        return layer._get_noise_shape(inputs)
    return keras.ops.shape(inputs) if layer.noise_shape is None else layer.noise_shape


def use_seed_generator(layer: keras.layers.Layer, generator: keras.random.SeedGenerator) -> None:
    """Makes a random preprocessing layer, and the layers inside it, draw their seeds from ``generator``.

    By default each of them has a generator of its own.

    Args:
        layer: a ``RandomFlip``, ``RandomRotation``, ..., or a ``Pipeline`` of them.
        generator: its ``next`` returns the seeds.

    Example:
        >>> flip = keras.layers.RandomFlip()
        >>> use_seed_generator(flip, keras.random.SeedGenerator(0))
    """
    for inner in all_layers(layer):  # through vars, to bypass Keras' tracking of attributes
        vars(inner)["_get_seed_generator"] = lambda backend=None: generator


@contextlib.contextmanager
def replaced_method(owner: Any, name: str, make: Callable[[Any], Any]) -> Iterator[None]:
    """A context in which a method of one object is replaced by ``make(method)``, for calls from this thread.

    The replacement bypasses Keras' tracking of attributes. The replicas of a ``tf.distribute`` strategy trace the same
    step in a thread each, one inside the context of the other.

    Args:
        owner: a layer, a model, an optimizer, ...
        name: the method's name.
        make: takes the bound method and returns its replacement.

    Example:
        >>> layer = keras.layers.Identity()
        >>> with replaced_method(layer, "call", lambda call: lambda inputs: 2 * call(inputs)):
        ...     print(float(layer(keras.ops.array(1.0))))
        2.0
        >>> float(layer(keras.ops.array(1.0)))
        1.0
    """
    attributes = vars(owner)
    switch = attributes.get(name)
    if not isinstance(switch, _Switch):
        switch = attributes[name] = _Switch(getattr(owner, name), attributes, name)
    with switch.turned(make):
        yield


class _Switch:
    """A method with a replacement in some threads. It takes itself away when no thread has one any more."""

    def __init__(self, method: Callable[..., Any], attributes: dict[str, Any], name: str):
        self._method, self._attributes, self._name = method, attributes, name
        self._own = name in attributes
        self._replacements: dict[int, Callable[..., Any]] = {}
        functools.update_wrapper(self, method)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._replacements.get(threading.get_ident(), self._method)(*args, **kwargs)

    @contextlib.contextmanager
    def turned(self, make: Callable[[Any], Any]) -> Iterator[None]:
        """A context in which this thread has another replacement."""
        thread = threading.get_ident()
        before = self._replacements.get(thread)
        self._replacements[thread] = make(before or self._method)
        try:
            yield
        finally:
            if before is not None:
                self._replacements[thread] = before
            else:
                del self._replacements[thread]
            if not self._replacements:
                del self._attributes[self._name]
                if self._own:
                    self._attributes[self._name] = self._method


@dataclass(frozen=True)
class LayerCall:
    """One call of a layer: the arguments by name, as they were passed, and what it returned."""

    layer: keras.layers.Layer
    arguments: dict[str, Any]
    result: Any

    @property
    def inputs(self) -> Any:
        """The first argument."""
        return next(iter(self.arguments.values()))


@contextlib.contextmanager
def recorded_calls(layers: Sequence[keras.layers.Layer]) -> Iterator[list[LayerCall]]:
    """A context that records the calls of these layers, in the order in which they return.

    Layers inside a function that was compiled earlier are not recorded: Python does not call them.

    Example:
        >>> dense = keras.layers.Dense(2)
        >>> with recorded_calls([dense]) as calls:
        ...     result = dense(keras.ops.ones((4, 3)))
        >>> [tuple(call.inputs.shape) for call in calls], calls[0].result is result
        ([(4, 3)], True)
    """
    calls: list[LayerCall] = []

    def recorded(layer: keras.layers.Layer, call: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(call)

        @functools.wraps(call)
        def recorded_call(*args: Any, **kwargs: Any) -> Any:
            result = call(*args, **kwargs)
            calls.append(LayerCall(layer, signature.bind(*args, **kwargs).arguments, result))
            return result

        return recorded_call

    with contextlib.ExitStack() as stack:
        for layer in layers:
            stack.enter_context(replaced_method(layer, "call", functools.partial(recorded, layer)))
        yield calls
