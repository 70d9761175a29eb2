import io
import sys

from recipes.cli.console import progress_bar


def test_the_bar_is_on_standard_error_of_a_terminal_alone(monkeypatch, capsys):
    with progress_bar("scored") as move:
        assert move is None
    assert capsys.readouterr() == ("", "")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("scored") as move:
        move(0.5)
    assert "scored" in sys.stderr.getvalue()
    assert "50 %" in sys.stderr.getvalue()
    assert capsys.readouterr().out == ""
