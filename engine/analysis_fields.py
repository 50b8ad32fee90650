"""What a track holds, as the fields of `/rg/analyze/track`."""

from __future__ import annotations

from engine.context.track_context import TrackContext


def track_fields(says: TrackContext) -> list[tuple[str, str, bool]]:
    """(field, value, heard rather than known) for every field there is something to say about."""
    heard = says.score is None
    fields = [
        ("track", says.track, False),
        ("tempo_bpm", f"{says.tempo_bpm:g}", heard),
        ("key", says.key.name if says.key else "none", heard),
        ("signature", says.signature.name, heard),
        ("bars", str(says.bars), heard),
        ("chords", " ".join(chord.symbol for chord in says.chords), heard),
        ("onsets", str(len(says.onsets)), heard),
        ("confidence", f"{says.confidence:.2f}", heard),
    ]
    if says.bands:
        fields.append(("bands", " ".join(f"{share:.2f}" for share in says.bands), True))
    return [(name, value, flag) for name, value, flag in fields if value]
