"""encoder_decoder: a recurrent network from sequences to sequences of another length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer, check_unmasked
from .blocks import Style, hidden_block, input_shape_of, output_layer, sizes
from .inputs import model_input
from .recurrent import CELLS, after_recurrent, as_steps, recurrent, units_for

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["decode", "encoder_decoder", "shifted"]

SYMBOL = 64
"""Size of the vectors of the symbols that a decoder is told."""


def encoder_decoder(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int | None] | None = None,
    outputs: int | None = None,
    output_steps: int | None = None,
    cell: str = "lstm",
    units: Sequence[int] | None = None,
    bidirectional: bool = False,
    attention: bool = False,
    teacher_forcing: bool = False,
    hidden: Sequence[int] = (),
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    task: str | None = None,
    name: str = "encoder_decoder",
) -> keras.Model:
    """Many to many, of different lengths: one recurrent network reads the input, a second one writes the answers.

    The encoder reads all steps. Each of its layers hands its last state to the same layer of the decoder, which begins
    from there and takes ``output_steps`` steps; a dense layer, the same for all, makes an answer of each. What the
    decoder reads at each step is the encoder's last output, again and again; or, with ``teacher_forcing``, the answer
    before: while training the true one, which :func:`shifted` makes of the targets, and later its own, by
    :func:`decode`. Without it one call of the model is all, and each answer is given without knowledge of the others.

    Answers shorter than ``output_steps`` are filled up by a class of its own that says "the end".

    Args:
        spec: of the data (``data.spec``); it brings the preprocessing of the raw inputs, and what the answer at each
            step is; or ``input_shape`` and ``outputs`` instead.
        input_shape: (steps, size), with steps None for any number; or (height, width, channels), read row by row.
        outputs: number of classes, or of numbers, at each step.
        output_steps: how many answers, >= 1.
        cell: "lstm" (default) or "gru".
        units: of each layer of the encoder, and of the decoder. Default None: one layer, as in
            :func:`recipes.rnn`.
        bidirectional: whether the encoder's layers also read from last to first; those of the decoder then have twice
            the units, for both states. Default False.
        attention: whether each step of the decoder also sees the mean of the encoder's outputs at all steps, weighted
            by how well they match: the softmax of dot products times a scale that is learned. Helps where inputs are
            long. Default False.
        teacher_forcing: whether the model has a second input, called "previous": the answers before, as whole numbers
            of shape (output_steps,), or as numbers of shape (output_steps, outputs). Default False.
        hidden: units of the dense layers between decoder and outputs. Default ().
        activation, initializer, bias, normalization, regularizer, preprocessing, task, name: as in
            :func:`recipes.rnn`.

    Returns:
        A model from (batch, *input_shape), or from a dictionary of "inputs" and "previous", to
        (batch, output_steps, outputs): probabilities, or numbers. Compile it with :meth:`recipes.Recipe.compile`, and
        give integer classes of shape (batch, output_steps), or other targets in the shape of the outputs.

    Raises:
        InvalidArgument: for an unknown name, an impossible size, or an input that has no steps.

    Source: Sutskever et al. 2014, arXiv:1409.3215; Cho et al. 2014, arXiv:1406.1078; attention: Luong et al. 2015,
    arXiv:1508.04025; teacher forcing: Williams and Zipser 1989.

    Example:
        >>> encoder_decoder(input_shape=(None, 8), outputs=5, output_steps=3).output_shape
        (None, 3, 5)
    """
    shape, outputs = input_shape_of(spec, input_shape, outputs)
    output_steps = check_integer("output_steps", output_steps, low=1)
    check_choice("cell", cell, CELLS)
    bidirectional = check_bool("bidirectional", bidirectional)
    attention = check_bool("attention", attention)
    teacher_forcing = check_bool("teacher_forcing", teacher_forcing)
    hidden = sizes("hidden", hidden)
    units = None if units is None else sizes("units", units)
    if units == []:
        raise InvalidArgument("units", units, "given for at least one layer")
    style = Style(activation, initializer, normalization, regularizer, bias=bias, depth=len(hidden))

    inputs, x = model_input(spec, shape, preprocessing, style)
    x = as_steps(x, shape, "an encoder_decoder")
    units = [units_for(x, spec)] if units is None else units
    memory, states = _encoder(x, cell, units, style, bidirectional=bidirectional, attention=attention, last=not hidden)
    if teacher_forcing:
        previous, x = _previous(spec, outputs, task, output_steps)
        inputs = {"inputs": inputs, "previous": previous}
    else:
        code = after_recurrent(states[-1][0], style, last=not hidden)
        x = keras.layers.RepeatVector(output_steps, name="code")(code)
    for number, start in enumerate(states, start=1):
        layer = recurrent(cell, start[0].shape[-1], style, return_sequences=True, name=f"decoder_{number}")
        x = after_recurrent(layer(x, initial_state=start), style, last=not hidden)
    if attention:
        seen = keras.layers.Attention(use_scale=True, name="attention")([x, memory])
        x = keras.layers.Concatenate()([x, seen])
    for number, count in enumerate(hidden, start=1):
        dense = keras.layers.Dense(count, use_bias=not style.batch_norm, **style.kernel())
        x = hidden_block(x, dense, style, last=number == len(hidden))
    return keras.Model(inputs, output_layer(x, spec, outputs, task, style), name=name)


def _encoder(
    x: Any, cell: str, units: Sequence[int], style: Style, *, bidirectional: bool, attention: bool, last: bool
) -> tuple[Any, list[list[Any]]]:
    """The outputs of the last layer at all steps (None without attention), and the last states of each layer."""
    states = []
    for number, count in enumerate(units, start=1):
        every = attention or number < len(units)
        label = f"encoder_{number}"
        layer = recurrent(cell, count, style, return_sequences=every, return_state=True, name=label)
        x, *state = (keras.layers.Bidirectional(layer, name=label) if bidirectional else layer)(x)
        if bidirectional:  # those of one direction, then those of the other
            half = len(state) // 2
            state = [keras.layers.Concatenate()(list(pair)) for pair in zip(state[:half], state[half:], strict=True)]
        states.append(state)
        if every:
            x = after_recurrent(x, style, last=last)
    return (x if attention else None), states


def _previous(spec: Spec | None, outputs: int, task: str | None, steps: int) -> tuple[Any, Any]:
    """The Input for the answers before, and what the decoder reads of them."""
    if spec is not None:
        task = spec.task
    elif task is None:
        task = "multiclass" if outputs > 1 else "binary"
    if task == "multiclass":
        told = keras.Input((steps,), dtype="int32", name="previous")
        start = keras.initializers.RandomNormal(stddev=1.0)  # few symbols, and each is seen often
        vectors = keras.layers.Embedding(outputs + 1, SYMBOL, embeddings_initializer=start, name="previous_embedding")
        return told, vectors(told)
    if task != "regression":
        raise InvalidArgument("task", task, "'multiclass' or 'regression' with teacher_forcing=True")
    told = keras.Input((steps, outputs), name="previous")
    if spec is None or spec.target_mean is None:
        return told, told
    mean, variance = np.atleast_1d(spec.target_mean), np.atleast_1d(spec.target_variance)
    scale = variance**-0.5
    return told, keras.layers.Rescaling(scale.tolist(), (-mean * scale).tolist(), dtype="float32")(told)


def shifted(y: Any, start: Any) -> np.ndarray:
    """What a decoder with teacher forcing is told: at the first step ``start``, then the true answers but the last.

    Args:
        y: the targets: whole numbers of shape (n, steps), or numbers of shape (n, steps, outputs).
        start: what stands before the first answer: the number of classes, which is none of 0..outputs-1; or a number
            or row of numbers, for the latter.

    Returns:
        An array of y's shape.

    Raises:
        InvalidArgument: for targets of another shape.

    Example:
        >>> shifted([[1, 0, 2]], start=3).tolist()
        [[3, 1, 0]]
    """
    y = np.asarray(check_unmasked("y", y))
    if y.ndim not in (2, 3):
        raise InvalidArgument("y", y.shape, "of shape (n, steps) or (n, steps, outputs)")
    told = np.empty_like(y)
    told[:, 0] = start
    told[:, 1:] = y[:, :-1]
    return told


def decode(model: keras.Model, x: Any, start: Any, *, batch_size: int = 256) -> np.ndarray:
    """The answers of a model with teacher forcing, each step told what it answered before: the likeliest, greedily.

    The model is called once for each step.

    Args:
        model: what :func:`encoder_decoder` returns with ``teacher_forcing=True``; also one that was loaded.
        x: raw inputs, shape (n, ...).
        start: as for :func:`shifted`.
        batch_size: examples in a batch. Default 256.

    Returns:
        Whole numbers of shape (n, output_steps), or numbers of shape (n, output_steps, outputs).

    Raises:
        InvalidArgument: for a model without the input "previous".

    Example:
        >>> model.fit({"inputs": x, "previous": shifted(y, start=10)}, y)       # doctest: +SKIP
        >>> decode(model, new, start=10)                                        # doctest: +SKIP
    """
    told = model.input.get("previous") if isinstance(model.input, dict) else None
    if told is None:
        raise InvalidArgument("model", model.name, "an encoder_decoder made with teacher_forcing=True")
    classes = len(told.shape) == 2
    previous = np.empty((len(x), *told.shape[1:]), told.dtype)
    previous[:] = start
    for step in range(told.shape[1]):
        answers = model.predict({"inputs": x, "previous": previous}, batch_size=batch_size, verbose=0)
        answers = answers.argmax(axis=-1) if classes else answers
        previous[:, step + 1 : step + 2] = answers[:, step : step + 1]
    return answers
