"""A table of a TOML file, read with its kinds checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.config import unknown_in
from engine.errors import EngineError

TYPE_WORDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}


@dataclass
class Table:
    """One table of the file: refuses unknown keys at once, and wrong types as they are read."""

    data: dict[str, Any]
    where: str
    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.data, dict):
            raise EngineError("type", f"{self.where}: {self.data!r} is not a table")
        for key in self.data:
            if key not in self.keys:
                raise unknown_in(self.where, "key", key, self.keys)

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        """EngineError `type` for a value of another kind, and for one that is missing without a default."""
        if key not in self.data:
            if default is None:
                raise EngineError("type", f"{self.where}: {key} is missing; it is {TYPE_WORDS[kind]}")
            return default
        if type(self.data[key]) is not kind:
            raise EngineError("type", f"{self.where}: {key} {self.data[key]!r} is not {TYPE_WORDS[kind]}")
        return self.data[key]

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self.get(key, int, default)
        if not low <= value <= high:
            raise EngineError("range", f"{self.where}: {key} {value} is outside {low} to {high}")
        return int(value)
