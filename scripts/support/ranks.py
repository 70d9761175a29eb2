"""Comparisons of methods over many datasets: verdicts against a peer, mean ranks, ratios, and a plot.

All functions take rows as ``measure_defaults.py`` writes them: a DataFrame with ``dataset``, ``split``, ``method`` and
the metrics; lower is better. A missing value is a failure and ranks below any number.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["METRICS", "geometric_ratio", "means", "plot", "ranks", "ranks_with_intervals", "summary", "verdicts"]

METRICS = {"error": "error", "log_loss": "log loss", "rmse": "RMSE / sd"}
"""Column -> label."""


def verdicts(rows: pd.DataFrame, ours: str, peer: str, metric: str) -> pd.Series:
    """Dataset -> "better", "equal", "worse" or "failed": our score against the peer's on the same splits.

    "equal" is a mean difference of at most its standard error over the splits. Splits share rows, so the standard error
    is underestimated: small differences count as worse.
    """
    by_dataset = {}
    for dataset, part in rows.groupby("dataset"):
        pairs = part.pivot_table(index="split", columns="method", values=metric, dropna=False, aggfunc="first")
        if ours not in pairs or peer not in pairs or pairs[peer].isna().all():
            continue
        ran = part.loc[part["method"] == ours, "split"]
        pairs = pairs.loc[pairs.index.isin(ran) & pairs[peer].notna()]
        if pairs.empty:
            continue
        difference = (pairs[ours] - pairs[peer]).to_numpy("float64")
        if not np.isfinite(difference).all():
            by_dataset[dataset] = "failed"
            continue
        error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
        mean = difference.mean()
        by_dataset[dataset] = "equal" if abs(mean) <= error else "better" if mean < 0 else "worse"
    return pd.Series(by_dataset, dtype=object)


def means(rows: pd.DataFrame, methods: Sequence[str], metric: str) -> pd.DataFrame:
    """Dataset x method -> the mean over the splits that all methods ran; infinite if the method failed on one.

    Datasets without such splits are left out.
    """
    rows = rows[rows["method"].isin(methods) & rows["dataset"].isin(_with_metric(rows, metric))]
    table = rows.pivot_table(
        index=["dataset", "split"],
        columns="method",
        values=[metric, "seconds"],
        dropna=False,
        aggfunc="first",
    )
    ran = table["seconds"].reindex(columns=list(methods)).notna().all(axis=1)
    scores = table[metric].reindex(columns=list(methods))[ran].fillna(np.inf)
    return scores.groupby(level="dataset").mean()


def _with_metric(rows: pd.DataFrame, metric: str) -> list[str]:
    """The datasets of a metric's task."""
    task = "regression" if metric == "rmse" else "classification"
    return list(rows.loc[rows["task"] == task, "dataset"].unique())


def ranks(scores: pd.DataFrame) -> pd.DataFrame:
    """Dataset x method -> rank, 1 is best; equal scores share the mean of their ranks."""
    return scores.rank(axis=1, method="average")


def ranks_with_intervals(scores: pd.DataFrame, *, samples: int = 2000) -> pd.DataFrame:
    """Method -> mean rank and its 95 % interval, by a bootstrap over the datasets."""
    table = ranks(scores)
    values = table.to_numpy()
    drawn = np.random.default_rng(0).integers(0, len(values), (samples, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5], axis=0)
    return pd.DataFrame({"rank": values.mean(axis=0), "low": low, "high": high}, index=table.columns)


def geometric_ratio(scores: pd.DataFrame, ours: str, peer: str, *, floor: float = 0.01) -> float:
    """The geometric mean over datasets of our score over the peer's, with ``floor`` added to both; without failures."""
    pair = scores[[ours, peer]].replace(np.inf, np.nan).dropna() + floor
    return float(np.exp(np.log(pair[ours] / pair[peer]).mean()))


def summary(rows: pd.DataFrame, ours: str = "ours") -> pd.DataFrame:
    """One row per metric and method: our verdicts against it, the ratio of our score to its score, its mean rank."""
    lines = []
    for metric in METRICS:
        present = rows[rows["dataset"].isin(_with_metric(rows, metric))]
        if present.empty:
            continue
        everywhere = [
            method
            for method in present["method"].unique()
            if set(present.loc[present["method"] == method, "dataset"]) == set(present["dataset"])
        ]
        placed = ranks_with_intervals(means(rows, everywhere, metric))
        for method in present["method"].unique():
            line = {"metric": metric, "method": method}
            if method in placed.index:
                line |= {key: round(placed.loc[method, key], 2) for key in ("rank", "low", "high")}
            if method != ours:
                against = verdicts(present, ours, method, metric)
                line |= {verdict: int((against == verdict).sum()) for verdict in ("better", "equal", "worse", "failed")}
                pair = means(rows, [ours, method], metric)
                line["ratio"] = round(geometric_ratio(pair, ours, method), 3)
            lines.append(line)
    return pd.DataFrame(lines)


def plot(rows: pd.DataFrame, path: Path) -> None:
    """Plots mean ranks with intervals and, below, the share of tables by the distance to the best method."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.4), layout="constrained")
    axes = figure.subplots(2, len(METRICS))
    left_out = {"dummy", "linear_characters", "realmlp"}
    methods = [method for method in rows["method"].unique() if method not in left_out]
    tables = rows[rows["kind"] == "table"]
    colors = {method: f"C{number}" for number, method in enumerate(methods)}
    for column, (metric, label) in enumerate(METRICS.items()):
        scores = means(tables, methods, metric)
        placed = ranks_with_intervals(scores).sort_values("rank", ascending=False)
        top, bottom = axes[0, column], axes[1, column]
        for height, (method, row) in enumerate(placed.iterrows()):
            top.plot([row["low"], row["high"]], [height, height], color=colors[method], lw=2)
            top.plot(row["rank"], height, "o", color=colors[method])
        top.set_yticks(range(len(placed)), placed.index)
        top.set_title(f"{label}: {len(scores)} tables", fontsize=10)
        top.set_xlabel("mean rank, 95 % interval")
        behind = scores.sub(scores.min(axis=1), axis=0)
        distances = np.linspace(0, 0.2, 201)
        for method in methods:
            share = (behind[method].to_numpy()[:, None] <= distances).mean(axis=0)
            bottom.plot(distances, share, color=colors[method], label=method, lw=2.5 if method == "ours" else 1.3)
        bottom.set_xlabel(f"{label} above the best method's")
        bottom.set_ylim(0, 1.02)
        bottom.spines[["top", "right"]].set_visible(False)
        top.spines[["top", "right"]].set_visible(False)
    axes[1, 0].set_ylabel("share of tables")
    axes[1, 0].legend(fontsize=8)
    figure.savefig(path, dpi=130)
