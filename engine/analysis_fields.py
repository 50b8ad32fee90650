"""What tracks hold, for clients: the fields of `/rg/analyze/track`, and how sure the context is of it."""

from __future__ import annotations

from collections.abc import Sequence

from engine import events as e
from engine.context.track_context import TrackContext


def track_fields(says: TrackContext) -> list[tuple[str, str, bool]]:
    """(field, value, heard rather than known) for every field there is something to say about."""
    heard = says.heard
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
    fields += [(f"{name}_confidence", f"{sure:.2f}", True) for name, sure in says.confidences.items()]
    if says.groove:
        fields.append(("swing", f"{says.groove.swing:g}", heard))
        fields.append(("late_ms", " ".join(f"{late:g}" for late in says.groove.late_ms), heard))
    if heard and says.score:
        fields.append(("notes", str(len(says.score.notes) + len(says.score.hits)), True))
    if says.bands:
        fields.append(("bands", " ".join(f"{share:.2f}" for share in says.bands), True))
    return [(name, value, flag) for name, value, flag in fields if value]


def listening_events(standing: Sequence[TrackContext]) -> list[e.Event]:
    """How sure the tracks that stand are of tempo, key and chords (the surest of them), and their groove.

    Nothing stands: nothing is sure, and the groove is straight.
    """
    pitched = [says for says in standing if says.track != "drums"]
    tempo = max((says.sure_of("tempo") for says in standing), default=0.0)
    key = max((says.sure_of("key") for says in pitched if says.key), default=0.0)
    chords = max((says.sure_of("chords") for says in standing if says.chords), default=0.0)
    grooves = sorted((says for says in standing if says.groove), key=lambda says: says.track != "drums")
    groove = grooves[0].groove if grooves else None
    if groove is None:
        return [e.ContextConfidence(tempo, key, chords), e.ContextGroove(0.0, 16, "")]
    late_ms = " ".join(f"{late:g}" for late in groove.late_ms)
    return [
        e.ContextConfidence(tempo, key, chords),
        e.ContextGroove(groove.swing, groove.swing_unit, late_ms),
    ]
