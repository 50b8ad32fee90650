"""A reader of .ReaperOSC files, to the grammar that REAPER documents in the comments of its default file.

    # comment
    DESCRIPTION pattern [pattern …]        what REAPER does or tells, and the messages for it
    DESCRIPTION value                      for DEVICE_ and REAPER_ descriptions: a setting

A pattern is a flag, one of `nfbtrsi`, and an address, at most 512 characters; `@` in it stands for a number
or the id of an action.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FLAGS = "nfbtrsi"
MAX_PATTERN = 512
MAX_MESSAGE_BYTES = 1024
# Those of REAPER's descriptions that concern us, and the flags that make sense with each.
DESCRIPTIONS = {
    "TEMPO": "nfrs", "PLAY": "bt", "STOP": "bt", "PAUSE": "bt", "RECORD": "bt", "REPEAT": "bt",
    "METRONOME": "bt", "TIME": "fs", "BEAT": "s", "SAMPLES": "fs", "FRAMES": "s", "MASTER_VU": "n",
    "TRACK_VU": "n", "TRACK_VU_L": "n", "TRACK_VU_R": "n", "TRACK_NAME": "s", "TRACK_VOLUME": "nfs",
    "TRACK_MUTE": "bt", "FX_PARAM_VALUE": "nfs", "LAST_MARKER_NAME": "s", "LAST_REGION_NAME": "s",
    "ACTION": "istf",
}  # fmt: skip
FLOOD = ("TIME", "BEAT", "SAMPLES", "FRAMES", "MASTER_VU", "TRACK_VU", "FX_PARAM", "LAST_")
FLOODS = {name for name in DESCRIPTIONS if name.startswith(FLOOD)}
COUNTS = {
    f"DEVICE_{what}_COUNT"
    for what in ("TRACK", "SEND", "RECEIVE", "FX", "FX_PARAM", "FX_INST_PARAM", "MARKER", "REGION")
}
CHOICES = {
    "REAPER_TRACK_FOLLOWS": {"REAPER", "DEVICE"},
    "DEVICE_TRACK_FOLLOWS": {"DEVICE", "LAST_TOUCHED"},
    "DEVICE_TRACK_BANK_FOLLOWS": {"DEVICE", "MIXER"},
    "DEVICE_FX_FOLLOWS": {"DEVICE", "LAST_TOUCHED", "FOCUSED"},
    "DEVICE_EQ": {"INSERT", "EXISTING"},
    "DEVICE_ROTARY_CENTER": {"0", "0.5"},
}


class ReaperOscError(Exception):
    """What is wrong, and on which line."""


@dataclass(frozen=True)
class Pattern:
    description: str
    flag: str
    address: str

    def matches(self, address: str) -> bool:
        """Whether REAPER takes a message to `address` for this pattern."""
        parts = re.split("(@)", self.address)
        pattern = "".join(r"(\d+|_\w+)" if part == "@" else re.escape(part) for part in parts)
        return re.fullmatch(pattern, address) is not None


@dataclass(frozen=True)
class ReaperOsc:
    settings: dict[str, str]
    patterns: tuple[Pattern, ...]


def read(text: str) -> ReaperOsc:
    """ReaperOscError for whatever REAPER would refuse or pass over."""
    settings: dict[str, str] = {}
    patterns: list[Pattern] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith(("DEVICE_", "REAPER_")):
            settings[words[0]] = _setting(number, *words)
        else:
            patterns += [_pattern(number, words[0], word) for word in words[1:]]
    return ReaperOsc(settings, tuple(patterns))


def _setting(number: int, name: str, *values: str) -> str:
    if len(values) != 1:
        raise ReaperOscError(f"line {number}: {name} has one value")
    if name in COUNTS and values[0].isdecimal():
        return values[0]
    if values[0] in CHOICES.get(name, ()):
        return values[0]
    raise ReaperOscError(f"line {number}: {name} {values[0]}")


def _pattern(number: int, description: str, word: str) -> Pattern:
    flag, address = word[:1], word[1:]
    if description not in DESCRIPTIONS:
        raise ReaperOscError(f"line {number}: unknown action {description}")
    if flag not in FLAGS or flag not in DESCRIPTIONS[description]:
        raise ReaperOscError(f"line {number}: {description} has no flag {flag!r}")
    if not address.startswith("/") or len(word) > MAX_PATTERN or not re.fullmatch(r"[!-~]+", address):
        raise ReaperOscError(f"line {number}: {address!r} is no address")
    return Pattern(description, flag, address)
