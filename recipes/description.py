"""What was inferred from a dataset, as a line or a table: kinds, shapes, classes, missing values, splits."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from .data.feature import Feature
from .data.named_arrays import items
from .data.statistics.column_statistics import missing_columns
from .data.statistics.feature_statistics import missing_values
from .models import model_for

if TYPE_CHECKING:
    from rich.table import Table

    from .data import Data
    from .data.spec import Spec

__all__ = ["feature_details", "in_a_line", "inference_table", "inferred_features", "splits_in_a_line"]


def in_a_line(data: Data) -> str:
    """The kind, task and sizes of a dataset, and the model that "auto" chooses for it.

    Example:
        >>> in_a_line(recipes.load("digits"))                          # doctest: +SKIP
        'digits: image uint8 (8, 8, 1), multiclass of 10; 1,150 to train, 288 to validate, 359 to test; model mlp'
    """
    spec, counts = data.spec, data.settings["counts"]
    shape = (
        f"record of {len(spec.features)}" if spec.record else f"{spec.input_dtype} {_size(spec.input_shape)}".strip()
    )
    sizes = f"{counts['train']:,} to train, {counts['validation']:,} to validate, {counts['test']:,} to test"
    where = ", read from disk" if data.on_disk else ""
    return f"{spec.name}: {spec.kind} {shape}, {_task(spec)}; {sizes}{where}; model {model_for(spec)}"


def splits_in_a_line(data: Data) -> str:
    """The sizes and shares of the splits, and what decided about them besides chance.

    Example:
        >>> splits_in_a_line(recipes.load("digits"))                   # doctest: +SKIP
        'splits: train 1,150 (64 %), validation 288 (16 %), test 359 (20 %); stratified by class'
    """
    settings = data.settings
    counts = settings["counts"]
    total = sum(counts.values())
    parts = ["splits: " + ", ".join(f"{split} {count:,} ({count / total:.0%})" for split, count in counts.items())]
    if "time" in settings:
        ranges = (f"{split} {first} to {last}" for split, (first, last) in settings["times"].items())
        parts.append(f"by time{_column(settings['time'])}: {', '.join(ranges)}")
    if "groups" in settings:
        groups = (f"{split} {count:,}" for split, count in settings["group_counts"].items())
        parts.append(f"whole groups{_column(settings['groups'])}: {', '.join(groups)}")
    held_out = any(isinstance(settings[split], float) for split in ("validation", "test"))
    if held_out and "time" not in settings and (data.spec.task in ("binary", "multiclass") or "stratify" in settings):
        parts.append(f"stratified by {_column(settings.get('stratify', '')).strip() or 'class'}")
    if settings.get("duplicates"):
        parts.append(f"{settings['duplicates']:,} examples moved to be in one split with their duplicates")
    return "; ".join(parts).replace("%)", " %)")


def _column(name: str) -> str:
    """The quoted name of a column after a space; empty for values that came without a name."""
    return "" if name in ("", "given") else f" {name!r}"


def inference_table(data: Data) -> Table:
    """A rich table: one row per input with its kind, type, shape and training statistics; the target last."""
    from rich import box
    from rich.table import Table

    table = Table(title=in_a_line(data), title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("input", "kind", "type", "shape", "in training"):
        table.add_column(column)
    train = dict(items(data.arrays("train")[0]))
    for feature in inferred_features(data.spec):
        details = feature_details(feature, train[feature.key if data.spec.record else ""])
        table.add_row(feature.name, feature.kind, feature.dtype, _size(feature.shape), details)
    classes = data.spec.class_names
    shown = ", ".join(classes[:6]) + (f", ... ({len(classes)})" if len(classes) > 6 else "")
    if data.spec.task == "regression":
        mean, variance = data.spec.target_mean, data.spec.target_variance
        shown = f"mean {mean:.4g}, sd {variance**0.5:.4g}" if data.spec.outputs == 1 else f"{data.spec.outputs} numbers"
    table.add_row("target", data.spec.task, "", "", shown, style="bold")
    return table


def inferred_features(spec: Spec) -> tuple[Feature, ...]:
    """The inputs as Features; images and tables of numbers are a single one."""
    if spec.features:
        return spec.features
    kind = "image" if spec.kind == "image" else "vector"
    return (
        Feature(
            "inputs",
            kind,
            spec.input_shape,
            spec.input_dtype,
            spec.input_mean,
            spec.input_variance,
            low=spec.input_min,
            high=spec.input_max,
        ),
    )


def _task(spec: Spec) -> str:
    if spec.task == "regression":
        return "regression" if spec.outputs == 1 else f"regression of {spec.outputs}"
    return f"{spec.task} of {len(spec.class_names)}"


def _size(shape: tuple[Any, ...]) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in shape)})" if shape else ""


def feature_details(feature: Feature, values: Any) -> str:
    if feature.kind == "text":
        return f"{len(feature.vocabulary):,} words known, the first {feature.length} of a text read"
    if feature.kind == "category":
        missing = missing_values(feature, values)
        gaps = f", {missing:,} of {len(values):,} missing" if missing else ""
        return f"{len(feature.vocabulary):,} values{gaps}"
    if feature.kind in ("number", "date"):
        missing = missing_values(feature, values)
        sentinel = "" if feature.missing is None else f", {missing:,} of {len(values):,} missing ({feature.missing})"
        return f"{_measure(feature)}{sentinel}"
    if feature.kind == "sequence" and feature.padding is not None:
        return f"up to {feature.length} steps, padded with {feature.padding:g}"
    if feature.kind == "image":
        return f"up to {feature.high:g}"
    if feature.kind == "vector" and (places := missing_columns(values)):
        return f"missing values in {len(places):,} of {feature.shape[0]:,} columns"
    return ""


def _measure(feature: Feature) -> str:
    """The mean and the standard deviation of numbers or dates, and how they are read from strings."""
    deviation = feature.variance[0] ** 0.5
    if feature.kind == "number":
        comma = ", decimal comma" if feature.format == "," else ""
        return f"mean {feature.mean[0]:.4g}, sd {deviation:.4g}{comma}"
    parts = "".join(f", {part}" for part in feature.parts)
    if "%Y" not in feature.format.replace("%y", "%Y"):
        return f"{feature.format}{parts}"
    day = datetime.date(1970, 1, 1) + datetime.timedelta(days=feature.mean[0])
    return f"{feature.format}, mean {day}, sd {deviation:.4g} days{parts}"
