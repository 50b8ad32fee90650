"""Documents of TouchOSC, as nodes and as the bytes of a .tosc file: XML, deflated.

    <lexml version='3'>
      <node ID='…' type='GROUP'>
        <properties> <property type='s'><key>name</key><value>…</value></property> …
        <values>     <value><key>x</key><locked>0</locked>…<default>0</default>…</value> …
        <messages>   <osc> enabled send receive feedback connections triggers path arguments </osc> …
        <children>   <node …> …

Property types: b, i, f, s, c (colour) and r (rectangle). Format: the manual (hexler.net/touchosc/manual) and
documents that the program wrote.
"""

from __future__ import annotations

import uuid
import zlib
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree import ElementTree as ET

from engine.errors import EngineError

VERSION = "3"
FIRST_CONNECTION = "00001"
NAMESPACE = uuid.UUID("5f1c1f6e-3d0b-5d53-9f0e-7a0e5b8c9130")  # of the IDs of our nodes


class Color(NamedTuple):
    """Shares of 0..1."""

    r: float
    g: float
    b: float
    a: float = 1.0


class Rectangle(NamedTuple):
    x: int
    y: int
    w: int
    h: int


Property = bool | int | float | str | Color | Rectangle


@dataclass(frozen=True)
class Partial:
    """A piece of an address, or an argument. kind: CONSTANT or VALUE; conversion: STRING, INTEGER, FLOAT."""

    kind: str
    conversion: str
    value: str
    low: float = 0.0  # what 0 of the control's value stands for
    high: float = 1.0


@dataclass(frozen=True)
class Osc:
    """A message that a control sends when its value `trigger` changes (ANY, RISE), and hears."""

    address: str
    arguments: tuple[Partial, ...]
    trigger: str = "x"
    condition: str = "ANY"
    send: bool = True
    receive: bool = True


@dataclass
class Node:
    """One control. `values`: what they are when the document opens."""

    kind: str
    properties: dict[str, Property]
    values: dict[str, str]
    messages: list[Osc] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.properties["name"])


# --- out ------------------------------------------------------------------------------------------


def encode(root: Node) -> bytes:
    """The file. The same nodes give the same XML."""
    document = ET.Element("lexml", {"version": VERSION})
    document.append(_node(root, "/"))
    xml = ET.tostring(document, encoding="unicode", short_empty_elements=False)
    return zlib.compress(f"<?xml version='1.0' encoding='UTF-8'?>{xml}".encode(), 9)


def _node(node: Node, path: str) -> ET.Element:
    """`path` tells equal nodes apart: it is what their IDs are made of."""
    element = ET.Element("node", {"ID": str(uuid.uuid5(NAMESPACE, path)), "type": node.kind})
    properties = ET.SubElement(element, "properties")
    for key, value in sorted(node.properties.items()):
        properties.append(_property(key, value))
    values = ET.SubElement(element, "values")
    for key, default in node.values.items():
        fields = {
            "key": key,
            "locked": "0",
            "lockedDefaultCurrent": "0",
            "default": default,
            "defaultPull": "0",
        }
        values.append(_fields("value", fields))
    if node.messages:
        messages = ET.SubElement(element, "messages")
        messages.extend(_message(message) for message in node.messages)
    if node.children:
        children = ET.SubElement(element, "children")
        children.extend(_node(child, f"{path}{child.name}/") for child in node.children)
    return element


def _fields(tag: str, fields: dict[str, str]) -> ET.Element:
    element = ET.Element(tag)
    for key, text in fields.items():
        ET.SubElement(element, key).text = text
    return element


def _property(key: str, value: Property) -> ET.Element:
    element = _fields("property", {"key": key})
    element.set("type", _type(value))
    if isinstance(value, Color | Rectangle):
        element.append(_fields("value", {name: f"{part:g}" for name, part in value._asdict().items()}))
    else:
        ET.SubElement(element, "value").text = str(int(value)) if isinstance(value, bool) else _plain(value)
    return element


def _type(value: Property) -> str:
    kinds = ((bool, "b"), (Color, "c"), (Rectangle, "r"), (int, "i"), (float, "f"), (str, "s"))
    return next(tag for kind, tag in kinds if isinstance(value, kind))


def _plain(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _message(message: Osc) -> ET.Element:
    flags = {"enabled": True, "send": message.send, "receive": message.receive, "feedback": False}
    element = _fields("osc", {name: str(int(on)) for name, on in flags.items()})
    ET.SubElement(element, "connections").text = FIRST_CONNECTION
    triggers = ET.SubElement(element, "triggers")
    triggers.append(_fields("trigger", {"var": message.trigger, "condition": message.condition}))
    ET.SubElement(element, "path").append(_partial(Partial("CONSTANT", "STRING", message.address)))
    ET.SubElement(element, "arguments").extend(_partial(argument) for argument in message.arguments)
    return element


def _partial(partial: Partial) -> ET.Element:
    return _fields("partial", {
        "type": partial.kind, "conversion": partial.conversion, "value": partial.value,
        "scaleMin": f"{partial.low:.9g}", "scaleMax": f"{partial.high:.9g}",
    })  # fmt: skip


# --- in -------------------------------------------------------------------------------------------


def decode(data: bytes) -> Node:
    """The inverse of `encode`; EngineError `file` for what is no document of TouchOSC."""
    try:
        document = ET.fromstring(zlib.decompress(data))
        return _read_node(_child(document, "node"))
    except (zlib.error, ET.ParseError, KeyError, ValueError, IndexError) as error:
        raise EngineError("file", f"no document of TouchOSC: {error}") from error


def _child(element: ET.Element, tag: str) -> ET.Element:
    found = element.find(tag)
    if found is None:
        raise KeyError(tag)
    return found


def _text(element: ET.Element, tag: str) -> str:
    return _child(element, tag).text or ""


def _read_node(element: ET.Element) -> Node:
    return Node(
        element.attrib["type"],
        {_text(one, "key"): _read_property(one) for one in _child(element, "properties")},
        {_text(one, "key"): _text(one, "default") for one in _child(element, "values")},
        [_read_message(one) for one in element.iterfind("messages/osc")],
        [_read_node(one) for one in element.iterfind("children/node")],
    )


def _read_property(element: ET.Element) -> Property:
    value, tag = _child(element, "value"), element.attrib["type"]
    if tag == "c":
        return Color(*(float(_text(value, part)) for part in Color._fields))
    if tag == "r":
        return Rectangle(*(int(_text(value, part)) for part in Rectangle._fields))
    text = value.text or ""
    if tag == "b":
        return text == "1"
    return {"i": int, "f": float, "s": str}[tag](text)


def _read_message(element: ET.Element) -> Osc:
    trigger = _child(_child(element, "triggers"), "trigger")
    (address,) = (_read_partial(one) for one in _child(element, "path"))
    return Osc(
        address.value,
        tuple(_read_partial(one) for one in _child(element, "arguments")),
        _text(trigger, "var"),
        _text(trigger, "condition"),
        _text(element, "send") == "1",
        _text(element, "receive") == "1",
    )


def _read_partial(element: ET.Element) -> Partial:
    return Partial(
        _text(element, "type"), _text(element, "conversion"), _text(element, "value"),
        float(_text(element, "scaleMin")), float(_text(element, "scaleMax")),
    )  # fmt: skip
