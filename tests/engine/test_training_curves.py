"""Pictures of a run, whatever state its file is in."""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineError
from engine.training.codec.curves import curves_of, draw_curves, read_metrics, smoothed
from engine.training.codec.spectrograms import attack_sample, band_edges_hz, draw_spectrograms, levels_db

RATE = 44_100


def line(step: int, **values: float) -> str:
    return json.dumps({"step": step, "seconds": step / 10, "loss/mel": 1.0 / step} | values) + "\n"


def written(folder: Path, *texts: str) -> Path:
    path = folder / "metrics.jsonl"
    path.write_text("".join(texts), encoding="utf-8")
    return path


def size_of(picture: Path) -> tuple[int, int]:
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG\r\n") and data.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def sine(hertz: float, seconds: float = 0.2, level: float = 0.5) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)
    return np.stack([wave, wave], 1)


def test_wherever_the_file_was_cut_its_whole_lines_are_read(tmp_path):
    texts = [line(step) for step in (10, 20, 30)]
    whole = "".join(texts)
    ends = [len("".join(texts[: n + 1])) - 1 for n in range(3)]  # without its line feed a line is whole too
    for cut in range(ends[0], len(whole) + 1):
        steps = [found["step"] for found in read_metrics(written(tmp_path, whole[:cut]))]
        assert steps == [10, 20, 30][: sum(cut >= end for end in ends)]


def test_what_is_no_measurement_is_passed_over(tmp_path):
    path = written(tmp_path, line(1), '{"step": 2, "lo' + line(3), "[]\n", '{"seconds": 1}\n', "\n", line(4))
    assert [found["step"] for found in read_metrics(path)] == [1, 4]


def test_steps_that_a_resumed_run_did_again_count_once(tmp_path):
    path = written(tmp_path, line(10), line(20), line(30), line(20, again=1.0), line(40))
    found = read_metrics(path)
    assert [one["step"] for one in found] == [10, 20, 40] and "again" in found[1]


def test_an_evaluation_joins_the_line_of_its_step(tmp_path):
    path = written(tmp_path, line(10), line(20), '{"step": 20, "held_out/mel": 2.0}\n')
    assert read_metrics(path)[1] == json.loads(line(20, **{"held_out/mel": 2.0}))


def test_a_file_that_is_not_there_and_one_without_a_line_are_named(tmp_path):
    for path, code in ((tmp_path / "none", "not_found"), (written(tmp_path, '{"st'), "empty")):
        with pytest.raises(EngineError) as caught:
            draw_curves(path, tmp_path / "curves.png")
        assert caught.value.code == code and str(path) in caught.value.text
    assert not (tmp_path / "curves.png").exists()


def test_a_measure_is_a_curve_over_the_lines_that_have_it(tmp_path):
    texts = [line(step, rate=float("nan") if step == 2 else 0.1) for step in (1, 2, 3)]
    curves = {
        c.name: c
        for c in curves_of(read_metrics(written(tmp_path, *texts, line(4, **{"held_out/mel": 2.0}))))
    }
    assert list(curves) == ["loss/mel", "held_out/mel", "rate"]
    assert curves["rate"].steps.tolist() == [1, 3] and curves["held_out/mel"].values.tolist() == [2.0]


def test_what_has_one_unit_shares_a_panel():
    names = ("loss/mel", "share/mel", "share/stft", "held_out/drums/mel", "held_out/bass/mel", "rate")
    found = curves_of([{"step": 1} | dict.fromkeys(names, 1.0)])
    assert [(curve.panel, curve.label) for curve in found] == [
        ("loss/mel", ""),
        ("held_out/mel", "drums"),
        ("held_out/mel", "bass"),
        ("share", "mel"),
        ("share", "stft"),
        ("rate", ""),
    ]


def test_smoothing_keeps_lines_straight_and_forgets_one_wild_step():
    ramp = np.linspace(0.0, 1.0, 400)
    np.testing.assert_allclose(smoothed(ramp)[50:-50], ramp[50:-50])
    wild = np.ones(400)
    wild[100] = 1e6
    np.testing.assert_allclose(smoothed(wild), 1.0)
    few = np.array([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(smoothed(few), few)


def test_the_picture_of_a_run_has_a_panel_a_measure_and_takes_the_place_of_the_last(tmp_path):
    shares = {"share/mel": 0.4, "share/features": 0.6, "norm/mel": 1e-3, "norm/features": 1e2}
    path, out = written(tmp_path, line(1)), tmp_path / "pictures" / "curves.png"
    draw_curves(path, out)
    width, height = size_of(out)
    written(
        tmp_path, *(line(step, **shares, rate=0.0, gradient=step**5.0) for step in range(1, 30)), '{"step"'
    )
    draw_curves(path, out)
    assert size_of(out)[0] == width and size_of(out)[1] > height
    assert [p.name for p in out.parent.iterdir()] == ["curves.png"]


def test_a_sine_is_seen_in_the_band_of_its_pitch_and_at_its_level():
    edges = band_edges_hz(RATE)
    for hertz in (110.0, 1000.0, 9000.0):
        loud = levels_db(sine(hertz), RATE).mean(1)
        top = int(loud.argmax())
        assert edges[top] / 1.1 < hertz < edges[top + 1] * 1.1
        quiet = levels_db(sine(hertz, level=0.05), RATE).mean(1)
        assert loud[top] - quiet[top] == pytest.approx(20.0, abs=0.01)


def test_the_attack_is_found_at_its_sample():
    for start in (2500, 7001):
        audio = 0.01 * sine(50.0)
        audio[start:] += sine(2000.0)[: len(audio) - start] + 0.2
        assert start <= attack_sample(audio, RATE) <= start + 5


def test_stems_are_drawn_a_row_each(tmp_path):
    original = sine(440.0)
    pairs = [("drums", original, original[:-500] * 0.5), ("bass", original * 0, original * 0)]
    draw_spectrograms(pairs[:1], tmp_path / "one.png", RATE)
    draw_spectrograms(pairs, tmp_path / "two.png", RATE)
    assert size_of(tmp_path / "two.png")[1] > 1.5 * size_of(tmp_path / "one.png")[1]
    with pytest.raises(EngineError) as caught:
        draw_spectrograms([("drums", original[:100], original)], tmp_path / "none.png", RATE)
    assert caught.value.code == "empty"


def test_without_the_library_the_command_that_installs_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(EngineError) as caught:
        draw_curves(written(tmp_path, line(1)), tmp_path / "curves.png")
    assert caught.value.code == "not_available" and "pip install" in caught.value.text
