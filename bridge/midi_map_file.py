"""Controller maps as files: those that came along, and the user's own, each a TOML.

base = "launchpad_mk3"     a file takes over another one's tables and lists, and adds to them
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import mido

from bridge.midi_control import Control
from bridge.midi_looks import read_looks, read_palette
from bridge.midi_map import LOOKS, Binding, ControllerMap, Light, Names, Output, Text
from bridge.midi_map_reader import (
    BIND_KEYS,
    LED_KEYS,
    Reading,
    read_binding,
    read_controls,
    read_lights,
    read_numbers,
)
from bridge.midi_output_reader import (
    DIGITS_KEYS,
    METER_KEYS,
    POSITION_KEYS,
    TEXT_KEYS,
    read_digits,
    read_display,
    read_meters,
    read_positions,
    read_texts,
)
from bridge.midi_sysex import light_message, parse_beginning, parse_message
from bridge.toml_table import Table
from engine.config import parse_toml, read_toml_text, unknown_in
from engine.errors import EngineError

TRACKS = ("drums", "bass", "harmony", "melody")
TEXTS = ("name", "device", "header", "rgb")
FLAGS = ("clock", "relight", "pickup")
LISTS = ("ports", "init", "exit", "sleeps", "wakes", "touches", "pages", "layout")
TABLES = ("prompts", "modifiers", "colours", "manners", "looks", "styles", "display")
ENTRIES = ("bind", "led", "position", "text", "digits", "meter")
KEYS = ("base", *TEXTS, *FLAGS, *LISTS, *TABLES, *ENTRIES)
LEARNED = "learned"  # a file of the user's folder that is no controller


# --- finding files --------------------------------------------------------------------------------


def load_map(name: str, tracks: Sequence[str] = TRACKS, folder: Path | None = None) -> ControllerMap:
    """A map by name, from the user's `folder` or `configs/controllers/`; or by the path of its .toml.

    EngineError naming the file, the entry and what is allowed.
    """
    text, file = _read(name, folder, "midi.controller")
    return parse_map(text, file, tracks, folder)


def map_names(folder: Path | None = None) -> list[str]:
    """Every map by name, the user's own first."""
    own = sorted(path.stem for path in folder.glob("*.toml")) if folder is not None else []
    packaged = (entry.name for entry in resources.files("configs").joinpath("controllers").iterdir())
    names = [*own, *sorted(name.removesuffix(".toml") for name in packaged if name.endswith(".toml"))]
    return [name for name in dict.fromkeys(names) if name != LEARNED]


def _read(name: str, folder: Path | None, where: str) -> tuple[str, str]:
    """A file's text, and what errors call it."""
    if name.endswith(".toml"):
        return read_toml_text(Path(name).expanduser()), name
    if name not in map_names(folder):
        raise unknown_in(where, "controller", name, map_names(folder))
    own = folder / f"{name}.toml" if folder is not None else None
    if own is not None and own.is_file():
        return read_toml_text(own), str(own)
    source = resources.files("configs").joinpath("controllers", f"{name}.toml")
    return source.read_text(encoding="utf-8"), f"{name}.toml"


