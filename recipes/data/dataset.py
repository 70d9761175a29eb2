"""Data: training, validation and test splits, in memory or on disk, as tf.data datasets, and their Spec."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer, check_unmasked
from ...callbacks.fit_data import check_lengths
from .assembly import SPLITS, Splits
from .batching import in_order, shuffled, steps_per_epoch
from .disk.stored import Stored
from .fingerprint import fingerprint_of
from .folds import folded
from .frames import unframed
from .named_arrays import Inputs, apply, items
from .names import is_frame
from .own_arrays import from_splits
from .pipelines import read_pipelines
from .resplit import carved_splits, resplit
from .spec import Spec
from .spec_from_arrays import class_shares
from .splitting.split_columns import SplitColumns
from .string_columns import as_strings
from .weights import Weights, check_split_weights, check_weights, normalized

__all__ = ["Data"]

EVALUATION_BATCH, EVALUATION_NUMBERS = 1024, 2**23
"""The most examples in a batch of an evaluation, and the most numbers in its inputs: 32 MiB of float32."""


class Data:
    """The training, validation and test split of a dataset.

    Made by :func:`recipes.data.load` or :meth:`from_arrays`. x is uint8 (n, height, width, channels) for images,
    float32 (n, features) for tables, strings (n,) for texts, float32 (n, steps, size) for sequences, and a dictionary
    of arrays for records; y is int64 (n,) for classes (0 and 1 for binary), int64 (n, classes) for multilabel, and
    float32 (n,) or (n, targets) for regression. Tables, sequences and regression targets are float64 where float32
    does not keep the values of a column apart, as of times in seconds since 1970; a warning names the column. Arrays
    too large for memory are read from disk batch by batch.

    With sample weights, an example of weight 2 counts as two: in the loss, metrics and balanced class weights. They
    do not count in the statistics that inputs and targets are normalized by.

    Attributes:
        spec: the :class:`~recipes.data.Spec`; its statistics come from the training split only.
        batch_size: examples per training batch.
        settings: how the splits were made, as plain values for JSON: ``name``, ``version`` (where there is one),
            ``batch_size``, ``validation`` and ``test`` (the fraction held out, or ``"given"``), ``seed``, ``counts``,
            and ``files``, the path and SHA-256 of table files. Where they apply also ``groups``, ``time`` and
            ``stratify`` (the column, or ``"given"``), ``group_counts``, ``times`` (the first and last of each split)
            and ``duplicates`` (how many examples were moved to the split of their duplicates).

    Example:
        >>> data = Data.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20) % 2, batch_size=4)
        >>> data.steps_per_epoch, data.spec.task
        (3, 'binary')
        >>> data.train.element_spec[0].shape
        TensorShape([4, 2])
    """

    @checked
    def __init__(
        self,
        spec: Spec,
        arrays: Splits,
        settings: Mapping[str, Any],
        weights: Weights | None = None,
        columns: Mapping[str, SplitColumns] | None = None,
    ):
        self.spec = spec
        self.settings = dict(settings)
        self.batch_size: int = self.settings["batch_size"]
        self._arrays, self._weights = arrays, weights
        self._columns = columns or dict.fromkeys(SPLITS, SplitColumns())
        self._tensors: dict[str, tuple[Any, tf.Tensor]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the tensors, to send to another process."""
        state = {"spec": self.spec, "settings": self.settings, "batch_size": self.batch_size, "_arrays": self._arrays}
        return {**state, "_weights": self._weights, "_columns": self._columns, "_tensors": {}}

    @classmethod
    @checked
    def from_arrays(
        cls,
        x: Any,
        y: Any,
        *,
        x_validation: Any = None,
        y_validation: Any = None,
        x_test: Any = None,
        y_test: Any = None,
        sample_weight: Any = None,
        sample_weight_validation: Any = None,
        sample_weight_test: Any = None,
        validation: float | None = None,
        test: float = 0.2,
        seed: int = 0,
        batch_size: int | None = None,
        task: str | None = None,
        class_names: Sequence[str] | None = None,
        feature_names: Sequence[str] | None = None,
        exclude: Sequence[str | int] = (),
        groups: Any = None,
        time: Any = None,
        stratify: Any = None,
        duplicates: str = "together",
        small_classes: str = "refuse",
        image_size: tuple[int, int] | None = None,
        name: str = "arrays",
    ) -> Data:
        """Makes Data from your own arrays.

        Args:
            x: uint8 images of shape (n, height, width) or (n, height, width, channels), or float ones with channels; a
                table of numbers of shape (n, features), NaN and masked values for missing ones, where a DataFrame of
                numbers gives its column names too;
                n texts; sequences of shape (n, steps, size), or a list of arrays (steps, size) of different lengths;
                or a record: a dictionary of such arrays and of columns of shape (n,), or any other DataFrame. In a
                record's numeric columns, NaN, a masked value (``numpy.ma``), or a frequent -1 where nothing else is
                negative, means missing. Column names are any strings, all different. Columns of dates
                (datetime64, ``datetime`` objects) and of strings that are all dates or all numbers ("$1,200") become
                dates and numbers inside the model; a warning says so of strings. A pandas category stays a category.
                The columns of all splits are matched by name, in any order; by position only where there are no names.
            y: shape (n,) or (n, 1): whole numbers, booleans or strings for classes, floats for regression; shape
                (n, targets), an array or a DataFrame: 0 and 1 for multilabel, or one-hot rows with ``task="binary"`` or
                ``"multiclass"``, floats for several quantities; or n lists of labels for multilabel. Whole numbers of
                more than 20 different values are a regression, with a warning, unless they are 0..k-1 or 1..k and each
                occurs at least twice. Classes are encoded as their positions in the Spec's ``class_names``.
            x_validation, y_validation, x_test, y_test: existing splits. A missing one is held out from ``x, y`` as in
                :func:`recipes.data.load`, the test split first.
            sample_weight: how much each example of ``x, y`` counts, shape (n,), >= 0; or the name of a column of x, a
                DataFrame or a record, in all splits. None (default): 1 each. Only the ratios matter: see
                :meth:`sample_weight`.
            sample_weight_validation, sample_weight_test: of existing splits; 1 each if only others have weights.
            validation, test: the fractions to hold out, in (0, 1). ``validation=None`` means a fifth below 10,000
                examples, else a tenth.
            seed: seed of the validation split and of the training order.
            batch_size: examples per training batch; None for 32 below 10,000 training examples, else 128. An epoch
                has only full batches, of other examples each time; 32 that would leave out more than a quarter of them,
                as of 63, become fewer.
            task: "binary", "multiclass", "multilabel" or "regression"; None to infer it from ``y``.
            class_names: names of the classes 0, 1, ...; defaults to the sorted values in the training split, or to the
                columns of one-hot or multilabel rows.
            feature_names: names of a table's columns; by default those of a DataFrame, and none of an array.
            exclude: columns of x to leave out in all splits, by name, or by position where they have no names.
            groups: what must not be in two splits, such as patients: a column of x by name, which is then no input; or
                an array of shape (n,); or a mapping from each existing split to its array. Splits that are made keep
                whole groups together, and the shares of the classes about equal; existing ones that share a group
                are refused.
            time: when the examples were: the earliest train, later ones validate, the latest test. Passed like
                ``groups``: numbers, dates, or texts such as "2019-12-31 23:59". Examples of one time stay together.
                With ``groups``, a cut must leave them whole.
            stratify: what has the same shares in all splits; passed like ``groups``, but a column stays an input.
                Default None: the classes. Not with ``time``.
            duplicates: "together" (default): examples with equal inputs are in the same split where splits are made,
                and a warning counts those in several existing ones. Rows of a table that are equal by chance, since its
                columns have few values, are no duplicates. "ignore": not looked for.
            small_classes: what to do with a class that has too few examples for every split to have one, where splits
                are made: "refuse" (default), "leave_out" its examples, "merge" all such classes into one, "other", or
                keep its examples in "train".
            image_size: (height, width) to resize images to, also those of a record; the model resizes raw images alike.
                Images of unlike sizes, a list of arrays (height, width[, channels]), need it. Default None.
            name: name of the dataset.

        Raises:
            InvalidArgument: for arrays that are empty, not finite, of different lengths or of an unsupported shape, for
                labels without a class name, for classes absent from training, and for options out of range.

        Example:
            >>> Data.from_arrays(np.zeros((30, 8, 8), "uint8"), np.arange(30) % 3).spec.input_shape
            (8, 8, 1)
        """
        splits = {"train": (x, y), "validation": (x_validation, y_validation), "test": (x_test, y_test)}
        weights = {"train": sample_weight, "validation": sample_weight_validation, "test": sample_weight_test}
        names = {"name": name, "class_names": class_names, "feature_names": feature_names}
        inputs = {"exclude": exclude, "image_size": image_size}
        by = {"groups": groups, "time": time, "stratify": stratify}
        options = {"validation": validation, "test": test, "seed": seed, "batch_size": batch_size, "task": task}
        options |= {"duplicates": duplicates, "small_classes": small_classes}
        return cls(*from_splits(splits, weights, by, **names, **inputs, **options))  # type: ignore[arg-type]

    @classmethod
    @checked
    def from_pipeline(
        cls,
        train: tf.data.Dataset,
        *,
        validation: tf.data.Dataset | float | None = None,
        test: tf.data.Dataset | float = 0.2,
        target: str | None = None,
        batched: bool | None = None,
        image_size: tuple[int, int] | None = None,
        memory: float = 0.5,
        name: str = "pipeline",
        **options: Any,
    ) -> Data:
        """Makes Data from your own tf.data pipelines, which are read once, in the order in which they yield.

        The result is that of :meth:`from_arrays` of the same arrays: each training shuffles and batches anew. What the
        pipeline draws at random, such as augmentation, is drawn once; ``Recipe(augmentation=...)`` draws it for each
        batch.

        Args:
            train: yields (x, y) or (x, y, weight), batched or not; x and y as examples of :meth:`from_arrays`, or
                batches of them. It has to be finite. Elements may differ in length (sequences) and, with
                ``image_size``, in size (images); ragged batches are fine, padded ones of different lengths are not.
            validation, test: pipelines of the same kind; or the fraction to hold out, as in :meth:`from_arrays`.
            target: the key of y where the pipelines yield dictionaries; x is what is left: one array if that is a
                single image, text, sequence or vector, else a record. Default None: they yield tuples.
            batched: whether an element holds several examples. None (default) to see it from the shapes; where these
                leave it open, an error asks.
            image_size: as in :meth:`from_arrays`.
            memory: the share of the available memory that x may take, in [0, 1]. Larger data go to the user's cache
                folder and are read from there batch by batch, with the same results. Default 0.5.
            name: name of the dataset.
            **options: ``seed``, ``batch_size``, ``task``, ``class_names``, ``feature_names`` and so on, as in
                :meth:`from_arrays`. ``class_names`` defaults to the attribute of this name that pipelines of
                ``keras.utils.image_dataset_from_directory`` have.

        Raises:
            InvalidArgument: for pipelines that are endless, empty, fail or have another form, and where
                :meth:`from_arrays` raises it.

        Example:
            >>> pairs = tf.data.Dataset.from_tensor_slices((np.arange(40.0).reshape(20, 2), np.arange(20) % 2))
            >>> Data.from_pipeline(pairs.batch(8)).settings["counts"]
            {'train': 13, 'validation': 3, 'test': 4}
        """
        pipelines = {"train": train, "validation": validation, "test": test}
        reading = {"target": target, "batched": batched, "image_size": image_size, "memory": memory}
        return cls.from_arrays(**{**read_pipelines(pipelines, **reading), "name": name, **options})

    @checked
    def with_train(self, x: Any, y: np.ndarray, *, how: str, sample_weight: Any = None) -> Data:
        """The same data with another training split: a subset, other labels, or more examples.

        The Spec (but for its ``class_shares`` and ``examples``), validation and test splits stay the same, so a model
        made for one fits the other and preprocesses alike.

        Args:
            x, y: arrays like those of :meth:`arrays`, at least one example; x of columns may be a DataFrame.
            how: a description of the change, for ``settings["train"]``.
            sample_weight: of the examples, shape (n,); required if these data have sample weights. Default None.

        Raises:
            InvalidArgument: for arrays of another shape or type, of different lengths, or empty, and for missing or
                invalid sample weights.

        Example:
            >>> data = Data.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20) % 2)
            >>> x, y = data.arrays("train")
            >>> half = data.with_train(x[::2], y[::2], how="every other example")
            >>> len(x), len(half.arrays("train")[0])
            (13, 7)
        """
        old_x, old_y = self._arrays["train"]
        names = self.spec.names
        if is_frame(x):
            known = names.to_user(old_x) if self.spec.record else old_x
            x = unframed({"train": known, "x": x}, {"train": "the data", "x": "x"}, self.spec.feature_names)["x"]
            if isinstance(x, dict) and not self.spec.record:
                raise InvalidArgument("x", f"columns of other types: {', '.join(x)}", "a DataFrame of numbers")
            x = names.to_model(x) if self.spec.record else x.astype(self.spec.input_dtype)
        elif isinstance(x, dict) and isinstance(old_x, dict) and set(x) == set(old_x):
            x = {name: x[name] for name in old_x}
        for feature in self.spec.features:
            if feature.format and isinstance(x, dict) and feature.key in x:
                x[feature.key] = as_strings(f"x[{feature.name!r}]", x[feature.key], feature.kind, feature.format)
        x = apply(lambda values: _contiguous("x", values), check_unmasked("x", x))
        y = _contiguous("y", check_unmasked("y", y))
        for name, new, old in (("x", x, old_x), ("y", y, old_y)):
            if _form(new) != _form(old):
                raise InvalidArgument(name, _form(new), _form(old))
        check_lengths("x, y", (x, y))
        settings = {**self.settings, "counts": {**self.settings["counts"], "train": len(y)}, "train": how}
        weights = self._weights
        if sample_weight is not None:
            others = weights or {split: np.ones(len(y)) for split, (_, y) in self._arrays.items()}
            weights = check_split_weights({**others, "train": check_weights("sample_weight", sample_weight, len(y))})
        elif weights is not None:
            raise InvalidArgument("sample_weight", None, "given, since these data have sample weights")
        chosen = None if weights is None else weights["train"]
        shares = class_shares(y, self.spec.task, len(self.spec.class_names), chosen)
        spec = dataclasses.replace(self.spec, class_shares=shares, examples=len(y))
        columns = {**self._columns, "train": SplitColumns()}
        return Data(spec, {**self._arrays, "train": (x, y)}, settings, weights, columns)

    def folds(self, count: int) -> list[Data]:
        """The folds of a cross-validation: each Data validates on a different part of training and validation.

        The parts are disjoint, stratified by class and drawn with the data's seed; together they cover training and
        validation. All folds share the test split. Each has the statistics of its own training split. With groups,
        the parts are of whole groups. With times, training and validation are cut into ``count + 1`` parts of about
        equal size, one after another: each fold validates on a part and trains on all before it.

        Args:
            count: number of folds, >= 2.

        Raises:
            InvalidArgument: for fewer than 2 folds, more folds than examples of a class, groups or times, and for data
                whose training split was replaced, if they had groups or times.

        Example:
            >>> data = Data.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20) % 2)
            >>> [fold.settings["counts"]["validation"] for fold in data.folds(4)]
            [4, 4, 4, 4]
        """
        count = check_integer("folds", count, low=2)
        parts = folded(self.spec, self._arrays, self.settings, self._weights, self._columns, count)
        return [Data(*part) for part in parts]

    def resplit(self, number: int) -> Data:
        """The same examples divided anew, as the repeats of :func:`recipes.search` are.

        Where the test split was held out here, it is another fold each time: with a fifth held out, the numbers 0 to 4
        test each example once, 5 to 9 once more, and so on. The folds are stratified as the splits were, or of whole
        groups. With times each test split lies right before the last one and only earlier examples train, so all
        but the first part are tested. The validation split is drawn anew from what is left. A test or validation
        split that was given stays as it is. All statistics are those of the new training split.

        Args:
            number: of the division, >= 0; 0 is the one at hand.

        Raises:
            InvalidArgument: where a class has fewer examples, or there are fewer groups or times, than folds, and for
                data whose training split was replaced.

        Example:
            >>> data = Data.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20) % 2)
            >>> tested = [data.resplit(number).arrays("test")[0][:, 0] for number in range(5)]
            >>> np.array_equal(np.sort(np.concatenate(tested)), np.arange(0.0, 40.0, 2.0))
            True
        """
        number = check_integer("number", number, low=0)
        if number == 0 or not carved_splits(self.settings):
            return self
        return Data(*resplit(self.spec, self._arrays, self.settings, self._weights, self._columns, number))

    @property
    def overlap(self) -> float | None:
        """The test examples over the others that :meth:`resplit` divides; None if it leaves the test split as it is."""
        carved, counts = carved_splits(self.settings), self.settings["counts"]
        if "test" not in carved:
            return None
        return counts["test"] / sum(counts[split] for split in ("train", *carved) if split != "test")

    @checked
    def with_names(self, spec: Spec) -> Data:
        """The same data under the input names of another Spec, such as that of a saved model.

        Args:
            spec: a Spec of the same data. It only matters for records.

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
        keys = {name: spec.names.inner[str(match)] for name, match in theirs.items()}
        if keys == self.spec.names.inner:
            return self
        features = tuple(dataclasses.replace(feature, input=keys[feature.name]) for feature in self.spec.features)
        renamed = dataclasses.replace(self.spec, features=features)
        arrays = {
            split: (renamed.names.to_model(self.spec.names.to_user(x)), y) for split, (x, y) in self._arrays.items()
        }
        return Data(renamed, arrays, self.settings, self._weights, self._columns)

    def arrays(self, split: str) -> tuple[Inputs, np.ndarray]:
        """(x, y) of a split as NumPy arrays, in the split's fixed order. They are read-only and shared, not copied.

        For records, x is a dictionary of arrays by the model's input names (``spec.names`` maps them to the user's).
        An array on disk is a :class:`recipes.data.disk.stored.Stored`: index it to read rows, or read everything with
        ``numpy.asarray``.

        Raises:
            InvalidArgument: for a split other than "train", "validation" and "test".
        """
        return self._arrays[check_choice("split", split, SPLITS)]

    @property
    def weighted(self) -> bool:
        """Whether the examples have sample weights."""
        return self._weights is not None

    def sample_weight(self, split: str) -> np.ndarray | None:
        """The sample weights of a split as they were given, float64 (n,), in the order of :meth:`arrays`; or None.

        Batches have them divided by their mean over the split: the loss is then the weighted mean, and neither it nor a
        suitable learning rate depends on their unit.

        Raises:
            InvalidArgument: for a split other than "train", "validation" and "test".
        """
        check_choice("split", split, SPLITS)
        return None if self._weights is None else self._weights[split]

    @property
    def steps_per_epoch(self) -> int:
        """The number of batches in one pass over :attr:`train`."""
        return steps_per_epoch(self.settings["counts"]["train"], self.batch_size)

    def with_batch_size(self, batch_size: int) -> Data:
        """The same splits in training batches of another size; the arrays are shared.

        Args:
            batch_size: examples per training batch, >= 1.

        Example:
            >>> data = Data.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20) % 2, batch_size=4)
            >>> data.with_batch_size(6).steps_per_epoch
            2
        """
        size = check_integer("batch_size", batch_size, low=1)
        if size == self.batch_size:
            return self
        settings = {**self.settings, "batch_size": size}
        other = Data(self.spec, self._arrays, settings, self._weights, self._columns)
        other._tensors = self._tensors
        return other

    @property
    def evaluation_batch_size(self) -> int:
        """Examples per batch of the validation and test split: 1,024, fewer of large inputs, which need much memory."""
        numbers = sum(math.prod(array.shape[1:]) for _, array in items(self._arrays["train"][0]))
        return max(min(EVALUATION_BATCH, EVALUATION_NUMBERS // max(numbers, 1)), 1)

    @cached_property
    def train(self) -> tf.data.Dataset:
        """The training batches, reshuffled at every iteration with the data's own seed.

        There are only full batches (unless there is none); the examples left out differ from epoch to epoch. The
        dataset counts its iterations over its whole life. For numbers that depend on a seed alone, take a fresh dataset
        from :meth:`batches` for each training. Pass ``shuffle=False`` to ``fit``: Keras need not shuffle.
        """
        return self.batches("train")

    @cached_property
    def validation(self) -> tf.data.Dataset:
        """All validation examples, in order, in batches of :attr:`evaluation_batch_size`."""
        return self.batches("validation")

    @cached_property
    def test(self) -> tf.data.Dataset:
        """All test examples, in order, in batches of :attr:`evaluation_batch_size`."""
        return self.batches("test")

    @checked
    def batches(
        self,
        split: str,
        *,
        seed: int | None = None,
        batch_size: int | None = None,
        first_epoch: int = 0,
        epochs: int | None = None,
        augment: Callable[[Any, Any], Any] | None = None,
        weighted: bool | None = None,
    ) -> tf.data.Dataset:
        """A fresh dataset of batches of a split: (x, y) or, with sample weights, (x, y, weights).

        Fresh datasets with the same seed give the same sequence of orders, one per iteration, whatever TensorFlow's
        global seed. All datasets of a Data share one copy of the arrays.

        Args:
            split: "train", "validation" or "test".
            seed: seed of the orders; None for the data's own seed in "train", and for no shuffling in the other two.
            batch_size: None for :attr:`batch_size` in "train", and :attr:`evaluation_batch_size` in the others.
            first_epoch: number of the first order, from 0; a resumed training passes the epoch at which it resumes.
            epochs: of shuffled batches, the passes of each iteration, which then always begins at ``first_epoch``; None
                (default) for one pass each, in the next order.
            augment: what :func:`recipes.data.augmentation.augmentation` returns, for shuffled batches.
            weighted: whether batches have the sample weights, of mean 1; None (default): if there are any.

        Returns:
            A dataset of known cardinality. "train" has only full batches of static shape, if there is at least one;
            the others yield every example.

        Raises:
            InvalidArgument: for an unknown split or numbers out of range.
        """
        check_choice("split", split, SPLITS)
        weighted = weighted is None or check_bool("weighted", weighted)
        first_epoch = check_integer("first_epoch", first_epoch, low=0)
        if epochs is not None:
            epochs = check_integer("epochs", epochs, low=1)
        training = split == "train"
        if batch_size is None:
            batch_size = self.batch_size if training else self.evaluation_batch_size
        batch_size = check_integer("batch_size", batch_size, low=1)
        if seed is None and training:
            seed = self.settings["seed"]
        x, y, weights = self.tensors(split)
        weights = weights if weighted else None
        if seed is None and epochs is not None:
            raise InvalidArgument("epochs", epochs, "None for batches that are not shuffled")
        if seed is None:
            return in_order(x, y, batch_size, weights)
        seed = check_integer("seed", seed, low=0, high=2**32 - 1)
        options: dict[str, Any] = {"drop_remainder": training, "augment": augment, "weights": weights}
        return shuffled(x, y, batch_size, seed, first_epoch=first_epoch, epochs=epochs, **options)

    def tensors(self, split: str) -> tuple[Any, tf.Tensor, tf.Tensor | None]:
        """x and y of a split as by :meth:`on_device`, and its sample weights, of mean 1, float32; or None."""
        values = self.sample_weight(split)
        with tf.init_scope(), tf.device("CPU:0"):
            return (*self.on_device(split), None if values is None else tf.constant(normalized(values)))

    def on_device(self, split: str) -> tuple[Any, tf.Tensor]:
        """The split as tensors in host memory, where tf.data runs; created once and shared by all datasets."""
        if check_choice("split", split, SPLITS) not in self._tensors:
            with tf.init_scope(), tf.device("CPU:0"):
                x, y = self._arrays[split]
                self._tensors[split] = (
                    apply(lambda array: array if isinstance(array, Stored) else tf.constant(array), x),
                    tf.constant(y),
                )
        return self._tensors[split]

    @property
    def on_disk(self) -> bool:
        """Whether inputs are read from disk, batch by batch."""
        return any(isinstance(array, Stored) for _, array in items(self._arrays["train"][0]))

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of the SHA-256 of all three splits: equal only if every array is equal."""
        return fingerprint_of(self.spec, self._arrays, self._weights)

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """split -> 16 hexadecimal digits of the SHA-256 of its arrays."""
        return {split: fingerprint_of(self.spec, self._arrays, self._weights, (split,)) for split in SPLITS}

    def __repr__(self) -> str:
        counts = ", ".join(f"{split} {count:,}" for split, count in self.settings["counts"].items())
        spec = self.spec
        inputs = f"{len(spec.features)} inputs" if spec.record else f"inputs {spec.input_shape}"
        weights = ", weighted" if self.weighted else ""
        return f"<Data {spec.name}: {spec.task}, {inputs}, {counts}{weights}>"


def _contiguous(argument: str, values: Any) -> Any:
    if isinstance(values, Stored):
        return values
    try:
        return np.ascontiguousarray(values)
    except ValueError:  # lists of several lengths
        raise InvalidArgument(argument, type(values), "an array, or what NumPy makes one of") from None


def _form(x: Inputs) -> str:
    """Types and shapes, for messages."""
    forms = {name: f"{values.dtype} of shape (n, *{values.shape[1:]})" for name, values in items(x)}
    return forms[""] if list(forms) == [""] else str(forms)
