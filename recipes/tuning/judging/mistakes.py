"""find_mistakes: where the arm that was decided on errs: slices, confused classes and the worst examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from ...judging.dunnett import NOTHING
from ...judging.paired import compare_paired
from ...judging.words import word_of
from ...metric import Metric, metric_of
from ...report.mistakes import Example, Mistakes
from ...report.results import Results
from ...serving.slices import slices_of
from ..example_pictures import shown
from ..outcomes import Outcomes
from .samples import Rule, Sample, compare_samples

if TYPE_CHECKING:
    import pandas as pd

    from ...data import Data

__all__ = ["CLASS", "find_mistakes"]

CLASS = "class"
"""Slices by the right answer, where no column has this name."""

Known = Mapping[int, Outcomes]


def find_mistakes(
    results: Results, outcomes: Mapping[str, Known], data: Data, slices: Sequence[str] = (), worst: int = 12
) -> Mistakes:
    """Where the arm that was decided on errs on the test split.

    Args:
        results: the comparison.
        outcomes: of the final trainings, by arm and seed.
        data: those of the search.
        slices: columns of the inputs, by whose values the test examples are split; "class" for the right answer.
        worst: how many of the worst examples, and of the pairs of confused classes, to list.

    Raises:
        InvalidArgument: for unknown columns, and where the decision has no outcomes.
    """
    arm = results.winner
    known = outcomes.get(arm or "", {})
    if arm is None or not known:
        raise InvalidArgument("directory", str(arm), "a search whose decision has the outcomes of its test examples")
    x, y = data.arrays("test")
    y = np.asarray(y)
    parts = [("all", np.arange(len(y))), *_parts(slices, x, y, data)]
    reference = outcomes.get(results.reference, {})
    losses = np.mean([np.asarray(found.loss, np.float64) for found in known.values()], axis=0)
    order = np.argsort(-losses, kind="stable")[:worst]
    answers = {seed: _answers(found, y, data.spec.task) for seed, found in known.items()}
    return Mistakes(
        arm=arm,
        reference=results.reference,
        metric=metric_of(data.spec.task),
        repeats=len(known),
        slices=_slice_table(results, known, reference, parts, metric_of(data.spec.task)),
        confused=_confused(answers.values(), y, data, worst),
        worst=[_example(int(place), float(losses[place]), x, y, answers.values(), data) for place in order],
    )


def _parts(slices: Sequence[str], x: Any, y: np.ndarray, data: Data) -> list[tuple[str, np.ndarray]]:
    spec = data.spec
    columns = {feature.name for feature in spec.features} if spec.record else set(spec.feature_names)
    by_class = CLASS in slices and CLASS not in columns and y.ndim == 1 and bool(spec.class_names)
    names = [name for name in slices if not (by_class and name == CLASS)]
    if names and not columns:
        accepted = f"{CLASS}: these inputs have no columns" if spec.class_names else "left out: there are no columns"
        raise InvalidArgument("slices", names[0], accepted)
    parts = slices_of(names, x, spec) if names else []
    if by_class:
        parts += slices_of({CLASS: np.array(spec.class_names, object)[y.astype(int)]}, x, spec)
    return parts


def _slice_table(
    results: Results, known: Known, reference: Known, parts: Sequence[tuple[str, np.ndarray]], metric: Metric
) -> pd.DataFrame:
    import pandas as pd

    level = (1.0 - float(results.settings.get("confidence", 0.95))) / len(parts)
    rows = []
    for name, members in parts:
        rule = Rule(level, metric.resolution(len(members)))
        sample, control = _sample(known, members), _sample(reference, members)
        low, high = sample.interval(rule)
        if metric.percentage:
            low, high = max(low, 0.0), min(high, 1.0)  # both NaN without an interval
        score = float(np.mean(sample.scores))
        row: dict[str, Any] = {"slice": name, "examples": len(members), "score": score, "low": low, "high": high}
        found, base = NOTHING, np.nan
        if list(sample.seeds) == list(control.seeds):
            if len(sample.seeds) > 1:
                found = compare_samples(control, {"": sample}, rule)[""]
            else:  # the only repeat on this test split: its two models are compared
                (seed,) = sample.seeds
                differences = sample.contributions[seed] - control.contributions[seed]
                found = compare_paired(differences, level=level, resolution=rule.resolution)
            base = float(np.mean(control.scores))
        margin = metric.margin(results.settings.get("margin"), base)
        word = word_of(score - base, found, metric, level, margin)
        row |= {"reference": base, "difference": score - base, "difference_low": found.low}
        rows.append({**row, "difference_high": found.high, "verdict": word})
    return pd.DataFrame(rows)


def _sample(known: Known, members: np.ndarray) -> Sample:
    """The scores on some test examples; of regression the root of the mean squared error, to first order by example."""
    contributions, losses = {}, []
    for seed in sorted(known):
        found = known[seed]
        if found.right is not None:
            values = found.right.reshape(len(found.right), -1).mean(axis=1)[members].astype(np.float64)
        else:
            squares = found.loss[members].astype(np.float64)
            root = np.sqrt(squares.mean())
            values = root + (squares - root**2) / (2 * root) if root else squares
        contributions[seed] = values
        losses.append(float(found.loss[members].mean(dtype=np.float64)))
    return Sample(sorted(known), [float(values.mean()) for values in contributions.values()], losses, contributions)


def _answers(found: Outcomes, y: np.ndarray, task: str) -> np.ndarray | None:
    """What a training said of each example, like y; None if that is unknown."""
    if found.answer is not None:
        return found.answer
    if task in ("binary", "multilabel") and found.right is not None:
        return np.where(found.right, y, 1 - y)
    return None


def _confused(answers: Any, y: np.ndarray, data: Data, most: int) -> pd.DataFrame:
    """The commonest wrong answers of each class; of several labels, those that are missed or said wrongly."""
    import pandas as pd

    pairs: Counter[tuple[str, str]] = Counter()
    sizes: Counter[str] = Counter()
    names, known = data.spec.class_names, [answer for answer in answers if answer is not None]
    for answer in known if names else ():
        if y.ndim == 1:
            wrong = answer != y
            pairs.update((names[int(a)], names[int(b)]) for a, b in zip(y[wrong], answer[wrong], strict=True))
        else:
            for column, name in enumerate(names):
                missed = int(((y[:, column] == 1) & (answer[:, column] == 0)).sum())
                said = int(((y[:, column] == 0) & (answer[:, column] == 1)).sum())
                pairs.update({(name, f"not {name}"): missed, (f"not {name}", name): said})
    if names and y.ndim == 1:
        sizes.update(names[int(label)] for label in y)
    elif names:
        for column, name in enumerate(names):
            sizes.update({name: int((y[:, column] == 1).sum()), f"not {name}": int((y[:, column] == 0).sum())})
    rows = [
        (truth, answer, sizes[truth], count / len(known), count / len(known) / sizes[truth])
        for (truth, answer), count in pairs.most_common(most)
        if count
    ]
    return pd.DataFrame(rows, columns=["truth", "answer", "examples", "wrong", "share"])


def _example(place: int, loss: float, x: Any, y: np.ndarray, answers: Any, data: Data) -> Example:
    said = Counter(_words(answer[place], data) for answer in answers if answer is not None)
    listed = [words if count == 1 else f"{words} ({count} times)" for words, count in said.most_common()]
    text, picture = shown(x, place, data.spec)
    return Example(place, _words(y[place], data), ", ".join(listed), loss, text, picture)


def _words(value: Any, data: Data) -> str:
    """A truth or an answer in words."""
    names = data.spec.class_names
    if data.spec.task == "regression":
        return " and ".join(f"{float(number):.4g}" for number in np.ravel(value))
    if np.ndim(value):
        return "+".join(name for name, yes in zip(names, value, strict=True) if yes) or "none"
    return str(names[int(value)])
