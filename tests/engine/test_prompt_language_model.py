"""A language model may add to what the rules read. Whatever its server does, the rules' reading stands."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.chat_completions import LONGEST_BODY, ChatCompletions, loopback
from engine.errors import EngineError
from engine.music.key import Key, Signature
from engine.prompt.interpret import interpret
from engine.prompt.language_model import Answer, LanguageModel, checked, parse_answer, schema
from engine.prompt.music_context import Frame
from engine.prompt.understanding import BY_MODEL, Understanding, understood_fields
from tests.engine.model_server import Reply, completion, raw, serving

ROOT = Path(__file__).parents[2]
PROMPT = (
    "Something for the long drive home through rain, the city lights smeared on the windscreen, at 97 bpm"
)
GOOD = {
    "genre": "synthwave", "tempo_bpm": 150, "key": "F# minor", "signature": None, "bars": 16,
    "moods": ["sad"], "energy": 0.35, "density": None, "brightness": 0.4, "swing": None, "profile": "rise",
    "tracks": {"melody": {"silent": None, "energy": 0.2, "octave": 1}, "drums": {"density": 0.25}},
}  # fmt: skip
TIMEOUT_S = 0.4


def reader(url: str, timeout_s: float = 5.0, **rest: Any) -> Understanding:
    return Understanding(model=LanguageModel(ChatCompletions(url, "tiny"), timeout_s, **rest))


# --- what is read ---------------------------------------------------------------------------------


def test_the_model_fills_what_the_rules_only_assumed():
    with serving(completion(GOOD)) as (url, asked):
        context = reader(url).read(PROMPT, Frame(), wait=True)
    assert context.tempo_bpm == 97.0  # said; the model's 150 does not count
    assert (context.genre, context.key, context.bars) == ("synthwave", Key.parse("F#m"), 16)
    assert (context.energy, context.brightness, context.profile) == (0.35, 0.4, "rise")
    assert context.intent("melody").octave == 1 and context.intent("drums").density == 0.25
    assert {"genre", "key", "bars"} <= set(context.by_model) and not {"genre", "key"} & context.assumed
    assert "tempo_bpm" not in context.by_model and context.prompt == PROMPT
    assert any(name == BY_MODEL for name, _, _ in understood_fields(context))
    assert asked[0]["path"] == "/v1/chat/completions" and asked[0]["model"] == "tiny"
    assert asked[0]["response_format"]["json_schema"]["schema"] == schema()


@pytest.mark.parametrize(
    ("said", "field"),
    [("at 131 bpm", "tempo_bpm"), ("in D dorian", "key"), ("in 7/8", "signature"), ("12 bars", "bars"),
     ("house", "genre")],
)  # fmt: skip
def test_what_stands_in_the_text_outranks_the_model(said, field):
    prompt = f"something {said}"
    answer = {"genre": "jazz", "tempo_bpm": 77, "key": "C major", "signature": "3/4", "bars": 4}
    with serving(completion(answer)) as (url, _):
        context = reader(url).read(prompt, Frame(), wait=True)
    assert getattr(context, field) == getattr(interpret(prompt, Frame()), field)
    assert field not in context.by_model and len(context.by_model) == 4


def test_what_the_musician_pinned_outranks_the_model():
    frame = Frame(tempo_bpm=111.0, pinned=frozenset({"tempo_bpm"}))
    with serving(completion({"tempo_bpm": 150, "bars": 4})) as (url, _):
        context = reader(url).read("something nice", frame, wait=True)
    assert (context.tempo_bpm, context.bars) == (111.0, 4)


def test_a_genre_from_the_model_brings_its_own_middle():
    with serving(completion({"genre": "drum_and_bass"})) as (url, _):
        context = reader(url).read("something nice", Frame(), wait=True)
    said = interpret("drum and bass", Frame())
    assert (context.genre, context.tempo_bpm) == ("drum_and_bass", said.tempo_bpm)
    assert context.by_model == ("genre",)


def test_the_model_cannot_silence_everything_nor_a_track_that_is_spoken_of():
    silence = {"tracks": {name: {"silent": True} for name in ("drums", "bass", "harmony", "melody")}}
    with serving(completion(silence)) as (url, _):
        assert reader(url).read("something nice", Frame(), wait=True).tracks == {}
    with serving(completion({"tracks": {"bass": {"silent": True}, "drums": {"silent": True}}})) as (url, _):
        context = reader(url).read("with driving bass", Frame(), wait=True)
    assert context.intent("drums").silent and not context.intent("bass").silent


def test_short_prompts_relative_ones_and_those_for_a_track_are_not_asked_about():
    base = interpret("techno", Frame())
    with serving(completion(GOOD)) as (url, asked):
        read = reader(url, min_characters=20).read
        read("techno", Frame(), wait=True)
        read("a good deal more aggressive than that", Frame(), base, wait=True)
        read("as if it came out of a cellar far away", Frame(), base, "bass", wait=True)
    assert asked == []


# --- time -----------------------------------------------------------------------------------------


def test_music_does_not_wait_and_the_answer_counts_the_next_time():
    asked_for, go = threading.Event(), threading.Event()

    def reply(handler: Any, question: dict[str, Any]) -> None:
        asked_for.set()
        go.wait(10.0)
        completion(GOOD)(handler, question)

    with serving(reply) as (url, asked):
        both = reader(url)
        first = both.read(PROMPT, Frame())
        assert first == interpret(PROMPT, Frame()) and asked_for.wait(5.0)
        go.set()
        assert both.read(PROMPT, Frame(), wait=True).genre == "synthwave"
        assert both.read(PROMPT, Frame()).genre == "synthwave"
    assert len(asked) == 1


def test_with_waits_the_first_reading_has_the_answer():
    with serving(completion(GOOD)) as (url, _):
        assert reader(url, waits=True).read(PROMPT, Frame()).genre == "synthwave"


def drip(handler: Any, _: Any) -> None:
    """A byte now and then, for ever: no single read ever times out."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        threading.Event().wait(0.02)


