import json
import os
import re
import signal
import sys
import time
import weakref
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

import recipes
from callbacks.checks import InvalidArgument
from recipes.catalogues import KINDS, catalogue_of, catalogues
from recipes.cli import main
from recipes.cli.compare_commands import EXAMPLES
from recipes.cli.options import HEADINGS, Compared
from recipes.cli.ship_commands import short_lines
from recipes.machine_fault import MachineFault, is_of_machine
from recipes.report.glossary import GLOSSARY
from recipes.serving.batch_prediction import Scored
from recipes.serving.predictor import Predictor
from recipes.tuning.comparison import Comparison

AT_ONCE = os._exit.__name__
"""The function that ends a process at once, before a test replaces it."""


@pytest.fixture
def call(capsys, monkeypatch):
    """``call("list", "models")``: runs the command line; returns (exit status, output, errors)."""
    monkeypatch.setattr(os, AT_ONCE, sys.exit)

    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(each) for each in arguments])
        captured = capsys.readouterr()
        return left.value.code, captured.out, captured.err

    return run


@pytest.fixture
def refused(call, tmp_path, monkeypatch):
    """Asserts that a command ends in one line of error, status 2 and nothing written; returns the line."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)

    def run(*arguments):
        before = sorted(str(each) for each in tmp_path.rglob("*"))
        code, output, errors = call(*arguments)
        assert code == 2, errors
        assert output == ""
        assert errors.startswith("recipes: ")
        assert errors.endswith("\n")
        assert errors.count("\n") == 1
        assert sorted(str(each) for each in tmp_path.rglob("*")) == before
        return errors

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_list(call, kind):
    code, output, errors = call("list", kind)
    assert (code, errors) == (0, "")
    for name, entry in catalogue_of(kind).items():
        assert re.search(rf"\b{name}\b", output)
        for tunable in entry.hyperparameters:
            assert tunable.name in output


def test_list_alone_shows_the_kinds_and_how_many_names_each_has(call):
    _, output, _ = call("list")
    for kind, catalogue in catalogues().items():
        assert re.search(rf"\b{kind} +{len(catalogue)} ", output)


def test_list_a_name_shows_all_that_is_known_of_it(call):
    _, output, _ = call("list", "optimizers", "adagrad")
    shown = " ".join(output.split())
    entry = catalogue_of("optimizers")["adagrad"]
    for text in (entry.summary, entry.when, "learning_rate 0.003..0.3 log, 0.01", "memory 1 x", entry.source):
        assert text in shown
    assert "adadelta" not in output


def test_list_all(call):
    _, output, _ = call("list", "all")
    for catalogue in catalogues().values():
        for name in catalogue:
            assert name in output


@pytest.mark.parametrize(
    "command", ["search", "bench", "train", "describe", "doctor", "lr-find", "report", "export", "predict", "list"]
)
def test_help(call, command):
    code, output, _ = call(command, "--help")
    assert code == 0
    assert "Usage: recipes" in output
    assert command in call("--help")[1]


def test_the_help_of_a_search_has_groups_examples_and_the_glossary(call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    output = " ".join(call("search", "--help")[1].split())
    places = [output.index(f" {heading} ─") for heading in HEADINGS.values()]
    assert all(output.count(f" {heading} ─") == 1 for heading in HEADINGS.values())
    assert output.rindex("--optimizers <str>") > places[list(HEADINGS).index(Compared)]
    for text in (*EXAMPLES, *(f"{term}: {meaning}" for term, meaning in GLOSSARY.items())):
        assert text in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serch"], "serch"),
        (["list", "optimisers"], "'optimizers'"),
        (["list", "optimizers", "adm"], "did you mean 'adam'"),
        (["list", "all", "adam"], "kind must be"),
        (["search"], "'dataset'"),
        (["search", "digts", "--data-dir", "{data}"], "did you mean 'digits'"),
        (["search", "digits", "--optimizers", "adm"], "did you mean 'adam'"),
        (["search", "digits", "--optimizers", ""], "optimizers must be"),
        (["search", "digits", "--optimizers", "adam,adam"], "without repetitions"),
        (["search", "digits", "--regularizers", "l2,dropuot"], "did you mean 'dropout'"),
        (["search", "digits", "--model", "cnnn"], "did you mean 'cnn'"),
        (["search", "digits", "--activation", "rel"], "did you mean 'relu'"),
        (["search", "digits", "--initializer", "he"], "unknown initializer 'he'"),
        (["search", "digits", "--normalization", "layers"], "normalization must be"),
        (["search", "digits", "--schedule", "onecycle"], "did you mean 'one_cycle'"),
        (["search", "digits", "--directory", "caf\udce9"], "text in UTF-8, without lone surrogates"),
        (["search", "digits", "--config", "{surrogate}"], "text in UTF-8, without lone surrogates"),
        (["search", "digits", "--epochs", "0"], "epochs must be an integer >= 1"),
        (["search", "digits", "--epochs", "many"], "epochs"),
        (["search", "digits", "--trials", "0"], "trials must be an integer >= 1"),
        (["search", "digits", "--repeats", "0"], "repeats must be an integer >= 1"),
        (["search", "digits", "--seed", "-1"], "seed must be an integer >= 0"),
        (["search", "digits", "--batch-size", "0", "--data-dir", "{data}"], "batch_size must be"),
        (
            ["train", "digits", "--batch-size", "most", "--data-dir", "{data}"],
            "batch_size must be an integer >= 1, 'auto'",
        ),
        (["search", "digits", "--validation", "1.5", "--data-dir", "{data}"], "validation must be"),
        (["search", "digits", "--directory", "{foreign}"], "directory must be a new or empty directory"),
        (["search", "digits", "--directory", "{file}/below"], "directory must be a directory that can be written"),
        (["search", "breast_cancer", "--model", "cnn", "--data-dir", "{data}"], "use mlp for other data"),
        (["search", "digits", "--colour", "red"], "--colour"),
        (["bench", "digts", "--data-dir", "{data}", "--directory", "{new}"], "did you mean 'digits'"),
        (["bench", "digits(splt='train')"], "did you mean 'split'"),
        (["bench", "no/such.csv(target='a')", "--directory", "{new}"], "such.csv"),
        (["bench", "digits", "--directory", "{foreign}"], "directory must be a new or empty directory"),
        (["train", "digits", "--config", "{config}"], "'optimizr' is none (did you mean 'optimizer'?)"),
        (["train", "digits", "--optimizer", "adm"], "did you mean 'adam'"),
        (["train", "digits", "--regularizer", "l2+l2"], "each regularizer at most once"),
        (["train", "digits", "--learning-rate", "0"], "learning_rate must be a number > 0"),
        (["train", "digits", "--epochs", "0"], "epochs must be an integer >= 1"),
        (["train", "digits", "--seed", "-1"], "seed must be an integer >= 0"),
        (["train", "digits", "--save", "{foreign}"], "save must be a new or empty directory"),
        (["train", "digits", "--data-dir", "{file}"], "data_dir must be a folder"),
        (
            ["lr-find", "mnist", "--data-dir", "{data}", "--optimizer", "newton"],
            "optimizer must be one that needs a learning rate",
        ),
        (["lr-find", "digits", "--low", "0"], "low must be a number > 0"),
        (["lr-find", "digits", "--high", "1e-9"], "high must be a number >"),
        (["lr-find", "digits", "--steps", "3"], "steps must be an integer >= 10"),
        (["lr-find", "digits", "--plot", "{file}"], "plot must be a file that does not exist yet"),
        (["lr-find", "digits", "--plot", "no/such.png"], "plot must be a file in a directory that exists"),
        (["lr-find", "digits", "--plot", "curve.txt"], "ends in .png"),
        (["report", "{foreign}"], "`recipes search` has written"),
        (["report", "nothing"], "`recipes search` has written"),
        (["report", "{other}"], "its settings lack 'factors'"),
        (["watch", "{other}"], "its settings lack 'factors'"),
        (["report", "nothing", "--to", "{file}"], "to must be a file that does not exist yet"),
        (["report", "nothing", "--to", "{foreign}"], "to must be a file that does not exist yet"),
        (["search", "digits", "--regularizers", "l2+dropout,dropout+l2"], "without repetitions"),
        (["search", "digits", "--optimizer", "adm"], "did you mean 'adam'"),
        (["export", "nothing", "--to", "out"], "directory must be one that Run.save"),
        (["export", "nothing"], "--to"),
        (["export", "nothing", "--to", "out", "--formats", "onxx"], "formats must be one of 'saved_model', 'litert'"),
        (["export", "nothing", "--to", "{foreign}"], "to must be a new or empty directory"),
        (["predict", "nothing", "{file}"], "saved_model must be a directory that recipes.export has written"),
    ],
)
def test_every_error_is_one_line(refused, data_dir, tmp_path, arguments, message):
    (tmp_path / "file").write_text("content")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.txt").write_text("years")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "settings.json").write_text('{"metric": "accuracy"}')
    (tmp_path / "config").write_text("optimizr: adam")
    (tmp_path / "surrogate").write_text('directory: "caf\\uDCE9"')
    places = {
        "data": data_dir,
        **{name: tmp_path / name for name in ("foreign", "file", "other", "config", "surrogate", "new")},
    }
    assert message in refused(*(each.format(**places) for each in arguments))
    assert not (tmp_path / "new").exists()


def test_export_prints_a_line_for_each_file_and_the_reason_for_a_missing_one(call, saved_run, tmp_path, monkeypatch):
    from recipes.serving.formats import catalogue, refusal

    def refuse(*_):
        raise refusal.Refused("it lacks the operation Sort")

    entry = catalogue.FORMATS["litert"]._replace(write=refuse)
    monkeypatch.setitem(catalogue.FORMATS, "litert", entry)
    code, output, errors = call("export", saved_run, "--to", tmp_path / "out", "--formats", "onnx, litert")
    assert code == 1
    lines = output.splitlines()
    assert lines[0] == f"{tmp_path / 'out' / 'model.onnx'} agrees with the trained model"
    assert lines[1].startswith("test accuracy 0.")
    assert errors == "recipes: warning: not exported as litert: it lacks the operation Sort\n"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("model.onnx", "model.keras", "recipe.json", "spec.json", "export.json", "model_card.json", "model_card.md")
    }


def test_what_cannot_be_predicted(refused, exported, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 9), "uint8"))
    assert "input must be uint8 values of shape (None, 8, 8, 1)" in refused("predict", exported, tmp_path / "x.npy")
    assert "input must be a file" in refused("predict", exported, tmp_path / "nothing.npy")


PASSENGERS = """age,home town,alone
3,Ulm,True
,"Köln, West",False
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """``served(x, y)``: the directory of an exported model of such data, hardly trained."""

    def make(x, y, **options):
        data = recipes.Data.from_arrays(x, y, **options)
        recipe = recipes.Recipe(model={"name": "mlp", "hidden": ()}, learning_rate=0.01)
        return recipes.export(recipes.fit(data, recipe, epochs=1, verbose=0), tmp_path_factory.mktemp("served") / "out")

    return make


