"""What is encoded is decoded; what is wrong is told what is allowed."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.osc_codec import decode, decode_all, encode, encode_command, request_id_of
from bridge.osc_spec import HAPPENINGS, INPUTS, MAX_MESSAGE_BYTES, OUTPUTS, REPLIES, ROWS, VALUES, Arg
from bridge.osc_wire import build, parse
from engine import commands as c
from engine import events as e
from engine.errors import EngineError
from tests.bridge.osc_studio import TRACKS

COMMAND_ROWS = [row for row in INPUTS.values() if row.command is not None]
EVENT_ROWS = [row for row in OUTPUTS.values() if not row.reply]
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)
REQUESTS = st.integers(-1, 2**31 - 1)


def values_of(arg: Arg):
    """Everything the table allows for an argument."""
    if arg.choices:
        return st.sampled_from(arg.choices)
    if arg.type == "s":
        return TEXTS
    low, high = (-(2**31), 2**31 - 1) if arg.type == "i" else (-1e6, 1e6)
    low, high = arg.low if arg.low is not None else low, arg.high if arg.high is not None else high
    return st.integers(int(low), int(high)) if arg.type == "i" else st.floats(low, high, width=32)


def make(kind, row, track, values):
    """A command or event from the row's arguments, flags as the booleans they are."""
    types = {field.name: field.type for field in dataclasses.fields(kind)}
    named = {
        arg.name: bool(value) if types[arg.name] == "bool" else value
        for arg, value in zip(row.args, values, strict=True)
    }
    return kind(**({"track": track} if "{t}" in row.address else {}), **named)


def over_the_wire(address, args):
    message = parse(build(address, args))
    return message.address, message.args


@pytest.mark.parametrize("row", COMMAND_ROWS, ids=lambda row: row.address)
@settings(max_examples=15)
@given(data=st.data())
def test_decode_of_encode_is_the_command(row, data):
    track = data.draw(st.sampled_from((*TRACKS, "*", "drums,bass", "bass,harmony,melody")))
    command = make(row.command, row, track, [data.draw(values_of(arg)) for arg in row.args])
    request = data.draw(REQUESTS) if row.request_arg else -1
    decoded = decode(*over_the_wire(*encode_command(command, request)), TRACKS)
    assert decoded.command == command
    assert decoded.request_id == request
    assert decoded.row.command is row.command


@pytest.mark.parametrize("row", COMMAND_ROWS, ids=lambda row: row.address)
@settings(max_examples=15)
@given(data=st.data())
def test_numbers_may_all_come_as_floats(row, data):
    """Pure Data knows no other."""
    whole = st.integers(-(2**24), 2**24)  # what a float32 holds exactly
    values = [
        data.draw(values_of(arg).filter(lambda value: isinstance(value, str) or abs(value) <= 2**24))
        for arg in row.args
    ]
    command = make(row.command, row, "bass", values)
    request = data.draw(whole) if row.request_arg else -1
    address, args = encode_command(command, request)
    address, args = over_the_wire(address, [a if isinstance(a, str) else float(a) for a in args])
    decoded = decode(address, args, TRACKS)
    assert (decoded.command, decoded.request_id) == (command, request)


@pytest.mark.parametrize("row", EVENT_ROWS, ids=lambda row: row.address)
@settings(max_examples=15)
@given(data=st.data())
def test_an_event_arrives_as_its_row_says(row, data):
    values = [data.draw(values_of(arg)) for arg in row.args]
    event = make(row.event, row, "bass", values)
    address, args = encode(event)
    datagram = build(address, args)
    message = parse(datagram)
    assert message.address == row.address.replace("{t}", "bass")
    assert list(message.args) == values
    tags = "," + "".join(arg.type for arg in row.args)
    assert datagram[len(address) + 4 - len(address) % 4 :].startswith(tags.encode() + b"\0")
    assert "d" not in tags


def test_answers_carry_the_command_and_the_request():
    origin = e.Origin("udp://x:1", "/rg/generate", 7)
    assert encode(e.Accepted(origin)) == ("/rg/accepted", ["/rg/generate", 7])
    assert encode(e.Done(origin)) == ("/rg/done", ["/rg/generate", 7])
    failed = e.Failed(origin, "disk", "full")
    assert encode(failed) == ("/rg/fail", ["/rg/generate", 7, "disk", "full"])
    reply = e.Reply(origin, "/rg/analysis/field", ("mood", "dark", True))
    assert encode(reply) == ("/rg/analysis/field", ["mood", "dark", 1])


