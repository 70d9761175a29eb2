"""Private names of other objects are not used in the forms that the linter does not see, but in the doors to them."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import keras_recipes

ROOT = Path(__file__).parents[3]
FOLDERS = ("callbacks", "examples", "keras_recipes", "recipes", "scripts", "tests")
DOORS = {*ROOT.glob("callbacks/inside/*.py"), ROOT / "recipes/tuning/keras_tuner_inside.py"}
LIBRARIES = ("keras", "keras_tuner", "tensorflow")
BANNED = re.compile(r"^(keras\.src|keras_tuner\.src|tensorflow\.python)\b")
BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}


def is_private(node):
    """Whether this is a text that names something private: "_name", or "module._name"."""
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"([\w.]+\.)?_[a-z]\w*", node.value) is not None
    )


def is_own(node):
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def holds_attributes(node):
    """Whether this is ``vars(other)`` or ``other.__dict__``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "vars" and node.args:
        return not is_own(node.args[0])
    return isinstance(node, ast.Attribute) and node.attr == "__dict__" and not is_own(node.value)


def is_hidden(node):
    """Whether a private name of something else, or a private module, is used here by a text or an import."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[owner, *_]):
            return name in BY_NAME and not is_own(owner) and any(map(is_private, node.args[:2]))
        case ast.Subscript(value=owner, slice=key):
            return holds_attributes(owner) and is_private(key)
        case ast.Compare(left=key, comparators=owners):
            return is_private(key) and any(map(holds_attributes, owners))
        case ast.ImportFrom(names=names):
            return any(re.match("_[a-z]", alias.name) for alias in names)
        case ast.Constant(value=str(text)):
            return BANNED.match(text) is not None
    return False


def hidden(tree):
    """The lines of a module that use a private name of something else without an attribute that the linter sees."""
    return [node.lineno for node in ast.walk(tree) if is_hidden(node)]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('getattr(model, "_layers", None)', True),
        ('monkeypatch.setattr(module, "_function", None)', True),
        ('monkeypatch.setattr("module._function", None)', True),
        ('vars(layer)["_name"]', True),
        ('"_name" in vars(layer)', True),
        ('del layer.__dict__["_name"]', True),
        ("from .module import _function", True),
        ('importlib.import_module("keras.src.backend")', True),
        ('getattr(self, "_name"); self.__dict__["_name"]; vars(self)["_name"]', False),
        ('getattr(model, "__name__"); getattr(model, "name")', False),
    ],
)
def test_what_is_seen(code, found):
    assert bool(hidden(ast.parse(code))) is found


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_private_is_used_by_a_text(folder):
    files = set((ROOT / folder).rglob("*.py")) - DOORS - {Path(__file__)}
    lines = [f"{path}:{line}" for path in sorted(files) for line in hidden(ast.parse(path.read_text()))]
    assert files
    assert lines == []


def our_classes():
    for module in pkgutil.walk_packages(keras_recipes.__path__, "keras_recipes."):
        if "__main__" not in module.name:
            importlib.import_module(module.name)
    seen = [keras_recipes.recipes, keras_recipes.callbacks]
    for package in seen:
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if "__main__" not in info.name:
                for kind in vars(importlib.import_module(info.name)).values():
                    if isinstance(kind, type) and kind.__module__ == info.name:
                        yield kind


def private_names(kind):
    """The private attributes that a class sets or defines."""
    names = {name for name in vars(kind) if re.match("_[a-z]", name)}
    try:
        return names | set(re.findall(r"\bself\.(_[a-z]\w*)", inspect.getsource(kind)))
    except (OSError, TypeError):
        return names


def test_no_class_shares_a_private_name_with_what_it_inherits_from():
    """Whether it means to use the name or does not know of it."""
    shared, theirs = [], {}
    for kind in our_classes():
        for base in kind.__mro__:
            if base.__module__.partition(".")[0] in LIBRARIES and Path(inspect.getfile(kind)) not in DOORS:
                if base not in theirs:
                    theirs[base] = private_names(base)
                shared += [f"{kind.__name__}.{name}, of {base}" for name in private_names(kind) & theirs[base]]
    assert theirs
    assert shared == []
