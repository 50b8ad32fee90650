"""The OSC contract as one table: every address, its typed arguments, units, ranges and meaning.

The server, the feedback, OSCQuery, the README's table and the companion devices are generated from
this table or tested against it. Adding an address is adding a row.

    Row("/rg/track/{t}/lock", (flag("on"),), "...", command=SetLock, event=TrackLock)
         ^ `{t}`: a track's name, or `*`      ^ in: becomes a command    ^ out: what an event becomes

Argument names equal the field names of the command and the event. Types on the wire: `i f s`.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine import commands as c
from engine import events as e
from engine.performing import RENDERS
from engine.session import MAX_SEED, WHEN
from engine.track import PARAMS
from engine.units import MAX_BARS, MAX_TEMPO_BPM, MIN_BARS, MIN_TEMPO_BPM, SILENCE_DB

MAX_MESSAGE_BYTES = 1024  # REAPER drops larger messages
CLOCK_SOURCES = ("auto", "jack", "link", "midi", "osc", "internal")
# Bits of a client's feedback mask: what it is told unasked. Answers are never masked.
TRACK_BIT, PROGRESS_BIT, LEVEL_BIT, BEAT_BIT, SET_BIT, LOG_BIT = 1, 2, 4, 8, 16, 32
STATES = ("empty", "queued", "generating", "ready", "failed")
WAITING = ("none", "boundary", "launch")


@dataclass(frozen=True)
class Arg:
    """One argument. `type` is its OSC tag: i, f or s."""

    name: str
    type: str
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False
    default: int | float | str | None = None  # what an optional one that is left out stands for
    steps: tuple[int, ...] = ()  # of a whole number: the only ones there are
    names: str = ""  # of a text: what it is one of, as far as that is known while it runs (scenes, tracks …)


@dataclass(frozen=True)
class Row:
    """One address. `command` makes it an input, `event` an output; `server` inputs end in the bridge."""

    address: str
    args: tuple[Arg, ...]
    meaning: str
    command: type[c.Command] | None = None
    event: type[e.Event] | None = None
    server: bool = False  # handled by the OSC server itself (hello, ping, refresh …)
    reply: bool = False  # sent as an answer to one client only
    # Name, value and meaning of what may also be spelled out: /rg/track/bass/param/density 0.5
    unfolds: tuple[tuple[str, Arg, str], ...] = ()

    @property
    def is_input(self) -> bool:
        return self.command is not None or self.server

    @property
    def is_async(self) -> bool:
        return self.command is not None and self.command.is_async

    @property
    def request_arg(self) -> bool:
        """Whether an integer after the arguments is taken as the client's request id."""
        return self.is_async


def flag(name: str) -> Arg:
    return Arg(name, "i", 0, 1)


def text(name: str, optional: bool = False, names: str = "") -> Arg:
    return Arg(name, "s", optional=optional, default="" if optional else None, names=names)


def number(name: str, low: float | None = None, high: float | None = None, unit: str = "") -> Arg:
    return Arg(name, "f", low, high, unit)


def whole(name: str, low: float | None = None, high: float | None = None, unit: str = "") -> Arg:
    return Arg(name, "i", low, high, unit)


def choice(name: str, *choices: str, default: str | None = None) -> Arg:
    return Arg(name, "s", choices=choices, optional=default is not None, default=default)


TEMPO = number("tempo_bpm", MIN_TEMPO_BPM, MAX_TEMPO_BPM, "bpm")
TRACK = "/rg/track/{t}"
PARAM_VALUES = tuple((name, number("value", p.low, p.high), p.meaning) for name, p in PARAMS.items())

SESSION_ROWS = (
    Row("/rg/hello", (text("name"), whole("reply_port", 0, 65535), Arg("feedback_mask", "i", -1, 2**31 - 1, optional=True, default=-1)),
        "subscribe; answers go to the sender's address and reply_port (0: the sender's own port); then a full dump. "
        "feedback_mask adds up what is told unasked: 1 tracks, 2 progress, 4 levels, 8 beat and transport, 16 set and context, 32 log; -1 all", server=True),
    Row("/rg/ping", (Arg("number", "i", optional=True),), "are you there", server=True),
    Row("/rg/pong", (Arg("number", "i", optional=True),), "yes; the number that came with the ping", reply=True),
    Row("/rg/refresh", (), "every value again, between /rg/update 1 and /rg/update 0", server=True),
    Row("/rg/update", (flag("on"),), "frames a full dump", reply=True),
    Row("/rg/sync", (whole("number"),), "answered when every asynchronous command received before has finished", server=True),
    Row("/rg/synced", (whole("number"),), "answer to /rg/sync", reply=True),
    Row("/rg/status", (), "ask for the engine's state; the answer has the same address", server=True),
    Row("/rg/version", (), "ask for the version; the answer has the same address", server=True),
    Row("/rg/quit", (), "stop the engine", server=True),
    Row("/rg/dump_osc", (whole("level", 0, 3),), "log every message: 0 off, 1 parsed, 2 hex, 3 both", server=True),
)  # fmt: skip

