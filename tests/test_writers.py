"""Files are written whole or not at all: through recipes/files.py, or in one of a few named places."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

OWN = {
    "recipes/files.py": "the door",
    "callbacks/resume/checkpoints.py": "written aside and renamed; callbacks knows nothing of recipes",
    "callbacks/resume/lock.py": "a lock file holds nothing that is read back",
    "callbacks/live_plot.py": "drawn aside and renamed; callbacks knows nothing of recipes",
    "recipes/layer_copies.py": "a temporary folder, which Keras reads at once",
    "recipes/tuning/ledger.py": "grows by whole lines; a torn last one is dropped",
    "recipes/tuning/running/epoch_writer.py": "grows while a training runs, and is removed with it",
    "recipes/tuning/running/shared_data.py": "a folder of the process, which is removed with it",
    "recipes/data/disk/on_disk.py": "a staging folder that is renamed",
    "recipes/data/disk/stored.py": "a staging folder that is renamed",
    "recipes/data/hugging_face.py": "a staging folder that is renamed",
    "recipes/data/embedded/__init__.py": "a staging folder that is renamed",
}
"""Modules that write by themselves, and why they may."""

INTO = {
    "recipes/data/examples.py": "save_examples",
    "recipes/model_files.py": "save_model",
    "recipes/serving/formats/litert.py": "_write",
    "recipes/serving/warm_up.py": "write_warm_up",
    "recipes/report/tensorboard.py": "_writer",
    "recipes/serving/score_files.py": "write",
}
"""Functions that write into a folder, or a file, that their caller builds aside: module -> function."""

METHODS = {"write_text", "write_bytes", "to_csv", "to_parquet", "savez", "savez_compressed", "save_weights", "tofile"}
METHODS |= {"savefig", "TFRecordWriter", "ParquetWriter", "create_file_writer", "copyfile", "copytree", "move", "touch"}
ASIDE = {"new_directory", "new_file", "new_path"}


def name_of(call):
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def opens_to_write(call):
    mode = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return any(isinstance(value, ast.Constant) and set(str(value.value)) & set("wax+") for value in mode) or any(
        isinstance(value, ast.IfExp) for value in mode
    )


def writes(call):
    """Whether a call writes a file, or puts one into its place."""
    name = name_of(call)
    if name == "open":
        return opens_to_write(call)
    if not isinstance(call.func, ast.Attribute):  # write_text of recipes.files and others of ours
        return False
    owner = getattr(call.func.value, "id", "")
    if name in ("rename", "replace"):
        return owner == "os"
    if name == "save":
        return len(call.args) == 1 and owner not in ("self", "run", "super")
    if name in ("to_csv", "savefig"):
        in_memory = not call.args or getattr(call.args[0], "id", "") == "buffer"
        return not in_memory
    return name in METHODS and getattr(call.args[0] if call.args else None, "id", "") != "buffer"


def direct(tree):
    """Calls that write, outside of a block that builds aside: (line, function)."""
    found = []

    def visit(node, function, aside):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            function = node.name
        if isinstance(node, ast.With):
            aside = aside or any(name_of(call) in ASIDE for call in ast.walk(node) if isinstance(call, ast.Call))
        if isinstance(node, ast.Call) and not aside and writes(node):
            found.append((node.lineno, function))
        for child in ast.iter_child_nodes(node):
            visit(child, function, aside)

    visit(tree, "", False)
    return found


MODULES = sorted(path for half in ("callbacks", "recipes") for path in (ROOT / half).rglob("*.py"))


def test_every_writer_goes_through_the_door():
    others = []
    for path in MODULES:
        name = str(path.relative_to(ROOT))
        if name not in OWN:
            lines = direct(ast.parse(path.read_text()))
            others += [f"{name}:{line} in {function}" for line, function in lines if function != INTO.get(name)]
    assert others == []


def test_the_lists_name_what_is_there():
    for name in (*OWN, *INTO):
        assert direct(ast.parse((ROOT / name).read_text())), name


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("Path('x').write_text('a')", 1),
        ("write_text(path, 'a')", 0),
        ("open('x', 'w')", 1),
        ("open('x', 'rb')", 0),
        ("open(path, 'w' if first else 'a')", 1),
        ("os.replace(a, b)", 1),
        ("text.replace(a, b)", 0),
        ("model.save(path)", 1),
        ("figure.savefig(buffer)", 0),
        ("table.to_csv(index=False)", 0),
        ("with new_directory(a) as folder: (folder / 'x').write_text('a')", 0),
        ("with new_directory(a) as folder:\n    with other: np.savez(folder)", 0),
    ],
)
def test_what_counts_as_writing(line, number):
    assert len(direct(ast.parse(line))) == number