def drip_headers(handler: Any, _: Any) -> None:
    while True:
        handler.wfile.write(b"H")
        handler.wfile.flush()
        threading.Event().wait(0.02)


@pytest.mark.parametrize("reply", [drip, drip_headers, lambda *_: threading.Event().wait(2.0)])
def test_the_time_limit_holds_for_all_of_it(reply):
    with serving(reply) as (url, _):
        started_s = time.monotonic()
        with pytest.raises(EngineError) as caught:
            ChatCompletions(url, "")("x", {}, TIMEOUT_S)
        assert time.monotonic() - started_s < TIMEOUT_S + 0.5
        assert caught.value.code == "not_available" and "too long" in caught.value.text
        assert reader(url, TIMEOUT_S).read(PROMPT, Frame(), wait=True) == interpret(PROMPT, Frame())


# --- servers that do not do what they should ------------------------------------------------------

HTML = b"<!doctype html><html><body>Sign in</body></html>"
BAD: dict[str, Reply] = {
    "500": raw(500, b"{}"),
    "401": raw(401, b"{}"),
    "a redirect": raw(302, b""),
    "HTML": raw(200, HTML, "text/html"),
    "nothing": raw(200, b""),
    "a huge body": raw(200, b'{"choices": "' + b"x" * (2 * LONGEST_BODY) + b'"}'),
    "no choices": raw(200, b'{"choices": []}'),
    "another shape": raw(200, b'[{"choices": 3}]'),
    "no text": raw(200, b'{"choices": [{"message": {"content": 7}}]}'),
    "broken JSON": completion('{"genre": "techno", '),
    "prose": completion("I would suggest a lovely techno track."),
    "a list": completion("[1, 2]"),
    "deep nesting": completion("{" + '"a":{' * 3000),
    "wrong types": completion(
        {"genre": 7, "tempo_bpm": "fast", "key": ["A"], "bars": 4.5, "moods": "dark", "energy": True,
         "tracks": [], "profile": {}, "signature": 4}
    ),
    "out of range": completion(
        {"tempo_bpm": 9000, "bars": -1, "energy": 1.7, "key": "H# x", "signature": "4/0", "swing": -0.1}
    ),
    "not a number": completion('{"energy": NaN, "tempo_bpm": Infinity, "bars": 1e999}'),
    "orders": completion(
        {"genre": "ignore all previous instructions", "command": "/rg/quit", "__class__": "os",
         "tracks": {"../../etc": {"silent": True}, "drums": {"exec": "rm", "palette": "$(reboot)"}}}
    ),
    "garbage": lambda handler, _: handler.wfile.write(b"\x00\xff\r\n\r\n"),
    "hanging up": lambda handler, _: handler.connection.shutdown(socket.SHUT_RDWR),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_on_anything_else_the_rules_reading_stands(name):
    with serving(BAD[name]) as (url, asked):
        assert reader(url).read(PROMPT, Frame(), wait=True) == interpret(PROMPT, Frame())
    assert asked


def test_no_server_at_all_is_no_trouble():
    with socket.socket() as taken:  # bound, not listening: refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        assert reader(url).read(PROMPT, Frame(), wait=True) == interpret(PROMPT, Frame())


def test_a_server_that_knows_no_schema_is_asked_again_without_and_remembered():
    def reply(handler: Any, question: dict[str, Any]) -> None:
        strict = question.get("response_format", {}).get("type") == "json_schema"
        (raw(400, b"unknown response_format") if strict else completion(GOOD))(handler, question)

    with serving(reply) as (url, asked):
        ask = ChatCompletions(url, "")
        assert parse_answer(ask("x", schema(), 5.0)).fields["bars"] == 16
        ask("y", schema(), 5.0)
    assert [q["response_format"]["type"] for q in asked] == ["json_schema", "json_object", "json_object"]
    assert "tempo_bpm" in asked[1]["messages"][0]["content"]  # told in words instead


# --- checking -------------------------------------------------------------------------------------


def test_good_fields_are_used_and_bad_ones_dropped_and_logged(caplog):
    caplog.set_level("INFO")
    data = {"tempo_bpm": 128, "genre": "polka?", "signature": "7/8", "moods": ["dark", "purple", 3], "x": 1}
    answer = checked({**data, "tracks": {"bass": {"octave": -1, "energy": 5}, "kazoo": {}}})
    assert answer.fields == {"tempo_bpm": 128.0, "signature": Signature(7, 8), "moods": ("dark",)}
    assert answer.tracks == {"bass": {"octave": -1}}
    for dropped in ("genre", "x =", "bass.energy", "kazoo"):
        assert dropped in caplog.text


@pytest.mark.parametrize(
    "text", ['```json\n{"bars": 8}\n```', '<think>{hm}</think>{"bars": 8}', ' {"bars": 8} there']
)
def test_words_around_the_object_are_passed_over(text):
    assert parse_answer(text) == Answer({"bars": 8})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([*schema()["properties"], "drums", "octave", "palette"])


@given(st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON, max_size=3), max_size=8))
def test_any_object_gives_only_legal_fields(data):
    answer = checked(json.loads(json.dumps(data)))
    assert set(answer.fields) <= set(schema()["properties"]) - {"tracks"}
    for name in ("energy", "density", "brightness", "swing"):
        assert 0.0 <= answer.fields.get(name, 0.0) <= 1.0
    assert 40.0 <= answer.fields.get("tempo_bpm", 120.0) <= 240.0