@pytest.fixture(scope="module")
def passengers(served):
    n = np.arange(60)
    x = {
        "age": np.where(n % 7 == 0, -1, n),
        "home town": np.array(["Ulm", "Köln, West", ""])[n % 3],
        "alone": n % 5 == 0,
    }
    return served(x, np.stack([n // 2 % 2, n * 0 + 1, n * 0], axis=1), class_names=("glad", "here", "never"))


@pytest.mark.thorough
def test_predict_for_records(call, passengers, tmp_path):
    (tmp_path / "x.csv").write_text(PASSENGERS)
    predictor = Predictor(passengers)
    expected = predictor({"age": [3, -1], "home town": ["Ulm", "Köln, West"], "alone": [True, False]})
    code, output, errors = call("predict", passengers, tmp_path / "x.csv")
    assert (code, errors) == (0, "")
    lines = output.splitlines()
    assert len(lines) == 2
    for line, answer in zip(lines, expected, strict=True):
        probabilities = [f"{answer['probabilities'][name]:.4f}" for name in answer["classes"]]
        assert line == (f"{', '.join(answer['classes'])}\t{', '.join(probabilities)}" if probabilities else "-")


@pytest.mark.thorough
def test_columns_that_a_file_lacks_or_has_too_many(refused, passengers, tmp_path):
    (tmp_path / "x.csv").write_text("age,home town,boat\n3,Ulm,4\n")
    message = "Received: input='missing: alone; unknown: boat'"
    assert message in refused("predict", passengers, tmp_path / "x.csv")
    (tmp_path / "y.csv").write_text("age,home town,alone\nthree,Ulm,True\n")
    message = "input['age'] must be numbers, but 1 of 1 are none, the first in line 2 of y.csv"
    assert message in refused("predict", passengers, tmp_path / "y.csv")


SPEC = {"input_dtype": "float32", "input_shape": (1,), "input_mean": (0.0,), "input_variance": (1.0,)}


@pytest.mark.parametrize(
    ("task", "names", "outputs", "threshold", "line"),
    [
        ("multiclass", ("7", "8", "9"), [0.99761, 0.0, 0.1], 0.5, "7\t0.9976"),
        ("binary", ("no", "yes"), [0.25], 0.5, "no\t0.7500"),
        ("binary", ("no", "yes"), [0.25], 0.2, "yes\t0.2500"),
        ("regression", (), [1234.5678], 0.5, "1234.57"),
        ("regression", (), [1234.5678, -0.25], 0.5, "1234.57\t-0.25"),
        ("multilabel", ("a", "c", "b"), [0.75, 0.5, 0.9], 0.5, "a, b\t0.7500, 0.9000"),
        ("multilabel", ("a", "c", "b"), [0.75, 0.5, 0.9], 0.95, "-"),
    ],
)
def test_every_answer_is_one_line(task, names, outputs, threshold, line):
    units = {"regression": {"target_mean": 0.0, "target_variance": 1.0}}.get(task, {})
    units = {name: (value,) * len(outputs) if len(outputs) > 1 else value for name, value in units.items()}
    spec = recipes.Spec(name="x", kind="tabular", task=task, outputs=len(outputs), class_names=names, **SPEC, **units)
    scored = Scored({}, np.float32([outputs] * 2))
    assert list(short_lines(scored, spec, threshold)) == [f"{line}\n"] * 2
    kept = Scored({"id": ["007", None]}, scored.outputs)
    assert list(short_lines(kept, spec, threshold)) == [f"007\t{line}\n", f"\t{line}\n"]


def test_scores_of_a_file(call, refused, exported, digits, tmp_path):
    np.save(tmp_path / "x.npy", digits.arrays("test")[0][:5])
    scores = Predictor(exported).scores(digits.arrays("test")[0][:5])
    code, output, errors = call("predict", exported, tmp_path / "x.npy", "--to", tmp_path / "scores.csv")
    assert (code, output, errors) == (0, f"{tmp_path / 'scores.csv'} has the scores of 5 inputs\n", "")
    table = np.genfromtxt(tmp_path / "scores.csv", delimiter=",", skip_header=1, dtype="float32")
    np.testing.assert_array_equal(table[:, 1:], scores)
    assert table[:, 0].tolist() == scores.argmax(axis=1).tolist()
    code, output, _ = call("predict", exported, tmp_path / "x.npy", "--json", "--prefix", "p")
    rows = [json.loads(line) for line in output.splitlines()]
    assert [list(row) for row in rows] == [["prediction", *(f"p{k}" for k in range(10))]] * 5
    assert [float(row["p3"]) for row in rows] == pytest.approx(scores[:, 3], rel=1e-6)
    code, output, errors = call("predict", exported, tmp_path / "x.npy", tmp_path / "x.npy")
    assert output.splitlines()[7].startswith(f"{tmp_path / 'x.npy'}\t")
    options = ["--to", tmp_path / "scores.csv"]
    assert "to must be a file that does not exist yet" in refused("predict", exported, tmp_path / "x.npy", *options)
    message = refused("predict", exported, tmp_path / "x.npy", *options, "--overwrite", "--json")
    assert "to must be a file whose name ends in .jsonl" in message
    message = refused("predict", exported, tmp_path / "x.npy", "--threshold", "0.4")
    assert "threshold must be left out for task 'multiclass'" in message
    message = refused("predict", exported, tmp_path / "x.npy", "--keep", "id")
    assert "keep must be columns of a table or of JSON objects, which x.npy has not" in message
    assert "overwrite must be left out without --to" in refused("predict", exported, tmp_path / "x.npy", "--overwrite")


@pytest.mark.thorough
def test_predict_for_texts(call, served, tmp_path):
    texts = [f"{'good' if i % 2 else 'bad'} film number {i}" for i in range(60)]
    directory = served(texts, np.arange(60) / 7)
    (tmp_path / "x.txt").write_text("a good film\n\n")
    code, output, _ = call("predict", directory, tmp_path / "x.txt")
    assert code == 0
    assert [float(line) for line in output.splitlines()] == pytest.approx(
        [answer["value"] for answer in Predictor(directory)(["a good film", ""])], rel=1e-5
    )


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "ended by SIGTERM"), ("SIGHUP", 129, "ended by SIGHUP")],
)
@pytest.mark.parametrize("replaced", [False, True])
def test_interruption(call, monkeypatch, data_dir, tmp_path, name, status, message, replaced):
    def interrupted(*_, **__):
        if replaced:  # as C code does that is interrupted
            try:
                signal.raise_signal(signal.Signals[name])
            except KeyboardInterrupt:
                error = AttributeError("no attribute of C code")
            assert is_of_machine(error)  # nothing is recorded of it
            raise error if name == "SIGINT" else MachineFault("adam+l2/tune/0", error)

        class Dying:
            pass

        watched = Dying()
        reference = weakref.ref(watched, lambda _: signal.raise_signal(signal.Signals[name]))
        del watched  # Python ignores what is raised here
        assert reference() is None
        time.sleep(30)

    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # restored at the end
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in before:  # an earlier call has its own
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    monkeypatch.setattr("recipes.tuning.tuner.ArmTuner.search", interrupted)
    code, _, errors = call("search", "digits", "--data-dir", data_dir, "--directory", tmp_path / "search")
    for number, handler in before.items():
        signal.signal(number, handler)
    assert code == status
    assert errors.splitlines()[-1].startswith(f"recipes: {message}; finished work is kept")


