"""`resonantgen demo`: the main job end to end, over real OSC, as a client in a DAW would do it."""

from __future__ import annotations

import hashlib
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bridge.child import ChildEngine
from bridge.client import Client, Message
from engine.errors import EngineError

TRACKS = ("drums", "bass", "harmony", "melody")
PROMPT = "dark techno with driving bass at 128 bpm"
BASS_PROMPT = "make the bass more aggressive"
AGAIN_PROMPT = "dark techno with a hypnotic melody"


@dataclass(frozen=True)
class Stage:
    """One thing the musician does: a line for the reader, and the OSC message that goes out."""

    title: str
    address: str
    args: tuple[str | int, ...] = ()


class Show:
    """The demo's screen: a line for each stage, a bar for each track that is being made."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def run(self, client: Client, stage: Stage) -> float:
        """Send, show the progress until done; returns the seconds it took."""
        self.console.print(f"[bold]{stage.title}[/]\n  [cyan]{osc_text(stage)}[/]")
        started = time.perf_counter()
        columns = (
            TextColumn("  {task.description:8}"),
            BarColumn(30),
            TextColumn("{task.percentage:>3.0f} %"),
        )
        with Progress(*columns, TimeElapsedColumn(), console=self.console) as progress:
            bars: dict[str, TaskID] = {}
            client.ask(stage.address, *stage.args, on_message=lambda m: show_progress(progress, bars, m))
            for bar in bars.values():  # done: the last word on progress may still be on its way
                progress.update(bar, completed=1.0)
        return time.perf_counter() - started


def show_progress(progress: Progress, bars: dict[str, TaskID], message: Message) -> None:
    track = track_of(message.address, "progress")
    if track is None or (track not in bars and message.args[0] == 1.0):  # the end of the stage before
        return
    if track not in bars:
        bars[track] = progress.add_task(track, total=1.0)
    progress.update(bars[track], completed=message.args[0])


def track_of(address: str, leaf: str) -> str | None:
    parts = address.split("/")
    return parts[3] if len(parts) == 5 and parts[2] == "track" and parts[4] == leaf else None


def osc_text(stage: Stage) -> str:
    return " ".join([stage.address, *(f'"{a}"' if isinstance(a, str) else str(a) for a in stage.args)])


def lock(client: Client, console: Console, track: str, on: bool = True) -> None:
    """Lock over OSC, and wait for the engine's own word that it is so."""
    address = f"/rg/track/{track}/lock"
    client.send(address, int(on))
    client.wait(lambda m: m.address == address and m.args == (int(on),), 5.0, address)
    if on:
        console.print(f"[bold]Lock the {track}[/]\n  [cyan]{address} 1[/]")


def current_files(client: Client, folder: Path) -> dict[str, Path]:
    """The present stem of each track, by the file name the engine gave."""
    return {track: folder / "stems" / client.seen[f"/rg/track/{track}/stem"][0] for track in TRACKS}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def play_through(client: Client, folder: Path, console: Console, prompt: str | None) -> None:
    """Generate, lock, regenerate, generate again, keep a scene; prove that what was locked stayed."""
    show = Show(console)
    for track in TRACKS:  # an earlier demo in the same folder may have left locks
        client.send(f"/rg/track/{track}/lock", 0)
    took = show.run(client, Stage("Generate four stems from a sentence", "/rg/generate", (prompt or PROMPT,)))
    console.print(f"  four stems in {took:.1f} s\n")
    lock(client, console, "drums")
    kept = {"drums": current_files(client, folder)["drums"]}
    before = {track: sha256(path) for track, path in kept.items()}
    show.run(
        client, Stage("Change only the bass, in their context", "/rg/track/bass/regenerate", (BASS_PROMPT,))
    )
    prove(console, client, folder, before)
    lock(client, console, "bass")
    before["bass"] = sha256(current_files(client, folder)["bass"])
    again = Stage("Generate again around the locked two", "/rg/generate", (prompt or AGAIN_PROMPT,))
    show.run(client, again)
    prove(console, client, folder, before)
    show.run(client, Stage("Keep it all as a scene", "/rg/scene/save", ("demo",)))


def prove(console: Console, client: Client, folder: Path, before: dict[str, str]) -> None:
    """Hash the stems that were locked again; EngineError if one bit differs."""
    for track, digest in before.items():
        now = sha256(current_files(client, folder)[track])
        if now != digest:
            raise EngineError("internal", f"the locked {track} changed: {digest} became {now}")
        console.print(f"  [green]✓[/] {track} locked, unchanged: sha256 {digest[:16]}…")
    console.print()


def hand_over(client: Client, folder: Path, out: Path) -> list[Path]:
    """The four stems, their MIDI and a mix, copied into `out`; nothing there is overwritten."""
    arrived = client.ask("/rg/export/mix", "wav")
    mix = next(folder / m.args[1] for m in arrived if m.address == "/rg/export/name")
    sources = [mix]
    for path in current_files(client, folder).values():
        sources += [path, path.with_suffix(".mid")]
    return [copy_beside(source, out) for source in sources]


def copy_beside(source: Path, folder: Path) -> Path:
    target, number = folder / source.name, 2
    while target.exists() and sha256(target) != sha256(source):
        target = folder / f"{source.stem}_{number}{source.suffix}"
        number += 1
    shutil.copyfile(source, target)
    return target


def demo(out: Path, prompt: str | None = None, genres: Path | None = None) -> int:
    """Run it all, with a prompt of your own where given; 0 when every step held, else an EngineError."""
    console = Console()
    out.mkdir(parents=True, exist_ok=True)
    folder = out / "set"
    started = time.perf_counter()
    with ExitStack() as stack:
        with console.status("starting the engine (the first start compiles its instruments)"):
            options = ("--jack", "off", *(("--genres", str(genres)) if genres else ()))
            client = stack.enter_context(ChildEngine(folder, *options))
        console.print(f"engine up in {time.perf_counter() - started:.1f} s, OSC on port {client.target[1]}\n")
        play_through(client, folder, console, prompt)
        files = hand_over(client, folder, out)
    console.print(f"[bold]Done in {time.perf_counter() - started:.1f} s.[/] Yours, in {out.resolve()}:")
    for path in files:
        console.print(f"  {path.name}", highlight=False)
    console.print("  set/  the whole set: open it with [cyan]resonantgen serve --set[/]")
    return 0
