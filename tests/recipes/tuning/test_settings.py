"""settings.json: what a search is, also as earlier versions wrote it."""

import json

import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.stored.json_files import unsealed
from recipes.tuning.comparison import Comparison
from recipes.tuning.settings import plan_in, read_settings, settings_in


def as_version_0_1_wrote_it(directory):
    """Changes the settings in a directory to those of before; returns them."""
    path = directory / "settings.json"
    settings = read_settings(directory)
    settings["recipe"]["regularization"] = settings["recipe"].pop("regularizer")
    path.write_text(json.dumps(settings, indent=2) + "\n")
    return settings


@pytest.fixture
def copied(found, tmp_path):
    """The settings and trainings of a finished search, alone in a directory."""
    for name in ("settings.json", "trainings.jsonl"):
        (tmp_path / name).write_bytes((found.directory / name).read_bytes())
    return tmp_path


def test_a_search_of_the_version_before_is_the_same_search(copied, classes, search_options, monkeypatch):
    from recipes.report import page, plots

    monkeypatch.setattr(plots, "save_plots", lambda *arguments: [])
    monkeypatch.setattr(page, "write_page", lambda *arguments: None)
    before, lines = as_version_0_1_wrote_it(copied), (copied / "trainings.jsonl").read_bytes()
    (copied / "best").mkdir()  # nothing is to be trained again
    again = recipes.search(classes, directory=copied, **{**search_options, "keep_weights": False})
    assert (copied / "trainings.jsonl").read_bytes() == lines
    assert json.loads((copied / "settings.json").read_text()) == before
    assert again.settings["recipe"] != before["recipe"]
    with pytest.raises(InvalidArgument, match=r"recipe\.\w+="):
        recipes.search(classes, directory=copied, **{**search_options, "recipe": recipes.Recipe()})


def test_it_is_read_as_this_version_writes_it(copied):
    now = read_settings(copied)
    as_version_0_1_wrote_it(copied)
    assert read_settings(copied) == settings_in(copied) == now


def test_a_search_from_before_margins_is_the_same_search(copied):
    path = copied / "settings.json"
    settings = read_settings(copied)
    del settings["margin"]
    path.write_text(json.dumps(settings))
    assert plan_in(settings_in(copied)).protocol.margin is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trials": "many"}, r"undamaged search \(settings.json: trials must be an integer"),
        ({"direction": "up"}, r"undamaged search \(settings.json: direction must be one of"),
        ({"factors": {"optimizers": ["adm"], "regularizers": ["none"]}}, r"settings.json: .*did you mean 'adam'"),
        ([1], r"undamaged search \(settings.json: the content must be an object. "),
        ({"factors": ["adam"]}, r"undamaged search \(settings.json: factors must be an object"),
        (
            {"factors": {"optimizers": ["a\x1b[2J"]}},
            r"factors.optimizers\[0\] must be a string of 1 to 2,000 characters",
        ),
        ({"default_arm": "lion+none"}, r"settings.json: default_arm must be one of momentum\+none"),
        ({"direction": "min"}, r"settings.json: direction must be 'max' for accuracy"),
        ({"trials": 10**6}, r"settings.json: trials must be so few that at most 100,000 trainings are needed"),
        ({"repeats": 10**6}, r"settings.json: repeats must be so few that at most 100,000 trainings are needed"),
        ({"overlap": 0.0}, r"settings.json: overlap must be a number >= 1e-09"),
        ({"data": {}}, r"settings.json: data.counts must be given"),
        ({"colour": "red"}, r"settings.json: colour must be left out"),
    ],
)
def test_damaged_settings_are_refused_in_one_line(copied, change, message):
    settings = read_settings(copied) | change if isinstance(change, dict) else change
    (copied / "settings.json").write_text(json.dumps(settings))
    with pytest.raises(InvalidArgument, match=message):
        settings_in(copied)


@pytest.mark.parametrize(
    "facts",
    ["3", "{", '{"default_arm": "adam+none"}', '{"metric": "auc"}', '{"command": 3}', '{"versions": []}', "\udcff"],
)
def test_facts_about_a_search_replace_none_of_its_settings(copied, facts):
    (copied / "environment.json").write_bytes(facts.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidArgument, match=r"that of an undamaged search \(environment.json: ") as refused:
        Comparison.load(copied)
    assert "\n" not in str(refused.value)


def test_eight_gibibytes_are_refused_at_once(copied):
    with open(copied / "settings.json", "wb") as file:
        file.truncate(8 * 2**30)  # sparse
    with pytest.raises(InvalidArgument, match=r"undamaged search \(settings.json: it has 8,589,934,592 bytes"):
        Comparison.load(copied)


def test_scores_that_no_metric_has_are_refused_by_line(copied):
    lines = (copied / "trainings.jsonl").read_text().splitlines()
    record = unsealed(json.loads(lines[3])) | {"validation_score": 5.0}
    (copied / "trainings.jsonl").write_text("\n".join([*lines[:3], json.dumps(record), *lines[4:], ""]))
    message = (
        r"trainings.jsonl, line 4: validation_score must be a number >= 0 and <= 1. Received: validation_score=5.0"
    )
    with pytest.raises(InvalidArgument, match=message):
        Comparison.load(copied)


@pytest.mark.parametrize("name", ["plots", "summary.csv", "workers"])
def test_nothing_is_written_by_a_link_in_a_received_search(copied, tmp_path_factory, name):
    victim = tmp_path_factory.mktemp("victim")
    (copied / name).symlink_to(victim)
    comparison = Comparison.load(copied)
    for write in (comparison.write, comparison.write_tables, comparison.report):
        with pytest.raises(InvalidArgument, match=rf"directory must be one without symbolic links \('{name}' is one\)"):
            write()
    assert not list(victim.iterdir())
