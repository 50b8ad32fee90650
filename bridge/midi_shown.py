"""What a light shows: a value of the contract, or one of its own words; and in which look that is.

$track          what the track is doing: its state, and blinking where a take waits to take over
$take 3         solid: the current one; ready: there; pulse, blink: being made, or about to take over
$scene 3        solid: loaded; ready: there; blink: being loaded
$prompt LIST 3  solid: asked for last; ready: there
$page NAME      solid: shown; ready: not        $scroll LIST BY  ready: there is more that way
$held NAME      solid: the modifier is held     $launch          blink: a take waits for /rg/launch
$engine         solid while the engine runs     $bound           ready: something is bound to it
"""

from __future__ import annotations

from collections.abc import Collection

from bridge.midi_args import SLOT, find_row, is_flag
from bridge.midi_layer import Layer
from bridge.midi_map import SCROLLED, STATE_LOOKS, Light, Names
from bridge.midi_world import PROMPT, SCENES
from bridge.osc_spec import OUTPUTS, VALUES, Arg, Row
from engine.config import unknown_in
from engine.errors import EngineError
from engine.track import PARAMS

WORDS = {
    "$track": 0, "$take": 1, "$scene": 1, "$prompt": 2, "$page": 1, "$scroll": 2, "$held": 1, "$launch": 0,
    "$engine": 0, "$bound": 0,
}  # fmt: skip  # and how many words go with each
NUMBERED = ("$take", "$scene", "$prompt")
TRACK = "/rg/track/{t}"
STATUS = (f"{TRACK}/state", f"{TRACK}/waiting")
VALUE_ROWS = {row.address: row for row in OUTPUTS.values() if row.address in VALUES}


# --- checking a map -------------------------------------------------------------------------------


def check_shown(light: Light, names: Names, where: str) -> None:
    """EngineError `unknown`, `type` or `range` for what no light can show."""
    if not light.shows.startswith("$"):
        _check_address(light, names, where)
        return
    word, *rest = light.shows.split()
    if len(rest) != WORDS.get(word, -1):
        raise unknown_in(where, "thing to show", light.shows, WORDS)
    allowed: dict[str, Collection[str]] = {
        "$page": names.pages,
        "$held": names.modifiers,
        "$scroll": SCROLLED,
        "$prompt": names.prompts,
    }
    if word in allowed and rest[0] not in allowed[word]:
        raise unknown_in(where, f"{word[1:]} to show", rest[0], [*allowed[word]])
    if word in NUMBERED and not (rest[-1].isdigit() and int(rest[-1]) >= 1):
        raise EngineError("range", f"{where}: {light.shows!r}: {rest[-1]} is not a number from 1")


def _check_address(light: Light, names: Names, where: str) -> None:
    compared = light.equals is not None or light.at_least is not None
    rows = VALUE_ROWS if compared else {a: row for a, row in VALUE_ROWS.items() if is_shown(row)}
    address, *name = light.shows.split()
    row = find_row(address, rows, (*names.tracks, SLOT), where)
    arg = row.args[-1]
    if len(row.args) != 1 + len(name) and not light.shows.endswith("/take"):
        raise EngineError(
            "type", f"{where}: {light.shows} is not one value (a parameter's name goes with it)"
        )
    if name and name[0] not in PARAMS:
        raise unknown_in(where, "parameter", name[0], PARAMS)
    if light.at_least is not None and arg.type == "s":
        raise EngineError("type", f"{where}: {light.shows} is a text; at_least is for numbers")
    _check_equals(light, arg, where)


def _check_equals(light: Light, arg: Arg, where: str) -> None:
    if light.equals is None:
        return
    kinds: dict[str, tuple[type, ...]] = {"s": (str,), "i": (int,), "f": (int, float)}
    if not isinstance(light.equals, kinds[arg.type]):
        raise EngineError("type", f"{where}: {light.shows} is never {light.equals!r}")
    if arg.choices and light.equals not in arg.choices:
        raise unknown_in(where, arg.name, str(light.equals), arg.choices)


def is_shown(row: Row) -> bool:
    """A light can show what is on or off, what a track is doing, and what waits."""
    if len(row.args) != 1:
        return False
    choices = row.args[0].choices
    return is_flag(row.args[0]) or (bool(choices) and set(choices) <= set(STATE_LOOKS))


# --- showing --------------------------------------------------------------------------------------


def keys_of(light: Light, layer: Layer) -> set[str]:
    """The names of the values that a light depends on, with the track of its place."""
    word = light.shows.split()[0]
    if word in ("$launch", "$scroll"):
        leaf = "waiting" if word == "$launch" else "take"
        keys = {f"/rg/track/{track}/{leaf}" for track in layer.world.tracks}
        return keys | {SCENES}
    if word in ("$scene", "$prompt"):
        return {SCENES if word == "$scene" else PROMPT}
    templates: tuple[str, ...] = {"$track": STATUS, "$take": (*STATUS, f"{TRACK}/take")}.get(word, ())
    if not word.startswith("$"):
        templates = (light.shows,)
    return {layer.address(template, light.slot) or "" for template in templates}


def look_of(light: Light, layer: Layer) -> str:
    """The look that tells the truth now."""
    word, *rest = light.shows.split()
    if not word.startswith("$"):
        return _value_look(light, layer)
    if word == "$track":
        state, waits = _status(layer, light.slot)
        return "blink" if waits else STATE_LOOKS[state]
    if word == "$take":
        return _take_look(layer, light.slot, layer.take(int(rest[0])))
    if word == "$scene":
        return _scene_look(layer, layer.scene(int(rest[0])))
    if word == "$prompt":
        prompt = layer.prompt(rest[0], int(rest[1]))
        return "off" if prompt is None else _chosen(prompt == layer.world.prompt)
    if word == "$scroll":
        return "ready" if layer.can_scroll(rest[0], int(rest[1])) else "off"
    if word == "$launch":
        waiting = (layer.world.value(f"/rg/track/{track}/waiting") for track in layer.world.tracks)
        return "blink" if "launch" in waiting else "off"
    if word in ("$page", "$held"):
        return _chosen(layer.page == rest[0] if word == "$page" else rest[0] in layer.held)
    return _chosen(word == "$engine")


def _chosen(is_it: bool) -> str:
    return "solid" if is_it else "ready"


def _value_look(light: Light, layer: Layer) -> str:
    address = layer.address(light.shows, light.slot)
    value = None if address is None else layer.world.value(address)
    if light.at_least is not None:
        return "off" if value is None or value < light.at_least else "solid"
    if light.equals is not None:
        return "off" if address is None else _chosen(value == light.equals)
    if isinstance(value, str):
        return STATE_LOOKS.get(value, "off")
    return "solid" if value else "off"


def _status(layer: Layer, slot: int) -> tuple[str, bool]:
    """What a track is doing, and whether a finished take waits to take over."""
    state, waiting = (layer.world.value(layer.address(address, slot) or "") for address in STATUS)
    return state or "empty", state == "ready" and waiting in ("boundary", "launch")


def _take_look(layer: Layer, slot: int, number: int) -> str:
    track = layer.track(slot)
    if track is None:
        return "off"
    current, count = layer.world.takes(track)
    state, waits = _status(layer, slot)
    if number <= count:
        return ("blink" if waits else "solid") if number == current else "ready"
    is_coming = number == count + 1 and state in ("queued", "generating", "failed")
    return STATE_LOOKS[state] if is_coming else "off"


def _scene_look(layer: Layer, name: str | None) -> str:
    if name is None:
        return "off"
    return "blink" if name == layer.world.scene_asked else _chosen(name == layer.world.scene)
