"""What the doctor looks at. Each check takes the settings and returns findings; it imports nothing heavy."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from bridge.chat_completions import loopback
from bridge.doctor_findings import MISSING, OK, WARN, Finding
from bridge.doctor_models import check_models
from engine.config import Config, genre_folder, set_folder
from engine.errors import EngineError

MIN_PYTHON = (3, 11)
MIN_FREE_GB = 1.0
PING_S = 0.3
REQUIRED = (
    "numpy", "scipy", "numba", "librosa", "python-osc", "aiohttp", "mido", "python-rtmidi", "platformdirs",
    "rich",
)  # fmt: skip
OPTIONAL = {  # package: what it is for, and the extra that brings it
    "aalink": ("Ableton Link", "link"),
    "encodec": ("the published codec; needs a CUDA build of torchaudio", "encodec"),
    "flash-attn": ("faster attention on NVIDIA GPUs", "flash"),
}  # fmt: skip


def installed(package: str) -> str | None:
    """A package's version, without importing it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


# --- Python and its packages ----------------------------------------------------------------------


def check_python(config: Config) -> list[Finding]:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < MIN_PYTHON:
        return [
            Finding("Python", MISSING, found, f"install Python {'.'.join(map(str, MIN_PYTHON))} or newer")
        ]
    return [Finding("Python", OK, found)]


def check_packages(config: Config) -> list[Finding]:
    versions = {package: installed(package) for package in REQUIRED}
    missing = [package for package, number in versions.items() if number is None]
    found = ", ".join(f"{package} {number}" for package, number in versions.items() if number)
    if missing:
        return [
            Finding(
                "packages", MISSING, f"not here: {', '.join(missing)}", f"pip install {' '.join(missing)}"
            )
        ]
    return [Finding("packages", OK, found)]


def check_soundfile(config: Config) -> list[Finding]:
    """Also whether its libsndfile writes MP3 (from 1.1 on)."""
    how = "pip install -U soundfile"
    try:
        import soundfile
    except (ImportError, OSError) as error:
        return [Finding("soundfile", MISSING, f"cannot be loaded: {error}", how)]
    found = f"{soundfile.__version__}, libsndfile {soundfile.__libsndfile_version__}"
    if "MP3" not in soundfile.available_formats():
        return [Finding("soundfile", WARN, f"{found}, without MP3", f"{how} (libsndfile 1.1 or newer)")]
    return [Finding("soundfile", OK, f"{found}, with MP3")]


def check_optional(config: Config) -> list[Finding]:
    findings = []
    for package, (meaning, extra) in OPTIONAL.items():
        how = f"pip install 'resonantgen[{extra}]'"
        number = installed(package)
        status = OK if number else WARN
        findings.append(
            Finding(package, status, number or f"not here: {meaning} (optional)", "" if number else how)
        )
    return findings


def check_prompt(config: Config) -> list[Finding]:
    """The two readers of prompts beside the rules: both optional."""
    from engine.prompt.embeddings import HOW, missing

    absent = missing()
    words = "words that no list knows are read as ones like them"
    if absent:
        found = f"{', '.join(absent)} is not here: {words} (optional)"
        findings = [Finding("similar words", WARN, found, HOW)]
    elif config.prompt.embeddings == "off":
        findings = [Finding("similar words", OK, 'installed, but off: [prompt] embeddings = "off"')]
    else:
        findings = [Finding("similar words", OK, f"onnxruntime {installed('onnxruntime')}: {words}")]
    return [*findings, _language_model(config)]


def _language_model(config: Config) -> Finding:
    name, url = "language model", config.prompt.language_model_url
    if not url:
        return Finding(name, OK, "none: [prompt] language_model_url names one on this machine (optional)")
    try:
        host, port, _ = loopback(url)
        socket.create_connection((host, port), PING_S).close()
    except EngineError as error:
        return Finding(name, MISSING, error.text)
    except OSError as error:
        how = f"start it, or check [prompt] language_model_url: {url}"
        return Finding(name, WARN, f"{url} cannot be reached: {error}; the rules read alone", how)
    model = config.prompt.language_model or "its own model"
    return Finding(name, OK, f"{url} answers, for {model}")


def check_genres(config: Config) -> list[Finding]:
    """The genres that the user added; a bad one does not hold the others up."""
    from engine.music.genre import bundled_genres
    from engine.music.user_genres import read_genres

    folder = genre_folder(config)
    found, failures = read_genres(folder)
    own = f"{len(found)} of your own ({', '.join(found)})" if found else "none of your own"
    finding = Finding("genres", OK, f"{len(bundled_genres())}, and {own} in {folder}")
    how = "put it right: the genre is left out until then"
    return [finding, *(Finding("genre", WARN, failure, how) for failure in failures)]


# --- the machine ----------------------------------------------------------------------------------


def check_cpu(config: Config) -> list[Finding]:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = f"{count} cores, {platform.machine()}"
    if count < 2:
        return [
            Finding("processor", WARN, found, "2 cores or more keep the sound apart from the making of it")
        ]
    return [Finding("processor", OK, found)]


