"""The measures of a codec on damage whose kind and size are known."""

import json

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt
from torch import nn

from engine.errors import EngineError
from engine.evaluation.codec import measures, onsets, pre_echo, spectra, stereo, waveform
from engine.evaluation.codec.card import card_of, published
from engine.evaluation.codec.codebooks import CodebookUse
from engine.evaluation.codec.others import LATER, OTHERS
from engine.evaluation.codec.run import evaluate_codec, goals, round_trip
from engine.evaluation.codec.speed import costs
from engine.evaluation.codec.stems import held_out_stems
from engine.model.codec.codec import Codec, build_codec
from engine.model.codec.config import config_named

RATE = 44_100
TIMES_S = np.arange(0.2, 2.8, 0.25)


def beats(times_s=TIMES_S, seconds=3.0, seed=1) -> np.ndarray:
    """[N, C=2]: struck noise and a low tone, a little to the left; silence between."""
    rng = np.random.default_rng(seed)
    hit = np.exp(-np.arange(8000) / 900.0) * (
        0.5 * rng.standard_normal(8000) / 3 + 0.5 * np.sin(2 * np.pi * 180 * np.arange(8000) / RATE)
    )
    audio = np.zeros(int(seconds * RATE))
    for time in times_s:
        at = round(time * RATE)
        audio[at : at + 8000] += hit[: len(audio) - at]
    return np.stack([audio, 0.6 * audio], axis=1).astype(np.float32)


def tone(seconds=3.0) -> np.ndarray:
    """[N, C=2]: a chord that never starts anew, other notes left than right."""
    t = np.arange(int(seconds * RATE)) / RATE
    chords = ((220, 331, 440), (262, 392, 523))
    left, right = (sum(np.sin(2 * np.pi * hz * t) for hz in chord) for chord in chords)
    return (0.1 * np.stack([left, right], axis=1)).astype(np.float32)


def noise(level_db: float, like: np.ndarray, seed=2) -> np.ndarray:
    return (10 ** (level_db / 20) * np.random.default_rng(seed).standard_normal(like.shape)).astype(
        np.float32
    )


