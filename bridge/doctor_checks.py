"""What the doctor looks at. Each check takes the settings and returns findings; it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable

from bridge.clock.findings import clock_findings
from bridge.doctor_companions import check_companions
from bridge.doctor_findings import Finding
from bridge.doctor_machine import check_cpu, check_folder, check_gpu, check_realtime
from bridge.doctor_packages import check_optional, check_packages, check_python, check_soundfile
from bridge.doctor_prompt import check_genres, check_prompt
from bridge.doctor_wires import check_jack, check_midi, check_midi_out, check_port
from engine.config import Config


def check_models(config: Config) -> list[Finding]:
    """Imported when it is called: without numpy it cannot be, and the doctor is there to say so."""
    from bridge.doctor_models import check_models as look

    return look(config)


CHECKS: dict[str, Callable[[Config], list[Finding]]] = {
    "Python": check_python,
    "packages": check_packages,
    "soundfile": check_soundfile,
    "processor": check_cpu,
    "realtime": check_realtime,
    "GPU": check_gpu,
    "track models": check_models,
    "JACK": check_jack,
    "MIDI": check_midi,
    "MIDI out": check_midi_out,
    "clock": clock_findings,
    "OSC port": check_port,
    "set folder": check_folder,
    "prompt": check_prompt,
    "genres": check_genres,
    "companions": check_companions,
    "optional packages": check_optional,
}
