"""The contract as a tree of OSCQuery nodes, tracks and parameters spelled out, with the present values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bridge.osc_codec import encode
from bridge.osc_node import NO_ACCESS, READ, Names, attributes_of, unfolded
from bridge.osc_spec import OUTPUTS, ROWS, Row
from engine import events as e

ATTRIBUTES = (
    "FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "TAGS", "EXTENDED_TYPE",
    "UNIT", "CRITICAL", "CLIPMODE", "OVERLOADS",
)  # fmt: skip
Node = dict[str, Any]


def build_tree(
    tracks: Sequence[str], snapshot: Iterable[e.Event], name: str, names: Names | None = None
) -> Node:
    """The root node, every address of the contract below it, values filled in."""
    root: Node = {"FULL_PATH": "/", "ACCESS": NO_ACCESS, "DESCRIPTION": name, "CONTENTS": {}}
    for row in ROWS:
        if row.reply:  # answers come to one client only: nobody reads or writes them
            continue
        for track in tracks if "{t}" in row.address else ("",):
            _add(root, row, track, names or {})
    for address, values in values_by_address(snapshot).items():
        _fill(root, address, values)
    return root


def find_node(root: Node, path: str) -> Node | None:
    node = root
    for part in filter(None, path.split("/")):
        node = node.get("CONTENTS", {}).get(part)
        if node is None:
            return None
    return node


def values_by_address(snapshot: Iterable[e.Event]) -> dict[str, list[list[Any]]]:
    values: dict[str, list[list[Any]]] = {}
    for event in snapshot:
        if type(event) in OUTPUTS:
            address, args = encode(event)
            values.setdefault(address, []).append(args)
    return values


def _node_at(root: Node, address: str) -> Node:
    node = root
    path = ""
    for part in address.strip("/").split("/"):
        path += "/" + part
        empty: Node = {"FULL_PATH": path, "ACCESS": NO_ACCESS}
        node = node.setdefault("CONTENTS", {}).setdefault(part, empty)
    return node


def _add(root: Node, row: Row, track: str, names: Names) -> None:
    """A row's node. Of two rows at one address (a take's number in, number and count out) the one that is
    written comes first in the table and gives the types; the other one is among its OVERLOADS."""
    address = row.address.replace("{t}", track)
    node = _node_at(root, address)
    if "TYPE" in node:
        node["ACCESS"] |= READ
        return
    if not row.unfolds:
        node.update(attributes_of(row, track, names))
        return
    node["DESCRIPTION"] = row.meaning
    for name, attributes in unfolded(row, track).items():
        _node_at(root, f"{address}/{name}").update(attributes)


def _fill(root: Node, address: str, values: list[list[Any]]) -> None:
    """The present value; several at one address are those of its spelled-out nodes."""
    node = _node_at(root, address)
    if "TYPE" not in node:
        for name, *rest in values:
            node["CONTENTS"][name]["VALUE"] = rest
        return
    (value,) = values
    node["VALUE"] = value[: len(node["TYPE"])]
    if len(value) > len(node["TYPE"]):
        _fill_take(node, value)


def _fill_take(node: Node, value: list[Any]) -> None:
    """A number, and how many there are: that many can be chosen."""
    node["OVERLOADS"][-1]["VALUE"] = value
    count = value[1]
    node["RANGE"] = [{"MIN": 1, "MAX": count}] if count else [{"VALS": []}]
