"""AdversarialTraining: trains on every batch together with its adversarial examples."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import ops

from .adversarial import GradientSign, check_scale
from .callback import Callback
from .checks import InvalidArgument, check_number
from .inside.layers import halves, has_stateful_rnn
from .inside.step_hooks import StepHooks, has_own_step
from .inside.training import compute_loss, replaced_loss

__all__ = ["AdversarialTraining"]


class AdversarialTraining(Callback):
    """Adds to each training batch its examples moved by ``epsilon`` in the direction that raises the loss most.

    The loss is ``(1 - share) J(x) + share J(x + epsilon sign(dJ/dx))``, for any loss J: also sums, scalars, masked ones
    and those that compare the examples of a batch. It is computed inside the compiled step, so any
    ``steps_per_execution`` works. A step costs about three times as much: one more pass to find the direction, and a
    batch twice as large. The training metrics, and the losses of single outputs, cover both halves alike. Validation is
    unaffected, and nothing in the model stays changed afterwards.

    Args:
        epsilon: size of the move, >= 0, in units of ``scale``. Default 0.1.
        share: weight of the adversarial half, in [0, 1]. Default 0.5.
        scale: one unit of ``epsilon`` in raw inputs. "auto" (default): the whole range of byte inputs (images), the
            standard deviation of each feature behind a ``keras.layers.Normalization``, the scale of each feature in a
            model of this package, else 1.

    Raises:
        InvalidArgument: for a value outside its range; at the start of training, for a model without exactly one known
            input, for one with a ``train_step`` of its own, whose loss is not known, and for one with a stateful RNN.
        ValueError: in a training loop of the user's own.

    Source: Goodfellow et al. 2015, arXiv:1412.6572, section 6.

    Example:
        >>> model.fit(x, y, callbacks=[callbacks.AdversarialTraining(0.1)])    # doctest: +SKIP
    """

    changes_step = True
    """Whether it changes the step that ``fit`` compiles, and so needs a ``fit``."""

    def __init__(self, epsilon: float = 0.1, share: float = 0.5, *, scale: Any = "auto"):
        super().__init__()
        self.epsilon = check_number("epsilon", epsilon, low=0)
        self.share = check_number("share", share, low=0, high=1)
        check_scale(scale)
        self.scale = scale

    def on_train_begin(self, logs: Any = None) -> None:
        if not self.epsilon or not self.share:
            return
        if has_own_step(self.model):
            accepted = "one with Keras' train_step: what a train_step of its own minimizes is not known"
            raise InvalidArgument("model", self.model.name, accepted)
        if has_stateful_rnn(self.model):
            accepted = "one without a stateful RNN, whose batches cannot be made larger"
            raise InvalidArgument("model", self.model.name, accepted)
        mixture = _Mixture(self.model, GradientSign(self.model, self.epsilon, self.scale), self.share)
        options: dict[str, Any] = {"change_data": mixture.doubled, "around_step": mixture.mixed}
        StepHooks.of(self.model).add(self.model, type(self).__name__, **options)

    def on_train_end(self, logs: Any = None) -> None:
        StepHooks.of(self.model).remove(self.model, type(self).__name__)


class _Mixture:
    """The hooks inside the step: a batch followed by its adversarial examples, and the loss of both halves."""

    def __init__(self, model: keras.Model, sign: GradientSign, share: float):
        self._model, self._sign, self._share = weakref.ref(model), sign, share
        self._mixes = True  # not while the direction is found

    def _trained(self) -> keras.Model:
        model = self._model()
        if model is None:
            raise ReferenceError("the model that this step was made for is gone")
        return model

    def doubled(self, data: Any) -> Any:
        """The batch, then the same with moved inputs."""
        model = self._trained()
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)

        def loss(predicted: Any) -> Any:
            return compute_loss(model, x, y, predicted, sample_weight)

        self._mixes = False
        moved = self._sign(x, loss, training=True)
        self._mixes = True

        def twice(values: Any) -> Any:
            if values is None:
                return None
            return keras.tree.map_structure(lambda value: ops.concatenate([value, value], axis=0), values)

        return keras.utils.pack_x_y_sample_weight(ops.concatenate([x, moved], axis=0), twice(y), twice(sample_weight))

    @contextlib.contextmanager
    def mixed(self, _state: Any) -> Iterator[None]:
        """A context in which the loss is the mixture of the losses of the halves."""

        def make(loss: Callable[..., Any]) -> Callable[..., Any]:
            def mixture(**values: Any) -> Any:
                if not self._mixes:
                    return loss(**values)
                training = values.pop("training", True)
                clean, moved = (loss(**half, training=training) for half in halves(values))
                return (1 - self._share) * clean + self._share * moved

            return mixture

        with replaced_loss(self._trained(), make):
            yield
