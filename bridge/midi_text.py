"""Words for a display: `{track}`, `{state}`, `{take}/{takes}` … of the place they stand at.

{track} {state} {doing} {take} {takes} {lock} {prompt} {performer} {volume} {pan}  of a track
{param NAME}                                                                      a parameter's value
{tempo} {key} {bars} {chords} {when} {bar} {beat} {scene} {page} {asked}         of the set
{scene N} {prompt LIST N}                                                         what a button would take
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bridge.midi_layer import Layer
from bridge.midi_map import Names
from bridge.midi_world import PROMPT, SCENES
from engine.config import unknown_in
from engine.errors import EngineError
from engine.track import PARAMS

FIELD = re.compile(r"\{([^{}]*)\}")
TRACK = "/rg/track/{t}/"
DOING = {"queued": ">", "generating": "...", "failed": "!!"}
# Of a track: the leaf of its address, the place of the value there, and how it is written.
TRACK_FIELDS: dict[str, tuple[str, int, Callable[[Any], str]]] = {
    "state": ("state", 0, str), "doing": ("state", 0, lambda state: DOING.get(state, "")),
    "take": ("take", 0, str), "takes": ("take", 1, str),
    "lock": ("lock", 0, lambda on: "L" if on else ""), "prompt": ("prompt", 0, str),
    "performer": ("render", 0, str), "volume": ("volume", 0, lambda db: f"{db:.1f}"),
    "pan": ("pan", 0, lambda pan: "C" if abs(pan) < 0.005 else f"{'R' if pan > 0 else 'L'}{abs(pan):.0%}"),
}  # fmt: skip
SET_FIELDS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "tempo": ("/rg/tempo", lambda bpm: f"{bpm:g}"), "key": ("/rg/key", str), "bars": ("/rg/bars", str),
    "chords": ("/rg/context/chords", str), "when": ("/rg/when", str),
}  # fmt: skip
OWN_FIELDS = ("track", "bar", "beat", "scene", "page", "asked")
FIELDS = (*TRACK_FIELDS, *SET_FIELDS, *OWN_FIELDS, "param NAME", "scene N", "prompt LIST N")


def check_text(text: str, names: Names, where: str) -> str:
    """EngineError `unknown` for a field that there is not."""
    for field in FIELD.findall(text):
        word, *rest = field.split() or [""]
        if rest and word == "param" and rest[0] not in PARAMS:
            raise unknown_in(where, "parameter", rest[0], PARAMS)
        if len(rest) == 2 and word == "prompt" and rest[0] not in names.prompts:
            raise unknown_in(where, "list of prompts", rest[0], names.prompts)
        known = field in (*TRACK_FIELDS, *SET_FIELDS, *OWN_FIELDS)
        is_pair = (word, len(rest)) in (("param", 1), ("scene", 1), ("prompt", 2))
        if not known and not is_pair:
            raise unknown_in(where, "field", f"{{{field}}}", [f"{{{name}}}" for name in FIELDS])
        if word in ("scene", "prompt") and rest and not re.fullmatch(r"[1-9]\d*", rest[-1]):
            raise EngineError("range", f"{where}: {{{field}}} ends in a number from 1")
    return text


def text_keys(text: str, slot: int, layer: Layer) -> set[str]:
    """The names of the values that a text depends on."""
    keys = set()
    for field in FIELD.findall(text):
        word, *rest = field.split()
        if word == "scene":
            keys.add(SCENES)
        elif word in ("bar", "beat"):
            keys.add("/rg/beat")
        elif word == "asked" or (word == "prompt" and rest):
            keys.add(PROMPT)
        elif word in SET_FIELDS:
            keys.add(SET_FIELDS[word][0])
        elif word == "param":
            keys.add(f"{layer.address(TRACK, slot)}param {rest[0]}")
        elif word in TRACK_FIELDS:
            keys.add(f"{layer.address(TRACK, slot)}{TRACK_FIELDS[word][0]}")
    return keys


def fill_text(text: str, slot: int, layer: Layer) -> str:
    """The text as things stand; what is not known is left empty, and all of it where there is no track."""
    if layer.track(slot) is None and any(_is_of_track(field) for field in FIELD.findall(text)):
        return ""
    return FIELD.sub(lambda match: _field(match[1], slot, layer), text)


def _is_of_track(field: str) -> bool:
    return field == "track" or field in TRACK_FIELDS or field.startswith("param ")


def _field(field: str, slot: int, layer: Layer) -> str:
    word, *rest = field.split()
    if word == "scene":
        return layer.world.scene if not rest else layer.scene(int(rest[0])) or ""
    if word == "prompt" and rest:
        return layer.prompt(rest[0], int(rest[1])) or ""
    if word == "asked":
        return layer.world.prompt or ""
    if word in ("track", "page"):
        return (layer.track(slot) or "") if word == "track" else layer.page
    if word in ("bar", "beat"):
        count = layer.world.beat[word == "beat"]
        return str(count) if count else ""
    if word in SET_FIELDS:
        address, write = SET_FIELDS[word]
        value = layer.world.value(address)
    else:
        leaf, index, write = TRACK_FIELDS.get(word) or (f"param {rest[0]}", 0, lambda value: f"{value:.2f}")
        value = layer.world.value(f"{layer.address(TRACK, slot)}{leaf}", index)
    return "" if value is None else write(value)
