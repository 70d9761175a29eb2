import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

import recipes

from .records import same_records, trainings, without_seconds

pytestmark = pytest.mark.whole_epochs


SMALL = """
import sys
import numpy as np
import recipes

random = np.random.default_rng(0)
y = np.repeat(np.arange(3), 50)
x = random.normal(0, 0.7, (150, 4)) + 2.0 * np.eye(3, 4)[y]
data = recipes.Data.from_arrays(100.0 * x.astype("float32"), y, batch_size=16, name="classes",
                                class_names=("red", "green", "blue"))
recipe = recipes.Recipe(model={"name": "mlp", "hidden": (8,)})
recipes.search(data, optimizers=sys.argv[2].split(), regularizers=sys.argv[3].split(), recipe=recipe, epochs=1,
               trials=2, repeats=2, tunings="once", resplit=False, directory=sys.argv[1], verbose=0)
"""


def killed_search(directory, optimizers, regularizers, after):
    """Starts such a search in a process of its own, which is killed after so many trainings; their lines."""
    names = [" ".join(optimizers), " ".join(regularizers)]
    process = subprocess.Popen([sys.executable, "-c", SMALL, str(directory), *names], stderr=subprocess.PIPE, text=True)
    ledger = directory / "trainings.jsonl"
    limit = time.monotonic() + 120
    while not (ledger.is_file() and ledger.read_bytes().count(b"\n") >= after):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < limit
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    before = ledger.read_bytes()
    whole = before[: before.rindex(b"\n") + 1]
    assert after <= whole.count(b"\n") < 4 * len(optimizers) * len(regularizers)
    assert not (directory / "summary.csv").exists()
    return whole


@pytest.mark.usefixtures("no_pictures")
def test_a_killed_search_of_one_arm_goes_on(found, classes, search_options, tmp_path):
    directory = tmp_path / "search"
    whole = killed_search(directory, ["momentum"], ["none"], after=1)
    options = {**search_options, "optimizers": ["momentum"], "regularizers": ["none"], "directory": directory}
    recipes.search(classes, **options)
    assert (directory / "trainings.jsonl").read_bytes().startswith(whole)
    assert same_records(trainings(directory), trainings(found.directory)[:4])


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_a_killed_search_goes_on_and_gives_the_same(found, classes, search_options, tmp_path):
    directory = tmp_path / "search"
    whole = killed_search(directory, search_options["optimizers"], search_options["regularizers"], after=6)
    ledger = directory / "trainings.jsonl"
    again = recipes.search(classes, directory=directory, **search_options)
    assert ledger.read_bytes().startswith(whole)
    assert same_records(trainings(directory), trainings(found.directory))
    for name in ("trials", "summary"):
        assert without_seconds(directory / f"{name}.csv") == without_seconds(found.directory / f"{name}.csv")
    for name in ("epochs.csv", "main_effects.csv", "verdict.txt"):
        assert (directory / name).read_bytes() == (found.directory / name).read_bytes()
    assert again.best == found.best
    assert again.best_seed == found.best_seed
    outputs = [keras.models.load_model(each / "best" / "model.keras") for each in (directory, found.directory)]
    x = classes.arrays("test")[0]
    assert np.array_equal(*(model.predict(x, verbose=0) for model in outputs))


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_an_interrupted_search_goes_on(found, classes, search_options, tmp_path, monkeypatch):
    from recipes.tuning.running import worker

    run, count = worker.Trainer.running, []

    def interrupted(self, **options):
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt
        return run(self, **options)

    options = {**search_options, "optimizers": ["momentum"], "regularizers": ["none"], "directory": tmp_path / "search"}
    with monkeypatch.context() as context:
        context.setattr(worker.Trainer, "running", interrupted)
        with pytest.raises(KeyboardInterrupt):
            recipes.search(classes, **options)
    assert len(trainings(tmp_path / "search")) == 2
    recipes.search(classes, **options)
    assert same_records(trainings(tmp_path / "search"), trainings(found.directory)[:4])
