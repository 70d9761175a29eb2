"""The ensemble of a search: its models are those of the final trainings, its scores hold, and it is exported."""

import json
import shutil

import numpy as np
import pytest
from scipy.stats import ttest_rel

import recipes
from recipes import InvalidArgument
from recipes.cli import main
from recipes.scoring import predictions
from recipes.tuning.ensembles.library import Models
from recipes.tuning.kept_weights import read_weights, weights_file
from recipes.tuning.ledger import read_records


@pytest.fixture(scope="module")
def ensemble(found, classes):
    return found.ensemble(classes)


def finals(directory):
    return [record for record in read_records(directory)[0].values() if record.stage == "confirm"]


def models_of(comparison, data):
    """The models of the final trainings on the data's own split by arm and seed."""
    models = Models(comparison.directory, comparison.settings)
    own = [record for record in finals(comparison.directory) if record.split == 0]
    return {(record.arm, record.seed): models.model(record, data) for record in own}


def test_models_are_made_again_as_they_were_scored(found, classes):
    y = classes.arrays("test")[1]
    models = models_of(found, classes)
    assert len(models) == 8
    for record in finals(found.directory):
        predicted = predictions(models[record.arm, record.seed], classes, "test")
        assert np.mean(predicted.argmax(axis=1) == y) == pytest.approx(record.test_score, abs=1e-6)
        assert -np.log(predicted[np.arange(len(y)), y]).mean() == pytest.approx(record.test_loss, rel=1e-4)
    assert not weights_file(found.directory, "adam+none/tune/0").is_file()


def test_it_is_the_weighted_average_of_its_members(ensemble, found, classes):
    models = models_of(found, classes)
    parts = [
        member.weight * predictions(models[member.arm, member.seed], classes, "test").astype("float64")
        for member in ensemble.members.itertuples()
    ]
    np.testing.assert_allclose(predictions(ensemble.model, classes, "test"), sum(parts), atol=1e-6)
    assert ensemble.members["weight"].sum() == pytest.approx(1)
    assert ensemble.library == 8
    assert len(parts) > 1


def test_scores_and_interval(ensemble, found, classes):
    y = classes.arrays("test")[1]
    alone = models_of(found, classes)[found.best_arm.name, found.best_seed]
    right = [predictions(model, classes, "test").argmax(axis=1) == y for model in (ensemble.model, alone)]
    assert (ensemble.score, ensemble.alone) == (right[0].mean(), right[1].mean())
    validated = predictions(ensemble.model, classes, "validation").argmax(axis=1) == classes.arrays("validation")[1]
    assert ensemble.validation_score == validated.mean()
    if (right[0] != right[1]).any():
        interval = ttest_rel(*np.array(right, float)).confidence_interval(0.95)
        assert ensemble.low <= interval.low  # with fewer degrees of freedom, since few examples differ
        assert ensemble.high >= interval.high
    assert f"of {len(ensemble.members)} of 8 trainings is {ensemble.word}: test accuracy" in ensemble.verdict
    assert f"of {found.best_arm.name} alone" in ensemble.verdict


def test_the_best_few(found, classes):
    few = found.ensemble(classes, select="best", size=2)
    scores = sorted((record.validation_score for record in finals(found.directory)), reverse=True)
    assert sorted(few.members["validation_score"], reverse=True) == scores[:2]
    assert list(few.members["weight"]) == [0.5, 0.5]


def test_one_member_is_its_model(found, classes):
    one = found.ensemble(classes, size=1, bags=1)
    ((arm, seed),) = one.members[["arm", "seed"]].to_numpy().tolist()
    alone = predictions(models_of(found, classes)[arm, seed], classes, "test")
    np.testing.assert_array_equal(predictions(one.model, classes, "test"), alone)


