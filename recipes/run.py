"""Run: a finished training with its model, history and recipe."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.checked import checked
from ..callbacks.checks import InvalidArgument, check_bool, check_choice
from ..callbacks.curves import Finding, read_curves
from ..callbacks.gradients.idle_units import idle_finding, idle_layers
from ..callbacks.inside.logs import numbers
from .bias_variance import agreed, bias_or_variance, capacity
from .choice import name_of
from .class_weights import chance_loss
from .data import Data
from .data.examples import raw_examples
from .environment import versions
from .evaluation import evaluate
from .files import check_new_directory
from .losses import loss_in_variances
from .metric import ACCURACY
from .metric_functions import decide
from .metrics import as_functions_take, find_metric, score
from .recipe import Recipe
from .regularization.label_smoothing import LabelSmoothing
from .restarts import Attempt
from .saved_run import SavedRun, check_same_data, data_of, read_run, write_run
from .score_intervals import score_intervals
from .scoring import BASE_RATE, base_rate, check_scorable, predictions

if TYPE_CHECKING:
    from ..callbacks.range_test.lr_finder import LRFinder

__all__ = ["Run", "load_run"]


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
            0 for the initial weights, after a divergence, and for a linear share of 1.
        seed: of the training.
        seconds: the duration of the training, range test included.
        message: None, or why the training diverged, and which weights the model has.
        range_test: the :class:`callbacks.LRFinder` that found the rate, or None if there was no range test.
        remark: None, or why the rate is not the one that the range test's curve suggests.
        linear_share: of a table: the share of ridge or logistic regression in the answers that did best on the
            validation split, 0 to 1. See :func:`recipes.blend_with_linear`.
        parts: the parts in which each batch was computed, 1 unless the device ran out of memory.
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
    linear_share: float = 0.0
    parts: int = 1

    @classmethod
    @checked
    def load(
        cls,
        directory: str | os.PathLike[str],
        *,
        data_dir: str | os.PathLike[str] | None = None,
        data: Data | None = None,
    ) -> Run:
        """Loads a run that :meth:`save` wrote, and its data, which must be those of the training.

        Args:
            directory: where it was saved.
            data_dir: where the dataset is prepared, as in :func:`recipes.load`; or the folder of its table files, if
                they have been moved since.
            data: the data of a run on arrays of your own, which are not saved with it. Default None: loaded by name.

        Raises:
            InvalidArgument: if the directory holds no run or a damaged one, the dataset cannot be loaded by name, or
                the data differ from those of the training.
        """
        saved = read_run(directory, compile=True)
        facts = saved.facts
        loaded = data_of(saved, data_dir) if data is None else check_same_data(data, saved)
        return cls(
            model=saved.model,
            recipe=saved.recipe,
            data=loaded,
            history=saved.history,
            epochs=facts["epochs"],
            best_epoch=facts["best_epoch"],
            seed=facts["seed"],
            seconds=facts["seconds"],
            message=facts["message"],
            remark=facts.get("remark"),
            linear_share=facts.get("linear_share", 0.0),
            parts=facts.get("parts", 1),
            attempts=tuple(Attempt(**attempt) for attempt in facts.get("attempts", ())),
        )

    @property
    def diverged(self) -> bool:
        """Whether the loss became NaN or infinite."""
        return self.message is not None

    @checked
    def evaluate(self, split: str = "test", metrics: Sequence[Any] = (), *, weighted: bool = True) -> dict[str, float]:
        """The loss and metrics of the model on a split: name -> value.

        Class weights count in the loss alone. Sample weights count in the loss and in the metrics: an example of weight
        2 counts as two.

        Args:
            split: "test" (default), "validation" or "train".
            metrics: more metrics, by name (``recipes list metrics``): "balanced_accuracy", "auc", "pr_auc", "f1",
                "log_loss", "rmse", ...; :class:`keras.metrics.Metric`; or functions of y and predictions, see
                :func:`recipes.register`. They are computed from the predictions for the whole split at once, as
                scikit-learn does, not from averages of batches. Default: none.
            weighted: whether sample weights count, if the data have any. Default True.

        Returns:
            "loss", with penalties if the model has any; "accuracy", and beside it the "base_rate", the accuracy of
            always answering what is most frequent in training; or, for regression, "root_mean_squared_error" and
            "mean_absolute_error"; and what ``metrics`` names, under these names.

        Raises:
            InvalidArgument: for an unknown metric, one of another task, or one that the examples leave undefined, such
                as the AUC of examples of one class.

        Example:
            >>> run.evaluate(metrics=["balanced_accuracy", "auc"])        # doctest: +SKIP
            {'loss': 0.31, 'accuracy': 0.96, 'base_rate': 0.95, 'balanced_accuracy': 0.71, 'auc': 0.93}
        """
        check_choice("split", split, ("train", "validation", "test"))
        check_bool("weighted", weighted)
        task = self.data.spec.task
        chosen = {}
        for metric in _listed(metrics):
            found = find_metric(metric, task)
            chosen[metric if isinstance(metric, str) else found.name] = found
        check_scorable(self.data, chosen.values(), split)
        weighted = weighted and self.data.weighted
        scores = numbers(evaluate(self.model, self.data, split, weighted=weighted or not self.data.weighted))
        if ACCURACY.name in scores and (chance := base_rate(self.data, split, weighted=weighted)) is not None:
            scores[BASE_RATE] = chance
        if chosen:
            y, predicted = self.data.arrays(split)[1], predictions(self.model, self.data, split)
            weights = self.data.sample_weight(split) if weighted else None
            scores |= {name: score(metric, y, predicted, weights) for name, metric in chosen.items()}
        return scores

    @checked
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

        The baseline is chance level, the loss of the best constant prediction: the entropy of the classes' shares in
        the training split, with class weights and label smoothing as in the loss; for regression, the targets'
        variance.

        Returns:
            A tuple of :class:`callbacks.Finding`, empty if the training is too short. Their ``choices`` omit what the
            recipe uses already or the data do not allow. See :func:`callbacks.read_curves`.

        Example:
            >>> for finding in run.read_curves():    # doctest: +SKIP
            ...     print(finding)
        """
        spec = self.data.spec
        baseline: float | None
        if self.recipe.loss is not None:
            baseline = None  # not known
        elif spec.task == "regression":  # the loss of a model that rescales is in units of the variance: see loss_for
            baseline = 1.0 if loss_in_variances(self.model) else float(np.mean(spec.target_variance or 1.0))
        else:
            regularizers = self.recipe.regularizers()
            smoothing = [regularizer.epsilon for regularizer in regularizers if isinstance(regularizer, LabelSmoothing)]
            baseline = chance_loss(spec, self.recipe.class_weight, sum(smoothing))
        return self._of_use(read_curves(self.history, baseline=baseline))

    def _of_use(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """The findings without choices that the recipe has already or that do not suit the data."""
        recipe = self.recipe
        choices = (
            recipe.model,
            recipe.activation,
            recipe.initializer,
            recipe.optimizer,
            recipe.schedule,
            *recipe.regularizer,
        )
        useless = set(map(name_of, choices))
        if self.data.spec.kind != "image":
            useless.add("cnn")
        if self.data.spec.kind != "tabular" or self.data.spec.record:
            useless.add("mlp")
        return tuple(
            dataclasses.replace(finding, choices=tuple(name for name in finding.choices if name not in useless))
            for finding in findings
        )

    def read(self) -> tuple[Finding, ...]:
        """What :meth:`read_errors`, :meth:`read_units` and :meth:`read_curves` find, without contradictory remedies.

        The loss can rise in validation although most of the wrong answers are bias: then the weights of the lowest
        validation loss are enough against the first, and the remedy for the second holds. Units that learn nothing are
        told where most of the error is bias, which they may be the reason of.

        Example:
            >>> for finding in run.read():    # doctest: +SKIP
            ...     print(finding)
        """
        errors = self.read_errors()
        units = self.read_units() if any(finding.name == "bias" for finding in errors) else ()
        return agreed((*units, *errors), self.read_curves())

    def read_errors(self) -> tuple[Finding, ...]:
        """Says whether most of the error is bias or variance, and how many parameters there are for the examples.

        The error of classes is the share of wrong answers; of numbers that of the targets' variance which is not
        explained. "By chance" is the most frequent answer, or the mean, of the training split. Sample weights count.

        Returns:
            A tuple of one :class:`callbacks.Finding`, "bias", "variance" or "little error"; () after a divergence. See
            :func:`recipes.bias_variance.bias_or_variance`, with the sources.

        Example:
            >>> for finding in run.read_errors():    # doctest: +SKIP
            ...     print(finding)
        """
        if self.diverged:
            return ()
        data, spec = self.data, self.data.spec
        means: dict[str, float] = {}
        for split in ("train", "validation"):
            errors = _errors(data, split, predictions(self.model, data, split))
            means[split] = float(np.average(errors, weights=data.sample_weight(split)))
        noise = float(errors.std()) / max(len(errors) - 1, 1) ** 0.5
        if spec.task == "regression":
            mean = np.resize(np.asarray(spec.target_mean, np.float64), (len(errors), spec.outputs))
            chance, of = _errors(data, "validation", mean), "of the targets' variance is left"
            by_chance = float(np.average(chance, weights=data.sample_weight("validation")))
        else:
            by_chance, of = 1.0 - (base_rate(data, "validation") or 0.0), "of the answers are wrong"
        parameters = sum(math.prod(weight.shape) for weight in self.model.trainable_weights)
        shape = None if spec.record or spec.input_dtype == "string" else spec.input_shape
        size = capacity(parameters, data.settings["counts"]["train"], shape)
        parts = (means["train"], means["validation"], noise, by_chance)
        return self._of_use(bias_or_variance(*parts, of=of, size=size, epoch=self.best_epoch))

    def read_units(self) -> tuple[Finding, ...]:
        """Says whether a large part of a layer's units learn nothing any more: dead or saturated ones.

        Units of ReLU layers are dead if they are 0 for each example of a batch of the training split; values of
        sigmoid and tanh layers are saturated close to a bound of the activation.

        Returns:
            A tuple of one :class:`callbacks.Finding`, "dead units" or "saturated units", of the layer with the most of
            them; () for less than 40 % in each layer, after a divergence, and for a linear model alone.

        Example:
            >>> for finding in run.read_units():    # doctest: +SKIP
            ...     print(finding)
        """
        if self.diverged or self.linear_share == 1:
            return ()
        batch = next(iter(self.data.batches("train", seed=0)))
        idle = idle_layers(self.model, batch)
        return self._of_use((idle_finding(idle, self.best_epoch),)) if idle else ()

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

    @checked
    def save(self, directory: str | os.PathLike[str], *, overwrite: bool = False) -> str:
        """Writes the model, the recipe, the Spec, the history and all that `recipes export` needs.

        Besides ``model.keras``, ``recipe.json``, ``spec.json``, ``history.csv`` and ``run.json``, these are up to 256
        raw test inputs with which exported files are checked (``examples.npz``), and as many training inputs with
        which quantized ones are calibrated (``calibration.npz``).

        Args:
            directory: new or empty; with ``overwrite=True`` it may hold a saved run.
            overwrite: whether to replace a saved run. Default False.

        Returns:
            The directory.

        Raises:
            InvalidArgument: if the directory cannot be written or holds anything else, or Keras cannot save the model.
        """
        check_new_directory(directory, marker="run.json", overwrite=overwrite)
        write_run(self.to_saved(), directory, overwrite=overwrite)
        return str(directory)

    def to_saved(self) -> SavedRun:
        """What :meth:`save` writes and :func:`recipes.export` exports: the model, its scores and some raw examples."""
        test = self.evaluate("test")
        facts = {
            "epochs": self.epochs,
            "seed": self.seed,
            "best_epoch": self.best_epoch,
            "seconds": round(self.seconds, 3),
            "message": self.message,
            "remark": self.remark,
            "linear_share": self.linear_share,
            "parts": self.parts,
            "attempts": [dataclasses.asdict(attempt) for attempt in self.attempts],
            "data": self.data.settings,
            "fingerprints": self.data.fingerprints,
            "test": test,
            "intervals": score_intervals(self.model, self.data, test),
            "validation": self.evaluate("validation"),
            "versions": versions(),
        }
        examples, calibration = (raw_examples(self.data.arrays(split)[0]) for split in ("test", "train"))
        return SavedRun(self.model, self.recipe, self.data.spec, self.history, facts, examples, calibration)


@checked
def load_run(
    directory: str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    data: Data | None = None,
) -> Run:
    """:meth:`Run.load` as a function, beside :func:`recipes.load` for data."""
    return Run.load(directory, data_dir=data_dir, data=data)


def _listed(metrics: Any) -> Sequence[Any]:
    if isinstance(metrics, str) or not isinstance(metrics, Sequence):
        raise InvalidArgument("metrics", metrics, "a list of names of metrics")
    return metrics


def _errors(data: Data, split: str, predicted: np.ndarray) -> np.ndarray:
    """What is wrong with the answer to each example of a split, 0 to 1; of numbers the square in units of variances."""
    y = data.arrays(split)[1]
    if data.spec.task == "regression":
        error = predicted.astype(np.float64) - y.astype(np.float64).reshape(predicted.shape)
        return (error**2 / np.asarray(data.spec.target_variance, np.float64)).mean(axis=1)
    y, predicted = as_functions_take(y, predicted)
    return (decide(y, predicted) != y).reshape(len(y), -1).mean(axis=1)
