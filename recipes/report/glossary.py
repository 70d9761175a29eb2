"""The glossary of a comparison, the same on the page and in the help of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import formatting

if TYPE_CHECKING:
    from .results import Results

__all__ = ["BENCH_GLOSSARY", "GLOSSARY", "glossary"]

GLOSSARY = {
    "arm": "A combination of the names to compare, e.g. adam with dropout, at a learning rate and strengths tuned for "
    "it.",
    "repeat": "One more training of every arm's best setting with a fresh seed and, on small data, its own split: the "
    "same for all arms. The first two repeats and every third one have a tuning of their own.",
    "reference": "The arm that the others are compared with: that of the default recipe, unless it has no score.",
    "margin": "A difference that does not matter. Default: 0.5 points of accuracy; 0.005 of other scores of which more "
    "is better; 1 % of the reference's error.",
    "better, worse": "The interval of the difference from the reference excludes 0. It is simultaneous for all arms, "
    "and holds the noise between repeats and that of a finite test split.",
    "as good": "The whole interval lies within the margin.",
    "open": "Neither: this search cannot tell. More repeats or more test examples could.",
    "decision": "Of the best arm and those as good as it, the one that is cheap to train and least sensitive. It is "
    "exported.",
    "sensitivity": "By how much the median of an arm's tuning trials is worse than the best of them: what a setting "
    "picked at random costs.",
}
"""Terms and their meanings."""

BENCH_GLOSSARY = {
    "arm": GLOSSARY["arm"],
    "average rank": "The mean over the datasets of the place by test score, 1 for the best; equal scores share places.",
    "margin": GLOSSARY["margin"],
    "reference": "The candidate that the others are compared with: that of the default recipe, if it is among them.",
    "better, as good, worse": "Against the reference, the candidate is so more often than the other two on further "
    "datasets like these, with a probability of 95 % or more. It takes at least 5 datasets.",
    "open": "None of these: so few datasets, or so unlike ones, cannot tell.",
    "p of ranks": "How likely an average rank so far from the reference's is if all are alike; for all pairs.",
}
"""The same for several datasets."""


def glossary(results: Results) -> list[tuple[str, str]]:
    """The terms and their meanings for one comparison, with the size of its margin."""
    size = formatting.margin(results.margin, results.metric)
    meanings = {**GLOSSARY, "margin": f"{GLOSSARY['margin']} Here: {size}."}
    return list(meanings.items())
