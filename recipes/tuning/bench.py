"""bench: the same arms on several datasets, and what holds across them."""

from __future__ import annotations

import dataclasses
import errno
import inspect
import os
import shlex
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument
from ...callbacks.printable import printable
from ..environment import commit, hardware, versions
from ..files import check_new_directory, write_text
from ..recipe import Recipe
from ..stored.json_files import write_json
from ..stored.links import check_no_links
from ..training_checks import check_recipe
from .bench_datasets import ALIAS, DIRECTORY, MODEL, Dataset, datasets_of, folder_of
from .benchmark import BENCH, Benchmark, read_bench
from .checking import check_search_of
from .config_file import config_text, search_options
from .factors import FACTORS
from .levels import check_levels, factor_named, parse_factors
from .protocol import Protocol
from .run_search import run_search
from .running.where import Where
from .search import search
from .search_files import CONFIG

if TYPE_CHECKING:
    pass

__all__ = ["BENCH_CONFIG", "bench", "run_bench"]

BENCH_CONFIG = "bench.yaml"


@checked
def bench(
    datasets: Any, *, directory: str | os.PathLike[str] | None = None, verbose: int = 1, **options: Any
) -> Benchmark:
    """Compares the same arms on several datasets: average ranks, performance profiles, and how probable "better" is.

    Each dataset is searched as by :func:`recipes.search`, in its own folder of the directory. What is finished is on
    disk at once: a bench that was killed goes on when it is called again, and a new dataset, more arms, repeats or
    trials cost their own trainings only. Then the arms, and the levels of each factor averaged over the others, are
    compared across the datasets by their mean test scores:

    - average ranks, Friedman's test in Iman and Davenport's form, and Nemenyi's critical difference;
    - performance profiles: on which share of the datasets a candidate's loss (1 - score, or an error) is within a
      factor of the best;
    - the Bayesian signed-rank test with each dataset's margin as the region of practical equivalence: the probability
      that on a further dataset like these one is more often better, as good or worse. This word counts from 95 % on.

    A candidate without a score on a dataset, since it diverged, has the worst rank there.

    Args:
        datasets: a sequence of datasets, or a mapping from labels to them. Each is the name or path that
            :func:`recipes.load` takes, with its options as text, ``"churn.csv(target='Churn')"``, or as a mapping,
            ``{"name": "churn.csv", "target": "Churn"}``; or Data. Among the options, ``alias`` is its label, by default
            its name, and ``model`` its model, by default that of the recipe.
        directory: where to write: new, empty, or that of the same bench with at most as many datasets. Default
            "benches/bench".
        verbose: 0 for silence, 1 (default) for a progress bar for each dataset.
        **options: those of :func:`recipes.search`, the same for all datasets.

    Returns:
        A :class:`recipes.Benchmark`.

    Raises:
        InvalidArgument: as :func:`recipes.search` does, for any of the datasets before any training; for two with one
            label; for one with a model where models are compared; and for a directory that has datasets which are not
            among these.

    Source: Demšar 2006, JMLR 7; Dolan & Moré 2002; Benavoli, Corani, Demšar & Zaffalon 2017, JMLR 18.

    Example:
        >>> benchmark = recipes.bench(["digits", "breast_cancer"], optimizers=["momentum", "adam"])    # doctest: +SKIP
        >>> print(*benchmark.verdict)
    """
    callbacks = options.pop("callbacks", None)
    recipe, levels, protocol, where = _values(options)
    return run_bench(
        datasets_of(datasets),
        recipe,
        levels,
        protocol,
        where,
        directory=directory or DIRECTORY,
        callbacks=callbacks,
        verbose=verbose,
    )


def _values(options: Mapping[str, Any]) -> tuple[Recipe | None, dict[str, Any], Protocol, Where]:
    """The options of a search as its values."""
    parameters = inspect.signature(search).parameters
    plurals = [factor.plural for factor in FACTORS.values()]
    fields: Any = {kind: [field.name for field in dataclasses.fields(kind)] for kind in (Protocol, Where)}
    known = ["recipe", "factors", *plurals, *fields[Protocol], *fields[Where]]
    for name in options:
        if name not in known:
            raise TypeError(f"bench() got an unexpected keyword argument {name!r}")
    values = {name: parameters[name].default for name in known} | dict(options)
    levels = {name: values[name] for name in plurals} | parse_factors(values["factors"])
    protocol = Protocol(**{name: values[name] for name in fields[Protocol]})
    return values["recipe"], levels, protocol, Where(**{name: values[name] for name in fields[Where]})


