"""The readers of prompts that the settings ask for, put together: words like known ones, a language model."""

from __future__ import annotations

from functools import lru_cache

from bridge.chat_completions import ChatCompletions
from engine.config import PromptConfig
from engine.errors import EngineError
from engine.prompt.embeddings import HOW, SimilarWords, missing
from engine.prompt.language_model import LanguageModel
from engine.prompt.understanding import Understanding


def understanding_of(config: PromptConfig) -> Understanding:
    """Loads the word vectors in the background; asks no server before there is a prompt.

    EngineError `not_available` where `embeddings = "on"` and the extra is not here, `range` for a language
    model on another machine.
    """
    return Understanding(_words(config), _model(config))


def _words(config: PromptConfig) -> SimilarWords | None:
    absent = missing()
    if config.embeddings == "off" or (absent and config.embeddings == "auto"):
        return None
    if absent:
        raise EngineError("not_available", f'embeddings = "on", but {", ".join(absent)} is not here; {HOW}')
    return _loading_words()


@lru_cache(maxsize=1)
def _loading_words() -> SimilarWords:
    """One for the process: it is the same for every engine in it."""
    from platformdirs import user_cache_path

    words = SimilarWords(user_cache_path("resonantgen", appauthor=False))
    words.start()
    return words


def _model(config: PromptConfig) -> LanguageModel | None:
    if not config.language_model_url:
        return None
    ask = ChatCompletions(config.language_model_url, config.language_model)
    return LanguageModel(
        ask,
        config.language_model_timeout_s,
        config.language_model_min_characters,
        config.language_model_waits,
    )
