"""Sections whose bars a prompt says are that long."""

import pytest

from engine.music.genre import genre_named
from engine.music.structure import form_of, laid_out
from engine.prompt.interpret import interpret
from engine.prompt.music_context import Frame, MusicContext


def sections(prompt: str, frame: Frame | None = None) -> list[tuple[str, int]]:
    context = interpret(prompt, frame or Frame())
    form = form_of(context, genre_named(context.genre), {}, 1)
    assert form.bars == context.bars == sum(section.bars for section in form.sections)
    return [(section.name, section.bars) for section in form.sections]


@pytest.mark.parametrize(
    ("prompt", "meant"),
    [
        ("dubstep, 8 bar build then drop", [("build", 8), ("drop", 8)]),
        ("trance: intro 4 bars, build 4 bars, drop 16 bars", [("intro", 4), ("build", 4), ("drop", 16)]),
        ("house, intro (2 bars), drop (6 bars)", [("intro", 2), ("drop", 6)]),
        ("16 bars of house, four bar intro, then the drop", [("intro", 4), ("drop", 12)]),
        ("techno, 32 bars, a break of 4 bars", [("main", 8), ("break", 4), ("main", 20)]),
        ("pop, verse then chorus", [("verse", 4), ("chorus", 4)]),
    ],
)
def test_sections_are_as_long_as_the_prompt_says(prompt: str, meant: list[tuple[str, int]]) -> None:
    assert sections(prompt) == meant


def test_sections_that_do_not_fit_in_pinned_bars_share_them() -> None:
    assert sections("8 bar build then drop", Frame(bars=8, pinned=frozenset({"bars"}))) == [
        ("build", 2), ("drop", 6),
    ]  # fmt: skip


def test_a_later_prompt_keeps_the_lengths() -> None:
    base = interpret("dubstep, 8 bar build then drop", Frame())
    context = interpret("darker", Frame(), base)
    assert (context.structure, context.section_bars, context.bars) == (("build", "drop"), (8, 0), 16)
    assert MusicContext.from_json(context.to_json()) == context


@pytest.mark.parametrize("bars", range(2, 40))
def test_lengths_always_fill_the_bars(bars: int) -> None:
    for said in ((), (4, 0, 0), (4, 4, 4), (0, 0, 30)):
        laid = laid_out(("intro", "build", "drop"), bars, 0.5, said)
        assert sum(section.bars for section in laid) == bars
        assert all(section.bars >= 1 for section in laid)
