"""The settings, read from TOML; `configs/default.toml` spells out every one of them.

    config = load_config(Path("mine.toml"))    keys the file leaves out have their defaults
    config.osc.port

A key or a section that does not exist is an error that names the nearest one that does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import Field, dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any

from engine.errors import EngineError, unknown

WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a list of texts",
}


def one_of(default: str, *choices: str) -> Any:
    return field(default=default, metadata={"choices": choices})


def within(default: float, low: float, high: float) -> Any:
    return field(default=default, metadata={"range": (low, high)})


def shaped(default: Any, pattern: str, says: str) -> Any:
    """A text, or a list of texts, of a fixed shape; `says` is that shape in words."""
    return field(default=default, metadata={"pattern": re.compile(pattern), "says": says})


@dataclass(frozen=True)
class EngineConfig:
    tracks: tuple[str, ...] = shaped(
        ("drums", "bass", "harmony", "melody"), r"[A-Za-z][A-Za-z0-9_]*", "letters, digits and _"
    )
    render: str = one_of("auto", "auto", "model", "instruments")
    worker_threads: int = within(0, 0, 64)


@dataclass(frozen=True)
class ModelConfig:
    passes: str = shaped(
        "", r"([1-9]\d?( [1-9]\d?)*)?", 'passes of each codebook, coarsest first, as in "6 2 1"'
    )
    renewed: float = within(0.5, 0.0, 1.0)
    temperature: float = within(1.0, 0.0, 10.0)
    top_k: int = within(0, 0, 65536)
    cfg_coef: float = within(1.0, 0.0, 20.0)
    between_db: float = within(10.0, 0.0, 60.0)
    precision: str = one_of("auto", "auto", "float32", "bfloat16", "int8")
    compile: str = one_of("auto", "auto", "on", "off")
    threads: int = within(0, 0, 64)


@dataclass(frozen=True)
class OscConfig:
    host: str = "127.0.0.1"
    port: int = within(9130, 1, 65533)  # port + 1 and port + 2 are used as well
    lease_s: int = within(30, 1, 3600)
    startup_targets: tuple[str, ...] = shaped((), r"[^\s:]+:\d{1,5}", 'host:port, as in "127.0.0.1:9140"')
    advertise: bool = True


@dataclass(frozen=True)
class JackConfig:
    mode: str = one_of("auto", "auto", "on", "off")
    server: str = ""
    client: str = "resonantgen"
    connect_outputs: bool = True


@dataclass(frozen=True)
class MidiConfig:
    enabled: bool = True
    api: str = one_of("auto", "auto", "alsa", "jack", "coremidi", "windows")
    controller: str = "auto"
    controllers: tuple[str, ...] = shaped((), r".+", "names of controllers")
    input: str = ""
    output: str = ""
    virtual: bool = True
    send_clock: bool = True
    pickup: bool = False
    out: bool = True
    out_channels: tuple[str, ...] = shaped(
        (), r"[A-Za-z][A-Za-z0-9_]*=([1-9]|1[0-6])", 'a track and a channel from 1 to 16, as in "bass=3"'
    )
    out_glide: str = one_of("bend", "bend", "portamento")
    out_bend_range: int = within(12, 1, 48)


@dataclass(frozen=True)
class ReaperConfig:
    enabled: bool = True
    mailbox: str = ""
    surface: str = shaped("", r"([\d.]+:\d{1,5})?", 'address:port, as in "127.0.0.1:9140", or ""')


@dataclass(frozen=True)
class ClockConfig:
    source: str = one_of("auto", "auto", "jack", "link", "midi", "osc", "internal")
    link: bool = False
    link_quantum_beats: float = within(0.0, 0.0, 64.0)
    start_stop_sync: bool = False
    midi_in: str = ""
    midi_out: bool = False
    midi_out_port: str = ""
    offset_ms: float = within(0.0, -500.0, 500.0)


@dataclass(frozen=True)
class PromptConfig:
    embeddings: str = one_of("auto", "auto", "on", "off")
    language_model_url: str = ""
    language_model: str = ""
    language_model_timeout_s: float = within(1.5, 0.1, 60.0)
    language_model_min_characters: int = within(60, 1, 2000)
    language_model_waits: bool = False


@dataclass(frozen=True)
class FoldersConfig:
    set: str = ""
    genres: str = ""
    models: str = ""
    controllers: str = ""


@dataclass(frozen=True)
class LogConfig:
    level: str = one_of("info", "debug", "info", "warning", "error")
    dump: int = within(0, 0, 3)


@dataclass(frozen=True)
class Config:
    """Everything a user can set. The fields are the sections of the file."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    osc: OscConfig = field(default_factory=OscConfig)
    jack: JackConfig = field(default_factory=JackConfig)
    midi: MidiConfig = field(default_factory=MidiConfig)
    clock: ClockConfig = field(default_factory=ClockConfig)
    reaper: ReaperConfig = field(default_factory=ReaperConfig)
    prompt: PromptConfig = field(default_factory=PromptConfig)
    folders: FoldersConfig = field(default_factory=FoldersConfig)
    log: LogConfig = field(default_factory=LogConfig)


