"""A sample of wrong arguments; that every public name has a call that works; and that the fuzz would see a fault."""

import json

import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from scripts.fuzzing import calls, command_line
from scripts.fuzzing.cases import Case, all_cases, outcome, value_of
from scripts.fuzzing.misfits import MISFITS
from scripts.fuzzing.running import read, rows, run
from scripts.fuzzing.verdicts import accepts, is_senseless, of_error
from scripts.fuzzing.world import World

QUICK = ("recipes.mlp", "recipes.cnn", "recipes.Recipe", "recipes.Adam", "recipes.Range", "callbacks.OneCycle")
"""Calls that train nothing."""


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # and back
    return World(tmp_path)


def faults(cases, world):
    verdicts = [(case, outcome(case, world)) for case in cases]
    return [f"{case}: {verdict}" for case, verdict in verdicts if verdict.result not in ("right", "refused", "exotic")]


def test_every_public_name_has_a_call_that_works():
    names = set(calls.public_names())
    without = names - set(calls.CALLS) - set(calls.NOT_CALLED)
    assert not without, "add a call to scripts/fuzzing/calls.py"
    assert set(calls.NOT_CALLED) <= names
    assert set(command_line.COMMANDS) == set(command_line.commands())


def test_calls_that_work(world):
    for name in QUICK:
        call = calls.CALLS[name]
        call.use(world, calls.target_of(name, call, world)(**call.arguments(world)))


def test_a_sample_of_wrong_arguments(world):
    cases = [case for case in all_cases(0) if case.name in QUICK and case.value not in MISFITS]
    assert faults(cases[:100], world) == []


FOUND = [
    ("recipes.Data.from_arrays", "class_names", "abc"),
    ("recipes.Data.from_arrays", "class_names", "mixed list"),
    ("recipes.Data.from_arrays", "feature_names", "5"),
    ("recipes.Data.from_arrays", "y", "mixed list"),
    ("recipes.Data.from_arrays", "task", "2-d array"),
    ("recipes.Data.from_arrays", "sample_weight", "masked array"),
    ("recipes.load", "target", "empty list"),
    ("recipes.load", "name", "path with NUL"),
    ("recipes.load", "name", "path too long"),
    ("recipes.search", "repeats", "series of texts"),
    ("recipes.load", "labels", "complex"),
    ("recipes.fit", "callbacks", "None"),
    ("recipes.fit", "directory", "path too long"),
    ("recipes.mlp", "preprocessing", "5"),
    ("recipes.mlp", "spec", "True"),
    ("recipes.mlp", "name", "2-d array"),
    ("recipes.Recipe.check", "spec", "empty text"),
    ("recipes.Adam", "epsilon", "1e-320"),
    ("recipes.Adam", "learning_rate", "1e308"),
    ("recipes.Adam", "never_decayed", "2**70"),
    ("callbacks.Resume", "settings", "5"),
    ("callbacks.OneCycle", "warm_up", "0 rows"),
    ("recipes.Adam", "learning_rate", "lambda"),
    ("recipes.Adam", "name", "surrogate"),
    ("recipes.HessianFree", "never_decayed", "False"),
    ("recipes.InputNoise", "stddev", "5"),
    ("callbacks.ConstantRate", "warm_up", "False"),
    ("callbacks.AdversarialTraining", "scale", "1e308"),
    ("callbacks.SharpnessAware", "rho", "nan"),
    ("callbacks.gradient_report", "sample_weight", "array of nan"),
    ("callbacks.recalibrate_batch_norm", "data", "array of texts"),
    ("recipes.Data.with_train", "sample_weight", "list of lists"),
    ("recipes.Data.from_arrays", "stratify", "list of lists"),
    ("recipes.load_images", "labels", "path too long"),
    ("recipes.blend_with_linear", "data", "mixed list"),
    ("recipes.diagnose", "batch_size", "2-d array"),
    ("recipes.Recipe.compile", "weighted_metrics", "abc"),
    ("recipes.register", "hyperparameters", "module"),
    ("recipes.tie", "layers", "list of lists"),
    ("recipes.load_run", "directory", "2-d array"),
    ("recipes.LineSearch", "never_decayed", "None"),
    ("recipes.random_label_test", "epochs", "None"),
    ("recipes.Recipe.compile", "weighted_metrics", "list of itself"),
    ("recipes.Newton.minimize", "variables", "empty list"),
    ("recipes.Newton.minimize", "loss_function", "layer"),
    ("recipes.Momentum.exclude_from_weight_decay", "var_names", "complex array"),
    ("recipes.Momentum.exclude_from_weight_decay", "var_list", "layer"),
    ("recipes.Newton.minimize", "variables", "generator"),
    ("recipes.Adam", "learning_rate", "layer"),
    ("recipes.cnn", "preprocessing", "model of images"),
    ("recipes.mlp", "preprocessing", "model of two inputs"),
    ("recipes.Data.from_arrays", "exclude", "(x, y) of texts"),
    ("recipes.Data.batches", "augment", "layer"),
    ("recipes.Data.from_pipeline", "batched", "True"),
    ("recipes.Data.with_train", "x", "(x, y) of images"),
    ("recipes.Data.with_train", "x", "frame"),
    ("recipes.Data.with_train", "y", "(x, y) of images"),
    ("recipes.Recipe", "model", "model of images"),
    ("recipes.siamese", "model", "layer"),
    ("callbacks.find_learning_rate", "class_weight", "bad option"),
]
"""What the fuzz has found, of each kind one."""


