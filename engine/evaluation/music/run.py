"""The whole evaluation: cases in processes, figures in order, a summary against the goals."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import resources
from multiprocessing import get_context
from pathlib import Path

from engine.errors import unknown
from engine.evaluation.extras import check_all
from engine.evaluation.figures import Figure, Goal, Row, goals_of, summary
from engine.evaluation.music import across
from engine.evaluation.music.grid import Case, cases
from engine.evaluation.music.measures import TAKE_PARTS, Measured, measure
from engine.evaluation.music.retakes import again
from engine.music.user_genres import load_user_genres

PARTS = (*TAKE_PARTS, "lock", "distance", "genres")
PROCESSES = 2


@dataclass(frozen=True)
class Result:
    """All that an evaluation found; `pictures` stand in some of `measured`."""

    measured: tuple[Measured, ...]
    figures: tuple[Figure, ...]
    rows: tuple[Row, ...]


def goals() -> tuple[Goal, ...]:
    return goals_of((resources.files(__package__) / "goals.toml").read_text(encoding="utf-8"))


def parts_of(only: str | None) -> tuple[str, ...]:
    """The parts named with commas, or all; EngineError `unknown`."""
    names = tuple(name.strip() for name in only.split(",") if name.strip()) if only else PARTS
    for name in names:
        if name not in PARTS:
            raise unknown("part of the evaluation", name, PARTS)
    return names


def wanted_cases(quick: bool, parts: Sequence[str]) -> tuple[Case, ...]:
    """Those cases that a part asks for."""
    alone, beside = set(parts) & set(TAKE_PARTS), {"distance", "genres"} & set(parts)

    def is_asked(case: Case) -> bool:
        if case.lock:
            return "lock" in parts
        return bool((alone and case.is_measured) or (beside and case.genre and case.signature == "4/4"))

    return tuple(filter(is_asked, cases(quick)))


def evaluate(
    quick: bool,
    parts: Sequence[str],
    told: Callable[[Measured, int, int], None],
    with_pictures: bool = False,
    processes: int = PROCESSES,
    own_genres: Path | None = None,
) -> Result:
    """Measure everything; `told` hears each case as it is ready, in order, with its number and how many.

    `own_genres`: the folder of the user's genres, to be measured among ours.
    """
    check_all()
    if own_genres is not None:
        load_user_genres(own_genres)
    asked = wanted_cases(quick, parts)
    jobs = [(case, tuple(parts), with_pictures and _is_shown(case)) for case in asked]
    measured = []
    for found in _mapped(jobs, min(processes, os.cpu_count() or 1), own_genres):
        measured.append(found)
        told(found, len(measured), len(jobs))
    figures = tuple(figure for found in measured for figure in found.figures)
    figures += tuple(_between(measured, figures, parts))
    return Result(tuple(measured), figures, summary(figures, goals()))


def _is_shown(case: Case) -> bool:
    """One picture a genre, and one of each free prompt."""
    return not case.lock and (case.seed == 1 or not case.genre)


def _mapped(
    jobs: Sequence[tuple[Case, tuple[str, ...], bool]], processes: int, own_genres: Path | None
) -> Iterator[Measured]:
    if processes < 2:
        yield from map(_job, jobs)
        return
    # One thread each: two processes with two threads of linear algebra each are in one another's way.
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    # Not forked: the libraries that measure have threads of their own by then.
    begin = None if own_genres is None else partial(load_user_genres, own_genres)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=begin) as pool:
        yield from pool.map(_job, jobs)


def _job(job: tuple[Case, tuple[str, ...], bool]) -> Measured:
    return measure(*job)


def _between(
    measured: Sequence[Measured], figures: Sequence[Figure], parts: Sequence[str]
) -> Iterator[Figure]:
    if "loudness" in parts:
        yield from across.loudness(figures)
    if "lock" in parts:
        yield from across.lock(measured)
    if "distance" in parts:
        yield from across.distance(measured)
        yield from again()
    if "genres" in parts:
        yield from across.genres(measured)
