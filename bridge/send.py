"""`resonantgen send ADDRESS ARGS`: one message to a running engine, and what it answers."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence

from bridge.client import Client, Message
from bridge.osc_spec import INPUTS, Row

DONE, FAILED, NO_ENGINE = 0, 1, 2
ANSWER_S = 1.5  # a running engine answers a ping in milliseconds
FIRST_PING, BARRIER = 1, 2
INT64_LOW, INT64_HIGH = -(2**63), 2**63 - 1  # what OSC can carry
UNSAID = ("/rg/pong",)
Value = int | float | str


def send(address: str, args: Sequence[str], host: str, port: int, wait_s: float) -> int:
    """Send, print the answers, and return 0 done, 1 refused or not finished in time, 2 no engine.

    A message that is not asynchronous has done its work when the ping sent after it is answered.
    """
    try:
        client = Client(port, host)
        client.send("/rg/ping", FIRST_PING)
        if not _answered(client, FIRST_PING):
            return _no_engine(host, port, "nothing answers")
    except OSError as error:
        return _no_engine(host, port, str(error))
    try:
        return _converse(client, address, typed(find_row(address), args), wait_s)
    finally:
        client.close()


def find_row(address: str) -> Row | None:
    """The contract's row of an address, whatever its track is called; None where there is none."""
    parts = address.split("/")
    if parts[1:3] == ["rg", "track"] and len(parts) > 4:
        parts[3] = "{t}"
    return INPUTS.get("/".join(parts))


def typed(row: Row | None, words: Sequence[str]) -> list[Value]:
    """Words of the command line as the row types them; those beyond it as what they look like."""
    types = [arg.type for arg in row.args] if row else []
    types += ["?"] * (len(words) - len(types))
    return [_convert(word, kind) for word, kind in zip(words, types, strict=False)]


def _convert(word: str, kind: str) -> Value:
    """A word that does not fit stays a text: the engine says what is allowed."""
    wanted: tuple[type[int] | type[float], ...] = {"s": (), "f": (float,)}.get(kind, (int, float))
    for number in wanted:
        with contextlib.suppress(ValueError):
            value = number(word)
            if isinstance(value, float) or INT64_LOW <= value <= INT64_HIGH:
                return value
    return word


def _converse(client: Client, address: str, args: list[Value], wait_s: float) -> int:
    row = find_row(address)
    request_id = None
    if row is not None and row.request_arg:
        if len(args) <= len(row.args):
            args = [*args, 1]
        request_id = args[-1]
    client.send(address, *args)
    if request_id is None and address != "/rg/sync":
        client.send("/rg/ping", BARRIER)
    refused = False
    for message in client.messages(wait_s):
        if message.address not in UNSAID:
            print(shown(message), flush=True)
        refused = refused or message.address == "/rg/fail"
        if refused or _is_end(message, address, request_id):
            return FAILED if refused else DONE
    if address == "/rg/quit":
        return DONE
    print(f"not finished after {wait_s:g} s", file=sys.stderr)
    return FAILED


def _is_end(message: Message, address: str, request_id: Value | None) -> bool:
    if request_id is not None:
        return message.address == "/rg/done" and message.args[:2] == (address, request_id)
    if address == "/rg/sync":
        return message.address == "/rg/synced"
    return message.address == "/rg/pong" and message.args == (BARRIER,)


def _answered(client: Client, number: int) -> bool:
    return any(m.address == "/rg/pong" and m.args == (number,) for m in client.messages(ANSWER_S))


def shown(message: Message) -> str:
    """A message as one would type it: texts that are empty or hold blanks in quotes."""
    return " ".join([message.address, *map(_word, message.args)])


def _word(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"  # what a 32-bit float holds
    return f'"{value}"' if isinstance(value, str) and (not value or " " in value) else str(value)


def _no_engine(host: str, port: int, why: str) -> int:
    print(
        f"no engine at {host}:{port} ({why}); start one with: resonantgen serve --port {port}",
        file=sys.stderr,
    )
    return NO_ENGINE
