"""encoder_decoder: a recurrent network from sequences, or images, to sequences of a different length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer, check_unmasked
from .blocks import Style, hidden_block, input_shape_of, output_layer, sizes
from .cnn import filters_for
from .inputs import model_input
from .recurrent import CELLS, USUAL, after_recurrent, as_steps, recurrent, units_for

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["decode", "encoder_decoder", "shifted"]

ENCODERS = ("rnn", "cnn")

SYMBOL = 64
"""Size of the embeddings of the decoder's input symbols."""


@checked
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
    encoder: str = "rnn",
    filters: Sequence[int] | None = None,
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
    """Many to many with different lengths: one recurrent network reads the input, a second one writes the answers.

    The encoder reads all steps. Each of its layers passes its last state to the corresponding layer of the decoder,
    which starts from there and runs for ``output_steps`` steps; a dense layer, shared by all steps, makes the answers.
    With ``encoder="cnn"`` it is a convolutional network that sees an image, as for captions: dense layers make the
    decoder's first states of its feature map, whose places are the steps that ``attention`` sees. The decoder's input
    at every step is the encoder's last output or, with ``teacher_forcing``, the previous answer: in
    training the true one, from :func:`shifted`, and at inference its own, by :func:`decode`. Without teacher forcing a
    single call of the model suffices, and each answer is independent of the others.

    Pad answers shorter than ``output_steps`` with an extra class that means "end".

    Args:
        spec: of the data (``data.spec``); it provides the preprocessing of the raw inputs, and the kind of the answer
            at each step; or ``input_shape`` and ``outputs`` instead.
        input_shape: (steps, size), with steps None for any number; or (height, width, channels), read row by row.
        outputs: number of classes, or of numbers, at each step.
        output_steps: the number of answers, >= 1.
        cell: "lstm" (default), "gru" or "tanh".
        units: of each layer of the encoder and of the decoder. Default None: one layer, as in :func:`recipes.rnn`.
        bidirectional: whether the encoder's layers also read from last to first; the decoder's layers then have twice
            the units, for both states. Default False.
        attention: whether each step of the decoder also sees a weighted mean of the encoder's outputs at all steps; the
            weights are the softmax of dot products times a learned scale. Helps with long inputs. Default False.
        teacher_forcing: whether the model has a second input, "previous": the previous answers, as integers of shape
            (output_steps,), or as numbers of shape (output_steps, outputs). Default False.
        encoder: "rnn" (default), or "cnn": convolutions with pooling, for images of shape (height, width, channels).
        filters: of each convolution of a "cnn". Default by the size of the image, as in :func:`recipes.cnn`.
        hidden: units of the dense layers between decoder and outputs. Default ().
        activation, initializer, bias, normalization, regularizer, preprocessing, task, name: as in
            :func:`recipes.rnn`.

    Returns:
        A model from (batch, *input_shape), or from a dictionary of "inputs" and "previous", to
        (batch, output_steps, outputs): probabilities, or numbers. Compile it with :meth:`recipes.Recipe.compile`, and
        pass integer classes of shape (batch, output_steps), or other targets in the shape of the outputs.

    Raises:
        InvalidArgument: for an unknown name, an invalid size, or an input without steps, or for "cnn" that is no image.

    Source: Sutskever et al. 2014, arXiv:1409.3215; Cho et al. 2014, arXiv:1406.1078; attention: Luong et al. 2015,
    arXiv:1508.04025; teacher forcing: Williams and Zipser 1989; images: Vinyals et al. 2015, arXiv:1411.4555, and Xu et
    al. 2015, arXiv:1502.03044, for attention.

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
    sees = check_choice("encoder", encoder, ENCODERS) == "cnn"
    if filters is not None and not sees:
        raise InvalidArgument("filters", filters, 'None without encoder="cnn"')
    if sees and bidirectional:
        raise InvalidArgument("bidirectional", bidirectional, 'False with encoder="cnn", which reads no steps')
    if sees and len(shape) != 3:
        raise InvalidArgument("input_shape", shape, '(height, width, channels) with encoder="cnn"')
    filters = filters_for(shape, filters) if sees else []
    depth = len(filters) + len(hidden)
    style = Style(activation, initializer, normalization, regularizer, bias=bias, depth=depth)

    inputs, x = model_input(spec, shape, preprocessing, style, image=sees)
    if sees:
        units = [USUAL] if units is None else units
        memory, states = _seen(x, cell, units, filters, style, attention=attention, last=not hidden)
    else:
        x = as_steps(x, shape, "an encoder_decoder")
        units = [units_for(x, spec)] if units is None else units
        options = {"bidirectional": bidirectional, "attention": attention, "last": not hidden}
        memory, states = _encoder(x, cell, units, style, **options)
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
        context = keras.layers.Attention(use_scale=True, name="attention")([x, memory])
        x = keras.layers.Concatenate()([x, context])
    for number, count in enumerate(hidden, start=1):
        dense = keras.layers.Dense(count, use_bias=style.use_bias, **style.kernel())
        x = hidden_block(x, dense, style, last=number == len(hidden))
    return keras.Model(inputs, output_layer(x, spec, outputs, task, style), name=name)


def _encoder(
    x: Any, cell: str, units: Sequence[int], style: Style, *, bidirectional: bool, attention: bool, last: bool
) -> tuple[Any, list[list[Any]]]:
    """The outputs of the last layer at all steps (None without attention), and the last states of each layer."""
    states = []
    for number, count in enumerate(units, start=1):
        all_steps = attention or number < len(units)
        label = f"encoder_{number}"
        layer = recurrent(cell, count, style, return_sequences=all_steps, return_state=True, name=label)
        x, *state = (keras.layers.Bidirectional(layer, name=label) if bidirectional else layer)(x)
        if bidirectional:  # the forward states, then the backward states
            half = len(state) // 2
            state = [keras.layers.Concatenate()(list(pair)) for pair in zip(state[:half], state[half:], strict=True)]
        states.append(state)
        if all_steps:
            x = after_recurrent(x, style, last=last)
    return (x if attention else None), states


def _seen(
    x: Any, cell: str, units: Sequence[int], filters: Sequence[int], style: Style, *, attention: bool, last: bool
) -> tuple[Any, list[list[Any]]]:
    """The places of an image's feature map as steps (None without attention), and the first states of each layer."""
    for number, count in enumerate(filters, start=1):
        layer = keras.layers.Conv2D(count, 3, padding="same", use_bias=style.use_bias, **style.kernel(4))
        x = keras.layers.MaxPooling2D()(hidden_block(x, layer, style, last=last and number == len(filters)))
    code = keras.layers.Flatten()(x)
    memory = None
    if attention:  # dot products with the decoder's outputs need as many numbers
        places = keras.layers.Reshape((x.shape[1] * x.shape[2], x.shape[3]), name="places")(x)
        memory = keras.layers.Dense(units[-1], **style.kernel(linear=True), name="memory")(places)
    names = ("state", "carry") if cell == "lstm" else ("state",)
    states = [
        [
            keras.layers.Dense(count, "tanh", **style.kernel(linear=True), name=f"{name}_{number}")(code)
            for name in names
        ]
        for number, count in enumerate(units, start=1)
    ]
    return memory, states


