"""A picture: made without a screen, and written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EngineError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width_inch: float, height_inch: float) -> Figure:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise EngineError(
            "not_available", f'pictures need matplotlib ({error}); pip install "resonantgen[train]"'
        ) from error
    figure = Figure(figsize=(width_inch, height_inch), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_png(figure: Figure, out: Path) -> None:
    """Under another name first: somebody may be looking at the last picture."""
    part = out.with_name(out.name + ".part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(part, format="png", metadata={"Software": None})
        part.replace(out)
    except OSError as error:
        raise EngineError("disk", f"{out} cannot be written ({error})") from error
