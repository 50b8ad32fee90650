"""The doctor: looks at the real machine, quickly, and never falls over."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bridge import doctor, doctor_machine, doctor_packages
from bridge.client import free_port
from bridge.doctor import check, main_doctor, summary
from bridge.doctor_checks import CHECKS
from bridge.doctor_findings import MISSING, OK, WARN, Finding
from bridge.doctor_machine import check_folder
from bridge.doctor_wires import PING_S, check_jack, check_port, controller_findings
from bridge.osc_wire import build
from engine.config import Config
from tests.bridge.jack_server import JackServer

ROOT = Path(__file__).parents[2]
SLACK_S = 10.0  # of a machine that has other things to do: a check that hangs would take for ever


def with_port(port: int) -> Config:
    return replace(Config(), osc=replace(Config().osc, port=port))


def with_set(folder: Path) -> Config:
    return replace(Config(), folders=replace(Config().folders, set=str(folder)))


def test_this_machine_can_run_the_engine_and_is_looked_at_quickly(tmp_path):
    start_s = time.monotonic()
    findings = check(replace(with_port(free_port()), folders=replace(Config().folders, set=str(tmp_path))))
    assert time.monotonic() - start_s < max(doctor.LONGER_S.values()) + SLACK_S
    assert [finding for finding in findings if finding.status == MISSING] == []
    assert {"Python", "packages", "soundfile", "JACK", "MIDI", "set folder"} <= {f.name for f in findings}


def test_what_is_not_there_says_how_to_get_it(tmp_path):
    findings = check(with_set(tmp_path))
    assert [f for f in findings if f.status != OK and not f.how] == []


def test_the_command_prints_json_that_can_be_read():
    command = [sys.executable, "-m", "bridge", "doctor", "--json"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    findings = json.loads(result.stdout)
    assert {finding["status"] for finding in findings} <= {OK, WARN, MISSING}
    assert result.returncode == int(any(finding["status"] == MISSING for finding in findings))


def test_the_exit_code_is_for_what_is_needed(monkeypatch, capsys):
    for status, code in ((OK, 0), (WARN, 0), (MISSING, 1)):
        monkeypatch.setattr(doctor, "check", lambda status=status: [Finding("thing", status, "x", "buy one")])
        assert main_doctor() == code
        assert "thing" in capsys.readouterr().out


def test_a_check_that_hangs_or_raises_is_a_finding(monkeypatch):
    monkeypatch.setattr(doctor, "DEADLINE_S", 0.2)
    never = threading.Event()

    def hang(config: Config) -> list[Finding]:
        never.wait()
        return []

    def fall(config: Config) -> list[Finding]:
        raise ZeroDivisionError("oh")

    findings = check(Config(), {"slow": hang, "bad": fall, "good": CHECKS["Python"]})
    never.set()
    assert [(f.name, f.status) for f in findings] == [("slow", WARN), ("bad", WARN), ("Python", OK)]
    assert "no answer" in findings[0].found and "ZeroDivisionError: oh" in findings[1].found


def test_who_performs_is_said_on_a_busy_machine_too(monkeypatch):
    monkeypatch.setattr(doctor, "DEADLINE_S", 0.0)
    findings = check(Config(), {"track models": CHECKS["track models"]})
    assert findings and all("no answer" not in finding.found for finding in findings)
    assert "drums" in findings[0].found


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(doctor_packages, "REQUIRED", ("numpy", "no-such-package"))
    (finding,) = CHECKS["packages"](Config())
    assert finding == Finding("packages", MISSING, "not here: no-such-package", "pip install no-such-package")
    assert "Missing: packages" in str(summary([finding]))


def test_the_doctor_comes_without_the_packages_that_it_misses():
    code = "import sys; sys.modules['numpy'] = None; import bridge.doctor_checks, bridge.doctor"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_a_port_that_another_program_has_is_missing():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        (finding,) = check_port(with_port(port))
    assert finding.status == MISSING and str(port) in finding.found and "--port" in finding.how


def test_a_tcp_port_beside_it_that_is_taken_is_missing():
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", port + 2))
        other.listen()
        (finding,) = check_port(with_port(port))
    assert finding.status == MISSING and finding.found.endswith(str(port + 2))


def test_an_engine_at_the_port_is_found():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as engine:
        engine.bind(("127.0.0.1", 0))

        def answer() -> None:
            _, sender = engine.recvfrom(1024)
            engine.sendto(build("/rg/version", ["resonantgen", "9.9"]), sender)

        def answer_late() -> None:
            time.sleep(2 * PING_S)  # an engine that is busy
            answer()

        thread = threading.Thread(target=answer_late)
        thread.start()
        (finding,) = check_port(with_port(engine.getsockname()[1]))
        thread.join()
    assert (finding.status, finding.found) == (OK, "resonantgen 9.9 answers there")


def test_a_folder_that_will_be_made_is_not_made_by_looking(tmp_path):
    (finding,) = check_folder(with_set(tmp_path / "new" / "set"))
    assert finding.status == OK and "will be made" in finding.found
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_missing(tmp_path):
    (tmp_path / "file").write_text("")
    (finding,) = check_folder(with_set(tmp_path / "file" / "set"))
    assert finding.status == MISSING and "cannot be written" in finding.found


def test_a_full_disk_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_machine, "MIN_FREE_GB", 1e9)
    (finding,) = check_folder(with_set(tmp_path))
    assert finding.status == WARN and "make room" in finding.how


def test_a_running_jack_server_is_found_and_one_that_is_not_is_a_warning():
    with JackServer(sample_rate=48_000, block_size=128) as server:
        config = replace(Config(), jack=replace(Config().jack, server=server.name))
        (finding,) = check_jack(config)
        assert finding.status == OK and "48000 Hz, blocks of 128" in finding.found
    (finding,) = check_jack(replace(Config(), jack=replace(Config().jack, server="no-such-server")))
    assert finding.status == WARN and "jackd" in finding.how


@pytest.mark.parametrize(
    ("torch", "gpu", "status", "says"),
    [
        (None, None, WARN, "no track models"),
        ("2.6.0", None, OK, "on the processor"),
        ("2.6.0+cpu", "H200", WARN, "cannot use it"),
        ("2.6.0+cu124", "H200", OK, "H200"),
    ],
)
def test_torch_and_the_gpu_are_told_together(monkeypatch, torch, gpu, status, says):
    monkeypatch.setattr(doctor_machine, "installed", lambda package: torch)
    monkeypatch.setattr(doctor_machine, "gpu_name", lambda: gpu)
    (finding,) = CHECKS["GPU"](Config())
    assert (finding.status, says in finding.found) == (status, True)


@pytest.mark.parametrize(
    ("midi", "jack", "status", "says"),
    [
        ({}, {}, OK, "drums_midi, bass_midi, harmony_midi, melody_midi"),
        ({"out": False}, {}, OK, "off"),
        ({"out_channels": ("bass=3", "flute=4")}, {}, MISSING, "unknown track 'flute'"),
        ({}, {"mode": "off"}, OK, "without JACK resonantgen drums, resonantgen bass"),
    ],
)
def test_midi_out_is_told_as_the_settings_have_it(midi, jack, status, says):
    config = replace(Config(), midi=replace(Config().midi, **midi), jack=replace(Config().jack, **jack))
    (finding,) = CHECKS["MIDI out"](config)
    assert (finding.status, says in finding.found) == (status, True)


def test_controllers_are_told_by_their_ports():
    port = "Launchpad X:Launchpad X LPX MIDI Out 28:1"
    (finding,) = controller_findings(Config(), [port, "Keystation 61"], [port])
    assert (finding.name, finding.status) == ("Launchpad X", OK) and port in finding.found
    (finding,) = controller_findings(Config(), ["Keystation 61"], [])
    assert finding.found.startswith("none plugged in") and "Launchpad X" in finding.found
    unknown = replace(Config(), midi=replace(Config().midi, controller="lunchpad"))
    (finding,) = controller_findings(unknown, [], [])
    assert finding.status == MISSING and "lunchpad" in finding.found
