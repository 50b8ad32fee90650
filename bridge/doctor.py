"""`resonantgen doctor`: what is here, what is missing, and how to get it."""

from __future__ import annotations

import json as json_text
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from bridge.doctor_checks import CHECKS
from bridge.doctor_findings import MISSING, OK, WARN, Finding
from engine.config import Config

DEADLINE_S = 2.5
LONGER_S = {"track models": 30.0}  # who performs is always said: a busy machine takes long to import numpy
MARKS = {OK: ("✓", "green"), WARN: ("!", "yellow"), MISSING: ("✗", "bold red")}

Check = Callable[[Config], list[Finding]]


def check(config: Config | None = None, checks: Mapping[str, Check] = CHECKS) -> list[Finding]:
    """All findings, in the order of the checks, within three seconds where the machine is not busy; never
    raises.

    Each check has a thread of its own, so that a driver or a disk that hangs is a finding as well.
    """
    config = config or Config()
    results: dict[str, list[Finding]] = {}
    threads = {
        name: threading.Thread(target=_run, args=(name, look, config, results), daemon=True)
        for name, look in checks.items()
    }
    began_s = time.monotonic()
    for thread in threads.values():
        thread.start()
    for name, thread in threads.items():
        thread.join(max(0.0, began_s + deadline_s(name) - time.monotonic()))
    return [finding for name in checks for finding in results.get(name, [_late(name)])]


def deadline_s(name: str) -> float:
    return LONGER_S.get(name, DEADLINE_S)


def _late(name: str) -> Finding:
    late = f"no answer within {deadline_s(name):g} s"
    return Finding(name, WARN, late, "try again when the machine is idle")


def _run(name: str, look: Check, config: Config, results: dict[str, list[Finding]]) -> None:
    try:
        results[name] = look(config)
    except Exception as error:
        results[name] = [Finding(name, WARN, f"cannot be looked at: {type(error).__name__}: {error}")]


def main_doctor(json: bool = False, config: Config | None = None, models: bool = False) -> int:
    """Print the findings; 1 when something that is needed is missing, else 0. `models`: load them as well,
    which takes its time."""
    findings = check() if config is None else check(config)
    if models:
        from bridge.doctor_models import loaded_models

        findings += loaded_models(config or Config())
    if json:
        print(json_text.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        console = Console()
        console.print(table(findings))
        console.print(summary(findings))
    return int(any(finding.status == MISSING for finding in findings))


def table(findings: list[Finding]) -> RenderableType:
    grid = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    grid.add_column("")
    grid.add_column("", style="bold", no_wrap=True)
    grid.add_column("found", ratio=1, overflow="fold")
    for finding in findings:
        grid.add_row(Text(*MARKS[finding.status]), finding.name, _found(finding))
    return grid


def _found(finding: Finding) -> Text:
    text = Text(finding.found)
    if finding.how:
        text.append(f"\n{finding.how}", "cyan")
    return text


def summary(findings: list[Finding]) -> Text:
    missing = [finding.name for finding in findings if finding.status == MISSING]
    if missing:
        return Text(f"Missing: {', '.join(missing)}.", "bold red")
    if any(finding.status == WARN for finding in findings):
        return Text("Ready to play. What is marked ! is optional, or could be better.", "green")
    return Text("Ready to play.", "bold green")
