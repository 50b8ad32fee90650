"""numpy reads how many threads it computes with once, as it is imported."""

import os
import subprocess
import sys

import pytest

CODE = "import os, sys, bridge; print(os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules)"


@pytest.mark.parametrize(("told", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_it_is_one_unless_it_is_told_otherwise_and_numpy_comes_after(told, threads):
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"} | told
    asked = [sys.executable, "-c", CODE]
    ran = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [threads, "False"]
