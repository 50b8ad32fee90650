"""What a course does to the set's frame (tempo, key, signature, length), and what it finds contradicted."""

from __future__ import annotations

from collections.abc import Iterable

from engine import events as e
from engine.context.conflicts import Conflict, strangers
from engine.core import Core
from engine.course import Course
from engine.jobs import Job, Made
from engine.prompt.music_context import Frame, MusicContext
from engine.sound import is_in_tempo


def understood(
    core: Core, course: Course, job: Job, context: MusicContext, found: Iterable[Conflict]
) -> None:
    """The prompt has been read: the set is what it says, within what stays."""
    session = core.session
    if job.request.bars:  # the bars that stay have a frame, and it is not theirs to move the set's
        tell(core, found)
        return
    if job.request.kind != "regenerate":
        session.context = context
    course.tempo_before, tempo_bpm = session.frame.tempo_bpm, context.tempo_bpm
    if session.frame.tempo_bpm != job.frame.tempo_bpm:  # set while the words were read: that is later
        tempo_bpm = session.frame.tempo_bpm
    # Pinned fields stay the musician's, unless the prompt named another value.
    session.frame = Frame(tempo_bpm, context.key, context.signature, context.bars, session.frame.pinned)
    core.publish_all(session.frame_events())
    tell(core, found)


def imported(core: Core, made: Made) -> None:
    """What came in plays at the set's tempo; alone, where neither a musician nor a clock has set one, it
    brings its own."""
    session = core.session
    others = session.imposed(session.standing(but=(made.track,)))
    tell(core, strangers(made.track, made.says, others))
    if others is None and "tempo_bpm" not in session.frame.pinned and not core.tempo_leader():
        core.publish_all(session.set_tempo(made.stem.tempo_bpm))
    elif others is None and not is_in_tempo(made.stem, session.frame.tempo_bpm):
        came, plays = made.stem.tempo_bpm, session.frame.tempo_bpm
        core.log("info", f"{made.track} came in at {came:g} bpm and plays at the set's {plays:g}")


def give_tempo_back(core: Core, course: Course) -> None:
    """Where nothing comes of the prompt, what sounds on has the tempo that it had."""
    session, before = core.session, course.tempo_before
    if course.made or before in (None, session.frame.tempo_bpm):
        return
    if all(name in course.failures or course.is_cancelled(name) for name in course.request.tracks):
        core.publish_all(session.set_tempo(before))
        course.tempo_before = None


def tell(core: Core, conflicts: Iterable[Conflict]) -> None:
    for found in conflicts:
        core.publish(e.ContextConflict(found.field, found.asked, found.kept, found.text))
        core.log("warning", found.text)
