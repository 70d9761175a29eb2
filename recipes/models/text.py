"""text: a network for texts, from raw strings to classes or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_choice, check_integer, check_number
from ...callbacks.inside.layers import mask_of
from ..data.feature import Feature
from ..data.spec import Spec
from ..data.strings.tokens import words_of
from .blocks import Style, hidden_block, output_layer, sizes
from .inputs import model_input
from .preprocessing import average
from .recurrent import after_recurrent, recurrent

__all__ = ["text"]

ENCODERS = ("bag", "average", "lstm", "gru", "cnn")
LENGTH = 5.0
"""Length of a bag, as the vector that the dense layers read."""
HIDDEN = (64,)
"""Units of the dense layers after an encoder that reads word vectors."""


@checked
def text(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    outputs: int | None = None,
    vocabulary: Sequence[str] | None = None,
    length: int | None = None,
    encoder: str = "bag",
    dropout: float = 0.5,
    embedding: int = 64,
    units: int = 64,
    windows: Sequence[int] = (3, 4, 5),
    hidden: Sequence[int] | None = None,
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    task: str | None = None,
    name: str = "text",
) -> keras.Model:
    """A network for texts: an encoder from strings to one vector, then dense layers.

    The model splits the strings itself. Words are letters and digits in lower case, in any script; spaces and
    punctuation separate them, and where a script has no spaces every character is a word (the rules are in
    :mod:`recipes.data.strings.tokens`). Words outside the vocabulary are all alike. Padding after the last word has no
    effect. A text without words is valid: the encoder reads nothing.

    Encoders:

    - "bag" (default): the counts of words and of character n-grams, which see parts of unknown words too. Each count
      is weighted by its inverse document frequency; the words' and the n-grams' are scaled to one length. Without
      hidden layers this is logistic regression on TF-IDF, or its linear regression: fast, and hard to beat with up to
      some ten thousand texts. Regularizers that follow activations, such as dropout, act on the bag.
    - "average": the mean of learned word vectors, regardless of their order.
    - "lstm", "gru": the state of a recurrent layer after the last word. (:func:`recipes.rnn` takes texts too, with
      several layers and both directions.)
    - "cnn": convolutions over neighbouring words; for each filter the maximum over the text, or 0 if that is negative.

    Args:
        spec: of the data (``data.spec``); it provides the vocabulary, the n-grams, their weights, the length and the
            task.
        input_shape: () or left out: a text is one string.
        outputs: number of classes, or of numbers; instead of ``spec``.
        vocabulary: the known words, all different, in lower case and without punctuation; instead of ``spec``. There
            are then no n-grams, and all weights are 1.
        length: the maximum number of words to read, >= 1; instead of ``spec``. Of a longer text the first ones are
            read, and n-grams from the first 8 characters for each word.
        encoder: "bag" (default), "average", "lstm", "gru" or "cnn".
        dropout: fraction of the words and n-grams of a "bag" that are dropped in training, in [0, 1). Default 0.5.
        embedding: size of the word vectors; not for "bag". Default 64.
        units: units of the recurrent layer, or filters of each width. Default 64.
        windows: widths of the convolutions in words. Default (3, 4, 5).
        hidden: units of the dense layers after the encoder. Default None: () for "bag", else (64,).
        activation, initializer, bias, normalization, regularizer, preprocessing, task, name: as in :func:`recipes.mlp`;
            the dense hidden layers, and all convolutions as one layer, count towards "deep". A preprocessing layer maps
            the strings to word vectors, shape (batch, words, size), or, for "bag", to one vector.

    Returns:
        A model from (batch,) strings to (batch, outputs): probabilities, or numbers.

    Raises:
        InvalidArgument: for an unknown name, an invalid size, a word that is none, or a Spec of other data.

    Source: bags of words and their weights: Joachims 1998, Spärck Jones 1972; character n-grams of words: Bojanowski et
    al. 2017, arXiv:1607.04606; averages: Iyyer et al. 2015 and Joulin et al. 2016, arXiv:1607.01759; convolutions: Kim
    2014, arXiv:1408.5882.

    Example:
        >>> model = text(vocabulary=["good", "bad", "film"], length=20, outputs=1)
        >>> model.predict(keras.ops.convert_to_tensor(["A good film!"]), verbose=0).shape     # doctest: +SKIP
        (1, 1)
    """
    check_choice("encoder", encoder, ENCODERS)
    dropout = check_number("dropout", dropout, low=0, below=1)
    embedding = check_integer("embedding", embedding, low=1)
    units = check_integer("units", units, low=1)
    hidden = (() if encoder == "bag" else HIDDEN) if hidden is None else hidden
    hidden, windows = sizes("hidden", hidden), sizes("windows", windows)
    if not windows:
        raise InvalidArgument("windows", windows, "given for at least one convolution")
    described, outputs = _described(spec, input_shape, outputs, vocabulary, length, preprocessing)
    convolutional = encoder == "cnn"
    style = Style(activation, initializer, normalization, regularizer, bias=bias, depth=len(hidden) + convolutional)
    inputs, x = model_input(described, (), preprocessing, style, word=None if encoder == "bag" else embedding)
    rank = 2 if encoder == "bag" else 3
    if len(x.shape) != rank or x.shape[-1] is None:
        accepted = f"a layer from strings to {'(batch, size)' if rank == 2 else '(batch, words, size)'}"
        raise InvalidArgument("preprocessing", preprocessing, accepted)
    if encoder == "bag":
        x = keras.layers.Rescaling(LENGTH / x.shape[-1] ** 0.5, name="bag_length")(x) if preprocessing is None else x
        x = keras.layers.Dropout(dropout)(x) if dropout else x
        x = after_recurrent(x, style, last=not hidden)
    elif encoder == "average":
        x = average(x)
    elif convolutional:
        x = _convolved(x, units, windows, style, last=not hidden)
    else:
        x = after_recurrent(recurrent(encoder, units, style)(x), style, last=not hidden)
    for number, count in enumerate(hidden, start=1):
        dense = keras.layers.Dense(count, use_bias=style.use_bias, **style.kernel())
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
    """The Spec, or one made from the other arguments, and the number of outputs."""
    if spec is not None:
        alternatives = {"input_shape": input_shape, "outputs": outputs, "vocabulary": vocabulary, "length": length}
        if any(value is not None for value in alternatives.values()):
            raise InvalidArgument("spec", spec, f"given alone, or {', '.join(alternatives)} instead of it")
        if spec.kind != "text":
            raise InvalidArgument("spec", spec.kind, "that of texts: use mlp for other data")
        return spec, spec.outputs
    if outputs is None:
        raise InvalidArgument("outputs", None, "given where there is no Spec")
    outputs = check_integer("outputs", outputs, low=1)
    if input_shape is not None and (not isinstance(input_shape, (tuple, list)) or len(input_shape)):
        raise InvalidArgument("input_shape", input_shape, "() for texts, or left out")
    for name, value in (("vocabulary", vocabulary), ("length", length)):
        if value is None and preprocessing is None:
            raise InvalidArgument(name, None, "given where there is no Spec")
    words = () if vocabulary is None else vocabulary
    is_list = isinstance(words, Sequence) and not isinstance(words, (str, bytes))
    if (
        not is_list
        or not all(isinstance(word, str) and word for word in words)
        or (vocabulary is not None and not words)
    ):
        raise InvalidArgument("vocabulary", vocabulary, "a sequence of words, at least one")
    for word in words:
        if words_of(word) != [word]:
            raise InvalidArgument("vocabulary", word, f"words as a text is split into: {words_of(word)}")
    feature = Feature("inputs", "text", dtype="string", vocabulary=tuple(words), length=length)
    described = Spec("texts", "text", "binary", (), "string", 1, class_names=("0", "1"), features=(feature,))
    return described, outputs  # the task of this Spec is not used: the output layer gets its own


def _mask(x: Any) -> Any:
    """1 for words and 0 for padding, shape (batch, words, 1); None without padding."""
    mask = mask_of(x)
    return None if mask is None else keras.ops.cast(keras.ops.expand_dims(mask, -1), x.dtype)


def _convolved(x: Any, filters: int, windows: Sequence[int], style: Style, *, last: bool) -> Any:
    """Convolutions of each width, max-pooled over the words and one extra position of 0, for texts without words."""
    mask = _mask(x)
    words = x if mask is None else x * mask
    maxima = []
    for width in windows:
        layer = keras.layers.Conv1D(filters, width, padding="same", use_bias=style.use_bias, **style.kernel(3))
        maps = hidden_block(words, layer, style, last=last)
        maps = keras.layers.ZeroPadding1D((0, 1))(maps if mask is None else maps * mask)
        maxima.append(keras.layers.GlobalMaxPooling1D()(maps))
    return keras.layers.Concatenate()(maxima) if len(maxima) > 1 else maxima[0]
