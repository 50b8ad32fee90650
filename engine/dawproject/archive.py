"""The ZIP container, written piece by piece: a set of long takes does not fit in memory twice.

The file is seekable, so that every entry gets its size and checksum in front, where readers that go
through the file from the start look for them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from engine.audio.wav import wav_parts
from engine.dawproject.document import audio_path, metadata_xml, project_xml
from engine.dawproject.plan import Plan
from engine.track import Take


def write_dawproject(plan: Plan, file: BinaryIO) -> None:
    """All of `plan` into `file`; OSError where the disk refuses."""
    now = datetime.now(UTC)
    with ZipFile(file, "w") as archive:
        for name, content in (("metadata.xml", metadata_xml(plan)), ("project.xml", project_xml(plan))):
            archive.writestr(_entry(name, ZIP_DEFLATED, now), content)
        for take in plan.takes:
            _write_audio(archive, take, now)


def _write_audio(archive: ZipFile, take: Take, now: datetime) -> None:
    """Stored: 24-bit audio hardly compresses. No loop comes near the 2 GB that an entry may have."""
    with archive.open(_entry(audio_path(take), ZIP_STORED, now), "w") as target:
        for part in wav_parts(take.stem, take.number, now):
            target.write(part)


def _entry(name: str, compression: int, now: datetime) -> ZipInfo:
    entry = ZipInfo(name, now.timetuple()[:6])
    entry.compress_type = compression
    entry.external_attr = 0o644 << 16
    return entry
