"""How a script in REAPER starts the engine: the full path of the command, as this installation has it.

REAPER runs programs without the user's PATH, so `resonantgen install reaper` writes the path down.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

COMMAND = "resonantgen"


def engine_command() -> bytes:
    """One line: the path of the command that this Python has beside it, or that the user's PATH finds.

    Empty where there is none: the script then says how to start the engine by hand.
    """
    beside = Path(sys.executable).parent
    found = shutil.which(COMMAND, path=str(beside)) or shutil.which(COMMAND)
    return f"{found}\n".encode() if found else b""
