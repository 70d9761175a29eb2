"""taken_by: data that a model or its loss cannot take are refused in one line, whatever Keras says of them."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras

from .checks import InvalidArgument
from .inside.loss_facts import as_tensors
from .inside.step_hooks import has_own_step
from .inside.training import compute_loss, forward

__all__ = ["check_compiled", "in_one_line", "taken_by"]

OF_DATA = (ValueError, TypeError, LookupError, AttributeError)
OF_TENSORFLOW = ("InvalidArgumentError", "UnimplementedError")
"""Errors that data may cause; others are of the machine."""

MOST = 1000
"""How many batches are looked at for the one that the model does not take."""

Batches = Iterable[tuple[Any, Any, Any]]
"""Of (x, y, sample weights)."""


@contextlib.contextmanager
def taken_by(model: keras.Model, argument: str, batches: Callable[[], Batches]) -> Iterator[None]:
    """A context in which an error that the data cause is an InvalidArgument; other errors stay as they are.

    Nothing is looked at before there is an error. Then the batches go through the model and its loss alone: it is the
    data's if one of them fails there too.

    Args:
        model: that gets the data.
        argument: name of the data, for the message.
        batches: the data; called after an error.

    Raises:
        InvalidArgument: with the shapes and types of the batch, and why it fails.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> x = np.zeros((4, 2))
        >>> with taken_by(model, "x", lambda: [(x, None, None)]):
        ...     model(x)
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: x must be data that the model and its loss take, but: Input 0 with name ...
    """
    try:
        yield
    except InvalidArgument:
        raise
    except Exception as error:
        for batch in itertools.islice(batches(), MOST):
            reason = _misfit(model, *batch)
            if reason is not None:
                accepted = f"data that the model and its loss take, but: {reason}"
                raise InvalidArgument(argument, _described(batch), accepted) from error
        raise


def check_compiled(model: Any) -> None:
    """Raises unless ``model`` is a compiled Keras model."""
    if not isinstance(model, keras.Model) or not model.compiled:
        raise InvalidArgument("model", model, "a compiled Keras model")


def in_one_line(error: BaseException) -> str:
    """What an error of Keras or TensorFlow says, in one line.

    Example:
        >>> in_one_line(ValueError("Exception encountered when calling A.f().\\n\\nBad shape\\n\\nArguments received"))
        'Bad shape'
    """
    text = re.sub(r"\x1b\[[0-9;]*m|\{\{.*?\}\}", "", str(error))
    text = re.sub(r"^Exception encountered when calling .*?\(\)\.\s", "", " ".join(text.split()))
    return text.partition("Arguments received")[0].strip()[:200] or type(error).__name__


def _misfit(model: keras.Model, x: Any, y: Any, weights: Any) -> str | None:
    """Why the model or its loss does not take a batch; None if they do."""
    try:
        x, y, weights = as_tensors((x, y, weights))
        predicted = forward(model, x) if model.built else model(x)
        if y is not None and model.compiled and model.loss is not None and not has_own_step(model):
            compute_loss(model, x, y, predicted, weights)
    except Exception as error:  # of Keras, TensorFlow, JAX or a layer of the user's
        names = {kind.__name__ for kind in type(error).__mro__}
        return in_one_line(error) if isinstance(error, OF_DATA) or names & {*OF_TENSORFLOW} else None
    return None


def _described(batch: tuple[Any, Any, Any]) -> Any:
    """Types and shapes of a batch."""
    parts = [part for part in batch if part is not None]
    forms = [
        keras.tree.map_structure(lambda leaf: f"{_dtype(leaf)} of shape {tuple(leaf.shape)}", part) for part in parts
    ]
    return forms[0] if len(forms) == 1 else tuple(forms)


def _dtype(leaf: Any) -> str:
    return keras.backend.standardize_dtype(leaf.dtype) if keras.ops.is_tensor(leaf) else str(leaf.dtype)
