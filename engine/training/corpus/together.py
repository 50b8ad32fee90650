"""What tracks do to each other: only who hears the others can do it again.

    kick of the drums -> the others give way        (duck)
    what a track occupies -> taken out of another   (carve)
    one room around all                             (shared_room)
    the level of the whole mix -> every track       (glue)

Each is drawn by lot for a song and told, with its numbers, in the `effects` of every track it touches.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.limiter import apply
from engine.audio.processors.dynamics import block_powers
from engine.audio.processors.space import convolved
from engine.audio.true_peak import BLOCK
from engine.music.blend import genre_of
from engine.music.score import Score
from engine.training.corpus.carving import carved
from engine.training.corpus.following import followed
from engine.training.corpus.plan import Plan
from engine.training.corpus.recipe import Recipe
from engine.training.corpus.rooms import random_room
from engine.training.corpus.treatment import manner_of
from engine.units import STEM_SAMPLE_RATE, beats_to_samples, beats_to_seconds, db_to_gain, ms_to_samples

Loop = NDArray[np.float32]  # [N, C=2]
Effects = dict[str, dict[str, Any]]  # by role
DUCKED = {"bass": 0.6, "harmony": 0.9, "melody": 0.6}  # the chance that a role gives way at all
SIDECHAIN = 1.2  # by which a genre that pumps is likelier to
CARVED = {"harmony": ("melody", "bass"), "bass": ("drums",), "melody": ("harmony",)}
CARVED_SHARE = {"harmony": 1.0, "bass": 0.35, "melody": 0.15}
LOWEST_SEND_DB, HIGHEST_SEND_DB = -30.0, -6.0


def together(
    loops: Mapping[str, Loop], scores: Mapping[str, Score], plan: Plan, recipe: Recipe
) -> tuple[dict[str, Loop], Effects]:
    """Every track as it sounds among the others, and what was done. A genre that pumps ducks more often."""
    made: dict[str, Loop] = dict(loops)
    effects: Effects = {role: {} for role in loops}
    if manner_of(plan, recipe) == "raw":
        return made, effects
    sidechain = genre_of(plan.context).sidechain
    rng = plan.rng("together")
    wanted = {
        "duck": rng.random() < min(1.0, recipe.duck_share * (1.0 + SIDECHAIN * sidechain)),
        "carve": rng.random() < recipe.carve_share,
        "room": rng.random() < recipe.room_share,
        "glue": rng.random() < recipe.glue_share,
    }
    if wanted["duck"]:
        _duck_all(made, scores, effects, plan.rng("duck"))
    if wanted["carve"]:
        _carve_all(made, effects, plan.rng("carve"))
    if wanted["room"]:
        _room_all(made, effects, plan.rng("room"))
    if wanted["glue"]:
        _glue_all(made, effects, plan.rng("glue"))
    return made, effects


# --- duck -------------------------------------------------------------------------------------------


def _duck_all(
    loops: dict[str, Loop], scores: Mapping[str, Score], effects: Effects, rng: random.Random
) -> None:
    """Every track that gives way pumps alike, more or less deep."""
    kicks = kicks_of(scores["drums"])
    depth_db, attack_ms, hold_ms = rng.uniform(3.0, 24.0), rng.uniform(1.0, 12.0), rng.uniform(5.0, 60.0)
    release_ms = 1000.0 * beats_to_seconds(rng.uniform(0.15, 0.9), scores["drums"].tempo_bpm)
    depths = {
        role: depth_db * rng.uniform(0.5, 1.0) for role, share in DUCKED.items() if rng.random() < share
    } or {"harmony": depth_db}
    if not kicks:
        return
    for role, depth in depths.items():
        told = {
            "by": "drums kick",
            "depth_db": depth,
            "attack_ms": attack_ms,
            "hold_ms": hold_ms,
            "release_ms": release_ms,
        }
        effects[role]["duck"] = _rounded(told)
        loops[role] = ducked(
            loops[role], kicks, **{k: v for k, v in effects[role]["duck"].items() if k != "by"}
        )


def kicks_of(drums: Score) -> list[tuple[int, float]]:
    """(start sample, strength 0..1) of every kick."""
    return [
        (
            beats_to_samples(hit.start_beats, drums.tempo_bpm) + ms_to_samples(hit.offset_ms),
            hit.velocity / 127.0,
        )
        for hit in drums.hits
        if hit.voice == "kick"
    ]


def ducked(
    loop: Loop,
    kicks: Sequence[tuple[int, float]],
    depth_db: float,
    attack_ms: float,
    hold_ms: float,
    release_ms: float,
) -> Loop:
    """The loop that much softer after every kick, a soft one pushing less; round the seam.

    kick    |
    gain  --\\        __/--      attack, hold, release; in decibels a straight fall and a rise that slows
    """
    depth = duck_share(len(loop), kicks, attack_ms, hold_ms, release_ms)
    return np.asarray(loop * (10.0 ** (-depth_db / 20.0 * depth)).astype(np.float32)[:, None])


def duck_share(
    samples: int, kicks: Sequence[tuple[int, float]], attack_ms: float, hold_ms: float, release_ms: float
) -> NDArray[np.float64]:
    """How much of its depth the ducking has at every sample of a loop, 0..1 [samples]."""
    attack, hold, release = (max(1, ms_to_samples(ms)) for ms in (attack_ms, hold_ms, release_ms))
    fall, rise = np.linspace(0.0, 1.0, attack), np.linspace(1.0, 0.0, release) ** 1.5
    shape = np.concatenate([fall, np.ones(hold), rise])[:samples]
    depth = np.zeros(samples)
    for start, strength in kicks:
        _raise(depth, start % samples, strength * shape)
    return depth


def _raise(line: NDArray[np.float64], start: int, shape: NDArray[np.float64]) -> None:
    """line = max(line, shape from `start` on), round the seam, in place."""
    count = min(len(shape), len(line) - start)
    np.maximum(line[start : start + count], shape[:count], out=line[start : start + count])
    rest = len(shape) - count
    if rest:
        np.maximum(line[:rest], shape[count:], out=line[:rest])


# --- carve ------------------------------------------------------------------------------------------


def _carve_all(loops: dict[str, Loop], effects: Effects, rng: random.Random) -> None:
    """Some tracks lose, band by band, what others have there at that time."""
    heard = dict(loops)
    for role, others in CARVED.items():
        depth_db, share = rng.uniform(4.0, 18.0), rng.random()
        if share >= CARVED_SHARE[role]:
            continue
        occupied = sum((heard[other] for other in others[1:]), start=heard[others[0]])
        loops[role] = carved(loops[role], occupied, round(depth_db, 2))
        effects[role]["carve"] = {"by": list(others), "depth_db": round(depth_db, 2)}


def carved_alike(
    dry: Loop, role: str, loops: Mapping[str, Loop], effects: Mapping[str, Mapping[str, Any]]
) -> Loop:
    """The dry stem of a role with room for those that it made room for, as they are alone in `loops`."""
    told = effects[role].get("carve")
    if told is None:
        return dry
    first, *others = told["by"]
    occupied = sum((loops[other] for other in others), start=loops[first])
    return carved(dry, occupied, told["depth_db"])


# --- room -------------------------------------------------------------------------------------------


def _room_all(loops: dict[str, Loop], effects: Effects, rng: random.Random) -> None:
    room = random_room(rng)
    bass_db = rng.uniform(6.0, 14.0)  # the low end is sent less
    for role in loops:
        send_db = rng.uniform(LOWEST_SEND_DB, HIGHEST_SEND_DB) - (bass_db if role == "bass" else 0.0)
        effects[role]["shared_room"] = {**room.told, "send_db": round(send_db, 2)}
        wet = convolved(loops[role], room.spectrum, room.tail_samples)
        loops[role] = loops[role] + np.float32(db_to_gain(round(send_db, 2))) * wet


# --- glue -------------------------------------------------------------------------------------------


def _glue_all(loops: dict[str, Loop], effects: Effects, rng: random.Random) -> None:
    told = _rounded(
        {
            "by": "mix", "ratio": rng.uniform(1.5, 8.0), "headroom_db": rng.uniform(0.0, 10.0),
            "attack_ms": rng.uniform(1.0, 40.0), "release_ms": rng.uniform(50.0, 600.0),
        }
    )  # fmt: skip
    gains = glue_gains(
        sum(loops.values(), start=np.zeros_like(loops["drums"])),
        **{k: v for k, v in told.items() if k != "by"},
    )
    for role in loops:
        effects[role]["glue"] = told
        loops[role] = loops[role].copy()
        apply(loops[role], gains, 1.0)


def glue_gains(
    mix: Loop, ratio: float, headroom_db: float, attack_ms: float, release_ms: float
) -> NDArray[np.float64]:
    """The gain of a bus compressor that hears the mix, one value a BLOCK; 0 dB where it is softest.

    It sets in `headroom_db` under the mix's mean power.
    """
    powers = block_powers(mix)
    mean = float(powers.mean())
    if mean <= 1e-14:
        return np.ones(len(powers))
    over_db = 10.0 * np.log10(np.maximum(powers / mean, 1e-4)) + headroom_db
    block_ms = 1000.0 * BLOCK / STEM_SAMPLE_RATE
    wanted_db = -np.maximum(0.0, over_db) * (1.0 - 1.0 / ratio)
    return np.asarray(10.0 ** (followed(wanted_db, attack_ms / block_ms, release_ms / block_ms) / 20.0))


def _rounded(told: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in told.items()}
