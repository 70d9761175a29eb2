"""The example scripts run, and the callbacks need nothing of recipes."""

import runpy
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RUN = """
import runpy, sys
runpy.run_path(sys.argv[1], run_name="__main__")
print("recipes" if any(name.split(".")[0] == "recipes" for name in sys.modules) else "callbacks alone")
"""


def test_a_plain_script_needs_no_recipes():
    command = [sys.executable, "-c", RUN, str(HERE / "example_plain_script.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "callbacks alone"


def test_a_script_with_momentum():
    runpy.run_path(str(HERE / "example_momentum_script.py"), run_name="__main__")
