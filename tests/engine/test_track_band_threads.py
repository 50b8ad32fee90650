"""Tracks that are performed at once share the machine's cores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch

from engine.config import ModelConfig
from engine.model.track import band as band_module
from engine.model.track.band import Band
from engine.model.track.hearing import Codecs, Hearing
from engine.model.track.weights import save_track_model
from engine.performing import Part, Watch
from engine.track_models import TrackModels
from tests.engine.track_parts import debug_codec, debug_model, score


def test_parts_that_are_performed_at_once_share_the_cores(tmp_path):
    codec = debug_codec()
    save_track_model(debug_model(codec, "drums"), tmp_path / "track_drums.safetensors", codec=codec)
    band, used, before = Band(tmp_path), [], torch.get_num_threads()
    band.codecs = Codecs(lambda name: codec)
    band.hearing, band.cores, band.threads = Hearing(band.codecs), 8, 4
    watch = Watch(lambda share: used.append(torch.get_num_threads()), lambda: False, lambda audio: None)
    with ThreadPoolExecutor(1) as pool:
        for together in (1, 3, 16):
            pool.submit(band.perform, Part("drums", score(bars=1), together=together), watch).result()
            assert set(used) == {max(1, min(4, 8 // together))}
            used.clear()
    assert torch.get_num_threads() == before  # other threads keep theirs


def test_one_performance_leaves_the_daw_most_cores_unless_it_is_told_how_many(monkeypatch):
    for cores, threads in ((1, 1), (2, 1), (7, 1), (8, 2), (32, 8)):
        monkeypatch.setattr(band_module, "cores_here", lambda cores=cores: cores)
        assert Band().threads == threads
    assert Band(threads=3).threads == 3
    monkeypatch.undo()
    first = Band()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(first.share_cores, 64).result()
        assert pool.submit(lambda: Band().cores).result() == first.cores, "one Band lowers no other's"
    assert TrackModels(config=ModelConfig(threads=3)).band().threads == 3
