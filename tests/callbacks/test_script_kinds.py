"""The tables of docs/scripts.md: every callback and optimizer x every kind of script, right or refused in words."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .script_checks import ROWS, outcome
from .script_kinds import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "scripts.md"
RIGHT, REPLICAS = "right", "two replicas"
ORDINARY = {
    ("LRFinder", "lists"),
    ("GradientMonitor", "own train_step"),
    ("StopOnNaN", "two optimizers"),
    ("AdversarialTraining", "masks"),
    ("RecalibrateBatchNorm", "nested frozen base"),
    ("SeveralValidations", "PyDataset"),
    ("one_cycle", "dictionaries"),
    ("adam", "mixed precision"),
    ("Resume", "own loop"),
}
"""One cell of each sort of row, all in different columns; the others when asked for."""

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def written():
    """(group, name, kind) -> "right", or the words of a refusal, as the page has them."""
    text = PAGE.read_text()
    notes = dict(re.findall(r"^(\d+)\. (.+)$", text, re.MULTILINE))
    cells = {}
    group, kinds = "", []
    for line in text.splitlines():
        fields = [field.strip() for field in line.strip("|").split("|")]
        if len(fields) < 3 or set(fields[0]) <= {"-"}:
            continue
        if fields[0] in ROWS:
            group, kinds = fields[0], fields[1:]
            continue
        for kind, field in zip(kinds, fields[1:], strict=True):
            cells[group, fields[0], kind] = field if field == RIGHT else notes[field.removeprefix("refused ")]
    return cells


CELLS = written()


def words(result):
    """A refusal without what it has received."""
    return result.split(" Received: ")[0]


def test_the_page_has_every_row_and_kind():
    assert set(CELLS) == {(group, name, kind) for group, rows in ROWS.items() for name in rows for kind in KINDS}
    assert {kind for _, kind in ORDINARY} <= set(KINDS)


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(cell, id="-".join(cell), marks=[] if cell[1:] in ORDINARY else pytest.mark.thorough)
        for cell in CELLS
        if cell[-1] != REPLICAS
    ],
)
def test_right_or_refused_in_words(cell):
    assert words(outcome(*cell)) == CELLS[cell]


SCRIPT = """
import json, sys, traceback
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from tests.callbacks.script_checks import ROWS, outcome

for name in ROWS[sys.argv[1]]:
    try:
        result = outcome(sys.argv[1], name, "two replicas")
    except Exception:
        result = traceback.format_exc()
    print(json.dumps([name, result]), flush=True)
"""


@pytest.mark.thorough
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("group", ROWS)
def test_two_replicas(group):
    """On two logical processors, which a process has to set up before it uses TensorFlow."""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", SCRIPT, group], capture_output=True, text=True, cwd=root, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    outcomes = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    results = {(group, name, REPLICAS): words(result) for name, result in outcomes}
    assert results == {cell: text for cell, text in CELLS.items() if (cell[0], cell[-1]) == (group, REPLICAS)}
