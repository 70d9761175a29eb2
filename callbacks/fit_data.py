"""FitData: one reader for all data that Keras' ``fit`` takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from .checks import InvalidArgument, check_integer, check_number, check_unmasked
from .inside.backend import on_jax

__all__ = ["FitData", "check_lengths"]

BATCHES = "a tf.data.Dataset, keras.utils.PyDataset or PyTorch DataLoader"
LOADERS = (("torch.utils.data", ("DataLoader",)), ("grain", ("DataLoader", "MapDataset", "IterDataset")))
"""Other data that Keras' ``fit`` iterates over: part of the module's name, and the names of the classes."""
BUFFER = 10_000
"""Size of the buffer that shuffles arrays, in examples."""


class FitData:
    """Data for training or evaluation, as arrays or in batches.

    - Arrays: x, a tuple (x, y) or (x, y, sample weights), or x with ``y`` and ``sample_weight``. Each is an array, a
      list of numbers, or a list, tuple or dictionary of arrays for several inputs or outputs. Sparse arrays work only
      in :meth:`evaluation`.
    - Batches x, (x, y) or (x, y, sample weights): a ``tf.data.Dataset``, a ``keras.utils.PyDataset``, a PyTorch
      ``DataLoader``, or a generator or other iterator, which can be read only once.

    Args:
        data: as above. A list of two or three arrays is (x, y) or (x, y, sample weights) if ``targets`` is true, as in
            Keras' ``validation_data``, and several inputs otherwise.
        y, sample_weight: for arrays that are not in a tuple.
        class_weight: class -> weight, as for ``fit``; for one output without sample weights.
        batch_size: batch size for arrays, >= 1. Default 32, as in Keras.
        argument: the name of ``data`` in messages.
        targets: whether arrays must come with y.

    Attributes:
        kind: "arrays", "dataset", "pydataset", "loader" or "iterator".
        num_batches: batches per pass; None if unknown or endless.
        endless: whether a pass is known to be endless.

    Raises:
        InvalidArgument: for data of another kind; for arrays of different lengths, without examples or with a mask
            that hides values; for weights that do not fit the data.

    Example:
        >>> data = FitData((np.arange(5.0), np.zeros(5)), batch_size=2)
        >>> data.num_batches, [x.tolist() for x, y, weights in data.batches()]
        (3, [[0.0, 1.0], [2.0, 3.0], [4.0]])
    """

    def __init__(
        self,
        data: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        batch_size: int = 32,
        argument: str = "data",
        targets: bool = True,
    ):
        self.argument = argument
        self.batch_size = check_integer("batch_size", batch_size, low=1)
        arrays = "arrays (x, y) or (x, y, weights)" if targets else "arrays x, (x, y) or (x, y, weights)"
        self._accepted = f"{BATCHES} of batches or {arrays}"
        self._class_weight = None if class_weight is None else _checked_weights(class_weight)
        self._source = data
        self.kind = _kind(data)
        self.num_batches: int | None = None
        self.endless = False
        self._arrays: tuple[Any, Any, Any] | None = None
        if self.kind == "arrays":
            self._arrays = self._packed(data, y, sample_weight, targets)
            self.examples = check_lengths(argument, self._arrays)
            self.num_batches = -(-self.examples // self.batch_size)
            return
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise InvalidArgument(name, type(value), f"None if {argument} comes in batches, which have their own")
        if self.kind == "dataset":
            count = int(data.cardinality())
            self.num_batches, self.endless = (count if count >= 0 else None), count == -1
        elif self.kind == "pydataset":
            count = data.num_batches
            self.num_batches, self.endless = (None if count is None else int(count)), count is None
        elif self.kind == "loader":
            self.num_batches = len(data) if hasattr(data, "__len__") else None
        if self.num_batches == 0:
            raise InvalidArgument(argument, data, f"{self._accepted}, not empty")

    @property
    def inputs(self) -> Any:
        """All inputs, where the data are arrays; None for data in batches."""
        return None if self._arrays is None else self._arrays[0]

    @property
    def targets(self) -> Any:
        """All targets, where the data are arrays; None for data in batches."""
        return None if self._arrays is None else self._arrays[1]

    def check_passes(self) -> FitData:
        """Returns this object, or raises if its data cannot be read several times from start to end.

        Raises:
            InvalidArgument: for an iterator, which can be read only once, and for endless data.
        """
        if self.kind == "iterator":
            accepted = f"readable several times, but an iterator or generator can be read only once: {self._accepted}"
            raise InvalidArgument(self.argument, self._source, accepted)
        if self.endless:
            raise InvalidArgument(self.argument, self._source, f"finite, but this has no end: {self._accepted}")
        return self

    def batches(self) -> Iterator[tuple[Any, Any, Any]]:
        """One pass in order, batch by batch: (x, y, sample weights), with None for those that are missing.

        Arrays and the batches of a DataLoader come as NumPy arrays, other batches as they are (on JAX, those of a
        ``tf.data.Dataset`` as NumPy arrays too). A PyDataset gives each
        batch once, from index 0 on; its ``on_epoch_end`` is not called.
        """
        for batch in self._raw():
            yield self._weighted(*self._unpacked(batch))

    def first(self) -> Any:
        """The first batch as ``train_step`` gets it: x, (x, y) or (x, y, sample weights). An iterator advances by it.

        Raises:
            InvalidArgument: if there is none.
        """
        batch = next(self.batches(), None)
        if batch is None:
            raise InvalidArgument(self.argument, self._source, f"{self._accepted}, not empty")
        return keras.utils.pack_x_y_sample_weight(*batch)

    def sample(self, count: int, seed: int = 0) -> list[tuple[Any, Any, Any]]:
        """Batches (x, y, sample weights) of up to ``count`` examples: random ones of arrays, else the first batches.

        Args:
            count: examples, >= 1; the first batch comes whole.
            seed: of the choice among the rows of arrays.
        """
        if self._arrays is not None:
            arrays = self._dense(self._arrays)
            rows = np.random.default_rng(seed).permutation(self.examples)[:count]
            places = [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]
            return [self._weighted(*(_rows(array, place) for array in arrays)) for place in places]
        batches: list[tuple[Any, Any, Any]] = []
        for batch in self.batches():
            batches.append(batch)
            count -= tree.flatten(batch[0])[0].shape[0]
            if count <= 0:
                break
        return batches

    def repeated(self, seed: int = 0) -> Any:
        """The data for ``fit`` with any ``steps_per_epoch``.

        Arrays are reshuffled at each repetition, by ``seed`` and TensorFlow's global seed, which stays unchanged; on
        JAX by ``seed`` alone. Batches are repeated as they are; an iterator ends where it ends.
        """
        if self._arrays is not None and on_jax():
            return self._shuffled(seed)
        if self._arrays is not None:
            import tensorflow as tf

            arrays = keras.utils.pack_x_y_sample_weight(*self._weighted(*self._dense(self._arrays)))
            data = tf.data.Dataset.from_tensor_slices(tree.lists_to_tuples(arrays))
            data = data.shuffle(min(self.examples, BUFFER), seed=seed)
            options = tf.data.Options()
            options.autotune.enabled = False  # TensorFlow may wait long for its thread when an iterator is dropped
            return data.batch(min(self.batch_size, self.examples)).with_options(options).repeat()
        if self.kind == "dataset" and self._class_weight is None:
            return self._source.repeat()
        if self.kind == "dataset" and not on_jax():
            pack = keras.utils.pack_x_y_sample_weight
            return self._source.map(lambda *batch: pack(*self._weighted(*self._unpacked(batch)))).repeat()
        batches = self._endlessly()
        first = next(batches, None)  # or Keras would raise an error of its own for an empty generator
        if first is None:
            raise InvalidArgument(self.argument, self._source, f"{self._accepted}, not empty")
        return (batch for source in ((first,), batches) for batch in source)

    def evaluation(self) -> dict[str, Any]:
        """The arguments of ``model.evaluate`` for this data."""
        if self._arrays is None:
            return {"x": self._source}
        x, y, weights = self._arrays
        return {"x": x, "y": y, "sample_weight": weights, "batch_size": self.batch_size}

    def _packed(self, data: Any, y: Any, sample_weight: Any, targets: bool) -> tuple[Any, Any, Any]:
        """The arrays (x, y, sample weights) in NumPy, each in its structure."""
        arrays = tuple(
            check_unmasked(name, array)
            for name, array in ((self.argument, data), ("y", y), ("sample_weight", sample_weight))
        )
        data = arrays[0]
        if y is None and sample_weight is None and (isinstance(data, tuple) or (targets and isinstance(data, list))):
            if not 1 <= len(data) <= 3:
                raise InvalidArgument(self.argument, data, self._accepted)
            arrays = (*data, None, None)[:3]
        if arrays[0] is None or (targets and arrays[1] is None) or (arrays[1] is None and arrays[2] is not None):
            raise InvalidArgument(self.argument, data, self._accepted)
        x, y, weights = (None if array is None else self._array(array) for array in arrays)
        if isinstance(weights, np.ndarray) and isinstance(y, np.ndarray):
            of_parts = weights.size > len(weights)  # as of the steps of a sequence
            if of_parts and weights.shape != y.shape[: weights.ndim]:
                accepted = f"one weight per example, or of the shape of the targets' first axes, {y.shape}"
                raise InvalidArgument("sample_weight", f"shape {weights.shape}", accepted)
        if weights is not None and tree.is_nested(y) and not tree.is_nested(weights):
            weights = tree.map_structure(lambda _: weights, y)  # one weight per example, for all outputs
        return x, y, weights

    def _array(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._array(leaf) for name, leaf in value.items()}
        if isinstance(value, (list, tuple)) and any(isinstance(leaf, dict) or np.ndim(leaf) for leaf in _arrays(value)):
            return type(value)(self._array(leaf) for leaf in value)
        if _is_sparse(value):
            return value
        try:
            array = np.asarray(value)
        except ValueError:  # lists of different lengths
            raise InvalidArgument(self.argument, type(value), self._accepted) from None
        supported = array.dtype != object or all(isinstance(element, (str, bytes)) for element in array.flat)
        supported = supported and array.dtype.fields is None and array.dtype.kind not in "mM"  # of columns; dates
        if not array.ndim or not supported:
            raise InvalidArgument(self.argument, self._source, self._accepted)
        return array

    def _dense(self, arrays: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        if any(_is_sparse(leaf) for leaf in tree.flatten(arrays)):
            raise InvalidArgument(self.argument, self._source, f"dense, if arrays: {self._accepted}")
        return arrays

    def _raw(self) -> Iterator[Any]:
        if self._arrays is not None:
            arrays = self._dense(self._arrays)
            for start in range(0, self.examples, self.batch_size):
                rows = slice(start, start + self.batch_size)
                yield tuple(_rows(array, rows) for array in arrays)
        elif self.kind == "pydataset":
            index = 0
            while self.num_batches is None or index < self.num_batches:
                yield self._source[index]
                index += 1
        elif self.kind == "loader" or (self.kind == "dataset" and on_jax()):
            yield from (tree.map_structure(np.asarray, batch) for batch in self._source)
        else:
            yield from self._source

    def _shuffled(self, seed: int) -> Iterator[Any]:
        """The batches of arrays without end, in another order at each repetition."""
        generator = np.random.default_rng(seed)
        arrays, size = self._dense(self._arrays), min(self.batch_size, self.examples)  # type: ignore[arg-type]
        while True:
            order = generator.permutation(self.examples)
            for start in range(0, self.examples, size):
                batch = (_rows(array, order[start : start + size]) for array in arrays)
                packed = keras.utils.pack_x_y_sample_weight(*self._weighted(*batch))
                yield packed if isinstance(packed, tuple) else (packed,)

    def _endlessly(self) -> Iterator[Any]:
        while True:
            for batch in self.batches():
                packed = keras.utils.pack_x_y_sample_weight(*batch)
                yield packed if isinstance(packed, tuple) else (packed,)
            if self.kind == "iterator":
                return

    def _unpacked(self, batch: Any) -> tuple[Any, Any, Any]:
        accepted = f"{self._accepted}: of batches x, (x, y) or (x, y, weights)"
        try:
            parts = keras.utils.unpack_x_y_sample_weight(batch)
        except ValueError:
            raise InvalidArgument(self.argument, type(batch), accepted) from None
        for leaf in tree.flatten(parts):
            if leaf is not None and not _may_have_rows(leaf):
                raise InvalidArgument(self.argument, f"a batch of {type(leaf).__name__}", f"{accepted} in arrays")
        return parts

    def _weighted(self, x: Any, y: Any, weights: Any) -> tuple[Any, Any, Any]:
        """The batch with the class weights, if there are any, as sample weights."""
        if self._class_weight is None:
            return x, y, weights
        if y is None or weights is not None or tree.is_nested(y):
            accepted = "None unless the data has one target and no sample weights"
            raise InvalidArgument("class_weight", self._class_weight, accepted)
        labels = ops.convert_to_tensor(y)
        if len(labels.shape) > 1 and labels.shape[-1] != 1:
            labels = ops.argmax(labels, axis=-1)
        labels = ops.round(ops.cast(ops.reshape(labels, (-1,)), "float32"))
        weights = ops.ones_like(labels, keras.config.floatx())
        for label, weight in self._class_weight.items():
            weights = ops.where(ops.equal(labels, label), weight, weights)
        return x, y, weights


def check_lengths(argument: str, arrays: Any) -> int:
    """Returns the number of examples in arrays, or raises if they are empty or of different lengths.

    Args:
        argument: their name in messages.
        arrays: any structure of arrays; None is skipped.

    Raises:
        InvalidArgument: naming the lengths.

    Example:
        >>> check_lengths("data", ({"a": np.zeros((3, 2))}, np.zeros(3), None))
        3
    """
    lengths = [leaf.shape[0] for leaf in tree.flatten(arrays) if leaf is not None]
    if len(set(lengths)) != 1 or not lengths[0]:
        raise InvalidArgument(argument, tuple(lengths), "arrays of the same length, at least 1")
    return lengths[0]


def _checked_weights(class_weight: Any) -> dict[float, float]:
    """Weights by class, in floats."""
    if not isinstance(class_weight, Mapping):
        raise InvalidArgument("class_weight", class_weight, "None or a mapping from classes to weights")
    weights = {}
    for label, weight in class_weight.items():
        number = check_number("class_weight", label, low=0)
        weights[number] = check_number(f"class_weight[{label!r}]", weight, low=0)
    return weights


def _rows(arrays: Any, rows: Any) -> Any:
    """These rows of each array in a structure, or None."""
    return None if arrays is None else tree.map_structure(lambda leaf: leaf[rows], arrays)


def _kind(data: Any) -> str:
    if hasattr(data, "element_spec") and hasattr(data, "cardinality"):
        return "dataset"
    if isinstance(data, keras.utils.PyDataset):
        return "pydataset"
    if any(
        kind.__name__ in names and home in kind.__module__ for kind in type(data).__mro__ for home, names in LOADERS
    ):
        return "loader"
    return "iterator" if isinstance(data, Iterator) else "arrays"


def _may_have_rows(leaf: Any) -> bool:
    """Whether a part of a batch is an array of one or more axes, or a tensor of unknown ones."""
    shape = getattr(leaf, "shape", None)
    rank = getattr(shape, "rank", None) if hasattr(shape, "rank") else -1 if shape is None else len(shape)
    return rank is None or rank > 0


def _is_sparse(value: Any) -> bool:
    """Whether an array is a sparse one of SciPy or TensorFlow, which Keras takes but NumPy does not."""
    return hasattr(value, "tocsr") or type(value).__name__ == "SparseTensor"


def _arrays(values: Any) -> list[Any]:
    """The elements that are arrays or dictionaries, not numbers or lists of numbers."""
    return [value for value in values if hasattr(value, "shape") or isinstance(value, dict)]