def test_every_row_is_reachable_and_every_event_has_one():
    assert len({row.address for row in ROWS if row.is_input}) == len(INPUTS)
    sent = {row.event for row in ROWS if row.event} | {e.Reply}
    events = {kind for kind in vars(e).values() if isinstance(kind, type) and issubclass(kind, e.Event)}
    assert events - sent == {e.Event, e.Answer, e.TrackEvent}
    assert {row.event for row in VALUES.values()}.isdisjoint(HAPPENINGS)
    assert all(arg.type in "ifs" for row in ROWS for arg in row.args)
    assert all(arg.type in "ifs" for args in REPLIES.values() for arg in args)


@pytest.mark.parametrize(
    ("args", "prompt", "request_id"),
    [
        ((), "", -1),
        (("more",), "more", -1),
        ((7,), "", 7),
        ((7.0,), "", 7),
        (("more", 7), "more", 7),
        ((None, 7), "", 7),
    ],
)
def test_prompt_and_request_id_of_regenerate_are_both_optional(args, prompt, request_id):
    decoded = decode("/rg/track/bass/regenerate", args, TRACKS)
    assert decoded.command == c.Regenerate("bass", prompt)
    assert decoded.request_id == request_id


@pytest.mark.parametrize(
    ("args", "prompt", "request_id"),
    [
        ((3, 4), "", -1),
        ((3, 4, 7), "", 7),
        ((3, 4, "a fill"), "a fill", -1),
        ((3, 4, "a fill", 7), "a fill", 7),
    ],
)
def test_bars_have_a_first_and_a_last_one_and_the_rest_is_optional(args, prompt, request_id):
    decoded = decode("/rg/track/bass/bars", args, TRACKS)
    assert decoded.command == c.RegenerateBars("bass", 3, 4, prompt)
    assert decoded.request_id == request_id


@pytest.mark.parametrize("value", [1, 1.0, True])
def test_a_flag_is_one_in_every_dress(value):
    assert decode("/rg/track/bass/lock", [value], TRACKS).command == c.SetLock("bass", True)


@pytest.mark.parametrize(
    ("address", "track"),
    [
        ("/rg/track/*/lock", "*"),
        ("/rg/track/{bass,drums}/lock", "drums,bass"),
        ("/rg/track/[bh]*/lock", "bass,harmony"),
        ("/rg/track/????/lock", "bass"),
        ("/rg/track/[!a-g]*/lo?k", "harmony,melody"),
        ("/*/track/bass/loc*", "bass"),
    ],
)
def test_address_patterns_mean_tracks(address, track):
    assert decode(address, [1], TRACKS).command == c.SetLock(track, True)


def test_a_pattern_may_reach_several_rows_but_never_the_servers_own():
    found = decode_all("/rg/track/bass/{mute,solo}", [1], TRACKS)
    assert [decoded.command for decoded in found] == [c.SetMute("bass", True), c.SetSolo("bass", True)]
    assert "/rg/quit" not in [decoded.row.address for decoded in decode_all("/rg/{quit,play}", [], TRACKS)]


def test_of_a_pattern_all_is_done_or_nothing():
    with pytest.raises(EngineError, match="only sent by the engine"):  # `lock` would do; `level` would not
        decode_all("/rg/track/bass/l*", [1], TRACKS)


def test_a_value_without_arguments_is_a_question():
    for address in (
        "/rg/tempo",
        "/rg/track/bass/lock",
        "/rg/track/*/state",
        "/rg/context/key",
        "/rg/track/bass/take",
    ):
        assert decode(address, [], TRACKS).is_query  # fmt: skip
    assert decode("/rg/track/bass/regenerate", [], TRACKS).command == c.Regenerate("bass")
    assert decode("/rg/track/bass/undo", [], TRACKS).command == c.Undo("bass")


