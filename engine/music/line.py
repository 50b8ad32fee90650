"""How a sung line moves: leaps are small and turn back by step, and no note grates against a borrowed chord.

leap up, then a step down        o          wide leaps are folded      o
                                / o                                   /
                               o                                     o   (never this far)
"""

from __future__ import annotations

from engine.music.key import Key
from engine.music.score import Chord
from engine.music.theory import Ladder, nearest_of

LEAP = 5  # semitones: what is wider than a fourth wants to turn back
WIDEST = 9  # a major sixth; wider is hard to sing, and heard as another voice
BACK_STRONG = 2.5  # how far back a strong note looks for its chord tone
BELOW, ABOVE = 7, 11  # semitones around the line's centre: an octave and a half, clear of the chords below


def led(wanted: int, chord: Chord, strong: bool, before: tuple[int, ...], ladder: Ladder, centre: int) -> int:
    """The pitch that a line takes where `wanted` is meant: a chord tone where it is strong.

    `before` holds the line's last pitches, the latest at the end. A line that has leapt steps back.
    """
    pitch = nearest_of(chord.pitch_classes, wanted) if strong else wanted
    if not before:
        return in_reach(pitch, centre, pitch)
    last = before[-1]
    leap = last - before[-2] if len(before) > 1 else 0
    if abs(leap) > LEAP:
        pitch = _stepped_back(last, -1 if leap > 0 else 1, chord, strong, ladder)
    elif strong and pitch == last and wanted != last:
        # The line moves: it goes on to the next tone of the chord rather than stay on this one.
        pitch = nearest_of(chord.pitch_classes, last + (3.5 if wanted > last else -3.5))
    return in_reach(pitch, centre, last)


def _stepped_back(last: int, way: int, chord: Chord, strong: bool, ladder: Ladder) -> int:
    """A step of the scale back, or on a strong place the chord tone that lies there."""
    if strong:
        return nearest_of(chord.pitch_classes, last + way * BACK_STRONG)
    rung = ladder.rung(last)
    return ladder.pitch(rung + way) if ladder.pitch(rung) == last or way > 0 else ladder.pitch(rung)


def in_reach(pitch: int, centre: int, last: int) -> int:
    """The octave of `pitch` inside the line's range; the nearest to `last` where it would leap too far."""
    octaves = [each for each in range(pitch % 12, 128, 12) if -BELOW <= each - centre <= ABOVE]
    if pitch in octaves and abs(pitch - last) <= WIDEST:
        return pitch
    return min(octaves, key=lambda each: (abs(each - last), each))


def bent(pitch: int, chord: Chord, key: Key) -> int:
    """A note of the key a semitone from a tone that the chord borrowed from elsewhere becomes that tone."""
    borrowed = {pc for pc in chord.pitch_classes if pc not in key.scale}
    if pitch % 12 in chord.pitch_classes:
        return pitch
    return next((pitch + way for way in (1, -1) if (pitch + way) % 12 in borrowed), pitch)
