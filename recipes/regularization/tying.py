"""tie: a penalty on the distance between the weights of two models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ...callbacks.checks import InvalidArgument, check_number
from ...callbacks.inside.backend import check_tensorflow

__all__ = ["tie", "untie"]

Layers = Sequence[str] | Mapping[str, str] | None


def tie(
    first: keras.Model | keras.layers.Layer,
    second: keras.Model | keras.layers.Layer,
    strength: float = 1e-2,
    *,
    layers: Layers = None,
) -> None:
    """Adds ``strength / 2 * sum (w_first - w_second)^2`` over the kernels of corresponding layers to the loss of first.

    This is parameter tying: it pulls together weights that should be similar but not equal. The penalty applies
    whenever a model that contains ``first`` is trained. The effect on ``second`` depends on where it is:

    - in the same model (two branches of one network): both are pulled, with ``strength * (w_first - w_second)``;
    - elsewhere: it does not change, and first is pulled towards it: a pretrained model as a prior. To train two models
      in turns, tie each to the other.

    Like compiling, this concerns training only. It leaves no trace in saved models, exports and predictions: tie a
    model again after loading or cloning it. If first is part of a model that has already been trained, compile that
    model again. The kernels keep their own regularizers. Biases and normalization are not tied, and frozen kernels of
    first have no penalty.

    Args:
        first: a built Keras model or layer with a trainable kernel.
        second: another one, whose kernels have the same shapes in the same order.
        strength: >= 0. Default 0.01; 0 unties. Tying the same two again replaces the strength.
        layers: None (default) for all layers; or the names of the layers to tie, the same in both models; or a mapping
            from names in first to names in second.

    Raises:
        InvalidArgument: for a negative strength, an unknown layer, kernels that do not correspond or are shared, or a
            first whose kernels are all frozen.

    Source: Goodfellow et al. 2016, section 7.9, after Lasserre et al. 2006; towards a pretrained model: L2-SP, Li et
    al. 2018, arXiv:1802.01483.

    Example:
        >>> old, new = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]) for _ in range(2))
        >>> tie(new, old, strength=0.1)
        >>> d = keras.ops.convert_to_numpy(new.layers[0].kernel - old.layers[0].kernel)
        >>> bool(np.isclose(float(sum(new.losses)), 0.1 / 2 * np.sum(d**2)))
        True
    """
    check_tensorflow("tie")  # on JAX the step would keep the value that ``second`` had when it was compiled
    strength = check_number("strength", strength, low=0)
    pairs = list(_kernel_pairs(first, second, layers))
    if strength and not any(kernel.trainable for kernel, _ in pairs):
        raise InvalidArgument("first", first.name, "trainable: its kernels are frozen, so that nothing would pull them")
    for kernel, target in pairs:
        ties = kernel.regularizer if isinstance(kernel.regularizer, _Ties) else _Ties(kernel.regularizer)
        ties.set(target, float(strength))
        kernel.regularizer = ties if len(ties) else ties.original
    for traced in ("train_function", "test_function"):  # compiled with the old penalties
        if getattr(first, traced, None) is not None:
            setattr(first, traced, None)


def untie(
    first: keras.Model | keras.layers.Layer, second: keras.Model | keras.layers.Layer, *, layers: Layers = None
) -> None:
    """Undoes :func:`tie` with the same arguments.

    Example:
        >>> old, new = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]) for _ in range(2))
        >>> tie(new, old)
        >>> untie(new, old)
        >>> new.losses
        []
    """
    tie(first, second, 0.0, layers=layers)


class _Ties(keras.regularizers.Regularizer):
    """The penalty on one kernel: that of its original regularizer, plus its distances from the kernels it is tied to.

    Keras reads ``variable.regularizer`` at each step and never saves it; it saves the layer's regularizer.
    """

    def __init__(self, original: Any):
        self.original = original
        self._targets: dict[int, tuple[keras.Variable, float]] = {}

    def set(self, target: keras.Variable, strength: float) -> None:
        self._targets.pop(id(target), None)
        if strength:
            self._targets[id(target)] = (target, strength)

    def __len__(self) -> int:
        return len(self._targets)

    def __call__(self, x: Any) -> Any:
        penalties = [strength / 2 * ops.sum(ops.square(x - target)) for target, strength in self._targets.values()]
        return sum(penalties if self.original is None else [self.original(x), *penalties])


def _kernel_pairs(first: Any, second: Any, layers: Layers) -> Iterator[tuple[keras.Variable, keras.Variable]]:
    """The kernels of ``first``, each with the corresponding kernel of ``second``."""
    for argument, layer in (("first", first), ("second", second)):
        if not isinstance(layer, keras.layers.Layer):
            raise InvalidArgument(argument, layer, "a Keras model or layer")
    if layers is None:
        yield from _corresponding(first, second)
        return
    if isinstance(layers, str) or not isinstance(layers, (Sequence, Mapping)) or not layers:
        raise InvalidArgument("layers", layers, "None, names of layers, or a mapping from first's names to second's")
    if not all(isinstance(name, str) for name in layers):
        raise InvalidArgument("layers", layers, "names of layers, which are strings")
    names = layers if isinstance(layers, Mapping) else {name: name for name in layers}
    for first_name, second_name in names.items():
        yield from _corresponding(_layer(first, first_name), _layer(second, second_name))


def _layer(model: Any, name: str) -> keras.layers.Layer:
    known = {layer.name: layer for layer in getattr(model, "layers", ())}
    if name not in known:
        raise InvalidArgument("layers", name, f"one of the layers of {model.name!r}: {', '.join(known)}")
    return known[name]


def _corresponding(first: Any, second: Any) -> Iterator[tuple[keras.Variable, keras.Variable]]:
    kernels, targets = _kernels("first", first), _kernels("second", second)
    if len(kernels) != len(targets):
        accepted = f"one with {len(kernels)} kernels, as {first.name!r} has: {[tuple(k.shape) for k in kernels]}"
        raise InvalidArgument("second", [tuple(target.shape) for target in targets], accepted)
    for kernel, target in zip(kernels, targets, strict=True):
        if kernel is target:
            raise InvalidArgument("second", target.path, "another than first: this kernel is shared already")
        if tuple(kernel.shape) != tuple(target.shape):
            accepted = f"of shape {tuple(kernel.shape)}, as {kernel.path!r} is, at {target.path!r}"
            raise InvalidArgument("second", tuple(target.shape), accepted)
        yield kernel, target


def _kernels(argument: str, layer: Any) -> list[keras.Variable]:
    """The weights called kernel, recurrent_kernel, embeddings, ... in the layer's order."""
    kernels = [weight for weight in layer.weights if weight.name.endswith(("kernel", "embeddings"))]
    if not kernels:
        raise InvalidArgument(argument, layer.name, "built, with at least one kernel")
    return kernels
