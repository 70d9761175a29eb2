"""recipes.bench: each dataset is a search of its own; what is finished stays, what is new is added."""

import importlib
import shutil

import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument

OPTIONS = {"optimizers": ["momentum", "adam"], "regularizers": ["none"], "epochs": 1, "trials": 1, "repeats": 2}
OPTIONS |= {"tunings": "once", "verbose": 0}


def arrays(name, classes=2, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(120, 3)).astype("float32")
    y = x[:, 0] if classes == 1 else (x[:, 0] > 0).astype(int)
    return recipes.Data.from_arrays(x, y, name=name, task="regression" if classes == 1 else "binary")


def test_all_datasets_are_checked_before_anything_is_written(tmp_path):
    datasets = [arrays("one"), arrays("two", classes=1)]
    with pytest.raises(InvalidArgument, match="metric"):
        recipes.bench(datasets, metric="auc", directory=tmp_path / "bench", **OPTIONS)
    assert not (tmp_path / "bench").exists()
    own, bench = "digits(model='mlp(hidden=[5])')", tmp_path / "bench"
    for compared in ({"models": ["mlp", "cnn"]}, {"factors": {"model": ["mlp", "cnn"]}}):
        with pytest.raises(InvalidArgument, match=r"models of their own where models are compared \('digits' has one"):
            recipes.bench([own], directory=bench, **compared, **OPTIONS)
    for model, message in (
        ("mpl", "did you mean 'mlp'"),
        ("cnn(filters=[4, 4, 4, 4])", "at most 3 long"),
        ("own", "given"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            recipes.bench(["breast_cancer", f"digits(model={model!r})"], directory=bench, **OPTIONS)
    with pytest.raises(InvalidArgument, match="at most 3 long"):
        recipes.bench(
            [own.replace("mlp", "cnn")], factors={"model.filters": [(4,), (4, 4, 4, 4)]}, directory=bench, **OPTIONS
        )
    assert not bench.exists()
    with pytest.raises(TypeError, match="'epoch'"):
        recipes.bench(datasets, epoch=3)
    with pytest.raises(InvalidArgument, match="a directory that `recipes bench` has written"):
        recipes.Benchmark.load(tmp_path)


def test_a_directory_that_is_removed_does_not_come_back_with_the_rest_of_the_datasets(tmp_path, monkeypatch):
    searched = []

    def removes(*_arguments, directory, **_options):
        searched.append(directory.name)
        shutil.rmtree(directory.parent)

    monkeypatch.setattr(importlib.import_module("recipes.tuning.bench"), "run_search", removes)
    with pytest.raises(FileNotFoundError, match=r"it was removed or moved while the bench ran: '.*bench\.json'"):
        recipes.bench({"a": arrays("one"), "b": arrays("two", seed=1)}, directory=tmp_path / "bench", **OPTIONS)
    assert searched == ["a"]
    assert not (tmp_path / "bench").exists()


@pytest.mark.thorough
def test_a_dataset_is_a_search_and_what_is_new_is_added(tmp_path):
    directory, one, two = tmp_path / "bench", arrays("one"), arrays("two", classes=1)
    first = recipes.bench({"a": one, "b": two}, directory=directory, **OPTIONS)
    assert first.table()["level"].sort_values().tolist() == ["adam+none", "momentum+none"]
    trained = (directory / "a" / "trainings.jsonl").read_bytes()
    comparison = recipes.search(one, directory=directory / "a", **OPTIONS)  # the same search: nothing is trained
    assert (directory / "a" / "trainings.jsonl").read_bytes() == trained
    assert comparison.table().equals(first.comparisons["a"].table())
    more = recipes.bench({"a": one, "b": two, "c": arrays("three", seed=1)}, directory=directory, **OPTIONS)
    assert (directory / "a" / "trainings.jsonl").read_bytes() == trained
    assert list(more.comparisons) == ["a", "b", "c"]
    grown = {**OPTIONS, "optimizers": ["momentum", "adam", "sgd"]}
    more = recipes.bench({"a": one, "b": two, "c": arrays("three", seed=1)}, directory=directory, **grown)
    assert (directory / "a" / "trainings.jsonl").read_bytes().startswith(trained)
    assert len(more.table()) == 3
    with pytest.raises(InvalidArgument, match="'c' is missing"):
        recipes.bench({"a": one, "b": two}, directory=directory, **grown)
    with pytest.raises(InvalidArgument, match="factor must be one of 'arm'"):
        more.table("colour")


@pytest.mark.thorough
def test_a_bench_that_was_interrupted_goes_on_and_is_the_same(tmp_path, monkeypatch):
    datasets = {"a": arrays("one"), "b": arrays("two", classes=1)}
    whole = recipes.bench(datasets, directory=tmp_path / "whole", **OPTIONS)

    from recipes.tuning.ledger import Ledger

    add, calls = Ledger.add, []

    def interrupted(self, *arguments, **options):
        calls.append(self)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return add(self, *arguments, **options)

    monkeypatch.setattr(Ledger, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recipes.bench(datasets, directory=tmp_path / "killed", **OPTIONS)
    monkeypatch.undo()
    unfinished = recipes.Benchmark.load(tmp_path / "killed")
    assert list(unfinished.comparisons) == ["a"]
    assert unfinished.verdict[0].startswith("Unfinished, and left out: b: ")
    after = recipes.bench(datasets, directory=tmp_path / "killed", **OPTIONS)
    assert after.verdict == whole.verdict
    timed = ["seconds"]
    assert after.results.scores.drop(columns=timed).equals(whole.results.scores.drop(columns=timed))
