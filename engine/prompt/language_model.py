"""What a language model reads in a long prompt: asked for by schema, checked field by field, kept.

    model = LanguageModel(ask, timeout_s=1.5)
    model.begin(prompt)                 asks on a thread of its own; returns at once
    model.answer(prompt)                the Answer if it is there, else None: then the rules stand
    model.answer(prompt, wait=True)     waits for it, at most `timeout_s`

`ask(prompt, schema, timeout_s)` brings the text of the answer; the bridge has the one that speaks HTTP.
Whatever the model says can only ever be one of the values a prompt could have said itself: a genre, a key,
a number within its range. Text of the prompt that gives orders to the model changes no more than that.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import EngineError
from engine.instruments.palette import NAMES as PALETTES
from engine.music.genre import genres
from engine.music.key import Key, Signature
from engine.prompt.music_context import MANNERS, PROFILES
from engine.prompt.words import lexicon
from engine.units import MAX_BARS, MAX_TEMPO_BPM, MIN_BARS, MIN_TEMPO_BPM

log = logging.getLogger(__name__)
Ask = Callable[[str, Mapping[str, Any], float], str]

KEPT_ANSWERS = 256
AT_ONCE = 2  # questions under way; a prompt that comes meanwhile is read by the rules alone
LONGEST_ANSWER = 65536  # characters looked at
TRACKS = ("drums", "bass", "harmony", "melody")
FEELS = ("energy", "density", "brightness", "swing")
TRACK_NUMBERS = ("energy", "density", "brightness")
HIGHEST_OCTAVE = 2
MOST_MOODS = 4


@dataclass(frozen=True)
class Answer:
    """The good fields of an answer, as MusicContext and TrackIntent name them."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    tracks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


# --- what is asked --------------------------------------------------------------------------------


def moods() -> list[str]:
    words = (word for rows in lexicon().phrases.values() for _, word in rows)
    return sorted({word.name for word in words if word.quality and word.quality.mood})


def schema() -> dict[str, Any]:
    """The JSON schema of an answer. Every field may be null: what the text does not say."""
    share = _nullable("number", minimum=0, maximum=1)
    track = {
        role: _object(
            {
                "silent": _nullable("boolean"),
                **dict.fromkeys(TRACK_NUMBERS, share),
                "octave": _nullable("integer", minimum=-HIGHEST_OCTAVE, maximum=HIGHEST_OCTAVE),
                "palette": _choice(sorted(PALETTES[role])),
                "manner": _choice(MANNERS[role]),
            }
        )
        for role in TRACKS
    }
    return _object(
        {
            "genre": _choice(sorted(genres())),
            "tempo_bpm": _nullable("number", minimum=MIN_TEMPO_BPM, maximum=MAX_TEMPO_BPM),
            "key": _nullable("string", description="a tonic and a mode, as F# minor or D dorian"),
            "signature": _nullable("string", description="as 4/4, 3/4, 7/8"),
            "bars": _nullable("integer", minimum=MIN_BARS, maximum=MAX_BARS),
            "moods": {"type": "array", "items": {"enum": moods()}},
            **dict.fromkeys(FEELS, share),
            "profile": _choice(PROFILES),
            "tracks": _object(track),
        }
    )


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _nullable(kind: str, **rules: Any) -> dict[str, Any]:
    return {"type": [kind, "null"], **rules}


def _choice(names: Any) -> dict[str, Any]:
    return {"enum": [*names, None]}


# --- what is answered -----------------------------------------------------------------------------


def parse_answer(text: str) -> Answer:
    """The good fields of the text; what is wrong or unknown is dropped and logged.

    EngineError `type` where there is no JSON object in it. Words around the object (a fence, a thought) are
    passed over: many local servers do not hold their model to the schema.
    """
    return checked(_json_object(text[:LONGEST_ANSWER]))


def _json_object(text: str) -> Mapping[str, Any]:
    decoder = json.JSONDecoder()
    start = text.find("{")
    for _ in range(16):  # braces that begin no object
        if start < 0:
            break
        try:
            found, _ = decoder.raw_decode(text, start)
            return dict(found)
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
    raise EngineError("type", "the answer of the language model is not JSON")


def checked(data: Mapping[str, Any]) -> Answer:
    """The fields that are what the schema asks for."""
    fields = _good(data, FIELDS, "")
    given = data.get("tracks")
    tracks = {}
    for role, wishes in given.items() if isinstance(given, dict) else ():
        if role in TRACKS and isinstance(wishes, dict):
            tracks[role] = _good(wishes, _track_fields(role), f"{role}.")
        else:
            log.info("the language model's tracks.%s is dropped", str(role)[:40])
    return Answer(fields, {role: wishes for role, wishes in tracks.items() if wishes})


