"""What a comparison says by seeds alone, as version 0.1 did, and by repeats of the procedure: three datasets.

Six arms are compared on the digits, the diabetes data and the first 1,000 examples of MNIST, each with the defaults
of both protocols:

- seeds alone: one tuning and one split; 3 seeds, whose noise is all that the intervals hold; "better" and "worse" are
  called "more than noise", all else is "within noise";
- the procedure: two tunings, splits of their own where no test split is published, the noise of the test examples in
  the intervals, and the words better, worse, as good and open.

    python scripts/measure/measure_verdicts.py --data-dir DIR  # where MNIST is prepared for TFDS

Writes ``results/verdicts.csv``, one row per dataset and protocol.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.few_examples import few_examples
from support.results import write_results
from support.searches import searched

import recipes
from recipes.judging.dunnett import family_error
from recipes.report import formatting
from recipes.report.results import Results
from recipes.tuning.protocol import Protocol

LEVELS = {"optimizers": ["momentum", "adam", "sgd"], "regularizers": ["none", "dropout"]}
RECIPE = recipes.Recipe(model="mlp")
PROTOCOLS = {
    "seeds alone": Protocol(tunings="once", resplit=False),
    "the procedure": Protocol(),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", required=True, help="where MNIST is prepared for TFDS")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    datasets = {name: recipes.load(name) for name in ("digits", "diabetes")}
    for name, data in {**datasets, **few_examples(["mnist-1000"], options.data_dir)}.items():
        for kind, protocol in PROTOCOLS.items():
            with tempfile.TemporaryDirectory() as folder:
                results = searched(data, RECIPE, LEVELS, protocol, Path(folder) / "search").results
            alone = kind == "seeds alone"
            words = by_seeds_alone(results) if alone else {row["arm"]: row["verdict"] for row in results.rows()}
            rows.append(
                {
                    "dataset": name,
                    "protocol": kind,
                    "trainings": len(results.trials),
                    "seconds": round(float(results.trials["seconds"].sum()), 1),
                    "reference": results.reference,
                    **{word: listed(results, words, word) for word in ("better", "worse", "within noise")},
                    **{word: listed(results, words, word) for word in ("as good", "open")},
                    "decision": results.rows()[0]["arm"] if alone else results.winner,
                    "next": ""
                    if alone
                    else "; ".join(line.partition(":")[0] for line in results.verdict if "would" in line),
                }
            )
            print(rows[-1], flush=True)
            write_results("verdicts", rows)


def by_seeds_alone(results: Results) -> dict[str, str]:
    """The word of each arm by Dunnett's test, with the pooled variance between seeds or that of the arm if larger."""
    confirmed = results.stage("confirm").sort_values("seed")
    scores = {str(arm): group["test_score"].to_numpy() for arm, group in confirmed.groupby("arm")}
    values = np.array(list(scores.values()))
    arms, seeds = values.shape
    residuals = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    freedom = (arms - 1) * (seeds - 1)
    resolution = results.metric.resolution(results.test_examples)
    pooled = max(2.0 * float((residuals**2).sum()) / freedom, resolution**2 / 6.0)
    words = {}
    for arm, own in scores.items():
        differences = results.metric.sign * (own - scores[results.reference])
        error = math.sqrt(max(pooled, float(differences.var(ddof=1))) / seeds)
        known = arm != results.reference and family_error(abs(differences.mean()) / error, arms - 1, freedom) < 0.05
        words[arm] = ("better" if differences.mean() > 0 else "worse") if known else "within noise"
    del words[results.reference]
    return words


def listed(results: Results, words: Mapping[str, str], word: str) -> str:
    """The arms of a word, those that differ with the difference."""
    arms = []
    for row in results.rows():
        if words.get(row["arm"]) == word:
            amount = formatting.score(abs(row["difference"]), results.metric)
            arms.append(f"{row['arm']} by {amount}" if word in ("better", "worse") else row["arm"])
    return ", ".join(arms)


if __name__ == "__main__":
    main()
