"""What tests of searches compare: the records, without their seconds."""

import json
from pathlib import Path

import pandas as pd

TIMES = ["seconds", "seconds_to_default"]


def trainings(directory):
    """The ledger's records without their seconds, and the checksum of these."""
    lines = (Path(directory) / "trainings.jsonl").read_text().splitlines()
    return [{**json.loads(line), "seconds": None, "checksum": None} for line in lines]


def same_records(first, second):
    return json.dumps(first) == json.dumps(second)  # as text, so that NaN equals NaN


def without_seconds(path):
    return pd.read_csv(path).drop(columns=["seconds", "seconds_to_default"], errors="ignore").to_csv(index=False)
