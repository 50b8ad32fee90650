"""What Max would swallow though it is wrong in a patcher: cords that lead nowhere, names that stand twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from max_for_live.parameters import BANK_SIZE, NO_PARAMETER
from max_for_live.patch import ports_of


def faults_of(patcher: dict[str, Any]) -> list[str]:
    """Every fault in words; an empty list where it is sound."""
    boxes = [entry["box"] for entry in patcher["boxes"]]
    return [
        *_twice("box id", [box["id"] for box in boxes]),
        *_twice("scripting name", [box["varname"] for box in boxes if "varname" in box]),
        *_twice("parameter", longnames(patcher)),
        *_wrong_ports(boxes),
        *_loose_cords(boxes, [line["patchline"] for line in patcher["lines"]]),
        *_parameter_faults(boxes, patcher["parameters"]),
        *_outside(boxes, patcher["openrect"]),
    ]


def longnames(patcher: dict[str, Any]) -> list[str]:
    """Of every parameter, in the order of the boxes."""
    boxes = [entry["box"] for entry in patcher["boxes"]]
    return [_value_of(box)["parameter_longname"] for box in boxes if box.get("parameter_enable")]


def _value_of(box: dict[str, Any]) -> dict[str, Any]:
    return dict(box.get("saved_attribute_attributes", {}).get("valueof", {}))


def _twice(what: str, names: list[str]) -> Iterator[str]:
    yield from (
        f"{what} {name!r} is there {count} times" for name, count in Counter(names).items() if count > 1
    )


def _wrong_ports(boxes: list[dict[str, Any]]) -> Iterator[str]:
    for box in boxes:
        try:
            inlets, outlets = ports_of(box)
        except KeyError as error:
            yield f"{box['id']}: no object is known as {error}"
            continue
        said = (box["numinlets"], box["numoutlets"], box.get("outlettype", []))
        if said != (inlets, len(outlets), outlets):
            kind = box.get("text", box["maxclass"])
            yield f"{box['id']} says inlets, outlets {said}; {kind} has {inlets}, {outlets}"


def _loose_cords(boxes: list[dict[str, Any]], cords: list[dict[str, Any]]) -> Iterator[str]:
    by_id = {box["id"]: box for box in boxes}
    for cord in cords:
        (source, outlet), (destination, inlet) = cord["source"], cord["destination"]
        if source not in by_id or destination not in by_id:
            yield f"a cord from {source} to {destination}: there is no such box"
        elif not 0 <= outlet < by_id[source]["numoutlets"]:
            yield f"a cord from outlet {outlet} of {source}, which has {by_id[source]['numoutlets']}"
        elif not 0 <= inlet < by_id[destination]["numinlets"]:
            yield f"a cord into inlet {inlet} of {destination}, which has {by_id[destination]['numinlets']}"
    yield from _twice("cord", [f"{cord['source']} -> {cord['destination']}" for cord in cords])


def _parameter_faults(boxes: list[dict[str, Any]], parameters: dict[str, Any]) -> Iterator[str]:
    """The list at the patcher's end, and Push's banks, name what the boxes name."""
    named = [box for box in boxes if box.get("parameter_enable")]
    names = {box["id"]: _value_of(box)["parameter_longname"] for box in named}
    listed = {key: value[0] for key, value in parameters.items() if key.startswith("obj-")}
    if listed != names:
        yield f"the patcher lists the parameters {sorted(set(listed.items()) ^ set(names.items()))} otherwise"
    for bank in parameters["parameterbanks"].values():
        strange = set(bank["parameters"]) - set(names.values()) - {NO_PARAMETER}
        if strange or len(bank["parameters"]) != BANK_SIZE:
            count = len(bank["parameters"])
            yield f"bank {bank['name']} holds {count} parameters, unknown among them {sorted(strange)}"


def _outside(boxes: list[dict[str, Any]], openrect: list[float]) -> Iterator[str]:
    width, height = openrect[2:]
    for box in boxes:
        if box.get("presentation"):
            x, y, w, h = box["presentation_rect"]
            if x < 0 or y < 0 or x + w > width or y + h > height:
                yield f"{box['varname']} reaches out of the device"
