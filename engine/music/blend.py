"""Genres mixed: "jazzy drum and bass" has one's drums and tempo, the other's chords and colours.

          noun (first)                     the others
drums     kit, patterns                    fills, some ghosts
bass      all                              approach
harmony   rhythm                           sound, chords, extensions, comping
melody    rhythm                           sound (of the last of them), scale, manners
feel      tempo, key, form, energy         swing and hand: between
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.music.genre import genre_named, per_genres
from engine.music.styles import BassStyle, DrumStyle, Genre, HarmonyStyle, MelodyStyle, Progressions
from engine.prompt.music_context import MusicContext

COLOUR = 0.4  # the share of the other genre in what lies between


def genre_of(context: MusicContext) -> Genre:
    """The genre that a context is played in: its own, coloured by the others that were named."""
    return blend((context.genre, *context.genres))


def blend(names: Sequence[str]) -> Genre:
    """The first genre coloured by the others, and called as the first; the same for the same names."""
    return _blended(tuple(dict.fromkeys(genre_named(name).name for name in names)))


@per_genres
def _blended(names: tuple[str, ...]) -> Genre:
    noun, *others = (genre_named(name) for name in names)
    if not others:
        return noun
    first, last = others[0], others[-1]
    return replace(
        noun,
        progressions=_progressions(first.progressions, noun.progressions),
        drums=_drums(noun.drums, first.drums),
        bass=_bass(noun.bass, first.bass),
        harmony=_harmony(noun.harmony, first.harmony),
        melody=_melody(noun.melody, last.melody),
        swing=between(noun.swing, first.swing),
        humanize=between(noun.humanize, first.humanize),
        sidechain=between(noun.sidechain, first.sidechain),
    )


def between(noun: float, other: float) -> float:
    return round(noun + COLOUR * (other - noun), 4)


def _progressions(colour: Progressions, noun: Progressions) -> Progressions:
    """The other's chords, as slowly as either has them."""
    return replace(colour, bars_per_chord=tuple(sorted({*colour.bars_per_chord, *noun.bars_per_chord})))


def _drums(noun: DrumStyle, colour: DrumStyle) -> DrumStyle:
    return replace(
        noun,
        fills=(*noun.fills, *colour.fills),
        ghosts=between(noun.ghosts, colour.ghosts),
        fill_chance=between(noun.fill_chance, colour.fill_chance),
    )


def _bass(noun: BassStyle, colour: BassStyle) -> BassStyle:
    approach = noun.approach if noun.approach == colour.approach else "mixed"
    return replace(noun, approach=approach, manners=_manners(noun.manners, colour.manners))


def _harmony(noun: HarmonyStyle, colour: HarmonyStyle) -> HarmonyStyle:
    """The colour's chords, sound and touch; both ways of comping, but held chords stay the noun's own."""
    both = noun.sustain == colour.sustain
    return replace(
        colour,
        patterns=(*noun.patterns, *colour.patterns) if both else colour.patterns,
        manners=_manners(colour.manners, noun.manners),
        extensions=max(noun.extensions, colour.extensions),
    )


def _melody(noun: MelodyStyle, colour: MelodyStyle) -> MelodyStyle:
    return replace(
        colour,
        patterns=(*noun.patterns, *colour.patterns),
        manners=_manners(colour.manners, noun.manners),
        rest=between(noun.rest, colour.rest),
    )


def _manners(
    first: Mapping[str, tuple[str, ...]], then: Mapping[str, tuple[str, ...]]
) -> Mapping[str, tuple[str, ...]]:
    return {**then, **first}
