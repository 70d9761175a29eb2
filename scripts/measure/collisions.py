"""Name collisions: a user's ``callbacks.py``, folder ``callbacks/`` or folder ``recipes/`` beside the script, or all.

Each case runs with a normal and an editable installation, in new environments that borrow the libraries of the running
one. In every case ``keras_recipes`` must import, train, search in two processes and run on the command line, and the
user's imports must find the user's files. Under the short name of a folder without an ``__init__.py`` Python finds this
package if it is installed normally, and the folder if the installation is editable.

    .venv/bin/python scripts/measure/collisions.py            # prints one line per case; exits with 1 if one fails
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "nothing": (),
    "callbacks.py": ("callbacks.py",),
    "callbacks/": ("callbacks/__init__.py",),
    "recipes/": ("recipes/__init__.py",),
    "all": ("callbacks/__init__.py", "callbacks.py", "recipes/__init__.py"),
    "without __init__.py": ("callbacks/notes.py", "recipes/notes.py"),
}
SCRIPT = """
import importlib, sys

def main():
    import keras_recipes
    import numpy as np

    mine = [name for name in sys.argv[1].split(",") if name]
    for name in ("recipes", "callbacks"):
        module = importlib.import_module(name)
        if name in mine:
            assert module.mine, name
        else:
            namespace = module.__spec__.origin is None  # a folder of the user's without an __init__.py
            assert namespace or module is getattr(keras_recipes, name), (name, module)
    assert keras_recipes.Recipe is keras_recipes.recipes.Recipe
    assert keras_recipes.callbacks.OneCycle(0.1).peak == 0.1
    x = np.random.default_rng(0).normal(size=(120, 4)).astype("float32")
    data = keras_recipes.Data.from_arrays(x, (x[:, 0] > 0).astype(int), batch_size=16, name="signs")
    recipe = keras_recipes.Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05)
    keras_recipes.fit(data, recipe, epochs=1, verbose=0)
    options = {"optimizers": ["adam"], "regularizers": ["none"], "epochs": 1, "trials": 1, "repeats": 2, "verbose": 0}
    comparison = keras_recipes.search(data, recipe=recipe, workers=2, directory="search", **options)
    assert len(comparison.table()) == 1

if __name__ == "__main__":  # worker processes import the script
    main()
"""


def environment(folder: Path, how: str) -> Path:
    """Makes a virtual environment with this package and the libraries of the running one; returns its ``bin``."""
    venv.create(folder, with_pip=False)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    libraries = folder / "libraries"  # of the running environment, without this package
    libraries.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if (
            not path.name.lower()
            .replace("-", "_")
            .startswith(("keras_training_recipes", "__editable__", "_keras_train"))
        ):
            (libraries / path.name).symlink_to(path)
    (site / "libraries.pth").write_text(f"{libraries}\n")
    source = folder / "source"  # a copy, since building writes into it
    shutil.copytree(
        ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "*.egg-info", "results", "docs", "tests")
    )
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, *(["-e"] if how == "editable" else []), str(source)], check=True)
    return folder / "bin"


def check(bin_folder: Path, folder: Path, kind: str) -> str:
    """Runs one case; returns the error, or an empty text."""
    folder.mkdir()
    for name in KINDS[kind]:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("mine = True\n")
    (folder / "script.py").write_text(SCRIPT)
    mine = {name.split("/")[0].removesuffix(".py") for name in KINDS[kind] if not name.endswith("notes.py")}
    for command in (
        ["python", "script.py", ",".join(sorted(mine))],
        ["recipes", "list", "models"],
        ["python", "-m", "keras_recipes", "list", "models"],
    ):
        settings = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        settings.pop("PYTHONPATH", None)
        done = subprocess.run(
            [str(bin_folder / command[0]), *command[1:]],
            cwd=folder,
            env=settings,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or (command[-1] == "models" and "resnet" not in done.stdout):
            return f"{' '.join(command)}: {(done.stderr or done.stdout).strip().splitlines()[-1]}"
    return ""


def main() -> int:
    """Runs all cases; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", choices=KINDS, action="append", help="a kind of collision; default: all")
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for how in ("normal", "editable"):
            bin_folder = environment(Path(scratch) / how, how)
            for number, kind in enumerate(parser.parse_args().only or KINDS):
                error = check(bin_folder, Path(scratch) / f"{how}{number}", kind)
                print(f"{how:8}  {kind:20}  {error or 'works'}", flush=True)
                failed += bool(error)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
