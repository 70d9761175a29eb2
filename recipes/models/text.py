"""text: a network for texts, from raw strings to classes or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from ...callbacks.checks import InvalidArgument, check_choice, check_integer
from ...callbacks.inside.layers import mask_of
from ..data.feature import Feature
from ..data.spec import Spec
from .blocks import Style, hidden_block, output_layer, sizes
from .inputs import model_input
from .preprocessing import average
from .recurrent import after_recurrent, recurrent

__all__ = ["text"]

ENCODERS = ("average", "lstm", "gru", "cnn")


def text(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    outputs: int | None = None,
    vocabulary: Sequence[str] | None = None,
    length: int | None = None,
    encoder: str = "average",
    embedding: int = 64,
    units: int = 64,
    windows: Sequence[int] = (3, 4, 5),
    hidden: Sequence[int] = (64,),
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    task: str | None = None,
    name: str = "text",
) -> keras.Model:
    """A network for texts: vectors of words, which are learned, an encoder that makes one vector of all, dense layers.

    The model itself takes the strings apart: lower case, without punctuation, at spaces. Words that are not in the
    vocabulary share one vector. What fills up a short text after its last word changes nothing, and a text without any
    word has an answer too: that of an encoder that has read nothing.

    Encoders:

    - "average": the mean of the words' vectors, without regard to their order. Quick to train, and hard to beat where
      there are only a few thousand sentences.
    - "lstm", "gru": the state of a recurrent layer after the last word. (:func:`recipes.rnn`, which takes
      texts too, has several layers and both directions.)
    - "cnn": convolutions over neighbouring words, of each filter its maximum over the text, or 0 if that is negative.

    Args:
        spec: of the data (``data.spec``); it brings vocabulary, length and task.
        input_shape: () or left out: a text is one string.
        outputs: number of classes, or of numbers; instead of ``spec``.
        vocabulary: the words to know, all different, in lower case and without punctuation; instead of ``spec``.
        length: how many words of a text are read, >= 1; instead of ``spec``.
        encoder: "average" (default), "lstm", "gru" or "cnn".
        embedding: size of the words' vectors. Default 64.
        units: of the recurrent layer, or filters of each width. Default 64.
        windows: widths of the convolutions in words. Default (3, 4, 5).
        hidden: units of the dense layers after the encoder. Default (64,).
        activation, initializer, bias, normalization, regularizer, preprocessing, task, name: as in
            :func:`recipes.mlp`;
            dense hidden layers and the convolutions, as one, count towards "deep". A layer as preprocessing makes
            vectors of words, shape (batch, words, size), of the strings.

    Returns:
        A model from (batch,) strings to (batch, outputs): probabilities, or numbers.

    Raises:
        InvalidArgument: for an unknown name, an impossible size, or a Spec of other data.

    Source: averages: Iyyer et al. 2015 and Joulin et al. 2016, arXiv:1607.01759; convolutions: Kim 2014,
    arXiv:1408.5882.

    Example:
        >>> model = text(vocabulary=["good", "bad", "film"], length=20, outputs=1)
        >>> model.predict(keras.ops.convert_to_tensor(["A good film!"]), verbose=0).shape     # doctest: +SKIP
        (1, 1)
    """
    check_choice("encoder", encoder, ENCODERS)
    embedding = check_integer("embedding", embedding, low=1)
    units = check_integer("units", units, low=1)
    hidden, windows = sizes("hidden", hidden), sizes("windows", windows)
    if not windows:
        raise InvalidArgument("windows", windows, "given for at least one convolution")
    whole, outputs = _described(spec, input_shape, outputs, vocabulary, length, preprocessing)
    convolved = encoder == "cnn"
    style = Style(activation, initializer, normalization, regularizer, bias=bias, depth=len(hidden) + convolved)
    inputs, x = model_input(whole, (), preprocessing, style, word=embedding)
    if len(x.shape) != 3:
        raise InvalidArgument("preprocessing", preprocessing, "a layer from strings to (batch, words, size)")
    if encoder == "average":
        x = average(x)
    elif convolved:
        x = _strongest(x, units, windows, style, last=not hidden)
    else:
        x = after_recurrent(recurrent(encoder, units, style)(x), style, last=not hidden)
    for number, count in enumerate(hidden, start=1):
        dense = keras.layers.Dense(count, use_bias=not style.batch_norm, **style.kernel())
        x = hidden_block(x, dense, style, last=number == len(hidden))
    return keras.Model(inputs, output_layer(x, spec, outputs, task, style), name=name)


def _described(
    spec: Spec | None,
    input_shape: Sequence[int] | None,
    outputs: int | None,
    vocabulary: Sequence[str] | None,
    length: int | None,
    preprocessing: keras.layers.Layer | None,
) -> tuple[Spec, int]:
    """A Spec that describes the input, given or made, and the number of outputs."""
    if spec is not None:
        plain = {"input_shape": input_shape, "outputs": outputs, "vocabulary": vocabulary, "length": length}
        if any(value is not None for value in plain.values()):
            raise InvalidArgument("spec", spec, f"given alone, or {', '.join(plain)} instead of it")
        if spec.kind != "text":
            raise InvalidArgument("spec", spec.kind, "that of texts: use mlp for other data")
        return spec, spec.outputs
    if outputs is None:
        raise InvalidArgument("outputs", None, "given where there is no Spec")
    outputs = check_integer("outputs", outputs, low=1)
    if input_shape is not None and tuple(input_shape) != ():
        raise InvalidArgument("input_shape", input_shape, "() for texts, or left out")
    for name, value in (("vocabulary", vocabulary), ("length", length)):
        if value is None and preprocessing is None:
            raise InvalidArgument(name, None, "given where there is no Spec")
    words = () if vocabulary is None else vocabulary
    listed = isinstance(words, Sequence) and not isinstance(words, (str, bytes))
    if (
        not listed
        or not all(isinstance(word, str) and word for word in words)
        or (vocabulary is not None and not words)
    ):
        raise InvalidArgument("vocabulary", vocabulary, "a sequence of words, at least one")
    feature = Feature("inputs", "text", dtype="string", vocabulary=tuple(words), length=length)
    described = Spec("texts", "text", "binary", (), "string", 1, class_names=("0", "1"), features=(feature,))
    return described, outputs  # what is answered, the output layer is told by itself


def _mask(x: Any) -> Any:
    """1 where there is a word and 0 after the last, shape (batch, words, 1); None if all are words."""
    mask = mask_of(x)
    return None if mask is None else keras.ops.cast(keras.ops.expand_dims(mask, -1), x.dtype)


def _strongest(x: Any, filters: int, windows: Sequence[int], style: Style, *, last: bool) -> Any:
    """Of the filters of each width the maximum over the words; there is one more place, of 0, for texts of no words."""
    mask = _mask(x)
    words = x if mask is None else x * mask
    found = []
    for width in windows:
        layer = keras.layers.Conv1D(filters, width, padding="same", use_bias=not style.batch_norm, **style.kernel(3))
        seen = hidden_block(words, layer, style, last=last)
        seen = keras.layers.ZeroPadding1D((0, 1))(seen if mask is None else seen * mask)
        found.append(keras.layers.GlobalMaxPooling1D()(seen))
    return keras.layers.Concatenate()(found) if len(found) > 1 else found[0]
