"""Data: three splits, in memory or on disk, as tf.data datasets, with the Spec that describes them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from ...callbacks.checks import InvalidArgument, check_choice, check_integer, check_unmasked
from ...callbacks.fit_data import check_lengths
from .assembly import SPLITS, Splits, assemble
from .batching import in_order, shuffled, steps_per_epoch
from .moments import chunks
from .named_arrays import Inputs, apply, concatenate, items
from .spec import Spec
from .stored import Stored
from .targets import Declared

__all__ = ["Data"]

EVALUATION_BATCH = 1024


class Data:
    """The training, validation and test split of a dataset.

    Made by :func:`recipes.data.load` or :meth:`from_arrays`. x is uint8 (n, height, width, channels) for images,
    float32 (n, features) for tables, strings (n,) for texts, float32 (n, steps, size) for sequences, and a dictionary
    of arrays for records; y is int64 (n,) for classes (0 and 1 for binary), int64 (n, classes) for multilabel, and
    float32 (n,) or (n, targets) for regression. What would take too much memory is read from disk batch by batch.

    Attributes:
        spec: the :class:`~recipes.data.Spec`; its statistics are those of the training split only.
        batch_size: of the training batches.
        settings: how the splits came about, as plain values for JSON: ``name``, ``version`` (where there is one),
            ``batch_size``, ``validation`` and ``test`` (the fraction carved, or ``"given"``), ``seed``, ``counts``.

    Example:
        >>> data = Data.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20) % 2, batch_size=4)
        >>> data.steps_per_epoch, data.spec.task
        (3, 'binary')
        >>> data.train.element_spec[0].shape
        TensorShape([4, 2])
    """

    def __init__(self, spec: Spec, arrays: Splits, settings: Mapping[str, Any]):
        self.spec = spec
        self.settings = dict(settings)
        self.batch_size: int = self.settings["batch_size"]
        self._arrays = arrays
        self._tensors: dict[str, tuple[Any, tf.Tensor]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """For another process: everything but what TensorFlow made of it."""
        kept = {"spec": self.spec, "settings": self.settings, "batch_size": self.batch_size, "_arrays": self._arrays}
        return {**kept, "_tensors": {}}

    @classmethod
    def from_arrays(
        cls,
        x: Any,
        y: Any,
        *,
        x_validation: Any = None,
        y_validation: Any = None,
        x_test: Any = None,
        y_test: Any = None,
        validation: float | None = None,
        test: float = 0.2,
        seed: int = 0,
        batch_size: int | None = None,
        task: str | None = None,
        class_names: Sequence[str] | None = None,
        feature_names: Sequence[str] | None = None,
        name: str = "arrays",
    ) -> Data:
        """Your own arrays as Data.

        Args:
            x: uint8 images of shape (n, height, width) or (n, height, width, channels), or float ones with channels; a
                table of numbers of shape (n, features), where a pandas DataFrame of numbers gives its column names too;
                n texts; sequences of shape (n, steps, size), or a list of arrays (steps, size) of different lengths;
                or a record: a dictionary of such arrays and of columns of shape (n,), or any other DataFrame. In a
                record's columns of numbers NaN, a masked value (``numpy.ma``), or -1 where nothing else is negative, is
                missing. Its names are any strings, all different.
            y: shape (n,) or (n, 1): whole numbers, booleans or strings for classes, floats for regression; shape
                (n, targets): 0 and 1 for multilabel, floats for several quantities; or n lists of labels for
                multilabel. Classes are coded as their positions in the Spec's ``class_names``.
            x_validation, y_validation, x_test, y_test: splits that exist already; otherwise they are carved from
                ``x, y`` as :func:`recipes.data.load` does it, the test first.
            validation, test: the fractions to carve, in (0, 1); validation None for a fifth below 10,000 examples, else
                a tenth.
            seed: of the validation split and of the training order.
            batch_size: of training; None for 32 below 10,000 training examples, else 128.
            task: "binary", "multiclass", "multilabel" or "regression"; None to tell from ``y``.
            class_names: of the classes 0, 1, ...; default the values that training has, sorted.
            feature_names: of the columns; default none.
            name: what to call the dataset.

        Raises:
            InvalidArgument: for arrays that are empty, of different lengths, not finite or of another shape, for labels
                that have no class name, for classes that training lacks, and for options out of range.

        Example:
            >>> Data.from_arrays(np.zeros((30, 8, 8), "uint8"), np.arange(30) % 3).spec.input_shape
            (8, 8, 1)
        """
        given = {"train": (x, y)}
        for split, pair in (("validation", (x_validation, y_validation)), ("test", (x_test, y_test))):
            missing = [part for part, value in zip("xy", pair, strict=True) if value is None]
            if len(missing) == 1:
                raise InvalidArgument(f"{missing[0]}_{split}", None, f"given, since the other half of {split!r} is")
            if not missing:
                given[split] = pair
        if feature_names is None:
            columns = getattr(x, "columns", ())
            feature_names = [str(column) for column in columns]
        elif isinstance(x, Mapping):
            raise InvalidArgument("feature_names", feature_names, "None for a record, which names its columns itself")
        options = {"validation": validation, "test": test, "seed": seed, "batch_size": batch_size}
        declared = Declared(names=class_names)
        return cls(*assemble(given, name=name, task=task, declared=declared, feature_names=feature_names, **options))  # type: ignore[arg-type]

    def with_train(self, x: np.ndarray, y: np.ndarray, *, how: str) -> Data:
        """The same data with another training split: a sample of it, other labels, or more examples.

        Spec, validation and test stay what they are; so models made for one fit the other, with the same preprocessing.

        Args:
            x, y: as :meth:`arrays` gives them, at least one example.
            how: what was done, for ``settings["train"]``.

        Raises:
            InvalidArgument: for arrays of another shape or type, of different lengths or without any example.

        Example:
            >>> x, y = data.arrays("train")                                      # doctest: +SKIP
            >>> half = data.with_train(x[::2], y[::2], how="every other example")
        """
        old_x, old_y = self._arrays["train"]
        x, y = apply(_contiguous, check_unmasked("x", x)), np.ascontiguousarray(check_unmasked("y", y))
        for name, new, old in (("x", x, old_x), ("y", y, old_y)):
            if _form(new) != _form(old):
                raise InvalidArgument(name, _form(new), _form(old))
        check_lengths("x, y", (x, y))
        settings = {**self.settings, "counts": {**self.settings["counts"], "train": len(y)}, "train": how}
        return Data(self.spec, {**self._arrays, "train": (x, y)}, settings)

    def folds(self, count: int) -> list[Data]:
        """This data divided for cross-validation: each Data validates on another part of training and validation.

        The parts are stratified by class, drawn by the data's own seed, and share no example; together they are all of
        training and validation. The test split is the same in all. Every Data has the statistics of its own training.

        Args:
            count: of parts, >= 2.

        Raises:
            InvalidArgument: for a smaller number, or more parts than examples of a class.

        Example:
            >>> data = Data.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20) % 2)
            >>> [fold.settings["counts"]["validation"] for fold in data.folds(4)]
            [4, 4, 4, 4]
        """
        count = check_integer("folds", count, low=2)
        (x, y), (more_x, more_y) = self._arrays["train"], self._arrays["validation"]
        given = {"train": (concatenate(x, more_x), np.concatenate([y, more_y])), "test": self._arrays["test"]}
        if self.spec.record:
            given = {split: (self.spec.names.to_user(x), y) for split, (x, y) in given.items()}
        features = {each.name if self.spec.record else "": each for each in self.spec.features}
        classes = {key: len(each.vocabulary) for key, each in features.items() if each.vocabulary}
        classes = {key: size for key, size in classes.items() if features[key].vocabulary == tuple(range(size))}
        found = []
        for number in range(count):
            spec, arrays, settings = assemble(
                given,
                name=self.spec.name,
                validation=None,
                test=0.5,
                seed=self.settings["seed"],
                batch_size=self.batch_size,
                task=self.spec.task,
                declared=Declared(names=self.spec.class_names or None),
                feature_names=self.spec.feature_names,
                argument=f"dataset {self.spec.name!r}",
                kinds={key: each.kind for key, each in features.items()},
                classes=classes,
                paddings={key: each.padding for key, each in features.items() if each.padding is not None},
                resized=self.spec.resized,
                fold=(number, count),
            )
            kept: dict[str, Any] = {
                key: self.settings[key] for key in ("version", "test", "options") if key in self.settings
            }
            found.append(Data(spec, arrays, {**settings, **kept}))
        return found

    def with_names(self, spec: Spec) -> Data:
        """The same data with inputs called as a model of another Spec calls them, e.g. one that was saved.

        Args:
            spec: of the same data. For anything but records it makes no difference.

        Raises:
            InvalidArgument: for a Spec of other inputs.

        Example:
            >>> data.with_names(Spec.from_config(json.loads(text)))              # doctest: +SKIP
        """
        if not self.spec.record:
            return self
        theirs = {name: spec.names.find(name) for name in self.spec.names.inner}
        if set(theirs.values()) != set(spec.names.inner):
            accepted = f"one of records with {', '.join(theirs)}"
            raise InvalidArgument("spec", list(spec.names.inner), accepted)
        keys = {name: spec.names.inner[str(other)] for name, other in theirs.items()}
        if keys == self.spec.names.inner:
            return self
        features = tuple(dataclasses.replace(feature, input=keys[feature.name]) for feature in self.spec.features)
        renamed = dataclasses.replace(self.spec, features=features)
        arrays = {
            split: (renamed.names.to_model(self.spec.names.to_user(x)), y) for split, (x, y) in self._arrays.items()
        }
        return Data(renamed, arrays, self.settings)

    def arrays(self, split: str) -> tuple[Inputs, np.ndarray]:
        """(x, y) of a split as NumPy arrays, in the split's fixed order. They are read-only and shared, not copied.

        x is a dictionary of arrays for records, by the names that a model takes (``spec.names`` has the user's beside
        them). What is on disk is a :class:`recipes.data.stored.Stored`: indexing it gives arrays, and ``numpy.asarray``
        reads all.

        Raises:
            InvalidArgument: for another split than "train", "validation" and "test".
        """
        return self._arrays[check_choice("split", split, SPLITS)]

    @property
    def steps_per_epoch(self) -> int:
        """How many batches one pass over :attr:`train` has."""
        return steps_per_epoch(self.settings["counts"]["train"], self.batch_size)

    @cached_property
    def train(self) -> tf.data.Dataset:
        """The training batches, in a new order at every iteration, drawn from the data's own seed.

        Only full batches (unless there is none); which examples are left out differs from epoch to epoch. Being one
        object, it goes on counting over all its iterations: for numbers that depend on a seed alone, take a fresh
        dataset from :meth:`batches` for each training. Pass ``shuffle=False`` to ``fit``: Keras need not shuffle.
        """
        return self.batches("train")

    @cached_property
    def validation(self) -> tf.data.Dataset:
        """All validation examples, in order, in batches of 1024 (or the training batch size, if that is larger)."""
        return self.batches("validation")

    @cached_property
    def test(self) -> tf.data.Dataset:
        """All test examples, in order, in batches of 1024 (or the training batch size, if that is larger)."""
        return self.batches("test")

    def batches(
        self,
        split: str,
        *,
        seed: int | None = None,
        batch_size: int | None = None,
        first_epoch: int = 0,
        augment: Callable[[Any, Any], Any] | None = None,
    ) -> tf.data.Dataset:
        """A fresh dataset of (x, y) batches of a split.

        Two fresh datasets with the same seed give the same sequence of orders, one order per iteration; TensorFlow's
        global seed plays no part. All datasets of a Data share one copy of the arrays.

        Args:
            split: "train", "validation" or "test".
            seed: of the orders; None for the data's own seed in "train", and for no shuffling in the other two.
            batch_size: None for :attr:`batch_size` in "train", and 1024 or more in the others.
            first_epoch: which order to begin with, counted from 0; a resumed training gives the epoch it goes on with.
            augment: what :func:`recipes.data.augmentation.augmentation` returns, for shuffled batches.

        Returns:
            A dataset of known cardinality. "train" has only full batches, of static shape, if there is at least one;
            the others give every example.

        Raises:
            InvalidArgument: for an unknown split or numbers out of range.
        """
        check_choice("split", split, SPLITS)
        check_integer("first_epoch", first_epoch, low=0)
        training = split == "train"
        if batch_size is None:
            batch_size = self.batch_size if training else max(EVALUATION_BATCH, self.batch_size)
        batch_size = check_integer("batch_size", batch_size, low=1)
        if seed is None and training:
            seed = self.settings["seed"]
        x, y = self.on_device(split)
        if seed is None:
            return in_order(x, y, batch_size)
        seed = check_integer("seed", seed, low=0, high=2**32 - 1)
        return shuffled(x, y, batch_size, seed, first_epoch=first_epoch, drop_remainder=training, augment=augment)

    def on_device(self, split: str) -> tuple[Any, tf.Tensor]:
        """The split as tensors in host memory, where tf.data runs; made once and shared by all datasets."""
        if split not in self._tensors:
            with tf.init_scope(), tf.device("CPU:0"):
                x, y = self._arrays[split]
                self._tensors[split] = (
                    apply(lambda each: each if isinstance(each, Stored) else tf.constant(each), x),
                    tf.constant(y),
                )
        return self._tensors[split]

    @property
    def on_disk(self) -> bool:
        """Whether inputs are read from disk, batch by batch."""
        return any(isinstance(each, Stored) for each in _values(self._arrays["train"][0]))

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of the SHA-256 of all three splits: equal only if every array is equal."""
        digest = hashlib.sha256()
        for split in SPLITS:
            x, y = self._arrays[split]
            named = self.spec.names.to_user(x).items() if self.spec.record else items(x)
            for name, array in [*named, ("", y)]:
                digest.update(f"{split} {name + ' ' if name else ''}{array.dtype} {array.shape};".encode())
                for part in chunks(array):
                    if part.dtype == object:
                        digest.update(json.dumps(part.tolist()).encode())
                    else:
                        digest.update(np.ascontiguousarray(part).data.cast("B"))
        return digest.hexdigest()[:16]

    def __repr__(self) -> str:
        counts = ", ".join(f"{split} {count:,}" for split, count in self.settings["counts"].items())
        spec = self.spec
        inputs = f"{len(spec.features)} inputs" if spec.record else f"inputs {spec.input_shape}"
        return f"<Data {spec.name}: {spec.task}, {inputs}, {counts}>"


def _values(x: Inputs) -> list[Any]:
    return [values for _, values in items(x)]


def _contiguous(values: Any) -> Any:
    return values if isinstance(values, Stored) else np.ascontiguousarray(values)


def _form(x: Inputs) -> str:
    """Types and shapes, in words."""
    forms = {name: f"{values.dtype} of shape (n, *{values.shape[1:]})" for name, values in items(x)}
    return forms[""] if list(forms) == [""] else str(forms)
