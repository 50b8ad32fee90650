"""The contract as a Markdown table, for the README."""

from __future__ import annotations

from bridge.osc_spec import ROWS, SERVER_REPLIES, Arg, Row


def contract_table() -> str:
    """Every row: address, arguments with their ranges, direction, meaning."""
    lines = ["| Address | Arguments | | Meaning |", "|---|---|---|---|"]
    for row in ROWS:
        cells = (f"`{row.address}`", _args(row.args, row.request_arg), _direction(row), row.meaning)
        lines.append(_line(*cells))
        if row.address in SERVER_REPLIES:
            lines.append(_line("", _args(SERVER_REPLIES[row.address], False), "out", "the answer"))
    return "\n".join(lines) + "\n"


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _direction(row: Row) -> str:
    if row.is_input and (row.event is not None or row.address in SERVER_REPLIES):
        return "in, out"
    return "in" if row.is_input else "out"


def _args(args: tuple[Arg, ...], has_request: bool) -> str:
    texts = [_arg(arg) for arg in args] + (["[i:req]"] if has_request else [])
    return ", ".join(f"`{text}`" for text in texts)


def _arg(arg: Arg) -> str:
    text = f"{arg.type}:{arg.name}{_allowed(arg)}"
    return f"[{text}]" if arg.optional else text


def _allowed(arg: Arg) -> str:
    if arg.choices:
        return " " + "|".join(arg.choices)
    ends = ".." if arg.low is None else f"{arg.low:g}.."
    ends += "" if arg.high is None else f"{arg.high:.10g}"
    return ("" if ends == ".." else f" {ends}") + (f" {arg.unit}" if arg.unit else "")
