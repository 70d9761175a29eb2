"""MixUp, CutMix: each training batch is mixed with itself in another order, inputs and losses alike."""

from __future__ import annotations

import contextlib
import random
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from .callback import Callback
from .checks import InvalidArgument, check_integer, check_number
from .inside.backend import check_tensorflow, replicas
from .inside.layers import has_stateful_rnn
from .inside.model_optimizers import chosen_optimizer
from .inside.step_hooks import StepHooks, has_own_step
from .inside.training import replaced_loss

__all__ = ["CutMix", "MixUp"]


class MixUp(Callback):
    """Trains on ``a x + (1 - a) x'`` with the loss ``a J(y) + (1 - a) J(y')``, for pairs of examples (x, y), (x', y').

    The pairs are a batch and the same in a random order; a is drawn once a batch from Beta(alpha, alpha). The loss is
    linear in a, so labels stay as they are, integers too, and any loss will do; for a cross-entropy it is that of mixed
    labels, for a squared error its gradient is. It is part of the compiled step, so any ``steps_per_execution`` works;
    the training metrics compare with y. Validation and the trained model are unaffected.

    Args:
        alpha: > 0; small ones change most batches little. Default 0.2.
        seed: of a and the order, >= 0. None (default): drawn at the start of training from Python's ``random``, which
            ``keras.utils.set_random_seed`` seeds. Seed and ``optimizer.iterations`` determine those of a step.

    Raises:
        InvalidArgument: for a value outside its range; at the start of training, for several replicas, a model without
            exactly one numeric input, one with a ``train_step`` of its own, and one with a stateful RNN.
        ValueError: in a training loop of the user's own.

    Source: Zhang et al. 2018, arXiv:1710.09412.

    Example:
        >>> model.fit(x, y, callbacks=[callbacks.MixUp(0.2)])    # doctest: +SKIP
    """

    changes_step = True
    """Whether it changes the step that ``fit`` compiles, and so needs a ``fit``."""

    ranks: tuple[int, ...] = (2, 3, 4, 5)
    """Of the inputs that it can mix, with the batch axis."""

    def __init__(self, alpha: float = 0.2, *, seed: int | None = None):
        super().__init__()
        self.alpha = check_number("alpha", alpha, above=0)
        self.seed = None if seed is None else check_integer("seed", seed, low=0)

    def mixed(self, x: Any, other: Any, share: Any, seed: Any) -> tuple[Any, Any]:
        """The mixture of two batches, and the share of the first one in it.

        Args:
            x, other: shape (batch, ...), float32.
            share: a, drawn from Beta(alpha, alpha), shape ().
            seed: for further random numbers, shape (2,), int32.
        """
        return share * x + (1.0 - share) * other, share

    def on_train_begin(self, logs: Any = None) -> None:
        name, model = type(self).__name__, self.model
        check_tensorflow(name)
        count = replicas(model)
        if count > 1:
            raise InvalidArgument("replicas", count, f"1 for {name}")
        if has_own_step(model):
            accepted = "one with Keras' train_step: what a train_step of its own minimizes is not known"
            raise InvalidArgument("model", model.name, accepted)
        if has_stateful_rnn(model):
            raise InvalidArgument("model", model.name, "one without a stateful RNN, whose batches go together")
        inputs: list[Any] = list(getattr(model, "inputs", None) or [])
        numeric = [np.dtype(x.dtype).kind in "iuf" for x in inputs if x.dtype not in ("string", "bfloat16")]
        if len(inputs) != 1 or numeric != [True] or len(inputs[0].shape) not in self.ranks:
            kind = "images" if self.ranks == (4,) else "numbers"
            raise InvalidArgument("model", model.name, f"a built model with one input, of {kind}")
        seed = random.randrange(2**31) if self.seed is None else self.seed
        mixture = _Mixture(model, self.alpha, seed, self.mixed)
        StepHooks.of(model).add(model, name, change_data=mixture.changed, around_step=mixture.around)

    def on_train_end(self, logs: Any = None) -> None:
        StepHooks.of(self.model).remove(self.model, type(self).__name__)


