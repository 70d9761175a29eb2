"""What belongs to a repeat: its seed, the tuning that its setting comes from, and the seed of that."""

from __future__ import annotations

from ..catalogue import Lookup, Option
from ..trainer import LARGEST_SEED

__all__ = ["TUNINGS", "seed_of_repeat", "seed_of_tuning", "tuning_of", "tunings_until"]

TUNINGS = Lookup(
    "tuning",
    [
        Option(
            "some",
            "An arm is tuned for the first two repeats and every third one from then on.",
            "part of the default protocol",
            when="The default: intervals hold most of the luck of tuning, at about half of the cost of each.",
        ),
        Option(
            "once",
            "An arm is tuned once, and all repeats have its best setting.",
            "Choi et al. 2019",
            when="For a quick answer, or where a tuning costs too much. The luck of the one tuning is then in "
            "no interval.",
        ),
        Option(
            "each",
            "An arm is tuned anew for each repeat.",
            "Bouthillier et al. 2021",
            when="Where a verdict has to stand, as in a publication, and time allows a tuning for each repeat.",
        ),
    ],
)
"""How often an arm is tuned."""

STEP = 1_000_003
"""The distance of the seeds of two tunings: so many repeats have seeds of their own."""


def tuning_of(repeat: int, tunings: str) -> int:
    """The tuning whose best setting a repeat has: a tuning has the number of the repeat that it was made for.

    It does not depend on how many repeats there are, so that further ones leave the earlier ones as they are.

    Example:
        >>> [tuning_of(repeat, "some") for repeat in range(8)]
        [0, 1, 1, 3, 3, 3, 6, 6]
    """
    if tunings == "once":
        return 0
    if tunings == "each" or repeat < 2:
        return repeat
    return max(1, repeat - repeat % 3)


def tunings_until(repeats: int, tunings: str) -> list[int]:
    """The tunings of the first so many repeats, and the first one where there are no repeats."""
    return sorted({0, *(tuning_of(repeat, tunings) for repeat in range(repeats))})


def seed_of_repeat(seed: int, repeat: int) -> int:
    """The seed of a repeat's training."""
    return seed + 1 + repeat


def seed_of_tuning(seed: int, tuning: int) -> int:
    """The seed of the trials of a tuning, and of the scrambling of their points: that of the search for the first."""
    return (seed + STEP * tuning) % (LARGEST_SEED + 1)
