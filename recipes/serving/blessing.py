"""compare_served, refuse_worse: whether a model may replace the one that is served, overall and on slices."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.named_arrays import apply, length, take
from ..data.spec import Spec
from ..judging.dunnett import LEVEL
from ..judging.paired import compare_paired
from ..judging.words import word_of
from ..metric import Metric
from ..metrics import METRICS, contributions, metric_for, score
from ..run import Run
from .gate import by_users_names
from .predictor import Predictor
from .slices import Slices, slices_of

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["Compared", "WorseModel", "compare_served", "refuse_worse", "served_model", "test_data_of"]

ROWS = 4096
"""How many test examples are predicted at a time."""


class WorseModel(RuntimeError):
    """A model that is worse than the one that is served, by more than noise."""


@dataclass(frozen=True)
class Compared:
    """Two models on the same test examples.

    Args:
        where: which examples: "" for all, or a slice such as "town 'Ulm'".
        examples: their number.
        new, old: the scores of the new model and of the one that is served.
        low, high: the interval of ``new - old``, simultaneous for all comparisons.
        verdict: "better", "worse", "as good" or "open", of the new one: see :func:`recipes.judging.words.word_of`.
        p: corrected for the number of comparisons.
    """

    where: str
    examples: int
    new: float
    old: float
    low: float
    high: float
    verdict: str
    p: float


def served_model(compare: Any, slices: Slices, formats: Collection[str]) -> Predictor | None:
    """The model that is served; None without one.

    Args:
        compare: the directory of its export, or None.
        slices: where else to compare.
        formats: those to export, with a SavedModel.

    Raises:
        InvalidArgument: if there is no such model, or nothing to compare it with.
    """
    if compare is None:
        if len(slices):
            raise InvalidArgument("slices", slices, "left out without compare")
        return None
    if "saved_model" not in formats:
        raise InvalidArgument("formats", list(formats), "with saved_model, which compare needs")
    try:
        return Predictor(compare)
    except (InvalidArgument, TypeError) as error:
        accepted = f"the directory of an export ({' '.join(str(error).split())[:100]})"
        raise InvalidArgument("compare", compare, accepted) from None


def test_data_of(run: Any, data: Data | None) -> Data:
    """The data on whose test split models are compared: those of a run, loaded if it is a directory, or ``data``.

    Raises:
        InvalidArgument: if a saved run does not find its data.
    """
    if data is not None:
        return data
    if not isinstance(run, (str, os.PathLike)):
        loaded: Data = run.data
        return loaded
    try:
        return Run.load(run).data
    except InvalidArgument as error:
        if error.argument != "data":
            raise
        accepted = f"loaded with its data, to compare: recipes.export(recipes.load_run(..., data=data), ...) ({error})"
        raise InvalidArgument("run", str(run), accepted) from None


def compare_served(new: Predictor, old: Predictor, data: Data, slices: Slices = ()) -> dict[str, Any]:
    """Compares two exported models as they are served, example by example on the test split.

    Args:
        new: the model that is to replace ``old``.
        old: the model that is served: for the same classes, in any order; its columns are those of the data, or some.
        data: whose test split is predicted.
        slices: as for :func:`recipes.export`.

    Returns:
        "metric", its name, and "comparisons", a list of dictionaries with the fields of :class:`Compared`.

    Raises:
        InvalidArgument: for a model of other classes or inputs, and for slices that are no columns.

    Example:
        >>> compare_served(Predictor("new"), Predictor("served"), data, ["town"])["metric"]      # doctest: +SKIP
        'accuracy'
    """
    spec, (x, y), weight = new.spec, data.arrays("test"), data.sample_weight("test")
    metric = METRICS[metric_for(spec).name]
    parts = slices_of(slices, x, spec)
    outputs = {"new": _outputs(new, x, spec), "old": _in_order(_outputs(old, x, spec), old.spec, spec)}
    groups = [("", np.arange(len(y))), *parts]
    rows = []
    for where, members in groups:
        some = None if weight is None else weight[members]
        row = _compared(metric, y[members], {k: v[members] for k, v in outputs.items()}, some, where, len(groups))
        rows.append(asdict(row))
    return {"metric": metric.name, "comparisons": rows}


def _compared(
    metric: Metric, y: np.ndarray, outputs: Mapping[str, np.ndarray], weight: Any, where: str, comparisons: int
) -> Compared:
    scores = {name: score(metric, y, predicted, weight) for name, predicted in outputs.items()}
    of = {name: contributions(metric, y, predicted, weight) for name, predicted in outputs.items()}
    resolution = metric.resolution(len(y))
    found = compare_paired(of["new"] - of["old"], comparisons, resolution=resolution)
    difference, margin = scores["new"] - scores["old"], metric.margin(None, scores["old"])
    word = word_of(difference, found, metric, LEVEL, margin)
    return Compared(where, len(y), scores["new"], scores["old"], found.low, found.high, word, found.p)


def refuse_worse(result: Mapping[str, Any], served: str) -> None:
    """Raises if a comparison says that the new model is worse.

    Args:
        result: of :func:`compare_served`.
        served: what messages call the model that is served.

    Raises:
        WorseModel: in one line, with the slice, the scores and the interval of the most certain difference; that of all
            examples comes first.
    """
    metric = METRICS[result["metric"]]
    rows = [Compared(**row) for row in result["comparisons"]]
    worse = sorted((row for row in rows if row.verdict == "worse"), key=lambda row: (row.where != "", row.p))
    if not worse:
        return
    row, unit = worse[0], " %" * metric.percentage

    def shown(value: float, sign: str = "") -> str:
        return f"{value * metric.scale:{sign}.{2 if metric.percentage else 4}{'f' if metric.percentage else 'g'}}"

    of = f"where {row.where}" if row.where else "on all test examples"
    more = f"; likewise where {', '.join(other.where for other in worse[1:4])}" if len(worse) > 1 else ""
    many = f" of {len(rows)} comparisons" * (len(rows) > 1)
    raise WorseModel(
        f"the model is worse than that of {served} {of}: {metric.words} {shown(row.new)}{unit} against"
        f" {shown(row.old)}{unit}, a difference of {shown(row.new - row.old, '+')} ({shown(row.low, '+')} to"
        f" {shown(row.high, '+')} at {1 - LEVEL:.0%}{many}) in {row.examples:,} examples{more}; nothing was written"
    )


def _outputs(predictor: Predictor, x: Any, spec: Spec) -> np.ndarray:
    """The outputs for raw inputs by their users' names, some thousand at a time."""
    parts = []
    for start in range(0, length(x), ROWS):
        part = apply(np.asarray, take(x, np.arange(start, min(start + ROWS, length(x)))))
        try:
            parts.append(predictor.scores(_taken(by_users_names(part, spec), predictor.spec)))
        except InvalidArgument as error:
            accepted = f"a model that takes the test examples of this one, but: {error}"
            raise InvalidArgument("compare", predictor.spec.name, accepted) from None
    return np.concatenate(parts)


def _taken(inputs: Any, spec: Spec) -> Any:
    """Of columns by name those that a model takes."""
    if not isinstance(inputs, Mapping) or not spec.names.inner:
        return inputs
    return {name: values for name, values in inputs.items() if name in spec.names.inner}


def _in_order(outputs: np.ndarray, old: Spec, new: Spec) -> np.ndarray:
    """The outputs of a model in the order of another one's classes."""
    if old.task != new.task or set(old.class_names) != set(new.class_names) or old.outputs != new.outputs:
        accepted = f"a model for the same task and classes, {new.task} of {_shown(new)}"
        raise InvalidArgument("compare", f"{old.task} of {_shown(old)}", accepted)
    if new.task == "binary":
        return outputs if old.class_names == new.class_names else 1.0 - outputs
    if not new.class_names:
        return outputs
    return outputs[:, [old.class_names.index(name) for name in new.class_names]]


def _shown(spec: Spec) -> str:
    names: Sequence[str] = spec.class_names or [f"{spec.outputs} outputs"]
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
