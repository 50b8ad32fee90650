"""A stem as a WAV file that DAWs place, loop and stretch by themselves: 24-bit PCM with its chunks.

    RIFF size WAVE | fmt  | bext | acid | smpl | iXML | data
                            when   tempo  loop   words  samples, exactly the stem's bars and no tail

Every chunk starts on an even byte. Sources: EBU Tech 3285 (bext), gallery.co.uk/ixml (iXML),
libsndfile's reader and SF_LOOP_INFO (acid), the RIFF "smpl" chunk of the MIDI Manufacturers Association.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from engine.audio.wav_info import WavInfo, read_wav_info
from engine.stem import FULL_SCALE_24, Stem

__all__ = ["WavInfo", "read_wav_info", "stem_to_wav", "wav_parts"]

ORIGINATOR = "ResonantGen"
CHANNELS, SAMPLE_BYTES = 2, 3
PART_SAMPLES = 1 << 16  # packed in half a millisecond
ACID_ROOT_SET, ACID_STRETCH = 2, 4
MIDDLE_C = 60
# What XML 1.0 cannot hold, escaped or not: most control characters, lone surrogates, two non-characters.
NOT_XML = dict.fromkeys(
    (*range(9), 11, 12, *range(14, 32), *range(127, 160), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
)


def stem_to_wav(stem: Stem, take: int, created: datetime, description: str = "") -> bytes:
    """The bytes of the file: `stem.length_samples` long, reading back as `stem.audio` exactly.

    `description` (the prompt where it is empty) is what file browsers show. No errors: every text fits.
    """
    return b"".join(wav_parts(stem, take, created, description))


def wav_parts(
    stem: Stem, take: int, created: datetime, description: str = ""
) -> Iterator[bytes | memoryview]:
    """The same, piece by piece: a copy of minutes of audio in one go would hold every thread up."""
    description = description or stem.prompt
    data_bytes = stem.length_samples * CHANNELS * SAMPLE_BYTES
    head = b"".join(
        (
            _chunk(b"fmt ", _format(stem)),
            _chunk(b"bext", _broadcast(stem, created, description)),
            _chunk(b"acid", _acid(stem)),
            _chunk(b"smpl", _loop(stem)),
            _chunk(b"iXML", _ixml(stem, take, description)),
            struct.pack("<4sI", b"data", data_bytes),
        )
    )
    padding = data_bytes % 2
    yield struct.pack("<4sI4s", b"RIFF", 4 + len(head) + data_bytes + padding, b"WAVE") + head
    for start in range(0, stem.length_samples, PART_SAMPLES):
        yield pack_24(stem.audio[start : start + PART_SAMPLES])
    yield b"\0" * padding


def pack_24(audio: NDArray[np.float32]) -> memoryview:
    """Samples on the 24-bit grid [N, C] as little-endian 3-byte integers, interleaved.

    Three strided byte copies: 2 ms for 16 s of stereo, four times faster than slicing [:, :3].
    """
    wide = (np.ascontiguousarray(audio).reshape(-1) * np.float32(FULL_SCALE_24)).astype("<i4")
    source = wide.view(np.uint8).reshape(-1, 4)
    packed = np.empty((len(wide), SAMPLE_BYTES), np.uint8)
    for byte in range(SAMPLE_BYTES):
        packed[:, byte] = source[:, byte]
    return packed.reshape(-1).data


def root_note(stem: Stem) -> int | None:
    """The tonic around middle C; None for what has no pitch."""
    unpitched = stem.track == "drums" or (stem.score is not None and bool(stem.score.hits))
    return None if unpitched else MIDDLE_C + stem.key.tonic


def _chunk(name: bytes, content: bytes) -> bytes:
    padding = b"\0" * (len(content) % 2)
    return b"".join((name, struct.pack("<I", len(content)), content, padding))


def _format(stem: Stem) -> bytes:
    block = CHANNELS * SAMPLE_BYTES
    rate = stem.sample_rate
    return struct.pack("<HHIIHH", 1, CHANNELS, rate, rate * block, block, 8 * SAMPLE_BYTES)


def _broadcast(stem: Stem, created: datetime, description: str) -> bytes:
    """EBU 3285 version 1. TimeReference 0: a DAW that places by it puts the loop at its start."""
    history = f"A=PCM,F={stem.sample_rate},W=24,M=stereo,T={ORIGINATOR}\r\n".encode("ascii")
    fixed = struct.pack(
        "<256s32s32s10s8sIIH64s190x",
        _ascii(description), _ascii(ORIGINATOR), _ascii(stem.digest[:32]),
        created.strftime("%Y-%m-%d").encode(), created.strftime("%H:%M:%S").encode(), 0, 0, 1, bytes(64),
    )  # fmt: skip
    assert len(fixed) == 602, len(fixed)
    return fixed + history


def _acid(stem: Stem) -> bytes:
    """Tempo in quarter notes a minute; beats in the signature's own unit (7 in a bar of 7/8), as
    libsndfile's SF_LOOP_INFO has it. The denominator stands before the numerator."""
    root = root_note(stem)
    flags = ACID_STRETCH | (ACID_ROOT_SET if root is not None else 0)
    signature = stem.signature
    return struct.pack(
        "<IHHfIHHf", flags, MIDDLE_C if root is None else root, 0x8000, 0.0,
        stem.bars * signature.beats, signature.unit, signature.beats, stem.tempo_bpm,
    )  # fmt: skip


def _loop(stem: Stem) -> bytes:
    """One forward loop over everything, for ever; its end is the last sample, inclusive."""
    root = root_note(stem)
    period_ns = round(1e9 / stem.sample_rate)
    head = (0, 0, period_ns, MIDDLE_C if root is None else root, 0, 0, 0, 1, 0)
    return struct.pack("<15I", *head, 0, 0, 0, stem.length_samples - 1, 0, 0)


def _ixml(stem: Stem, take: int, description: str) -> bytes:
    """The words of the take, and under a private tag what it was made from."""
    private = {
        "PROMPT": stem.prompt, "SEED": str(stem.seed), "KEY": stem.key.name, "BARS": str(stem.bars),
        "TEMPO": f"{stem.tempo_bpm:.9g}", "SIGNATURE": stem.signature.name, "RENDER": stem.render,
        "DIGEST": stem.digest, "HEARD": " ".join(stem.heard),
    }  # fmt: skip
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<BWFXML>",
        "<IXML_VERSION>1.5</IXML_VERSION>",
        *_tags({"PROJECT": ORIGINATOR, "TAKE": str(take), "NOTE": description, "SCENE": stem.track}),
        "<RESONANTGEN>",
        *_tags(private),
        "</RESONANTGEN>",
        "</BWFXML>",
    ]
    return "\n".join(lines).encode("utf-8")


def _tags(texts: dict[str, str]) -> Iterator[str]:
    return (f"<{tag}>{escape(text.translate(NOT_XML))}</{tag}>" for tag, text in texts.items())


def _ascii(text: str) -> bytes:
    """Text for a field of bext, which allows ASCII alone: accents dropped, the rest as question marks."""
    plain = unicodedata.normalize("NFKD", text).translate(NOT_XML)
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return bare.encode("ascii", "replace")