def _with_base(text: str, file: str, folder: Path | None, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """A file's data with that of its base beneath it: tables joined, lists of entries one after the other."""
    data = parse_toml(text, file)
    Table(data, file, KEYS)
    base = Table(data, file, KEYS).get("base", str, "")
    if not base:
        return data
    if base in above:
        raise EngineError("range", f"{file}: {base} is its own base: {' -> '.join((*above, base))}")
    beneath = _with_base(*_read(base, folder, f"{file}: base"), folder, (*above, base))
    for key, value in data.items():
        if key in TABLES and isinstance(value, dict) and isinstance(beneath.get(key), dict):
            beneath[key] = beneath[key] | value
        elif key in ENTRIES and isinstance(value, list) and isinstance(beneath.get(key), list):
            beneath[key] = beneath[key] + value
        else:
            beneath[key] = value
    return beneath


# --- reading them ---------------------------------------------------------------------------------


def parse_map(
    text: str, file: str, tracks: Sequence[str] = TRACKS, folder: Path | None = None
) -> ControllerMap:
    """A map from its TOML text; `file` is what errors call it."""
    top = Table(_with_base(text, file, folder), file, KEYS)
    given = {key: top.get(key, str, "") for key in TEXTS}
    flags = {key: top.get(key, bool, False) for key in FLAGS}
    given |= {key: _texts(top, key) for key in LISTS}
    tables: dict[str, Any] = {key: top.get(key, dict, {}) for key in TABLES}
    if given["rgb"]:
        given["rgb"] = given["rgb"].replace("{header}", given["header"])
        light_message(given["rgb"], 0, (0, 0, 0), f"{file}: rgb")
    names = _read_names(top, tracks)
    palette = read_palette({**tables, "rgb": given["rgb"]}, file)
    reading = Reading(names, palette, tables["looks"], tables["styles"], flags["pickup"])
    display = read_display(tables["display"], given["header"], file) if tables["display"] else {}
    bindings = _read_bindings(top, reading)
    outputs = _read_outputs(top, reading, display)
    _refuse_shared_places(outputs, file)
    return ControllerMap(
        given["name"] or file, tuple(bindings), tuple(outputs), file,
        _read_ports(given, file), _messages(given, "init", file), _messages(given, "exit", file),
        _beginnings(given, "sleeps", file), _beginnings(given, "wakes", file), _read_touches(given, file),
        flags["clock"], flags["relight"], names, _whole_looks(reading, file), given["rgb"],
        display.get("message", ""), _read_layout(given["layout"], file),
    )  # fmt: skip


def _texts(top: Table, key: str) -> list[str]:
    texts = top.get(key, list, [])
    if not all(isinstance(text, str) for text in texts):
        raise EngineError("type", f"{top.where}: {key} is a list of texts")
    return texts


def _read_ports(given: dict[str, Any], file: str) -> tuple[str, ...]:
    """`ports` as regular expressions, the best first; `device` is a plain part of the name."""
    for pattern in given["ports"]:
        try:
            re.compile(pattern)
        except re.error as error:
            text = f"{file}: ports: {pattern!r} is not a regular expression: {error}"
            raise EngineError("type", text) from None
    device = [re.escape(given["device"])] if given["device"] else []
    return (*given["ports"], *device)


def _messages(given: dict[str, Any], key: str, file: str) -> tuple[mido.Message, ...]:
    texts = (text.replace("{header}", given["header"]) for text in given[key])
    return tuple(parse_message(text, f"{file}: {key} {i}") for i, text in enumerate(texts, 1))


def _beginnings(given: dict[str, Any], key: str, file: str) -> tuple[tuple[int, ...], ...]:
    """How SysEx begins, without its F0 and its end."""
    texts = (text.replace("{header}", given["header"]) for text in given[key])
    return tuple(parse_beginning(text, f"{file}: {key} {i}") for i, text in enumerate(texts, 1))


def _read_names(top: Table, tracks: Sequence[str]) -> Names:
    modifiers = {}
    for name, values in top.get("modifiers", dict, {}).items():
        table = Table(values, f"{top.where}: [modifiers] {name}", ("note", "cc", "channel"))
        modifiers[name] = read_controls(table)[0]
    prompts = {}
    for name, given in top.get("prompts", dict, {}).items():
        if not isinstance(given, list) or not all(isinstance(prompt, str) for prompt in given):
            raise EngineError("type", f"{top.where}: [prompts] {name} is a list of texts")
        prompts[name] = tuple(given)
    pages = tuple(_texts(top, "pages")) or ("",)
    if len(set(pages)) != len(pages):
        raise EngineError("range", f"{top.where}: pages: a page is there twice: {', '.join(pages)}")
    return Names(tracks, pages, modifiers, prompts)


def _entries(top: Table, key: str, keys: tuple[str, ...]) -> list[Table]:
    entries = enumerate(top.get(key, list, []), 1)
    return [Table(entry, f"{top.where}: {key} {i}", keys) for i, entry in entries]


def _read_bindings(top: Table, reading: Reading) -> list[Binding]:
    entries = _entries(top, "bind", BIND_KEYS)
    return [binding for entry in entries for binding in read_binding(entry, reading)]


def _read_outputs(top: Table, reading: Reading, display: dict[str, Any]) -> list[Output]:
    outputs: list[Output] = []
    for entry in _entries(top, "bind", BIND_KEYS):
        shows = _implied(entry, reading)
        if shows or "shows" in entry.data:
            outputs += read_lights(entry, reading, shows)
    for entry in _entries(top, "led", LED_KEYS):
        outputs += read_lights(entry, reading)
    for entry in _entries(top, "position", POSITION_KEYS):
        outputs += read_positions(entry, reading)
    for entry in _entries(top, "text", TEXT_KEYS):
        if not display:
            raise EngineError("type", f"{entry.where}: a text needs [display]")
        outputs += read_texts(entry, reading, display)
    for entry in _entries(top, "digits", DIGITS_KEYS):
        outputs += read_digits(entry, reading)
    for entry in _entries(top, "meter", METER_KEYS):
        outputs += read_meters(entry, reading)
    return outputs


def _implied(entry: Table, reading: Reading) -> str:
    """A button that turns pages shows them, where the map has lights at all."""
    if not reading.looks or not set(entry.data) & {"page", "scroll"}:
        return ""
    page, scroll = entry.get("page", str, ""), entry.get("scroll", str, "")
    return f"$page {page}" if page else f"$scroll {scroll} {entry.whole('by', -64, 64)}"


def _whole_looks(reading: Reading, file: str) -> dict[str, Any]:
    """The map's own looks where they are all there: what learned pads are lit in."""
    looks = read_looks(reading.looks, reading.palette, f"{file}: [looks]")
    return looks if set(looks) >= set(LOOKS) - {"ready"} else {}


def _read_layout(rows: list[str], file: str, key: str = "layout") -> tuple[tuple[Control | None, ...], ...]:
    """`"cc 91-98"`, `"note 81-88 cc 89"`: the controls of a row from left to right; `-` is a gap."""
    return tuple(_layout_row(row, f"{file}: {key} {i}") for i, row in enumerate(rows, 1))


def _read_touches(given: dict[str, Any], file: str) -> tuple[Control, ...]:
    rows = _read_layout(given["touches"], file, "touches")
    return tuple(control for row in rows for control in row if control is not None)


def _layout_row(row: str, where: str) -> tuple[Control | None, ...]:
    controls: list[Control | None] = []
    kind = ""
    for word in row.split():
        first, _, last = word.partition("-")
        if word == "-":
            controls.append(None)
        elif word in ("note", "cc", "bend"):
            kind = word
        elif not (kind and first.isdigit() and (last or first).isdigit()):
            raise EngineError("type", f"{where}: {word!r} is neither note, cc, bend nor numbers, as in 81-88")
        else:
            ends = Table({kind: [int(first), int(last or first)]}, where, (kind,))
            low, high = read_numbers(ends, kind, *((1, 16) if kind == "bend" else (0, 127)))
            step = 1 if low <= high else -1
            controls += read_controls(Table({kind: [*range(low, high + step, step)]}, where, (kind,)))
    return tuple(controls)


def _refuse_shared_places(outputs: Sequence[Output], name: str) -> None:
    """A lamp shows one thing: on a page, and under a modifier."""
    there: dict[tuple[str, int], list[Output]] = {}
    for output in outputs:
        for other in there.setdefault(output.place, []):
            pages = set(output.scope.pages) & set(other.scope.pages)
            meet = bool(pages) or not (output.scope.pages and other.scope.pages)
            if meet and output.scope.modifier == other.scope.modifier:
                where = f" on page {min(pages)}" if pages else ""
                raise EngineError("range", f"{name}: two {_called(output)}{where}; it shows one thing")
        there[output.place].append(output)


def _called(output: Output) -> str:
    if isinstance(output, Light):
        return f"leds for {output.control}"
    return (
        f"texts at {output.offset + 1}"
        if isinstance(output, Text)
        else f"{output.place[0]}s for {output.place[1]}"
    )
