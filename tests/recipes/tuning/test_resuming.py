"""Every command that is advised for a search passes the checks that it makes before any work."""

import json
import os
import re
import shlex
import shutil

import pytest

import recipes
from recipes.cli import main
from recipes.tuning.comparison import Comparison
from recipes.tuning.designs import arms_of
from recipes.tuning.environment_file import write_environment
from recipes.tuning.ledger import Ledger
from recipes.tuning.merging import merge_searches
from recipes.tuning.plan import Plan
from recipes.tuning.protocol import Protocol
from recipes.tuning.resuming import Resumption, obstacle, resumption_of
from recipes.tuning.running.runner import Job
from recipes.tuning.running.watching import standing
from recipes.tuning.settings import make_settings, read_settings
from recipes.tuning.space import Space

COMMAND = "recipes search digits --optimizers momentum,adam --regularizers none --trials 1"
SCORES = {"momentum+none": (0.90, 0.91, 0.89), "adam+none": (0.91, 0.9, 0.92)}
PROTOCOL = Protocol(trials=1, repeats=3, tunings="once", resplit=False)


class Reached(BaseException):
    """The search has made all its checks."""


@pytest.fixture(scope="module")
def digits():
    return recipes.load("digits")


@pytest.fixture
def searched(digits, tmp_path, monkeypatch):
    """``searched(command, repeats=3)``: a directory as that command would leave it, with made-up scores."""
    monkeypatch.chdir(tmp_path)

    def search(command=COMMAND, ended=None, optimizers=("momentum", "adam"), directory="searches/digits", **options):
        protocol = Protocol(**{**vars(PROTOCOL), **options})
        recipe = recipes.Recipe()
        base = recipe.resolved(digits.spec)
        arms = arms_of(base, {"optimizers": list(optimizers), "regularizers": ["none"]})
        plan = Plan(arms, protocol)
        command = command if "--tunings" in command else f"{command} --tunings once --no-resplit"
        with Ledger(directory, make_settings(digits, base, arms, protocol, Space.of(recipe, base))) as ledger:
            write_environment(ledger, command, "this process")
            while len(ledger) != ended and (training := next(plan.ready(ledger), None)) is not None:
                score = SCORES[training.arm.name][training.number % 3]
                outcome = {"validation_score": score, "test_score": score, "test_loss": 1 - score, "seconds": 1.0}
                values = {"learning_rate": 0.1, **plan.values(training, ledger)}
                ledger.add(Job(training, values).record(values["learning_rate"], **outcome))
        return ledger.directory

    return search


def advised(text):
    return re.findall(r"`(recipes [^`]+)`", text)


def check(command, digits, monkeypatch):
    """Runs a command until it would begin to work."""
    make = Ledger.__init__

    def made(self, directory, settings):
        make(self, directory, settings)
        raise Reached(str(directory))

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "__init__", made)
        patched.setattr(recipes, "load", lambda name, **options: digits)
        try:
            main(shlex.split(command)[1:])
        except Reached as reached:
            return str(reached)
        except SystemExit as end:
            return end.code


def test_the_command_that_decides_what_is_open(searched, digits, monkeypatch):
    directory = searched(f"{COMMAND} --repeats 3 --budget 8")
    (command,) = advised("\n".join(Comparison.load(directory).verdict))
    assert command.startswith(f"{COMMAND} --tunings once --no-resplit --repeats ")
    assert check(command, digits, monkeypatch) == "searches/digits"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ("--repeats 1", {"repeats": 1}),
        ("--repeats auto --budget 8 --minutes 3", {"repeats": "auto", "budget": 8}),
    ],
)
def test_of_one_repeat_and_of_auto(searched, digits, monkeypatch, options, kept):
    """Where the number of repeats is found as the search goes, the budget that has ended it is left out."""
    directory = searched(f"{COMMAND} {options}", **kept)
    verdict = "\n".join(Comparison.load(directory).verdict)
    (command,) = advised(verdict)
    assert "--budget" not in command
    assert check(command, digits, monkeypatch) == "searches/digits"


@pytest.mark.thorough
def test_a_search_that_has_moved_names_its_directory(searched, digits, monkeypatch):
    directory = shutil.move(searched(), "else where")
    (command,) = advised("\n".join(Comparison.load(directory).verdict))
    assert "--directory 'else where'" in command
    assert check(command, digits, monkeypatch) == "else where"


@pytest.mark.thorough
def test_an_unfinished_search_and_one_that_is_running(searched, digits, monkeypatch):
    directory = searched(ended=4)
    (command,) = advised("\n".join(Comparison.load(directory).verdict))
    assert standing(directory).again == f"To go on: `{command}`."
    with Ledger(directory, read_settings(directory)):
        assert Comparison.load(directory).verdict[0].endswith("It is running: `recipes watch searches/digits`.")
        assert check("recipes watch searches/digits", digits, monkeypatch) == 0
    assert check(command, digits, monkeypatch) == "searches/digits"


@pytest.mark.thorough
def test_a_merged_search_and_one_from_python_have_no_command(searched):
    merged = merge_searches(searched(directory="a"), searched(directory="b"), to="both")
    assert "the same search in the same directory with repeats=" in "\n".join(Comparison.load(merged).verdict)
    assert Resumption().again() == "The same search again goes on."


@pytest.mark.ordinarily("change0")
@pytest.mark.parametrize(
    "change",
    [
        {"tunings": None},
        {"space": None},
        {"libraries": {"tensorflow": "2.0", "keras": "2.0"}},
        {"recipe": {"recipe": 1, "model": "mlp", "optimizer": "momentum"}},
        {"recipe": {"recipe": 9}},
    ],
)
def test_the_directory_of_another_version_is_not_extended_and_nothing_says_so(searched, change):
    directory = searched()
    assert obstacle(read_settings(directory)) is None
    settings = read_settings(directory) | change
    (directory / "settings.json").write_text(json.dumps(settings))
    verdict = "\n".join(Comparison.load(directory).verdict)
    assert advised(verdict) == []
    assert "in a new directory, since this search cannot be extended by this version (" in verdict
    with pytest.raises(SystemExit):  # it is indeed refused
        main(shlex.split(f"{COMMAND} --tunings once --no-resplit --repeats 5")[1:])


@pytest.mark.thorough
def test_data_that_are_no_longer_where_the_command_says(searched, tmp_path, monkeypatch):
    directory = searched("recipes search churn.csv").resolve()
    settings = read_settings(directory)
    settings["data"]["files"] = {"train": {"path": str(tmp_path / "churn.csv"), "sha256": "0"}}
    (directory / "settings.json").write_text(json.dumps(settings))
    assert resumption_of(directory).command == ""
    (tmp_path / "churn.csv").touch()
    assert resumption_of(directory).command.startswith("recipes search churn.csv")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert resumption_of(directory).command == ""
    os.chdir(tmp_path)
    assert resumption_of(directory).options == {}
