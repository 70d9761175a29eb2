"""trained_model: what is exported, with the facts of its training: of a run, of a saved one, of a Keras model."""

from __future__ import annotations

import os
from typing import Any

import keras

from ...callbacks.checks import InvalidArgument, check_path
from ..data.examples import raw_examples
from ..environment import versions
from ..metrics import METRICS, score
from ..run import Run
from ..saved_run import Savable, SavedRun, read_run
from ..score_intervals import score_intervals
from ..scoring import predictions
from ..training_checks import check_data, check_fits

__all__ = ["trained_model"]

KERAS = "Keras' own model.export(path) writes any model, without labels and unchecked"


def trained_model(run: Any, data: Any = None) -> SavedRun:
    """The model to export, with the facts of its training and examples to check it by.

    Args:
        run: a :class:`recipes.Run`, the directory of a saved one, an ensemble of a search, or a ``keras.Model``.
        data: of a ``keras.Model``: the data that it was trained on; None for a run, which has its own.

    Raises:
        InvalidArgument: for anything else, a training that diverged, a damaged directory, and a Keras model that does
            not fit the data.
    """
    if isinstance(run, keras.Model):
        return _of_keras_model(run, data)
    if data is not None:
        raise InvalidArgument("data", data, "left out: a run has its own; a keras.Model needs them")
    if isinstance(run, (str, os.PathLike)):
        saved = read_run(check_path("run", run))
        if saved.examples is None:
            accepted = (
                "that of a run with examples to check it by; load this one: recipes.export(recipes.load_run(...), ...)"
            )
            raise InvalidArgument("run", str(run), accepted)
    elif isinstance(getattr(run, "model", None), keras.Model) and isinstance(run, Run):
        _refuse_diverged(run.message)
        saved = run.to_saved()
    elif isinstance(run, Savable):
        saved = run.to_saved()
    else:
        accepted = "a recipes.Run, as recipes.fit returns it, the directory of a saved one, or a keras.Model with data="
        raise InvalidArgument("run", run, accepted)
    _refuse_diverged(saved.facts["message"])
    return saved


def _refuse_diverged(message: str | None) -> None:
    if message is not None:
        raise InvalidArgument("run", message, "a training that did not diverge")


def _of_keras_model(model: keras.Model, data: Any) -> SavedRun:
    """A model that was trained without this package."""
    if data is None:
        accepted = f"given with a keras.Model: its test split checks the files, and its labels are written; {KERAS}"
        raise InvalidArgument("data", None, accepted)
    check_data(data)
    try:
        check_fits(model, data)
    except InvalidArgument as error:
        raise InvalidArgument("model", model.name, f"one that fits the data ({error}); {KERAS}") from None
    y, predicted = data.arrays("test")[1], predictions(model, data, "test")
    weights = data.sample_weight("test")
    names = (
        ["root_mean_squared_error", "mean_absolute_error"]
        if data.spec.task == "regression"
        else ["accuracy", "log_loss"]
    )
    scores = {name: score(METRICS[name], y, predicted, weights) for name in names}
    facts = {
        "message": None,
        "data": data.settings,
        "fingerprints": data.fingerprints,
        "test": scores,
        "intervals": score_intervals(model, data, scores),
        "versions": versions(),
    }
    examples, calibration = (raw_examples(data.arrays(split)[0]) for split in ("test", "train"))
    return SavedRun(model, None, data.spec, {}, facts, examples, calibration)
