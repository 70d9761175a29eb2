"""Samples: the final trainings of an arm as numbers, and their comparison with those of another arm."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...judging.dunnett import LEVEL, NOTHING, SAME, Difference, compare_with
from ...judging.noise import NO_NOISE, Noise, noise_of_examples
from .spread import mean_sd

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DEFAULT_RULE", "Contributions", "Rule", "Sample", "compare_samples", "mean_sample", "samples_of"]

Contributions = Mapping[str, Mapping[int, np.ndarray]]
"""What each test example contributes to the score of a training: arm -> seed -> shape (n,). Some may be missing."""


@dataclass(frozen=True)
class Rule:
    """How samples are compared.

    Args:
        level: the chance that any of the intervals misses. Default 0.05.
        resolution: the step of the scores. Default 0.
        overlap: the test examples of a repeat over the others, where each has its own test split; else None (default).
        looks: the numbers of repeats after which samples are compared, each with the level of that comparison. Default:
            once, after all. See :func:`recipes.judging.sequential.nominal_levels`.
    """

    level: float = LEVEL
    resolution: float = 0.0
    overlap: float | None = None
    looks: Sequence[tuple[int, float]] = ()


DEFAULT_RULE = Rule()


@dataclass(frozen=True)
class Sample:
    """The repeats of an arm, or of a level of a factor.

    Args:
        seeds: of the repeats, in ascending order.
        scores, losses: on the test split, one of each repeat.
        contributions: those of the repeats whose outcomes are known, by seed.
        tunings: the tuning that the setting of each repeat comes from. Default: the same.
    """

    seeds: Sequence[int]
    scores: Sequence[float]
    losses: Sequence[float]
    contributions: Mapping[int, np.ndarray] = field(default_factory=dict)
    tunings: Sequence[int] = ()

    def first(self, count: int) -> Sample:
        """The first so many repeats."""
        seeds, scores, losses = self.seeds[:count], self.scores[:count], self.losses[:count]
        return Sample(seeds, scores, losses, self.contributions, self.tunings[:count])

    def is_same(self, other: Sample) -> bool:
        """Whether the trainings are the same to the last bit, as with a regularizer that never acts."""
        count = min(len(self.seeds), len(other.seeds))
        mine, theirs = self.first(count), other.first(count)
        return tuple(mine.losses) == tuple(theirs.losses) and tuple(mine.scores) == tuple(theirs.scores)

    def interval(self, rule: Rule) -> tuple[float, float]:
        """The interval of the mean score, which misses with the rule's ``level``; NaN for a single repeat.

        It holds the noise between repeats and that of the test split, where this is known or repeats have their own.
        """
        mean, sd = mean_sd(self.scores)
        if not math.isfinite(sd):
            return math.nan, math.nan
        from scipy.stats import t

        known = [self.contributions[seed] for seed in self.seeds if seed in self.contributions]
        shared = known and rule.overlap is None
        noise = noise_of_examples(np.array(known), rule.resolution) if shared else NO_NOISE
        of_repeats, freedom = sd**2 * (1.0 / len(self.scores) + (rule.overlap or 0.0)), len(self.scores) - 1
        variance = of_repeats + noise.variance
        if not variance:
            return mean, mean
        half = t.ppf(1.0 - rule.level / 2.0, variance**2 / (of_repeats**2 / freedom + noise.doubt)) * math.sqrt(
            variance
        )
        return mean - float(half), mean + float(half)

    def noise_against(self, other: Sample, rule: Rule) -> Noise:
        """The noise of the test examples in the difference of the two; none where no repeat has outcomes of both.

        Where each repeat has its own test split it is that of a single repeat.
        """
        seeds = [seed for seed in self.seeds if seed in self.contributions and seed in other.contributions]
        if not seeds:
            return NO_NOISE
        differences = [self.contributions[seed].astype(np.float64) - other.contributions[seed] for seed in seeds]
        if rule.overlap is None:
            return noise_of_examples(np.array(differences), rule.resolution)
        single = [noise_of_examples(difference[np.newaxis], rule.resolution) for difference in differences]
        variance, doubt = np.mean(single, axis=0).tolist()
        return Noise(variance, doubt / len(single))


def samples_of(trials: pd.DataFrame, contributions: Contributions) -> dict[str, Sample]:
    """The samples of all arms, from the table of trainings."""
    samples = {}
    for arm, group in trials[trials["stage"] == "confirm"].sort_values("seed").groupby("arm", sort=False):
        seeds, scores = group["seed"].tolist(), group["test_score"].tolist()
        losses = group["test_loss"].tolist() if "test_loss" in group else [np.nan] * len(group)
        tunings = group["tuning"].tolist() if "tuning" in group else ()
        samples[str(arm)] = Sample(seeds, scores, losses, contributions.get(str(arm), {}), tunings)
    return samples


def mean_sample(samples: Sequence[Sample]) -> Sample:
    """The mean of several arms, repeat by repeat, as far as all of them have repeats."""
    samples = [sample.first(min(len(sample.seeds) for sample in samples)) for sample in samples]
    seeds = samples[0].seeds
    known = [seed for seed in seeds if all(seed in sample.contributions for sample in samples)]
    return Sample(
        seeds,
        np.mean([sample.scores for sample in samples], axis=0).tolist(),
        np.mean([sample.losses for sample in samples], axis=0).tolist(),
        {seed: np.mean([sample.contributions[seed] for sample in samples], axis=0) for seed in known},
        _most_tunings(samples),
    )


def _most_tunings(samples: Iterable[Sample]) -> Sequence[int]:
    """The tunings of a sample with several: an arm of which nothing is tuned has one for all repeats."""
    return max((sample.tunings for sample in samples), key=lambda tunings: len(set(tunings)))


def compare_samples(control: Sample, samples: Mapping[str, Sample], rule: Rule) -> dict[str, Difference]:
    """The difference of each sample from a control, as :func:`recipes.judging.dunnett.compare_with`.

    Samples that are the same to the last bit count as one comparison, and one that is the control's as none: it does
    not differ, and no further repeat would change that.

    Args:
        control, samples: with the same repeats. Where the rule has looks, some may have fewer: a sample is then judged
            at the last look for which it and the control have enough, and p is scaled so that it is below the level of
            the rule where that of the look is kept.
        rule: how they are compared.
    """
    firsts: dict[str, str] = {}  # of each group of equal samples
    for name, sample in samples.items():
        equal = (first for first in firsts.values() if samples[first].is_same(sample))
        firsts[name] = next(equal, name)
    distinct = [name for name in dict.fromkeys(firsts.values()) if not samples[name].is_same(control)]
    compared = dict.fromkeys(firsts.values(), SAME) | dict.fromkeys(distinct, NOTHING)
    comparisons = sum(bool(np.isfinite(samples[name].scores).all()) for name in distinct)
    for count, level in rule.looks or [(len(control.seeds), rule.level)]:
        named = [name for name in distinct if min(len(samples[name].seeds), len(control.seeds)) >= count]
        first, others = control.first(count), [samples[name].first(count) for name in named]
        differences = compare_with(
            first.scores,
            [other.scores for other in others],
            level,
            rule.resolution,
            [other.noise_against(first, rule) for other in others],
            _most_tunings([first, *others]),
            rule.overlap,
            comparisons,
        )
        if rule.looks:
            differences = [
                found._replace(p=float(np.minimum(1.0, found.p * rule.level / level))) for found in differences
            ]
        compared |= dict(zip(named, differences, strict=True))
    return {name: compared[first] for name, first in firsts.items()}
