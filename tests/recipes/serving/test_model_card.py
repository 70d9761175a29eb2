import dataclasses
import json
from pathlib import Path

import keras
import pytest
import scipy.stats

from recipes.serving.model_card import as_markdown, escaped, model_card


@pytest.fixture(scope="module")
def card(exported):
    return json.loads(Path(exported, "model_card.json").read_text())


def test_the_facts(card, digits_run):
    data, test = digits_run.data, card["scores"]["test"]
    assert card["data"]["fingerprints"] == data.fingerprints
    assert card["data"]["counts"] == data.settings["counts"]
    assert card["training"]["recipe"] == json.loads(digits_run.recipe.to_json())
    assert (card["training"]["seed"], card["training"]["epochs"]) == (0, 1)
    assert card["model"]["parameters"] == digits_run.model.count_params()
    assert card["versions"]["training"]["keras"] == card["versions"]["export"]["keras"]
    assert card["files"] == {"1": "agrees with the trained model"}
    score = digits_run.evaluate()["accuracy"]
    count = len(data.arrays("test")[1])
    expected = scipy.stats.binomtest(round(score * count), count).proportion_ci(method="wilson")
    assert test["accuracy"]["score"] == score
    assert (test["accuracy"]["low"], test["accuracy"]["high"]) == pytest.approx(tuple(expected), abs=1e-6)
    assert "low" not in test["loss"]


def test_the_markdown_says_the_same(card, exported):
    text = Path(exported, "model_card.md").read_text()
    assert text == as_markdown(card)
    accuracy = card["scores"]["test"]["accuracy"]
    assert f"| test | accuracy | {accuracy['score']:.4g} | {accuracy['low']:.4g} to {accuracy['high']:.4g} |" in text
    for fact in (card["data"]["fingerprints"]["train"], f"{card['model']['parameters']:,}", "seed: 0"):
        assert fact in text
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        *("# Model card: digits", "## Scores", "## Limits", "## Model", "## Data", "## Training", "## Files"),
        "## Versions",
    ]


def test_names_of_users_are_text(card):
    strange = "a|b *c* <script> [x](y) `d`\n# e"
    text = as_markdown({**card, "data": {**card["data"], "name": strange, "note": strange}})
    lines = [line for line in text.splitlines() if "script" in line]
    assert len(lines) == 2
    assert all(r"a\|b \*c\* \<script\> \[x\](y) \`d\` \# e" in line for line in lines)
    assert escaped("plain, text: 1.5 (2)") == "plain, text: 1.5 (2)"


def test_statistics_of_batch_norm_are_no_trainable_parameters(digits_run, card):
    model = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    counted = model_card(dataclasses.replace(digits_run.to_saved(), model=model), card)["model"]
    assert (counted["parameters"], counted["trainable_parameters"]) == (11, 7)


def test_limits_name_what_is_scarce(digits_run, card):
    saved = digits_run.to_saved()
    shares = (0.01, *[0.99 / 9] * 9)
    rare = dataclasses.replace(saved, spec=dataclasses.replace(saved.spec, class_shares=shares))
    limits = model_card(rare, {**card, "checked": {"formats": {"litert_int8": {"changed": 0.0123}}}})["limits"]
    count = round(0.01 * digits_run.data.settings["counts"]["train"])
    assert f"Classes with fewer than 50 training examples: 0 ({count})." in limits
    assert "The int8 file rounds: 1.23% of its answers to the examples of the check are others." in limits
    plain = "The test accuracy is not above that of always the most frequent answer by more than noise."
    chance = {"test": {"accuracy": 0.11, "base_rate": 0.1}, "intervals": {"accuracy": [0.08, 0.14]}}
    poor = dataclasses.replace(saved, facts={**saved.facts, **chance})
    assert plain not in limits
    assert plain in model_card(poor, card)["limits"]