SECTIONS: dict[str, type] = {section.name: section.default_factory for section in fields(Config)}  # type: ignore[misc]


def load_config(path: Path | None) -> Config:
    """The settings of a file, or the defaults without one.

    EngineError `unknown`, `type` or `range` naming the file, the key and what is allowed, and `file`
    where it cannot be read or is not TOML.
    """
    return Config() if path is None else parse_config(read_toml_text(path), str(path))


def packaged_config(name: str) -> Config:
    """One of ours by name: default, debug, stage, studio_gpu."""
    source = resources.files("configs").joinpath(f"{name}.toml")
    return parse_config(source.read_text(encoding="utf-8"), f"{name}.toml")


def set_folder(config: Config) -> Path:
    """Where the set lives: the folder asked for, or `ResonantGen/default` among the user's music."""
    if config.folders.set:
        return Path(config.folders.set).expanduser()
    from platformdirs import user_music_path

    return user_music_path() / "ResonantGen" / "default"


def genre_folder(config: Config) -> Path:
    """Where the user's genres lie: the folder asked for, or `genres` beside the user's other settings."""
    if config.folders.genres:
        return Path(config.folders.genres).expanduser()
    from platformdirs import user_config_path

    return user_config_path("resonantgen", appauthor=False) / "genres"


def controller_folder(config: Config) -> Path:
    """Where the user's controller maps lie, and what was learned: the folder asked for, or `controllers`
    beside the user's other settings."""
    if config.folders.controllers:
        return Path(config.folders.controllers).expanduser()
    from platformdirs import user_config_path

    return user_config_path("resonantgen", appauthor=False) / "controllers"


def model_folder(config: Config) -> Path | None:
    """Where the user's own track models lie; None: they have none."""
    return Path(config.folders.models).expanduser() if config.folders.models else None


# --- TOML to dataclasses --------------------------------------------------------------------------


def read_toml_text(path: Path) -> str:
    """A file's text; EngineError `file` where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise EngineError("file", f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise EngineError("file", f"{path}, line {line}: not UTF-8 text") from error


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """A TOML text as a dict; EngineError `file` with the line that is wrong."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        reason = re.sub(r" \(at .*", "", str(error))
        raise EngineError("file", f"{name}, line {line}: not TOML: {reason}") from error


def parse_config(text: str, name: str) -> Config:
    """The settings in a TOML text; `name` is what errors call the file."""
    data = parse_toml(text, name)
    sections = {}
    for section, values in data.items():
        if section not in SECTIONS:
            raise unknown_in(name, "section", f"[{section}]", (f"[{known}]" for known in SECTIONS))
        if not isinstance(values, dict):
            raise EngineError(
                "type", f"{name}: {section} is a section: write [{section}] on a line of its own"
            )
        sections[section] = _read_section(name, section, values)
    return Config(**sections)


def unknown_in(where: str, kind: str, value: str, known: Iterable[str]) -> EngineError:
    """`unknown` of engine.errors, for a word in a file."""
    error = unknown(kind, value, known)
    return EngineError(error.code, f"{where}: {error.text}")


def _read_section(name: str, section: str, values: dict[str, Any]) -> Any:
    known = {entry.name: entry for entry in fields(SECTIONS[section])}
    checked = {}
    for key, value in values.items():
        if key not in known:
            raise unknown_in(name, f"key in [{section}]", key, known)
        checked[key] = _check(f"{name}: {section}.{key}", value, known[key])
    return SECTIONS[section](**checked)


def _check(where: str, value: Any, entry: Field[Any]) -> Any:
    """The value as its field's type; EngineError `type` or `range` saying what is allowed."""
    value = _typed(where, value, type(entry.default))
    rules = entry.metadata
    if "choices" in rules and value not in rules["choices"]:
        raise EngineError("range", f"{where}: {value!r} is not one of {', '.join(rules['choices'])}")
    if "range" in rules and not rules["range"][0] <= value <= rules["range"][1]:
        low, high = rules["range"]
        raise EngineError("range", f"{where}: {value} is outside {low} to {high}")
    for text in value if isinstance(value, tuple) else (value,):
        if "pattern" in rules and not rules["pattern"].fullmatch(text):
            raise EngineError("range", f"{where}: {text!r} is not {rules['says']}")
    return value


def _typed(where: str, value: Any, wanted: type) -> Any:
    if wanted is tuple and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise EngineError("type", f"{where}: {value!r} is not {WORDS[wanted]}")
    return value
