"""The generated pages of the site: a card for each technique of the catalogues, and the reference of public names."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

from recipes.catalogues import KINDS, catalogue_of
from recipes.optimizers.capabilities import columns
from scripts.guide.evidence import evidence_of

__all__ = ["cards_page", "kinds_page", "reference_page"]

CARD = """    options:
      heading_level: 4
      show_root_heading: false
      show_root_toc_entry: false
      members: false
    skip_local_inventory: true
"""
"""How the docstring of a choice is shown within its card."""


def full_name(thing: Any) -> str | None:
    """Where the class or function is defined, if it is public and of this package."""
    module, name = getattr(thing, "__module__", None) or "", getattr(thing, "__qualname__", "_")
    ours = module.startswith("keras_recipes.") and "<" not in name and not name.startswith("_")
    return f"{module}.{name}" if ours and inspect.getdoc(thing) else None


def documented(entry: Any) -> str | None:
    """What documents an entry: what it builds or, of an architecture or a loss, the function itself."""
    factory = getattr(entry, "factory", None)
    return None if factory is None else full_name(factory)


def values_to_try(entry: Any) -> str:
    """The tunable options of a choice with their ranges, as a table; empty if it has none."""
    if not entry.hyperparameters:
        return ""
    lines = ["| values to try | from | to | scale | default | tuned by itself |", "|---|---|---|---|---|---|"]
    for option in entry.hyperparameters:
        default = "by the problem" if option.default is None else f"{option.default:g}"
        scale, tuned = "logarithmic" if option.log else "linear", "yes" if option.by_default else "where asked for"
        lines.append(f"| `{option.name}` | {option.low:g} | {option.high:g} | {scale} | {default} | {tuned} |")
    return "\n".join(lines)


def card(plural: str, entry: Any, own_docstring: bool) -> str:
    """The card of one choice.

    Args:
        plural: its kind.
        entry: of the catalogue.
        own_docstring: whether the docstring of what it builds is about this choice alone.
    """
    facts = [f"*Source:* {entry.source}."]
    if plural == "optimizers":
        memory = columns(entry)
        live = ", which schedules can move" if memory["momentum"] else ""
        facts.append(f"*Memory:* {memory['memory']} that of the weights{live and '; a momentum' + live}.")
    when = f"**When to use it.** {entry.when}" if entry.when else ""
    parts = [f"## `{entry.name}`", entry.summary, when, " ".join(facts), values_to_try(entry)]
    measured = evidence_of(plural, entry.name)
    if measured:
        parts.append("**Measured here**\n\n" + measured)
    path = documented(entry) if own_docstring else None
    if path:
        parts.append(f"**In detail:** `{path.rpartition('.')[2]}`\n\n::: {path}\n{CARD}")
    return "\n\n".join(part for part in parts if part)


def cards_page(plural: str) -> str:
    """The page of a kind: a card for each choice.

    Args:
        plural: as in ``recipes.catalogues.KINDS``.
    """
    entries = list(catalogue_of(plural).values())
    paths = [documented(entry) for entry in entries]
    cards = [card(plural, entry, paths.count(path) == 1) for entry, path in zip(entries, paths, strict=True)]
    summary = re.sub(r"[\w.]+\(.*\)", r"`\g<0>`", KINDS[plural].summary)
    title = f"# {plural.capitalize()}\n\n{summary}"
    return "\n\n".join([title, *cards]) + "\n"


def kinds_page() -> str:
    """The page of all kinds."""
    lines = [
        "# Cards",
        "A card for each technique: what it is, when to use it and when not, values to try, cost, source, what was "
        "measured here, and its documentation. These pages are generated from catalogues, docstrings and `results/`; "
        "`recipes list` shows the same in a terminal, `recipes list KIND NAME` one of them.",
        "| kind | choices | what |\n|---|---|---|",
    ]
    rows = [f"| [{name}]({name}.md) | {len(catalogue_of(name))} | {kind.summary} |" for name, kind in KINDS.items()]
    return "\n\n".join(lines) + "\n" + "\n".join(rows) + "\n"


def reference_page(half: str) -> str:
    """The reference of the public names of ``recipes`` or ``callbacks``."""
    package = importlib.import_module(half)
    others = importlib.import_module("callbacks").__all__ if half == "recipes" else ()
    names = sorted(name for name in package.__all__ if not name.startswith("_") and name not in others)
    things = {name: getattr(package, name) for name in names}
    paths = [full_name(thing) for thing in things.values()]
    missing = [name for name, path in zip(things, paths, strict=True) if path is None]
    if missing:
        raise ValueError(f"public names of {half} without a docstring: {', '.join(missing)}")
    text = f"# {half}\n\nThe public names of `{half}`, from their docstrings.\n\n"
    return text + "\n\n".join(f"::: {path}" for path in paths) + "\n"
