"""examine: what is in a dataset, what may go wrong with it, and what to do about it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..callbacks.checks import InvalidArgument
from .data import load
from .data.files.column_forms import Columns
from .data.files.column_scan import TableScan, scan_table
from .data.files.table_blocks import TableBlocks, open_blocks
from .data.files.table_files import check_table_file, is_table_file
from .data.named_arrays import items
from .data.statistics.moments import chunks
from .data.table_columns import chosen_columns, proposed_target
from .description import feature_details, in_a_line, splits_in_a_line

if TYPE_CHECKING:
    from .data import Data

__all__ = ["Column", "Examination", "examine"]

SHOWN = 10
"""Maximum number of names in a finding, and of classes."""
KINDS = {
    "int64": "whole numbers",
    "float64": "numbers",
    "bool": "booleans",
    "string": "strings",
    "other": "other values",
}


@dataclass(frozen=True)
class Column:
    """One column of a dataset.

    Args:
        name: of the column.
        content: what a file has in it, e.g. "whole numbers"; "" for a dataset of TFDS.
        missing: the number of missing cells of a file, in words; "" for none.
        use: what becomes of it: the kind of an input, "target", "left out", ...
        details: the statistics of an input in the training split.
    """

    name: str
    content: str = ""
    missing: str = ""
    use: str = ""
    details: str = ""


@dataclass
class Examination:
    """What :func:`examine` finds.

    Attributes:
        title: the dataset in a line.
        columns: one entry a column.
        target: the target in a line.
        findings: what may go wrong and what to do about it, a line each.
        refused: why no model can be trained on the dataset as it is, in a line; None if one can.
        data: the dataset as a training reads it; None if it is refused.
    """

    title: str = ""
    columns: list[Column] = field(default_factory=list)
    target: str = ""
    findings: list[str] = field(default_factory=list)
    refused: str | None = None
    data: Data | None = field(default=None, repr=False)


def examine(name: str, **options: Any) -> Examination:
    """Reads a dataset as a training would, and collects all that is said about it on the way.

    Args:
        name: as for :func:`recipes.load`.
        **options: likewise. A file without a ``target`` is examined with the one that ``recipes describe`` proposes.

    Raises:
        InvalidArgument: for options that do not fit the dataset, and a name or a path of nothing.

    Example:
        >>> examine("churn.csv", target="Churn").findings             # doctest: +SKIP
        ["churn.csv: column 'row' numbers the rows; if it says nothing else, leave it out: id='row'"]
    """
    if not is_table_file(name):
        found = Examination()
        data = _loaded(found, name, options)
        if data is not None:
            names = [feature.name for feature in data.spec.features] or data.spec.feature_names
            _describe(found, data, [Column(column) for column in names])
        return found
    check_table_file("name", name)
    found = Examination(title=Path(name).name)
    try:
        blocks = open_blocks("name", Path(name).expanduser())
    except InvalidArgument as error:
        found.refused = str(error)
        return found
    if options.get("target") is None:
        options["target"], reason = proposed_target(name, options)
        found.findings.append(f"target {options['target']!r} is a guess ({reason}); another one: --target COLUMN")
    target = options["target"]
    names = [target] if isinstance(target, str) else list(target)
    by = {role: options.get(role) for role in ("groups", "time", "stratify")}
    chosen = {key: options.get(key) for key in ("features", "id", "sample_weight")}
    columns, roles, aside = chosen_columns(blocks, names, exclude=options.get("exclude", ()), by=by, **chosen)
    try:
        scan = scan_table(blocks, blocks.columns, columns.targets, columns.categories)
    except InvalidArgument as error:
        found.refused = str(error)
        return found
    data = _loaded(found, name, options)
    rows = [_column(blocks, scan, columns, column) for column in blocks.columns]
    for role, name in roles.items():
        place = blocks.columns.index(name)
        if name in aside:
            rows[place] = replace(rows[place], use=f"{role}, left out")
    found.title = f"{blocks.path.name}: {scan.rows + scan.left_out:,} rows, {len(rows)} columns"
    if data is None:
        found.columns = rows
    else:
        _describe(found, data, rows)
    return found


def _loaded(found: Examination, name: str, options: dict[str, Any]) -> Data | None:
    """The data; None if it is refused. What is warned of becomes findings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            data = load(name, **options)
        except InvalidArgument as error:
            if not is_table_file(name) and error.argument in (*options, "name", "dataset"):
                raise
            found.refused = str(error)
            data = None
    found.data = data
    found.findings += [str(item.message) for item in caught if issubclass(item.category, UserWarning)]
    return data


