"""tie: a penalty on the distance between the weights of two models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ...callbacks.checks import InvalidArgument, check_number

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

    Parameter tying: weights that are believed to be close to one another, yet not equal, are pulled together. Every
    model that holds ``first`` and is trained has the penalty. What ``second`` does depends on where it is:

    - in the same model (two branches of one network): both are pulled, with ``strength * (w_first - w_second)``;
    - elsewhere: it stays as it is, and first is pulled towards it: a pretrained model as a prior. For two models that
      are trained in turns, tie each to the other.

    Like compiling, this is a matter of training. It leaves no trace in what is saved, exported or predicted: a model
    that was loaded or cloned has to be tied again. Where first is a part of a model that has been trained already,
    compile that again. Regularizers that the kernels have stay in force. Biases and normalization are not tied, and
    frozen kernels of first have no penalty.

    Args:
        first: a built Keras model or layer, of which some kernel is trainable.
        second: another of the same architecture; only the shapes of the kernels, in their order, have to be the same.
        strength: >= 0. Default 0.01; 0 unties. Tying the same two again replaces the strength.
        layers: None (default) for all layers; or the names of those to tie, the same in both models; or a mapping from
            names in first to names in second.

    Raises:
        InvalidArgument: for a negative strength, an unknown layer, kernels that do not correspond, or are one and the
            same, or are all frozen in first.

    Source: Goodfellow et al. 2016, section 7.9, after Lasserre et al. 2006; towards a pretrained model: Li et al. 2018,
    arXiv:1802.01483, as L2-SP.

    Example:
        >>> old, new = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]) for _ in range(2))
        >>> tie(new, old, strength=0.1)
        >>> d = keras.ops.convert_to_numpy(new.layers[0].kernel - old.layers[0].kernel)
        >>> bool(np.isclose(float(sum(new.losses)), 0.1 / 2 * np.sum(d**2)))
        True
    """
    check_number("strength", strength, low=0)
    found = list(_pairs(first, second, layers))
    if strength and not any(one.trainable for one, _ in found):
        raise InvalidArgument("first", first.name, "trainable: its kernels are frozen, so that nothing would pull them")
    for one, other in found:
        ties = one.regularizer if isinstance(one.regularizer, _Ties) else _Ties(one.regularizer)
        ties.set(other, float(strength))
        one.regularizer = ties if len(ties) else ties.own
    for traced in ("train_function", "test_function"):  # which know the penalties of before
        if getattr(first, traced, None) is not None:
            setattr(first, traced, None)


def untie(
    first: keras.Model | keras.layers.Layer, second: keras.Model | keras.layers.Layer, *, layers: Layers = None
) -> None:
    """Takes back what :func:`tie` of the same arguments did.

    Example:
        >>> old, new = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]) for _ in range(2))
        >>> tie(new, old)
        >>> untie(new, old)
        >>> new.losses
        []
    """
    tie(first, second, 0.0, layers=layers)


class _Ties(keras.regularizers.Regularizer):
    """The penalty on one kernel: its own regularizer's, and that of its distances from others.

    Keras asks ``variable.regularizer`` at each step and never saves it: what is saved is the layer's own.
    """

    def __init__(self, own: Any):
        self.own = own
        self._others: dict[int, tuple[keras.Variable, float]] = {}

    def set(self, other: keras.Variable, strength: float) -> None:
        self._others.pop(id(other), None)
        if strength:
            self._others[id(other)] = (other, strength)

    def __len__(self) -> int:
        return len(self._others)

    def __call__(self, x: Any) -> Any:
        penalties = [strength / 2 * ops.sum(ops.square(x - other)) for other, strength in self._others.values()]
        return sum(penalties if self.own is None else [self.own(x), *penalties])


def _pairs(first: Any, second: Any, layers: Layers) -> Iterator[tuple[keras.Variable, keras.Variable]]:
    """The kernels of ``first`` with the corresponding ones of ``second``."""
    for name, each in (("first", first), ("second", second)):
        if not isinstance(each, keras.layers.Layer):
            raise InvalidArgument(name, each, "a Keras model or layer")
    if layers is None:
        yield from _corresponding(first, second)
        return
    if isinstance(layers, str) or not isinstance(layers, (Sequence, Mapping)) or not layers:
        raise InvalidArgument("layers", layers, "None, names of layers, or a mapping from first's names to second's")
    names = layers if isinstance(layers, Mapping) else {name: name for name in layers}
    for one, other in names.items():
        yield from _corresponding(_layer(first, one), _layer(second, other))


def _layer(model: Any, name: str) -> keras.layers.Layer:
    known = {layer.name: layer for layer in getattr(model, "layers", ())}
    if name not in known:
        raise InvalidArgument("layers", name, f"one of the layers of {model.name!r}: {', '.join(known)}")
    return known[name]


def _corresponding(first: Any, second: Any) -> Iterator[tuple[keras.Variable, keras.Variable]]:
    kernels, others = _kernels("first", first), _kernels("second", second)
    if len(kernels) != len(others):
        accepted = f"one with {len(kernels)} kernels, as {first.name!r} has: {[tuple(k.shape) for k in kernels]}"
        raise InvalidArgument("second", [tuple(k.shape) for k in others], accepted)
    for one, other in zip(kernels, others, strict=True):
        if one is other:
            raise InvalidArgument("second", other.path, "another than first: this kernel is shared already")
        if tuple(one.shape) != tuple(other.shape):
            accepted = f"of shape {tuple(one.shape)}, as {one.path!r} is, at {other.path!r}"
            raise InvalidArgument("second", tuple(other.shape), accepted)
        yield one, other


def _kernels(argument: str, layer: Any) -> list[keras.Variable]:
    """The variables called kernel, recurrent kernel, embeddings, ... in their order."""
    found = [each for each in layer.weights if each.name.endswith(("kernel", "embeddings"))]
    if not found:
        raise InvalidArgument(argument, layer.name, "built, with at least one kernel")
    return found
