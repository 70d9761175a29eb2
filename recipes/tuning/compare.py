"""compare: a fair comparison of whole recipes, and of models of one's own as they are."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument
from ...callbacks.printable import UNPRINTABLE
from ..as_compiled.freshness import check_fresh
from ..as_compiled.trainer import checked_model, compiled_model, own_rate
from ..catalogue import Range
from ..choice import NONE, RESERVED, name_of, text_of
from ..models import MODELS
from ..recipe import Recipe
from ..registration.own_model import OwnModel, own_model
from ..registration.registered import register
from ..seeding import set_seeds
from ..training_checks import check_data, check_fits
from .candidate import Candidate, recipe_line
from .comparison import Comparison
from .hyperparameters_of import hyperparameters_of
from .protocol import Protocol
from .ranges import Grid, ranges_text
from .run_search import run_search
from .running.where import Where
from .setting_factor import RATE

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["candidate_arms", "compare"]

ACCEPTED = "a recipes.Recipe, a function that makes a model, or a keras.Model, by label"


@checked
def compare(
    candidates: Mapping[str, Any],
    data: Data,
    *,
    recipe: Recipe | None = None,
    tune: bool | Sequence[str] = False,
    epochs: int = 10,
    trials: int = 4,
    repeats: int | str = 3,
    tunings: str = "some",
    resplit: bool | None = None,
    seed: int = 0,
    metric: Any = None,
    callbacks: Any = None,
    prune: str = "none",
    ranges: Mapping[str, Any] | str | None = None,
    widen: bool = False,
    confidence: float | None = None,
    margin: float | None = None,
    minutes: float | None = None,
    budget: int | None = None,
    pack: int | None = None,
    workers: int = 1,
    memory_limit: float | None = None,
    ray: str | None = None,
    cores: float = 1,
    gpus: float = 0,
    retry_failed: bool = False,
    keep_weights: bool = False,
    directory: str | os.PathLike[str] | None = None,
    verbose: int = 1,
) -> Comparison:
    """Compares recipes, and models of one's own, by the protocol of :func:`recipes.search`.

    A function that makes a *compiled* model is trained as in a script: Keras' ``fit`` for ``epochs`` with its own
    optimizer, loss, metrics and ``train_step``, on the same batches as the others, with the weights of the last epoch;
    its learning rate is tuned only if ``tune`` says so. Its answers are scored as those of the others: logits become
    probabilities; a binary task may have two outputs; Keras' losses that take one-hot vectors get them. A function
    that makes a model that is *not compiled* is trained by ``recipe``, and a recipe by itself: both are tuned, but for
    what they fix. The first candidate is the reference.

    Args:
        candidates: label -> a :class:`recipes.Recipe`; a function that returns a new ``keras.Model`` (it gets the
            data's Spec as ``spec`` or as its first argument, if it takes one); a function that takes ``hp``, or a
            ``keras_tuner.HyperModel``, whose hyperparameters are then tuned, their defaults first; or a
            ``keras.Model``, which is cloned with new weights for every training. At least two.
        data: from :func:`recipes.load` or :meth:`recipes.Data.from_arrays`.
        recipe: how models that are not compiled are trained. Default ``Recipe()``.
        tune: whether the learning rate of compiled models is tuned, from a thirtieth of their own to thirty times that:
            True, False (default), or the labels of those that are.
        epochs, trials, repeats, tunings, resplit, seed, metric, callbacks, prune, ranges, widen, confidence, margin,
            minutes, budget, pack, workers, memory_limit, ray, cores, gpus, retry_failed, keep_weights, directory,
            verbose: as for :func:`recipes.search`. Processes import functions from their module.

    Returns:
        A :class:`recipes.Comparison`, whose arms have the labels as names.

    Raises:
        InvalidArgument: for candidates that cannot be trained on the data, in one line that names them, and as
            :func:`recipes.search`; before any training, with nothing written.

    Example:
        >>> def mine():                                                               # doctest: +SKIP
        ...     model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, activation="softmax")])
        ...     model.compile("adam", "sparse_categorical_crossentropy")
        ...     return model
        >>> comparison = recipes.compare({"mine": mine, "default": recipes.Recipe()}, recipes.load("digits"))
        >>> print(*comparison.verdict, sep="\\n")
    """
    check_data(data)
    base = Recipe() if recipe is None else recipe
    arms = candidate_arms(candidates, data, base, tune)
    return run_search(
        data,
        None,
        arms,
        Protocol(
            epochs=epochs,
            trials=trials,
            repeats=repeats,
            tunings=tunings,
            resplit=resplit,
            seed=seed,
            metric=metric,
            prune=prune,
            ranges=ranges_text(ranges),
            widen=widen,
            confidence=confidence,
            margin=margin,
            minutes=minutes,
            budget=budget,
            pack=pack,
            retry_failed=retry_failed,
            keep_weights=keep_weights,
        ),
        Where(workers=workers, memory_limit=memory_limit, ray=ray, cores=cores, gpus=gpus),
        directory=directory,
        callbacks=callbacks,
        command="recipes.compare(...)",
        verbose=verbose,
    )


def candidate_arms(candidates: Any, data: Data, base: Recipe, tune: Any) -> list[Candidate]:
    """The arms of :func:`compare`, with its arguments, checked; functions have been called."""
    if len(candidates) < 2:
        raise InvalidArgument("candidates", candidates, f"at least two: {ACCEPTED}")
    for label in candidates:
        usable = isinstance(label, str) and label.strip() and "/" not in label and not UNPRINTABLE.search(label)
        if not usable or len(label) > 100:
            accepted = "labels of 1 to 100 characters, none a slash or a control character"
            raise InvalidArgument("candidates", label, accepted)
    tuned = list(candidates) if tune is True else [] if tune is False else tune
    labels = isinstance(tuned, (list, tuple, set)) and all(isinstance(label, str) for label in tuned)
    if not labels or not set(tuned) <= set(candidates):
        raise InvalidArgument("tune", tune, f"True, False, or a list of labels among {', '.join(candidates)}")
    names: list[str] = []
    return [_arm(label, candidate, data, base, names, tuned=label in tuned) for label, candidate in candidates.items()]


def _arm(label: str, candidate: Any, data: Data, base: Recipe, names: list[str], *, tuned: bool) -> Candidate:
    """The arm of a candidate, which has been built.

    Args:
        label, candidate, data, base: as for :func:`candidate_arms`.
        names: of the functions of earlier candidates; that of this one is added.
        tuned: whether the learning rate of a compiled model is tuned.
    """
    if isinstance(candidate, Recipe):
        recipe = candidate.with_names()
        return _built(label, Candidate.of_recipe(label, recipe, data.spec), data)
    build = _clones_of(candidate) if isinstance(candidate, keras.Model) else candidate
    if any(kind.__module__.startswith("keras_tuner") for kind in type(candidate).__mro__):
        build = _build_of(label, candidate)
    if isinstance(candidate, type) or not callable(build):
        estimator = hasattr(candidate, "fit") and hasattr(candidate, "predict") and not isinstance(candidate, type)
        accepted = "the function that makes its keras.Model: other objects with fit cannot be trained fairly"
        raise InvalidArgument(f"candidates[{label!r}]", candidate, accepted if estimator else ACCEPTED)
    name = _name_for(label, build, names)
    recipe = Recipe(model=name)
    space: tuple[Range | Grid, ...] = ()
    try:
        set_seeds(0, keep_functions=True)
        if OwnModel(build).tunes:
            space = _space(label, build, data, tuned=tuned)
        model = first = own_model(name, data.spec)
        if not model.compiled and space:
            raise InvalidArgument("model", name, "compiled by the function that takes hp")
        if not model.compiled:
            return _built(label, Candidate.of_recipe(label, _with_model(base, name), data.spec), data)
        checked_model(first, recipe, data)
        set_seeds(1, keep_functions=True)
        model = compiled_model(recipe, data)
        check_fresh(label, first, model)
    except InvalidArgument as error:
        if error.argument == f"candidates[{label!r}]":
            raise
        raise InvalidArgument(
            f"candidates[{label!r}]", getattr(candidate, "__name__", label), f"one that suits the data: {error}"
        ) from None
    except Exception as error:  # of a function of the user's
        what = (
            "that Keras can clone, or the function that makes it" if build is not candidate else "made by its function"
        )
        accepted = f"a model {what}, which raised {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise InvalidArgument(f"candidates[{label!r}]", getattr(candidate, "__name__", label), accepted) from error
    rate = own_rate(model) if tuned else None
    if tuned and rate is None and not space:
        raise InvalidArgument("tune", label, "one whose optimizer has a number as its learning rate")
    optimizer = "own" if model.optimizer is None else name_of(model.optimizer)
    return Candidate(optimizer, NONE, label=label, text=recipe_line(recipe), compiled=True, rate=rate, space=space)


def _build_of(label: str, candidate: Any) -> Callable[..., keras.Model]:
    """The function of a HyperModel."""
    import keras_tuner

    if not isinstance(candidate, keras_tuner.HyperModel) or type(candidate).fit is not keras_tuner.HyperModel.fit:
        accepted = "a keras_tuner.HyperModel that does not replace fit: put into build what it compiles"
        raise InvalidArgument(f"candidates[{label!r}]", type(candidate).__name__, accepted)
    return candidate.build


def _space(label: str, build: Callable[..., Any], data: Data, *, tuned: bool) -> tuple[Range | Grid, ...]:
    """What a function that takes hyperparameters tunes, under the names that an arm's values have."""
    if tuned:
        raise InvalidArgument("tune", label, "without it: its function says what is tuned")
    own = OwnModel(build)
    found = hyperparameters_of(lambda hp: own(spec=data.spec, hp=hp))
    return tuple(replace(p, name=p.name if p.name == RATE else f"{label}.{p.name}") for p in found)


