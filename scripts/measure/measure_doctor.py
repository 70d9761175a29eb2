"""What `recipes.diagnose` says of models and datasets that are spoiled on purpose, and of sound ones.

    python scripts/measure/measure_doctor.py [--seconds SECONDS]

The cases are those of ``tests/recipes/diagnosis/patients.py``. Writes ``results/doctor.csv``, one row per case: what
had to be found first, what was found, in words, and the seconds that it took.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "recipes" / "diagnosis"))
from patients import SOUND, SPOILED
from support.results import write_results

import recipes


def main() -> None:
    """Examines every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="for the trial trainings of a case")
    options = parser.parse_args()
    cases = [(name, make, expected) for name, (make, expected) in SPOILED.items()]
    cases += [(f"sound {name}", make, "") for name, make in SOUND.items()]
    rows = []
    for name, make, expected in cases:
        diagnosis = recipes.diagnose(*make(), seconds=options.seconds)
        first = diagnosis.symptoms[0].name if diagnosis.symptoms else ""
        said = " | ".join(map(str, diagnosis.symptoms))
        row = {"case": name, "expected": expected, "found": first, "right": first == expected, "said": said}
        rows.append({**row, "untried": diagnosis.untried, "seconds": round(diagnosis.seconds, 1)})
        print(f"{name:20} {'right' if first == expected else 'WRONG'} {diagnosis.seconds:5.1f} s  {said}", flush=True)
    for kind in (True, False):
        chosen = [row for row in rows if bool(row["expected"]) is kind]
        print(f"{'spoiled' if kind else 'sound'}: {sum(row['right'] for row in chosen)} of {len(chosen)} right")
    print(write_results("doctor", rows))


if __name__ == "__main__":
    main()