def smeared(audio: np.ndarray, ms: float, share: float = 0.1) -> np.ndarray:
    """Every sample sounds a little for so long before it comes."""
    n = round(ms * RATE / 1000)
    early = sum(np.roll(audio, -shift, axis=0) for shift in range(n // 8, n, n // 8)) * (share / 8)
    return (audio + early).astype(np.float32)


# --- equal signals ----------------------------------------------------------------------------------


def test_an_equal_decoded_is_perfect_by_every_measure():
    perfect = {
        "onset.f1": 1.0, "onset.f1_20ms": 1.0, "onset.f1_clear": 1.0, "pre_echo.median": 0.0,
        "pre_echo.p90": 0.0, "si_sdr": 100.0, "si_sdr.stereo": 100.0, "stft": 0.0, "mel": 0.0,
        "stereo.level": 0.0, "stereo.coherence": 0.0,
    }  # fmt: skip
    found = measures.measure(beats(), beats(), measures.FAST)
    assert found.pop("pre_echo.level") < -40.0
    assert found == pytest.approx(perfect)


def test_silence_in_the_original_is_no_figure_and_no_failure():
    silent = np.zeros((RATE, 2), np.float32)
    found = measures.measure(silent, silent, measures.FAST)
    for name in ("onset.f1", "pre_echo.median", "si_sdr", "stft", "stereo.level"):
        assert np.isnan(found[name]), name


def test_a_silent_decoded_is_the_worst_there_is():
    found = measures.measure(beats(), np.zeros_like(beats()), measures.FAST)
    assert found["onset.f1"] == 0.0 and found["onset.f1_clear"] == 0.0
    assert found["si_sdr"] == -100.0 and found["stft"] > 1.0


# --- each damage is heard by the measure that is for it ----------------------------------------------


@pytest.mark.parametrize("level_db", [-20.0, -40.0])
def test_si_sdr_is_the_level_of_what_was_added(level_db):
    original = tone()
    level = 10 * np.log10(np.mean(original.mean(axis=1) ** 2))
    added = noise(level_db, original)
    # Noise that differs between the sides loses 3 dB in their middle.
    expected = level - (level_db - 3.01)
    assert waveform.si_sdr(original, original + added) == pytest.approx(expected, abs=0.1)


def test_si_sdr_forgives_a_level_and_no_delay():
    original = beats()
    assert waveform.si_sdr(original, 0.3 * original) > 90.0
    assert waveform.si_sdr(original, np.roll(original, 3, axis=0)) < 15.0


def test_a_lost_hit_is_lost_and_an_added_one_is_too_many():
    whole, fewer = beats(), beats(np.delete(TIMES_S, 4))
    n = len(TIMES_S)
    for f1 in (onsets.onset_f1, onsets.onset_f1_20ms, onsets.onset_f1_clear):
        assert f1(whole, fewer) == pytest.approx(2 * (n - 1) / (2 * n - 1))
        assert f1(fewer, whole) == pytest.approx(2 * (n - 1) / (2 * n - 1))


def test_hits_30_ms_late_are_heard_within_50_ms_and_not_within_20():
    original, late = beats(), beats(TIMES_S + 0.03)
    assert onsets.onset_f1(original, late) == 1.0 and onsets.onset_f1_20ms(original, late) == 0.0


def test_onsets_are_where_the_hits_are():
    assert onsets.onsets_s(beats(), 1.0) == pytest.approx(TIMES_S, abs=0.008)
    assert onsets.onsets_s(beats() * 0.01, 0.01) == pytest.approx(TIMES_S, abs=0.008)


def test_a_stroke_at_the_very_beginning_is_one():
    """What a codec makes a little softer there is no onset of its own."""
    times = np.arange(0.0, 2.8, 0.25)
    audio = beats(times)
    found = onsets.onsets_s(audio, float(np.abs(audio).max()))
    assert len(found) == len(times) and np.abs(found - times).max() < 0.03
    softer = audio.copy()
    softer[:300] *= np.linspace(0.2, 1.0, 300)[:, None].astype(np.float32)
    assert onsets.onset_f1(audio, softer) == 1.0


def test_attacks_begin_at_the_very_sample():
    assert pre_echo.clear_attacks(beats()) == pytest.approx([round(t * RATE) for t in TIMES_S], abs=40)


def test_the_longer_the_smear_the_louder_the_pre_echo():
    original = beats() + noise(-70.0, beats(), 5)
    clean, short, long = (pre_echo.pre_echo_median_db(original, smeared(original, ms, s)) for ms, s in
                          ((8.0, 0.0), (8.0, 0.01), (8.0, 0.2)))  # fmt: skip
    assert clean == pytest.approx(0.0, abs=1e-3)
    assert 3.0 < short < long and long > 20.0


def test_a_pre_echo_below_the_floor_is_nobodys():
    original = beats()
    assert pre_echo.pre_echo_median_db(original, original + noise(-90.0, original)) == 0.0
    # -60 dBFS where there was silence: 20 dB above the floor.
    heard = pre_echo.pre_echo_median_db(original, original + noise(-60.0, original))
    assert heard == pytest.approx(20.0, abs=0.5)


def test_an_echo_after_the_attack_is_no_pre_echo():
    original = beats()
    later = original + 0.1 * np.roll(original, round(0.02 * RATE), axis=0)
    assert pre_echo.pre_echo_p90_db(original, later) == pytest.approx(0.0, abs=0.5)


def test_spectral_distances_grow_with_what_is_cut_off_and_ignore_the_sign():
    original = beats()
    muffled, dull = (
        sosfilt(butter(6, hz, fs=RATE, output="sos"), original, axis=0).astype(np.float32)
        for hz in (2000, 8000)
    )
    for distance in (spectra.stft_distance, spectra.mel_distance):
        assert 0.0 < distance(original, dull) < distance(original, muffled)
        assert distance(original, -original) == pytest.approx(0.0, abs=1e-6)


def test_an_image_that_moves_is_a_level_error_of_as_many_db():
    original = beats()  # 4.44 dB louder on the left
    middle = np.repeat(original.mean(axis=1, keepdims=True), 2, axis=1)
    assert stereo.level_difference_error(original, middle) == pytest.approx(4.44, abs=0.05)
    assert stereo.coherence_error(original, middle) == pytest.approx(0.0, abs=0.01)


def test_two_sides_that_become_one_are_a_coherence_error():
    wide = noise(-20.0, tone())
    mono = np.repeat(wide.mean(axis=1, keepdims=True), 2, axis=1)
    assert stereo.coherence_error(wide, mono) > 0.5
    assert waveform.si_sdr(wide, mono) > 90.0 and waveform.si_sdr_stereo(wide, mono) < 1.0


def test_visqol_gives_its_highest_to_equal_signals_and_less_to_less():
    pytest.importorskip("visqol")
    from engine.evaluation.codec.perceived import visqol, visqol_side

    original = beats()
    assert visqol(original, original) == pytest.approx(4.732, abs=0.01)
    muffled = sosfilt(butter(6, 1500, fs=RATE, output="sos"), original, axis=0).astype(np.float32)
    assert visqol(original, muffled) < 4.0
    assert visqol(original, 0.0 * original) == 1.0
    assert np.isnan(visqol_side(np.repeat(original[:, :1], 2, axis=1), original))


# --- codebooks --------------------------------------------------------------------------------------


def test_codebook_use_counts_entries_and_how_evenly_they_are_used():
    use = CodebookUse.empty(3, 8)
    use.add(np.array([[0, 1, 2, 3], [5, 5, 5, 5], [0, 0, 1, 1]]))
    use.add(np.array([[4, 5, 6, 7], [5, 5, 5, 5], [0, 0, 1, 1]]))
    assert use.used.tolist() == [1.0, 0.125, 0.25]
    assert use.perplexity == pytest.approx([8.0, 1.0, 2.0])


# --- the whole --------------------------------------------------------------------------------------


class Through(nn.Module):
    """A codec that gives back what it was given, through its real interface: one frame is its own samples."""

    def __init__(self, change=lambda audio: audio):
        super().__init__()
        self.about: dict[str, str] = {}
        self.config, self.change = config_named("debug"), change
        self.scale = nn.Parameter(torch.ones(1))

    def encode(self, audio, num_codebooks=None, beam=1):
        self.audio = audio
        frames = -(-audio.shape[-1] // self.config.hop)
        return torch.arange(frames).remainder(16).repeat(1, num_codebooks or 2, 1)

    def decode(self, codes):
        return torch.from_numpy(self.change(self.audio[0].numpy().T).T.copy())[None]


STEMS = [("drums", beats()), ("bass", tone()), ("drums", beats(seed=3)), ("bass", 0 * tone())]


def test_a_codec_that_changes_nothing_meets_every_goal_but_visqols():
    result = evaluate_codec(Through(), STEMS, quick=True)
    assert result.roles == ("drums", "bass")
    assert result.stems("drums") == 2 and result.stems("bass") == 1, "a silent stem is none"
    assert all(row.met is not False for role in result.roles for row in result.rows(role))
    assert result.values("drums")["codebooks.used"] == 1.0
    assert "visqol" not in result.values("drums")


def test_pre_echo_is_a_goal_of_drums_and_measured_of_all():
    struck = [(role, beats()) for role in ("drums", "melody")]
    bad = evaluate_codec(Through(lambda audio: smeared(audio, 8.0, 0.5)), struck, quick=True)
    missed = {role: {row.goal.measure for row in bad.rows(role) if row.met is False} for role in bad.roles}
    assert missed == {"drums": {"pre_echo.median"}, "melody": set()}
    assert bad.values("melody")["pre_echo.median"] == bad.values("drums")["pre_echo.median"] > 6.0
    assert "drums: " in bad.text() and "pre_echo" in bad.text()


def test_fewer_codebooks_are_measured_apart_and_the_codec_stays_in_its_mode():
    codec = debug_codec().train()
    result = evaluate_codec(codec, STEMS[:1], quick=True, fewer_codebooks=(1, 2, 9), name="mine")
    assert codec.training and result.fewer_codebooks == (1,) and result.codec == "mine"
    assert result.values("drums", 1)["mel"] != result.values("drums")["mel"]


def debug_codec() -> Codec:
    torch.manual_seed(0)
    return build_codec(config_named("debug")).eval()


def test_the_decoded_is_as_long_as_the_original_whatever_the_hop():
    codec = debug_codec()
    for samples in (588 * 20, 588 * 20 + 1, 588 * 21 - 1):
        assert round_trip(codec, beats()[:samples]).shape == (samples, 2)


def test_a_card_says_every_measure_and_stands_beside_the_published():
    codec = debug_codec()
    result = evaluate_codec(codec, STEMS[:1], quick=True, fewer_codebooks=(1,))
    result = result.with_costs(costs(codec, quick=True))
    card = card_of(result)
    measured = {row.goal.measure for role in result.roles for row in result.rows(role)}
    assert {"step.median", "size.kilobits", "speed.decode", "onset.f1"} <= measured
    assert all(f"`{name}`" in card for name in measured)
    assert all(codec.name in card for codec in published()) and "### With fewer codebooks" in card


def test_every_measure_has_one_line_in_the_goals():
    named = [goal.measure for goal in goals()]
    assert len(set(named)) == len(named)
    assert set(measures.SLOW) | set(measures.FAST) <= set(named)
    assert all(goal.wanted for goal in goals() if goal.moonshot is not None)


def test_a_corpus_that_holds_out_nothing_is_refused(tmp_path):
    with pytest.raises(EngineError) as caught:
        list(held_out_stems(("drums",), 1, tmp_path))
    assert caught.value.code == "not_found"
    (tmp_path / "corpus.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(EngineError) as caught:
        list(held_out_stems(("drums",), 1, tmp_path))
    assert caught.value.code == "empty"


def test_held_out_stems_of_a_corpus_are_given_by_role_and_no_more_than_asked(tmp_path):
    import soundfile

    shard = tmp_path / "held_out" / "00000"
    shard.mkdir(parents=True)
    (tmp_path / "corpus.json").write_text(json.dumps({"format": 1}))
    lines = []
    for song, audio in enumerate((0 * beats(), beats(), beats(seed=4), beats(seed=5))):
        soundfile.write(shard / f"{song}.flac", audio, RATE)
        track = {"file": f"{song}.flac", "score": "", "samples": len(audio), "source": ""}
        lines.append(json.dumps({"tracks": {"drums": track, "bass": track}}))
    (shard / "songs.jsonl").write_text("\n".join(lines))
    found = list(held_out_stems(("drums",), 2, tmp_path))
    assert [role for role, _ in found] == ["drums", "drums"]
    assert np.abs(found[0][1] - beats()).max() < 1e-4, "the silent one is passed over"


# --- the command ------------------------------------------------------------------------------------


@pytest.fixture
def codec_file(tmp_path):
    from engine.model.codec.weights import save_codec

    save_codec(debug_codec(), tmp_path / "tiny.safetensors")
    return tmp_path / "tiny.safetensors"


def test_the_command_writes_lines_a_card_and_pictures(codec_file, tmp_path, capsys, monkeypatch):
    for name in ("visqol", "matplotlib"):
        pytest.importorskip(name)
    from bridge.__main__ import main
    from engine.evaluation.codec import stems

    monkeypatch.setattr(stems, "made", lambda roles: ((role, beats(TIMES_S[:5], 1.5)) for role in roles))
    out = tmp_path / "out"
    asked = ["evaluate", "codec", "--codec", str(codec_file), "--quick", "--stems", "1", "--roles", "drums"]
    assert main([*asked, "--check", "--out", str(out)]) == 1, "an untrained codec misses"
    written = capsys.readouterr()
    assert (out / "figures.jsonl").read_text() == written.out
    lines = [json.loads(line) for line in written.out.splitlines()]
    summed = {line["summary"]: line for line in lines if "summary" in line}
    assert {"visqol", "onset.f1", "step.median", "size.kilobits"} <= set(summed)
    assert "## tiny" in (out / "card.md").read_text() and "tiny" in written.err
    assert (out / "tiny_drums.png").read_bytes().startswith(b"\x89PNG")


def test_somebody_elses_codec_is_measured_as_ours_are(tmp_path, capsys, monkeypatch):
    for name in ("visqol", "matplotlib"):
        pytest.importorskip(name)
    from bridge.__main__ import main
    from engine.evaluation.codec import stems
    from tests.engine.published_folders import write_folder

    folder = write_folder(tmp_path / "their_encodec")
    monkeypatch.setattr(stems, "made", lambda roles: ((role, beats(TIMES_S[:5], 1.5)) for role in roles))
    asked = ["evaluate", "codec", "--codec", str(folder), "--quick", "--stems", "1", "--roles", "drums"]
    assert main([*asked, "--beside", "--out", str(tmp_path / "out")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"visqol", "onset.f1", "size.kilobits"} <= {line.get("summary") for line in lines}
    assert {"their_encodec", *(other.name for other in OTHERS), LATER} == {
        line["codec"] for line in lines if "summary" in line
    }
    assert "## their_encodec" in (tmp_path / "out" / "card.md").read_text()


@pytest.mark.parametrize(("args", "said"), [
    (("--codec", "nowhere.safetensors"), "nowhere.safetensors"),
    (("--roles", "drum"), "drums"),
    (("--stems", "0"), "--stems 0"),
])  # fmt: skip
def test_what_cannot_be_measured_is_refused_with_what_can(args, said, capsys):
    from bridge.__main__ import main

    assert main(["evaluate", "codec", *args]) == 1
    assert said in capsys.readouterr().err


def test_the_weights_of_runs_go_by_the_names_of_their_folders():
    from pathlib import Path

    from bridge.evaluate_codec import name_of

    assert name_of(Path("/runs/kicks/codec.safetensors")) == "kicks"
    assert name_of(Path("weights/drums.safetensors")) == "drums"
