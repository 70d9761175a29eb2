"""Twelve tables as people bring them, trained from the command line, beside scikit-learn on the same splits."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import recipes
from recipes.cli import main
from tests.tables.cases import CASES, FOLDER, our_scores, peer_scores, rows_of_splits, target_of
from tests.tables.make import TABLES, content

SHORT = ("--epochs", "2", "--learning-rate", "0.02")


@pytest.fixture
def train(capsys, monkeypatch):
    """``train("churn")``: what `recipes train` prints to standard output, and the lines on standard error."""
    monkeypatch.chdir(FOLDER)

    def call(name, *more):
        case = CASES[name]
        with pytest.raises(SystemExit) as left:
            main(["train", case.file, *case.arguments, *more])
        captured = capsys.readouterr()
        assert left.value.code == 0, captured.err
        return captured.out, captured.err.splitlines()

    return call


def test_the_files_are_those_that_the_script_writes():
    written = {path.name for path in FOLDER.iterdir() if path.suffix in (".csv", ".tsv", ".parquet")}
    assert set(TABLES) == {case.file for case in CASES.values()} == written
    for name in TABLES:
        if not name.endswith(".parquet"):  # whose bytes name the version of pyarrow
            assert (FOLDER / name).read_bytes() == content(name), name


@pytest.mark.filterwarnings("ignore:dataset:UserWarning", "ignore:y has:UserWarning")  # test_what_is_printed has them
@pytest.mark.parametrize("name", CASES)
def test_values_and_splits_are_those_that_pandas_reads(name):
    case = CASES[name]
    frame = case.frame(FOLDER / case.file)
    rows = rows_of_splits(case, frame, 0)
    assert sorted(np.concatenate(list(rows.values()))) == list(range(len(frame)))
    options = {option: value.split(",") if "," in value else value for option, value in case.options.items()}
    data = recipes.load(FOLDER / case.file, **options)
    left_out = [*case.targets, options.get("id"), options.get("time"), options.get("groups")]
    numbers = frame.select_dtypes("number").drop(columns=left_out, errors="ignore")
    keys = {feature.name: feature.key for feature in data.spec.features}
    for split, places in rows.items():
        x, y = data.arrays(split)
        expected = target_of(case, frame)[places]
        if case.task == "classification":
            assert np.array(data.spec.class_names)[y].tolist() == list(map(str, expected))
        else:
            np.testing.assert_allclose(y, expected, rtol=1e-6)
        for key in numbers:
            values = x[keys[key]] if data.spec.record else x[:, data.spec.feature_names.index(key)]
            np.testing.assert_allclose(values, numbers[key].iloc[places].astype(float), rtol=1e-6)


@pytest.mark.ordinarily("churn", "houses", "machines")
@pytest.mark.parametrize("name", CASES)
def test_what_is_printed(train, name):
    case = CASES[name]
    printed, complaints = train(name, *SHORT)
    for text in case.describe:
        assert text in printed
    assert len(complaints) == len(case.warnings)
    for line, text in zip(complaints, case.warnings, strict=True):
        assert line.startswith("recipes: ")
        assert text in line
    assert set(our_scores(printed)) >= {"loss", case.arguments[-1]}
    blended = re.search(r"[0-9]+% (linear|logistic) regression", printed) is not None
    assert blended == (re.search(r"\nvalidation .*loss .* regression together", printed) is not None)


@pytest.mark.filterwarnings("ignore:dataset:UserWarning")
@pytest.mark.whole_epochs
@pytest.mark.thorough
@pytest.mark.parametrize("name", CASES)
def test_scores_are_no_worse_than_those_of_scikit_learn(train, name):
    """Accuracy by at most two standard errors of the test split, log loss by 0.15, the error of numbers by a fifth."""
    case = CASES[name]
    printed, _ = train(name)
    frame = case.frame(FOLDER / case.file)
    rows = rows_of_splits(case, frame, 0)
    ours, peers = our_scores(printed), peer_scores(case, frame, rows, 0)
    if case.task == "regression":
        assert ours["standardized_error"] <= 1.2 * min(scores["standardized_error"] for scores in peers.values())
        return
    accuracy = max(scores["accuracy"] for scores in peers.values())
    two_errors = 2 * np.sqrt(max(accuracy * (1 - accuracy), 0.01) / len(rows["test"]))
    assert ours["accuracy"] >= accuracy - two_errors
    assert ours["log_loss"] <= 0.15 + min(scores["log_loss"] for scores in peers.values())


@pytest.mark.thorough
def test_the_installed_command_trains_in_a_folder_of_ones_own(tmp_path):
    case = CASES["wine"]
    (tmp_path / case.file).write_bytes((FOLDER / case.file).read_bytes())
    command = [sys.executable, "-m", "recipes.cli", "train", case.file, *case.arguments, *SHORT]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert case.describe[1] in done.stdout
    assert our_scores(done.stdout)["accuracy"] > 0.6
    assert [path.name for path in tmp_path.iterdir()] == [case.file]
