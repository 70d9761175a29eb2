"""Twelve tables as people bring them, trained by `recipes train FILE --target ...`, beside scikit-learn's defaults.

The tables lie in ``tests/tables``. scikit-learn gets them prepared by hand (dates and money as numbers, no ids) and all
rows that are not tested; ours gets the file. In each repeat its rows are in another order, so that others are tested;
where a column of times decides about that, only the seed differs.

    python scripts/measure/measure_tables.py --repeats 3

Writes ``results/tables.csv``, one row per table, repeat and method.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import ROOT, write_results

sys.path.insert(0, str(ROOT))

from recipes.cli import main as command_line
from tests.tables.cases import CASES, Case, our_scores, peer_scores, rows_of_splits, shuffled


def trained(case: Case, path: Path, seed: int) -> dict[str, float]:
    """The metrics that the command line prints."""
    printed, complaints = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complaints):
            command_line(["train", str(path), *case.arguments, "--seed", str(seed)])
    except SystemExit as left:
        if left.code:
            raise RuntimeError(complaints.getvalue()) from None
    return our_scores(printed.getvalue())


def measure(name: str, repeat: int) -> Iterator[dict[str, Any]]:
    """Rows of results for one order of a table's rows."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        path = shuffled(case, Path(folder), repeat)
        start = time.perf_counter()
        scores = {"recipes": trained(case, path, repeat)}
        seconds = time.perf_counter() - start
        frame = case.frame(path)
        rows = rows_of_splits(case, frame, repeat)
        scores |= peer_scores(case, frame, rows, repeat)
    facts = {"table": case.file, "rows": len(frame), "tested": len(rows["test"]), "repeat": repeat}
    columns = ("accuracy", "log_loss", "standardized_error")
    for method, found in scores.items():
        shown = {column: round(found[column], 4) for column in columns if column in found}
        yield {**facts, "method": method, **shown, "seconds": round(seconds, 1) if method == "recipes" else ""}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="names of tables")
    options = parser.parse_args()
    rows = []
    for name in options.only or CASES:
        for repeat in range(options.repeats):
            for row in measure(name, repeat):
                rows.append(row)
                print(*row.values(), flush=True)
    print(write_results("tables", rows))


if __name__ == "__main__":
    main()
