"""The files that others join the project by: they are read, run what is here, and the version stands in one place."""

import os
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import recipes

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def load(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_the_version_stands_in_pyproject_alone():
    assert recipes.__version__ == PROJECT["version"]
    assert "version" not in load("CITATION.cff")
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert first[1] == PROJECT["version"].split(".dev")[0]
    modules = [path for half in ("recipes", "callbacks", "keras_recipes") for path in (ROOT / half).rglob("*.py")]
    assert not [path for path in modules if re.search(r"^__version__ = \"", path.read_text("utf-8"), re.MULTILINE)]


def test_the_workflow_runs_the_commands_of_contributors():
    jobs = load(".github/workflows/tests.yml")["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert [command.split()[0] for command in commands] == ["./scripts/test", "./scripts/wheel", "./scripts/docs"]
    assert all(os.access(ROOT / command.split()[0], os.X_OK) for command in commands)
    assert set(commands[1].split()[1:]) <= set(PROJECT["optional-dependencies"])
    lowest, beyond = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    tried = jobs["tests"]["strategy"]["matrix"]["python"]
    assert tried == [f"3.{lowest}", f"3.{int(beyond) - 1}"]


def test_hooks_are_the_quick_checks_of_the_tests():
    hooks = load(".pre-commit-config.yaml")["repos"][0]["hooks"]
    checks = re.findall(r"^\.venv/bin/ruff (\w+)", (ROOT / "scripts" / "test").read_text(), re.MULTILINE)
    assert [hook["entry"].split()[:2] for hook in hooks] == [[".venv/bin/ruff", check] for check in checks]


def test_the_citation_agrees_with_the_package():
    citation = load("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["license"] == PROJECT["license"]
    assert PROJECT["name"] == citation["title"].lower().replace(" ", "-")


@pytest.mark.parametrize("name", ["bug", "idea"])
def test_forms_of_issues(name):
    form = load(f".github/ISSUE_TEMPLATE/{name}.yml")
    assert {"name", "description", "body"} <= set(form)
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))
    assert all(field["type"] == "textarea" and field["attributes"]["label"] for field in form["body"])


@pytest.mark.parametrize("path", ["docs/installing.md", "docs/releasing.md", ".github/pull_request_template.md"])
def test_what_these_pages_name_is_here(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    names = re.findall(r"`(?:\./)?((?:scripts|tests|docs)/[\w/.]+|\w+\.(?:md|toml|txt))", text)
    links = re.findall(r"\]\((?!http)([^)#]+)", text)
    assert names
    for name in [*names, *(os.path.relpath((ROOT / path).parent / link, ROOT) for link in links)]:
        assert (ROOT / name).exists(), name
