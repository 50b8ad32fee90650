"""The arguments of a press or a turn: words of a binding made values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.midi_args import value_key
from bridge.midi_control import Move
from bridge.midi_layer import Layer
from bridge.midi_map import Binding
from bridge.midi_words import VALUE, Word, read_word
from bridge.midi_world import World
from engine.errors import EngineError


def current_value(binding: Binding, address: str, world: World) -> float | None:
    """The present value of what a binding sets, as a number; a choice by its place. None: not known."""
    index = next((i for i, arg in enumerate(binding.args) if read_word(arg) is not None), 0)
    key = value_key(address.replace("*", world.tracks[0] if world.tracks else ""), binding.args)
    value = world.value(key, 0 if key != address and index else index)
    if binding.choices:
        return float(binding.choices.index(value)) if value in binding.choices else None
    return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True)
class Fill:
    """What is filled in: `move` of a pad or knob, or the `clicks` of a relative encoder."""

    binding: Binding
    address: str
    layer: Layer
    move: Move | None = None
    clicks: int = 0

    def args(self) -> list[Any]:
        """EngineError `not_found` or `empty` where there is no such take, scene or prompt."""
        return [self._arg(arg) for arg in self.binding.args]

    def _arg(self, arg: Any) -> Any:
        word = read_word(arg)
        if word is None:
            return arg
        pressed = self.move is None or self.move.pressed
        if word.name == "toggle":
            return int(not self.layer.world.all_on(self.address))
        if word.name == "gate":
            return int(pressed)
        if word.name == "value":
            return self._value()
        return {"step": self._step, "take": self._take, "scene": self._scene, "prompt": self._prompt}[
            word.name
        ](word)

    def _value(self) -> Any:
        if self.move is not None:
            return self._chosen(self.binding.scaled(self.move.position))
        return self._moved(self.clicks * self.binding.step)

    def _step(self, word: Word) -> Any:
        """The choice after the last one is the first."""
        if not self.binding.choices:
            return self._moved(word.step)
        current = current_value(self.binding, self.address, self.layer.world)
        index = 0 if current is None else (int(current) + word.step) % len(self.binding.choices)
        return self.binding.choices[index]

    def _moved(self, by: float) -> Any:
        """The present value and so much; from the middle where it is not known."""
        curve = self.binding.curve
        current = current_value(self.binding, self.address, self.layer.world)
        if current is None:
            current = curve.value(0.5)
        value = current + by
        if VALUE in self.binding.args:
            value = curve.clamp(value)
        return self._chosen(round(value) if self.binding.whole else value)

    def _chosen(self, value: float | int) -> Any:
        return self.binding.choices[int(value)] if self.binding.choices else value

    def _take(self, word: Word) -> int:
        track = self.address.split("/")[3]
        current, count = self.layer.world.takes(self.layer.world.tracks[0] if track == "*" else track)
        if not count:
            raise EngineError("empty", f"{self.address}: there is no take yet")
        if word.step or self.move is None:
            return min(max(current + (word.step or self.clicks), 1), count)
        if not word.number:
            return 1 + round(self.move.position * (count - 1))
        number = self.layer.take(word.number)
        if number > count:
            raise EngineError("range", f"{self.address}: there are takes 1 to {count}, not {number}")
        return number

    def _scene(self, word: Word) -> str:
        world = self.layer.world
        if word.step:
            return self._scene_beside(world.scenes, word.step)
        if word.list == "new":
            return free_scene_name({*world.scenes, *world.saving})
        name = self.layer.scene(word.number)
        if name is not None:
            return name
        if self.address != "/rg/scene/save":
            raise EngineError(
                "not_found", f"{self.address}: there are {len(world.scenes)} scenes; save one there first"
            )
        return free_scene_name({*world.scenes, *world.saving})

    def _scene_beside(self, scenes: Sequence[str], step: int) -> str:
        if not scenes:
            raise EngineError("empty", f"{self.address}: there is no scene yet")
        current = self.layer.world.scene
        if current not in scenes:
            return scenes[0] if step > 0 else scenes[-1]
        return scenes[(scenes.index(current) + step) % len(scenes)]

    def _prompt(self, word: Word) -> str:
        prompt = self.layer.prompt(word.list, word.number)
        if prompt is None:
            raise EngineError("empty", f"{self.address}: no prompt is on this pad")
        return prompt


def free_scene_name(scenes: Collection[str]) -> str:
    """`scene 01`, or the next number that is free: names sort as they were saved."""
    number = len(scenes) + 1
    while f"scene {number:02}" in scenes:
        number += 1
    return f"scene {number:02}"
