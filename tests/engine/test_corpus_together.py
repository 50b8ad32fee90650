"""Laws of what tracks do to each other: it follows the others, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.audio.processors.ring import white
from engine.training.corpus.carving import band_powers, carved, spectra
from engine.training.corpus.recipe import DEBUG
from engine.training.corpus.song import make_song
from engine.training.corpus.together import ducked, glue_gains, kicks_of

RATE = 44_100
ALONE = replace(
    DEBUG,
    min_seconds=2.0,
    max_seconds=4.0,
    raw_share=0.0,
    duck_share=0.0,
    carve_share=0.0,
    room_share=0.0,
    glue_share=0.0,
)
PUMP = {"depth_db": 12.0, "attack_ms": 2.0, "hold_ms": 40.0, "release_ms": 150.0}


def level_db(sound: np.ndarray) -> float:
    return float(10.0 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-20))


def tone(hz: float, samples: int = RATE) -> np.ndarray:
    cycles = round(hz * samples / RATE)
    return (
        (0.2 * np.sin(2 * np.pi * cycles * np.arange(samples) / samples))
        .astype(np.float32)[:, None]
        .repeat(2, axis=1)
    )


def at_hz(loop: np.ndarray, hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(loop[:, 0] * np.hanning(len(loop))))
    place = round(hz * len(loop) / RATE)
    return float(20.0 * np.log10(spectrum[place - 2 : place + 3].max()))


# --- duck -------------------------------------------------------------------------------------------


def test_a_ducked_loop_is_softer_after_each_kick_and_as_before_elsewhere():
    loop = 0.1 * white(2 * RATE, 3)
    made = ducked(loop, [(10_000, 1.0), (50_000, 0.5)], **PUMP)
    for start, wanted_db in ((10_000, -12.0), (50_000, -6.0)):
        held = slice(start + 88, start + 1700)
        assert level_db(made[held]) - level_db(loop[held]) == pytest.approx(wanted_db, abs=0.2)
    for still in (slice(0, 9_999), slice(20_000, 49_999), slice(60_000, None)):
        assert np.array_equal(made[still], loop[still])


def test_a_kick_at_the_end_pushes_the_start():
    loop = 0.1 * white(RATE, 4)
    made = ducked(loop, [(RATE - 100, 1.0)], **PUMP)
    assert level_db(made[:1000]) - level_db(loop[:1000]) == pytest.approx(-12.0, abs=0.2)
    early = ducked(loop, [(-100, 1.0)], **PUMP)
    assert np.array_equal(made, early)


def seed_with_kicks(role: str) -> int:
    """Of a song where the drums have kicks, the track gives way and sounds after every one of them."""
    for seed in range(30):
        song = make_song(seed, replace(ALONE, duck_share=1.0))
        if kicks_of(song.tracks["drums"].score) and "duck" in song.tracks[role].effects:
            return seed
    raise AssertionError("no song ducks")


def test_in_a_song_the_tracks_give_way_to_its_own_kick_and_to_nothing_else():
    seed = seed_with_kicks("harmony")
    free, pumped = make_song(seed, ALONE), make_song(seed, replace(ALONE, duck_share=1.0))
    told = pumped.tracks["harmony"].effects["duck"]
    assert told["by"] == "drums kick" and 1.5 <= told["depth_db"] <= 24.0
    one, two = free.tracks["harmony"].audio, pumped.tracks["harmony"].audio
    heard = np.abs(one[:, 0]) > 1e-3
    gain_db = np.full(len(one), np.nan)
    gain_db[heard] = 20.0 * np.log10(np.abs(two[heard, 0]) / np.abs(one[heard, 0]) + 1e-9)
    gain_db -= np.nanmax(gain_db)  # the song's own fader
    held = np.zeros(len(one), dtype=bool)
    for start, strength in kicks_of(pumped.tracks["drums"].score):
        first, last = (start + round(told[name] * RATE / 1000) for name in ("attack_ms", "attack_ms"))
        last += round(told["hold_ms"] * RATE / 1000)
        held[np.arange(first + 2, last - 2) % len(one)] = True
        here = gain_db[np.arange(first + 2, last - 2) % len(one)]
        if np.isfinite(here).any():
            assert np.nanmax(here) <= -told["depth_db"] * strength + 0.5
    # What is not ducked moved by the fader alone: by the same, wherever a track is heard.
    drums = [song.tracks["drums"].audio for song in (free, pumped)]
    share = drums[1][np.abs(drums[0]) > 1e-3] / drums[0][np.abs(drums[0]) > 1e-3]
    assert np.ptp(share) < 1e-3 * share.mean() and held.any()


# --- carve ------------------------------------------------------------------------------------------


def test_carving_of_nothing_gives_the_loop_back():
    loop = 0.1 * white(30_001, 5)
    assert np.abs(carved(loop, np.zeros_like(loop), 12.0) - loop).max() < 1e-5
    assert np.abs(carved(loop, loop, 0.0) - loop).max() < 1e-5


def test_a_carved_track_loses_what_the_other_has_there_and_keeps_the_rest():
    loop, other = tone(330.0) + tone(3300.0), 4.0 * tone(3300.0)
    made = carved(loop, other, 12.0)
    assert at_hz(made, 3300.0) - at_hz(loop, 3300.0) == pytest.approx(-12.0 * 16 / 17, abs=1.0)
    assert at_hz(made, 330.0) == pytest.approx(at_hz(loop, 330.0), abs=0.3)


def test_carving_follows_the_other_in_time():
    loop, other = tone(1000.0, 2 * RATE), 4.0 * tone(1000.0, 2 * RATE)
    other[RATE:] = 0.0
    made = carved(loop, other, 12.0)
    early, late = slice(RATE // 2, RATE * 3 // 4), slice(RATE * 3 // 2, RATE * 7 // 4)
    assert level_db(made[early]) - level_db(loop[early]) < -9.0
    assert level_db(made[late]) - level_db(loop[late]) > -0.5


def test_in_a_song_harmony_overlaps_less_with_melody_and_bass():
    seed = next(
        s
        for s in range(20)
        if "carve" in make_song(s, replace(ALONE, carve_share=1.0)).tracks["harmony"].effects
    )
    free, cut = make_song(seed, ALONE), make_song(seed, replace(ALONE, carve_share=1.0))
    assert set(cut.tracks["harmony"].effects["carve"]["by"]) == {"melody", "bass"}

    def overlap(song) -> float:
        """The mean over bands and moments of the harmony's share where another is heard."""
        own, *others = (
            band_powers(spectra(song.tracks[role].audio)) for role in ("harmony", "melody", "bass")
        )
        shares = [own / (own + other + 1e-12) for other in others]
        return float(
            np.mean(
                [
                    share[other > other.max() * 1e-4].mean()
                    for share, other in zip(shares, others, strict=True)
                ]
            )
        )

    assert overlap(cut) < 0.95 * overlap(free)


