"""The machine: processor, GPU, realtime, and the disk that the set is on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile

from bridge.doctor_findings import MISSING, OK, WARN, Finding
from bridge.doctor_packages import installed
from engine.config import Config, set_folder

MIN_FREE_GB = 1.0


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
