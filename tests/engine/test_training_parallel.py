"""Where a run computes, and that several processes learn what one does."""

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from engine.errors import EngineError
from engine.training.codec.parallel import Place, chosen_device, chosen_precision, placed, ranks
from tests.engine.track_training import codecs_folder, ducked_corpus, material_of
from tests.engine.training_process import ITEMS, STEPS, trained

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_that_is_not_there_is_refused_with_what_there_is():
    for name in ("cuda", "cuda:1"):
        with pytest.raises(EngineError) as caught:
            chosen_device(name)
        assert caught.value.code == "not_available" and f"cpu ({os.cpu_count()} cores)" in caught.value.text
    assert chosen_device("auto") == chosen_device("cpu") == CPU


def test_of_two_gpus_each_process_takes_its_own_and_a_third_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"model {index}")
    assert [str(chosen_device("auto", rank)) for rank in (0, 1)] == ["cuda:0", "cuda:1"]
    assert str(chosen_device("cuda:1", 0)) == "cuda:1" and chosen_device("cpu", 1) == CPU
    with pytest.raises(EngineError) as caught:
        chosen_device("cuda", 2)
    assert caught.value.code == "not_available" and "2 GPUs: cuda:0 (model 0)" in caught.value.text


@pytest.mark.parametrize("name", ["cudo", "cuda:x", "cpu:1", "cuda:", ""])
def test_a_word_that_is_no_device_is_refused(name):
    with pytest.raises(EngineError) as caught:
        chosen_device(name)
    assert caught.value.code == "unknown"


def test_the_precision_is_float32_on_a_cpu_unless_told_otherwise():
    assert chosen_precision("auto", CPU) == "float32"
    product = {}
    for name in ("float32", "bfloat16"):
        with Place(CPU, chosen_precision(name, CPU)).autocast():
            product[name] = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    assert product == {"float32": torch.float32, "bfloat16": torch.bfloat16}
    with pytest.raises(EngineError) as caught:
        chosen_precision("bfloat", CPU)
    assert caught.value.code == "unknown" and "bfloat16" in caught.value.text


def test_ranks_are_those_of_torchrun():
    assert ranks({}) == (0, 0, 1)
    assert ranks({"RANK": "5", "LOCAL_RANK": "1", "WORLD_SIZE": "8"}) == (5, 1, 8)
    for wrong in ({"RANK": "x"}, {"RANK": "2", "WORLD_SIZE": "2"}, {"WORLD_SIZE": "0"}, {"WORLD_SIZE": "-1"}):
        with pytest.raises(EngineError) as caught:
            ranks(wrong)
        assert caught.value.code == "range"


def test_several_processes_without_a_place_to_meet_are_refused(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(EngineError) as caught, placed("cpu"):
        pass
    assert caught.value.code == "not_available" and "torchrun" in caught.value.text


@contextmanager
def two_processes(module, folder):
    """Both of them run `module` with `folder`, and are well at the end."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    common = os.environ | {
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    started = [
        subprocess.Popen(
            [sys.executable, "-m", module, str(folder)],
            cwd=ROOT, env=common | {"RANK": str(rank), "LOCAL_RANK": str(rank)}, stderr=subprocess.PIPE,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        yield
        for process in started:
            _, errors = process.communicate(timeout=600)
            assert process.returncode == 0, errors.decode()
    finally:
        for process in started:
            process.kill()


def told_by(folder):
    return (torch.load(folder / f"rank{rank}.pt", weights_only=True) for rank in range(2))


def test_two_processes_learn_what_one_learns(tmp_path):
    """On two halves of the data as one on the whole; in the adversarial game, on the same data."""
    with two_processes("tests.engine.training_process", tmp_path):
        alone = {name: trained(Place(CPU), name == "game") for name in ("parts", "game")}
    assert (tmp_path / "done").exists()
    first, second = told_by(tmp_path)
    for name, wanted in alone.items():
        for key in wanted.keys() - {"counted", "drawn"}:
            assert torch.equal(first[name][key], second[name][key]), key
            torch.testing.assert_close(first[name][key], wanted[key], rtol=1e-4, atol=1e-6)
        assert first[name]["drawn"].tolist() == second[name]["drawn"].tolist() == [5.0, 5.0]
    assert alone["parts"]["counted"].tolist() == [STEPS * ITEMS, STEPS]
    assert first["parts"]["counted"].tolist() == [STEPS * ITEMS, 2 * STEPS]
    assert first["game"]["counted"].tolist() == [2 * STEPS * ITEMS, 2 * STEPS]


def test_two_processes_train_one_track_model(tmp_path):
    """On windows of their own, with losses that come through the whole model and with one that does not."""
    material_of(ducked_corpus(tmp_path / "corpus"), tmp_path / "cache", codecs_folder(tmp_path), "bass")
    with two_processes("tests.engine.track_process", tmp_path):
        pass
    first, second = told_by(tmp_path)
    for name in ("usual", "alone"):
        for key, value in first[name].items():
            assert torch.equal(value, second[name][key]), (name, key)
        assert any(not torch.equal(value, first["begun"][key]) for key, value in first[name].items())
