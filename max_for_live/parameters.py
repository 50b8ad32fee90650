"""Parameters of Live, as a patcher writes them: what can be automated, mapped and saved with the Set.

Live counts the types float 0, int 1, enum 2, blob 3. An int has at most 256 steps, so a port is a float that
is shown without decimals.
"""

from __future__ import annotations

from typing import Any

from max_for_live.layout import Layout, Widget

FLOAT, INT, ENUM, BLOB = range(4)
AUTOMATED, STORED_ONLY = 0, 1
UNITS = {"int": 0, "float": 1, "dB": 4, "%": 5}
CUSTOM_UNIT = 9
NO_PARAMETER = "-"
BANK_SIZE = 8


def parameter_attributes(widget: Widget, order: int) -> dict[str, Any]:
    """The `valueof` of a box. `order`: its place in Live's list of the device's parameters."""
    attributes: dict[str, Any] = {
        "parameter_longname": widget.longname,
        "parameter_shortname": widget.shortname or widget.longname,
        "parameter_invisible": STORED_ONLY if _is_stored_only(widget) else AUTOMATED,
        "parameter_order": order,
        "parameter_modmode": 0,
        "parameter_linknames": 1,
        **_value_attributes(widget),
    }
    if widget.info:
        attributes |= {"parameter_info": widget.info, "parameter_annotation_name": info_title(widget)}
    return attributes


def info_title(widget: Widget) -> str:
    return widget.info_title or widget.longname


def _is_stored_only(widget: Widget) -> bool:
    return widget.stored_only or widget.kind in ("field", "memory")


def _value_attributes(widget: Widget) -> dict[str, Any]:
    if widget.kind in ("field", "memory"):
        return {"parameter_type": BLOB}
    if widget.kind == "number":
        return _number_attributes(widget)
    choices = widget.choices or ("Off", "On")
    return _enum_attributes(list(choices), widget.initial)


def _enum_attributes(choices: list[str], initial: float) -> dict[str, Any]:
    return {
        "parameter_type": ENUM, "parameter_enum": choices, "parameter_mmax": len(choices) - 1,
        "parameter_initial": [initial], "parameter_initial_enable": 1, "parameter_unitstyle": CUSTOM_UNIT,
    }  # fmt: skip


def _number_attributes(widget: Widget) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "parameter_type": INT if widget.type == "int" else FLOAT,
        "parameter_mmin": widget.low, "parameter_mmax": widget.high,
        "parameter_initial": [widget.initial], "parameter_initial_enable": 1,
        "parameter_unitstyle": UNITS.get(widget.unit, CUSTOM_UNIT),
    }  # fmt: skip
    if widget.unit not in UNITS:
        attributes["parameter_units"] = widget.unit
    return attributes


def patcher_parameters(layout: Layout, box_ids: dict[str, str]) -> dict[str, Any]:
    """The patcher's `parameters`: names by box, and Push's banks."""
    named = {
        box_ids[widget.id]: [widget.longname, widget.shortname or widget.longname, 0]
        for widget in layout.widgets
        if widget.is_parameter
    }
    banks = {
        str(index): {
            "index": index, "name": bank.name,
            "parameters": [*bank.longnames, *[NO_PARAMETER] * (BANK_SIZE - len(bank.longnames))],
            "buttons": [NO_PARAMETER] * BANK_SIZE,
        }
        for index, bank in enumerate(layout.banks)
    }  # fmt: skip
    return {**named, "parameterbanks": banks, "inherited_shortname": 1}