def _column(blocks: TableBlocks, scan: TableScan, columns: Columns, name: str) -> Column:
    facts = scan.columns[name]
    missing, total = facts.missing + facts.absent, scan.rows
    use = "input" if name in columns.inputs else "left out"
    if name in columns.targets:
        use, missing, total = "target", scan.left_out, scan.rows + scan.left_out
    elif name == columns.id:
        use = "id, left out"
    elif name == columns.weight:
        use = "sample weight"
    words = facts.words_in(blocks.path.name, blocks.unit)
    content = KINDS[facts.dtype]
    numbers = 0 if words is None else words.total - words.count - facts.absent
    if facts.dtype == "string" and numbers:
        content += f", {numbers:,} of them numbers"
    return Column(name, content, f"{missing:,} of {total:,}" if missing else "", use)


def _describe(found: Examination, data: Data, columns: list[Column]) -> None:
    """Adds what the inputs and the target have become, and the columns that say nothing."""
    spec = data.spec
    train = data.arrays("train")
    inputs = dict(items(train[0]))
    uses: dict[str, tuple[str, str]] = {}
    for feature in spec.features:
        values = inputs[feature.key] if spec.record else train[0]
        uses[feature.name] = feature.kind, feature_details(feature, values)
    for place, name in enumerate(() if spec.record else spec.feature_names):
        mean, variance = spec.input_mean[place], spec.input_variance[place]
        uses[name] = "number", f"mean {mean:.4g}, sd {variance**0.5:.4g}"
    for column in columns:
        use, details = uses.get(column.name, ("left out" if column.use == "input" else column.use, ""))
        found.columns.append(Column(column.name, column.content, column.missing, use, details))
    constant = _constant(data)
    if constant:
        shown = ", ".join(map(repr, constant[:SHOWN])) + (f", ... ({len(constant)})" if len(constant) > SHOWN else "")
        found.findings.append(
            f"always the same in training: {shown}; nothing can be learned from it, leave it out: --exclude"
        )
    found.target = _target(data)
    found.title = "\n".join([*filter(None, [found.title]), in_a_line(data), splits_in_a_line(data)])


def _constant(data: Data) -> list[str]:
    """The inputs that have a single value in training."""
    spec, (x, _) = data.spec, data.arrays("train")
    if not spec.record and spec.kind == "tabular":
        low = np.fmin.reduce([np.fmin.reduce(chunk, axis=0) for chunk in chunks(x)], axis=0)  # of what is not missing
        high = np.fmax.reduce([np.fmax.reduce(chunk, axis=0) for chunk in chunks(x)], axis=0)
        names = spec.feature_names or tuple(map(str, range(len(low))))
        return [name for name, same in zip(names, low == high, strict=True) if same]
    constant = []
    for feature in spec.features:
        if feature.kind == "category" and len(feature.vocabulary) == 1:
            constant.append(feature.name)
        elif feature.kind == "number":
            values = np.asarray(x[feature.key])
            if (values == values[0]).all() or (values != values).all():
                constant.append(feature.name)
    return constant


def _target(data: Data) -> str:
    spec = data.spec
    if spec.task == "regression":
        mean, variance = np.atleast_1d(spec.target_mean), np.atleast_1d(spec.target_variance)
        shown = ", ".join(f"mean {a:.4g}, sd {b**0.5:.4g}" for a, b in zip(mean[:SHOWN], variance[:SHOWN], strict=True))
        return f"regression: {shown}"
    order = np.argsort(spec.class_shares)[::-1]
    shown = ", ".join(f"{spec.class_names[k]} {100 * spec.class_shares[k]:.1f} %" for k in order[:SHOWN].tolist())
    more = f", ... ({len(order)})" if len(order) > SHOWN else ""
    return f"{spec.task}: {shown}{more} of training"