@pytest.mark.parametrize("longer", [False, True])
def test_what_is_done_without_memory_is_no_success(call, monkeypatch, longer):
    def ignores(**_):
        try:
            raise MemoryError  # as Cython does in a function that cannot raise
        except MemoryError:
            sys.excepthook(*sys.exc_info())
        sys.unraisablehook(SimpleNamespace(exc_type=MemoryError, object="its_callback"))
        if longer:
            time.sleep(30)

    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # restored at the end
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    call("list")  # which imports the commands
    monkeypatch.setattr("typer.main.get_command", lambda app: ignores)
    before = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    code, _, errors = call("list")
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    assert code == 2
    rest = "" if longer else ": what was written may lack a part"
    assert errors == f"recipes: out of memory in its_callback{rest}\n"


def test_an_interruption_that_c_code_prints_is_not_printed(call, monkeypatch, data_dir, tmp_path):
    def search(*_, **__):
        try:
            raise KeyboardInterrupt  # as Cython does in a function that cannot raise
        except KeyboardInterrupt:
            sys.excepthook(*sys.exc_info())
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # restored at the end
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr("recipes.tuning.tuner.ArmTuner.search", search)
    code, _, errors = call("search", "digits", "--data-dir", data_dir, "--directory", tmp_path / "search")
    assert code == 130
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("recipes: interrupted; finished work is kept")