def run_bench(
    datasets: Sequence[Dataset],
    recipe: Recipe | None,
    levels: Mapping[str, Sequence[Any] | None],
    protocol: Protocol,
    where: Where,
    *,
    directory: str | os.PathLike[str],
    loading: Mapping[str, Any] | None = None,
    typed: Mapping[str, Any] | None = None,
    command: str = "recipes.bench(...)",
    callbacks: Any = None,
    verbose: int = 1,
) -> Benchmark:
    """Runs a bench like :func:`recipes.bench`, with its options as values.

    Args:
        datasets: at least one.
        recipe, levels, protocol, where, command, callbacks, verbose: as for
            :func:`recipes.tuning.run_search.run_search`.
        directory: as for :func:`recipes.bench`.
        loading: options of :func:`recipes.load` for all datasets that have no others. Default: none.
        typed: the same as options of the command line, for the file that repeats the bench. Default: none.
    """
    directory, loading = check_new_directory(directory, marker=BENCH, overwrite=True), dict(loading or {})
    check_no_links(directory)
    places = {dataset.label: directory / folder_of(dataset.label) for dataset in datasets}
    facts: dict[str, Any] = {}
    if (directory / BENCH).is_file():
        facts = read_bench(directory)
        lost = [label for label in facts["folders"] if label not in places]
        if lost:
            accepted = f"a list with all datasets of {directory}, to which others may be added ({lost[0]!r} is missing)"
            raise InvalidArgument("datasets", list(places), accepted)
    loading["seed"] = protocol.seed
    recipe = check_recipe(recipe)
    compared = [factor_named(name).name for name, given in levels.items() if given is not None]
    for dataset in datasets:
        if dataset.model is not None and "model" in compared:
            accepted = f"without models of their own where models are compared ({dataset.label!r} has one)"
            raise InvalidArgument("datasets", [one.label for one in datasets], accepted)
        place = places[dataset.label]
        check_search_of(dataset.load(**loading), dataset.recipe(recipe), levels, protocol, where, place)
    facts = {"commit": commit(), "versions": versions(), "hardware": hardware(), **facts, "command": command}
    facts["folders"] = {label: place.name for label, place in places.items()}
    directory.mkdir(parents=True, exist_ok=True)
    write_json(directory / BENCH, facts)
    if callbacks is None:  # which the command line has no option for
        _write_config(directory, datasets, recipe, levels, protocol, where, typed or {})
    comparisons = {}
    for number, dataset in enumerate(datasets, start=1):
        place = places[dataset.label]
        if not (directory / BENCH).is_file():
            what = "it was removed or moved while the bench ran"
            raise FileNotFoundError(errno.ENOENT, what, str(directory / BENCH))
        if verbose:
            print(printable(f"{dataset.label} ({number} of {len(datasets)})"), file=sys.stderr, flush=True)
        with warnings.catch_warnings():
            if dataset.data is None:  # loaded again, after its warnings
                warnings.simplefilter("ignore", UserWarning)
            data = dataset.load(**loading)
        again = command if dataset.name is None else shlex.join(["recipes", "search", "--config", str(place / CONFIG)])
        comparisons[dataset.label] = run_search(
            data,
            dataset.recipe(recipe),
            levels,
            protocol,
            where,
            directory=place,
            command=again,
            data_dir=loading.get("data_dir"),
            finish=False,
            callbacks=callbacks,
            verbose=verbose,
        )
    benchmark = Benchmark(directory, comparisons, facts)
    benchmark.write()
    return benchmark


def _write_config(
    directory: Path,
    datasets: Sequence[Dataset],
    recipe: Recipe,
    levels: Mapping[str, Sequence[Any] | None],
    protocol: Protocol,
    where: Where,
    typed: Mapping[str, Any],
) -> None:
    """Writes the file that repeats the bench, where the command line can repeat it."""
    if any(dataset.name is None for dataset in datasets):
        return
    compared = [(factor_named(name), given) for name, given in levels.items() if given is not None]
    factors = {factor.plural: check_levels(factor, given) for factor, given in compared}
    sections = search_options(recipe, factors, protocol, where)
    if sections is None:
        return
    items = []
    for dataset in datasets:
        own = {} if datasets_of([dataset.name])[0].label == dataset.label else {ALIAS: dataset.label}
        if dataset.model is not None:
            own[MODEL] = dataset.model
        options = {**dataset.options, **own}
        items.append({"name": dataset.name, **options} if options else dataset.name)
    path = directory / BENCH_CONFIG
    head = [
        f"To go on with this bench, or to add to it:  recipes bench --config {path}",
        f"To repeat it:  recipes bench --config {path} --directory NEW",
    ]
    first = {"datasets": items, "directory": str(directory)}
    write_text(path, config_text(head, {"": first, "data": dict(typed), **sections}))
