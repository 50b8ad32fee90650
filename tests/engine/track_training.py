"""A tiny corpus of loops with scores and a tiny codec, that the tests of training track models share."""

import json

import numpy as np
import soundfile
import torch

from engine.model.codec.codec import build_codec
from engine.model.codec.config import config_named as codec_named
from engine.model.codec.weights import save_codec
from engine.model.track.config import config_named
from engine.model.track.track_model import TrackModel
from engine.music.key import Key, Signature
from engine.music.score import Hit, Note, Score
from engine.training.codec.parallel import Place
from engine.training.corpus.reading import FORMAT, HEAD, SONGS, Corpus
from engine.training.track.config import TrackTrainingConfig
from engine.training.track.material import codec_files, material
from engine.training.track.trainer import TrackTrainer

ROLES = ("drums", "bass")
TEMPO_BPM, BARS = 236.0, 2  # 89,695 samples: no whole number of frames
DUCK = {"by": "drums kick", "depth_db": 12.0, "attack_ms": 1.0, "hold_ms": 20.0, "release_ms": 60.0}
CONFIG = TrackTrainingConfig(
    steps=9, batch_size=2, seconds=0.32, warmup_steps=2, heard_seconds=0.2, heard_items=1, learning_rate=3e-3
)


def score(role, velocity=100):
    hits = tuple(Hit(float(beat), "kick" if beat % 2 else "snare", velocity) for beat in range(4 * BARS))
    notes = tuple(Note(2.0 * step, 1.5, 40 + step, velocity) for step in range(2 * BARS))
    played = {"hits": hits} if role == "drums" else {"notes": notes}
    return Score(role, TEMPO_BPM, Key(9, "minor"), Signature(4, 4), BARS, "techno", "", **played)


def sound(written):
    """A decaying sine at each onset [N, C=2], a note's at its pitch."""
    time = np.arange(written.length_samples) / 44_100
    tone = np.zeros_like(time)
    for item in (*written.hits, *written.notes):
        since = time - item.start_beats * 60.0 / TEMPO_BPM
        hertz = 440.0 * 2 ** ((getattr(item, "pitch", 38) - 69) / 12)
        tone += np.where(since >= 0, np.sin(2 * np.pi * hertz * since) * np.exp(-4 * np.abs(since)), 0.0)
    return 0.3 * np.stack([tone, 0.8 * tone], 1)


def loops_corpus(folder, roles=ROLES):
    """Two songs of drums and bass in each split; the second has no bass."""
    folder.mkdir(parents=True)
    (folder / HEAD).write_text(json.dumps({"format": FORMAT, "sample_rate": 44_100}))
    for split in ("train", "held_out"):
        shard = folder / split / "00000"
        shard.mkdir(parents=True)
        lines = [song_line(shard, number, roles[: 2 - number]) for number in range(2)]
        (shard / SONGS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Corpus.open(folder)


def ducked_corpus(folder, **effects):
    """Bass beside drums, said to be ducked; kicks on every second beat."""
    corpus = loops_corpus(folder)
    for file in corpus.folder.rglob(SONGS):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            if "bass" in line["tracks"]:
                line["tracks"]["bass"]["effects"] = {"duck": DUCK, **effects}
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return corpus


def song_line(shard, number, roles):
    tracks = {}
    for role in roles:
        written, name = score(role, 70 + 30 * number), f"{number:04d}_{role}"
        soundfile.write(shard / f"{name}.flac", sound(written), 44_100, subtype="PCM_16")
        (shard / f"{name}.json").write_text(written.to_json())
        tracks[role] = {
            "file": f"{name}.flac", "score": f"{name}.json", "samples": written.length_samples,
            "source": "samples:test", "tags": [role, "dark"], "effects": {},
        }  # fmt: skip
    return {"song": number, "bars": BARS, "tags": ["techno"], "tracks": tracks}


def codecs_folder(folder, seed=3):
    """With an untrained codec `debug`."""
    torch.manual_seed(seed)
    save_codec(build_codec(codec_named("debug")), folder / "debug.safetensors")
    return folder


def material_of(corpus, cache, codecs, role="drums"):
    config = config_named(role, "debug")
    return material(corpus, config, cache, codec_files(config, ROLES, codecs), processes=1)


def trainer(made, config=CONFIG, place=None):
    torch.manual_seed(config.seed)
    model = TrackModel(made.config, made.codec.config)
    where = place or Place(torch.device("cpu"))
    return TrackTrainer(model, made.codec, config, made.windows("train", config), where)
