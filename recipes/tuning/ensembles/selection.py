"""Which models of a library make the best ensemble: forward selection with replacement, and the best few."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....callbacks.checks import check_choice, check_integer
from ...metric import ROOT_MEAN_SQUARED_ERROR, Metric
from ...metrics import METRICS, score

__all__ = ["Choice", "Rating", "best_few", "forward_selection"]

BAG = 0.5
LEAST = 10
"""The share of the library in a bag, and the fewest models: halves of few are worse than the best of them."""

SIZES = {"forward": 25, "best": 5}
"""How an ensemble is chosen -> the usual size."""

MOST = 1000
"""The largest size, and the most bags."""

SLOTS = 100
"""The most parts of the weights of several bags together: a model's weight is a number of these."""


@dataclass(frozen=True)
class Rating:
    """How good predictions are, and what decides between equals: the log loss, of numbers the squared error.

    Args:
        metric: with a function.
        task: of the data.
        y, sample_weight: those of the validation split, as for :func:`recipes.metrics.score`.
    """

    metric: Metric
    task: str
    y: np.ndarray
    sample_weight: np.ndarray | None = None

    def first(self, predicted: np.ndarray) -> float:
        """The score, negative for errors; minus infinity where it is not defined."""
        value = self.metric.sign * score(self.metric, self.y, predicted, self.sample_weight)
        return value if math.isfinite(value) else -math.inf

    def second(self, predicted: np.ndarray) -> float:
        """The loss, negative."""
        loss = METRICS[ROOT_MEAN_SQUARED_ERROR.name if self.task == "regression" else "log_loss"]
        value = -score(loss, self.y, predicted, self.sample_weight)
        return value if math.isfinite(value) else -math.inf

    def both(self, predicted: np.ndarray) -> tuple[float, float]:
        """Both, to be compared in this order."""
        return self.first(predicted), self.second(predicted)


@dataclass(frozen=True)
class Choice:
    """How an ensemble is chosen: the arguments of :meth:`recipes.Comparison.ensemble` with the same names, checked.

    Raises:
        InvalidArgument: for an argument outside its range.

    Example:
        >>> Choice("best", size=3).counts(np.ones((5, 4, 1)), Rating(METRICS["r2"], "regression", np.arange(4.0)))
        array([1, 1, 1, 0, 0])
    """

    select: str = "forward"
    size: int | None = None
    bags: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("select", self.select, SIZES)
        size = SIZES[self.select] if self.size is None else check_integer("size", self.size, low=1, high=MOST)
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "bags", check_integer("bags", self.bags, low=1, high=MOST))
        object.__setattr__(self, "seed", check_integer("seed", self.seed, low=0))

    def counts(self, predictions: np.ndarray, rating: Rating) -> np.ndarray:
        """How often each model counts in the average, from predictions of shape (models, n, outputs)."""
        size = self.size or SIZES[self.select]
        if self.select == "best":
            return best_few(predictions, rating, size)
        return forward_selection(predictions, rating, size=size, bags=self.bags, seed=self.seed)


def best_few(predictions: np.ndarray, rating: Rating, size: int) -> np.ndarray:
    """The ``size`` models with the best scores, each once.

    Args:
        predictions: of the models for the validation split: shape (models, n, outputs).
        rating: of predictions for it.
        size: >= 1; at most all models are taken.

    Returns:
        How often each model counts in the average: shape (models,).
    """
    counts = np.zeros(len(predictions), int)
    counts[_in_order(predictions, rating)[:size]] = 1
    return counts


def forward_selection(
    predictions: np.ndarray, rating: Rating, *, size: int = 25, bags: int = 20, seed: int = 0
) -> np.ndarray:
    """Models whose average predicts well, chosen one after another, each as often as it helps.

    A selection starts with the best models, as many of them as score best together (sorted initialization), and adds
    that model, again and again and also one that it has already, with which the average scores best. Of all the
    averages on the way the first with the best score is taken. Chosen on few examples, it overfits; so several are
    chosen, each from a random half of the library, or ten models (a bag), and averaged. Their weights are rounded to
    hundredths, which leaves out models of next to no weight.

    Args:
        predictions: of the models for the validation split: shape (models, n, outputs).
        rating: of predictions for it.
        size: the models in a selection, with repetitions, >= 1. Default 25.
        bags: >= 1; with 1 there is one selection, from the whole library. Default 20.
        seed: of the bags, >= 0. Default 0.

    Returns:
        How often each model counts in the average: shape (models,). Their sum is at most ``size`` for one bag, and 100
        for several.

    Source: Caruana, Niculescu-Mizil, Crew and Ksikes 2004, "Ensemble selection from libraries of models".

    Example:
        >>> from recipes.metrics import METRICS
        >>> y = np.array([0.0, 2.0, 4.0])
        >>> predictions = np.array([y + 2, y - 1, y + 9])[..., np.newaxis]
        >>> rating = Rating(METRICS["root_mean_squared_error"], "regression", y)
        >>> forward_selection(predictions, rating, bags=1)
        array([1, 2, 0])
    """
    models = len(predictions)
    if bags == 1:
        counts = _select(predictions, rating, size)
    else:
        generator, taken = np.random.default_rng(seed), max(math.ceil(BAG * models), LEAST)
        shares = np.zeros(models)
        for _ in range(bags):
            bag = np.sort(generator.permutation(models)[:taken])
            chosen = _select(predictions[bag], rating, size)
            shares[bag] += chosen / chosen.sum()
        counts = _in_parts(shares / bags)
    return counts // np.gcd.reduce(counts)


def _select(predictions: np.ndarray, rating: Rating, size: int) -> np.ndarray:
    """The counts of one selection."""
    order = _in_order(predictions, rating)[:size]
    totals = np.cumsum(predictions[order], axis=0, dtype=np.float64)
    starts = [rating.both(total / (count + 1)) for count, total in enumerate(totals)]
    first = _first_best(starts)
    counts = np.bincount(order[: first + 1], minlength=len(predictions))
    total, best = totals[first], (starts[first], counts)
    for number in range(first + 2, size + 1):
        added = [(total + predicted) / number for predicted in predictions]
        scores = [rating.first(average) for average in added]
        tied = [place for place, value in enumerate(scores) if value == max(scores)]
        place = tied[_first_best([(rating.second(added[place]), 0.0) for place in tied])]
        total, counts = total + predictions[place], counts + np.eye(len(predictions), dtype=int)[place]
        reached = scores[place], rating.second(added[place])
        if reached > best[0]:
            best = reached, counts
    return best[1]


def _in_order(predictions: np.ndarray, rating: Rating) -> np.ndarray:
    """The places of the models, best first; of equal ones the first."""
    ratings = [rating.both(predicted) for predicted in predictions]
    return np.array(sorted(range(len(ratings)), key=lambda place: ratings[place], reverse=True), int)


def _first_best(ratings: Sequence[tuple[float, float]]) -> int:
    return max(range(len(ratings)), key=lambda place: ratings[place])


def _in_parts(shares: np.ndarray) -> np.ndarray:
    """Shares, whose sum is 1, as whole numbers, whose sum is ``SLOTS``: the largest remainders are rounded up."""
    parts = SLOTS * shares
    counts = np.floor(parts + 1e-9).astype(int)
    rest = np.argsort(counts - parts, kind="stable")[: SLOTS - counts.sum()]
    counts[rest] += 1
    return counts
