"""Run: a finished training with its model, history and recipe."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument, check_bool, check_choice
from ..callbacks.curves import Finding, read_curves
from .choice import name_of
from .class_weights import mean_weight
from .data import Data, Spec, load, load_images
from .data.located_files import located, located_folder
from .files import new_directory
from .losses import loss_in_variances
from .metric import Metric
from .metrics import find_metric, score
from .model_files import save_model
from .recipe import Recipe
from .restarts import Attempt
from .scoring import check_scorable, predictions

if TYPE_CHECKING:
    from ..callbacks.range_test.lr_finder import LRFinder

__all__ = ["Run", "load_run", "reloaded_data"]


@dataclass
class Run:
    """A finished training.

    Attributes:
        model: the trained Keras model; with early stopping, at its best epoch.
        recipe: the recipe of the training, with the learning rate that was used.
        data: the data of the training.
        history: name -> one value per epoch, as in Keras' ``History.history``: "loss", "val_loss", "learning_rate", ...
        epochs: the epochs asked for; fewer may have run.
        best_epoch: the epoch of the model's weights, counted from 1: the last, or the one that early stopping chose;
            0 for the initial weights, after a divergence.
        seed: of the training.
        seconds: the duration of the training, range test included.
        message: None, or why the training diverged, and which weights the model has.
        range_test: the :class:`callbacks.LRFinder` that found the rate, or None if there was no range test.
        remark: None, or why the rate is not the one that the range test's curve suggests.
        attempts: the failed trainings before this one: a found rate that diverges is divided by 4 and the training
            started again.

    Example:
        >>> run = recipes.fit(recipes.load("digits"))   # doctest: +SKIP
        >>> run.evaluate()["accuracy"]
        >>> run.save("out")
        >>> recipes.Run.load("out").evaluate() == run.evaluate()
    """

    model: keras.Model
    recipe: Recipe
    data: Data
    history: dict[str, list[float]]
    epochs: int
    best_epoch: int
    seed: int
    seconds: float
    message: str | None = None
    range_test: LRFinder | None = None
    remark: str | None = None
    attempts: tuple[Attempt, ...] = ()

    @classmethod
    def load(cls, directory: str | os.PathLike[str], *, data_dir: str | os.PathLike[str] | None = None) -> Run:
        """Loads a run that :meth:`save` wrote, and its dataset.

        Args:
            directory: where it was saved.
            data_dir: where the dataset is prepared, as in :func:`recipes.load`; or the folder of its table files, if
                they have been moved since.

        Raises:
            InvalidArgument: if the directory holds no run, its dataset cannot be loaded by name, or its file
                is neither where it was nor in ``data_dir``, or has changed.
        """
        folder = Path(directory)
        if not (folder / "run.json").is_file():
            raise InvalidArgument(
                "directory", str(directory), "one that Run.save or `recipes train --save` has written"
            )
        facts = json.loads((folder / "run.json").read_text())
        lines = [line.split(",") for line in (folder / "history.csv").read_text().splitlines()]
        history = {name: [float(row[k]) for row in lines[1:]] for k, name in enumerate(lines[0]) if name != "epoch"}
        return cls(
            model=keras.models.load_model(folder / "model.keras"),
            recipe=Recipe.from_json((folder / "recipe.json").read_text()),
            data=reloaded_data(
                facts["data"], data_dir, Spec.from_config(json.loads((folder / "spec.json").read_text()))
            ),
            history=history,
            epochs=facts["epochs"],
            best_epoch=facts["best_epoch"],
            seed=facts["seed"],
            seconds=facts["seconds"],
            message=facts["message"],
            remark=facts.get("remark"),
            attempts=tuple(Attempt(**attempt) for attempt in facts.get("attempts", ())),
        )

    @property
    def diverged(self) -> bool:
        """Whether the loss became NaN or infinite."""
        return self.message is not None

    def evaluate(
        self, split: str = "test", metrics: Sequence[str | Metric] = (), *, weighted: bool = True
    ) -> dict[str, float]:
        """The loss and metrics of the model on a split: name -> value.

        Class weights count in the loss alone. Sample weights count in the loss and in the metrics: an example of weight
        2 counts as two.

        Args:
            split: "test" (default), "validation" or "train".
            metrics: more metrics, by name (``recipes list metrics``): "balanced_accuracy", "auc", "pr_auc", "f1",
                "log_loss", "rmse", ... They are computed from the predictions for the whole split at once, as
                scikit-learn does, not from averages of batches. Default: none.
            weighted: whether sample weights count, if the data have any. Default True.

        Returns:
            "loss", with penalties if the model has any; "accuracy" or, for regression, "root_mean_squared_error" and
            "mean_absolute_error"; and what ``metrics`` names, under these names.

        Raises:
            InvalidArgument: for an unknown metric, one of another task, or one that the examples leave undefined, such
                as the AUC of examples of one class.

        Example:
            >>> run.evaluate(metrics=["balanced_accuracy", "auc"])        # doctest: +SKIP
            {'loss': 0.31, 'accuracy': 0.96, 'balanced_accuracy': 0.71, 'auc': 0.93}
        """
        check_choice("split", split, ("train", "validation", "test"))
        check_bool("weighted", weighted)
        task = self.data.spec.task
        chosen = {str(getattr(metric, "name", metric)): find_metric(metric, task) for metric in _listed(metrics)}
        check_scorable(self.data, chosen.values(), split)
        weighted = weighted and self.data.weighted
        if split == "train":
            dataset = self.data.batches("train", seed=self.seed, weighted=weighted)
        elif weighted == self.data.weighted:
            dataset = getattr(self.data, split)
        else:
            dataset = self.data.batches(split, weighted=weighted)
        results = self.model.evaluate(dataset, verbose=0, return_dict=True)
        scores = {name: float(value) for name, value in results.items()}
        if chosen:
            y, predicted = self.data.arrays(split)[1], predictions(self.model, self.data, split)
            weights = self.data.sample_weight(split) if weighted else None
            scores |= {name: score(metric, y, predicted, weights) for name, metric in chosen.items()}
        return scores

    def evaluate_targets(self, split: str = "test") -> list[dict[str, float]]:
        """The errors of a regression, target by target: of targets in unlike units the whole shows only the largest.

        Args:
            split: "test" (default), "validation" or "train".

        Returns:
            For each target, in the order of y's columns: "root_mean_squared_error" and "mean_absolute_error" in its own
            unit, and "r2", the share of its variance on the split that is explained (NaN where it has none). With
            sample weights, all are weighted.

        Raises:
            InvalidArgument: for a task other than regression, or another split.

        Example:
            >>> [round(scores["r2"], 2) for scores in run.evaluate_targets()]        # doctest: +SKIP
            [0.97, 0.95, 0.96]
        """
        check_choice("split", split, ("train", "validation", "test"))
        spec = self.data.spec
        if spec.task != "regression":
            raise InvalidArgument("data", spec.name, f"a regression, not {spec.task}")
        y, predicted = (
            values.astype("float64").reshape(-1, spec.outputs)
            for values in (self.data.arrays(split)[1], predictions(self.model, self.data, split))
        )
        scores = []
        weights = self.data.sample_weight(split)
        for target, error in zip(y.T, (predicted - y).T, strict=True):
            mean = np.average(target, weights=weights)
            square, variance = (np.average(values**2, weights=weights) for values in (error, target - mean))
            scores.append(
                {
                    "root_mean_squared_error": float(np.sqrt(square)),
                    "mean_absolute_error": float(np.average(np.abs(error), weights=weights)),
                    "r2": float(1 - square / variance) if variance else math.nan,
                }
            )
        return scores

    def read_curves(self) -> tuple[Finding, ...]:
        """Diagnoses the loss curves: steps too large, overfitting, underfitting, still improving or converged.

        The baseline is chance level: ``log(classes)``, ``log(2)`` or, for regression, the variance of the targets;
        with class weights by label, times their mean.

        Returns:
            A tuple of :class:`callbacks.Finding`, empty if the training is too short. Their ``choices`` omit what the
            recipe uses already or the data do not allow. See :func:`callbacks.read_curves`.

        Example:
            >>> for finding in run.read_curves():    # doctest: +SKIP
            ...     print(finding)
        """
        spec = self.data.spec
        if spec.task == "regression":  # the loss of a model that rescales is in units of the variance: see loss_for
            baseline = 1.0 if loss_in_variances(self.model) else float(np.mean(spec.target_variance or 1.0))
        else:
            baseline = math.log(2 if spec.task == "multilabel" else max(2, spec.outputs))
            baseline *= mean_weight(self.recipe.class_weight, spec)
        recipe = self.recipe
        choices = (recipe.model, recipe.initializer, recipe.optimizer, recipe.schedule, *recipe.regularizer)
        useless = set(map(name_of, choices))
        if spec.kind != "image":
            useless.add("cnn")
        return tuple(
            dataclasses.replace(finding, choices=tuple(name for name in finding.choices if name not in useless))
            for finding in read_curves(self.history, baseline=baseline)
        )

    def plot(self) -> Any:
        """A figure of the loss, the metric and the learning rate against epochs.

        Returns:
            A matplotlib ``Figure``.
        """
        from matplotlib.figure import Figure

        metric = self.data.spec.metric
        panels = [name for name in ("loss", metric, "learning_rate") if name in self.history]
        figure = Figure(figsize=(7, 2.4 * len(panels)), layout="constrained")
        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        epochs = np.arange(1, len(self.history["loss"]) + 1)
        for panel, name in zip(axes, panels, strict=True):
            panel.plot(epochs, self.history[name], marker=".", label="training")
            if f"val_{name}" in self.history:
                panel.plot(epochs, self.history[f"val_{name}"], marker=".", label="validation")
                panel.legend()
            panel.set_ylabel(name.replace("_", " "))
            if name != "learning_rate":
                panel.axvline(self.best_epoch, color="0.8", zorder=0)
        axes[-1].set_xlabel("epoch")
        return figure

    def save(self, directory: str | os.PathLike[str], *, overwrite: bool = False) -> str:
        """Writes ``model.keras``, ``recipe.json``, ``spec.json``, ``history.csv`` and ``run.json``.

        Args:
            directory: new or empty; with ``overwrite=True`` it may hold a saved run.
            overwrite: whether to replace a saved run. Default False.

        Returns:
            The directory.

        Raises:
            InvalidArgument: if the directory cannot be written or holds anything else.
        """
        with new_directory(directory, marker="run.json", overwrite=overwrite) as folder:
            save_model(self.model, folder / "model.keras")
            (folder / "recipe.json").write_text(self.recipe.to_json() + "\n")
            (folder / "spec.json").write_text(json.dumps(self.data.spec.to_config(), indent=2) + "\n")
            names = list(self.history)
            rows = [",".join(["epoch", *names])]
            for epoch, values in enumerate(zip(*self.history.values(), strict=True), start=1):
                rows.append(",".join([str(epoch), *(repr(value) for value in values)]))
            (folder / "history.csv").write_text("\n".join(rows) + "\n")
            facts = {
                "epochs": self.epochs,
                "seed": self.seed,
                "best_epoch": self.best_epoch,
                "seconds": round(self.seconds, 3),
                "message": self.message,
                "remark": self.remark,
                "attempts": [dataclasses.asdict(attempt) for attempt in self.attempts],
                "data": self.data.settings,
                "test": self.evaluate("test"),
                "validation": self.evaluate("validation"),
            }
            (folder / "run.json").write_text(json.dumps(facts, indent=2) + "\n")
        return str(directory)


def load_run(directory: str | os.PathLike[str], *, data_dir: str | os.PathLike[str] | None = None) -> Run:
    """:meth:`Run.load` as a function, beside :func:`recipes.load` for data."""
    return Run.load(directory, data_dir=data_dir)


def _listed(metrics: Any) -> Sequence[str | Metric]:
    if isinstance(metrics, (str, Metric)) or not isinstance(metrics, Sequence):
        raise InvalidArgument("metrics", metrics, "a list of names of metrics")
    return metrics


def reloaded_data(settings: Mapping[str, Any], data_dir: str | os.PathLike[str] | None, spec: Spec) -> Data:
    """The data of a run with these settings, with the names of its model's inputs."""
    options = {name: settings[name] for name in ("batch_size", "seed") if name in settings}
    options |= {name: settings[name] for name in ("validation", "test") if isinstance(settings.get(name), float)}
    options |= settings.get("options", {})
    files = located(settings.get("files", {}), data_dir)
    name = files.get("train", settings.get("folder", settings["name"]))
    if "config" in settings and name == settings["name"] and "/" not in name:
        name = f"{name}/{settings['config']}"
    if "test" in files:
        options["test"] = files["test"]
    images = settings.get("images")
    fold = re.fullmatch(r"fold (\d+) of (\d+)", str(settings.get("validation")))
    if images is None:
        data: Data = load(name, data_dir=data_dir, **options)
    else:
        data = load_images(located_folder(images["folder"], data_dir), **options)
        if data.settings["images"]["sha256"] != images["sha256"]:
            raise InvalidArgument(
                "data", images["folder"], "the folder of the training, but its files have changed since"
            )
    data = data if fold is None else data.folds(int(fold[2]))[int(fold[1])]
    return data.with_names(spec)
