"""Who would perform each track, and why; and with `--models`, what loading its model costs."""

from __future__ import annotations

import sys
import time

from bridge.doctor_findings import OK, WARN, Finding
from engine.config import Config
from engine.errors import EngineError
from engine.models import Choice, Models, models_of
from engine.registry import Registry, default_registry

HOW = 'see the reason above; [engine] render = "instruments" plays without models'


def check_models(config: Config) -> list[Finding]:
    """A line for each performer and reason; nothing heavy is imported."""
    models, registry, failures = _installed(config)
    findings = []
    tracks: dict[tuple[str, str, bool], list[str]] = {}
    for name in registry:
        choice = models.choose(registry[name], config.engine.render)
        tracks.setdefault((choice.performer, choice.why, choice.missing), []).append(name)
    for (performer, why, missing), names in tracks.items():
        found = f"{', '.join(names)}: {performer} ({why})"
        findings.append(Finding("track models", WARN if missing else OK, found, HOW if missing else ""))
    return [
        *findings,
        *(Finding("track models", WARN, failure, "update the package") for failure in failures),
    ]


def _installed(config: Config) -> tuple[Models, Registry, list[str]]:
    registry, models = default_registry(), models_of(config)
    failures = [*registry.load_entry_points(), *models.load_entry_points()]
    names = [name for name in config.engine.tracks if name in registry.types]
    return models, registry.choose(names), failures


def loaded_models(config: Config) -> list[Finding]:
    """Load every model that would perform, and measure it."""
    models, registry, _ = _installed(config)
    choices = {name: models.choose(registry[name], config.engine.render) for name in registry}
    performing = {name: choice for name, choice in choices.items() if choice.family is not None}
    if not performing:
        return [Finding("loading models", OK, "nothing to load: no model performs")]
    return [_loaded(name, registry[name].model, choice) for name, choice in performing.items()]


def _loaded(name: str, role: str, choice: Choice) -> Finding:
    assert choice.family is not None
    before, began_s = memory_mb(), time.perf_counter()
    try:
        choice.family.warm(role)
    except EngineError as error:
        return Finding("loading models", WARN, f"{name}: {error.text}", HOW)
    took_s = time.perf_counter() - began_s
    return Finding("loading models", OK, f"{name}: {took_s:.1f} s, {memory_mb() - before:+.0f} MB of memory")


def memory_mb() -> float:
    """The most memory that this process has held; 0 where the system does not say (Windows)."""
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
