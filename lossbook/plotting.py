"""Draws arrays on the axes it is given; computes nothing.

The same colour means the same thing throughout the book: ask for a role (``"data"``, ``"model"``, ``"loss"`` ...), not for a colour.
``figure`` makes a figure in the book's style without touching matplotlib's global settings, and every drawing function takes
the axes first and returns the artist it has drawn.

======================  =====================================================================
``figure``              a figure and its axes, in the book's style and size
``style``               the style alone, as a context manager
``COLORS``              role -> colour;  ``CLASS_COLORS``, ``CLASS_MARKERS`` by class
``label_axes``          names and units of the axes
``points``              measurements
``class_points``        measurements in the colour and the marker of their class
``curve``               a function
``band``                the area between two curves
``residuals``           the vertical segments between target and prediction
``vertical_densities``  densities of y drawn sideways at given x
``bars``, ``stems``     a probability mass function, counts
``contours``            a function of two variables
``decision_regions``    the class predicted at each point of a grid
``reference_line``      a vertical or horizontal line to compare with
``reliability``         observed frequency against predicted probability
``legend``              the legend
======================  =====================================================================
"""

from contextlib import AbstractContextManager
from types import MappingProxyType

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_rgb
from matplotlib.figure import Figure

__all__ = [
    "CLASS_COLORS",
    "CLASS_MARKERS",
    "COLORS",
    "band",
    "bars",
    "class_points",
    "contours",
    "curve",
    "decision_regions",
    "figure",
    "label_axes",
    "legend",
    "points",
    "reference_line",
    "reliability",
    "residuals",
    "stems",
    "style",
    "vertical_densities",
]

PAPER = "#fdfcf8"
INK = "#222222"

COLORS = MappingProxyType(
    {
        "data": "#0072b2",
        "truth": "#0072b2",
        "model": "#d55e00",
        "prediction": "#d55e00",
        "residual": "#c0588f",
        "likelihood": "#00875f",
        "loss": "#a3459b",
        "gradient": "#8a6d00",
        "highlight": "#d62f5b",
        "reference": "#767676",
    }
)
CLASS_COLORS = ("#0072b2", "#d55e00", "#00875f", "#a3459b")
CLASS_MARKERS = ("o", "^", "s", "D")

_STYLE = {
    "figure.facecolor": PAPER,
    "figure.edgecolor": PAPER,
    "figure.dpi": 224,
    "figure.constrained_layout.use": True,
    "savefig.facecolor": PAPER,
    "savefig.edgecolor": PAPER,
    "savefig.dpi": "figure",
    "axes.facecolor": PAPER,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e3e0d8",
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "text.color": INK,
    "text.usetex": False,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "mathtext.fontset": "stix",
    "legend.fontsize": 9,
    "legend.frameon": True,
    "legend.framealpha": 0.9,
    "legend.edgecolor": "none",
    "legend.facecolor": PAPER,
    "lines.linewidth": 2.0,
}


def style() -> AbstractContextManager:
    """The book's style as a context manager; matplotlib's settings are as before when it ends."""
    return mpl.rc_context(_STYLE)


def figure(
    rows: int = 1,
    columns: int = 1,
    *,
    height: float = 3.55,
    share_x: bool = False,
    share_y: bool = False,
) -> tuple[Figure, Axes | np.ndarray]:
    """A figure as wide as the text column, in the book's style, and its axes.

    Returns
    -------
    tuple
        The figure, and one Axes, or an array of Axes of shape (columns,), (rows,) or (rows, columns).
    """
    with style():
        return plt.subplots(rows, columns, figsize=(6.05, height), sharex=share_x, sharey=share_y)


def label_axes(
    ax: Axes,
    *,
    x: str,
    y: str,
    x_unit: str | None = None,
    y_unit: str | None = None,
    title: str | None = None,
) -> None:
    """Name the axes, with units: ``x="flipper length", x_unit="mm"`` reads "flipper length (mm)"."""
    ax.set_xlabel(f"{x} ({x_unit})" if x_unit else x)
    ax.set_ylabel(f"{y} ({y_unit})" if y_unit else y)
    if title is not None:
        ax.set_title(title)


def points(ax: Axes, x, y, *, role: str = "data", label: str | None = None, size: float = 18):
    """Measurements: one dot for each pair of ``x`` and ``y``, both of shape (N,)."""
    x, y = _same_shape(x=x, y=y)
    return ax.scatter(x, y, s=size, color=_color(role), edgecolor=PAPER, linewidth=0.4, label=label, zorder=3)


def curve(ax: Axes, x, y, *, role: str = "model", label: str | None = None, dashed: bool = False):
    """A function: the line through ``x`` and ``y``, both of shape (N,)."""
    x, y = _same_shape(x=x, y=y)
    (line,) = ax.plot(x, y, color=_color(role), linewidth=2, linestyle="--" if dashed else "-", label=label, zorder=4)
    return line


def band(ax: Axes, x, lower, upper, *, role: str = "model", label: str | None = None):
    """The area between ``lower`` and ``upper`` over ``x``, all of shape (N,)."""
    x, lower, upper = _same_shape(x=x, lower=lower, upper=upper)
    return ax.fill_between(x, lower, upper, color=_color(role), alpha=0.2, linewidth=0, label=label, zorder=2)


def residuals(ax: Axes, x, target, prediction, *, label: str | None = None):
    """The vertical segments from prediction to target at ``x``, all of shape (N,)."""
    x, target, prediction = _same_shape(x=x, target=target, prediction=prediction)
    return ax.vlines(x, prediction, target, color=_color("residual"), linewidth=1.2, label=label, zorder=2)