def test_no_memory_for_words(capfd, monkeypatch):
    def run(_arguments):
        raise MemoryError

    monkeypatch.setattr("recipes.cli.run_command", run)
    monkeypatch.setattr(os, AT_ONCE, sys.exit)
    with pytest.raises(SystemExit, match="2"):
        main(["list"])
    assert capfd.readouterr().err == "recipes: out of memory\n"


def test_a_process_without_memory_ends_before_anything_is_destroyed(call, monkeypatch):
    class Locked:
        def __del__(self):
            alive.append("it waits for a lock of C++")

    def fails(**_):
        holds = Locked()  # a variable of a frame of the error's
        try:
            raise MemoryError("std::bad_alloc")
        except MemoryError:
            raise InvalidArgument("saved_model", repr(holds)[:5], "one that TensorFlow can read") from None

    alive, ended = [], []
    call("list")  # which imports the commands
    monkeypatch.setattr("typer.main.get_command", lambda app: fails)
    monkeypatch.setattr(os, AT_ONCE, lambda status: ended.append((status, list(alive))))
    _, _, errors = call("list")
    assert ended == [(2, [])]
    assert errors.startswith("recipes: out of memory: saved_model must be one that TensorFlow can read.")


@pytest.mark.usefixtures("no_pictures")
def test_search_and_predict(call, data_dir, digits, tmp_path):
    directory = tmp_path / "search"
    options = ["--optimizers", "momentum, adam", "--regularizers", "none", "--epochs", 1, "--trials", 1, "--repeats", 1]
    code, output, _ = call("search", "digits", "--data-dir", data_dir, "--directory", directory, *options)
    assert code == 0
    assert "splits: train 1,150 (64 %), validation 288 (16 %), test 359 (20 %); stratified by class" in output
    found = Comparison.load(directory)
    assert list(found.table()["optimizer"].sort_values()) == ["adam", "momentum"]
    for sentence in found.verdict:
        assert sentence in output.replace("\n", " ")
    assert str(directory / "best") in output.replace("\n", "")
    trained = (directory / "trainings.jsonl").read_bytes()
    assert call("search", "--config", directory / "search.yaml")[0] == 0
    assert (directory / "trainings.jsonl").read_bytes() == trained  # the same search: nothing is trained again

    x, y = digits.arrays("test")
    np.save(tmp_path / "x.npy", x)
    code, output, errors = call("predict", directory / "best", tmp_path / "x.npy")
    assert (code, errors) == (0, "")
    lines = [line.split("\t") for line in output.splitlines()]
    assert all(re.fullmatch(r"[01]\.\d{4}", probability) for _, probability in lines)
    accuracy = np.mean([int(name) == label for (name, _), label in zip(lines, y, strict=True)])
    facts = json.loads((directory / "best" / "export.json").read_text())
    assert accuracy == pytest.approx(facts["test"]["accuracy"], abs=1e-7)


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_a_search_is_repeated_by_its_file(call, data_dir, tmp_path):
    first, again = tmp_path / "first", tmp_path / "again"
    options = ["--regularizers", "none,l2+dropout(rate=0.3)", "--factors", "batch_size=32/64", "--ranges"]
    options += ["l2.strength=1e-4/1e-3", "--epochs", 1, "--trials", 2, "--repeats", 2, "--activation", "relu"]
    assert call("search", "digits", "--data-dir", data_dir, "--directory", first, *options)[0] == 0
    assert call("search", "--config", first / "search.yaml", "--directory", again)[0] == 0
    before, after = Comparison.load(first), Comparison.load(again)
    assert before.settings["data"] == after.settings["data"]
    pd.testing.assert_frame_equal(
        before.results.trials.drop(columns="seconds"), after.results.trials.drop(columns="seconds")
    )


