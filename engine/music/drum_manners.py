"""The ways of drumming that a prompt may ask for, and patterns of voices that no pattern of a genre has."""

from __future__ import annotations

# Patterns of voices that a prompt may want and no pattern of the genre has.
WANTED = {
    "kick": "X... .... X... ....", "snare": ".... X... .... X...", "clap": ".... X... .... X...",
    "rim": "...x ..x. .... x...", "closed_hat": "x.x. x.x. x.x. x.x.", "open_hat": "..x. ..x. ..x. ..x.",
    "pedal_hat": ".... x... .... x...", "ride": "x.x. x.x. x.x. x.x.", "crash": "X... .... .... ....",
    "shaker": "xgog xgog xgog xgog", "tambourine": "..x. ..x. ..x. ..x.", "cowbell": "x... x... x... x.x.",
    "conga": "..x. .ox. ..x. oxo.", "bongo": "xogo xogo xogo xogo", "clave": "x..x ..x. ..x. x...",
    "low_tom": ".... .... ..x. .x.x", "mid_tom": ".... .... x... ....", "high_tom": ".... ..x. .... ....",
}  # fmt: skip


def _four_on_the_floor(pattern: dict[str, str]) -> dict[str, str]:
    return {**pattern, "kick": "X... X... X... X..."}


def _half_time(pattern: dict[str, str]) -> dict[str, str]:
    """The backbeat on the third beat, the kick on the first."""
    back = "clap" if "clap" in pattern and "snare" not in pattern else "snare"
    rest = {voice: steps for voice, steps in pattern.items() if voice not in ("kick", "snare", "clap")}
    return {**rest, "kick": "X... ..3. .... ..4.", back: ".... .... X... ...."}


def _double_time(pattern: dict[str, str]) -> dict[str, str]:
    """A backbeat on every off-beat eighth."""
    rest = {voice: steps for voice, steps in pattern.items() if voice not in ("kick", "snare", "clap")}
    return {**rest, "kick": "X... X... X... X...", "snare": "..X. ..X. ..X. ..X."}


def _one_drop(pattern: dict[str, str]) -> dict[str, str]:
    rest = {voice: steps for voice, steps in pattern.items() if voice not in ("kick", "snare", "clap")}
    return {**rest, "kick": ".... .... X... ....", "rim": ".... .... x... ...."}


def _breakbeat(pattern: dict[str, str]) -> dict[str, str]:
    rest = {voice: steps for voice, steps in pattern.items() if voice not in ("kick", "snare", "clap")}
    return {
        **rest,
        "kick": "X.x. .... ..xx .... | X.x. .... ..x. .x..",
        "snare": ".... X..g .g.. X..g | .... X..g .g.. ..X.",
    }


MANNERED = {
    "four_on_the_floor": _four_on_the_floor, "half_time": _half_time, "double_time": _double_time,
    "one_drop": _one_drop, "breakbeat": _breakbeat,
}  # fmt: skip