def _previous(spec: Spec | None, outputs: int, task: str | None, steps: int) -> tuple[Any, Any]:
    """The Input for the previous answers, and the tensor that the decoder reads."""
    if spec is not None:
        task = spec.task
    elif task is None:
        task = "multiclass" if outputs > 1 else "binary"
    if task == "multiclass":
        previous = keras.Input((steps,), dtype="int32", name="previous")
        start = keras.initializers.RandomNormal(stddev=1.0)  # large: there are few symbols, and all are frequent
        vectors = keras.layers.Embedding(outputs + 1, SYMBOL, embeddings_initializer=start, name="previous_embedding")
        return previous, vectors(previous)
    if task != "regression":
        raise InvalidArgument("task", task, "'multiclass' or 'regression' with teacher_forcing=True")
    previous = keras.Input((steps, outputs), name="previous")
    if spec is None or spec.target_mean is None:
        return previous, previous
    mean, variance = np.atleast_1d(spec.target_mean), np.atleast_1d(spec.target_variance)
    scale = variance**-0.5
    return previous, keras.layers.Rescaling(scale.tolist(), (-mean * scale).tolist(), dtype="float32")(previous)


def shifted(y: Any, start: Any) -> np.ndarray:
    """The decoder's inputs for teacher forcing: ``start`` at the first step, then the true answers except the last.

    Args:
        y: the targets: integers of shape (n, steps), or numbers of shape (n, steps, outputs).
        start: the input before the first answer: for classes their number, which is not in 0..outputs-1; for numbers a
            number or a row of numbers.

    Returns:
        An array of y's shape.

    Raises:
        InvalidArgument: for targets of any other shape.

    Example:
        >>> shifted([[1, 0, 2]], start=3).tolist()
        [[3, 1, 0]]
    """
    y = np.asarray(check_unmasked("y", y))
    if y.ndim not in (2, 3):
        raise InvalidArgument("y", y.shape, "of shape (n, steps) or (n, steps, outputs)")
    previous = np.empty_like(y)
    previous[:, 0] = start
    previous[:, 1:] = y[:, :-1]
    return previous


def decode(model: keras.Model, x: Any, start: Any, *, batch_size: int = 256) -> np.ndarray:
    """Greedy decoding: the answers of a model with teacher forcing, each step given the model's previous answer.

    The answer is the most likely class, or the predicted numbers. The model is called once per step.

    Args:
        model: from :func:`encoder_decoder` with ``teacher_forcing=True``; it may have been saved and loaded.
        x: raw inputs, shape (n, ...).
        start: as for :func:`shifted`.
        batch_size: examples per batch. Default 256.

    Returns:
        Integers of shape (n, output_steps), or numbers of shape (n, output_steps, outputs).

    Raises:
        InvalidArgument: for a model without the input "previous".

    Example:
        >>> model.fit({"inputs": x, "previous": shifted(y, start=10)}, y)       # doctest: +SKIP
        >>> decode(model, new, start=10)                                        # doctest: +SKIP
    """
    tensor = model.input.get("previous") if isinstance(model.input, dict) else None
    if tensor is None:
        raise InvalidArgument("model", model.name, "an encoder_decoder made with teacher_forcing=True")
    classes = len(tensor.shape) == 2
    previous = np.empty((len(x), *tensor.shape[1:]), tensor.dtype)
    previous[:] = start
    for step in range(tensor.shape[1]):
        answers = model.predict({"inputs": x, "previous": previous}, batch_size=batch_size, verbose=0)
        answers = answers.argmax(axis=-1) if classes else answers
        previous[:, step + 1 : step + 2] = answers[:, step : step + 1]
    return answers