ANSWER_ROWS = (
    Row("/rg/accepted", (text("command"), whole("request_id")), "an asynchronous command was taken", event=e.Accepted, reply=True),
    Row("/rg/done", (text("command"), whole("request_id")), "it is finished, and kept", event=e.Done, reply=True),
    Row("/rg/fail", (text("command"), whole("request_id"), text("code"), text("text")), "it could not be done, and why", event=e.Failed, reply=True),
)  # fmt: skip

MUSIC_ROWS = (
    Row("/rg/generate", (text("prompt"),), "generate every unlocked track", command=c.Generate),
    Row("/rg/preview", (text("prompt"),), "instant quick-look stems only (no track model)", command=c.Preview),
    Row("/rg/cancel", (), "give up every running generation; what plays goes on", command=c.Cancel),
    Row(f"{TRACK}/regenerate", (text("prompt", optional=True),), "a new take in the context of the others; the prompt may be relative", command=c.Regenerate),
    Row(f"{TRACK}/bars", (whole("first", 1, MAX_BARS), whole("last", 1, MAX_BARS), text("prompt", optional=True)), "a new take in which only these bars are new, counted from 1, both included; every other bar stays bit for bit", command=c.RegenerateBars),
    Row(f"{TRACK}/lock", (flag("on"),), "1: this stem's samples do not change until unlocked", command=c.SetLock, event=e.TrackLock),
    Row(f"{TRACK}/cancel", (), "give up this track's generation", command=c.Cancel),
    Row(f"{TRACK}/undo", (), "back to the take before", command=c.Undo),
    Row(f"{TRACK}/redo", (), "forward to the take after", command=c.Redo),
    Row(f"{TRACK}/take", (whole("number", 1, 1e6),), "make a take of the history current; feedback: take and how many there are", command=c.SelectTake),
    Row(f"{TRACK}/param", (choice("name", *PARAMS), number("value", -2, 2)), "a parameter of the takes to come; /rg/track/{t}/param/NAME f:value is the same", command=c.SetParam, event=e.TrackParam, unfolds=PARAM_VALUES),
    Row(f"{TRACK}/prompt", (text("prompt"),), "what the next regeneration uses", command=c.SetTrackPrompt, event=e.TrackPrompt),
    Row(f"{TRACK}/seed", (whole("seed", -1, MAX_SEED),), "the track's own seed; -1: the set's", command=c.SetTrackSeed, event=e.TrackSeed),
    Row(f"{TRACK}/volume", (number("volume_db", SILENCE_DB, 12, "dB"),), "gain of the track's ports", command=c.SetVolume, event=e.TrackVolume),
    Row(f"{TRACK}/pan", (number("pan", -1, 1),), "balance: -1 left, 0 centre, 1 right", command=c.SetPan, event=e.TrackPan),
    Row(f"{TRACK}/mute", (flag("on"),), "silence the track", command=c.SetMute, event=e.TrackMute),
    Row(f"{TRACK}/solo", (flag("on"),), "silence the tracks that are not soloed", command=c.SetSolo, event=e.TrackSolo),
    Row(f"{TRACK}/midi", (flag("on"),), "whether the track's score plays on its MIDI port; mute and volume are the audio's alone", command=c.SetTrackMidi, event=e.TrackMidi),
    Row(f"{TRACK}/import", (text("name", names="imports"),), "take an audio or MIDI file of imports/ as this track", command=c.Import),
    Row("/rg/tempo", (TEMPO,), "the set's tempo; what plays follows: in time at once, in tune when it has settled for 0.25 s", command=c.SetTempo, event=e.Tempo),
    Row("/rg/key", (text("key", names="keys"),), "the set's key: Am, F# minor, D dorian", command=c.SetKey, event=e.KeyChanged),
    Row("/rg/signature", (whole("beats", 1, 32), Arg("unit", "i", 1, 16, steps=(1, 2, 4, 8, 16))), "the set's time signature", command=c.SetSignature, event=e.SignatureChanged),
    Row("/rg/bars", (whole("bars", MIN_BARS, MAX_BARS),), "length of the next takes", command=c.SetBars, event=e.Bars),
    Row("/rg/seed", (whole("seed", -1, MAX_SEED),), "the set's seed; -1: a fresh one each time", command=c.SetSeed, event=e.Seed),
    Row("/rg/when", (choice("when", *WHEN),), "when a finished take takes over", command=c.SetWhen, event=e.When),
    Row("/rg/config/render", (choice("render", *RENDERS),), "what performs the takes to come: auto (the track model where its card clears the bar), model, or instruments", command=c.SetRender, event=e.Render),
    Row("/rg/launch", (), "with manual: swap in what is ready at the next bar", command=c.Launch),
    Row("/rg/analyze/prompt", (text("prompt"),), "what a prompt means; answers on /rg/analysis/*", command=c.AnalyzePrompt),
    Row("/rg/analyze/track", (text("track", names="tracks"),), "what a track holds; answers on /rg/analysis/*", command=c.AnalyzeTrack),
)  # fmt: skip

