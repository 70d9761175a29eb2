"""Techniques against their definitions: what the package gives, beside the same computed without it.

    python scripts/measure/measure_techniques.py                     # all, in some minutes
    python scripts/measure/measure_techniques.py plateau tuned       # only these

Each is a function in ``scripts/techniques``: early stopping by any metric, conjugate gradients, the Hessian, fancy
PCA, gradients over time, ensembles and others. Expected numbers come from NumPy in double precision, from a replay of
the rule, from a paper's formula or from a plain TensorFlow process.

Writes ``results/techniques.csv``, a row for each number, if all are measured. Ends with status 1 if one is not as
expected.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results
from techniques import averages, descent, factors, noise, sequences, setups, stopping, words
from techniques.measured import Technique

TECHNIQUES: dict[str, Technique] = {
    name: getattr(module, name)
    for module in (stopping, noise, descent, factors, sequences, averages, words, setups)
    for name in module.__all__
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("techniques", nargs="*", metavar="TECHNIQUE", help=f"of {', '.join(TECHNIQUES)}")
    chosen = parser.parse_args().techniques
    if unknown := [name for name in chosen if name not in TECHNIQUES]:
        parser.error(f"unknown techniques: {', '.join(unknown)}")
    rows = []
    for name in chosen or TECHNIQUES:
        print(f"{name}: {(TECHNIQUES[name].__doc__ or '').strip()}", flush=True)
        for measured in TECHNIQUES[name]():
            print(f"    {measured}", flush=True)
            rows.append(
                {
                    "technique": name,
                    "what": measured.what,
                    "given": measured.given,
                    "expected": measured.expected,
                    "within": measured.within,
                    "agrees": measured.agrees,
                }
            )
    wrong = [f"{row['technique']}: {row['what']}" for row in rows if not row["agrees"]]
    if not chosen:
        print(write_results("techniques", rows))
    print(f"{len(rows)} numbers and sentences, not as expected: {'; '.join(wrong) or 'none'}")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
