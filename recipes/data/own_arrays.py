"""from_splits: what makes the Data of a user's own arrays and frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...callbacks.checks import InvalidArgument
from .assembly import Assembled, assemble
from .columns_aside import excluded
from .frames import check_order, unframed_targets
from .image_sizes import checked_size, resized_inputs
from .input_arrays import dense
from .names import is_frame
from .splitting.split_columns import separate_columns
from .targets.targets import Declared
from .weights import separate_weights

__all__ = ["from_splits"]


def from_splits(
    splits: Mapping[str, tuple[Any, Any]],
    weights: Mapping[str, Any],
    by: Mapping[str, Any],
    *,
    class_names: Sequence[str] | None,
    feature_names: Sequence[str] | None,
    exclude: Sequence[str | int],
    image_size: tuple[int, int] | None,
    **options: Any,
) -> Assembled:
    """See :meth:`recipes.Data.from_arrays`.

    Args:
        splits: (x, y) of "train", "validation" and "test"; (None, None) for one to hold out.
        weights: the sample weights of each, or None.
        by: ``groups``, ``time`` and ``stratify``.
        class_names, feature_names, exclude, image_size, **options: as of ``from_arrays``.
    """
    class_names = None if class_names is None else list(class_names)
    feature_names = None if feature_names is None else list(feature_names)
    for split, pair in splits.items():
        missing = [letter for letter, value in zip("xy", pair, strict=True) if value is None]
        if len(missing) == 1 and split != "train":
            raise InvalidArgument(f"{missing[0]}_{split}", None, f"given, since the other half of {split!r} is")
    existing = {split: (x, y) for split, (x, y) in splits.items() if split == "train" or x is not None}
    for split, (x, y) in existing.items():
        of = "" if split == "train" else f"_{split}"
        check_order(x, {f"y{of}": y, f"sample_weight{of}": weights.get(split)}, f"x{of}")
    check_order(existing["train"][0], by)
    target = getattr(splits["train"][1], "name", None)
    if feature_names is not None and isinstance(splits["train"][0], Mapping):
        raise InvalidArgument("feature_names", feature_names, "None for a record, which names its columns itself")
    existing, checked = separate_weights(existing, weights)
    existing, split_columns, gone = separate_columns(existing, by, feature_names)
    feature_names = None if feature_names is None else [name for name in feature_names if name not in gone]
    gone += [column for column in [weights["train"]] if isinstance(column, str)]
    existing, feature_names = excluded(existing, exclude, feature_names, gone)
    arguments = {split: "y" if split == "train" else f"y_{split}" for split in existing}
    ys, columns = unframed_targets({split: dense(arguments[split], y) for split, (_, y) in existing.items()}, arguments)
    existing = {split: (x, ys[split]) for split, (x, _) in existing.items()}
    x = existing["train"][0]
    if feature_names is None:
        feature_names = [str(column) for column in x.columns] if is_frame(x) else ()
    arguments = {split: "x" if split == "train" else f"x_{split}" for split in existing}
    inputs, resized = resized_inputs(
        {split: x for split, (x, _) in existing.items()}, checked_size(image_size), arguments
    )
    existing = {split: (inputs[split], y) for split, (_, y) in existing.items()}
    declared = Declared(names=columns or None if class_names is None else class_names)
    options |= {"weights": checked, "target": None if target is None else str(target), "resized": resized}
    options |= {"columns": split_columns, "feature_names": feature_names}
    spec, arrays, settings, divided, split_columns = assemble(existing, declared=declared, **options)
    settings |= {
        role: column if isinstance(column, str) else "given" for role, column in by.items() if column is not None
    }
    return spec, arrays, settings, divided, split_columns
