"""Records: written and read without loss, and refused by the name of the field that is wrong."""

import json
import math
from pathlib import Path

import pytest

from callbacks.checks import InvalidArgument
from recipes.tuning.arms import Arm
from recipes.tuning.ledger import read_records
from recipes.tuning.plan import Training
from recipes.tuning.record import CURVES, Record
from recipes.tuning.running.runner import Job

RESULTS = Path(__file__).resolve().parents[3] / "results"

JOB = Job(Training(Arm("adam", "l2", activation="relu"), "confirm", 2, 7), {"learning_rate": 0.1, "l2.strength": 1e-4})
RECORD = JOB.record(
    validation_loss=0.25,
    validation_score=0.5,
    test_loss=0.125,
    test_score=0.75,
    epochs_run=2,
    best_epoch=1,
    seconds=1.5,
    history={name: [0.1, 0.2] for name in CURVES},
)


def test_there_and_back():
    line = RECORD.to_json()
    assert "\n" not in line
    assert list(json.loads(line))[:6] == ["key", "stage", "arm", "optimizer", "regularizer", "activation"]
    assert Record.from_json(line) == RECORD
    lost = JOB.failed(ValueError("a bug\nin two lines"), 3.0)
    assert lost.message == "ValueError: a bug in two lines"
    assert Record.from_json(lost.to_json()).to_json() == lost.to_json()


def test_null_is_read_as_nan():
    values = json.loads(RECORD.to_json()) | {"test_score": None}
    assert math.isnan(Record.from_json(json.dumps(values)).test_score)


@pytest.mark.parametrize("search", ["search_digits", "search_mnist"])
def test_the_records_of_earlier_searches_are_read_as_they_are(search):
    """Written by the code before, they are written by this one to the letter."""
    records, _ = read_records(RESULTS / search)
    lines = (RESULTS / search / "trainings.jsonl").read_text().splitlines()
    assert [record.to_json() for record in records.values()] == lines


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seconds": "long"}, "seconds must be a finite number >= 0. Received: seconds='long'"),
        ({"validation_score": True}, "validation_score must be a number"),
        ({"stage": "test"}, "stage must be one of 'tune', 'confirm'"),
        ({"status": "lost"}, "status must be one of 'finished', 'pruned', 'diverged', 'failed'"),
        ({"trial": 1.0}, "trial must be an integer >= 0"),
        ({"trial": -1}, "trial must be an integer >= 0"),
        ({"seed": True}, "seed must be an integer >= 0"),
        ({"diverged": 0}, "diverged must be true or false"),
        ({"message": None}, "message must be a string"),
        ({"optimizer": 3}, "optimizer must be a string"),
        ({"arm": "adam\x1b[2J"}, "arm must be a string of 1 to 2,000 characters without control characters"),
        ({"key": "../../x"}, "key must be 'adam+l2+relu/confirm/2', from its arm, stage and trial"),
        ({"seconds": -1}, "seconds must be a finite number >= 0"),
        ({"epochs_run": 10**60}, "a whole number of 61 digits"),
        ({"values": {}}, "values.learning_rate must be given"),
        ({"values": {"learning_rate": "0.1"}}, "values.learning_rate must be a finite number. Received"),
        ({"history": {"loss": [1.0]}}, "history.learning_rate must be given"),
        ({"history": {name: ["1"] for name in CURVES}}, "history.learning_rate[0] must be a number"),
        ({"colour": "red"}, "colour must be left out: known are key, stage"),
        ({"arm": ...}, "arm must be given"),
        ({"history": ...}, "history must be given"),
        ({"regularizer": ...}, "regularizer must be given"),
    ],
)
def test_what_is_no_record_is_refused_by_line_and_field(tmp_path, change, message):
    values = {name: value for name, value in (json.loads(RECORD.to_json()) | change).items() if value is not ...}
    (tmp_path / "trainings.jsonl").write_text(f"{RECORD.to_json()}\n{json.dumps(values)}\n")
    with pytest.raises(InvalidArgument) as error:
        read_records(tmp_path)
    assert str(error.value).startswith(
        f"directory must be that of an undamaged search (trainings.jsonl, line 2: {message}"
    )
    assert "\n" not in str(error.value)
