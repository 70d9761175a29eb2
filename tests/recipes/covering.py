"""Pairwise testing: few cases in which every two levels of every two factors meet."""

import itertools


def covering_array(factors):
    """Cases that contain every pair of levels of two factors, by Cohen's greedy method (AETG, 1997), without chance.

    Args:
        factors: name -> list of levels.

    Returns:
        A list of dictionaries, name -> level.
    """
    left = {
        frozenset([(a, i), (b, j)])
        for a, b in itertools.combinations(factors, 2)
        for i in range(len(factors[a]))
        for j in range(len(factors[b]))
    }
    cases = []
    while left:
        case = dict(sorted(min(left, key=sorted)))
        for name in sorted(factors, key=lambda name: -len(factors[name])):
            if name not in case:
                covered = [
                    sum(frozenset([(name, level), pair]) in left for pair in case.items())
                    for level in range(len(factors[name]))
                ]
                case[name] = covered.index(max(covered))
        left -= {frozenset(pair) for pair in itertools.combinations(case.items(), 2)}
        cases.append({name: factors[name][case[name]] for name in factors})
    return cases