def check_gpu(config: Config) -> list[Finding]:
    """torch and the GPU it could use; neither is needed for the instruments."""
    torch, gpu = installed("torch"), gpu_name()
    how = "pip install 'resonantgen[gpu]'"
    if torch is None:
        found = "torch is not here: no track models (optional)"
        return [Finding("GPU", WARN, f"{found}; {gpu or 'no GPU'}", how)]
    if gpu is None:
        return [Finding("GPU", OK, f"torch {torch}, no GPU: the models run on the processor")]
    if "+cpu" in torch:
        how = "reinstall torch for your GPU: pytorch.org/get-started"
        return [Finding("GPU", WARN, f"{gpu}, but torch {torch} cannot use it", how)]
    return [Finding("GPU", OK, f"{gpu}, torch {torch}")]


def gpu_name() -> str | None:
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "Apple GPU"
    if shutil.which("nvidia-smi") is None:
        return None
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=2.0)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip().replace("\n", "; ") if result.returncode == 0 else None


def check_realtime(config: Config) -> list[Finding]:
    """Whether JACK may run its threads in real time (Linux: a limit that the user's groups set)."""
    if sys.platform != "linux":
        return [Finding("realtime", OK, "the system grants it to audio programs by itself")]
    import resource

    priority = resource.getrlimit(resource.RLIMIT_RTPRIO)[1]
    if os.geteuid() == 0 or priority == resource.RLIM_INFINITY or priority >= 10:
        return [Finding("realtime", OK, "granted")]
    how = (
        "sudo usermod -aG audio $USER, and '@audio - rtprio 95' in /etc/security/limits.d/; then log in again"
    )
    return [Finding("realtime", WARN, f"priorities up to {priority} only: expect dropouts", how)]


# --- the wires ------------------------------------------------------------------------------------


def check_jack(config: Config) -> list[Finding]:
    from bridge.jack_probe import probe

    try:
        server = probe(config.jack.server)
    except EngineError as error:
        return [Finding("JACK", WARN, "not here (optional)", error.text)]
    if server is None:
        how = "start one: jackd -d alsa (Linux), -d coreaudio (macOS), -d portaudio (Windows), or QjackCtl"
        return [Finding("JACK", WARN, f"JACK-Client {installed('JACK-Client')}, but no server runs", how)]
    scheduling = "realtime" if server.realtime else "not realtime"
    found = f"server at {server.sample_rate} Hz, blocks of {server.block_size}, {scheduling}"
    return [Finding("JACK", OK, found)]


def check_midi(config: Config) -> list[Finding]:
    try:
        import rtmidi

        from bridge.midi_ports import APIS, choose_api
    except ImportError as error:
        return [Finding("MIDI", MISSING, f"cannot be loaded: {error}", "pip install python-rtmidi mido")]
    try:
        api = choose_api(config.midi.api, config.jack.server)
        ports = {kind: kind(rtapi=api).get_ports() for kind in (rtmidi.MidiIn, rtmidi.MidiOut)}
    except EngineError as error:
        return [Finding("MIDI", WARN, "no ports", error.text)]
    except (OSError, RuntimeError, rtmidi.RtMidiError) as error:
        return [Finding("MIDI", WARN, f"no ports: {error}", "see [midi] in the settings")]
    name = next(name for name, number in APIS.items() if number == api)
    inputs, outputs = (", ".join(names) or "none" for names in ports.values())
    return [Finding("MIDI", OK, f"{name}; inputs: {inputs}; outputs: {outputs}")]


def check_port(config: Config) -> list[Finding]:
    """The OSC port and the two after it: free, or an engine's."""
    port = config.osc.port
    name = f"OSC port {port}"
    engine = ask_version(port)
    if engine is not None:
        return [Finding(name, OK, f"{engine} answers there")]
    taken = [number for number in range(port, port + 3) if not _is_free(number, udp=number == port)]
    if taken:
        found = f"taken by another program: {', '.join(map(str, taken))}"
        return [
            Finding(
                name, MISSING, found, "end that program, or choose another: resonantgen serve --port 9140"
            )
        ]
    return [Finding(name, OK, f"free, as are {port + 1} and {port + 2}")]


def ask_version(port: int) -> str | None:
    """What the engine at a port calls itself; None where none answers."""
    from bridge.client import Client

    client = Client(port)
    try:
        client.send("/rg/version")
        for message in client.messages(PING_S):
            if message.address == "/rg/version":
                return " ".join(map(str, message.args))
    finally:
        client.close()
    return None


def _is_free(port: int, udp: bool) -> bool:
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM) if udp else (socket.SOCK_STREAM,)
    for kind in kinds:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM and sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just closed is free
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def check_folder(config: Config) -> list[Finding]:
    """The set's folder, or where it will be made: can it be written, is there room."""
    folder = set_folder(config)
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    how = "choose another: resonantgen serve --set FOLDER"
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
        free_gb = shutil.disk_usage(there).free / 1e9
    except OSError as error:
        return [Finding("set folder", MISSING, f"{folder}: cannot be written: {error.strerror}", how)]
    found = f"{folder}, {free_gb:.0f} GB free"
    if free_gb < MIN_FREE_GB:
        return [Finding("set folder", WARN, f"{folder}, only {free_gb:.2f} GB free", f"make room, or {how}")]
    return [Finding("set folder", OK, found if folder.exists() else f"{found}; it will be made")]


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
    "OSC port": check_port,
    "set folder": check_folder,
    "prompt": check_prompt,
    "genres": check_genres,
    "optional packages": check_optional,
}