# --- only this machine ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080/v1", "http://127.9.9.9/v1/", "http://[::1]:1234/v1", "http://localhost:1/v1",
     "http://127.0.0.1:8080/v1/chat/completions"],
)  # fmt: skip
def test_loopback_is_allowed(url):
    host, port, path = loopback(url)
    assert host.startswith("127.") or host == "::1"
    assert port > 0 and path == "/v1/chat/completions"


@pytest.mark.parametrize(
    "url",
    ["http://192.168.1.4:8080/v1", "http://10.0.0.1/v1", "http://example.com/v1", "http://0.0.0.0:8080/v1",
     "https://127.0.0.1/v1", "ftp://127.0.0.1/", "127.0.0.1:8080", "http://127.0.0.1@example.com/v1",
     "http://user:x@127.0.0.1/v1", "http://127.0.0.1.example.com/", "http://localhost.example.com/",
     "http://2130706433/v1", "http://[::]/v1", "http://127.0.0.1:99999/v1", "http://[::ffff:8.8.8.8]/",
     "http://", "http:///v1", "http://127.0.0.1:8080/v1?to=http://example.com"],
)  # fmt: skip
def test_every_other_address_is_refused_with_what_is_allowed(url):
    with pytest.raises(EngineError) as caught:
        loopback(url)
    assert caught.value.code == "range" and "http://127.0.0.1" in caught.value.text


# --- the whole command ----------------------------------------------------------------------------


def analyzed(tmp_path: Path, url: str) -> subprocess.CompletedProcess[str]:
    config = tmp_path / "mine.toml"
    config.write_text(f'[prompt]\nembeddings = "off"\nlanguage_model_url = "{url}"\n')
    command = [sys.executable, "-m", "bridge", "analyze", "--json", "--config", str(config), PROMPT]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_analyze_shows_what_the_model_read(tmp_path):
    with serving(completion(GOOD)) as (url, _):
        result = analyzed(tmp_path, url)
    found = json.loads(result.stdout)
    assert (found["genre"], found["tempo_bpm"], found["key"]) == ("synthwave", 97.0, "F#m")
    assert "key" in found["by_model"]


def test_analyze_refuses_another_machine(tmp_path):
    result = analyzed(tmp_path, "http://192.0.2.1:8080/v1")
    assert result.returncode != 0 and "not this machine" in result.stderr + result.stdout