def vertical_densities(ax: Axes, x, y, density, *, width: float, role: str = "likelihood", label: str | None = None):
    """Densities of y drawn sideways: at each ``x`` (m,), the curve ``density`` (m, k) over the heights ``y`` (m, k).

    The highest of all densities reaches ``width`` to the right of its ``x``, in the units of the x axis.
    """
    x = np.asarray(x, dtype=float)
    y, density = _same_shape(ndim=2, y=y, density=density)
    for position, heights, values in zip(x, y, density, strict=True):
        edge = position + width * values / density.max()
        ax.fill_betweenx(heights, position, edge, color=_color(role), alpha=0.2, linewidth=0, zorder=2, label=label)
        ax.plot(edge, heights, color=_color(role), linewidth=1.2, zorder=3)
        label = None


def class_points(ax: Axes, x, y, labels, *, classes, size: float = 18):
    """Measurements ``x``, ``y`` (N,) in the colour and the marker of their class ``labels`` (N,), one of 0..c-1."""
    x, y, labels = _same_shape(x=x, y=y, labels=labels)
    return [
        ax.scatter(
            x[labels == k],
            y[labels == k],
            s=size,
            color=CLASS_COLORS[k],
            marker=CLASS_MARKERS[k],
            edgecolor=PAPER,
            linewidth=0.4,
            label=name,
            zorder=3,
        )
        for k, name in enumerate(classes)
    ]


def bars(ax: Axes, x, height, *, role: str = "data", label: str | None = None, width: float = 0.8, offset: float = 0.0):
    """Bars of ``height`` (N,) at ``x`` (N,): counts or probabilities.  ``offset`` places two sets side by side."""
    x, height = _same_shape(x=x, height=height)
    return ax.bar(x + offset, height, width=width, color=_color(role), label=label, zorder=2)


def stems(ax: Axes, x, height, *, role: str = "model", label: str | None = None):
    """A probability mass function: a dot of ``height`` (N,) on a thin stem at ``x`` (N,)."""
    x, height = _same_shape(x=x, height=height)
    ax.vlines(x, 0, height, color=_color(role), linewidth=1.5, zorder=3)
    return ax.scatter(x, height, s=24, color=_color(role), edgecolor=PAPER, linewidth=0.4, label=label, zorder=4)


def contours(ax: Axes, x, y, z, *, levels=None, role: str = "likelihood", filled: bool = True):
    """A function of two variables: ``z`` (rows of y, columns of x) over ``x`` and ``y`` (1-D)."""
    x, y, z = (np.asarray(a, dtype=float) for a in (x, y, z))
    map_ = LinearSegmentedColormap.from_list(role, [PAPER, _color(role)])
    if filled:
        ax.contourf(x, y, z, levels=levels, cmap=map_, zorder=0)
    return ax.contour(x, y, z, levels=levels, colors=_color(role), linewidths=0.8, zorder=1)


def decision_regions(ax: Axes, x, y, labels):
    """The class ``labels`` (rows of y, columns of x), one of 0..c-1, predicted over a grid of ``x`` and ``y`` (1-D)."""
    labels = np.asarray(labels)
    c = int(labels.max()) + 1
    tints = ListedColormap([0.78 * np.array(to_rgb(PAPER)) + 0.22 * np.array(to_rgb(h)) for h in CLASS_COLORS[:c]])
    mesh = ax.pcolormesh(x, y, labels, cmap=tints, vmin=-0.5, vmax=c - 0.5, zorder=0, rasterized=True)
    for k in range(1, c):
        ax.contour(x, y, (labels == k).astype(float), levels=[0.5], colors=INK, linewidths=0.6, zorder=1)
    return mesh


def reference_line(ax: Axes, *, x: float | None = None, y: float | None = None, label: str | None = None):
    """A dashed vertical line at ``x`` or a dashed horizontal line at ``y``: exactly one of the two."""
    if (x is None) == (y is None):
        raise ValueError("give exactly one of x (a vertical line) and y (a horizontal line)")
    draw, at = (ax.axvline, x) if y is None else (ax.axhline, y)
    return draw(at, color=_color("reference"), linewidth=1.2, linestyle="--", label=label, zorder=1)


def reliability(ax: Axes, predicted, observed, *, label: str | None = None):
    """A reliability diagram: ``observed`` frequency (m,) against mean ``predicted`` probability (m,), and the diagonal."""
    predicted, observed = _same_shape(predicted=predicted, observed=observed)
    ax.plot([0, 1], [0, 1], color=_color("reference"), linewidth=1.2, linestyle="--", zorder=1)
    (line,) = ax.plot(predicted, observed, "o-", color=_color("prediction"), linewidth=1.5, label=label, zorder=3)
    return line


def legend(ax: Axes, *, loc: str = "best", title: str | None = None):
    """The legend, in the book's style."""
    with style():
        return ax.legend(loc=loc, title=title)


def _color(role: str) -> str:
    if role not in COLORS:
        raise ValueError(f"role must be one of {', '.join(COLORS)}; got {role!r}")
    return COLORS[role]


def _same_shape(*, ndim: int = 1, **arrays) -> list[np.ndarray]:
    """The arrays, after a check that they share one shape of ``ndim`` axes."""
    converted = {name: np.asarray(a) for name, a in arrays.items()}
    shapes = {name: a.shape for name, a in converted.items()}
    if len(set(shapes.values())) != 1 or any(a.ndim != ndim for a in converted.values()):
        given = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"{', '.join(shapes)} must share one shape with {ndim} axes; got {given}")
    return list(converted.values())