def test_report(call, found, tmp_path, monkeypatch):
    directory = tmp_path / "search"
    directory.mkdir()
    for name in ("settings.json", "trainings.jsonl"):
        (directory / name).write_bytes((found.directory / name).read_bytes())
    code, _, _ = call("report", directory, "--to", tmp_path / "page.html")
    assert code == 0
    assert (tmp_path / "page.html").is_file()
    assert not (directory / "summary.csv").exists()
    monkeypatch.setattr("recipes.report.plots.save_plots", lambda *arguments: [])
    assert call("report", directory)[0] == 0
    assert (directory / "summary.csv").is_file()
    assert (directory / "report.html").is_file()
    code, output, errors = call("report", directory, "--to", tmp_path / "page.html")  # not overwritten unasked
    assert (code, output, errors.count("\n")) == (2, "", 1)


def test_report_shows_where_the_decision_errs(call, refused, found, data_dir, tmp_path, monkeypatch):
    """On a search that an earlier version made: it knows which answers are wrong, but not what was said."""
    search = Path(recipes.__file__).parents[1] / "results" / "search_digits"
    pages = []
    monkeypatch.setattr("recipes.report.page.write_page", lambda *arguments: pages.append(arguments))
    options = ["--to", tmp_path / "page.html", "--data-dir", data_dir]
    code, output, errors = call("report", search, *options, "--slices", "class", "--worst", 3)
    assert (code, errors) == (0, "")
    (mistakes,) = (mistakes for _, _, mistakes in pages)
    assert len(mistakes.slices) == 11
    assert len(mistakes.worst) == 3
    assert all(example.picture.startswith(b"\x89PNG") for example in mistakes.worst)
    assert f"Mistakes of {mistakes.arm}, mean over 3 repeats" in output
    assert "class '7'" in output
    assert "slices must be class: these inputs" in refused("report", search, *options, "--slices", "town")
    assert "worst must be an integer >= 1" in refused("report", search, "--worst", 0)
    assert "data must be given: they were arrays of your own" in refused("report", found.directory, "--worst", 3)


