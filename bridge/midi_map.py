"""What a controller's pads, knobs, lights and displays are for: a map, as `midi_map_reader` reads it.

    Binding       a control -> a message of the contract, or a page to turn
    Light         a lamp    <- a value of the contract, in a look
    Position      a motor fader, a ring of lamps <- a number
    Text, Digits  a display <- words about a track or the set
    Meter         a level meter <- a track's level

Each holds in its Scope: on some pages, or while a modifier is held. `{t}` in an address is the track in the
control's place of its row: the first, the second …
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import mido

from bridge.midi_control import Control
from bridge.midi_words import follows_position

# How a light looks, and which state of a track, or of what waits, looks how.
LOOKS = ("off", "solid", "pulse", "blink", "failed", "ready")
STATE_LOOKS = {
    "empty": "off", "queued": "blink", "generating": "pulse", "ready": "ready", "failed": "failed",
    "none": "off", "boundary": "blink", "launch": "blink",
}  # fmt: skip
SCROLLED = ("tracks", "takes", "scenes", "prompts")


@dataclass(frozen=True)
class Names:
    """What the entries of a map refer to."""

    tracks: Sequence[str]
    pages: Sequence[str] = ("",)
    modifiers: Mapping[str, Control] = field(default_factory=dict)
    prompts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """Where an entry holds: `pages` it is on (none: all `but` those), and the modifier that must be held."""

    pages: tuple[str, ...] = ()
    modifier: str = ""
    but: tuple[str, ...] = ()

    def on(self, page: str, held: frozenset[str]) -> bool:
        shown = page in self.pages if self.pages else page not in self.but
        return shown and (not self.modifier or self.modifier in held)


EVERYWHERE = Scope()


@dataclass(frozen=True)
class Curve:
    """A control's way, 0..1, to a value and back: straight from point to point, both ends met exactly."""

    points: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 1.0))

    def value(self, position: float) -> float:
        for (start, low), (end, high) in pairwise(self.points):
            if position < end:
                return low + (high - low) * (position - start) / (end - start)
        return self.points[-1][1]

    def position(self, value: float) -> float:
        """The inverse; what lies beyond the ends is at the nearer one."""
        points = self.points if self.points[0][1] <= self.points[-1][1] else self.points[::-1]
        if value <= points[0][1]:
            return points[0][0]
        for (start, low), (end, high) in pairwise(points):
            if value < high:
                return start + (end - start) * (value - low) / (high - low)
        return points[-1][0]

    @property
    def span(self) -> float:
        values = [value for _, value in self.points]
        return max(values) - min(values)

    def clamp(self, value: float) -> float:
        values = [value for _, value in self.points]
        return min(max(value, min(values)), max(values))


@dataclass(frozen=True)
class Binding:
    """A control and the message it sends: `address` and `args`, where they may hold `{t}` and words.

    `turn` instead of an address is the controller's own: ("page", "takes", 0), ("scroll", "scenes", 8), and
    ("own", "", 0) where it does something by itself, and nothing else is to happen.
    """

    control: Control
    address: str = ""
    args: tuple[Any, ...] = ()
    curve: Curve = Curve()  # where $value goes
    whole: bool = False  # $value fills an integer
    choices: tuple[str, ...] = ()  # of the argument that $value, $next or $previous fills
    slot: int = 0
    scope: Scope = EVERYWHERE
    encoder: str = ""  # of midi_control.ENCODERS; "": the control says where it stands
    step: float = 0.0  # of a relative encoder, a click
    pickup: bool = False  # a knob does nothing until it has met the present value
    turn: tuple[str, str, int] | None = None
    label: str = ""
    port: str = ""  # of learned ones: the port they belong to; "": any

    @property
    def follows_value(self) -> bool:
        return bool(self.encoder) or follows_position(self.args)

    def scaled(self, position: float) -> float | int:
        """A position 0..1 as a value."""
        value = self.curve.value(position)
        return round(value) if self.whole else value


@dataclass(frozen=True)
class Look:
    """What makes a light look so: colour by velocity (CC lights: by value), manner by channel (from 0).

    `under` is lit first: what a blinking or pulsing light goes back and forth to. `rgb` (0..255 each)
    goes by the map's SysEx instead.
    """

    velocity: int = 0
    channel: int = 0
    under: Look | None = None
    rgb: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Light:
    """A lamp, and what it shows: an address with feedback, or a word of `midi_shown`.

    `equals`: lit while the value is this one; `at_least`: while it is so high, or higher.
    """

    control: Control
    shows: str
    looks: Mapping[str, Look]
    slot: int = 0
    scope: Scope = EVERYWHERE
    equals: Any = None
    at_least: float | None = None
    label: str = ""

    @property
    def place(self) -> tuple[str, int]:
        return self.control.kind, self.control.number


@dataclass(frozen=True)
class Position:
    """A motor fader (bend) or a ring of lamps (cc) that follows a number; not while it is touched."""

    control: Control
    shows: str  # an address, and a parameter's name after it
    curve: Curve
    values: tuple[int, int]  # what is sent for the ends of the curve
    slot: int = 0
    scope: Scope = EVERYWHERE
    touch: Control | None = None

    @property
    def place(self) -> tuple[str, int]:
        number = self.control.channel if self.control.kind == "bend" else self.control.number
        return f"{self.control.kind} position", number or 0


@dataclass(frozen=True)
class Text:
    """A piece of a display, `width` characters from `offset` on (counted over all its lines)."""

    offset: int
    width: int
    text: str
    slot: int = 0
    scope: Scope = EVERYWHERE

    @property
    def place(self) -> tuple[str, int]:
        return "text", self.offset


@dataclass(frozen=True)
class Digits:
    """Figures of seven segments, one a CC, from left to right."""

    numbers: tuple[int, ...]
    text: str
    slot: int = 0
    scope: Scope = EVERYWHERE

    @property
    def place(self) -> tuple[str, int]:
        return "digits", self.numbers[0]


@dataclass(frozen=True)
class Meter:
    """A level meter in Mackie's manner: channel pressure `strip * 16 + step`; `steps_db` are their floors."""

    strip: int
    shows: str
    steps_db: tuple[float, ...]
    slot: int = 0
    scope: Scope = EVERYWHERE

    @property
    def place(self) -> tuple[str, int]:
        return "meter", self.strip


Output = Light | Position | Text | Digits | Meter


@dataclass(frozen=True)
class ControllerMap:
    """A controller. `ports` are patterns of its ports' names, the best first.

    `relight`: it puts its own light out when a pad is let go, so that ours has to be sent again. `sleeps`,
    `wakes`: how the SysEx begins that it sends when it shows something else, and when it is ours again.
    """

    name: str
    bindings: tuple[Binding, ...] = ()
    outputs: tuple[Output, ...] = ()
    file: str = ""
    ports: tuple[str, ...] = ()
    init: tuple[mido.Message, ...] = ()
    exit: tuple[mido.Message, ...] = ()
    sleeps: tuple[tuple[int, ...], ...] = ()
    wakes: tuple[tuple[int, ...], ...] = ()
    touches: tuple[Control, ...] = ()  # fingers on knobs and strips: said, but never meant
    clock: bool = False
    relight: bool = False
    names: Names = field(default_factory=lambda: Names(()))
    looks: Mapping[str, Look] = field(default_factory=dict)
    rgb: str = ""  # SysEx of a light in any colour
    display: str = ""  # SysEx of a piece of text
    layout: tuple[tuple[Control | None, ...], ...] = ()  # rows of controls, for the picture

    @property
    def lights(self) -> list[Light]:
        return [output for output in self.outputs if isinstance(output, Light)]