# --- room, glue -------------------------------------------------------------------------------------


def test_one_room_is_around_all_tracks_each_sent_another_share():
    song = make_song(3, replace(ALONE, room_share=1.0))
    rooms = [dict(track.effects["shared_room"]) for track in song.tracks.values()]
    sends = [room.pop("send_db") for room in rooms]
    assert all(room == rooms[0] for room in rooms) and len(set(sends)) == len(sends)


def test_glue_presses_where_the_mix_is_loud_and_lets_go_where_it_is_soft():
    mix = 0.02 * white(2 * RATE, 6)
    mix[:RATE] *= 10.0
    gains = glue_gains(mix, 4.0, 3.0, 5.0, 60.0)
    loud, soft = gains[len(gains) // 4 : len(gains) // 2].mean(), gains[-len(gains) // 4 : -10].mean()
    assert 20.0 * np.log10(loud) == pytest.approx(-(3.0 + 3.0) * 0.75, abs=0.7)
    assert soft > 0.97


def test_glue_is_one_gain_for_every_track():
    free, glued = make_song(4, ALONE), make_song(4, replace(ALONE, glue_share=1.0))
    assert len({str(track.effects["glue"]) for track in glued.tracks.values()}) == 1
    curves = []
    for role in ("drums", "bass"):
        one, two = free.tracks[role].audio[:, 0], glued.tracks[role].audio[:, 0]
        curves.append(np.where(np.abs(one) > 3e-3, two / np.where(one == 0.0, 1.0, one), np.nan))
    both = np.isfinite(curves[0]) & np.isfinite(curves[1])
    assert both.sum() > 200
    assert np.abs(curves[0][both] / curves[1][both] - 1.0).max() < 0.01
