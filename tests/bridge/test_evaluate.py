"""`resonantgen evaluate music`, on a grid of few and short takes."""

import base64
import contextlib
import io
import json
import re
import sys

import pytest

from bridge.__main__ import main
from engine.evaluation.figures import Goal
from engine.evaluation.music import run
from engine.evaluation.music.grid import Case

for name in ("mir_eval", "sonara", "sklearn", "pyloudnorm", "matplotlib"):
    pytest.importorskip(name)

SMALL = (
    Case("techno/1", "techno in A minor", 1, 1, "techno"),
    Case("techno/2", "techno in A minor", 2, 1, "techno"),
    Case("ambient/1", "ambient at 80 bpm", 1, 1, "ambient"),
    Case("techno/drums-locked/1", "techno in A minor", 7, 1, "techno", lock="drums", base_seed=1,
         is_measured=False),
)  # fmt: skip
ONLY = "melody,seam,loudness,distance"


@pytest.fixture
def small_grid(monkeypatch):
    monkeypatch.setattr(run, "cases", lambda quick: SMALL)


def evaluated(capsys, *args):
    """(exit status, the lines as they were written)."""
    status = main(["evaluate", "music", "--processes", "1", *map(str, args)])
    return status, capsys.readouterr().out


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """(exit status, the lines as they were written, the folder of the report) of one evaluation."""
    folder, out = tmp_path_factory.mktemp("report"), io.StringIO()
    with pytest.MonkeyPatch.context() as patched, contextlib.redirect_stdout(out):
        patched.setattr(run, "cases", lambda quick: SMALL)
        status = main(["evaluate", "music", "--processes", "1", "--only", ONLY, "--out", str(folder)])
    return status, out.getvalue(), folder


def test_the_report_holds_what_the_lines_say(reported):
    status, out, folder = reported
    assert status == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert (folder / "figures.jsonl").read_text() == out
    html = (folder / "report.html").read_text()
    rows = [line for line in lines if "summary" in line]
    assert {"melody.chord_tones", "seam.jump", "peak.mix", "distance.score"} <= {r["summary"] for r in rows}
    for row in rows:
        verdict = {
            None: "",
            True: "<span class='met'>met</span>",
            False: "<span class='missed'>missed</span>",
        }
        cells = f"<td>{row['summary']}</td><td>{verdict[row['met']]}</td><td>{row['value']:.3f}</td>"
        assert cells in html
    for case in SMALL[:3]:
        assert case.name in html and case.prompt in html
    pictures = re.findall(r"data:image/png;base64,([^']+)'", html)
    assert len(pictures) == 2, "one of the first take of each genre"
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    assert "http" not in html and "<script" not in html


def test_the_same_grid_gives_the_same_lines(small_grid, capsys, reported):
    assert evaluated(capsys, "--only", ONLY)[1] == reported[1]


def test_only_the_parts_asked_for_are_measured(small_grid, capsys):
    lines = [json.loads(line) for line in evaluated(capsys, "--only", "melody")[1].splitlines()]
    assert {line["measure"] for line in lines if "measure" in line} == {"melody.chord_tones"}


@pytest.mark.parametrize(("wanted", "status"), [(99.0, 1), (0.0, 0)])
def test_a_missed_goal_fails_only_where_it_is_checked(small_grid, capsys, monkeypatch, wanted, status):
    monkeypatch.setattr(run, "goals", lambda: (Goal("melody.chord_tones", "", at_least=wanted),))
    assert evaluated(capsys, "--only", "melody")[0] == 0
    assert evaluated(capsys, "--only", "melody", "--check")[0] == status


def test_an_unknown_part_and_a_missing_library_are_told_before_any_work(capsys, monkeypatch):
    assert main(["evaluate", "music", "--only", "temp"]) == 1
    assert "did you mean 'tempo'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "sonara", None)
    assert main(["evaluate", "music"]) == 1
    assert 'pip install "resonantgen[evaluate]"' in capsys.readouterr().err
