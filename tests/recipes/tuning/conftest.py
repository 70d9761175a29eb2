import math

import pandas as pd
import pytest


@pytest.fixture(autouse=True)
def _young_garbage(young_garbage):
    """KerasTuner collects before each trial."""


@pytest.fixture
def make_trials():
    """``make_trials({"adam+none": [0.9, 0.8]})``: a table of trainings with these scores of the confirm stage."""

    def make(scores, validation=None, tuned=2):
        rows = []
        for arm, values in scores.items():
            optimizer, regularizer = arm.split("+", 1)
            validated = (validation or scores)[arm]
            for number in range(tuned + len(values)):
                confirm = number >= tuned
                score = values[number - tuned] if confirm else math.nan
                rows.append(
                    {
                        "stage": "confirm" if confirm else "tune",
                        "arm": arm,
                        "optimizer": optimizer,
                        "regularizer": regularizer,
                        "trial": number - tuned if confirm else number,
                        "seed": number - tuned + 1 if confirm else 0,
                        "learning_rate": 0.01,
                        "validation_score": validated[number - tuned] if confirm else 0.5,
                        "test_score": score,
                        "seconds": 1.0 + number,
                        "epochs_run": 1,
                        "diverged": confirm and not math.isfinite(score),
                        "status": "diverged" if confirm and not math.isfinite(score) else "finished",
                    }
                )
        return pd.DataFrame(rows)

    return make
