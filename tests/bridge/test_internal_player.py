"""The player without sound keeps the same time as the one with."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.grid import Grid
from bridge.internal_player import InternalPlayer
from bridge.player import SAFETY_FRAMES, Player
from bridge.playing import Playing
from engine.errors import EngineError
from engine.music.key import Signature

BEAT = 22_050  # frames at 120 bpm
BAR = 4 * BEAT


class Clock:
    """Time that passes when the test says so, exactly."""

    def __init__(self) -> None:
        self.frames = 0

    def __call__(self) -> Fraction:
        return Fraction(self.frames, 44_100)

    def pass_frames(self, frames: int) -> None:
        self.frames += frames


class Moving(Clock):
    """Time passes with every look at it, as it does."""

    def __call__(self) -> Fraction:
        self.frames += 1
        return super().__call__()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def player(clock: Clock) -> Player:
    return InternalPlayer(["drums", "bass"], clock)


def audio(peak: float = 0.5, frames: int = 3 * BEAT) -> NDArray[np.float32]:
    return np.full((frames, 2), peak, np.float32)


def test_the_transport_stands_until_play_and_after_stop(player: Player, clock: Clock) -> None:
    clock.pass_frames(1000)
    assert not player.transport().rolling and player.transport().frame == 0
    player.play()
    clock.pass_frames(BAR)
    here = player.transport()
    assert here.rolling and here.frame == BAR and here.beat == pytest.approx(4.0)
    player.stop()
    clock.pass_frames(1000)
    assert not player.transport().rolling and player.transport().frame == BAR


def test_the_latest_loop_is_replaced_where_it_plays_or_waits(player: Player, clock: Clock) -> None:
    first, second, third = (player.prepare(audio(peak)) for peak in (0.1, 0.2, 0.3))
    player.swap("drums", first, "now", Grid())
    assert player.replace("drums", first, second) and player.playing("drums") is second
    player.play()
    at = player.swap("drums", first, "bar", Grid())
    assert not player.replace("drums", second, third)  # it plays, and something else is to come
    assert player.replace("drums", first, third) and player.pending("drums") == at
    assert player.playing("drums") is second
    clock.pass_frames(BAR)
    assert player.playing("drums") is third


def test_a_locate_is_counted_in_the_grids_quarters(player: Player) -> None:
    player.set_grid(Grid(90.0, Signature(7, 8)))
    player.locate(6.0)
    here = player.transport()
    assert here.frame == 6 * 29_400 and here.beat == 6.0
    assert here.tempo_bpm == 90.0 and here.signature == Signature(7, 8)
    with pytest.raises(EngineError, match="range"):
        player.locate(-1.0)


def test_at_rest_a_swap_happens_at_once(player: Player) -> None:
    loop = player.prepare(audio())
    assert player.swap("drums", loop, "bar", Grid()) == 0
    assert player.playing("drums") is loop and player.pending("drums") is None


@pytest.mark.parametrize(("when", "frame"), [("beat", BEAT), ("bar", BAR), ("loop", 3 * BEAT)])
def test_a_swap_happens_at_its_frame_and_not_before(
    player: Player, clock: Clock, when: str, frame: int
) -> None:
    old, new = player.prepare(audio()), player.prepare(audio())
    player.swap("drums", old, "now", Grid())
    player.play()
    clock.pass_frames(100)
    assert player.swap("drums", new, when, Grid()) == frame
    clock.pass_frames(frame - 101)
    assert player.playing("drums") is old and player.pending("drums") == frame
    clock.pass_frames(1)
    assert player.playing("drums") is new and player.pending("drums") is None


def test_a_boundary_too_near_is_left_out(player: Player, clock: Clock) -> None:
    player.play()
    clock.pass_frames(BEAT - SAFETY_FRAMES)
    assert player.swap("drums", player.prepare(audio()), "beat", Grid()) == BEAT
    clock.pass_frames(1)
    assert player.swap("drums", player.prepare(audio()), "beat", Grid()) == 2 * BEAT


def test_a_later_swap_replaces_the_waiting_one(player: Player, clock: Clock) -> None:
    player.play()
    first, second = player.prepare(audio()), player.prepare(audio())
    player.swap("drums", first, "beat", Grid())
    assert player.swap("drums", second, "bar", Grid()) == BAR
    clock.pass_frames(BEAT)
    assert player.playing("drums") is None
    clock.pass_frames(BAR)
    assert player.playing("drums") is second


def test_tracks_swapped_together_share_the_longest_loops_boundary(player: Player) -> None:
    player.swap("drums", player.prepare(audio(frames=2 * BEAT)), "now", Grid())
    player.swap("bass", player.prepare(audio(frames=5 * BEAT)), "now", Grid())
    player.play()
    assert player.swap_many({"drums": None, "bass": None}, "loop", Grid()) == 5 * BEAT
    assert player.pending("drums") == player.pending("bass") == 5 * BEAT


def test_a_break_in_the_transport_lets_what_waits_take_over(player: Player, clock: Clock) -> None:
    for breaks in (player.stop, lambda: player.locate(64.0)):
        player.play()
        loop = player.prepare(audio())
        player.swap("drums", loop, "bar", Grid())
        clock.pass_frames(10)
        breaks()
        assert player.playing("drums") is loop and player.pending("drums") is None


def test_who_plays_already_is_not_interrupted_by_another_play() -> None:
    clock = Moving()
    player = InternalPlayer(["drums"], clock)
    player.play()
    loop = player.prepare(audio())
    at = player.swap("drums", loop, "bar", Grid())
    player.play()
    assert player.pending("drums") == at == BAR and player.playing("drums") is None


def test_a_locate_is_one_picture_for_who_speaks_from_it(clock: Clock) -> None:
    """The first one that tells of a jump is the only one, and right."""
    pictures: list[Playing] = []
    player = InternalPlayer(["drums"], clock, pictures.append)
    player.swap("drums", player.prepare(audio()), "now", Grid())
    player.play()
    clock.pass_frames(BAR)
    player.set_grid(Grid(90.0))
    clock.pass_frames(BAR)
    before = pictures[-1].breaks
    player.locate(8.0)
    told = next(picture for picture in pictures if picture.breaks > before)
    assert told.beat_at(float(clock())) == pytest.approx(8.0)


@pytest.mark.parametrize("change", [lambda p: p.set_grid(Grid(150.0)), lambda p: p.slew(2000.0)])
def test_what_waits_for_a_bar_happens_on_it_however_the_music_moves_meanwhile(
    player: Player, clock: Clock, change: Callable[[Player], None]
) -> None:
    player.swap("drums", player.prepare(audio(), None, 3.0), "now", Grid())
    player.play()
    clock.pass_frames(100)
    new = player.prepare(audio())
    player.swap("drums", new, "bar", Grid())
    change(player)
    at = player.pending("drums")
    assert at is not None and at < BAR - 1000
    clock.pass_frames(at - 100)
    assert player.playing("drums") is new
    assert player.transport().beat == pytest.approx(4.0, abs=1 / BEAT)


def test_levels_are_what_played_since_the_last_look(player: Player, clock: Clock) -> None:
    player.swap("drums", player.prepare(audio(0.5)), "now", Grid())
    player.set_gains("drums", 0.5, 0.25)
    assert player.levels() == {"drums": 0.0, "bass": 0.0, "mix": 0.0}
    player.play()
    clock.pass_frames(10)
    assert player.levels() == {"drums": 0.25, "bass": 0.0, "mix": 0.25}
    player.stop()
    player.levels()
    clock.pass_frames(10)
    assert player.levels()["drums"] == 0.0


def test_an_unknown_track_names_the_nearest(player: Player) -> None:
    with pytest.raises(EngineError, match="drums"):
        player.swap("drum", None, "now", Grid())


def test_the_music_goes_on_where_it_is_when_the_tempo_changes(player: Player, clock: Clock) -> None:
    player.swap("bass", player.prepare(audio()), "now", Grid())
    player.play()
    clock.pass_frames(BAR)
    player.set_grid(Grid(90.0))
    clock.pass_frames(SAFETY_FRAMES)
    turn = player.transport()
    assert turn.beat == 4 + SAFETY_FRAMES / BEAT and turn.tempo_bpm == 90.0
    clock.pass_frames(29_400)
    assert player.transport().beat == pytest.approx(turn.beat + 1)
    assert player.swap("drums", player.prepare(audio()), "bar", Grid(90.0)) == pytest.approx(
        BAR + SAFETY_FRAMES + (8 - turn.beat) * 29_400, abs=0.5
    )


def test_a_swap_brings_its_tempo_with_it_at_its_frame(player: Player, clock: Clock) -> None:
    player.swap("drums", player.prepare(audio(), None, 3.0), "now", Grid())
    player.play()
    at = player.swap("drums", player.prepare(audio(frames=2 * BEAT), None, 3.0), "loop", Grid(180.0))
    assert at == 3 * BEAT
    clock.pass_frames(at - 1)
    assert player.transport().tempo_bpm == 120.0
    clock.pass_frames(1 + 14_700)
    assert player.transport().beat == 4.0 and player.transport().tempo_bpm == 180.0
    assert player.swap("drums", None, "loop", Grid(180.0)) == 3 * BEAT + 3 * 14_700


def test_at_rest_another_tempo_moves_the_transport_to_the_same_beat(player: Player, clock: Clock) -> None:
    player.play()
    clock.pass_frames(BAR)
    player.stop()
    player.set_grid(Grid(60.0))
    here = player.transport()
    assert here.frame == 2 * BAR and here.beat == 4.0


def test_where_there_is_no_music_another_tempo_is_counted_from_the_start(
    player: Player, clock: Clock
) -> None:
    """So the first take lies at frame modulo length, whenever the transport was started."""
    player.play()
    clock.pass_frames(BAR)
    player.swap("drums", player.prepare(audio(), None, 4.0), "now", Grid(90.0))
    assert player.transport().beat == pytest.approx(4.0 * 90 / 120)
    player.swap("bass", player.prepare(audio(), None, 4.0), "now", Grid(90.0))
    assert player.transport().beat == pytest.approx(4.0 * 90 / 120)


def test_after_a_locate_the_music_lies_where_the_frames_are(player: Player, clock: Clock) -> None:
    player.swap("bass", player.prepare(audio()), "now", Grid())
    player.play()
    clock.pass_frames(BAR)
    player.set_grid(Grid(90.0))
    clock.pass_frames(BAR)
    player.locate(8.0)
    assert player.transport().frame == 8 * 29_400 and player.transport().beat == 8.0


def test_a_shift_arrives_bit_by_bit_and_at_rest_at_once(player: Player, clock: Clock) -> None:
    player.slew(441.0)
    assert player.transport().beat == 0.02
    player.locate(0.0)
    player.play()
    end = player.slew(-37.0)
    clock.pass_frames(end)
    assert player.transport().beat * BEAT == pytest.approx(end - 37)
    assert player.swap("drums", player.prepare(audio()), "bar", Grid()) == BAR + 37


def test_several_loops_are_replaced_by_others_as_many_beats_long(player: Player) -> None:
    old = {track: player.prepare(audio(), None, 3.0) for track in ("drums", "bass")}
    new = {track: player.prepare(audio(frames=2 * BEAT), None, 3.0) for track in ("drums", "bass")}
    player.swap_many(old, "now", Grid())
    assert player.replace_many({"drums": (old["drums"], new["drums"])}) == ["drums"]
    assert player.replace_many({track: (old[track], new[track]) for track in old}) == ["bass"]
    assert player.playing("drums") is new["drums"] and player.playing("bass") is new["bass"]
