"""The methods that the default recipe is compared with: scikit-learn's untuned estimators, and RealMLP.

Predictions are probabilities of shape (n, classes), classes in sorted order, or numbers of shape (n,). Preprocessing is
the usual minimum: missing numbers become the median (boosting takes them as they are), words are one-hot (boosting
takes categories as they are), numbers are standardized, texts become TF-IDF of words, images are flattened.
"""

from __future__ import annotations

import importlib.metadata
import pickle
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["PEERS", "applies", "peer_predictions", "peer_version"]

PEERS = {
    "dummy": "the class frequencies, or the mean",
    "linear": "LogisticRegression(max_iter=1000), or Ridge()",
    "linear_characters": "the same on TF-IDF of 1 to 4 characters; texts only",
    "forest": "RandomForestClassifier(), or RandomForestRegressor()",
    "boosting": "HistGradientBoostingClassifier(), or HistGradientBoostingRegressor(); not for texts",
    "mlp": "MLPClassifier(), or MLPRegressor() with a standardized target",
    "realmlp": "RealMLP_TD_Classifier(), or RealMLP_TD_Regressor(), of pytabkit; tables only",
}
"""Name -> estimator."""


def applies(method: str, kind: str) -> bool:
    """Whether a peer takes data of this kind."""
    if method == "linear_characters":
        return kind == "text"
    if method == "realmlp":
        return kind == "table"
    return not (method == "boosting" and kind == "text")


def peer_version(method: str) -> str:
    """The package of a peer and its version; RealMLP's version is unknown, since it runs in another Python."""
    return "pytabkit" if method == "realmlp" else f"scikit-learn {importlib.metadata.version('scikit-learn')}"


def peer_predictions(
    method: str, kind: str, task: str, x: Any, y: np.ndarray, x_test: Any, *, seed: int, realmlp_python: str | None
) -> np.ndarray:
    """Trains a peer with its defaults and predicts.

    Args:
        method: a name in ``PEERS``.
        kind, task: as in :class:`support.tables.Table`.
        x, y: the training examples.
        x_test: the inputs to predict.
        seed: of the method.
        realmlp_python: a Python with pytabkit and CPU torch.
    """
    if kind == "image":
        x, x_test = (np.reshape(images, (len(images), -1)).astype("float64") for images in (x, x_test))
    if method == "realmlp":
        return _realmlp(task, x, y, x_test, seed, realmlp_python)
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(_preparation(method, kind, x), _estimator(method, task, seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's MLP warns at its 200 iterations
        model.fit(x, y)
        return model.predict(x_test) if task == "regression" else model.predict_proba(x_test)


def _preparation(method: str, kind: str, x: Any) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    if kind == "text":
        characters = method == "linear_characters"
        return TfidfVectorizer(analyzer="char", ngram_range=(1, 4)) if characters else TfidfVectorizer()
    if kind == "image":
        return "passthrough" if method == "boosting" else StandardScaler()
    numbers, words = _columns(x)
    if method == "boosting":
        ordinal = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=np.nan,
            encoded_missing_value=np.nan,
            max_categories=200,  # it takes at most 255
        )
        as_categories = make_pipeline(_text_values(), ordinal, _as_category())
        prepared = make_column_transformer(("passthrough", numbers), (as_categories, words))
        return prepared.set_output(transform="pandas")
    scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    coded = make_pipeline(_text_values(), OneHotEncoder(handle_unknown="ignore"))
    return make_column_transformer((scaled, numbers), (coded, words))


def _columns(x: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The names of the numeric columns, and of the others."""
    numbers = [column for column in x.columns if pd.api.types.is_numeric_dtype(x[column].dtype)]
    return numbers, [column for column in x.columns if column not in numbers]


def _text_values() -> Any:
    """Converts columns of words to plain strings, and missing values to "missing"."""
    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer(_strings, feature_names_out="one-to-one")


def _strings(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).where(frame.notna(), "missing").astype(str).astype(object)


def _as_category() -> Any:
    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer(_categories, feature_names_out="one-to-one")


def _categories(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype("category")


def _estimator(method: str, task: str, seed: int) -> Any:
    from sklearn import compose, dummy, ensemble, linear_model, neural_network, preprocessing

    classes = task == "classification"
    if method == "dummy":
        return dummy.DummyClassifier(strategy="prior") if classes else dummy.DummyRegressor()
    if method.startswith("linear"):
        return linear_model.LogisticRegression(max_iter=1000) if classes else linear_model.Ridge()
    if method == "forest":
        kind = ensemble.RandomForestClassifier if classes else ensemble.RandomForestRegressor
        return kind(random_state=seed)
    if method == "boosting":
        kind = ensemble.HistGradientBoostingClassifier if classes else ensemble.HistGradientBoostingRegressor
        return kind(random_state=seed)
    if classes:
        return neural_network.MLPClassifier(random_state=seed)
    return compose.TransformedTargetRegressor(
        neural_network.MLPRegressor(random_state=seed), transformer=preprocessing.StandardScaler()
    )


def _realmlp(task: str, x: pd.DataFrame, y: np.ndarray, x_test: pd.DataFrame, seed: int, python: str | None) -> Any:
    """RealMLP in a process of another Python, so that torch and TensorFlow need not share one."""
    if python is None:
        raise ValueError("realmlp needs --realmlp-python, a Python with pytabkit and torch")
    numbers, words = _columns(x)
    medians = x[numbers].median()
    parts = []
    for frame in (x, x_test):  # as NumPy arrays: the other Python's pandas may store words differently
        filled = frame[numbers].fillna(medians)
        parts.append(
            {
                **{str(column): filled[column].to_numpy("float64") for column in numbers},
                **{str(column): _strings(frame[[column]])[column].to_numpy(object) for column in words},
            }
        )
    with tempfile.TemporaryDirectory() as folder:
        request, answer = Path(folder) / "request", Path(folder) / "answer"
        names = [str(word) for word in words]
        request.write_bytes(pickle.dumps((task, parts[0], np.asarray(y), parts[1], names, seed)))
        script = Path(__file__).with_name("realmlp.py")
        process = subprocess.run(
            [python, str(script), str(request), str(answer)], check=False, capture_output=True, text=True
        )
        if process.returncode:
            raise RuntimeError(process.stderr[-2000:])
        return np.load(answer)
