"""The script's modules as one file, as Max's js object loads it.

Every module of src/ keeps a scope of its own, and `require("./name")` gives what it exports, as in Max and in
Node; tables (.json) are their content. `main.js` comes last and in the open: its functions are the messages
that the js object understands. Max's own `require`, a global, is not touched.
"""

from __future__ import annotations

import json

from max_for_live.sources import script_names, source_text

MAIN = "main.js"
HEAD = """"use strict";
// {script}: the script of the ResonantGen device, one file from the modules of max_for_live/src.

var modules = {{}};
var loaded = {{}};

function module_of(path) {{
    var name = path.replace("./", "");
    if (!loaded.hasOwnProperty(name)) {{
        loaded[name] = {{exports: {{}}}};
        modules[name](loaded[name], loaded[name].exports, module_of);
    }}
    return loaded[name].exports;
}}
"""


def bundled_script(script: str) -> str:
    """The whole script. ASCII, so that no encoding can harm it."""
    parts = [HEAD.format(script=script)]
    for name in script_names():
        if name != MAIN:
            parts.append(_module(name, source_text(f"src/{name}")))
    main = _without_head(source_text(f"src/{MAIN}")).replace("require(", "module_of(")
    parts.append(f"\n// --- {MAIN}\n\n{main}")
    text = "".join(parts)
    assert text.isascii()
    return text


def _module(name: str, text: str) -> str:
    key = name.removesuffix(".js")
    if name.endswith(".json"):
        body = f"    module.exports = {json.dumps(json.loads(text))};\n"
    else:
        body = _without_head(text)
    return f'\n// --- {name}\n\nmodules["{key}"] = function (module, exports, require) {{\n{body}}};\n'


def _without_head(text: str) -> str:
    """One "use strict" at the top of the file serves all."""
    return text.removeprefix('"use strict";\n').lstrip("\n")