SET_ROWS = (
    Row("/rg/scene/save", (text("name"),), "keep the whole state under a name", command=c.SaveScene, event=e.SceneSaved),
    Row("/rg/scene/load", (text("name", names="scenes"),), "back to a saved state; locked tracks stay", command=c.LoadScene, event=e.SceneLoaded),
    Row("/rg/scene/delete", (text("name", names="scenes"),), "forget a scene", command=c.DeleteScene, event=e.SceneDeleted),
    Row("/rg/scene/list", (), "answers one /rg/scene/name for each", command=c.ListScenes),
    Row("/rg/scene/name", (whole("index"), whole("count"), text("name")), "one line of the list of scenes", reply=True),
    Row("/rg/context/save", (text("name"),), "keep the musical context alone", command=c.SaveContext),
    Row("/rg/context/load", (text("name", names="contexts"),), "take over a saved musical context", command=c.LoadContext),
    Row("/rg/set/open", (text("name", names="sets"),), "open a set: one folder beside the present one", command=c.OpenSet, event=e.SetOpened),
    Row("/rg/set/folder", (text("folder"),), "absolute folder of the open set on the engine's machine: a stem is stems/NAME in it; empty where the path cannot be told", event=e.SetFolder),
    Row("/rg/set/new", (text("name"),), "make a set and open it", command=c.NewSet),
    Row("/rg/set/list", (), "answers one /rg/set/name for each", command=c.ListSets),
    Row("/rg/set/name", (whole("index"), whole("count"), text("name")), "one line of the list of sets", reply=True),
    Row("/rg/export/stems", (), "current stems into exports/; answers with the name written", command=c.ExportStems),
    Row("/rg/export/mix", (choice("format", "wav", "mp3", "flac", default="wav"),), "the mix into exports/; answers with the name written", command=c.ExportMix),
    Row("/rg/export/midi", (), "current scores as one MIDI file; answers with the name written", command=c.ExportMidi),
    Row("/rg/export/dawproject", (text("scene", optional=True, names="scenes"),), "the set and all its scenes, or one scene alone, as a DAWproject file; answers with the name written", command=c.ExportDawproject),
    Row("/rg/export/name", (text("kind"), text("name")), "the name written, relative to the set", reply=True),
)  # fmt: skip

TRANSPORT_ROWS = (
    Row("/rg/play", (), "start the transport; feedback on /rg/playing", command=c.Play),
    Row("/rg/stop", (), "stop the transport", command=c.Stop),
    Row("/rg/locate", (number("beat", 0, 1e7, "beats"),), "go to a beat (quarter notes from the start)", command=c.Locate),
    Row("/rg/clock/source", (choice("source", *CLOCK_SOURCES),), "who leads the clock", command=c.SetClockSource, event=e.ClockSource),
    Row("/rg/clock/position", (number("beat", -1e5, 1e7, "beats"), number("tempo_bpm", 1, 999, "bpm"), flag("rolling")), "where a host's transport is (quarter notes), its tempo, and whether it rolls: on change, and 5 to 10 times a second while it rolls", command=c.ReportPosition),
)  # fmt: skip

REAPER_ROWS = (
    Row("/rg/reaper/tempo", (TEMPO,), "REAPER's tempo, as its OSC surface tells and takes it", command=c.SurfaceTempo, reply=True),
    Row("/rg/reaper/play", (flag("on"),), "1: REAPER plays; back: play", command=c.SurfacePlay, reply=True),
    Row("/rg/reaper/stop", (flag("on"),), "1: REAPER has stopped; back: stop", command=c.SurfaceStop, reply=True),
)  # fmt: skip

MIDI_ROWS = (
    Row("/rg/midi/learn", (text("address", names="addresses"), text("args", optional=True)), "bind the next pad, knob, key or fader to an address; args go with it, as in density or half as busy (what they leave out the control supplies: $value, $toggle, $take next …); fails after 30 s without a touch", command=c.LearnMidi),
    Row("/rg/midi/learn/cancel", (), "give up learning", command=c.CancelLearnMidi),
    Row("/rg/midi/learned", (text("trigger"), text("address"), text("args"), text("instead_of")), "what was learned, and what the control did before", reply=True),
    Row("/rg/midi/unlearn", (text("address", names="addresses"), text("args", optional=True)), "forget what was learned for an address", command=c.UnlearnMidi),
    Row("/rg/midi/bindings", (), "answers one /rg/midi/binding for each", command=c.ListMidiBindings),
    Row("/rg/midi/binding", (whole("index"), whole("count"), text("trigger"), text("address"), text("args")), "one line of the list of bindings", reply=True),
)  # fmt: skip

