"""Samples: the final trainings of an arm as numbers, and their comparison with those of another arm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...judging.dunnett import NOTHING, SAME, Difference, compare_with
from ...judging.noise import NO_NOISE, Noise, noise_of_examples
from .spread import mean_sd

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Contributions", "Sample", "compare_samples", "mean_sample", "samples_of"]

Contributions = Mapping[str, Mapping[int, np.ndarray]]
"""What each test example contributes to the score of a training: arm -> seed -> shape (n,). Some may be missing."""


@dataclass(frozen=True)
class Sample:
    """The repeats of an arm, or of a level of a factor.

    Args:
        seeds: of the repeats, in ascending order.
        scores, losses: on the test split, one of each repeat.
        contributions: those of the repeats whose outcomes are known, by seed.
    """

    seeds: Sequence[int]
    scores: Sequence[float]
    losses: Sequence[float]
    contributions: Mapping[int, np.ndarray] = field(default_factory=dict)

    def is_same(self, other: Sample) -> bool:
        """Whether the trainings are the same to the last bit, as with a regularizer that never acts."""
        return tuple(self.losses) == tuple(other.losses) and tuple(self.scores) == tuple(other.scores)

    def interval(self, level: float, resolution: float) -> tuple[float, float]:
        """The interval of the mean score, which misses with probability ``level``; NaN for a single repeat.

        It holds the noise between repeats and, where outcomes are known, that of the test split.
        """
        mean, sd = mean_sd(self.scores)
        if not math.isfinite(sd):
            return math.nan, math.nan
        from scipy.stats import t

        known = [self.contributions[seed] for seed in self.seeds if seed in self.contributions]
        noise = noise_of_examples(np.array(known), resolution) if known else NO_NOISE
        of_repeats, freedom = sd**2 / len(self.scores), len(self.scores) - 1
        variance = of_repeats + noise.variance
        if not variance:
            return mean, mean
        half = t.ppf(1.0 - level / 2.0, variance**2 / (of_repeats**2 / freedom + noise.doubt)) * math.sqrt(variance)
        return mean - float(half), mean + float(half)

    def noise_against(self, other: Sample, resolution: float) -> Noise:
        """The noise of the test split in the difference of the two; none where no repeat has outcomes of both."""
        seeds = [seed for seed in self.seeds if seed in self.contributions and seed in other.contributions]
        if not seeds:
            return NO_NOISE
        mine, others = (np.array([sample.contributions[seed] for seed in seeds]) for sample in (self, other))
        return noise_of_examples(mine.astype(np.float64) - others, resolution)


def samples_of(trials: pd.DataFrame, contributions: Contributions) -> dict[str, Sample]:
    """The samples of all arms, from the table of trainings."""
    samples = {}
    for arm, group in trials[trials["stage"] == "confirm"].sort_values("seed").groupby("arm", sort=False):
        seeds, scores = group["seed"].tolist(), group["test_score"].tolist()
        losses = group["test_loss"].tolist() if "test_loss" in group else [np.nan] * len(group)
        samples[str(arm)] = Sample(seeds, scores, losses, contributions.get(str(arm), {}))
    return samples


def mean_sample(samples: Sequence[Sample]) -> Sample:
    """The mean of several arms, repeat by repeat."""
    seeds = samples[0].seeds
    known = [seed for seed in seeds if all(seed in sample.contributions for sample in samples)]
    return Sample(
        seeds,
        np.mean([sample.scores for sample in samples], axis=0).tolist(),
        np.mean([sample.losses for sample in samples], axis=0).tolist(),
        {seed: np.mean([sample.contributions[seed] for sample in samples], axis=0) for seed in known},
    )


def compare_samples(
    control: Sample, samples: Mapping[str, Sample], level: float, resolution: float = 0.0
) -> dict[str, Difference]:
    """The difference of each sample from a control, as :func:`recipes.judging.dunnett.compare_with`.

    Samples that are the same to the last bit count as one comparison, and one that is the control's as none: it does
    not differ, and no further repeat would change that.

    Args:
        control, samples: with the same repeats.
        level: the chance that any of the intervals misses.
        resolution: the step of the scores.
    """
    firsts: dict[str, str] = {}  # of each group of equal samples
    for name, sample in samples.items():
        equal = (first for first in firsts.values() if samples[first].is_same(sample))
        firsts[name] = next(equal, name)
    distinct = [name for name in dict.fromkeys(firsts.values()) if not samples[name].is_same(control)]
    compared = dict.fromkeys(firsts.values(), SAME) | dict.fromkeys(distinct, NOTHING)
    differences = compare_with(
        control.scores,
        [samples[name].scores for name in distinct],
        level,
        resolution,
        [samples[name].noise_against(control, resolution) for name in distinct],
    )
    compared |= dict(zip(distinct, differences, strict=True))
    return {name: compared[first] for name, first in firsts.items()}
