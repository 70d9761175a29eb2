"""Searches over batch sizes and options: each arm trains as `recipes.fit` does with them."""

import pytest

import recipes
from recipes.tuning.comparison import Comparison
from recipes.tuning.designs import arms_of
from recipes.tuning.plan import Training
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.runner import Job
from recipes.tuning.running.worker import Worker

FACTORS = {"batch_size": [8, 32], "model.hidden": [(4,), (8, 4)]}


@pytest.mark.thorough
def test_an_arm_trains_as_fit_does(classes, tiny):
    base = tiny(model="mlp", regularizer="none")
    worker = Worker(Assignment.of(classes, base, Protocol(epochs=1)))
    scores = []
    for arm in arms_of(base, FACTORS)[1:3]:
        record = worker.run(Job(Training(arm, "confirm", 0, seed=3), {"learning_rate": 0.05}))
        assert record.status == "finished", record.message
        hidden = {"(4,)": (4,), "(8, 4)": (8, 4)}[arm.choices["model.hidden"]]
        recipe = tiny(model={"name": "mlp", "hidden": hidden}, regularizer="none")
        size = int(arm.choices["batch_size"])
        run = recipes.fit(classes, recipe, epochs=1, seed=3, batch_size=size, verbose=0)
        assert record.validation_loss == pytest.approx(run.evaluate("validation")["loss"], rel=1e-5)
        scores.append(record.validation_loss)
    assert scores[0] != scores[1]


@pytest.mark.thorough
def test_a_search_over_settings(classes, tiny, tmp_path):
    options = {"optimizers": ["adam"], "regularizers": ["none"], "factors": FACTORS, "recipe": tiny(model="mlp")}
    options |= {"trials": 1, "repeats": 3, "epochs": 1, "tunings": "once", "directory": tmp_path / "search"}
    found = recipes.search(classes, **options, verbose=0)
    table = found.table()
    assert len(table) == 4
    assert set(table["model.hidden"]) == {"(4,)", "(8, 4)"}
    effects = found.results.main_effects
    assert set(effects["factor"]) == {"optimizer", "regularizer", *FACTORS}
    assert any(sentence.startswith("Batch size, on average and against 8") for sentence in found.verdict)
    assert found.best_batch_size == int(table.loc[table["chosen"] != "no", "batch_size"].iloc[0])
    assert (
        found.best.model["hidden"]
        == {"(4,)": (4,), "(8, 4)": (8, 4)}[table.loc[table["chosen"] != "no", "model.hidden"].iloc[0]]
    )
    assert (found.directory / "best" / "export.json").is_file()
    again = Comparison.load(found.directory)
    assert again.verdict == found.verdict
    assert "batch size" in (found.directory / "report.html").read_text()
    more = {**options, "factors": "batch_size=8/32/16,model.hidden=(4,)/(8,4)"}
    with_workers = recipes.search(classes, **more, workers=2, verbose=0)
    assert len(with_workers.table()) == 6
    lines = (found.directory / "trainings.jsonl").read_text().splitlines()
    assert len(lines) == 6 * 4