def test_train_export_and_predict(call, data_dir, tmp_path, digits):
    options = ["--optimizer", "adam", "--regularizer", "none", "--learning-rate", 0.003, "--epochs", 1]
    code, output, _ = call("train", "digits", "--data-dir", data_dir, *options, "--save", tmp_path / "run")
    assert code == 0
    assert "not above the base rate" not in output
    accuracy = re.search(r"accuracy (\d\.\d{4})", output.replace("\n", " ")).group(1)
    recipe = recipes.Recipe.from_json((tmp_path / "run" / "recipe.json").read_text())
    assert recipe == recipes.Recipe(model="mlp", optimizer="adam", regularizer="none", learning_rate=0.003)
    code, output, _ = call("export", tmp_path / "run", "--to", tmp_path / "out")
    assert code == 0
    assert f"accuracy {accuracy}" in output.replace("\n", " ")
    assert call("export", tmp_path / "run", "--to", tmp_path / "out")[0] == 2
    assert call("export", tmp_path / "run", "--to", tmp_path / "out", "--overwrite")[0] == 0
    np.save(tmp_path / "one.npy", digits.arrays("test")[0][0])
    code, output, _ = call("predict", tmp_path / "out" / "1", tmp_path / "one.npy")
    assert code == 0
    assert len(output.splitlines()) == 1
    options[5] = 1e-9
    again = ["train", "breast_cancer", "--data-dir", data_dir, *options, "--save", tmp_path / "run"]
    assert call(*again)[0] == 2
    _, output, _ = call(*again, "--overwrite")
    assert "breast_cancer" in (tmp_path / "run" / "run.json").read_text()
    assert "the test accuracy is not above the base rate, always the most frequent answer," in " ".join(output.split())


