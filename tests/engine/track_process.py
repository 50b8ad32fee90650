"""One process of a track model's training, alone or among several: weights after some steps."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from engine.training.codec.parallel import Place, placed
from engine.training.corpus.reading import Corpus
from tests.engine.track_training import CONFIG, material_of, trainer

STEPS = 4
USUAL = replace(CONFIG, context_from=0.0, given_from=0.5, masked_share=0.5, steps=STEPS)
ALONE = replace(USUAL, only_giving_way=True)


def trained(folder: Path, place: Place) -> dict[str, dict[str, Tensor]]:
    """Each process draws its own windows. `begun`: what all begin with."""
    made = material_of(Corpus.open(folder / "corpus"), folder / "cache", folder, "bass")
    found = {}
    for name, config in (("usual", USUAL), ("alone", ALONE)):
        one = trainer(made, config, place)
        found["begun"] = {key: value.clone() for key, value in one.model.state_dict().items()}
        for _ in range(STEPS):
            one.step()
        found[name] = one.model.state_dict()
    return found


def main(folder: Path) -> None:
    with placed("cpu") as place:
        torch.save(trained(folder, place), folder / f"rank{place.rank}.pt")
        place.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
