"""rnn: a recurrent network of LSTM, GRU or tanh layers, for sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer, check_number
from .blocks import Style, hidden_block, input_shape_of, output_layer, sizes
from .by_shape import accepts_shape
from .inputs import model_input
from .recurrent import CELLS, after_recurrent, as_steps, recurrent, units_for

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["rnn"]

SEQUENCES = ("many_to_one", "many_to_many", "one_to_many")


@accepts_shape
@checked
def rnn(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int | None] | None = None,
    outputs: int | None = None,
    cell: str = "lstm",
    units: Sequence[int] | None = None,
    bidirectional: bool = False,
    sequences: str = "many_to_one",
    output_steps: int | None = None,
    recurrent_dropout: float = 0.0,
    hidden: Sequence[int] = (),
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    task: str | None = None,
    name: str = "rnn",
) -> keras.Model:
    """A recurrent network: stacked LSTM, GRU or tanh layers, then dense layers.

    It reads the vectors of a sequence, the words of a text, or the rows of an image from top to bottom. Padded steps
    are masked: they affect neither the outputs at other steps nor the loss nor the metrics.

    The recurrent layers are Keras' own, with their initializers, because gates are sigmoids and states pass a tanh: a
    Glorot uniform kernel for the inputs, an orthogonal one for the recurrence, biases 0 except 1 for the forget gates.
    ``activation``, ``initializer`` and ``normalization`` apply to the dense hidden layers. Recurrent layers have no
    batch normalization: their outputs are bounded, and its statistics would mix early steps and late ones. Penalties
    and constraints act on both kernels, separately. Dropout follows each layer, and drops the same units at all steps
    of a sequence.

    Args:
        spec: of the data (``data.spec``); it provides the shapes, the task and the preprocessing of the raw inputs.
        input_shape: instead of ``spec``: (steps, size), with steps None for any number; (height, width, channels); or
            (features,) for "one_to_many".
        outputs: number of classes, or of numbers, per answer; instead of ``spec``.
        cell: "lstm" (default); "gru", which has three quarters of the weights and is often as good; or "tanh", the
            basic recurrent network, a quarter: its gradient shrinks or grows with each step
            (:func:`recipes.gradient_over_time`).
        units: of each recurrent layer, from the first; with ``bidirectional``, of each direction. Default None: one
            layer, whose units are twice the square root of the numbers in a sequence, ``steps * size``, rounded to a
            power of two between 16 and 128: 16 for 50 steps of 1 number, 64 for 28 steps of 28. If the steps vary, the
            sequence length in the Spec counts instead; without a Spec the default is then 64 units.
        bidirectional: whether each layer also reads the steps from last to first, with separate weights, and
            concatenates both outputs. Only for inputs that are complete before the first answer. Default False.
        sequences: "many_to_one" (default): one answer, after the last step. "many_to_many": an answer at every step.
            "one_to_many": a row of features, repeated at each of ``output_steps`` steps, with an answer at each.
        output_steps: the number of steps, >= 1; for "one_to_many" only.
        recurrent_dropout: fraction of a layer's state that is dropped in the recurrence during training, in [0, 1).
            Default 0. With it GPUs cannot use their fast kernels.
        hidden: units of the dense layers between the last recurrent layer and the outputs, applied at every step that
            has an answer. Default ().
        activation, initializer, bias, normalization, regularizer, preprocessing, task, name: as in :func:`recipes.mlp`;
            only dense hidden layers count towards "deep". With an Embedding as preprocessing, integers of shape
            (steps,) are sequences too.

    Returns:
        A model from (batch, *input_shape) to (batch, outputs) for "many_to_one", else to (batch, steps, outputs):
        probabilities, or numbers. :func:`recipes.fit` trains the former. Compile the latter with
        :meth:`recipes.Recipe.compile`, and pass integer classes of shape (batch, steps), or other targets in the shape
        of the outputs: (batch, steps, 1) for one.

    Raises:
        InvalidArgument: for an unknown name, an invalid size, or an input without steps.

    Source: Elman 1990; Hochreiter and Schmidhuber 1997; Cho et al. 2014, arXiv:1406.1078, with the reset gate after the
    product as in Keras; bidirectional: Schuster and Paliwal 1997; forget gates: Gers et al. 2000; recurrent dropout:
    Gal and Ghahramani 2016, arXiv:1512.05287.

    Example:
        >>> rnn(input_shape=(None, 8), outputs=3).output_shape
        (None, 3)
        >>> rnn(input_shape=(20, 8), outputs=3, sequences="many_to_many", cell="gru").output_shape
        (None, 20, 3)
    """
    shape, outputs = input_shape_of(spec, input_shape, outputs)
    check_choice("cell", cell, CELLS)
    check_choice("sequences", sequences, SEQUENCES)
    repeated = sequences == "one_to_many"
    if repeated:
        output_steps = check_integer("output_steps", output_steps, low=1)
    elif output_steps is not None:
        raise InvalidArgument("output_steps", output_steps, f"None for sequences={sequences!r}")
    recurrent_dropout = check_number("recurrent_dropout", recurrent_dropout, low=0, below=1)
    bidirectional = check_bool("bidirectional", bidirectional)
    hidden = sizes("hidden", hidden)
    units = None if units is None else sizes("units", units)
    if units == []:
        raise InvalidArgument("units", units, "given for at least one layer")
    style = Style(activation, initializer, normalization, regularizer, bias=bias, depth=len(hidden))

    inputs, x = model_input(spec, shape, preprocessing, style)
    if repeated:
        if len(x.shape) != 2:
            raise InvalidArgument("input_shape", shape, "(features,) for sequences='one_to_many'")
        x = keras.layers.RepeatVector(output_steps)(x)
    else:
        x = as_steps(x, shape, "an rnn")
    units = [units_for(x, spec)] if units is None else units
    for number, count in enumerate(units, start=1):
        all_steps = number < len(units) or sequences != "many_to_one"
        layer = recurrent(cell, count, style, return_sequences=all_steps, recurrent_dropout=recurrent_dropout)
        x = (keras.layers.Bidirectional(layer) if bidirectional else layer)(x)
        x = after_recurrent(x, style, last=not hidden)
    for number, count in enumerate(hidden, start=1):
        dense = keras.layers.Dense(count, use_bias=style.use_bias, **style.kernel())
        x = hidden_block(x, dense, style, last=number == len(hidden))
    return keras.Model(inputs, output_layer(x, spec, outputs, task, style), name=name)