def test_describe(call, data_dir):
    code, output, errors = call("describe", "digits", "--data-dir", data_dir, "--image-size", "4x5")
    assert (code, errors) == (0, "")
    assert "digits: image uint8 (4, 5, 1), multiclass of 10; 1,150 to train, 288 to validate, 359 to test" in " ".join(
        output.split()
    )
    assert re.search(r"target +multiclass +0, 1, 2, 3, 4, 5, \.\.\. \(10\)", output)


def test_lr_find(call, data_dir, tmp_path):
    plot = tmp_path / "curve.png"
    code, output, _ = call("lr-find", "digits", "--data-dir", data_dir, "--steps", 40, "--plot", plot)
    assert code == 0
    assert {"peak", "valley", "steepest", "minimum"} <= set(re.findall(r"\w+", output))
    assert Path(plot).read_bytes().startswith(b"\x89PNG")


@pytest.mark.thorough
def test_lr_find_suggests_the_rate_that_train_takes(call, data_dir, tmp_path):
    _, found, _ = call("lr-find", "digits", "--data-dir", data_dir, "--seed", 1, "--plot", tmp_path / "curve.png")
    _, trained, _ = call("train", "digits", "--data-dir", data_dir, "--seed", 1, "--epochs", 1)
    (rate,) = re.findall(r"`recipes train` takes (\S+) \(", found)
    assert f"learning rate {rate}, found by a range test" in trained


