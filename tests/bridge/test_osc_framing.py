"""Packets survive the stream, however it is cut; what is broken costs only itself."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.osc_framing import SizeDecoder, SlipDecoder, size_encode, slip_encode
from bridge.osc_wire import MAX_PACKET_BYTES
from engine.errors import EngineError

FRAMINGS = {"slip": (SlipDecoder, slip_encode), "size": (SizeDecoder, size_encode)}
# Bytes that mean something to SLIP come often.
PACKETS = st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.text("\xc0\xdb\xdc\xdd", min_size=1).map(lambda t: t.encode("latin-1"))), max_size=6)  # fmt: skip # noqa: E501


def cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(place % (len(stream) + 1) for place in cuts), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(places)]


@pytest.mark.parametrize("name", FRAMINGS)
@given(packets=PACKETS, cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_packets_come_back_however_the_stream_is_cut(name, packets, cuts):
    decoder, encode = FRAMINGS[name]
    decoder = decoder()
    stream = b"".join(map(encode, packets))
    assert [packet for piece in cut(stream, cuts) for packet in decoder.feed(piece)] == packets


@pytest.mark.parametrize("name", FRAMINGS)
def test_byte_by_byte_is_as_good_as_at_once(name):
    decoder, encode = FRAMINGS[name]
    decoder = decoder()
    stream = encode(b"/a\0\0") + encode(b"\xc0\xdb")
    assert [p for byte in stream for p in decoder.feed(bytes([byte]))] == [b"/a\0\0", b"\xc0\xdb"]


@given(garbage=st.binary(max_size=200))
def test_after_any_garbage_slip_finds_the_next_packet(garbage):
    decoder = SlipDecoder()
    assert all(isinstance(found, bytes | EngineError) for found in decoder.feed(garbage))
    assert list(decoder.feed(b"\xc0" + slip_encode(b"/ok\0")))[-1] == b"/ok\0"


def test_a_wrong_escape_costs_one_packet():
    error, packet = SlipDecoder().feed(b"\xc0ab\xdbcd\xc0" + slip_encode(b"/ok\0"))
    assert error.code == "type"
    assert packet == b"/ok\0"


@pytest.mark.parametrize("name", FRAMINGS)
@pytest.mark.parametrize("piece", [1000, 65_536, 10_000_000])
def test_a_packet_that_is_too_long_is_dropped_once_and_the_next_is_read(name, piece):
    decoder, encode = FRAMINGS[name]
    decoder = decoder()
    stream = encode(b"x" * 3 * MAX_PACKET_BYTES) + encode(b"/ok\0")
    found = [p for at in range(0, len(stream), piece) for p in decoder.feed(stream[at : at + piece])]
    assert len(found) == 2
    assert found[0].code == "range"
    assert found[1] == b"/ok\0"
    assert len(decoder.pending) == 0


@pytest.mark.parametrize("name", FRAMINGS)
def test_the_largest_packet_is_taken_even_if_every_byte_is_escaped(name):
    decoder, encode = FRAMINGS[name]
    packet = b"\xc0" * MAX_PACKET_BYTES
    assert list(decoder().feed(encode(packet))) == [packet]


def test_a_negative_size_is_told_and_passed_over():
    error, packet = SizeDecoder().feed(b"\xff\xff\xff\xff" + size_encode(b"/ok\0"))
    assert error.code == "type"
    assert packet == b"/ok\0"
