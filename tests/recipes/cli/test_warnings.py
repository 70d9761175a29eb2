"""Warnings of a command: each is one line on standard error, in the words of the command line."""

import sys
import warnings

import pytest

from callbacks.warning import warn
from recipes.cli import list_commands, main


@pytest.fixture
def run(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return left.value.code, captured.out, captured.err.splitlines()

    return run


def test_every_command_warns_in_lines_each_once(run, monkeypatch):
    """Whatever a command does: the line is printed where the warning comes, before what follows."""

    def warn_often(*_):
        for _ in range(2):
            warn("exclude=['id'] leaves\nnothing")
            warn("of a library", RuntimeWarning)
        print("done", file=sys.stderr)

    monkeypatch.setattr(list_commands, "say", warn_often)
    shown = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("default", RuntimeWarning)
        code, _, errors = run("list", "presets")
    assert code == 0
    first = ["recipes: warning: --exclude id leaves nothing", "recipes: warning: of a library", "done"]
    assert errors[:3] == first
    assert set(errors[3:]) <= {"done"}
    assert warnings.showwarning is shown


@pytest.mark.thorough
@pytest.mark.parametrize("command", ["train", "search", "bench"])
def test_warnings_of_a_training_are_lines(command, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    once = [] if command == "train" else ["--trials", 1, "--repeats", 2, "--optimizers", "adam"]
    code, _, errors = run(
        *(command, "digits", "--epochs", 1, "--regularizer", "alpha_dropout", "--model", "mlp(hidden=(5,))", *once)
    )
    assert code == 0
    told = [line for line in errors if "warning" in line.lower() or ".py" in line]
    assert told == [
        "recipes: warning: --regularizer alpha_dropout keeps mean and variance after --activation selu, not after "
        "'elu': take 'dropout' with it"
    ]