def _built(label: str, arm: Candidate, data: Data) -> Candidate:
    """The arm, if its model fits the data."""
    recipe = arm.recipe(Recipe(), {})
    try:
        recipe.check(data.spec)
        check_fits(recipe.build_model(data.spec), data)
    except InvalidArgument as error:
        raise InvalidArgument(
            f"candidates[{label!r}]", text_of(recipe.model), f"one that suits the data: {error}"
        ) from None
    return arm


def _with_model(base: Recipe, name: str) -> Recipe:
    return replace(base.with_names(), model=name)


def _name_for(label: str, build: Callable[..., Any], taken: list[str]) -> str:
    """The name under which a function is registered among the models: its label in lower case, numbered if taken."""
    name = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_") or "model"
    name = stem = name if name[0].isalpha() else f"model_{name}"
    number = 2
    while name in taken or f"own_{name}" in taken:
        name, number = f"{stem}_{number}", number + 1
    known = MODELS.entries.get(name)
    if known is not None and isinstance(known.build, OwnModel):
        del MODELS.entries[name]  # of an earlier comparison in this program
    elif known is not None or name in RESERVED:
        name = f"own_{name}"
        MODELS.entries.pop(name, None)
    register("model", name, build)
    taken.append(name)
    return name


def _clones_of(model: keras.Model) -> Callable[[], keras.Model]:
    """A function that makes models like this one with new weights, compiled alike."""

    def clone() -> keras.Model:
        copy = keras.models.clone_model(model)
        if model.compiled:
            copy.compile_from_config(model.get_compile_config())
        return copy

    clone.__qualname__ = clone.__name__ = model.name
    return clone