def test_a_range_test_that_says_nothing_fails(call, data_dir, tmp_path):
    options = ["--low", 1e6, "--high", 1e7, "--plot", tmp_path / "curve.png"]
    code, _, errors = call("lr-find", "digits", "--data-dir", data_dir, *options)
    assert code == 1
    assert errors.startswith("recipes: ")
    assert errors.count("\n") == 1
    assert not (tmp_path / "curve.png").exists()


def test_a_diverged_training_fails(call, data_dir, tmp_path):
    code, _, errors = call(
        *("train", "digits", "--data-dir", data_dir, "--learning-rate", 1e30, "--epochs", 1, "--optimizer", "sgd"),
        *("--save", tmp_path / "run"),
    )
    assert code == 1
    assert errors.startswith("recipes: training stopped: the loss is nan")
    assert errors.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_the_searches_of_the_guide_and_of_the_help_are_accepted(monkeypatch):
    class Accepted(Exception):
        pass

    def loads(*_, **__):
        raise Accepted

    monkeypatch.setattr("recipes.cli.compare_commands.load", loads)
    monkeypatch.setattr("recipes.tuning.running.where.available_cores", lambda: 2)
    pages = sorted((Path(recipes.__file__).parents[1] / "docs").glob("*.md"))
    lines = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    lines += EXAMPLES
    searches = [line.split("#")[0].split()[1:] for line in lines if line.startswith("recipes search ")]
    assert len(searches) >= 2
    for arguments in searches:
        with pytest.raises(Accepted):
            main(arguments)


@pytest.mark.thorough
def test_where_no_arm_has_a_score_no_winner_is_named(call, data_dir, tmp_path, monkeypatch):
    from recipes.tuning.running import worker

    def fails(_self, **_):
        raise ZeroDivisionError("too much")

    monkeypatch.setattr(worker.Trainer, "running", fails)
    options = ["--optimizers", "adam", "--regularizers", "none", "--epochs", 1, "--trials", 1, "--repeats", 2]
    code, output, _ = call("search", "digits", "--data-dir", data_dir, "--directory", tmp_path / "search", *options)
    assert code == 1
    assert "Every arm failed, the first training with ZeroDivisionError: too much." in output.replace("\n", " ")
    assert "winner" not in output


@pytest.mark.thorough
def test_bench(call, refused, data_dir, tmp_path):
    table = tmp_path / "table-1.csv"
    rows = [f"{k % 7},{k % 5},{'yes' if k % 7 > 3 else 'no'}" for k in range(150)]
    table.write_text("\n".join(["a,b,answer", *rows]) + "\n")
    directory = tmp_path / "bench"
    options = ["--optimizers", "momentum,adam", "--regularizers", "none", "--epochs", 1, "--trials", 1, "--repeats", 2]
    datasets = ["digits(model='mlp(hidden=[5])')", f"{table}(target='answer')"]
    code, output, _ = call("bench", *datasets, "--data-dir", data_dir, "--directory", directory, *options)
    assert code == 0
    assert "2 datasets cannot tell 2 arms apart by ranks" in output.replace("\n", " ")
    written = {path.name for path in directory.iterdir()}
    assert written >= {"digits", "table-1", "bench.json", "bench.yaml", "report.html", "verdict.txt", "scores.csv"}
    models = [yaml.safe_load((directory / name / "search.yaml").read_text())["model"] for name in ("digits", "table-1")]
    assert models == [{"name": "mlp", "hidden": [5]}, "auto"]
    trained = [(directory / name / "trainings.jsonl").read_bytes() for name in ("digits", "table-1")]
    assert call("bench", "--config", directory / "bench.yaml")[0] == 0
    assert call("search", "--config", directory / "table-1" / "search.yaml")[0] == 0
    assert [(directory / name / "trainings.jsonl").read_bytes() for name in ("digits", "table-1")] == trained
    assert call("report", directory)[0] == 0
    assert "slices must be left out for a bench" in refused("report", directory, "--slices", "a")
