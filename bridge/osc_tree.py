"""The contract as a tree of OSCQuery nodes, tracks spelled out (Vidvox, OSCQueryProposal)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bridge.osc_codec import encode
from bridge.osc_spec import OUTPUTS, ROWS, Arg, Row
from engine import events as e

NO_ACCESS, READ, WRITE = 0, 1, 2
ATTRIBUTES = (
    "FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "UNIT", "CRITICAL",
)  # fmt: skip
Node = dict[str, Any]


def build_tree(tracks: Sequence[str], snapshot: Iterable[e.Event], name: str) -> Node:
    """The root node, every address of the contract below it, values filled in."""
    root: Node = {"FULL_PATH": "/", "ACCESS": NO_ACCESS, "DESCRIPTION": name, "CONTENTS": {}}
    for row in ROWS:
        if row.reply:  # answers come to one client only: nobody reads or writes them
            continue
        for track in tracks if "{t}" in row.address else ("",):
            _describe(_node_at(root, row.address.replace("{t}", track)), row)
    for address, values in values_by_address(snapshot).items():
        # Several values at one address (a track's parameters) are no VALUE of the proposal's kind.
        if len(values) == 1:
            _node_at(root, address)["VALUE"] = values[0]
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


def _describe(node: Node, row: Row) -> None:
    """Add a row to its node; of two rows at one address (a take's number in, number and count out) the one
    that is written comes first in the table and gives the types."""
    node["ACCESS"] |= (WRITE if row.is_input else 0) | (READ if row.event is not None else 0)
    if "TYPE" in node:
        return
    node["TYPE"] = "".join(arg.type for arg in row.args)
    node["DESCRIPTION"] = row.meaning
    if row.args:
        node["RANGE"] = [_range(arg) for arg in row.args]
    if any(arg.unit for arg in row.args):
        node["UNIT"] = [arg.unit for arg in row.args]
    if row.is_async:
        node["CRITICAL"] = True


def _range(arg: Arg) -> dict[str, Any]:
    if arg.choices:
        return {"VALS": list(arg.choices)}
    ends = {"MIN": arg.low, "MAX": arg.high}
    return {name: end for name, end in ends.items() if end is not None}
