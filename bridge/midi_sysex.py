"""MIDI messages as a map spells them: bytes in hexadecimal, with fields in braces.

"F0 00 20 29 02 0C 03 03 {number} {red} {green} {blue} F7"     a light in any colour
"F0 00 00 66 14 12 {offset} {text} F7"                         a piece of text
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import mido

from engine.errors import EngineError

PART = re.compile(r"\{(\w+)\}|([0-9A-Fa-f]{2})(?!\S)|(\S+)")


def parse_message(text: str, where: str) -> mido.Message:
    """One whole message; EngineError `type` for what is none."""
    return fill_message(text, {}, where)


def parse_beginning(text: str, where: str) -> tuple[int, ...]:
    """How a SysEx begins, after its F0; EngineError `type` for what does not begin with that."""
    message = parse_message(f"{text} F7", where)
    if message.type != "sysex":
        raise EngineError("type", f"{where}: {text!r} does not begin with F0, as a SysEx does")
    return tuple(message.data)


def fill_message(template: str, fields: Mapping[str, Sequence[int]], where: str = "") -> mido.Message:
    """The message of a template whose fields stand for these bytes; EngineError `type`."""
    data: list[int] = []
    for name, byte, other in PART.findall(template):
        if other or (name and name not in fields):
            allowed = "".join(f", {{{field}}}" for field in fields)
            wrong = other or f"{{{name}}}"
            raise EngineError(
                "type", f"{where}: {wrong} in {template!r} is no byte; allowed: 00 to FF{allowed}"
            )
        data += fields[name] if name else [int(byte, 16)]
    try:
        return mido.Message.from_bytes(data)
    except (ValueError, IndexError, KeyError) as error:
        raise EngineError("type", f"{where}: {template!r} is not one MIDI message: {error}") from None


def light_message(template: str, number: int, rgb: tuple[int, int, int], where: str = "") -> mido.Message:
    """A light's message; `rgb` 0..255 each, as 7 bits (`red`) or as two bytes (`red_high`, `red_low`)."""
    fields: dict[str, Sequence[int]] = {"number": [number]}
    for name, value in zip(("red", "green", "blue"), rgb, strict=True):
        fields |= {name: [value >> 1], f"{name}_high": [value >> 7], f"{name}_low": [value & 0x7F]}
    return fill_message(template, fields, where)


def text_message(template: str, offset: int, text: str, where: str = "") -> mido.Message:
    """What is not ASCII is shown as `?`, and what is no letter (a line's end) as a space."""
    letters = [code if 32 <= code < 127 else 32 for code in text.encode("ascii", "replace")]
    return fill_message(template, {"offset": [offset], "text": letters}, where)
