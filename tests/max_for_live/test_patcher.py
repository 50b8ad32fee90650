"""The patcher is sound: cords join what is there, addresses are the contract's, no name stands twice."""

import copy
import json
import re
import subprocess
from collections import defaultdict

import pytest

from bridge.osc_spec import INPUTS, OUTPUTS, REPLIES, ROWS
from engine.music.key import Key
from engine.session import WHEN
from engine.track import PARAMS
from max_for_live.build import script
from max_for_live.check import faults_of, longnames
from max_for_live.device import device_patcher
from max_for_live.layout import SILENT, read_layout
from max_for_live.sources import script_names, source_json, source_text
from tests.companion_tools import require_tool

PATCHER = device_patcher()
BOXES = [entry["box"] for entry in PATCHER["boxes"]]
ADDRESSES = source_json("src/addresses.json")
ANNOUNCED = {row.address for row in ROWS if not row.is_input}


def box_of(group, name):
    return next(box for box in BOXES if box.get("varname") == f"{group}_{name}")


def cords():
    return [line["patchline"] for line in PATCHER["lines"]]


def parameter_ids(patcher):
    return [key for key in patcher["parameters"] if key.startswith("obj-")]


# --- cords ----------------------------------------------------------------------------------------


def test_it_is_sound():
    assert faults_of(PATCHER) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: p["lines"][0]["patchline"].update(source=["obj-1", 7]), "outlet 7 of obj-1"),
        (lambda p: p["lines"][0]["patchline"].update(destination=["obj-2", 2]), "inlet 2 of obj-2"),
        (lambda p: p["lines"][0]["patchline"].update(destination=["obj-0", 0]), "no such box"),
        (lambda p: p["lines"].append(copy.deepcopy(p["lines"][0])), "is there 2 times"),
        (lambda p: p["boxes"][0]["box"].update(id="obj-2"), "box id 'obj-2'"),
        (lambda p: p["boxes"][0]["box"].update(numoutlets=3), "says inlets, outlets"),
        (lambda p: p["boxes"][0]["box"].update(text="plugout"), "no object is known"),
        (lambda p: p["parameters"].pop(parameter_ids(p)[0]), "lists the parameters"),
        (lambda p: p["parameters"]["parameterbanks"]["0"]["parameters"].append("-"), "holds 9"),
        (lambda p: p["parameters"]["parameterbanks"]["0"]["parameters"].__setitem__(0, "Nobody"), "Nobody"),
    ],
)
def test_what_is_not_is_found(spoil, said):
    spoiled = copy.deepcopy(PATCHER)
    spoil(spoiled)
    assert any(said in fault for fault in faults_of(spoiled))


def test_two_parameters_of_one_name_are_found():
    spoiled = copy.deepcopy(PATCHER)
    values = [
        box["box"]["saved_attribute_attributes"]["valueof"]
        for box in spoiled["boxes"]
        if box["box"].get("parameter_enable")
    ]
    values[1]["parameter_longname"] = values[0]["parameter_longname"]
    assert any("is there 2 times" in fault for fault in faults_of(spoiled))


def test_every_widget_that_speaks_reaches_the_script_under_its_name():
    (script_box,) = [box for box in BOXES if box.get("text", "").startswith("js ")]
    targets = defaultdict(list)
    for cord in cords():
        targets[cord["source"][0]].append(cord["destination"][0])
    by_id = {box["id"]: box for box in BOXES}
    for widget in read_layout().widgets:
        named = targets[box_of(widget.group, widget.name)["id"]]
        said = [by_id[to]["text"] for to in named]
        if widget.kind in (*SILENT, "bar", "text", "light"):
            assert said == []
        else:
            assert said == [f"prepend ui {widget.group} {widget.name}"]
            assert targets[named[0]] == [script_box["id"]]


def test_the_audio_passes_through_untouched():
    ends = {box["text"]: box["id"] for box in BOXES if box.get("text") in ("plugin~", "plugout~")}
    both = [
        c for c in cords() if c["source"][0] == ends["plugin~"] or c["destination"][0] == ends["plugout~"]
    ]
    assert [(c["source"], c["destination"]) for c in both] == [
        ([ends["plugin~"], channel], [ends["plugout~"], channel]) for channel in (0, 1)
    ]


# --- addresses ------------------------------------------------------------------------------------


def test_every_address_exists_in_the_contract():
    assert set(ADDRESSES["sent"].values()) <= set(INPUTS)
    told = {row.address for row in OUTPUTS.values()} | set(REPLIES) | ANNOUNCED
    assert set(ADDRESSES["heard"].values()) <= told


def test_no_module_spells_an_address_but_the_table():
    for name in script_names():
        if name.endswith(".js"):
            code = re.sub(r"//.*", "", source_text(f"src/{name}"))
            assert "/rg/" not in code, name


def test_every_address_of_the_table_is_used():
    code = "".join(source_text(f"src/{name}") for name in script_names() if name.endswith(".js"))
    for key in ADDRESSES["sent"]:
        assert re.search(rf'"{key}"', code), key
    for key in ADDRESSES["heard"]:
        assert re.search(rf"\b{key}\b", code), key


