"""bench_verdict: the outcome of a bench in sentences."""

from __future__ import annotations

import math

from ..judging.ranks import critical_difference
from . import formatting
from .bench_results import ARMS, FEWEST, SURE, BenchResults, Group

__all__ = ["bench_verdict"]

FEW = 10
"""Below so many datasets Nemenyi's critical difference is only roughly right."""

NAMED = 4
"""How many candidates are named in a list."""


def bench_verdict(results: BenchResults) -> list[str]:
    """The outcome in sentences: each factor, the arms, what the datasets cannot tell, and the decision.

    Args:
        results: the tables of the bench; their ``verdict`` is not read.
    """
    count = len(results.datasets)
    sentences = _missing(results)
    groups = results.groups
    if not groups:
        return [*sentences, "There is one arm: nothing to compare."]
    if count < 2:
        return [*sentences, "One dataset: ranks over datasets need several; see its own report."]
    for group in groups.values():
        sentences += _ranks(group, count)
        sentences.append(_against_the_reference(group))
        sentences += _lost(group)
    sentences.append(_few(groups, count))
    sentences.append(_decision(groups[ARMS], count))
    return sentences


def _missing(results: BenchResults) -> list[str]:
    """Which datasets are left out, and how far they are."""
    states: dict[str, list[str]] = {}
    for label, state in results.missing.items():
        states.setdefault(state, []).append(label)
    left_out = "; ".join(f"{', '.join(labels)}: {state}" for state, labels in states.items())
    return [f"Unfinished, and left out: {left_out}. The same bench again goes on."] if left_out else []


def _ranks(group: Group, count: int) -> list[str]:
    """Whether the ranks differ by more than chance, and which of them."""
    test, table = group.test, group.table
    what = _plural(group)
    best = [f"{row.level} {row.rank:.1f}" for row in table.head(NAMED).itertuples()]
    head = f"{what.capitalize()} by average rank over {count} datasets, of {len(table)}: {', '.join(best)}"
    head += f", ..., {table['level'].iloc[-1]} {table['rank'].iloc[-1]:.1f}." if len(table) > NAMED else "."
    if not test.p_value < 1 - SURE:
        p_value = formatting.p_is(test.p_value)
        return [f"{head} They do not differ by more than chance (Friedman's test: {p_value})."]
    first = table.iloc[0]
    behind = [str(row.level) for row in table.itertuples() if row.rank - first["rank"] >= test.difference]
    told = f"{first['level']} is ahead of {_some(behind)}" if behind else "no two are told apart"
    return [
        f"{head} They differ by more than chance (Friedman's test: {formatting.p_is(test.p_value)}); average ranks"
        f" {test.difference:.1f} apart are told apart (Nemenyi): {told}."
    ]


def _against_the_reference(group: Group) -> str:
    """The words of the others against the reference, by the Bayesian test."""
    parts = []
    others = group.table[group.table["verdict"] != "reference"]
    for word in ("better", "as good", "worse"):
        names = [str(name) for name in others.loc[others["verdict"] == word, "level"]]
        if names:
            parts.append(f"{word}: {_some(names)}")
    undecided = int((others["verdict"] == "open").sum())
    if undecided:
        parts.append(f"{undecided} open" if undecided < len(others) else "all open")
    return (
        f"Against {group.reference}, with a probability of {100 * SURE:g} % and within the margin: {'; '.join(parts)}."
    )


def _lost(group: Group) -> list[str]:
    lost = group.table[group.table["without_score"] > 0]
    names = [f"{row.level} on {row.without_score}" for row in lost.itertuples()]
    return [f"Without a score, which counts as the worst: {_some(names)}."] if names and group.name == ARMS else []


def _few(groups: dict[str, Group], count: int) -> str:
    """What so few datasets cannot tell."""
    sentences = []
    for group in groups.values():
        candidates = len(group.candidates)
        if group.test.difference >= candidates - 1:
            sentences.append(
                f"{count} datasets cannot tell {candidates} {_plural(group)} apart by ranks, whatever they are:"
                f" that takes {_needed(candidates, candidates - 1)} or more."
            )
        else:
            half = _needed(candidates, (candidates - 1) / 4)
            if half > count:
                sentences.append(
                    f"Of {candidates} {_plural(group)}, {count} datasets tell ranks {group.test.difference:.1f} apart;"
                    f" {half} would tell {(candidates - 1) / 4:.1f}."
                )
    if count < FEWEST:
        sentences.append(f"With fewer than {FEWEST} datasets nothing is called better, worse or as good.")
    elif count < FEW:
        sentences.append(f"With fewer than {FEW} datasets critical differences are rough.")
    sentences.append("The datasets were chosen, not drawn: all this is about them and others like them.")
    return " ".join(sentences)


def _needed(candidates: int, distance: float) -> int:
    """The datasets whose critical difference is at most a distance of ranks."""
    one = critical_difference(candidates, 1)
    return math.ceil((one / distance) ** 2)


def _decision(group: Group, count: int) -> str:
    table = group.table
    better = table[table["verdict"] == "better"]
    default = table[table["level"] == group.reference].iloc[0]
    if len(better):
        row = better.iloc[0]
        why = f"better than {group.reference} with a probability of {100 * row['better']:.0f} %"
        return f"Decision: {row['level']}, average rank {row['rank']:.1f} of {len(table)}; {why}."
    near = f"within the margin of the best on {default['near_best']} of {count} datasets"
    return (
        f"Decision: {group.reference}, the reference: no arm is better with a probability of {100 * SURE:g} %"
        f" (average rank {default['rank']:.1f} of {len(table)}, {near})."
    )


def _plural(group: Group) -> str:
    return group.name.replace("_", " ") + "s"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
