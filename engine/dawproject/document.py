"""A plan as the two XML documents of a DAWproject file.

    Project
      Transport     tempo, signature
      Structure     a track each: audio (Drums …), notes (Drums MIDI …), master
      Arrangement   Lanes: every clip from bar 1 to the end of the longest; Markers: the form
      Scenes        Lanes: a slot a track

The schema fixes the order of elements; every `id` is given once. Times are in beats; an audio clip is
warped by two points, so that it follows the tempo of the project from then on.
"""

from __future__ import annotations

import itertools
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from engine import __version__
from engine.audio.wav import CHANNELS, NOT_XML
from engine.dawproject.notes import add_notes
from engine.dawproject.numbers import plain
from engine.dawproject.plan import Plan, Scene, Strip, length_beats
from engine.stem import stem_name
from engine.track import Take
from engine.units import SILENCE_DB, beats_to_seconds, db_to_gain

APPLICATION = "ResonantGen"
# The range of the tempo field, as Bitwig writes it.
LOWEST_BPM, HIGHEST_BPM = 20.0, 666.0
HIGHEST_VOLUME_DB = 12.0
COLOURS = {"drums": "#d9512c", "bass": "#c99421", "harmony": "#3f74d1", "melody": "#43a35a"}
OTHER_COLOUR = "#8a63c9"


def colour_of(track: str) -> str:
    return COLOURS.get(track, OTHER_COLOUR)


def audio_path(take: Take) -> str:
    """Where a take's samples lie inside the file."""
    return f"audio/{stem_name(take.stem, take.number)}.wav"


def project_xml(plan: Plan) -> bytes:
    return _bytes(_Document(plan).project())


def metadata_xml(plan: Plan) -> bytes:
    """Title, genre and what was asked for, for browsers of projects."""
    root = Element("MetaData")
    takes = list(plan.scenes[0].takes.values())
    genres = dict.fromkeys(take.stem.score.genre for take in takes if take.stem.score)
    prompts = dict.fromkeys(take.stem.prompt for take in takes if take.stem.prompt)
    for tag, text in (("Title", plan.name), ("Genre", ", ".join(genres)), ("Comment", "; ".join(prompts))):
        if text:
            SubElement(root, tag).text = _clean(text)
    return _bytes(root)


