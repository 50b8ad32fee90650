"""The monitor's picture: a state as something rich can draw."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bridge.monitor_state import MonitorState, TrackView

PROGRESS_CELLS, LEVEL_CELLS = 12, 8
LEVEL_FLOOR_DB, LEVEL_LOUD_DB, LEVEL_HOT_DB = -60.0, -12.0, -3.0
MAX_DOTS = 32  # the most beats a signature can have
EIGHTHS = " ▏▎▍▌▋▊▉█"
STATE_STYLES = {
    "empty": "dim", "queued": "yellow", "generating": "bold blue", "ready": "green", "failed": "bold red",
}  # fmt: skip
LOG_STYLES = {"info": "dim", "warning": "yellow", "error": "red"}


def render(state: MonitorState, where: str) -> RenderableType:
    """The whole view; `where` is the engine's host and port."""
    if not state.connected:
        return Panel(_no_engine(where), title="ResonantGen", border_style="red", box=box.ROUNDED)
    title = f"ResonantGen {state.version} · {where} · set {state.set_name}"
    parts: list[RenderableType] = [_transport(state), Text(""), _tracks(state), Text("")]
    if state.chords:
        parts.append(Text.assemble(("chords  ", "dim"), state.chords, overflow="ellipsis", no_wrap=True))
    parts.append(_status(state))
    parts.extend(_log(state))
    return Panel(Group(*parts), title=Text(title), border_style="cyan", box=box.ROUNDED)


def _no_engine(where: str) -> Text:
    port = where.rpartition(":")[2]
    return Text.assemble(
        (f"no engine at {where}", "bold red"), "\n",
        "start one with:  ", (f"resonantgen serve --port {port}", "bold"), "\n",
        ("it appears here as soon as it answers", "dim"),
    )  # fmt: skip


# --- the set --------------------------------------------------------------------------------------


def _transport(state: MonitorState) -> Text:
    """`▶ 12.3 ○○●○  128 bpm  Am  4/4  8 bars  when loop  clock link`; `–` until a beat was heard"""
    beats, unit = state.signature
    symbol = ("▶", "bold green") if state.playing else ("■", "dim")
    dots = "".join(
        "●" if state.playing and beat == state.beat else "○" for beat in range(1, min(beats, MAX_DOTS) + 1)
    )
    place = f"{state.bar}.{state.beat}" if state.bar else "–"
    text = Text.assemble(symbol, " ", (place.ljust(7), "bold"), dots, no_wrap=True)
    words = [
        f"{state.tempo_bpm:g} bpm", state.key, f"{beats}/{unit}", f"{state.bars} bars",
        f"when {state.when}" if state.when else "", _clock(state),
    ]  # fmt: skip
    for word in words:
        if word:
            text.append("   ").append(word, "bold" if word == state.key else "")
    return text


def _clock(state: MonitorState) -> str:
    """Who leads; where another one was chosen by hand, that too."""
    if not state.leader:
        return f"clock {state.clock}" if state.clock else ""
    is_missing = state.clock not in ("", "auto", state.leader)
    return f"clock {state.leader}" + (f" ({state.clock} is missing)" if is_missing else "")


def _status(state: MonitorState) -> Text:
    status = state.status
    if status is None:
        return Text("")
    words = f"{status.state}   {status.queued} queued   load {status.cpu_load:.0f} %   "
    last = f"   last take {status.last_generate_s:.2f} s" if status.last_generate_s > 0 else ""
    xruns = (f"{status.xruns} xruns", "yellow" if status.xruns else "")
    return Text.assemble(words, xruns, f"{last}\n{status.device}", style="dim")


def _log(state: MonitorState) -> list[Text]:
    return [
        Text(text, LOG_STYLES.get(level, ""), no_wrap=True, overflow="ellipsis") for level, text in state.log
    ]


# --- the tracks -----------------------------------------------------------------------------------


def _tracks(state: MonitorState) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1, 0, 0), show_edge=False)
    for heading in ("track", "lock", "state", "take"):
        table.add_column(heading, no_wrap=True)
    table.add_column("level", no_wrap=True, width=LEVEL_CELLS + 5)
    table.add_column("gain", no_wrap=True, justify="right")
    table.add_column("stem", ratio=1, no_wrap=True, overflow="ellipsis", min_width=PROGRESS_CELLS + 5)
    for name, track in state.tracks.items():
        table.add_row(
            Text(name, "bold"), _lock(track), _state(track),
            _take(track), _level(track.level_db), _gain(track), _stem(name, track),
        )  # fmt: skip
    return table


def _lock(track: TrackView) -> Text:
    return Text("LOCKED", "bold black on yellow") if track.locked else Text("·", "dim")


def _state(track: TrackView) -> Text:
    """The state; and where a take is ready and has not taken over yet, what it waits for."""
    if track.waiting and track.state == "ready":
        return Text(f"→ {track.waiting}", "bold yellow")
    return Text(track.state, STATE_STYLES.get(track.state, ""))


def _take(track: TrackView) -> str:
    return f"{track.take}/{track.takes}" if track.takes else ""


def _gain(track: TrackView) -> Text:
    if track.muted:
        return Text("mute", "bold red")
    if track.soloed:
        return Text("solo", "bold yellow")
    return Text(f"{track.volume_db:+.1f}", "dim" if track.volume_db == 0 else "")


def _stem(name: str, track: TrackView) -> Text:
    """How far the next stem is, or the present one's file without what the row says already; before it is
    written, its tempo, key and bars."""
    if track.state == "generating":
        return Text.assemble((bar(track.progress, PROGRESS_CELLS), "blue"), f" {track.progress:4.0%}")
    if track.file:
        return Text(track.file.removeprefix(f"{name}_").removesuffix(".wav"))
    return Text(track.stem, "dim")


def _level(level_db: float) -> Text:
    if level_db <= LEVEL_FLOOR_DB:
        return Text("")
    style = "red" if level_db >= LEVEL_HOT_DB else "yellow" if level_db >= LEVEL_LOUD_DB else "green"
    share = (level_db - LEVEL_FLOOR_DB) / -LEVEL_FLOOR_DB
    return Text.assemble((bar(share, LEVEL_CELLS), style), (f" {level_db:4.0f}", "dim"))


def bar(share: float, cells: int) -> str:
    """A bar of `cells` characters, filled to an eighth of a character."""
    eighths = round(min(1.0, max(0.0, share)) * cells * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[part] if part else "")).ljust(cells)
