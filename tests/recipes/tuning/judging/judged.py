"""A made-up table of trainings, judged as a search judges its own."""

import math

import numpy as np
import pandas as pd

from recipes.metric import ACCURACY
from recipes.report.results import COLUMNS, Results
from recipes.tuning.arms import Arm
from recipes.tuning.judging.main_effects import main_effects
from recipes.tuning.judging.summary import summary
from recipes.tuning.judging.verdict import verdict
from recipes.tuning.resuming import Resumption

DEFAULT = Arm("momentum", "none")
NAN = math.nan


def judge(trials, metric=ACCURACY, examples=0, **settings):
    """The table of arms, and the verdict on them."""
    for name in COLUMNS["trials"]:
        if name not in trials:
            trials = trials.assign(**{name: "" if name == "message" else NAN})
    margin = settings.get("margin")
    table = summary(trials, DEFAULT.name, metric, margin=margin)
    (reference,) = (
        table.loc[table["verdict"] == "reference", "arm"] if len(set(table["verdict"])) > 1 else [DEFAULT.name]
    )
    optimizer, regularizer = reference.split("+", 1)
    effects = main_effects(trials, Arm(optimizer, regularizer), metric, margin=margin)
    facts = {"metric": metric.name, "direction": metric.direction, "default_arm": DEFAULT.name}
    facts |= {"data": {"counts": {"test": examples}}, **settings}
    results = Results(facts, trials, pd.DataFrame(columns=COLUMNS["epochs"]), table, effects)
    return table, verdict(results, Resumption("recipes search digits --repeats 2"))


def scores_of(mean, sd, repeats=3, seed=0):
    """Scores with exactly this mean and standard deviation."""
    values = np.random.default_rng(seed).normal(size=repeats)
    return list(mean + sd * (values - values.mean()) / values.std(ddof=1))
