"""Exports: the present takes as files in `exports/`, made on the writer's thread."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial, singledispatchmethod

from engine import commands as c
from engine import events as e
from engine.audio.export import encoded_mix
from engine.audio.mastering import mastered
from engine.audio.midi_file import midi_bytes
from engine.audio.mixing import mix
from engine.audio.wav import stem_to_wav
from engine.core import Core
from engine.dawproject.archive import write_dawproject
from engine.dawproject.plan import plan_scene, plan_set
from engine.errors import EngineError
from engine.outs import Content
from engine.session import Session
from engine.stem import Stem, stem_name
from engine.track import Take
from engine.writer import Task


class Exports:
    def __init__(self, core: Core) -> None:
        self.core = core

    def submit(self, command: c.Command, origin: e.Origin) -> None:
        """Accept, write, answer with the name; EngineError `empty` where there is nothing to write."""
        core = self.core
        kind = type(command).__name__.removeprefix("Export").lower()
        name, make = self.plan(command)
        core.publish(e.Accepted(origin))

        def done(written: object) -> None:
            reply = e.Reply(origin, "/rg/export/name", (kind, f"exports/{written}"))
            core.post(lambda: core.publish_all([reply, e.Done(origin)]))

        def failed(error: EngineError, final: bool) -> None:
            core.post(lambda: core.publish(e.Failed(origin, error.code, error.text)))

        core.writer.submit(Task(lambda: core.outs.export(name, make()), done, failed, retry=False))

    @singledispatchmethod
    def plan(self, command: c.Command) -> tuple[str, Callable[[], Content]]:
        """The file's name, and what makes its content on the writer's thread."""
        raise EngineError("internal", f"{type(command).__name__} is not an export")

    @plan.register
    def _stems(self, command: c.ExportStems) -> tuple[str, Callable[[], Content]]:
        stems = self._in_tempo()
        numbers = [take.number for take in self._takes()]
        return f"{self._base()}_stems.zip", lambda: _zip(list(zip(stems(), numbers, strict=True)))

    @plan.register
    def _mix(self, command: c.ExportMix) -> tuple[str, Callable[[], Content]]:
        stems, gains = self._in_tempo(), self.core.session.gains()
        chosen = [gains[take.stem.track] for take in self._takes()]
        name = f"{self._base()}_mix.{command.format}"

        def make() -> Content:
            return encoded_mix(mastered(mix([stem.audio for stem in stems()], chosen)), command.format)

        return name, make

    @plan.register
    def _midi(self, command: c.ExportMidi) -> tuple[str, Callable[[], Content]]:
        tempo_bpm = self.core.session.frame.tempo_bpm
        scores = [take.stem.score for take in self._takes() if take.stem.score is not None]
        if not scores:
            raise EngineError("empty", "no present take has a score (they were imported as audio)")
        played = [replace(score, tempo_bpm=tempo_bpm) for score in scores]
        return f"{self._base()}.mid", lambda: midi_bytes(played)

    @plan.register
    def _dawproject(self, command: c.ExportDawproject) -> tuple[str, Callable[[], Content]]:
        session, store = self.core.session, self.core.store
        set_name = store.folder.name
        if command.scene:
            title = f"{set_name}_{command.scene}"
            plan = plan_scene(set_name, session, command.scene, store.named("scenes", command.scene))
        else:
            title, plan = set_name, plan_set(set_name, session, store.tables["scenes"])
        name = f"{title}_{plan.frame.tempo_bpm:.6g}bpm_{plan.frame.key.name}.dawproject"
        return name, lambda: partial(write_dawproject, plan)

    def _takes(self) -> list[Take]:
        """The present takes; EngineError `empty` where there is nothing to write."""
        takes = [track.take for track in self.core.session.tracks.values() if track.take is not None]
        if not takes:
            raise EngineError("empty", "there is nothing to export yet; generate something first")
        return takes

    def _in_tempo(self) -> Callable[[], list[Stem]]:
        """What renders the present takes for the set's tempo, on the writer's thread: as they are heard,
        where they are."""
        core, tempo_bpm = self.core, self.core.session.frame.tempo_bpm
        found = [core.stage.played(take.stem, tempo_bpm) for take in self._takes()]

        def render() -> list[Stem]:
            return [stem if heard else core.renderer.quick(stem, tempo_bpm) for stem, heard in found]

        return render

    def _base(self) -> str:
        return base_name(self.core.store.folder.name, self.core.session)


def base_name(set_name: str, session: Session) -> str:
    frame = session.sounding()
    return f"{set_name}_{frame.tempo_bpm:.6g}bpm_{frame.key.name}"


def _zip(takes: list[tuple[Stem, int]]) -> bytes:
    """The WAV and MIDI files of (stem, take number), stored (24-bit audio hardly compresses)."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        for stem, number in takes:
            name = stem_name(stem, number)
            archive.writestr(f"{name}.wav", stem_to_wav(stem, number, datetime.now(UTC)))
            if stem.score is not None:
                archive.writestr(f"{name}.mid", midi_bytes([stem.score]))
    return data.getvalue()