class CutMix(MixUp):
    """Replaces a random rectangle of each image by that of another, and mixes their losses by area: see :class:`MixUp`.

    The rectangle, the same for all images of a batch, has the shape of the image and the area 1 - a; its centre is
    anywhere, so that it may be cut off at the edges. The share of the first image is that of its pixels.

    Args:
        alpha, seed: as in :class:`MixUp`. Default of alpha: 1, every area alike.

    Raises:
        InvalidArgument: as :class:`MixUp`, and for inputs that are not images.

    Source: Yun et al. 2019, arXiv:1905.04899.

    Example:
        >>> model.fit(x, y, callbacks=[callbacks.CutMix()])    # doctest: +SKIP
    """

    ranks = (4,)

    def __init__(self, alpha: float = 1.0, *, seed: int | None = None):
        super().__init__(alpha, seed=seed)

    def mixed(self, x: Any, other: Any, share: Any, seed: Any) -> tuple[Any, Any]:
        """The images with the rectangle, and the share of pixels that are theirs."""
        import tensorflow as tf

        height, width = x.shape[1], x.shape[2]
        centre = tf.random.stateless_uniform((2,), seed)
        inside = []
        for size, place in ((height, centre[0]), (width, centre[1])):
            middle, half = tf.floor(place * size), tf.floor(size * tf.sqrt(1.0 - share)) / 2.0
            positions = tf.range(size, dtype=tf.float32)
            inside.append(tf.logical_and(positions >= middle - half, positions < middle + half))
        cut = tf.logical_and(inside[0][:, None], inside[1][None, :])
        kept = 1.0 - tf.reduce_mean(tf.cast(cut, tf.float32))
        return tf.where(cut[None, :, :, None], other, x), kept


class _Mixture:
    """The hooks inside the step: the mixed inputs, and the loss for the labels of both."""

    def __init__(self, model: keras.Model, alpha: float, seed: int, mixed: Callable[..., tuple[Any, Any]]):
        self._model, self._alpha, self._seed, self._mixed = weakref.ref(model), alpha, seed, mixed
        self._order: Any = None
        self._share: Any = None

    def _trained(self) -> keras.Model:
        model = self._model()
        if model is None:
            raise ReferenceError("the model that this step was made for is gone")
        return model

    def changed(self, data: Any) -> Any:
        """The batch with mixed inputs, and its own labels."""
        import tensorflow as tf

        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        optimizer = chosen_optimizer(self._trained(), None, "MixUp")
        iterations = tf.cast(keras.ops.convert_to_tensor(optimizer.iterations), tf.int32)
        seeds = [tf.random.experimental.stateless_fold_in(tf.stack([self._seed, iterations]), k) for k in range(4)]
        first, second = (tf.random.stateless_gamma((), seed, self._alpha) for seed in seeds[:2])
        total = first + second
        share = tf.where(total > 0, first / tf.where(total > 0, total, 1.0), 1.0)
        self._order = tf.argsort(tf.random.stateless_uniform(tf.shape(x)[:1], seeds[2]))
        raw = tf.cast(x, tf.float32)
        mixed, self._share = self._mixed(raw, tf.gather(raw, self._order), share, seeds[3])
        if x.dtype.is_integer:
            mixed = tf.round(mixed)
        return keras.utils.pack_x_y_sample_weight(tf.cast(mixed, x.dtype), y, sample_weight)

    @contextlib.contextmanager
    def around(self, _state: Any) -> Iterator[None]:
        """A context in which the loss is that for both labels."""
        import tensorflow as tf

        def make(loss: Callable[..., Any]) -> Callable[..., Any]:
            def mixture(**values: Any) -> Any:
                def ordered(value: Any) -> Any:
                    return None if value is None else tf.gather(value, self._order)

                others = {
                    name: keras.tree.map_structure(ordered, values[name]) if values.get(name) is not None else None
                    for name in ("y", "sample_weight")
                }
                share = tf.cast(self._share, tf.float32)
                own = loss(**values)
                return tf.cast(share, own.dtype) * own + tf.cast(1.0 - share, own.dtype) * loss(**{**values, **others})

            return mixture

        with replaced_loss(self._trained(), make):
            yield
