import json
import re
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest

import recipes
from recipes import environment


def test_versions(monkeypatch):
    found = environment.versions()
    assert found["recipes"] == recipes.__version__
    assert found["keras"] == keras.__version__
    assert found["numpy"] == np.__version__
    assert set(found) == {"recipes", "python", *environment.PACKAGES}
    monkeypatch.setattr(environment, "PACKAGES", ("no-such-package",))
    assert environment.versions()["no-such-package"] == "not installed"


def test_the_command_for_an_extra_installs_its_packages(monkeypatch):
    requirements = ["numpy>=1", 'ray>=2.40; extra == "ray"', "onnx>=1.17; extra == 'onnx'", "tf2onnx; extra == 'onnx'"]
    monkeypatch.setattr(environment.importlib.metadata, "requires", lambda name: requirements)
    assert environment.install_command("onnx") == 'pip install "onnx>=1.17" "tf2onnx"'
    monkeypatch.setattr(environment.importlib.metadata, "requires", lambda name: None)
    assert environment.install_command("onnx") == 'pip install ".[onnx]" (in the clone)'


def test_hardware():
    found = environment.hardware()
    assert found["cores"] >= 1
    assert found["memory_gib"] >= 1
    assert found["processor"]
    assert json.loads(json.dumps(found)) == found


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A repository with a copy of the package's file in it, which this process seems to run from."""
    folder = tmp_path / "recipes"
    folder.mkdir()
    for name in ("__init__.py", "environment.py"):
        (folder / name).write_text("")

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    git("commit", "--allow-empty", "-m", "first")
    monkeypatch.setattr(environment, "__file__", str(folder / "environment.py"))
    return git, folder


def test_the_commit_of_a_checkout(elsewhere):
    git, folder = elsewhere
    git("add", ".")
    git("commit", "-m", "second")
    assert re.fullmatch("[0-9a-f]{12}", environment.commit())
    (folder / "__init__.py").write_text("changed = True")
    assert re.fullmatch(r"[0-9a-f]{12}\+", environment.commit())


@pytest.mark.usefixtures("elsewhere")
def test_an_installed_copy_has_no_commit(monkeypatch, tmp_path):
    assert environment.commit() == "unknown"  # the files are not part of the repository around them
    monkeypatch.setattr(environment, "__file__", str(tmp_path.parent / "environment.py"))
    assert environment.commit() == "unknown"
    monkeypatch.setenv("PATH", "")
    assert environment.commit() == "unknown"


def test_this_checkout_is_recognized():
    if not (Path(environment.__file__).resolve().parents[1] / ".git").exists():
        pytest.skip("not a checkout")
    assert re.fullmatch(r"[0-9a-f]{12}\+?", environment.commit())
