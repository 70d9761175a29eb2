"""How often the interval of a difference misses, by the number of repeats and by what the noise consists of.

    python scripts/measure/measure_few_repeats.py

Two arms that do not differ, compared as a search compares them: each repeat has its own effect, each test example too,
and the rest is their interplay. ``ratio`` is the variance of the mean that is due to repeats over that due to
examples. An interval at 95 % should miss in 5 % of the comparisons. The variance between 2 repeats has one degree of
freedom: where it happens to come out small and is most of the noise, the interval is too short.

Writes ``results/few_repeats.csv``, one row per number of repeats and ratio.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

from recipes.judging.dunnett import LEVEL, compare_with
from recipes.judging.noise import noise_of_examples

EXAMPLES, REST = 360, 0.5
REPEATS, RATIOS = (2, 3, 5, 10), (0.0, 0.3, 1.0, 3.0, 10.0)


def misses(repeats: int, ratio: float, cases: int, random: np.random.Generator) -> float:
    """The share of comparisons of equals that find a difference."""
    wrong = 0
    for _ in range(cases):
        of_repeats = np.sqrt(ratio * repeats / EXAMPLES) * random.normal(size=(repeats, 1))
        rest = REST * random.normal(size=(repeats, EXAMPLES))
        differences = of_repeats + random.normal(size=(1, EXAMPLES)) + rest
        noise = noise_of_examples(differences, 1 / EXAMPLES)
        (found,) = compare_with(np.zeros(repeats), [differences.mean(axis=1)], noises=[noise], resolution=1 / EXAMPLES)
        wrong += found.p < LEVEL
    return wrong / cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=4000, help="comparisons a row")
    options = parser.parse_args()
    random, rows = np.random.default_rng(0), []
    for repeats in REPEATS:
        for ratio in RATIOS:
            share = misses(repeats, ratio, options.cases, random)
            rows.append({"repeats": repeats, "ratio": ratio, "cases": options.cases, "missed": share})
            print(f"{repeats} repeats, ratio {ratio:g}: {100 * share:.1f} % miss", flush=True)
    print(write_results("few_repeats", rows))


if __name__ == "__main__":
    main()
