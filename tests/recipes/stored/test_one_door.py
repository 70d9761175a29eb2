"""Files are read by `recipes/stored/`; the others are listed with the reason."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
READING = re.compile(r"\.read_text\(|json\.load\(|\.read_bytes\(\)|np\.load\(|pickle\.loads?\(|yaml\.(load|unsafe)")
OTHERS = {
    "recipes/data/embedded/docstrings.py": "modules of this package",
    "recipes/data/files/table_files.py": "a table of any size that the user trains on",
    "recipes/data/images/image_reading.py": "images of any size that the user trains on",
    "recipes/environment.py": "/proc",
    "recipes/layer_copies.py": "what Keras has just written into a temporary folder",
    "recipes/report/html.py": "templates of this package",
    "recipes/serving/input_files.py": "arrays of any size, mapped into memory",
    "recipes/serving/warm_up.py": "the SavedModel that was just written",
    "recipes/tuning/running/cluster.py": "the user's token",
    "recipes/tuning/running/processes.py": "/proc",
    "recipes/tuning/running/shared_data.py": "a private folder of the search's processes",
}


def test_files_of_strangers_have_one_door():
    found = set()
    for path in [*ROOT.glob("recipes/**/*.py"), *ROOT.glob("callbacks/**/*.py")]:
        lines = [line for line in path.read_text("utf-8").splitlines() if ">>>" not in line]
        if READING.search("\n".join(lines)):
            found.add(path.relative_to(ROOT).as_posix())
    assert found - OTHERS.keys() == set(), "read by recipes.stored, or listed above"
    assert OTHERS.keys() - found == set()