@pytest.mark.parametrize(
    ("address", "args", "code", "says"),
    [
        ("/rg/tempoo", [120], "unknown", "'/rg/tempo'"),
        ("/rg/track/bass/lokc", [1], "unknown", "'lock'"),
        ("/rg/track/bas/lock", [1], "unknown", "'bass'"),
        ("/rg/track/guitar/lock", [1], "unknown", "bass, drums, harmony, melody"),
        ("/rg/track/x*/lock", [1], "unknown", "bass, drums, harmony, melody"),
        ("", [], "unknown", "unknown address ''"),
        ("/rg/tempo", ["fast"], "type", "f:tempo_bpm"),
        ("/rg/tempo", [b"blob"], "type", "f:tempo_bpm"),
        ("/rg/tempo", [120, 1], "type", "f:tempo_bpm"),
        ("/rg/tempo", [None], "type", "a number"),
        ("/rg/track/bass/lock", [0.5], "type", "an integer"),
        ("/rg/generate", [], "type", "s:prompt [i:request_id]"),
        ("/rg/generate", [5, 7], "type", "s:prompt [i:request_id]"),
        ("/rg/play", [1], "type", "no arguments"),
        ("/rg/track/bass/bars", [3], "type", "i:first i:last [s:prompt] [i:request_id]"),
        ("/rg/track/bass/bars", [0, 3], "range", "1 to 64"),
        ("/rg/beat", [1, 1, 120.0], "unknown", "only sent by the engine"),
        ("/rg/track/bass/state", ["ready"], "type", "only sent by the engine"),
        ("/rg/track/[/lock", [1], "type", "not closed"),
        ("/rg/tempo", [300], "range", "40 to 240"),
        ("/rg/tempo", [float("nan")], "range", "40 to 240"),
        ("/rg/tempo", [float("inf")], "range", "40 to 240"),
        ("/rg/seed", [2**40], "range", "2147483647"),
        ("/rg/sync", [2**40], "range", "2147483647"),
        ("/rg/track/bass/lock", [2], "range", "0 to 1"),
        ("/rg/when", ["later"], "range", "now, beat, bar, loop, manual"),
        ("/rg/track/bass/param", ["loudness", 1.0], "range", "density"),
        ("/rg/generate", ["x", 2**31], "range", "request_id"),
    ],
)
def test_what_is_wrong_is_told_what_is_allowed(address, args, code, says):
    with pytest.raises(EngineError) as error:
        decode(address, args, TRACKS)
    assert error.value.code == code
    assert says in error.value.text


@pytest.mark.parametrize(
    ("address", "args", "request_id"),
    [
        ("/rg/generate", (5, 7), 7),
        ("/rg/generate", (5,), 5),
        ("/rg/track/guitar/regenerate", ("x", 7.0), 7),
        ("/rg/tempo", (300,), -1),
        ("/rg/unheard", ("x", 7), -1),
        ("/rg/generate", (), -1),
        ("/rg/generate", (2**40,), -1),
    ],
)
def test_a_refusal_still_knows_the_request(address, args, request_id):
    assert request_id_of(address, args) == request_id


@given(text=st.text(max_size=4000), file=st.text(max_size=1500))
def test_no_message_exceeds_1024_bytes_and_codes_and_ids_stay_whole(text, file):
    origin = e.Origin("udp://x:1", "/rg/track/harmony/regenerate", 2**31 - 1)
    datagram = build(*encode(e.Failed(origin, "not_available", text)))
    assert len(datagram) <= MAX_MESSAGE_BYTES
    assert parse(datagram).args[:3] == ("/rg/track/harmony/regenerate", 2**31 - 1, "not_available")
    stem = build(*encode(e.TrackStem("bass", file, 120.0, "A minor", 8, 5)))
    assert len(stem) <= MAX_MESSAGE_BYTES
    assert parse(stem).args[1:] == (120.0, "A minor", 8, 5)
    twice = build("/rg/analysis/field", [text, file, 1])
    assert len(twice) <= MAX_MESSAGE_BYTES


def test_a_text_that_was_shortened_says_so():
    text = parse(build("/rg/log", ["info", "ä" * 3000])).args[1]
    assert text.endswith("…")
    assert set(text[:-1]) == {"ä"}
    assert len(build("/rg/log", ["info", "x" * 3000])) > MAX_MESSAGE_BYTES - 8


def test_control_characters_leave_as_spaces_and_letters_as_they_are():
    assert parse(build("/rg/log", ["info", "Größe\n\tklingt\x00\x9b\ud800"])).args[1] == "Größe klingt ?"
