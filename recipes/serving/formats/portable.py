"""portable: a temporary SavedModel of operations that other formats have, too, for their converters."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras

from ....callbacks.inside.layers import all_layers, replaced_method
from ...data.spec import Spec
from ..description import output_name
from ..saved_model import raw_signature

__all__ = ["SIGNATURE", "portable"]

SIGNATURE = "serving_default"

STEPS = 256
"""Loops over more steps are not unrolled: the file would be too large."""


@contextlib.contextmanager
def portable(model: keras.Model, spec: Spec, *, unrolled: bool = False, apart: bool = False) -> Iterator[Path]:
    """A temporary SavedModel that answers as the model does, without tables and, if asked, without loops.

    Categories are compared with each value of the vocabulary, where Keras looks them up in a hash table, which other
    formats have for few types. The inputs have the types and names of those of the exported SavedModel.

    Args:
        model: a functional or sequential model; it is not changed.
        spec: of its data.
        unrolled: whether recurrent layers over a fixed number of steps, up to 256, are unrolled. Default False.
        apart: whether Normalization and Rescaling layers are kept apart from the layers around them, which converters
            would merge them with: the merged kernels have weights of very unlike sizes. Default False.

    Yields:
        The folder.

    Example:
        >>> with portable(run.model, run.data.spec) as folder:                       # doctest: +SKIP
        ...     converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    """

    def serve(inputs: Any) -> dict[str, Any]:
        return {output_name(spec): model(inputs, training=False)}

    with contextlib.ExitStack() as stack:
        for layer in all_layers(model):
            if is_lookup(layer):
                stack.enter_context(replaced_method(layer, "call", _comparison(layer)))
            elif unrolled and isinstance(layer, keras.layers.RNN):
                stack.callback(setattr, layer, "unroll", layer.unroll)
                stack.enter_context(replaced_method(layer, "call", _unrolled(layer)))
            elif apart and isinstance(layer, (keras.layers.Normalization, keras.layers.Rescaling)):
                stack.enter_context(replaced_method(layer, "call", _apart))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serve", serve, [raw_signature(model, spec)])
        archive.write_out(str(folder), verbose=False)
        yield folder


def is_lookup(layer: keras.layers.Layer) -> bool:
    """Whether a layer maps each value to its position in a vocabulary, and all others to a single one."""
    return (
        isinstance(layer, (keras.layers.StringLookup, keras.layers.IntegerLookup))
        and layer.output_mode == "int"
        and layer.num_oov_indices == 1
        and not layer.invert
    )


def _comparison(layer: Any) -> Callable[[Any], Any]:
    import tensorflow as tf

    vocabulary = layer.get_vocabulary(include_special_tokens=True)
    values = tf.constant(vocabulary, layer.vocabulary_dtype)
    unknown = tf.constant(vocabulary.index(layer.oov_token), tf.int64)

    def call(inputs: Any, *_: Any, **__: Any) -> Any:
        equal = tf.equal(tf.cast(inputs, values.dtype)[..., None], values)
        place = tf.argmax(tf.cast(equal, tf.int32), axis=-1)
        return tf.where(tf.reduce_any(equal, axis=-1), place, unknown)

    return lambda _: call


def _unrolled(layer: Any) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def call(sequences: Any, *arguments: Any, **options: Any) -> Any:
            steps = sequences.shape[1]
            layer.unroll = steps is not None and steps <= STEPS
            return original(sequences, *arguments, **options)

        return call

    return make


def _apart(original: Any) -> Any:
    def call(inputs: Any, *arguments: Any, **options: Any) -> Any:
        return _same(original(_same(inputs), *arguments, **options))

    return call


def _same(x: Any) -> Any:
    """The numbers themselves, by an operation that converters leave alone."""
    import tensorflow as tf

    return tf.cast(tf.cast(x, tf.float64), tf.float32) if x.dtype == tf.float32 else x