@pytest.mark.usefixtures("no_pictures")
def test_a_search_without_weights_is_refused_and_trains_again_what_lacks_them(found, classes, search_options, tmp_path):
    directory = tmp_path / "search"
    shutil.copytree(found.directory, directory)
    lost = "adam+none/confirm/1"
    weights_file(directory, lost).unlink()
    with pytest.raises(InvalidArgument, match=r"keep_weights=True \(1 of 8 final trainings have no weights: the same"):
        recipes.Comparison.load(directory).ensemble(classes)
    lines = (directory / "trainings.jsonl").read_text().splitlines()
    again = recipes.search(classes, directory=directory, **search_options)
    added = (directory / "trainings.jsonl").read_text().splitlines()[len(lines) :]
    assert [json.loads(line).get("key", "forgotten") for line in added] == ["forgotten", lost]
    like = [np.zeros(2**20)]
    for one, other in zip(*(read_weights(each, lost, like) for each in (directory, found.directory)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.table()["test_mean"].equals(found.table()["test_mean"])
    assert again.ensemble(classes).verdict == found.ensemble(classes).verdict


def test_damaged_and_foreign_weights_are_refused(found, classes, tmp_path):
    directory = tmp_path / "search"
    shutil.copytree(found.directory, directory)
    path = weights_file(directory, "adam+none/confirm/0")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InvalidArgument, match=r"undamaged search \(weights/adam\+none confirm 0.npz: "):
        recipes.Comparison.load(directory).ensemble(classes)
    np.savez_compressed(path, np.zeros(2**22))
    with pytest.raises(InvalidArgument, match=r"0.npz: arrays of 33,554,\d+ bytes; at most "):
        recipes.Comparison.load(directory).ensemble(classes)
    np.savez(path, np.zeros(3))
    with pytest.raises(InvalidArgument, match=r"the weights of adam\+none/confirm/0 are not of its model"):
        recipes.Comparison.load(directory).ensemble(classes)


def test_other_data_are_refused(found, binary):
    with pytest.raises(InvalidArgument, match="data must be those of the search"):
        found.ensemble(binary)


def test_the_command(found, ensemble, classes, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(recipes.Comparison, "data", lambda comparison, data_dir=None: classes)
    exported = []
    monkeypatch.setattr("recipes.serving.export.export", lambda *arguments: exported.append(arguments))
    with pytest.raises(SystemExit) as ended:
        main(["ensemble", str(found.directory), "--to", str(tmp_path / "served")])
    assert not ended.value.code
    output = capsys.readouterr().out
    assert ensemble.verdict in output.replace("\n", " ")
    assert output.count(", seed ") == len(ensemble.members)
    assert exported[0][0].verdict == ensemble.verdict


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_it_is_exported_through_the_gate_and_says_what_it_is(ensemble, classes, tmp_path):
    recipes.export(ensemble, tmp_path / "served")
    x = classes.arrays("test")[0]
    served = recipes.Predictor(tmp_path / "served")(x)
    assert len(served) == len(x)
    card = json.loads((tmp_path / "served" / "model_card.json").read_text())
    assert card["model"]["kind"] == "ensemble"
    assert [member["arm"] for member in card["members"]] == list(ensemble.members["arm"])
    assert "## Members" in (tmp_path / "served" / "model_card.md").read_text()


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("kind", ["binary", "regression", "classes"])
def test_repeats_with_splits_of_their_own(kind, request, tmp_path):
    data = request.getfixturevalue(kind)
    options = {"optimizers": ["momentum", "adam"], "regularizers": ["none", "l2"], "epochs": 2, "trials": 1}
    found = recipes.search(
        data, **options, repeats=3, resplit=True, keep_weights=True, directory=tmp_path / "search", verbose=0
    )
    models = Models(found.directory, found.settings)
    for record in finals(found.directory):
        divided = data.resplit(record.split) if record.split else data
        y = divided.arrays("test")[1]
        predicted = predictions(models.model(record, divided), divided, "test")
        if kind == "regression":
            scored = np.sqrt(np.mean((predicted[:, 0] - y) ** 2))
        else:
            scored = np.mean((predicted[:, 0] > 0.5 if kind == "binary" else predicted.argmax(axis=1)) == y)
        assert scored == pytest.approx(record.test_score, rel=1e-4)
    ensemble = found.ensemble(data)
    assert ensemble.splits == 3
    assert ensemble.library == 4
    alone = [record.test_score for record in finals(found.directory) if record.arm == found.best_arm.name]
    assert ensemble.alone == pytest.approx(np.mean(alone), rel=1e-5)
    assert ensemble.low < ensemble.score - ensemble.alone < ensemble.high


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_models_of_ones_own(classes, tmp_path):
    import keras

    def logits():
        layers = [keras.layers.Rescaling(0.01), keras.layers.Dense(8, "relu"), keras.layers.Dense(3)]
        model = keras.Sequential([keras.Input((4,)), *layers])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        return model

    found = recipes.compare(
        {"logits": logits, "default": recipes.Recipe(model={"name": "mlp", "hidden": (8,)})},
        classes,
        epochs=2,
        trials=1,
        repeats=2,
        resplit=False,
        keep_weights=True,
        directory=tmp_path / "search",
        verbose=0,
    )
    ensemble = found.ensemble(classes, select="best", size=4)
    assert set(ensemble.members["arm"]) == {"logits", "default"}
    np.testing.assert_allclose(predictions(ensemble.model, classes, "test").sum(axis=1), 1, atol=1e-5)
    for record in finals(found.directory):
        row = ensemble.members.query("arm == @record.arm and seed == @record.seed")
        assert row["test_score"].item() == pytest.approx(record.test_score, abs=1e-6)
