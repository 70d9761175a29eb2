"""The package beside its peers in one go: Keras, PyTorch, fastai, KerasTuner, Optuna, ictonyx, each as it documents.

Makes two environments under ``.benchmark`` the first time (this package with Optuna and ictonyx; PyTorch with fastai)
and runs, one after another, ``benchmark_fit.py`` (a network on MNIST), ``benchmark_search.py`` (trials on digits) and
``benchmark_compare.py`` (two builders). In each the tools take turns. About 25 minutes on two cores.

    python scripts/benchmark.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS

Writes their files under ``results/`` and the summary ``results/benchmark.csv``: for each job and tool the median
seconds of a training and how many times those of this package they are, with the smallest and the largest ratio of a
turn; and the picture ``docs/benchmark.png``. ``--only-summary`` writes both from the files that are there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support.results import ROOT, results_path, write_results

from recipes.report.style import new_figure, styled

FOLDER = ROOT / ".benchmark"
ENVIRONMENTS = {
    "here": ["-c", "constraints.txt", "-e", ".", "optuna<4", "ictonyx"],
    "torch": ["torch", "fastai"],
}
"""The arguments of ``pip install`` for each."""

OURS = {
    "MNIST, a training": "recipes.fit",
    "digits, a trial of rate and width": "quick",
    "digits, a trial of rate and L2": "quick",
    "digits, a training of two builders compared": "recipes.compare",
    "digits, a trial of builder and rate": "recipes.compare(tune=True)",
}
"""The jobs, and the name of what this package does there."""

NAMES = {"stock": "KerasTuner", "quick": "recipes.QuickTuner", "optuna": "Optuna with Keras"}


def interpreter(name: str) -> str:
    """The interpreter of an environment, which is made if there is none."""
    folder = FOLDER / name
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"installing {' '.join(ENVIRONMENTS[name])} into {folder.relative_to(ROOT)}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *ENVIRONMENTS[name]], cwd=ROOT, check=True)
        (folder / "installed").touch()
    return str(python)


def measurements() -> list[dict[str, Any]]:
    """A row per job, tool and turn: the seconds of a training, from the files under ``results``."""
    fit, search, compare = (pd.read_csv(results_path(f"benchmark_{name}")) for name in ("fit", "search", "compare"))
    jobs = list(OURS)
    rows = [(jobs[0], row.way, row.seed, row.seconds) for row in fit.itertuples()]
    for job, case in zip(jobs[1:3], ("widths", "numbers"), strict=True):
        cases = search[search["case"] == case]
        rows += [(job, row.tuner, row.seed, row.seconds_a_trial) for row in cases.itertuples()]
    for job, case in zip(jobs[3:], ("runs", "trials"), strict=True):
        cases = compare[compare["case"] == case]
        rows += [(job, row.tool, row.seed, row.seconds_a_training) for row in cases.itertuples()]
    return [dict(zip(("job", "tool", "turn", "seconds"), row, strict=True)) for row in rows]


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per job and tool."""
    found = []
    for job, group in pd.DataFrame(rows).groupby("job", sort=False):
        by_tool = group.pivot(index="turn", columns="tool", values="seconds")
        for tool in dict.fromkeys(group["tool"]):
            ratios = (by_tool[tool] / by_tool[OURS[str(job)]]).to_numpy()
            found.append(
                {
                    "job": job,
                    "tool": NAMES.get(tool, tool),
                    "ours": tool == OURS[str(job)],
                    "turns": len(ratios),
                    "seconds": round(float(by_tool[tool].median()), 4),
                    "times_ours": round(float(np.median(ratios)), 2),
                    "least": round(float(ratios.min()), 2),
                    "most": round(float(ratios.max()), 2),
                }
            )
    return found


@styled
def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """A bar for each tool, by job: how many times the seconds of this package."""
    table = pd.DataFrame(rows)
    figure = new_figure(9, 0.42 * len(table) + 0.8 * table["job"].nunique())
    heights = [len(group) for _, group in table.groupby("job", sort=False)]
    panels = figure.subplots(len(heights), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": heights})[:, 0]
    for axes, (job, group) in zip(panels, table.groupby("job", sort=False), strict=True):
        places = np.arange(len(group))[::-1]
        axes.barh(places, group["times_ours"], color=["C1" if ours else "C0" for ours in group["ours"]], height=0.7)
        for place, row in zip(places, group.itertuples(), strict=True):
            axes.text(
                row.times_ours * 1.04, place, f"{row.times_ours:g} ({row.seconds:.2g} s)", va="center", fontsize=8
            )
        axes.set_yticks(places, group["tool"])
        axes.set_title(job, loc="left", fontsize=9)
        axes.set_xscale("log")
    panels[-1].set_xlabel("seconds a training, in multiples of this package's")
    panels[-1].set_xlim(right=3 * table["times_ours"].max())
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only-summary", action="store_true")
    options = parser.parse_args()
    if not options.only_summary:
        here, torch = interpreter("here"), interpreter("torch")
        data = [] if options.data_dir is None else ["--data-dir", options.data_dir]
        for name, more in (("fit", [*data, "--peers", torch]), ("search", []), ("compare", [])):
            script = f"scripts/benchmark/benchmark_{name}.py"
            subprocess.run([here, script, *more, "--rounds", str(options.rounds)], cwd=ROOT, check=True)
    rows = summary(measurements())
    print(pd.DataFrame(rows).to_string(index=False))
    print(write_results("benchmark", rows))
    plot(rows, ROOT / "docs" / "benchmark.png")


if __name__ == "__main__":
    main()
