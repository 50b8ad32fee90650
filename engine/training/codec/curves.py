"""The curves of a training run, as a picture to look at while it runs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

from engine.errors import EngineError
from engine.training.codec.picture import new_figure, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

# Groups of measures ("loss" of "loss/mel") in the order of their panels. TOGETHER: one unit, so one panel.
ORDER = ("loss", "held_out", "codebook", "share", "norm")
TOGETHER = ("codebook", "share", "norm")
COLOURS = {"loss": "#1d4ed8", "held_out": "#15803d", "norm": "#7c3aed"}
OTHER = "#475569"
COLUMNS = 4
SMOOTHED = 16  # a curve is smoothed over this part of its points
WIDE = 20.0  # values further apart than this factor are drawn on a logarithmic scale


@dataclass(frozen=True)
class Curve:
    """One measure over the run; lines of the file without it are left out."""

    name: str
    steps: Floats
    values: Floats

    @property
    def group(self) -> str:
        """ "loss" of "loss/mel"."""
        return self.name.split("/")[0] if "/" in self.name else ""

    @property
    def panel(self) -> str:
        """Whose panel it is drawn in: "held_out/mel" for "held_out/drums/mel", where each role is a line."""
        if self.group in TOGETHER:
            return self.group
        parts = self.name.split("/")
        return f"{parts[0]}/{parts[-1]}" if len(parts) > 2 else self.name

    @property
    def label(self) -> str:
        """Which line of its panel it is."""
        parts = self.name.split("/")
        return "/".join(parts[1:]) if self.group in TOGETHER else "/".join(parts[1:-1])


def draw_curves(metrics: Path, out: Path) -> None:
    """A PNG of every measure in `metrics`: JSON lines of {"step", "seconds", "loss/mel", "held_out/mel"…}.

    Lines that are not whole are passed over (the last one may be in the making), and those of steps that a
    resumed run did once more. EngineError `not_found`, `empty` without a whole line, `not_available`.
    """
    lines = read_metrics(metrics)
    curves = curves_of(lines)
    panels = _panels(curves)
    rows = math.ceil(len(panels) / COLUMNS)
    figure = new_figure(3.5 * COLUMNS, 2.3 * rows + 0.5)
    for axes, panel in zip(figure.subplots(rows, COLUMNS, squeeze=False).flat, panels, strict=False):
        _draw_panel(axes, panel)
        axes.set_xlim(0, lines[-1]["step"] * 1.02 + 1)
    for axes in figure.axes[len(panels) :]:
        axes.set_axis_off()
    last = lines[-1]
    minutes = float(last.get("seconds", 0.0)) / 60.0
    figure.suptitle(f"{metrics.parent.name}: step {last['step']:,}, {minutes:,.1f} minutes", fontsize=11)
    save_png(figure, out)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The whole lines in order of their steps, those of the same step as one."""
    try:
        texts = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise EngineError("not_found", f"{path} cannot be read ({error})") from error
    lines: list[dict[str, Any]] = []
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if not isinstance(line, dict) or not isinstance(line.get("step"), int):
            continue
        # A run that was resumed writes the steps after its checkpoint once more.
        while lines and lines[-1]["step"] > line["step"]:
            lines.pop()
        if lines and lines[-1]["step"] == line["step"]:
            lines[-1] |= line
        else:
            lines.append(line)
    if not lines:
        raise EngineError("empty", f"{path} has no whole line yet")
    return lines


def curves_of(lines: Sequence[dict[str, Any]]) -> list[Curve]:
    """The finite values of each measure, in order of their groups."""
    names = dict.fromkeys(name for line in lines for name in line if name not in ("step", "seconds"))
    found = []
    for name in names:
        points = [(line["step"], line[name]) for line in lines if _is_number(line.get(name))]
        if points:
            steps, values = np.array(points, dtype=np.float64).T
            found.append(Curve(name, steps, values))
    return sorted(found, key=lambda curve: ORDER.index(curve.group) if curve.group in ORDER else len(ORDER))


def smoothed(values: Floats) -> Floats:
    """The middle of its neighbours, then their mean: one wild step leaves no trace, and nothing lags."""
    width = max(1, len(values) // SMOOTHED) | 1
    return np.asarray(uniform_filter1d(median_filter(values, width), width))


def _panels(curves: Sequence[Curve]) -> list[list[Curve]]:
    panels: dict[str, list[Curve]] = {}
    for curve in curves:
        panels.setdefault(curve.panel, []).append(curve)
    return list(panels.values())


def _draw_panel(axes: Axes, panel: Sequence[Curve]) -> None:
    alone = len(panel) == 1
    shown = [smoothed(c.values) if c.group != "held_out" else c.values for c in panel]
    for index, (curve, values) in enumerate(zip(panel, shown, strict=True)):
        colour = COLOURS.get(curve.group, OTHER) if alone else f"C{index % 10}"
        marker = "o" if curve.group == "held_out" or len(values) == 1 else None
        if alone:
            axes.plot(curve.steps, curve.values, color=colour, alpha=0.25, linewidth=0.7)
        width = 1.5 if alone else 1.2
        axes.plot(
            curve.steps, values, color=colour, linewidth=width, marker=marker, markersize=3, label=curve.label
        )
    _scale(axes, panel, shown)
    if alone:
        axes.set_title(f"{panel[0].name}   {shown[0][-1]:.4g}", fontsize=9, loc="left")
    else:
        axes.set_title(panel[0].panel, fontsize=9, loc="left")
        axes.legend(fontsize=6, ncols=2, framealpha=0.5, handlelength=1.2, columnspacing=0.8)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.25, which="both")
    axes.yaxis.get_offset_text().set_fontsize(6)


def _scale(axes: Axes, panel: Sequence[Curve], shown: Sequence[Floats]) -> None:
    """Room for all of the smoothed curve and nearly all of the points: an outlier flattens nothing."""
    if panel[0].group == "share":
        axes.set_ylim(0.0, 1.0)
        return
    points = panel[0].values if len(panel) == 1 else np.concatenate(shown)
    low = min(float(np.percentile(points, 1)), *(float(values.min()) for values in shown))
    high = max(float(np.percentile(points, 99)), *(float(values.max()) for values in shown))
    if low > 0 and high / low > WIDE:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.15, high * 1.15)
    elif high > low:
        axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
