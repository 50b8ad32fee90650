"""The form over the bars: sections, and how hard the band plays in each bar.

bars     0       4       8       12
         intro   build   drop            sections, from the prompt, the genre or the tracks heard
energy   -0.25   rising  +0.2            + the profile asked for (rise, fall, arch, wave)
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.context.track_context import TrackContext
from engine.music.genre import Genre
from engine.music.score import Section
from engine.prompt.music_context import MusicContext

LONG_BARS = 16  # from here a loop is a piece: it gets a form of its genre
# How much of the form a section takes, and how far its energy lies from the whole's.
SHARES = {"intro": 1, "verse": 2, "build": 1, "drop": 2, "break": 1, "chorus": 2, "main": 2, "outro": 1}
LIFTS = {
    "intro": -0.25, "verse": -0.08, "build": 0.0, "drop": 0.2, "break": -0.3, "chorus": 0.12, "main": 0.0,
    "outro": -0.25,
}  # fmt: skip
# A single section is a wish for the piece around it too.
AROUND = {
    "intro": ("intro", "main"), "build": ("build", "drop"), "drop": ("build", "drop"),
    "break": ("main", "break", "main"), "outro": ("main", "outro"), "chorus": ("verse", "chorus"),
}  # fmt: skip
PROFILE_LIFT = 0.22
BUILD_LIFT = 0.18  # what a build gains from its first bar to its last


@dataclass(frozen=True)
class Form:
    """Sections in order (empty: one loop of one idea) over `bars`."""

    bars: int
    sections: tuple[Section, ...] = ()
    profile: str = ""

    @cached_property
    def by_bar(self) -> tuple[Section | None, ...]:
        named = [section for section in self.sections for _ in range(section.bars)]
        return tuple(named) or (None,) * self.bars

    def name(self, bar: int) -> str:
        """The section's name; `main` where there is no form."""
        section = self.by_bar[bar]
        return section.name if section else "main"

    def place(self, bar: int) -> float:
        """How far into its section a bar lies: 0 at its first bar, 1 at its last."""
        section = self.by_bar[bar]
        if section is None or section.bars < 2:
            return 1.0 if section else 0.0
        return (bar - section.start_bar) / (section.bars - 1)

    def bar_share(self, bar: int) -> float:
        """How far the place moves on from this bar to the next."""
        section = self.by_bar[bar]
        return 1.0 / (section.bars - 1) if section and section.bars > 1 else 0.0

    def opens(self, bar: int) -> bool:
        """Whether a section begins here, after another one."""
        section = self.by_bar[bar]
        return section is not None and section.start_bar == bar and bar > 0

    def closes(self, bar: int) -> bool:
        """Whether another section follows this bar."""
        return bar + 1 < self.bars and self.opens(bar + 1)

    def lift(self, bar: int) -> float:
        """What the bar adds to the energy wished for, -0.5 .. 0.5."""
        section = self.by_bar[bar]
        lift = LIFTS[section.name] if section else 0.0
        if section and section.name == "build":
            lift += BUILD_LIFT * self.place(bar)
        return max(-0.5, min(0.5, lift + PROFILE_LIFT * self._profile(bar)))

    def lift_after(self, bar: int) -> float:
        """The lift that a bar arrives at: a build climbs inside its bars, everything else goes in steps."""
        section = self.by_bar[bar]
        if section is None or section.name != "build":
            return self.lift(bar)
        return min(0.5, self.lift(bar) + BUILD_LIFT * self.bar_share(bar))

    def _profile(self, bar: int) -> float:
        """-1..1 over the bars."""
        place = bar / max(1, self.bars - 1)
        match self.profile:
            case "rise":
                return 2.0 * place - 1.0
            case "fall":
                return 1.0 - 2.0 * place
            case "arch":
                return 1.0 - 2.0 * abs(2.0 * place - 1.0)
            case "wave":
                return -math.cos(4.0 * math.pi * place)
            case _:
                return 0.0


def form_of(context: MusicContext, genre: Genre, heard: Mapping[str, TrackContext], seed: int) -> Form:
    """The form of the tracks heard, else the one asked for, else for a long loop one of the genre."""
    for says in heard.values():
        score = says.score
        if score and score.sections and score.bars == context.bars:
            return Form(context.bars, score.sections, context.profile)
    names: Sequence[str] = context.structure
    said: Sequence[int] = context.section_bars
    if len(names) == 1:
        alone, names = names[0], AROUND.get(names[0], names)
        said = [said[0] if name == alone else 0 for name in names] if said else ()
    if not names and context.bars >= LONG_BARS and genre.forms:
        names = random.Random(f"{seed}/form/{genre.name}").choice(genre.forms)
    return Form(context.bars, laid_out(names, context.bars, context.energy, said), context.profile)


def laid_out(names: Sequence[str], bars: int, energy: float, said: Sequence[int] = ()) -> tuple[Section, ...]:
    """The sections over the bars: as long as `said` (0: free) where all fit in, the others by their shares.
    () where there are fewer bars than two."""
    names = names[:bars]
    if not names or bars < 2:
        return ()
    found: list[Section] = []
    start = 0
    for name, length in zip(names, _lengths(names, bars, said), strict=True):
        found.append(Section(name, start, length, round(min(1.0, max(0.0, energy + LIFTS[name])), 4)))
        start += length
    return tuple(found)


def _lengths(names: Sequence[str], bars: int, said: Sequence[int]) -> list[int]:
    """The bars of each section; what is left over where all are said goes to the last."""
    lengths = list(said) if len(said) == len(names) else [0] * len(names)
    free = [i for i, length in enumerate(lengths) if not length]
    room = bars - sum(lengths)
    if room < len(free):
        return _shared(names, bars)
    if not free:
        lengths[-1] += room
        return lengths
    for i, length in zip(free, _shared([names[i] for i in free], room), strict=True):
        lengths[i] = length
    return lengths


def _shared(names: Sequence[str], bars: int) -> list[int]:
    """Bars by the sections' shares, in powers of two where they fit; what is left over goes to the last of
    the long ones."""
    shares = [SHARES[name] for name in names]
    unit = bars / sum(shares)
    unit = 2.0 ** math.floor(math.log2(unit)) if unit >= 1.0 else 0.0
    lengths = [max(1, round(share * unit)) for share in shares]
    while sum(lengths) > bars:
        lengths[max(range(len(lengths)), key=lambda i: lengths[i])] -= 1
    longest = max(range(len(names)), key=lambda i: (shares[i], i))
    lengths[longest] += bars - sum(lengths)
    return lengths
