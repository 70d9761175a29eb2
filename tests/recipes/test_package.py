import ast
import importlib
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

import keras_recipes
import recipes
from recipes.catalogue import Lookup
from recipes.catalogues import catalogues

ROOT = Path(recipes.__file__).resolve().parents[1]
HEAVY = ("keras_tuner", "tensorflow_datasets", "pandas", "matplotlib", "scipy", "sklearn", "typer", "rich", "jinja2")


def test_every_public_name_resolves():
    for name in recipes.__all__:
        assert getattr(recipes, name) is not None
        assert name in dir(recipes)
    assert recipes.LRFinder is importlib.import_module("callbacks").LRFinder
    assert recipes.RAdam is recipes.optimizers.RAdam
    with pytest.raises(ImportError, match="cannot import name 'Nonsense'"):
        from recipes import Nonsense  # noqa: F401
    with pytest.raises(AttributeError, match="has no attribute 'serch'"):
        _ = recipes.serch


@pytest.mark.thorough
def test_importing_costs_little(python):
    source = f"""
import sys
import recipes
print([name for name in {(*HEAVY, "tensorflow")} if name in sys.modules])
import keras
before = set(sys.modules)  # Keras itself imports pandas and more where they are installed
recipes.Recipe, recipes.mlp, recipes.cnn, recipes.Momentum, recipes.fit, recipes.export
print([name for name in {HEAVY} if name in sys.modules and name not in before])
recipes.search, recipes.Comparison
print([name for name in ("keras_tuner", "tensorflow_datasets") if name in sys.modules])
"""
    assert python(source).split("\n")[:3] == ["[]", "[]", "[]"]


def test_importtime_shows_no_heavy_library():
    for module, heavy in (("recipes", {*HEAVY, "tensorflow"}), ("recipes.cli", {"keras", "tensorflow"})):
        command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0
        imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
        assert "recipes" in imported
        assert not imported & heavy, module


@pytest.mark.parametrize("kind", ["callbacks.py recipes", "callbacks.py", "callbacks", "recipes"])
@pytest.mark.ordinarily("callbacks.py recipes")
def test_a_strangers_files_of_the_same_names(tmp_path, python, kind):
    for name in {"recipes", "callbacks"} & set(kind.split()):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("mine = True\n")
    if "callbacks.py" in kind:
        (tmp_path / "callbacks.py").write_text("mine = True\n")
    source = f"""
import sys
sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]
import keras_recipes, recipes, callbacks
print(getattr(recipes, "mine", False), getattr(callbacks, "mine", False))
print(keras_recipes.Recipe(optimizer="adam").optimizer, keras_recipes.callbacks.OneCycle.__name__)
"""
    mine = [name.removesuffix(".py") for name in kind.split()]
    expected = f"{'recipes' in mine} {'callbacks' in mine}\nadam OneCycle\n"
    assert python(source, cwd=tmp_path) == expected


@pytest.mark.parametrize(
    "first",
    [
        "import recipes",
        pytest.param("import recipes.models", marks=pytest.mark.thorough),
        pytest.param("import keras_recipes; keras_recipes.mlp; import recipes", marks=pytest.mark.thorough),
    ],
)
def test_a_module_does_not_replace_a_function_of_its_name(python, first):
    source = f"""
{first}
from recipes.models.mlp import mlp
import recipes.models.cnn
print(callable(recipes.mlp), callable(recipes.models.mlp), recipes.models.cnn is recipes.cnn, recipes.mlp is mlp)
"""
    assert python(source) == "True True True True\n"


def test_short_names_are_the_same_modules():
    full = importlib.import_module("keras_recipes.recipes.tuning.search")
    assert importlib.import_module("recipes.tuning.search") is full
    assert full.__name__ == full.__spec__.name == "keras_recipes.recipes.tuning.search"
    assert recipes is keras_recipes.recipes
    assert pickle.loads(pickle.dumps(recipes.Recipe)) is keras_recipes.Recipe
    with pytest.raises(ModuleNotFoundError, match=r"recipes\.nothing"):
        importlib.import_module("recipes.nothing")
    with pytest.raises(ImportError):
        importlib.import_module("keras_recipes.numpy")


def test_catalogues():
    found = catalogues()
    assert list(found) == [
        *("presets", "models", "architectures", "optimizers", "regularizers", "transformations", "schedules"),
        *("initializers", "activations", "normalizations", "losses", "precisions", "metrics", "datasets"),
        *("callbacks", "methods", "refits", "rules", "designs", "tunings", "prunings", "formats"),
    ]
    for kind, catalogue in found.items():
        assert isinstance(catalogue, Lookup)
        assert kind in (catalogue.kind + "s", catalogue.kind + "es")
        assert len(catalogue)
        for name, entry in catalogue.items():
            assert name == entry.name == name.lower()
            assert entry.summary.endswith(".")
            assert "\n" not in entry.summary
            assert entry.source


def test_nothing_inside_is_found_by_a_short_name():
    """Which a stranger's file may have: no import, and no string that is the name of a module of ours."""
    for path in (*ROOT.glob("recipes/**/*.py"), *ROOT.glob("callbacks/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [f"{node.module}."]
            short = [name for name in names if re.fullmatch(r"(recipes|callbacks)(\.[a-z_]*)+", name)]
            assert not short, f"{path}, line {node.lineno}: {short}"
