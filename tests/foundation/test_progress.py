"""Progress suits where it is seen."""

import io
import sys

from workbench.foundation.progress import progress, say


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_file_gets_a_line_at_each_quarter(capsys):
    assert list(progress(iter(range(8)), total=8, title="load")) == list(range(8))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [f"load: {done} of 8" for done in (2, 4, 6, 8)]


def test_a_terminal_gets_a_bar_that_goes_away(monkeypatch):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(progress(iter("ab"), total=2, title="load")) == ["a", "b"]
    assert "load:   0%" in terminal.getvalue()
    assert not terminal.getvalue().endswith("\n")


def test_a_runs_kernel_shows_nothing(monkeypatch):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("WORKBENCH_SEALED_VIEW", "somewhere")
    assert list(progress(iter("ab"), total=2, title="load")) == ["a", "b"]
    assert terminal.getvalue() == ""


def test_words_for_people_go_to_stderr(capsys):
    say("done")
    assert capsys.readouterr() == ("", "done\n")
