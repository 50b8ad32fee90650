"""An .amxd has the byte layout that Max writes, whole or frozen, and comes back as it went in."""

import struct

import pytest

from engine.errors import EngineError
from max_for_live.build import amxd, edited_amxd, script
from max_for_live.container import File, edited_device, frozen_device, read_device
from max_for_live.device import SCRIPT, device_patcher

PATCHER = {"fileversion": 1, "boxes": [], "lines": []}
FILES = (File("a.js", "TEXT", b"post(1);\n"), File("four.js", "TEXT", b""), File("table", "JSON", b"{}"))


@pytest.mark.parametrize("data", [amxd(), edited_amxd()], ids=["frozen", "edited"])
def test_it_is_an_audio_effect_in_three_chunks_that_fill_the_file(data):
    assert data[:12] == b"ampf\x04\x00\x00\x00aaaa"
    assert data[12:20] == b"meta\x04\x00\x00\x00"
    assert data[24:28] == b"ptch"
    assert struct.unpack("<I", data[28:32])[0] == len(data) - 32


def test_an_edited_device_is_json_that_ends_in_a_line_feed_and_a_zero_byte():
    data = edited_amxd()
    assert data[20:24] == struct.pack("<I", 1)
    assert data[32:33] == b"{" and data.endswith(b"}\n\x00")


def test_a_frozen_device_lists_its_files_big_endian_at_its_end():
    patch = frozen_device(PATCHER, FILES, "Device.amxd")[32:]
    head, offset = struct.unpack_from(">4xIQ", patch)
    assert (patch[:4], head) == (b"mx@c", 16)
    assert patch[offset : offset + 4] == b"dlst"
    assert struct.unpack_from(">I", patch, offset + 4)[0] == len(patch) - offset
    entry = patch[offset + 8 :]
    assert entry[:4] == b"dire" and entry[8:20] == b"type\x00\x00\x00\x0cJSON"
    assert entry[20:40] == b"fnam\x00\x00\x00\x14Device.amxd\x00"
    assert entry[40:52] == b"sz32\x00\x00\x00\x0c" + struct.pack(">I", len(_json_of(PATCHER)))
    assert entry[52:64] == b"of32\x00\x00\x00\x0c\x00\x00\x00\x10"
    assert entry[76:88] == b"flag\x00\x00\x00\x0c\x00\x00\x00\x11"


def _json_of(patcher):
    return edited_device(patcher)[32:]


@pytest.mark.parametrize("kind", ["aaaa", "mmmm", "iiii"])
def test_what_goes_in_comes_out(kind):
    edited = read_device(edited_device(PATCHER, kind))
    frozen = read_device(frozen_device(PATCHER, FILES, "Device.amxd", kind))
    assert (edited.kind, edited.meta, edited.patcher, edited.files) == (kind, 1, PATCHER, ())
    assert (frozen.kind, frozen.meta, frozen.patcher, frozen.files) == (kind, 7, PATCHER, FILES)


def test_the_device_holds_its_patcher_and_its_script():
    device = read_device(amxd())
    assert device.patcher == device_patcher() == read_device(edited_amxd()).patcher
    assert [(file.name, file.data) for file in device.files] == [(SCRIPT, script())]


def test_the_same_sources_are_the_same_bytes():
    assert amxd() == amxd()
    assert edited_amxd() == edited_amxd()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d[:-1],
        lambda d: d + b"\0",
        lambda d: b"RIFF" + d[4:],
        lambda d: d[:20],
        lambda d: b"",
        lambda d: d[:28] + struct.pack("<I", 2**31) + d[32:],
        lambda d: d.replace(b"dlst", b"list"),
        lambda d: d.replace(b"of32", b"ofxx", 1),
        lambda d: d[:40] + struct.pack(">Q", 2**40) + d[48:],
        lambda d: d.replace(b'"patcher"', b'"pitcher"', 1),
    ],
)
def test_broken_bytes_are_an_error_that_says_so(spoil):
    with pytest.raises(EngineError, match="no Max for Live device") as caught:
        read_device(spoil(frozen_device(PATCHER, FILES, "Device.amxd")))
    assert caught.value.code == "file"
