"""A tiny corpus and a tiny codec that the tests of training share."""

import json
from dataclasses import replace

import numpy as np
import soundfile
import torch

from engine.model.codec.codec import build_codec
from engine.model.codec.config import config_named
from engine.training.codec.batches import StemPieces
from engine.training.codec.config import TrainingConfig
from engine.training.codec.parallel import Place
from engine.training.codec.trainer import CodecTrainer
from engine.training.corpus.reading import FORMAT, HEAD, SONGS, Corpus

RATE, SECONDS = 44_100, 1.0
CONFIG = TrainingConfig(steps=8, batch_size=2, seconds=0.2, unquantised_steps=3, warmup_steps=2)


def tones_corpus(folder):
    """Two songs of decaying tones in each split."""
    folder.mkdir()
    (folder / HEAD).write_text(json.dumps({"format": FORMAT, "sample_rate": RATE}))
    rng = np.random.default_rng(5)
    for split in ("train", "held_out"):
        shard = folder / split / "00000"
        shard.mkdir(parents=True)
        lines = []
        for number in range(2):
            time = np.arange(int(RATE * SECONDS)) / RATE
            tone = 0.5 * np.sin(2 * np.pi * rng.uniform(80, 600) * time) * np.exp(-3 * (time % 0.25))
            name = f"{number:04d}_drums.flac"
            soundfile.write(shard / name, np.stack([tone, 0.7 * tone], 1), RATE, subtype="PCM_16")
            track = {"file": name, "score": "", "samples": len(tone), "source": "own:test"}
            lines.append(json.dumps({"song": str(number), "tracks": {"drums": track}}))
        (shard / SONGS).write_text("\n".join(lines) + "\n")
    return Corpus.open(folder)


def pieces(corpus, config=CONFIG):
    samples = round(config.seconds * 75) * 588
    return StemPieces(corpus.stems("train", ("drums",)), config.batch_size, samples, config.seed)


def trainer(corpus, config=CONFIG, channels=2, precision="float32"):
    torch.manual_seed(config.seed)
    codec = build_codec(replace(config_named("debug"), channels=channels))
    return CodecTrainer(codec, config, pieces(corpus, config), Place(torch.device("cpu"), precision))
