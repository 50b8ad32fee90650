"""What prompts are read with: words, a language model, and the user's own genres."""

from __future__ import annotations

import socket

from bridge.chat_completions import loopback
from bridge.doctor_findings import MISSING, OK, WARN, Finding
from bridge.doctor_packages import installed
from engine.config import Config, genre_folder
from engine.errors import EngineError

CONNECT_S = 0.3


def check_prompt(config: Config) -> list[Finding]:
    """The two readers of prompts beside the rules: both optional."""
    from engine.prompt.embeddings import HOW, missing

    absent = missing()
    words = "words that no list knows are read as ones like them"
    if absent:
        found = f"{', '.join(absent)} is not here: {words} (optional)"
        findings = [Finding("similar words", WARN, found, HOW)]
    elif config.prompt.embeddings == "off":
        findings = [Finding("similar words", OK, 'installed, but off: [prompt] embeddings = "off"')]
    else:
        findings = [Finding("similar words", OK, f"onnxruntime {installed('onnxruntime')}: {words}")]
    return [*findings, _language_model(config)]


def _language_model(config: Config) -> Finding:
    name, url = "language model", config.prompt.language_model_url
    if not url:
        return Finding(name, OK, "none: [prompt] language_model_url names one on this machine (optional)")
    try:
        host, port, _ = loopback(url)
        socket.create_connection((host, port), CONNECT_S).close()
    except EngineError as error:
        return Finding(name, MISSING, error.text)
    except OSError as error:
        how = f"start it, or check [prompt] language_model_url: {url}"
        return Finding(name, WARN, f"{url} cannot be reached: {error}; the rules read alone", how)
    model = config.prompt.language_model or "its own model"
    return Finding(name, OK, f"{url} answers, for {model}")


def check_genres(config: Config) -> list[Finding]:
    """The genres that the user added; a bad one does not hold the others up."""
    from engine.music.genre import bundled_genres
    from engine.music.user_genres import read_genres

    folder = genre_folder(config)
    found, failures = read_genres(folder)
    own = f"{len(found)} of your own ({', '.join(found)})" if found else "none of your own"
    finding = Finding("genres", OK, f"{len(bundled_genres())}, and {own} in {folder}")
    how = "put it right: the genre is left out until then"
    return [finding, *(Finding("genre", WARN, failure, how) for failure in failures)]
