"""`resonantgen analyze`: what a prompt means, as a table or as JSON."""

from __future__ import annotations

import json

from engine.prompt.interpret import analyze_fields, interpret
from engine.prompt.music_context import Frame


def analyze(prompt: str, as_json: bool) -> int:
    context = interpret(prompt, Frame())
    if as_json:
        print(json.dumps(json.loads(context.to_json()) | {"key": context.key.name}, ensure_ascii=False))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table("field", "value", "")
    for field, value, assumed in analyze_fields(context):
        table.add_row(field, value, "[dim]assumed[/]" if assumed else "said")
    Console().print(table)
    return 0