Check = Callable[[Any], Any]  # the value as we hold it; None where it is none of ours


def _good(data: Mapping[str, Any], checks: Mapping[str, Check], where: str) -> dict[str, Any]:
    good = {}
    for name, value in data.items():
        if value is None or (name == "tracks" and not where):
            continue
        kept = checks[name](value) if name in checks else None
        if kept is None:
            log.info("the language model's %s%s = %.60r is dropped", where, str(name)[:40], value)
        else:
            good[name] = kept
    return good


def _number(low: float, high: float) -> Check:
    def check(value: Any) -> float | None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if number and math.isfinite(value) and low <= value <= high else None

    return check


def _whole(low: int, high: int) -> Check:
    def check(value: Any) -> int | None:
        found = _number(low, high)(value)
        return int(found) if found is not None and found == int(found) else None

    return check


def _one_of(names: Callable[[], Any]) -> Check:
    return lambda value: value if isinstance(value, str) and value in names() else None


def _parsed(parse: Callable[[str], Any]) -> Check:
    def check(value: Any) -> Any:
        try:
            return parse(value) if isinstance(value, str) and len(value) < 32 else None
        except EngineError:
            return None

    return check


def _signature(text: str) -> Signature:
    beats, _, unit = text.partition("/")
    if not (beats.isdecimal() and unit.isdecimal()):
        raise EngineError("type", f"{text!r} is no signature")
    return Signature(int(beats), int(unit))


def _moods(value: Any) -> tuple[str, ...] | None:
    known = set(moods())
    names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
    return tuple(dict.fromkeys(name for name in names if name in known))[:MOST_MOODS] or None


SHARE = _number(0.0, 1.0)
FIELDS: dict[str, Check] = {
    "genre": _one_of(genres),
    "tempo_bpm": _number(MIN_TEMPO_BPM, MAX_TEMPO_BPM),
    "key": _parsed(Key.parse),
    "signature": _parsed(_signature),
    "bars": _whole(MIN_BARS, MAX_BARS),
    "moods": _moods,
    **dict.fromkeys(FEELS, SHARE),
    "profile": _one_of(lambda: PROFILES),
}


def _track_fields(role: str) -> dict[str, Check]:
    return {
        "silent": lambda value: value if isinstance(value, bool) else None,
        **dict.fromkeys(TRACK_NUMBERS, SHARE),
        "octave": _whole(-HIGHEST_OCTAVE, HIGHEST_OCTAVE),
        "palette": _one_of(lambda: PALETTES[role]),
        "manner": _one_of(lambda: MANNERS[role]),
    }


# --- asking ---------------------------------------------------------------------------------------


class LanguageModel:
    """Answers by prompt, each asked for once. Safe from any thread."""

    def __init__(self, ask: Ask, timeout_s: float, min_characters: int = 0, waits: bool = False) -> None:
        self.ask = ask
        self.timeout_s = timeout_s
        self.min_characters = min_characters
        self.waits = waits  # whether music waits for the answer, at most `timeout_s`
        self.lock = threading.Lock()
        self.kept: OrderedDict[str, Answer] = OrderedDict()
        self.under_way: dict[str, threading.Event] = {}

    def wants(self, prompt: str) -> bool:
        return len(prompt.strip()) >= self.min_characters

    def answer(self, prompt: str, wait: bool = False) -> Answer | None:
        """What the model read in the prompt, as far as that is known; else it is asked."""
        done = self.begin(prompt)
        if wait:
            done.wait(self.timeout_s)
        with self.lock:
            if prompt in self.kept:
                self.kept.move_to_end(prompt)
            return self.kept.get(prompt)

    def begin(self, prompt: str) -> threading.Event:
        """Asks unless that is done already; the event is set once there is nothing to wait for."""
        with self.lock:
            if prompt in self.under_way:
                return self.under_way[prompt]
            done = threading.Event()
            if prompt in self.kept or len(self.under_way) >= AT_ONCE:
                done.set()
                return done
            self.under_way[prompt] = done
        threading.Thread(target=self._ask, args=(prompt, done), name="language model", daemon=True).start()
        return done

    def _ask(self, prompt: str, done: threading.Event) -> None:
        answer = None
        try:
            answer = parse_answer(self.ask(prompt, schema(), self.timeout_s))
        except EngineError as error:
            log.warning("the rules alone read the prompt: %s", error.text)
        except Exception:  # a server may answer with anything; the rules have read the prompt already
            log.exception("the language model's answer could not be used")
        with self.lock:
            if answer is not None:
                self.kept[prompt] = answer
                while len(self.kept) > KEPT_ANSWERS:
                    self.kept.popitem(last=False)
            self.under_way.pop(prompt, None)
        done.set()
