"""New bars of a take, asked for from outside: the files of a running engine before and after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mido
import pytest
import soundfile

from tests.bridge.musician import Musician

ADDRESS = "/rg/track/melody/bars"
BAR_SAMPLES = 44_100  # 4/4 at 240 bpm
BAR_TICKS = 4 * 960


@pytest.fixture(scope="module")
def musician(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Musician]:
    with Musician(tmp_path_factory.mktemp("bars") / "set", "--jack", "off") as musician:
        musician.send("/rg/seed", "i", "7")
        musician.hear("/rg/seed", 7)
        assert musician.ask("/rg/generate", "s", "funk at 240 bpm, 4 bars").address == "/rg/done"
        yield musician


def bars_of(path: Path) -> list[bytes]:
    audio = soundfile.read(path, dtype="int32")[0]
    assert len(audio) == 4 * BAR_SAMPLES
    return [audio[start : start + BAR_SAMPLES].tobytes() for start in range(0, len(audio), BAR_SAMPLES)]


def struck_in(path: Path, bar: int) -> list[tuple[int, int]]:
    """(tick, pitch) of the notes of a bar, from 0, of a stem's .mid file."""
    found, now = [], 0
    for message in mido.MidiFile(path.with_suffix(".mid")).tracks[1]:
        now += message.time
        # Ahead of the beat by less than a sixteenth is still that beat.
        if message.type == "note_on" and message.velocity and (now + 120) // BAR_TICKS == bar:
            found.append((now, message.note))
    return found


def changed(before: Path, after: Path) -> list[int]:
    pairs = zip(bars_of(before), bars_of(after), strict=True)
    return [number for number, (old, new) in enumerate(pairs, 1) if old != new]


@pytest.mark.parametrize(
    ("address", "types", "args", "new"),
    [
        (ADDRESS, "ii", ("2", "3"), [2, 3]),
        (ADDRESS, "iis", ("4", "4", "an octave lower"), [4]),
        ("/rg/track/melody/regenerate", "s", ("redo bars 1-2",), [1, 2]),
    ],
)
def test_only_the_bars_that_were_asked_for_are_new(musician, address, types, args, new):
    before = musician.stem("melody")
    answer = musician.ask(address, types, *args)
    assert (answer.address, *answer.args[:2]) == ("/rg/done", address, musician.requests)
    after = musician.stem("melody")
    assert changed(before, after) == new
    assert any(struck_in(after, bar - 1) != struck_in(before, bar - 1) for bar in new)
    kept = {1, 2, 3, 4} - set(new)
    assert all({*struck_in(before, bar - 1)} <= {*struck_in(after, bar - 1)} for bar in kept)


def test_undo_brings_the_other_bars_back(musician):
    before = musician.stem("melody")
    assert musician.ask(ADDRESS, "ii", "2", "2").address == "/rg/done"
    assert musician.stem("melody") != before
    musician.send("/rg/track/melody/undo")
    musician.hear("/rg/track/melody/stem", before.name)
    assert musician.stem("melody") == before


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("3", "5"), "range", "bars 1 to 4"),
        (("3", "2"), "range", "after the last"),
        (("0", "2"), "range", "1 to 64"),
    ],
)
def test_a_refusal_says_what_is_allowed(musician, args, code, says):
    before = musician.stem("melody")
    answer = musician.ask(ADDRESS, "ii", *args)
    assert (answer.address, *answer.args[:3]) == ("/rg/fail", ADDRESS, musician.requests, code)
    assert says in answer.args[3]
    assert musician.stem("melody") == before


def test_a_locked_track_is_refused(musician):
    musician.send("/rg/track/melody/lock", "i", "1")
    musician.hear("/rg/track/melody/lock", 1)
    assert musician.ask(ADDRESS, "ii", "1", "1").args[2] == "locked"
    musician.send("/rg/track/melody/lock", "i", "0")
    musician.hear("/rg/track/melody/lock", 0)
