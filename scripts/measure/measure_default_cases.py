"""Data on which defaults are known to go wrong: ours, and what scikit-learn gives untuned.

Classes far apart, few rows, columns and targets in odd units or with an outlier, several targets of unlike scale, a
constant schedule, texts without spaces. Each case has one score, the same for both; an error is a score of its own.

    python scripts/measure/measure_default_cases.py --repeats 5

Writes ``results/default_cases.csv``, one row per case and repeat.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes

Case = tuple[Any, np.ndarray, dict[str, Any], str, Any]
"""Inputs, targets, fields of the recipe, score, and scikit-learn's estimator."""


def linear(task: str) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000) if task == "classes" else Ridge())


def cases(repeat: int) -> Iterator[tuple[str, Callable[[], Case]]]:
    """Name -> case; what is drawn follows from the repeat."""

    def apart() -> Case:
        random = np.random.default_rng(repeat)
        y = np.arange(1000) % 3
        return random.normal(size=(1000, 13)) + 3 * random.normal(size=(3, 13))[y], y, {}, "accuracy", linear("classes")

    def of_sklearn(load: Callable[..., Any], score: str, **fields: Any) -> Callable[[], Case]:
        def case() -> Case:
            x, y = load(return_X_y=True)
            return x, y, fields, score, linear("numbers" if score == "rmse" else "classes")

        return case

    def columns(unit: float, offset: float) -> Callable[[], Case]:
        def case() -> Case:
            random = np.random.default_rng(repeat)
            z = random.normal(size=(500, 3))
            y = z @ [1.0, -2.0, 0.5] + 0.1 * random.normal(size=500)
            return np.round(z * 1000) * (unit / 1000) + offset, y, {}, "r2", linear("numbers")

        return case

    def outlier() -> Case:
        x, y, *rest = columns(1.0, 0.0)()
        x[0, 1] = 1e9
        robust = make_pipeline(QuantileTransformer(output_distribution="normal", n_quantiles=100), Ridge())
        return x, y, rest[0], "r2", robust

    def targets(scale: float, offset: float) -> Callable[[], Case]:
        def case() -> Case:
            x, y, *rest = columns(1.0, 0.0)()
            return x, y * scale + offset, *rest

        return case

    def unlike() -> Case:
        random = np.random.default_rng(repeat)
        x = random.normal(size=(500, 5))
        y = x @ random.normal(size=(5, 3)) + 0.1 * random.normal(size=(500, 3))
        return x, y * [1e6, 1e3, 1.0], {}, "r2 of the worst target", linear("numbers")

    def chinese() -> Case:
        random = np.random.default_rng(repeat)
        signs, good, bad = list("这家店的菜味道服务环境我们都很觉得价格房间酒位置方便"), "好棒赞喜欢", "差糟烂讨厌"
        y = np.arange(400) % 2
        x = [
            "".join(random.permutation([*random.choice(signs, 12), *random.choice(list((bad, good)[k]), 2)])) for k in y
        ]
        peer = make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 4)), LogisticRegression(max_iter=1000))
        return x, y, {}, "accuracy", peer

    yield "three classes far apart", apart
    yield "iris", of_sklearn(datasets.load_iris, "accuracy")
    yield "breast cancer", of_sklearn(datasets.load_breast_cancer, "log loss")
    yield "diabetes", of_sklearn(datasets.load_diabetes, "rmse")
    yield "diabetes, constant schedule", of_sklearn(datasets.load_diabetes, "rmse", schedule="constant")
    yield "columns of 1e-12", columns(1e-12, 0.0)
    yield "columns of 1e12", columns(1e12, 0.0)
    yield "columns + 1.7e9", columns(1.0, 1.7e9)
    yield "columns of whole numbers + 1e14", columns(1000.0, 1e14)
    yield "one outlier of 1e9", outlier
    yield "targets + 1e9", targets(1.0, 1e9)
    yield "targets of 1e-9", targets(1e-9, 0.0)
    yield "targets of scales 1e6, 1e3 and 1", unlike
    yield "Chinese without spaces", chinese


def scored(score: str, y: np.ndarray, predicted: np.ndarray) -> float:
    """The score of numbers, or of probabilities, shape (n, classes)."""
    if score == "accuracy":
        return float(np.mean(predicted.argmax(axis=1) == y))
    if score == "log loss":
        return float(-np.mean(np.log(np.clip(predicted[np.arange(len(y)), y], 1e-7, 1))))
    y, predicted = y.reshape(len(y), -1), predicted.reshape(len(y), -1)
    square = np.mean((y - predicted) ** 2, axis=0)
    return float(np.sqrt(square[0])) if score == "rmse" else float(np.min(1 - square / y.var(axis=0)))


def ours(x: Any, y: np.ndarray, x_test: Any, y_test: np.ndarray, fields: dict[str, Any], seed: int) -> np.ndarray:
    """The default recipe's predictions in float64."""
    data = recipes.Data.from_arrays(x, y, x_test=x_test, y_test=y_test, seed=seed)
    run = recipes.fit(data, recipes.Recipe(**fields), seed=seed, verbose=0)
    predicted = np.asarray(run.model.predict(data.test.map(lambda inputs, _: inputs), verbose=0), "float64")
    return np.concatenate([1 - predicted, predicted], axis=1) if data.spec.task == "binary" else predicted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="other data, splits and seeds")
    parser.add_argument("--output", type=Path, default=None, help="default: results/default_cases.csv")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    warnings.simplefilter("ignore")
    for repeat in range(options.repeats):
        for name, make in cases(repeat):
            x, y, fields, score, peer = make()
            x, x_test, y, y_test = train_test_split(x, y, test_size=0.2, random_state=repeat)
            predict = "predict_proba" if score in ("accuracy", "log loss") else "predict"
            row: dict[str, Any] = {"case": name, "score": score, "repeat": repeat, "ours": np.nan, "error": ""}
            try:
                row["ours"] = scored(score, y_test, ours(x, y, x_test, y_test, fields, repeat))
            except Exception as error:  # a result of this measurement
                row["error"] = str(error).splitlines()[0]
            row["scikit-learn"] = scored(score, y_test, getattr(peer.fit(x, y), predict)(x_test))
            print(row, flush=True)
            rows.append(row)
            write_results("default_cases", rows, path=options.output)


if __name__ == "__main__":
    main()