class _Document:
    """The project's elements while they get their ids."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.numbers = itertools.count()
        self.audio_ids = {strip.track: self._id() for strip in plan.strips}
        scored = {take.stem.track for take in plan.takes if take.stem.score is not None}
        self.note_ids = {strip.track: self._id() for strip in plan.strips if strip.track in scored}
        self.master_id = self._id()

    def _id(self) -> str:
        return f"id{next(self.numbers)}"

    def project(self) -> Element:
        root = Element("Project", {"version": "1.0"})
        SubElement(root, "Application", {"name": APPLICATION, "version": __version__})
        self._transport(root)
        self._structure(SubElement(root, "Structure"))
        self._arrangement(SubElement(root, "Arrangement", {"id": self._id()}))
        scenes = SubElement(root, "Scenes")
        for scene in self.plan.scenes:
            self._scene(scenes, scene)
        return root

    # --- transport and mixer ----------------------------------------------------------------------

    def _transport(self, root: Element) -> None:
        frame = self.plan.frame
        transport = SubElement(root, "Transport")
        self._real(transport, "Tempo", frame.tempo_bpm, LOWEST_BPM, HIGHEST_BPM, "bpm")
        signature = {"numerator": str(frame.signature.beats), "denominator": str(frame.signature.unit)}
        SubElement(transport, "TimeSignature", signature | {"id": self._id()})

    def _structure(self, structure: Element) -> None:
        strips = {strip.track: strip for strip in self.plan.strips}
        for track, identity in self.audio_ids.items():
            self._track(structure, identity, track.capitalize(), "audio", strips[track])
        for track, identity in self.note_ids.items():
            # Nobody's fader yet: the track sounds once the musician gives it an instrument.
            strip = Strip(track, 0.0, 0.0, False, False)
            self._track(structure, identity, f"{track.capitalize()} MIDI", "notes", strip)
        master = SubElement(
            structure, "Track",
            {"contentType": "audio notes", "loaded": "true", "id": self._id(), "name": "Master"},
        )  # fmt: skip
        self._channel(master, Strip("", 0.0, 0.0, False, False), {"role": "master", "id": self.master_id})

    def _track(self, structure: Element, identity: str, name: str, content: str, strip: Strip) -> None:
        attributes = {"contentType": content, "loaded": "true", "id": identity, "name": name}
        track = SubElement(structure, "Track", attributes | {"color": colour_of(strip.track)})
        self._channel(track, strip, {"role": "regular", "destination": self.master_id, "id": self._id()})

    def _channel(self, track: Element, strip: Strip, attributes: dict[str, str]) -> None:
        attributes |= {"audioChannels": str(CHANNELS), "solo": _flag(strip.soloed)}
        channel = SubElement(track, "Channel", attributes)
        SubElement(channel, "Mute", {"value": _flag(strip.muted), "id": self._id(), "name": "Mute"})
        self._real(channel, "Pan", (strip.pan + 1.0) / 2.0, 0.0, 1.0, "normalized")
        gain = db_to_gain(strip.volume_db) if strip.volume_db > SILENCE_DB else 0.0
        self._real(channel, "Volume", gain, 0.0, db_to_gain(HIGHEST_VOLUME_DB), "linear")

    def _real(self, parent: Element, tag: str, value: float, low: float, high: float, unit: str) -> None:
        numbers = {"value": plain(value), "min": plain(low), "max": plain(high)}
        SubElement(parent, tag, {**numbers, "unit": unit, "id": self._id(), "name": tag})

    # --- clips ------------------------------------------------------------------------------------

    def _arrangement(self, arrangement: Element) -> None:
        scene = self.plan.scenes[0]
        lanes = SubElement(arrangement, "Lanes", {"timeUnit": "beats", "id": self._id()})
        for track, identity, is_notes in self._lanes():
            lane = SubElement(lanes, "Lanes", {"track": identity, "id": self._id()})
            clips = SubElement(lane, "Clips", {"id": self._id()})
            self._clip(clips, scene.takes.get(track), scene.length_beats, is_notes)
        if self.plan.form:
            self._markers(arrangement)

    def _scene(self, scenes: Element, scene: Scene) -> None:
        """A slot for every track: an empty one stops what plays there, as the scene has it silent."""
        element = SubElement(scenes, "Scene", {"id": self._id(), "name": scene.name})
        lanes = SubElement(element, "Lanes", {"timeUnit": "beats", "id": self._id()})
        for track, identity, is_notes in self._lanes():
            slot = SubElement(lanes, "ClipSlot", {"hasStop": "true", "track": identity, "id": self._id()})
            take = scene.takes.get(track)
            self._clip(slot, take, length_beats(take) if take else 0.0, is_notes)

    def _lanes(self) -> list[tuple[str, str, bool]]:
        """(our track, the DAW's track, whether it takes notes)"""
        audio = [(track, identity, False) for track, identity in self.audio_ids.items()]
        return audio + [(track, identity, True) for track, identity in self.note_ids.items()]

    def _clip(self, parent: Element, take: Take | None, duration: float, is_notes: bool) -> None:
        """`take` from time 0, round and round for `duration` beats; nothing where there is nothing."""
        if take is None or (is_notes and take.stem.score is None):
            return
        loop = {"playStart": "0", "loopStart": "0", "loopEnd": plain(length_beats(take))}
        clip = SubElement(
            parent, "Clip",
            {
                "time": "0", "duration": plain(duration), "contentTimeUnit": "beats", **loop,
                "name": stem_name(take.stem, take.number), "color": colour_of(take.stem.track),
                "comment": _clean(f"seed {take.stem.seed}: {take.stem.prompt}"),
            },
        )  # fmt: skip
        if is_notes:
            assert take.stem.score is not None
            add_notes(clip, take.stem.score, self._id())
        else:
            self._audio(clip, take)

    def _audio(self, clip: Element, take: Take) -> None:
        """The file, warped so that a beat of it is exactly a beat: the half sample that its length was
        rounded by would have every DAW stretch it by a millionth."""
        stem, beats = take.stem, length_beats(take)
        warps = SubElement(
            clip, "Warps", {"contentTimeUnit": "seconds", "timeUnit": "beats", "id": self._id()}
        )
        audio = SubElement(
            warps, "Audio",
            {
                "algorithm": "stretch", "channels": str(CHANNELS), "sampleRate": str(stem.sample_rate),
                "duration": plain(stem.length_samples / stem.sample_rate), "timeUnit": "seconds",
                "id": self._id(),
            },
        )  # fmt: skip
        SubElement(audio, "File", {"path": audio_path(take)})
        for beat in (0.0, beats):
            seconds = beats_to_seconds(beat, stem.tempo_bpm)
            SubElement(warps, "Warp", {"time": plain(beat), "contentTime": plain(seconds)})

    def _markers(self, arrangement: Element) -> None:
        markers = SubElement(arrangement, "Markers", {"timeUnit": "beats", "id": self._id()})
        for beat, name in self.plan.form:
            SubElement(markers, "Marker", {"time": plain(beat), "name": name.capitalize()})


def _flag(on: bool) -> str:
    return "true" if on else "false"


def _clean(text: str) -> str:
    return text.translate(NOT_XML)


def _bytes(root: Element) -> bytes:
    indent(root)
    return tostring(root, encoding="UTF-8", xml_declaration=True)
