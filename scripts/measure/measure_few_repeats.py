"""How often the interval of a difference misses, by the number of repeats and by what the noise consists of.

    python scripts/measure/measure_few_repeats.py

Two arms that do not differ, compared as a search compares them. An interval at 95 % should miss in 5 % of the
comparisons. The variance between 2 repeats has one degree of freedom: where it happens to come out small and is most of
the noise, the interval is too short.

- "errors": of a regression, say. Each repeat has its own effect, each test example too, and the rest is their
  interplay. ``ratio`` is the variance of the mean that is due to repeats over that due to examples.
- "answers": right or wrong, by a chance of each example's own that both arms share (a beta distribution with a mean of
  5 % errors). ``ratio`` is the standard deviation of a repeat's effect in points of accuracy.

Writes ``results/few_repeats.csv``, one row per kind, number of repeats and ratio.
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
REPEATS = (2, 3, 5, 10)
RATIOS = {"errors": (0.0, 0.3, 1.0, 3.0, 10.0), "answers": (0.0, 0.3, 1.0)}
CHANCE = (0.05, 0.95)


def differences(kind: str, repeats: int, ratio: float, random: np.random.Generator) -> np.ndarray:
    """What each example contributes to the difference of two equal arms, by repeat: (repeats, examples)."""
    shape = (repeats, EXAMPLES)
    if kind == "errors":
        of_repeats = np.sqrt(ratio * repeats / EXAMPLES) * random.normal(size=(repeats, 1))
        return of_repeats + random.normal(size=(1, EXAMPLES)) + REST * random.normal(size=shape)
    chance = random.beta(*CHANCE, size=EXAMPLES)
    wrong = [(random.random(shape) < chance).astype(float) for _ in range(2)]
    return wrong[0] - wrong[1] + ratio / 100 * random.normal(size=(repeats, 1))


def misses(kind: str, repeats: int, ratio: float, cases: int, random: np.random.Generator) -> float:
    """The share of comparisons of equals that find a difference."""
    wrong = 0
    for _ in range(cases):
        between = differences(kind, repeats, ratio, random)
        noise = noise_of_examples(between, 1 / EXAMPLES)
        (found,) = compare_with(np.zeros(repeats), [between.mean(axis=1)], noises=[noise], resolution=1 / EXAMPLES)
        wrong += found.p < LEVEL
    return wrong / cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=4000, help="comparisons a row")
    options = parser.parse_args()
    random, rows = np.random.default_rng(0), []
    for kind, ratios in RATIOS.items():
        for repeats in REPEATS:
            for ratio in ratios:
                share = misses(kind, repeats, ratio, options.cases, random)
                cell = {"kind": kind, "repeats": repeats, "ratio": ratio, "cases": options.cases, "missed": share}
                rows.append(cell)
                print(f"{kind}, {repeats} repeats, ratio {ratio:g}: {100 * share:.1f} % miss", flush=True)
    print(write_results("few_repeats", rows))


if __name__ == "__main__":
    main()
