"""The commands of docs/ray.md, typed word for word: two nodes on one machine, each with a home directory of its own."""

import importlib.util
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pandas as pd
import psutil
import pytest

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs/ray.md").read_text()
ADDRESS, PORT, END = "10.0.0.1", "6379", "the end of"


def commands(heading):
    """The commands below a heading of the page, line by line."""
    section = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL).group(1)
    return "\n".join(re.findall(r"^```bash\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)).splitlines()


class Terminal:
    """A shell of a machine, which is typed into line by line."""

    def __init__(self, home, replaced):
        home.mkdir()
        self._replaced = replaced
        programs = Path(sys.executable).parent
        (home / "activate").write_text(f"export PATH={programs}:$PATH\n")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        environment |= {"HOME": str(home), "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"}
        environment["RAY_worker_niceness"] = "0"  # Ray gives way to every other program
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self._shell = subprocess.Popen(["bash"], cwd=home, env=environment, **options)

    def type(self, lines):
        """Types the lines and returns what is printed; every one must succeed."""
        printed = ""
        for line in map(self._here, lines):
            self._shell.stdin.write(f"{line} </dev/null\necho {END} $?\n")
            self._shell.stdin.flush()
            printed += f"$ {line}\n"
            for output in self._shell.stdout:
                if output.startswith(END):
                    break
                printed += output
            assert output == f"{END} 0\n", printed
        return printed

    def _here(self, line):
        for old, new in self._replaced.items():
            line = line.replace(old, new)
        return line

    def close(self):
        """Ends the shell."""
        self._shell.communicate(timeout=60)


def test_the_install_line_exists():
    assert commands("On each machine: install")[-1] == 'pip install -c constraints.txt ".[ray]"'
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["optional-dependencies"]["ray"]
    assert re.search(r"^ray==\d", (ROOT / "constraints.txt").read_text(), re.MULTILINE)


@pytest.mark.thorough
@pytest.mark.timeout(600)
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason='needs the extra "ray"')
def test_the_page_typed_word_for_word(tmp_path):
    if any("raylet" in (process.info["name"] or "") for process in psutil.process_iter(["name"])):
        pytest.skip("another Ray runs here, which `ray stop` would end")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    replaced = {
        "source .venv/bin/activate": "source ./activate",
        f"scp {ADDRESS}:": f"cp {tmp_path}/head/",
        ADDRESS: "127.0.0.1",
        PORT: port,
    }
    head, other = (Terminal(tmp_path / name, replaced) for name in ("head", "other"))
    try:
        printed = head.type(commands("On the head: start"))
        assert "Token authentication is disabled" not in printed
        address = re.search(r"--address='([\d.]+):", printed).group(1)
        replaced["127.0.0.1"] = address
        strange = Terminal(tmp_path / "strange", replaced)
        (search,) = (line for line in commands("On the head: search") if line.startswith("recipes search"))
        refused = strange.type(["source ./activate", f"{search} || true"])
        strange.close()
        assert "Traceback" not in refused
        assert "Ray says: InvalidAuthToken: Authentication token is missing or incorrect" in " ".join(refused.split())
        other.type(commands("On the other machine: join"))
        for _ in range(30):  # Ray's status is some seconds old
            nodes = re.findall(r"^ 1 node_", head.type(["ray status"]), re.MULTILINE)
            if len(nodes) == 2:
                break
            time.sleep(1)
        assert len(nodes) == 2
        printed = head.type(commands("On the head: search"))
    finally:
        for terminal in (head, other):
            print(terminal.type(commands("On each machine: stop")))
            terminal.close()
    table = pd.read_csv(tmp_path / "head/searches/ray/summary.csv")
    assert set(table["optimizer"]) == {"momentum", "adam"}
    assert "adam" in printed
    trials = pd.read_csv(tmp_path / "head/searches/ray/trials.csv")
    assert (trials["status"] == "finished").all()
