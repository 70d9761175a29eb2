"""What is compared with a definition: numbers, words, and the techniques themselves."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.techniques.measured import Measured

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("given", "expected", "within", "agrees"),
    [
        (1.05, 1.0, 0.1, True),
        (1.05, 1.0, 0.01, False),
        (float("nan"), 1.0, 0.1, False),
        ("a slope: the gradient", "a slope", 0.0, True),
        ("a saddle", "a slope", 0.0, False),
        (3, None, 0.0, True),
    ],
)
def test_what_is_as_expected(given, expected, within, agrees):
    measured = Measured("number", given, expected, within)
    assert measured.agrees is agrees
    assert ("NOT" in str(measured)) is not agrees


@pytest.mark.thorough
def test_some_techniques_are_as_their_definitions():
    names = ("scale", "hidden_noise", "curvature", "fancy_pca", "copied_layers", "constants", "self_normalizing")
    call = [sys.executable, "scripts/measure/measure_techniques.py", *names]
    result = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stdout + result.stderr[-2000:]
    assert "not as expected: none" in result.stdout
    assert (ROOT / "results" / "techniques.csv").exists()
