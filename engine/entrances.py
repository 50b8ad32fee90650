"""How what is made enters what sounds: previews, a model's bars in their place, takes that wait their turn.

The control thread owns all of this. Nothing here is on the disk or in the history yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine import events as e
from engine.core import Core
from engine.course import Course
from engine.errors import EngineError
from engine.jobs import Made
from engine.sound import Sound
from engine.swapping import swap_to_current


class Entrances:
    def __init__(self, core: Core, courses: Sequence[Course]) -> None:
        """`courses`: those on their way, kept up to date by their owner."""
        self.core = core
        self.courses = courses
        self.ready: dict[str, Sound] = {}  # with `manual`: what waits for /rg/launch

    # --- coming in --------------------------------------------------------------------------------

    def enter(self, course: Course, made: Made, at_once: bool) -> None:
        """Takes of one generation take over together; the first ones sound as soon as they exist."""
        if at_once or self.core.session.when == "now":
            self.core.stage.swap({made.track: made.sound}, "now")
        elif self.core.session.when == "manual":
            self.ready[made.track] = made.sound
        else:
            course.sounds[made.track] = made.sound

    def preview(self, course: Course, made: Made) -> None:
        """The instruments' preview of a take that a model performs: it sounds, and is no take yet."""
        track = self.core.session.tracks[made.track]
        if course.is_cancelled(made.track) or track.locked:
            return
        course.shown[made.track] = made
        course.previewed.add(made.track)
        self.core.publish(e.TrackPreview(made.track, made.preview))
        self.enter(course, made, at_once=track.current == 0)

    def join(self, course: Course, made: Made) -> None:
        """More bars are the model's: they take the preview's place while it plays."""
        shown = course.shown.pop(made.track, None)
        if shown is not None and self.replace(course, shown, made):
            course.shown[made.track] = made

    def replace(self, course: Course, old: Made, new: Made) -> bool:
        """`new` where `old` plays or waits; False where the musician has brought something else there."""
        for waiting in (self.ready, course.sounds):
            if (sound := waiting.get(old.track)) and sound.stem is old.stem:
                waiting[old.track] = new.sound
                return True
        return bool(self.core.stage.replace({old.track: (old.sound, new.sound)}))

    def take_over(self, course: Course) -> None:
        """All that the course has for the player, at once."""
        if course.sounds:
            self.core.stage.swap(course.sounds, self.core.session.when)
            course.sounds = {}

    def launch(self) -> None:
        """With `manual`: what is ready takes over at the next bar."""
        if not self.ready:
            raise EngineError("empty", "nothing waits to be launched")
        self.core.stage.swap(self.ready, "bar")
        self.ready = {}

    # --- not coming in ----------------------------------------------------------------------------

    def forget(self, course: Course, made: Made) -> bool:
        """Let go what nobody has heard; False where the player has it."""
        for waiting in (self.ready, course.sounds):
            if (sound := waiting.get(made.track)) and sound.stem is made.stem:
                del waiting[made.track]
                return True
        return False

    def withdraw(self, course: Course, name: str) -> None:
        """What was playing before a preview goes on."""
        shown = course.shown.pop(name, None)
        if shown is None or self.forget(course, shown):
            return
        track, when = self.core.session.tracks[name], self.core.session.when
        when = "now" if not track.current else "bar" if when == "manual" else when
        swap_to_current(self.core, [name], when, lambda: None)

    def step_aside(self, names: Iterable[str]) -> None:
        """Another take was chosen: what waits does not come after it, and a preview is not what sounds."""
        for name in names:
            self.ready.pop(name, None)
            for course in self.courses:
                course.sounds.pop(name, None)
                course.shown.pop(name, None)

    # --- told -------------------------------------------------------------------------------------

    def waiting(self) -> list[dict[str, Sound]]:
        """What will sound and has not been given to the player yet."""
        return [self.ready, *(course.sounds for course in self.courses)]

    def previewing(self) -> frozenset[str]:
        """Tracks of which a preview sounds, or waits, that is no take yet."""
        return frozenset(name for course in self.courses for name in course.shown)
