"""Who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUTSIDE = {
    "bridge",
    "socket",
    "socketserver",
    "pythonosc",
    "rtmidi",
    "jack",
    "aiohttp",
    "watchdog",
    "zeroconf",
}


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def test_the_engine_knows_nothing_of_wires():
    offenders = {
        str(path.relative_to(ROOT)): imports_of(path) & OUTSIDE
        for path in (ROOT / "engine").rglob("*.py")
        if imports_of(path) & OUTSIDE
    }
    assert offenders == {}


def test_the_command_line_answers_without_loading_the_engine():
    heavy = ("numba", "librosa", "numpy", "engine.training", "bridge.train", "tarfile", "subprocess")
    code = (
        f"import sys, bridge.__main__ as m; m.build_parser(); print(any(n in sys.modules for n in {heavy}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"


def test_serving_loads_nothing_that_only_measures():
    """What takes seconds to import belongs to the evaluation, or is asked for in the settings.

    The word vectors, where they are installed, bring onnxruntime: on a thread of their own, so that it is
    there some time after they are asked for, and never before.
    """
    heavy = ("librosa", "pyloudnorm", "sklearn", "matplotlib", "onnxruntime", "sonara", "torch", "mir_eval")
    code = f"""
import sys
import bridge.app
bridge.app.warm()
early = set({heavy}) & set(sys.modules)
bridge.app.understanding_of(bridge.app.Config().prompt)
late = set({heavy}) & set(sys.modules)
print(sorted(early | late - {{"onnxruntime"}}))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