OUT_ROWS = (
    Row(f"{TRACK}/state", (choice("state", *STATES),), "what the track is doing", event=e.TrackState),
    Row(f"{TRACK}/progress", (number("progress", 0, 1),), "of the running generation", event=e.TrackProgress),
    Row(f"{TRACK}/waiting", (choice("waiting", *WAITING),), "what waits to take over: none, a take at its musical boundary, or one that waits for /rg/launch", event=e.TrackWaiting),
    Row(f"{TRACK}/take", (whole("number"), whole("count")), "current take (0: none) and how many there are", event=e.TrackTake),
    Row(f"{TRACK}/stem", (text("file"), TEMPO, text("key"), whole("bars"), whole("seed")), "the current stem", event=e.TrackStem),
    Row(f"{TRACK}/preview", (text("file"),), "a quick look is there, a name in previews/", event=e.TrackPreview),
    Row(f"{TRACK}/render", (text("performer"), text("why")), "who performs the track's next take (instruments, model …), and why", event=e.TrackRender),
    Row(f"{TRACK}/level", (number("level_db", SILENCE_DB, 24, "dB"),), "peak since the last report", event=e.TrackLevel),
    Row("/rg/beat", (whole("bar"), whole("beat"), TEMPO), "the transport passed a beat", event=e.Beat),
    Row("/rg/playing", (flag("on"),), "the transport rolls", event=e.Playing),
    Row("/rg/clock/active", (choice("source", *CLOCK_SOURCES[1:]), text("detail")), "which clock leads now, and why", event=e.ClockActive),
    Row("/rg/context/key", (text("key"),), "the key that the tracks are in", event=e.ContextKey),
    Row("/rg/context/tempo", (TEMPO,), "the tempo that the tracks are in", event=e.ContextTempo),
    Row("/rg/context/chords", (text("chords"),), "chord symbols, a bar each between bars", event=e.ContextChords),
    Row("/rg/context/confidence", (number("tempo", 0, 1), number("key", 0, 1), number("chords", 0, 1)), "how sure that is: 1 where scores say it, less where it was heard in audio", event=e.ContextConfidence),
    Row("/rg/context/groove", (number("swing", 0, 2), whole("unit", 8, 16), text("late_ms")), "the groove of the drums, or of the first track that has one: swing (1: two to one) of eighths or sixteenths, and how late each sixteenth of the bar is in ms", event=e.ContextGroove),
    Row("/rg/context/conflict", (choice("field", "tempo_bpm", "key", "signature"), text("asked"), text("kept"), text("text")), "what a prompt or an import wanted, and the tracks that stay overruled", event=e.ContextConflict),
    Row("/rg/startup", (text("version"),), "once, when the port opens"),
    Row("/rg/log", (choice("level", "info", "warning", "error"), text("text")), "a line for the user", event=e.Log),
    Row("/rg/analysis/field", (text("field"), text("value"), flag("assumed")), "one field of an analysis", reply=True),
)  # fmt: skip

# Answers that share an address with a question: what the server sends there.
SERVER_REPLIES = {
    "/rg/hello": (text("version"), whole("lease_s", unit="s"), text("set_name")),
    "/rg/status": (text("state"), whole("queued"), number("cpu_load"), whole("xruns"), number("last_generate_s", unit="s"), text("device")),
    "/rg/version": (text("name"), text("version")),
}  # fmt: skip

ROWS: tuple[Row, ...] = (
    *SESSION_ROWS, *ANSWER_ROWS, *MUSIC_ROWS, *SET_ROWS, *TRANSPORT_ROWS, *REAPER_ROWS, *MIDI_ROWS, *OUT_ROWS,
)  # fmt: skip

INPUTS: dict[str, Row] = {row.address: row for row in ROWS if row.is_input}
OUTPUTS: dict[type[e.Event], Row] = {row.event: row for row in ROWS if row.event is not None}
REPLIES: dict[str, tuple[Arg, ...]] = {row.address: row.args for row in ROWS if row.reply} | SERVER_REPLIES
# Outputs that tell of something that happened, once each time; every other one is a value with a present state.
HAPPENINGS: frozenset[type[e.Event]] = frozenset(
    {e.Beat, e.Log, e.ContextConflict, e.SceneSaved, e.SceneLoaded, e.SceneDeleted, e.SetOpened}
)
VALUES: dict[str, Row] = {
    row.address: row for event, row in OUTPUTS.items() if not row.reply and event not in HAPPENINGS
}
