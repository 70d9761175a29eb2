"""model_card: what a reader of an export has to know about its model, as JSON and as Markdown."""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..environment import hardware, versions
from ..saved_run import SavedRun, recipe_text
from ..score_intervals import CONFIDENCE, is_not_above_base_rate

__all__ = ["as_markdown", "escaped", "model_card"]

FEW = 50
"""Classes with fewer training examples are named among the limits."""

MOST = 20
"""How many names a line of the Markdown has at most."""


def model_card(trained: SavedRun, exported: Mapping[str, Any]) -> dict[str, Any]:
    """The facts on an exported model, for JSON.

    Args:
        trained: the model with the facts of its training.
        exported: "files", "checked" and "refused", as in ``export.json``.

    Returns:
        "model", "data", "members" (of an ensemble), "training", "scores", "confidence", "files", "checked", "refused",
        "compared" (with the model now served), "limits", "versions", "hardware", "date".

    Source: Mitchell et al. 2019, "Model cards for model reporting".

    Example:
        >>> model_card(read_run("runs/digits"), facts)["scores"]["test"]             # doctest: +SKIP
        {'accuracy': {'score': 0.96, 'low': 0.94, 'high': 0.98}, 'loss': {'score': 0.13}}
    """
    spec, facts = trained.spec, trained.facts
    recipe = None if trained.recipe is None else json.loads(recipe_text(trained.recipe))
    members = facts.get("members")
    kind = "ensemble" if members else "trained elsewhere" if recipe is None else recipe["model"]
    names = [feature.name for feature in spec.features] if spec.record else list(spec.feature_names)
    own = ("epochs", "best_epoch", "seed", "seconds", "remark", "attempts")
    return {
        "model": {
            "kind": kind,
            "task": spec.task,
            "inputs": spec.kind,
            "columns": names,
            "class_names": list(spec.class_names),
            "outputs": spec.outputs,
            "parameters": trained.model.count_params(),
            "trainable_parameters": sum(math.prod(weight.shape) for weight in trained.model.trainable_weights),
        },
        "data": {**facts["data"], "fingerprints": facts.get("fingerprints", {})},
        "members": members,
        "training": None if recipe is None else {"recipe": recipe, **{key: facts.get(key) for key in own}},
        "scores": {
            split: _scores(facts[split], facts.get("intervals", {}) if split == "test" else {})
            for split in ("test", "validation")
            if split in facts
        },
        "confidence": CONFIDENCE,
        "files": exported["files"],
        "checked": exported["checked"],
        "refused": exported["refused"],
        "compared": exported.get("compared"),
        "limits": _limits(trained, exported),
        "versions": {"training": facts.get("versions"), "export": versions()},
        "hardware": hardware(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _scores(scores: Mapping[str, float], intervals: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    return {
        name: {"score": value, **dict(zip(("low", "high"), intervals.get(name, ()), strict=False))}
        for name, value in scores.items()
    }


def _limits(trained: SavedRun, exported: Mapping[str, Any]) -> list[str]:
    """Sentences on what was not measured, and on what the model refuses."""
    spec, settings = trained.spec, trained.facts["data"]
    counts = settings.get("counts", {})
    limits = [f"The scores are of {counts.get('test', 'some')} test examples, {_how_split(settings)}."]
    limits.append("Nothing was measured on other data, on parts of the data, or over time.")
    if is_not_above_base_rate(trained.facts.get("test", {}), trained.facts.get("intervals", {})):
        limits.append("The test accuracy is not above that of always the most frequent answer by more than noise.")
    if spec.class_shares and counts.get("train"):
        few = [
            f"{name} ({round(share * counts['train'])})"
            for name, share in zip(spec.class_names, spec.class_shares, strict=True)
            if share * counts["train"] < FEW
        ]
        if few:
            limits.append(f"Classes with fewer than {FEW} training examples: {_listed(few)}.")
    if spec.input_max is not None:
        limits.append(f"Trained on pixel values from {spec.input_min or 0:g} to {spec.input_max:g}.")
    columns = spec.features if spec.record else ()
    whole = [feature.name for feature in columns if feature.missing is None and feature.kind in ("number", "date")]
    whole += [name for place, name in enumerate(spec.feature_names) if place not in spec.input_missing]
    if whole:
        limits.append(f"A missing value is refused, since training had none, in: {_listed(whole)}.")
    changed = exported["checked"].get("formats", {}).get("litert_int8", {}).get("changed")
    if changed is not None:
        limits.append(f"The int8 file rounds: {changed:.2%} of its answers to the examples of the check are others.")
    if trained.facts.get("seed") is not None:
        limits.append("One training with one seed; another seed gives another model, whose scores differ.")
    return limits


def _how_split(settings: Mapping[str, Any]) -> str:
    if settings.get("test") == "given":
        return "which were given"
    if settings.get("time"):
        return f"the latest by {settings['time']}"
    if settings.get("groups"):
        return f"of groups of {settings['groups']} that training has not seen"
    return "held out at random"


def as_markdown(card: Mapping[str, Any]) -> str:
    """A model card as Markdown. Names and values of users are escaped.

    Args:
        card: what :func:`model_card` returns.
    """
    model, data, training = card["model"], card["data"], card["training"]
    what = f"{model['task']}, from {model['inputs']} inputs"
    lines = [f"# Model card: {escaped(data['name'])}", "", f"{what}; exported {card['date']}.", "", "## Scores", ""]
    lines += _table(
        ("split", "score", "value", f"{card['confidence']:.0%} interval"),
        (
            (split, name.replace("_", " "), f"{found['score']:.4g}", _interval(found))
            for split, scores in card["scores"].items()
            for name, found in scores.items()
        ),
    )
    lines += [
        "",
        "The intervals hold the noise of the test examples, not that of another training.",
        "",
        "## Limits",
        "",
    ]
    lines += [f"- {escaped(limit)}" for limit in card["limits"]]
    lines += ["", "## Model", ""]
    lines += _facts(
        {
            "kind": model["kind"] if isinstance(model["kind"], str) else json.dumps(model["kind"]),
            "parameters": f"{model['parameters']:,}, of which {model['trainable_parameters']:,} are trainable",
            "classes": _listed(model["class_names"]),
            "columns": _listed(model["columns"]),
        }
    )
    lines += ["", "## Data", ""]
    plain = {key: value for key, value in data.items() if key not in ("name", "fingerprints", "counts")}
    counted = {f"{split} examples": f"{count:,}" for split, count in data.get("counts", {}).items()}
    prints = {f"fingerprint of {split}": value for split, value in data["fingerprints"].items()}
    lines += _facts({**counted, **prints, **{key: _value(value) for key, value in plain.items()}})
    if card.get("members"):
        lines += ["", "## Members", "", "Trainings of a search; weights were chosen on the validation split.", ""]
        heading = ("arm", "seed", "weight")
        lines += _table(heading, ([member[key] for key in heading] for member in card["members"]))
    if training is not None:
        lines += ["", "## Training", ""]
        recipe = {name: _value(value) for name, value in training["recipe"].items()}
        others = {
            name: _value(value) for name, value in training.items() if name != "recipe" and value not in (None, [])
        }
        lines += _facts({**recipe, **others})
    lines += ["", "## Files", ""]
    lines += _facts({**card["files"], **{f"{name} (refused)": reason for name, reason in card["refused"].items()}})
    worst = card["checked"]["largest_difference"]
    found = ", ".join(f"{door} {difference:.1e}" for door, difference in worst.items())
    lines += [
        "",
        f"Checked on {card['checked']['examples']} test examples. Largest differences from the trained model,",
    ]
    lines += [f"in standard deviations of the output: {escaped(found)}.", "", "## Versions", ""]
    lines += _facts(card["versions"]["training"] or card["versions"]["export"])
    return "\n".join(lines) + "\n"


def escaped(text: Any) -> str:
    """Text that Markdown shows as it is, in a line and within a cell of a table.

    Example:
        >>> print(escaped("a|b *c*"))
        a\\|b \\*c\\*
    """
    return re.sub(r"([\\`*_{}\[\]<>#|~!&])", r"\\\1", " ".join(str(text).split()))


def _interval(found: Mapping[str, float]) -> str:
    return f"{found['low']:.4g} to {found['high']:.4g}" if "low" in found else ""


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")


def _facts(facts: Mapping[str, str]) -> list[str]:
    return [f"- {escaped(name)}: {escaped(value)}" for name, value in facts.items() if value not in ("", "null")]


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    heading = list(heading)
    lines = [heading, ["---"] * len(heading), *([escaped(cell) for cell in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]
