"""The twelve tables with what one types, what has to be printed, and scikit-learn on the same splits.

scikit-learn gets what somebody who knows it would prepare by hand: dates as days, month and weekday, money and areas as
numbers, no ids, all rows that are not tested. Its estimators have their defaults.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

import recipes
from scripts.support.peers import peer_predictions

FOLDER = Path(__file__).parent
PEERS = ("linear", "forest")


@dataclass(frozen=True)
class Case:
    """A table as its owner brings it.

    Args:
        file: its name.
        typed: what follows ``recipes train FILE``.
        targets: the names of the targets.
        prepared: from the rows as pandas reads them to the inputs for scikit-learn: numbers and words, or texts.
        reading: arguments of pandas.
        describe: what the lines about the data have to contain.
        warnings: what each line on standard error has to contain, in order.
        task: "classification" or "regression".
    """

    file: str
    typed: str
    targets: tuple[str, ...]
    prepared: Callable[[pd.DataFrame], Any]
    describe: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    reading: tuple[tuple[str, Any], ...] = ()
    task: str = "classification"

    @property
    def arguments(self) -> list[str]:
        """The arguments after ``recipes train FILE``, with the metrics to print."""
        metric = "log_loss" if self.task == "classification" else "standardized_error"
        return [*shlex.split(self.typed), "--metrics", metric]

    @property
    def options(self) -> dict[str, str]:
        """Option -> value of what is typed."""
        words = shlex.split(self.typed)
        return dict(zip((word.removeprefix("--") for word in words[::2]), words[1::2], strict=True))

    def frame(self, path: Path) -> pd.DataFrame:
        """The rows of a copy of the file, as its owner would have pandas read them."""
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, **dict(self.reading))


def _dated(column: str, *left_out: str, **format: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """The inputs with a column of dates as three numbers, some without an hour as four."""

    def prepared(frame: pd.DataFrame) -> pd.DataFrame:
        days = pd.to_datetime(frame[column], **format)
        parts = {"days": (days - pd.Timestamp("2000-01-01")) / pd.Timedelta(days=1)}
        parts |= {"month": days.dt.month, "weekday": days.dt.day_of_week.astype(str), "hour": days.dt.hour}
        return frame.drop(columns=[column, *left_out]).assign(**parts)

    return prepared


def _houses(frame: pd.DataFrame) -> pd.DataFrame:
    area = frame["Area (sq ft)"].str.replace(",", "").astype(float)
    return _dated("Date sold", "Id", format="%d/%m/%Y")(frame).assign(**{"Area (sq ft)": area})


def _churn(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="customerID").assign(TotalCharges=pd.to_numeric(frame["TotalCharges"], errors="coerce"))


def _without(*names: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.drop(columns=list(names))


def _texts(frame: pd.DataFrame) -> list[str]:
    return frame["review"].tolist()


READ_AS_DATES = "strings are read as dates ({}): '{}'"
CASES = {
    case.file.split(".")[0]: case
    for case in (
        Case(
            "churn.csv",
            "--target Churn --id customerID",
            ("Churn",),
            _churn,
            (
                "record of 9, binary of 2;",
                "train 269 (64 %), validation 67 (16 %), test 84 (20 %); stratified by class",
            ),
            ("strings are read as numbers: 'TotalCharges'", "left out 'customerID', which identifies the examples"),
        ),
        Case(
            "houses.csv",
            "--target Price --id Id",
            ("Price",),
            _houses,
            ("record of 7, regression;", "train 230 (64 %), validation 58 (16 %), test 72 (20 %)"),
            (
                "strings are read as dates (%d/%m/%Y): 'Date sold'; as numbers: 'Area (sq ft)'",
                "strings of 213 different numbers, such as '$263,000': this is a regression; pass --task multiclass",
                "left out 'Id'",
            ),
            task="regression",
        ),
        Case(
            "survey.csv",
            "--target Zufrieden",
            ("Zufrieden",),
            _without(),
            ("record of 6, multiclass of 3;", "train 192 (64 %), validation 48 (16 %), test 60 (20 %); stratified by"),
        ),
        Case(
            "patients.csv",
            "--target diagnosis --groups patient",
            ("diagnosis",),
            _dated("visit_date", "patient"),
            ("record of 6, binary of 2;", "whole groups 'patient': train 61, validation 13, test 21; stratified by"),
            (READ_AS_DATES.format("%Y-%m-%d", "visit_date"), "left out 'patient', which groups them"),
        ),
        Case(
            "sales.csv",
            "--target units --time date --features date,price,promotion,temperature",
            ("units",),
            _dated("date"),
            (
                "record of 4, regression;",
                "by time 'date': train 2022-01-01 to 2022-09-13, validation 2022-09-14 to 2022-11-16, test 2022-11-17",
            ),
            (
                READ_AS_DATES.format("%Y-%m-%d", "date"),
                "134 different whole numbers, from 98 to 278: this is a regression; pass --task multiclass",
            ),
            task="regression",
        ),
        Case(
            "reviews.csv",
            "--target sentiment --id id",
            ("sentiment",),
            _texts,
            (
                "mixed record of 1, binary of 2;",
                "train 192 (64 %), validation 48 (16 %), test 60 (20 %); stratified by",
            ),
            ("left out 'id'",),
        ),
        Case(
            "fraud.csv",
            "--target Class --id transaction_id",
            ("Class",),
            _dated("timestamp", "transaction_id"),
            ("record of 4, binary of 2;", "train 320 (64 %), validation 80 (16 %), test 100 (20 %); stratified by"),
            (
                READ_AS_DATES.format("%Y-%m-%d %H:%M:%S; fractions of seconds are left out", "timestamp"),
                "class '1' is rare (5.0 % of training)",
                "left out 'transaction_id'",
            ),
        ),
        Case(
            "wine.tsv",
            "--target cultivar",
            ("cultivar",),
            _without(),
            ("float32 (6), multiclass of 3;", "train 154 (64 %), validation 38 (16 %), test 48 (20 %); stratified by"),
            reading=(("sep", "\t"),),
        ),
        Case(
            "loans.parquet",
            "--target default",
            ("default",),
            _dated("applied_at"),
            ("record of 6, binary of 2;", "train 243 (64 %), validation 61 (16 %), test 76 (20 %); stratified by"),
        ),
        Case(
            "genes.csv",
            "--target tissue",
            ("tissue",),
            _without(),
            ("float32 (140), binary of 2;", "train 70 (64 %), validation 18 (16 %), test 22 (20 %); stratified by"),
            reading=(("index_col", 0),),
        ),
        Case(
            "machines.csv",
            "--target Ausfall",
            ("Ausfall",),
            _dated("Zeit", format="%d.%m.%Y %H:%M"),
            ("record of 5, binary of 2;", "train 205 (64 %), validation 51 (16 %), test 64 (20 %); stratified by"),
            (READ_AS_DATES.format("%d.%m.%Y %H:%M", "Zeit"),),
            reading=(("sep", ";"), ("decimal", ",")),
        ),
        Case(
            "energy.csv",
            "--target heating_kwh,cost_eur,cooling_share",
            ("heating_kwh", "cost_eur", "cooling_share"),
            _without(),
            ("record of 6, regression of 3;", "train 224 (64 %), validation 56 (16 %), test 70 (20 %)"),
            task="regression",
        ),
    )
}
"""Name -> case."""


def shuffled(case: Case, folder: Path, seed: int) -> Path:
    """A copy of the file with its rows in another order, so that other rows are tested; seed 0 keeps the order.

    Rows have line breaks in them, so pandas writes the copy, from strings.
    """
    path = folder / case.file
    if seed == 0 or "time" in case.options:  # which decides about the rows that are tested
        path.write_bytes((FOLDER / case.file).read_bytes())
        return path
    order = np.random.default_rng(seed)
    if path.suffix == ".parquet":
        frame = pd.read_parquet(FOLDER / case.file)
        frame.iloc[order.permutation(len(frame))].to_parquet(path, index=False)
        return path
    reading = {key: value for key, value in case.reading if key in ("sep", "index_col")}
    frame = pd.read_csv(FOLDER / case.file, dtype=str, keep_default_na=False, **reading)
    frame = frame.iloc[order.permutation(len(frame))].reset_index(drop=True)
    frame.to_csv(path, index="index_col" in reading, sep=reading.get("sep", ","))
    return path


def target_of(case: Case, frame: pd.DataFrame) -> np.ndarray:
    """The target as numbers of shape (n,) or (n, targets), or as classes."""
    if case.task == "classification":
        return frame[case.targets[0]].to_numpy()
    numbers = frame[list(case.targets)]
    if not all(map(pd.api.types.is_numeric_dtype, numbers.dtypes)):
        numbers = numbers.apply(lambda column: column.str.replace("[$,]", "", regex=True).astype(float))
    values = numbers.to_numpy("float64")
    return values[:, 0] if len(case.targets) == 1 else values


def rows_of_splits(case: Case, frame: pd.DataFrame, seed: int) -> dict[str, np.ndarray]:
    """Split -> the rows that are in it: found by splitting the numbers of the rows as the rows are split."""
    y = target_of(case, frame)
    y = np.unique(y, return_inverse=True)[1] if case.task == "classification" else y
    roles = {role: frame[case.options[role]].to_numpy() for role in ("groups", "time") if role in case.options}
    task = "regression" if case.task == "regression" else None
    data = recipes.Data.from_arrays(np.arange(len(y))[:, np.newaxis], y, seed=seed, task=task, **roles)
    return {split: data.arrays(split)[0][:, 0].astype(int) for split in ("train", "validation", "test")}


def peer_scores(case: Case, frame: pd.DataFrame, rows: dict[str, np.ndarray], seed: int) -> dict[str, dict[str, float]]:
    """Peer -> its metrics on the test rows, trained on all others."""
    kind = "text" if case.file == "reviews.csv" else "table"
    x, y = case.prepared(frame.drop(columns=list(case.targets))), target_of(case, frame)
    fitted, tested = np.concatenate([rows["train"], rows["validation"]]), rows["test"]
    parts = [_rows(x, fitted), y[fitted], _rows(x, tested)]
    found = {}
    for peer in PEERS:
        predicted = peer_predictions(peer, kind, case.task, *parts, seed=seed, realmlp_python=None)
        found[peer] = _scores(case, predicted, y[fitted], y[tested])
    return found


def _rows(x: Any, rows: np.ndarray) -> Any:
    return [x[row] for row in rows] if isinstance(x, list) else x.iloc[rows].reset_index(drop=True)


def _scores(case: Case, predicted: np.ndarray, fitted: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """The metrics that the command line prints, by scikit-learn and NumPy."""
    if case.task == "classification":
        classes = np.unique(fitted)
        right = classes[predicted.argmax(axis=1)] == y
        return {"accuracy": float(right.mean()), "log_loss": float(log_loss(y, predicted, labels=classes))}
    errors = np.sqrt(np.mean((predicted.reshape(y.shape) - y) ** 2, axis=0)) / y.std(axis=0)
    return {"standardized_error": float(np.mean(errors))}


def our_scores(printed: str) -> dict[str, float]:
    """The metrics in the last line that begins with "test", by name."""
    line = [line for line in printed.splitlines() if line.startswith("test ")][-1]
    pairs = re.findall(r"([a-z][a-z ]*?) (-?[\d.]+(?:e[-+]?\d+)?)[, ]", line.removeprefix("test "))
    return {name.replace(" ", "_"): float(value) for name, value in pairs}
