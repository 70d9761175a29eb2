"""importance: how much each choice and hyperparameter matters for the validation score."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from .results import Results

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEWEST", "choices_tried", "importance"]

FEWEST = 20
"""Tuning trials from which something can be said."""

FOLDS, TREES, SHUFFLES = 3, 50, 5


def choices_tried(results: Results) -> pd.DataFrame:
    """What varies among the tuning trials: a column per factor with several levels, the rate, the strengths, the score.

    Returns:
        One row per trial. "score" is the validation score, NaN for trials that diverged or failed. A strength that an
        arm does not have is NaN.
    """
    tuned = results.stage("tune")
    several = [name for name in dict.fromkeys(results.main_effects["factor"]) if len(results.levels(name)) > 1]
    numbers = [name for name in ("learning_rate", *results.strengths) if tuned[name].nunique() > 1]
    table = tuned[[*several, *numbers]].reset_index(drop=True)
    return table.assign(score=tuned["validation_score"].astype(float).to_numpy())


@functools.lru_cache(maxsize=4)
def importance(results: Results) -> pd.DataFrame | None:
    """How much worse a random forest predicts the order of the tuning trials if a column is shuffled.

    The forest is fitted to two thirds of the trials and predicts the rest, three times, so a column that means nothing
    has about 0. The numbers are the loss of R², the share of the variance of the ranks that is explained; those of
    columns that act together overlap. Learning rates are taken relative to the median of their optimizer's.

    Returns:
        One row per column of :func:`choices_tried`, the most important first: "name", "mean" and "sd" over the thirds,
        and "explained", the forest's R². None with fewer than 20 trials, and where all scores are the same.

    Source: Breiman 2001, "Random forests".

    Example:
        >>> importance(results)["name"].iloc[0]      # doctest: +SKIP
        'learning_rate'
    """
    import pandas as pd
    from scipy.stats import rankdata
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import KFold

    table = choices_tried(results)
    worst = -math.inf if results.metric.higher_is_better else math.inf
    scores = table.pop("score").fillna(worst).to_numpy()
    if len(table) < FEWEST or len(set(scores)) < 2 or not len(table.columns):
        return None
    ranks, inputs = rankdata(scores), _numbers(table, results).to_numpy()
    losses, explained = [], []
    for fitted, held in KFold(FOLDS, shuffle=True, random_state=0).split(inputs):
        forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=0).fit(inputs[fitted], ranks[fitted])
        explained.append(forest.score(inputs[held], ranks[held]))
        shuffled = permutation_importance(forest, inputs[held], ranks[held], n_repeats=SHUFFLES, random_state=0)
        losses.append(shuffled.importances_mean)
    found = pd.DataFrame({"name": list(table.columns), "mean": np.mean(losses, axis=0), "sd": np.std(losses, axis=0)})
    found["explained"] = float(np.mean(explained))
    return found.sort_values("mean", ascending=False, ignore_index=True)


def _numbers(table: pd.DataFrame, results: Results) -> pd.DataFrame:
    """The columns as numbers: levels by their place, numbers as logarithms, what an arm does not have as the median."""
    import pandas as pd

    columns = {}
    for name in map(str, table):
        values = table[name]
        if name == "learning_rate":
            logs = pd.Series(np.log10(values.to_numpy(float)))
            columns[name] = logs - logs.groupby(results.stage("tune")["optimizer"].to_numpy()).transform("median")
        elif name in results.strengths:
            logs = pd.Series(np.log10(values.astype(float).where(values > 0).to_numpy()))
            columns[name] = logs.fillna(logs.median())  # so that it does not tell the regularizer
        else:
            columns[name] = values.map({level: place for place, level in enumerate(results.levels(name))})
    return pd.DataFrame(columns)
