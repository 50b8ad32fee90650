"""What a prompt means, as numbers and names: the input of every composer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.errors import EngineError
from engine.music.key import Key, Signature


@dataclass(frozen=True)
class Frame:
    """The set's frame, as `/rg/tempo`, `/rg/key`, `/rg/signature` and `/rg/bars` hold it.

    `pinned` names the fields that the musician (or the DAW) set by hand; a prompt that does not
    speak of them leaves those alone, and may take the others from its genre.
    """

    tempo_bpm: float = 120.0
    key: Key = field(default_factory=Key)
    signature: Signature = field(default_factory=Signature)
    bars: int = 8
    pinned: frozenset[str] = frozenset()


# How a role may play; None in an intent leaves it to the genre.
MANNERS = {
    "drums": ("four_on_the_floor", "breakbeat", "half_time", "double_time", "one_drop", "shuffle"),
    "bass": ("driving", "rolling", "offbeat", "walking", "held", "octaves", "acid", "syncopated", "riff"),
    "harmony": ("pad", "comp", "stab", "arp", "strum", "skank"),
    "melody": ("motif", "hook", "arp", "riff", "call", "solo"),
}
ARTICULATION_WORDS = ("staccato", "legato", "slides")
PROFILES = ("flat", "rise", "fall", "arch", "wave")


@dataclass(frozen=True)
class TrackIntent:
    """What the prompt asks of one track. Numbers are 0..1 and None where it says nothing.

    `keep` and `like_take` speak of the take that stands and of this prompt alone: a later prompt does
    not inherit them.
    """

    energy: float | None = None
    density: float | None = None
    brightness: float | None = None
    swing: float | None = None
    octave: int = 0
    palette: str | None = None
    silent: bool = False
    avoid: tuple[str, ...] = ()  # drum voices that must not sound
    words: tuple[str, ...] = ()  # the words that were understood
    want: tuple[str, ...] = ()  # drum voices that must sound
    rates: Mapping[str, float] = field(default_factory=dict)  # drum voice, or * for all: 2.0 double-time
    manner: str | None = None  # of MANNERS
    articulation: str | None = None  # of ARTICULATION_WORDS
    settings: Mapping[str, float] = field(default_factory=dict)  # reverb, drive, vinyl … 0..1
    keep: str = ""  # "rhythm" or "notes": what of the standing take stays ("keep the rhythm, new notes")
    like_take: int = 0  # "more like take 2"; 0: none


@dataclass(frozen=True)
class MusicContext:
    """A whole prompt understood. `assumed` names the fields the prompt did not say."""

    prompt: str
    genre: str
    tempo_bpm: float
    key: Key
    signature: Signature
    bars: int
    energy: float = 0.5
    density: float = 0.5
    brightness: float = 0.5
    swing: float = 0.0  # 0 straight, 1 full triplet swing
    humanize: float = 0.3
    moods: tuple[str, ...] = ()
    tracks: Mapping[str, TrackIntent] = field(default_factory=dict)
    assumed: frozenset[str] = frozenset()
    relative: bool = False  # the prompt changed an existing context ("more aggressive")
    genres: tuple[str, ...] = ()  # all that were named, `genre` first ("jazzy drum and bass"); empty: one
    structure: tuple[str, ...] = ()  # sections asked for, in order, of score.SECTIONS
    section_bars: tuple[int, ...] = ()  # beside `structure`: the bars of each, 0 where nobody said; or empty
    profile: str = ""  # how the energy goes over the bars, of PROFILES; "": as the genre has it
    unknown: tuple[str, ...] = ()  # words that nothing here understood
    similar: tuple[str, ...] = ()  # words understood by a known one that is like them: "glacial ~ cold"
    by_model: tuple[str, ...] = ()  # fields that the language model read, rather than the rules

    def intent(self, track: str) -> TrackIntent:
        return self.tracks.get(track, TrackIntent())

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "assumed": sorted(self.assumed)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> MusicContext:
        """The inverse of `to_json`; EngineError `file` where the text is not a context."""
        try:
            data = json.loads(text)
            tracks = {name: TrackIntent(**_tupled(given)) for name, given in data["tracks"].items()}
            return cls(
                **{
                    **_tupled(data),
                    "key": Key(**data["key"]),
                    "signature": Signature(**data["signature"]),
                    "assumed": frozenset(data["assumed"]),
                    "tracks": tracks,
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError("file", f"not a musical context: {error}") from error


def _tupled(data: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows lists only; every list of a context is a tuple."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
