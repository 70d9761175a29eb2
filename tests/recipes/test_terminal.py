"""Names from files reach the terminal as text."""

import io
import json
import re

import pytest
from rich.table import Table

from callbacks.checks import InvalidArgument
from callbacks.printable import in_json
from callbacks.warning import warn
from recipes.cli.console import complain
from recipes.terminal import Terminal

NAME = "\x1b]0;minecat\x9b2J\u202e[red][/] :smile:"
SHOWN = "\\x1b]0;minecat\\x9b2J\\u202e[red][/] :smile:"


def test_escape_codes_and_markup_are_text():
    table = Table("name", box=None)
    table.add_row(NAME)
    for shown in (NAME, table):
        terminal = Terminal(file=io.StringIO(), width=100)
        terminal.print(shown)
        assert SHOWN in terminal.file.getvalue()


def test_a_terminal_still_gets_colours():
    terminal = Terminal(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    terminal.print("cat\x1b[2J", style="bold")
    assert terminal.file.getvalue() == "\x1b[1mcat\\x1b[2J\x1b[0m\n"


def test_errors_and_warnings_escape_them_too(capsys):
    assert complain(f"the column {NAME}") == 2
    assert SHOWN in capsys.readouterr().err
    assert "\\x1b" in str(InvalidArgument("column", 1, f"another one than {NAME}"))
    with pytest.warns(UserWarning, match=re.escape(SHOWN)):
        warn(f"ignored {NAME}")
    assert json.loads(in_json(json.dumps({"name": NAME}, ensure_ascii=False))) == {"name": NAME}
    assert in_json("\x9b\u202e") == "\\u009b\\u202e"