@pytest.mark.parametrize(("name", "argument", "value"), FOUND)
def test_what_was_found_is_refused(name, argument, value, world):
    call = calls.CALLS[name]
    arguments = {} if name == "recipes.load_run" else call.arguments(world)
    with pytest.raises(InvalidArgument) as refused:
        calls.target_of(name, call, world)(
            **{**arguments, argument: value_of(Case("API", name, argument, value), world)}
        )
    assert "\n" not in str(refused.value)
    assert refused.value.argument.partition("[")[0] in (argument, "dataset")


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_a_minute_of_wrong_arguments(tmp_path):
    state = tmp_path / "state.jsonl"
    run(state, seed=1, first=0, count=3000, minutes=1)
    wrong = [entry for entry in read(state) if entry["result"] not in ("right", "refused", "exotic")]
    assert read(state)
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.thorough
def test_wrong_calls_are_made_again(tmp_path):
    earlier = [
        {"number": 0, "surface": "API", "name": "recipes.mlp", "argument": "hidden", "value": "5", "result": "foreign"},
        {"number": 1, "surface": "API", "name": "recipes.mlp", "argument": "task", "value": "5", "result": "refused"},
    ]
    (tmp_path / "earlier.jsonl").write_text("\n".join(map(json.dumps, earlier)))
    run(tmp_path / "again.jsonl", seed=0, first=0, count=None, minutes=1, again=tmp_path / "earlier.jsonl")
    assert [(case["argument"], case["result"]) for case in read(tmp_path / "again.jsonl")] == [("hidden", "refused")]


def test_an_interrupted_run_goes_on(tmp_path):
    state = tmp_path / "state.jsonl"
    entry = {"number": 0, "surface": "API", "name": "recipes.mlp", "argument": "hidden", "value": "5"}
    verdict = {"result": "foreign", "kind": "KeyError at x", "message": "'x'", "seconds": 0.1}
    state.write_text("\n".join(map(json.dumps, [entry, {**entry, **verdict}, {**entry, "number": 1}])))
    assert [outcome["number"] for outcome in read(state)] == [0]
    table = rows(read(state))
    assert [(row["name"], row["calls"], row["foreign"]) for row in table] == [
        ("all", 1, 1),
        ("recipes.mlp", 1, 1),
        ("KeyError at x", 1, 1),
    ]


def error_of(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except Exception as error:  # any
        return error
    raise AssertionError("no error")


def test_whose_error_it_is():
    assert of_error(error_of(recipes.mlp, hidden="abc")).result == "refused"
    assert of_error(error_of(recipes.mlp, colour="red")).result == "refused"
    assert of_error(error_of(np.reshape, np.zeros(3), 2)).result == "foreign"
    assert of_error(error_of(int, "x")).kind.startswith("ValueError at test_fuzz.py")
    lines = InvalidArgument("n", 5, "one\nof two")
    assert of_error(error_of(exec, "raise error", {"error": lines})).result == "unclear"


def test_a_fault_is_seen(world, monkeypatch):
    monkeypatch.setattr(recipes, "mlp", lambda hidden, **options: {}["x"])
    assert outcome(Case("API", "recipes.mlp", "hidden", "5"), world).kind == "KeyError at test_fuzz.py in <lambda>"

    def careless(task: "str | None" = None):
        del task

    monkeypatch.setattr(recipes, "mlp", careless)
    monkeypatch.setitem(calls.CALLS, "recipes.mlp", calls.Call())
    assert outcome(Case("API", "recipes.mlp", "task", "abc"), world).result == "right"
    assert outcome(Case("API", "recipes.mlp", "task", "5"), world).result == "senseless"


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        ("int | None", True, False),
        ("int", np.int64(5), True),
        ("float", 5, True),
        ("float", float("nan"), False),
        ("Sequence[str]", "abc", False),
        ("Sequence[str] | str", "abc", True),
        ("Sequence[str]", ["a", 1], False),
        ("tuple[int, int] | None", (1,), False),
        ("Any", 5, None),
        ("keras.Model", 5, False),
        ("str | os.PathLike[str]", b"a", False),
    ],
)
def test_annotations(annotation, value, expected):
    assert accepts(annotation, value) is expected


def test_what_makes_sense_for_no_argument():
    assert is_senseless("Any", "object", object())
    assert not is_senseless("Any", "5", 5)
