"""The example scripts run, and the callbacks need nothing of recipes."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RUN = """
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
print("recipes" if any(name.split(".")[0] == "recipes" for name in sys.modules) else "callbacks alone")
"""


@pytest.mark.thorough
def test_a_plain_script_needs_no_recipes_and_goes_on_where_it_was(tmp_path):
    command = [sys.executable, "-c", RUN, str(HERE.parents[1] / "examples" / "plain_keras.py"), str(tmp_path)]
    first, again = (subprocess.run(command, capture_output=True, text=True, timeout=240, check=False) for _ in range(2))
    assert first.returncode == 0, first.stderr[-2000:]
    assert "WARNING:tensorflow" not in first.stderr  # nothing to worry about
    *_, result, last = first.stdout.splitlines()
    assert last == "callbacks alone"
    assert float(result.split()[-1]) > 0.95  # the validation accuracy
    assert again.stdout == first.stdout


LEAST = {
    "image_classifier": 0.9,
    "transfer_learning": 0.7,
    "unet_segmentation": 0.7,
    "gan": 0.5,
    "contrastive": 0.7,
    "text_with_masks": 0.9,
    "structured_data": 0.85,
}
"""Script -> the least that the last number it prints should be."""
MOST = {"vae": 0.8, "gan": 1.6}


@pytest.mark.ordinarily("structured_data")
@pytest.mark.parametrize("script", sorted({*LEAST, *MOST}))
def test_a_script_of_a_stranger_with_our_parts(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [f"{script}.py", str(tmp_path / "picture.png")])
    runpy.run_path(str(HERE.parents[1] / "examples" / f"{script}.py"), run_name="__main__")
    result = float(capsys.readouterr().out.split()[-1])
    assert LEAST.get(script, -1.0) < result < MOST.get(script, 1.01)
    assert (tmp_path / "picture.png").stat().st_size > 1000


@pytest.mark.thorough
def test_a_script_with_momentum():
    runpy.run_path(str(HERE / "example_momentum_script.py"), run_name="__main__")