def test_choices_and_parameters_are_the_engines():
    assert tuple(choice.lower() for choice in _widget("set", "when").choices) == WHEN
    names = {widget.name for widget in read_layout().of_group("drums")}
    assert set(PARAMS) <= names
    octave = _widget("drums", "octave")
    assert (octave.low, octave.high) == (PARAMS["octave"].low, PARAMS["octave"].high)


def test_limits_are_the_contracts():
    (tempo,), (bars,) = INPUTS["/rg/tempo"].args, INPUTS["/rg/bars"].args
    follow = source_text("src/follow.js")
    found = [float(re.search(rf"var {name} = (\d+);", follow)[1]) for name in ("MIN_TEMPO", "MAX_TEMPO")]
    assert found == [tempo.low, tempo.high]
    assert (_widget("set", "bars").low, _widget("set", "bars").high) == (bars.low, bars.high)
    volume = INPUTS["/rg/track/{t}/volume"].args[0]
    assert volume.low <= _widget("bass", "volume").low and _widget("bass", "volume").high == volume.high


def test_every_scale_of_the_table_is_a_key_of_the_engine():
    for live, ours in source_json("src/scales.json").items():
        assert Key.parse(f"F# {ours}").tonic == 6, live


def _widget(group, name):
    return next(w for w in read_layout().of_group(group) if w.name == name)


# --- parameters -----------------------------------------------------------------------------------


def test_long_names_are_unique_and_named_by_hand():
    names = longnames(PATCHER)
    assert len(set(names)) == len(names) == len([n for n in names if n])
    assert not [name for name in names if name.startswith(("live.", "textedit", "pattr"))]


def test_what_plays_can_be_automated_and_texts_are_saved_with_the_set():
    for widget in read_layout().widgets:
        if not widget.is_parameter:
            continue
        value = box_of(widget.group, widget.name)["saved_attribute_attributes"]["valueof"]
        if widget.kind in ("field", "memory"):
            assert (value["parameter_type"], value["parameter_invisible"]) == (3, 1)
        else:
            assert value["parameter_invisible"] == (1 if widget.name == "port" else 0)
            assert value["parameter_initial_enable"] == 1
            assert value["parameter_info"]


def test_an_int_has_no_more_steps_than_live_can_hold():
    for box in BOXES:
        value = box.get("saved_attribute_attributes", {}).get("valueof", {})
        if value.get("parameter_type") == 1:
            assert value["parameter_mmax"] - value["parameter_mmin"] <= 255


def test_pushs_banks_hold_every_parameter_that_can_be_automated():
    banks = PATCHER["parameters"]["parameterbanks"]
    assert list(banks) == [str(index) for index in range(len(banks))]
    held = [name for bank in banks.values() for name in bank["parameters"] if name != "-"]
    assert len(set(held)) == len(held)
    parameters = [w for w in read_layout().widgets if w.is_parameter and w.kind not in ("field", "memory")]
    playing = {widget.longname for widget in parameters if not widget.stored_only}
    # Scenes go by the name in a field, which Push cannot type.
    assert playing - set(held) == {"Save Scene", "Load Scene"}


# --- the look -------------------------------------------------------------------------------------


def test_it_is_as_high_as_live_shows_it():
    assert PATCHER["openrect"][3] == 169
    assert PATCHER["openinpresentation"] == 1


def test_nothing_lies_on_anything_else():
    drawn = [w for w in read_layout().widgets if w.rect and w.kind != "panel"]
    for index, one in enumerate(drawn):
        for other in drawn[index + 1 :]:
            (x, y, w, h), (ox, oy, ow, oh) = one.rect, other.rect
            apart = x + w <= ox or ox + ow <= x or y + h <= oy or oy + oh <= y
            assert apart, (one.id, other.id)


# --- the script -----------------------------------------------------------------------------------


def test_the_script_is_of_the_language_that_max_8_knows():
    """ECMAScript 5: what is newer is a syntax error, or not there."""
    code = re.sub(r"//.*", "", script().decode("ascii"))
    code = re.sub(r'"(\\.|[^"\\])*"', '""', code)
    for newer in (r"=>", r"`", r"\blet\b", r"\bconst\b", r"\bclass\b", r"\.\.\.", r"\bof\b\s", r"\basync\b"):
        assert not re.search(newer, code), newer
    newer_methods = r"includes|find|findIndex|startsWith|endsWith|padStart|repeat|assign|from|flat|entries"
    assert not re.search(rf"\.({newer_methods})\(", code)


def test_the_script_leaves_max_s_own_names_alone():
    """Globals of the js object, some of which may not be overwritten."""
    own = set(re.findall(r"^(?:var|function) (\w+)", script().decode("ascii"), re.MULTILINE))
    maxs = {"require", "include", "module", "exports", "post", "error", "outlet", "inlet", "max", "patcher"}
    assert {"modules", "module_of", "device", "ready", "ui", "anything", "notifydeleted"} <= own
    assert own & maxs == set()


def test_the_script_parses(tmp_path):
    file = tmp_path / "resonantgen.js"
    file.write_bytes(script())
    subprocess.run([require_tool("node"), "--check", str(file)], check=True)


def test_tables_are_sound():
    for name in script_names():
        if name.endswith(".json"):
            assert json.loads(source_text(f"src/{name}"))
