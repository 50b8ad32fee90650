"""One process of a small training run, alone or among several: weights after some steps."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.training.codec.adversarial import Adversary, AdversaryConfig
from engine.training.codec.balancer import Balancer
from engine.training.codec.discriminator import DEBUG, MsStftDiscriminator
from engine.training.codec.parallel import Place, placed

STEPS, ITEMS = 3, 4


def trained(place: Place, adversarial: bool) -> dict[str, Tensor]:
    """Each process takes its part of every batch; in the adversarial game, all of it.

    The part's relative feature loss is not the whole's: only the same data gives the same there.
    """
    torch.manual_seed(0)
    model = nn.Conv1d(2, 2, 9, padding=4)
    spread, optimizer = place.spread(model), torch.optim.SGD(model.parameters(), 0.1)
    adversary = Adversary(MsStftDiscriminator(DEBUG, 2), AdversaryConfig(update_share=1.0), place)
    balancer = Balancer({"near": 1.0, "even": 2.0, "adversarial": 1.0, "features": 1.0}, place=place)
    counted = torch.zeros(2)
    for _ in range(STEPS):
        audio = torch.randn(ITEMS, 2, 300) * torch.rand(ITEMS, 1, 1)
        audio = audio if adversarial else audio[place.rank :: place.processes]
        output = spread(audio)
        losses = {"near": (output - audio).pow(2).mean(), "even": output.abs().mean()}
        if adversarial:
            adversary.step(audio, output)
            losses |= adversary.losses(audio, output)
        optimizer.zero_grad()
        balancer.backward(losses, output, beside=model.weight.pow(2).mean() if not adversarial else None)
        optimizer.step()
        counted += place.total(torch.tensor([float(len(audio)), 1.0]))
    drawn = place.from_first(torch.full((2,), float(place.rank + 5)))
    found = {f"model.{name}": value for name, value in model.state_dict().items()}
    found |= {f"discriminator.{name}": value for name, value in adversary.discriminator.state_dict().items()}
    return found | {"counted": counted, "drawn": drawn}


def main(folder: Path) -> None:
    with placed("cpu") as place:
        results = {name: trained(place, name == "game") for name in ("parts", "game")}
        torch.save(results, folder / f"rank{place.rank}.pt")
        place.wait()
        if place.first:
            (folder / "done").touch()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
