"""Tracks that are performed at once share the machine's cores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch

from engine.model.track.band import Band
from engine.model.track.hearing import Codecs, Hearing
from engine.model.track.weights import save_track_model
from engine.performing import Part, Watch
from tests.engine.track_parts import debug_codec, debug_model, score


def test_parts_that_are_performed_at_once_share_the_cores(tmp_path):
    codec = debug_codec()
    save_track_model(debug_model(codec, "drums"), tmp_path / "track_drums.safetensors", codec=codec)
    band, used, before = Band(tmp_path), [], torch.get_num_threads()
    band.codecs = Codecs(lambda name: codec)
    band.hearing, band.threads = Hearing(band.codecs), 8
    watch = Watch(lambda share: used.append(torch.get_num_threads()), lambda: False, lambda audio: None)
    with ThreadPoolExecutor(1) as pool:
        for together in (1, 3, 16):
            pool.submit(band.perform, Part("drums", score(bars=1), together=together), watch).result()
            assert set(used) == {max(1, 8 // together)}
            used.clear()
    assert torch.get_num_threads() == before  # other threads keep theirs
