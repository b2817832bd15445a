"""Draws arrays on the axes it is given; computes nothing.

The same colour means the same thing throughout the book.  So ask for a *role* (``"data"``, ``"model"``, ``"loss"``),
not for a colour; where classes are compared, the role is the number of the class.  ``figure`` makes a figure in the
book's style without touching matplotlib's settings.  Every drawing function takes the axes first, checks the shapes and
returns None, so that a notebook cell may end in any of them and show the figure alone.

======================  ======================================================================
``figure``              a figure and its axes, in the book's style and size
``style``               the style alone, as a context manager
``COLORS``              role -> colour; ``CLASS_COLORS`` and ``CLASS_MARKERS`` by class number
``PAPER``, ``INK``      the two colours of the paper a figure is printed on
``label_axes``          names and units of the axes
``legend``              the legend
``note``                a short text beside a point, with an arrow
``points``              measurements
``class_points``        measurements in the colour and the marker of their class
``curve``               a function
``band``                the area between two curves
``residuals``           the vertical segments between target and prediction
``vertical_densities``  densities of y drawn sideways at given x
``histogram``           counts or densities between edges
``bars``, ``stems``     counts; a probability mass function
``contours``            a function of two variables
``matrix``              a table of numbers, the larger the stronger the colour
``decision_regions``    the class preferred at each point of a grid
``reference_line``      a vertical or horizontal line to compare with
``reliability``         observed frequency against predicted probability
======================  ======================================================================

A figure is an opaque sheet of light paper with dark ink: no single ink reads well on light and on dark pages (a
contrast of 4.5 : 1 on white and on #121212 at once is impossible).  The site's dark theme lets light and dark change
places and keeps the hues; so say "the stronger the colour", not "the darker".  Every colour of a role has at least
3 : 1 on the paper, on white and on #121212, and in the dark theme, so that style sheets and live figures can use the
same palette, and any two stay apart with every kind of colour blindness.  Tests measure all this.  Colour never speaks
alone: classes have markers, reference lines are dashed, and legends name things.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType

import matplotlib as mpl
import matplotlib.pyplot as plt
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

__all__ = [
    "CLASS_COLORS",
    "CLASS_MARKERS",
    "COLORS",
    "INK",
    "PAPER",
    "band",
    "bars",
    "class_points",
    "contours",
    "curve",
    "decision_regions",
    "figure",
    "histogram",
    "label_axes",
    "legend",
    "matrix",
    "note",
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

# Seven colours in the narrow range of lightness that has 3 : 1 on white and on #121212.  Roles of one colour share a
# meaning: data are draws from the truth, a prediction is what the model says, a residual is what deserves a look.
_BLUE, _ORANGE, _GREEN, _VIOLET = "#2f6db0", "#e07018", "#00a07a", "#a472f8"
_RASPBERRY, _BROWN, _GREY = "#bd1858", "#84590a", "#686868"

COLORS = MappingProxyType(
    {
        "data": _BLUE,
        "truth": _BLUE,
        "model": _ORANGE,
        "prediction": _ORANGE,
        "likelihood": _GREEN,
        "loss": _VIOLET,
        "gradient": _BROWN,
        "residual": _RASPBERRY,
        "highlight": _RASPBERRY,
        "reference": _GREY,
    }
)
CLASS_COLORS = (_BLUE, _ORANGE, _GREEN, _VIOLET, _BROWN, _RASPBERRY)
CLASS_MARKERS = ("o", "^", "s", "D", "v", "P")

# The text column is 700 CSS pixels wide.  Jupyter adds a margin of 0.1 inch on each side, so that a figure is
# (6.05 + 2 * 0.1) * 224 = 1400 pixels wide: two for each CSS pixel, with letters nearly as large as the text around.
_WIDTH_INCHES, _DPI = 6.05, 224

_STYLE = {
    "figure.figsize": (_WIDTH_INCHES, 3.55),
    "figure.dpi": _DPI,
    "figure.facecolor": PAPER,
    "figure.edgecolor": PAPER,
    "figure.constrained_layout.use": True,
    "savefig.dpi": "figure",
    "savefig.facecolor": PAPER,
    "savefig.edgecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e6e3da",
    "grid.linewidth": 0.6,
    "grid.linestyle": "-",
    "xtick.color": INK,
    "xtick.labelsize": 9,
    "ytick.color": INK,
    "ytick.labelsize": 9,
    "font.family": ["DejaVu Sans"],  # travels with matplotlib: the same letters on every machine
    "font.size": 10,
    "mathtext.fontset": "stix",
    "text.color": INK,
    "text.usetex": False,
    "legend.fontsize": 9,
    "legend.title_fontsize": 9,
    "legend.facecolor": PAPER,
    "legend.edgecolor": PAPER,
    "legend.framealpha": 0.9,
    "legend.fancybox": False,
    "lines.linewidth": 2.0,
    "hatch.linewidth": 0.6,
}
# Matplotlib makes tick marks when a figure is drawn, which is after `figure` has returned: they need the style by name.
_TICKS = {
    "color": INK,
    "labelcolor": INK,
    "labelsize": 9,
    "labelfontfamily": "DejaVu Sans",
    "grid_color": _STYLE["grid.color"],
    "grid_linewidth": _STYLE["grid.linewidth"],
    "grid_linestyle": "-",
    "grid_alpha": 1.0,
    "width": 0.8,
    "length": 3.5,
}


def style() -> AbstractContextManager[None]:
    """The book's style as a context manager: matplotlib's own settings return when it ends.

    Only for drawing with matplotlib's own functions; the functions of this module need no context.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> from lossbook import plotting
    >>> before = mpl.rcParams["axes.facecolor"]
    >>> with plotting.style():
    ...     mpl.rcParams["axes.facecolor"] == plotting.PAPER
    True
    >>> mpl.rcParams["axes.facecolor"] == before
    True
    """
    # Jupyter's backend switches matplotlib to interactive mode when it is first used.  Inside the context the switch
    # would be undone at its end, and every figure but the first would stay invisible: let it happen before.
    plt.draw_if_interactive()
    return mpl.style.context(["default", _STYLE])


def figure(
    rows: int = 1,
    columns: int = 1,
    *,
    height: float = 3.55,
    share_x: bool = False,
    share_y: bool = False,
    width_ratios: Sequence[float] | None = None,
) -> tuple[Figure, Axes | np.ndarray]:
    """A figure as wide as the text column, in the book's style, and its axes.

    Matplotlib's settings stay as they are.  The same arrays give the same pixels, whatever those settings say.

    Parameters
    ----------
    rows, columns : int
        How many axes, below and beside each other.
    height : float, keyword-only
        Height in inches (the width is 6.05 inches); positive.
    share_x, share_y : bool, keyword-only
        Whether all axes have one scale.
    width_ratios : sequence of float, keyword-only
        Relative widths of the columns; equal when left out.

    Returns
    -------
    tuple
        The figure and its Axes: one Axes, or an array of shape (columns,), (rows,) or (rows, columns).

    Raises
    ------
    ValueError
        If ``rows``, ``columns`` or ``height`` is not positive.

    Examples
    --------
    >>> from lossbook import plotting
    >>> from lossbook.data import penguin_masses
    >>> birds = penguin_masses()
    >>> fig, ax = plotting.figure()
    >>> plotting.points(ax, birds.flipper_length_mm, birds.body_mass_g)
    >>> plotting.label_axes(ax, x="flipper length", x_unit="mm", y="body mass", y_unit="g")
    >>> ax.get_xlabel()
    'flipper length (mm)'
    """
    for name, value in {"rows": rows, "columns": columns, "height": height}.items():
        if not value > 0:
            raise ValueError(f"{name} must be positive; got {value!r}")
    with style():
        fig, axes = plt.subplots(
            rows,
            columns,
            figsize=(_WIDTH_INCHES, height),
            sharex=share_x,
            sharey=share_y,
            width_ratios=width_ratios,
        )
        # Jupyter crops a figure to what is drawn on it.  An invisible frame keeps all figures equally wide.
        fig.add_artist(Rectangle((0, 0), 1, 1, transform=fig.transFigure, fill=False, linewidth=0))
        for ax in np.ravel(axes):
            ax.tick_params(which="both", **_TICKS)
    return fig, axes


def label_axes(
    ax: Axes,
    *,
    x: str,
    y: str,
    x_unit: str | None = None,
    y_unit: str | None = None,
    title: str | None = None,
) -> None:
    """Name the axes, with units: ``x="flipper length", x_unit="mm"`` reads "flipper length (mm)".

    Parameters
    ----------
    ax : Axes
        Where to write.
    x, y : str, keyword-only
        What the axes show; not empty.
    x_unit, y_unit : str, keyword-only
        Their units, where they have one.
    title : str, keyword-only
        A short heading, for one of several panels.

    Raises
    ------
    ValueError
        If a name or a unit is empty.
    """
    texts = {"x": x, "y": y, "x_unit": x_unit, "y_unit": y_unit}
    for name, text in texts.items():
        if text is not None and not text.strip():
            raise ValueError(f"{name} must not be empty; leave x_unit or y_unit out where there is no unit")
    with style():
        ax.set_xlabel(f"{x} ({x_unit})" if x_unit else x)
        ax.set_ylabel(f"{y} ({y_unit})" if y_unit else y)
        if title is not None:
            ax.set_title(title)


def legend(ax: Axes, *, loc: str = "best", title: str | None = None, columns: int = 1) -> None:
    """The legend of everything drawn with a label.

    Parameters
    ----------
    ax : Axes
        Where to write.
    loc : str, keyword-only
        One of matplotlib's names, such as ``"upper left"``.
    title : str, keyword-only
        A heading.
    columns : int, keyword-only
        In how many columns.

    Raises
    ------
    ValueError
        If nothing on the axes has a label.
    """
    if not ax.get_legend_handles_labels()[1]:
        raise ValueError("nothing on these axes has a label: give label=... to what the legend should name")
    with style():
        ax.legend(loc=loc, title=title, ncols=columns)


def note(ax: Axes, text: str, *, at: tuple[float, float], offset: tuple[float, float] = (18, 18)) -> None:
    """A short text beside the point ``at`` (data coordinates), ``offset`` points away, with a thin arrow to it."""
    with style():
        ax.annotate(
            text,
            at,
            xytext=offset,
            textcoords="offset points",
            fontsize=9,
            ha="left" if offset[0] >= 0 else "right",
            va="bottom" if offset[1] >= 0 else "top",
            arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 0.8, "shrinkB": 3},
            zorder=6,
        )


def points(
    ax: Axes, x: ArrayLike, y: ArrayLike, *, role: str | int = "data", label: str | None = None, size: float = 18
) -> None:
    """Measurements: a dot for each pair of ``x`` and ``y``, both finite and of shape (N,).

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x, y : array_like, shape (N,)
        Finite; leave missing values out before.
    role : str or int, keyword-only
        A name of ``COLORS``, or the number of a class.
    label : str, keyword-only
        What the legend says.
    size : float, keyword-only
        Area of a dot in square points.

    Raises
    ------
    ValueError
        For different shapes, for values that are not finite, for an unknown role.
    """
    x, y = _arrays(x=x, y=y)
    marker = "o" if isinstance(role, str) else CLASS_MARKERS[_class_number(role)]
    ax.scatter(x, y, s=size, color=_color(role), marker=marker, edgecolor=PAPER, linewidth=0.4, label=label, zorder=3)


def class_points(
    ax: Axes, x: ArrayLike, y: ArrayLike, labels: ArrayLike, *, classes: Sequence[str], size: float = 18
) -> None:
    """Measurements in the colour and the marker of their class.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x, y : array_like, shape (N,)
        Finite.
    labels : array_like of int, shape (N,)
        The classes, 0..c-1.
    classes : sequence of str, keyword-only
        The c names, for the legend; at most six.
    size : float, keyword-only
        Area of a marker in square points.

    Raises
    ------
    TypeError
        If the labels are not integers.
    ValueError
        For different shapes, values that are not finite, a label outside 0..c-1, more than six classes.
    """
    x, y = _arrays(x=x, y=y)
    labels = _labels(labels, shape=x.shape, c=len(classes))
    for k, name in enumerate(classes):
        points(ax, x[labels == k], y[labels == k], role=k, label=name, size=size)


def curve(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    *,
    role: str | int = "model",
    label: str | None = None,
    dashed: bool = False,
) -> None:
    """A function: the line through ``x`` and ``y``, both finite and of shape (N,); ``role`` as in ``points``."""
    x, y = _arrays(x=x, y=y)
    ax.plot(x, y, color=_color(role), linewidth=2, linestyle="--" if dashed else "-", label=label, zorder=4)


def band(
    ax: Axes,
    x: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    role: str | int = "model",
    label: str | None = None,
) -> None:
    """The area between ``lower`` and ``upper`` over ``x``, all finite and of shape (N,); ``role`` as in ``points``."""
    x, lower, upper = _arrays(x=x, lower=lower, upper=upper)
    if np.any(lower > upper):
        raise ValueError(
            f"lower must not exceed upper; it does at {np.count_nonzero(lower > upper)} of {x.size} points"
        )
    ax.fill_between(x, lower, upper, color=_color(role), alpha=0.22, linewidth=0, label=label, zorder=2)


def residuals(ax: Axes, x: ArrayLike, target: ArrayLike, prediction: ArrayLike, *, label: str | None = None) -> None:
    """The vertical segments from prediction to target at ``x``, all finite and of shape (N,)."""
    x, target, prediction = _arrays(x=x, target=target, prediction=prediction)
    ax.vlines(x, prediction, target, color=_color("residual"), linewidth=1.2, label=label, zorder=2)


def vertical_densities(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    density: ArrayLike,
    *,
    width: float,
    role: str | int = "likelihood",
    label: str | None = None,
) -> None:
    """Densities of y drawn sideways: what a model expects at each of a few ``x``.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x : array_like, shape (m,)
        Where the densities stand.
    y, density : array_like, shape (m, k)
        The heights, and the density at each height; not negative, not all zero.
    width : float, keyword-only
        How far the highest of all densities reaches to the right of its ``x``, in units of the x axis; positive.
    role : str or int, keyword-only
        As in ``points``.
    label : str, keyword-only
        What the legend says, once for all.

    Raises
    ------
    ValueError
        For shapes that do not fit, values that are not finite, a negative density, a width that is not positive.
    """
    (x,) = _arrays(x=x)
    y, density = _arrays(ndim=2, y=y, density=density)
    if len(x) != len(y):
        raise ValueError(f"x must have one value for each row of y and density; got {len(x)} values, {len(y)} rows")
    if density.min() < 0 or density.max() == 0:
        raise ValueError(f"density must not be negative nor all zero; it runs from {density.min()} to {density.max()}")
    if not width > 0:
        raise ValueError(f"width must be positive; got {width!r}")
    color = _color(role)
    for position, heights, values in zip(x, y, density, strict=True):
        edge = position + width * values / density.max()
        ax.fill_betweenx(heights, position, edge, color=color, alpha=0.22, linewidth=0, label=label, zorder=2)
        label = None  # one entry in the legend for all
        ax.plot(edge, heights, color=color, linewidth=1.4, zorder=3)
        ax.plot([position] * 2, [heights.min(), heights.max()], color=color, linewidth=0.6, zorder=2)


def histogram(
    ax: Axes, heights: ArrayLike, edges: ArrayLike, *, role: str | int = "data", label: str | None = None
) -> None:
    """Counts or densities ``heights`` (m,) between ``edges`` (m + 1,), as ``numpy.histogram`` returns them."""
    (heights,) = _arrays(heights=heights)
    (edges,) = _arrays(edges=edges)
    if edges.shape != (heights.size + 1,) or np.any(np.diff(edges) <= 0):
        raise ValueError(
            f"edges must increase and be one more than heights; got {edges.size} edges, {heights.size} heights"
        )
    color = _color(role)
    ax.stairs(heights, edges, fill=True, facecolor=(color, 0.35), edgecolor=color, linewidth=1.2, label=label, zorder=2)


def bars(
    ax: Axes,
    x: ArrayLike,
    height: ArrayLike,
    *,
    role: str | int = "data",
    label: str | None = None,
    width: float = 0.8,
    offset: float = 0.0,
) -> None:
    """Bars of ``height`` (N,) at ``x`` (N,), both finite: counts or probabilities.

    Two sets stand side by side with ``width=0.4`` and ``offset=-0.2`` for the one, ``offset=0.2`` for the other.
    """
    x, height = _arrays(x=x, height=height)
    if not width > 0:
        raise ValueError(f"width must be positive; got {width!r}")
    ax.bar(x + offset, height, width=width, color=_color(role), label=label, zorder=2)


def stems(ax: Axes, x: ArrayLike, height: ArrayLike, *, role: str | int = "model", label: str | None = None) -> None:
    """A probability mass function: a dot of ``height`` (N,) on a thin stem at ``x`` (N,), both finite."""
    x, height = _arrays(x=x, height=height)
    ax.vlines(x, 0, height, color=_color(role), linewidth=1.5, zorder=3)
    points(ax, x, height, role=role, label=label, size=30)


def contours(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    *,
    levels: Sequence[float] | int | None = None,
    role: str | int = "likelihood",
    filled: bool = True,
    labelled: bool = False,
    where: ArrayLike | None = None,
) -> None:
    """A function of two variables, in shades of its role's colour.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x, y : array_like, shape (p,) and (q,)
        The grid.
    z : array_like, shape (q, p)
        The values: a row for each y, a column for each x; finite.
    levels : sequence of float or int, keyword-only
        The levels in increasing order, or about how many.
    role : str or int, keyword-only
        As in ``points``.
    filled : bool, keyword-only
        Whether to shade between the lines: the higher, the stronger the colour.
    labelled : bool, keyword-only
        Whether to write the levels on the lines.
    where : array_like of bool, shape (q, p), keyword-only
        Where the function is defined; nothing is drawn elsewhere.  A border along diagonals of the grid stays straight.

    Raises
    ------
    ValueError
        For shapes that do not fit and for values that are not finite.
    """
    x, y, z = _grid(x, y, z=z)
    if where is not None:
        _, _, inside = _grid(x, y, where=where)
        z = np.ma.array(z, mask=inside == 0)
    color = _color(role)
    if filled:
        shades = LinearSegmentedColormap.from_list("shades", [PAPER, _tint(color, 0.75)])
        ax.contourf(x, y, z, levels=levels, cmap=shades, zorder=0)
        ax.grid(False)
    lines = ax.contour(x, y, z, levels=levels, colors=color, linewidths=1.0, linestyles="-", zorder=1)
    if labelled:
        with style():
            ax.clabel(lines, fontsize=8, colors=INK)


def matrix(
    ax: Axes,
    values: ArrayLike,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    role: str | int = "loss",
    digits: int = 2,
) -> None:
    """A table of numbers as square cells: the farther from 0, the stronger the colour.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    values : array_like, shape (m, k)
        The numbers, the first row on top; finite.
    rows, columns : sequence of str, keyword-only
        The m and k names beside the rows and below the columns; one of them may be ``""``.
    role : str or int, keyword-only
        As in ``points``.
    digits : int, keyword-only
        How many decimals to write.

    Raises
    ------
    ValueError
        For names that do not fit the shape, and for values that are not finite.
    """
    (values,) = _arrays(ndim=2, values=values)
    if values.shape != (len(rows), len(columns)) or not values.size:
        raise ValueError(
            f"values must have a row for each of rows and a column for each of columns: "
            f"expected ({len(rows)}, {len(columns)}), one or more each, got {values.shape}"
        )
    color, largest = _color(role), np.abs(values).max()
    for (i, k), value in np.ndenumerate(values):
        strength = 0.55 * abs(value) / largest if largest > 0 else 0.0
        cell = Rectangle((k - 0.5, i - 0.5), 1, 1, facecolor=_tint(color, strength), edgecolor=color, linewidth=0.8)
        ax.add_patch(cell)
        with style():
            ax.text(k, i, f"{value:.{digits}f}", ha="center", va="center", fontsize=9, zorder=3)
    ax.set(xlim=(-0.6, len(columns) - 0.4), ylim=(len(rows) - 0.4, -0.6), aspect="equal")
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[["left", "bottom"]].set_visible(False)


def decision_regions(ax: Axes, x: ArrayLike, y: ArrayLike, scores: ArrayLike) -> None:
    """The class preferred at each point of a grid: a light shade of its colour, and a thin line around.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x, y : array_like, shape (p,) and (q,)
        The grid, increasing.
    scores : array_like, shape (q, p, c)
        Probabilities or logits of the c classes, two to six, at each point: a row for each y, a column for each x;
        finite.  The largest wins.  Scores are interpolated between grid points: a coarse grid gives smooth borders.

    Raises
    ------
    ValueError
        For shapes that do not fit, for values that are not finite, for fewer than two or more than six classes.
    """
    (scores,) = _arrays(ndim=3, scores=scores)
    c = scores.shape[-1]
    if not 2 <= c <= len(CLASS_COLORS):
        raise ValueError(
            f"scores must have 2 to {len(CLASS_COLORS)} classes in the last axis; got shape {scores.shape}"
        )
    # Painted one over the other, each class where it beats all before it: no gap where three classes meet.
    x, y, _ = _grid(x, y, scores=scores[..., 0])
    everywhere = np.zeros(scores.shape[:2])
    ax.contourf(x, y, everywhere, levels=[-1, 1], colors=[_tint(CLASS_COLORS[0], 0.25)], zorder=0)
    for k in range(1, c):
        lead = scores[..., k] - scores[..., :k].max(axis=-1)
        if lead.max() > 0:
            tint = _tint(CLASS_COLORS[k], 0.25)
            ax.contourf(x, y, lead, levels=[0, np.inf], colors=[tint], zorder=0)
            if lead.min() < 0:  # else no border, of which older matplotlibs warn
                ax.contour(x, y, lead, levels=[0], colors=INK, linewidths=0.5, zorder=0)
    ax.grid(False)


def reference_line(ax: Axes, *, x: float | None = None, y: float | None = None, label: str | None = None) -> None:
    """A dashed vertical line at ``x`` or a dashed horizontal line at ``y``: exactly one of the two."""
    if (x is None) == (y is None):
        raise ValueError(f"give exactly one of x (a vertical line) and y (a horizontal line); got x={x!r}, y={y!r}")
    draw, at = (ax.axvline, x) if y is None else (ax.axhline, y)
    draw(at, color=_color("reference"), linewidth=1.2, linestyle="--", label=label, zorder=1)


def reliability(
    ax: Axes,
    predicted: ArrayLike,
    observed: ArrayLike,
    *,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    role: str | int = "prediction",
    label: str | None = None,
) -> None:
    """A reliability diagram: observed frequency against predicted probability, and the diagonal of perfect calibration.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    predicted, observed : array_like, shape (m,)
        The mean prediction and the frequency of the event in each of m groups; probabilities.
    lower, upper : array_like, shape (m,), keyword-only
        An interval for each observed frequency: both or neither.
    role : str or int, keyword-only
        As in ``points``.
    label : str, keyword-only
        What the legend says.

    Raises
    ------
    ValueError
        For different shapes, a value outside [0, 1], one end of the intervals without the other.
    """
    if (lower is None) != (upper is None):
        raise ValueError("give both lower and upper, or neither")
    given = {"predicted": predicted, "observed": observed}
    if lower is not None:
        given |= {"lower": lower, "upper": upper}
    predicted, observed, *interval = _arrays(**given)
    for name, values in zip(given, (predicted, observed, *interval), strict=True):
        if np.any((values < 0) | (values > 1)):
            raise ValueError(f"{name} must lie in [0, 1]; it runs from {values.min()} to {values.max()}")
    ax.plot([0, 1], [0, 1], color=_color("reference"), linewidth=1.2, linestyle="--", zorder=1)
    if interval:
        ax.vlines(predicted, *interval, color=_color(role), linewidth=1.2, zorder=2)
    ax.plot(
        predicted,
        observed,
        color=_color(role),
        linewidth=1.5,
        marker="o",
        markersize=5.5,
        markeredgecolor=PAPER,
        markeredgewidth=0.5,
        label=label,
        zorder=3,
    )
    ax.set_aspect("equal")


def _class_number(role: int) -> int:
    if isinstance(role, bool | np.bool_) or not isinstance(role, int | np.integer):
        raise TypeError(f"role must be a name (str) or the number of a class (int); got {type(role).__name__}")
    if not 0 <= role < len(CLASS_COLORS):
        raise ValueError(f"a class number must be 0..{len(CLASS_COLORS) - 1}; got {role}")
    return int(role)


def _color(role: str | int) -> str:
    """The colour of a role, or of a class."""
    if not isinstance(role, str):
        return CLASS_COLORS[_class_number(role)]
    if role not in COLORS:
        raise ValueError(f"role must be one of {', '.join(COLORS)}, or the number of a class; got {role!r}")
    return COLORS[role]


def _tint(color: str, strength: float) -> tuple[float, float, float]:
    """A colour mixed with paper; opaque, so that overlapping shades do not add up."""
    return tuple(strength * np.array(to_rgb(color)) + (1 - strength) * np.array(to_rgb(PAPER)))


def _arrays(*, ndim: int = 1, **given: ArrayLike) -> list[np.ndarray]:
    """The arrays as floats, after a check that they are finite and share one shape of ``ndim`` axes."""
    arrays = {}
    for name, values in given.items():
        try:
            arrays[name] = np.asarray(values, dtype=float)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name} must be an array of numbers; got {type(values).__name__}") from error
    shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    if len({array.shape for array in arrays.values()}) != 1 or any(array.ndim != ndim for array in arrays.values()):
        expected = {1: "shape (N,)", 2: "shape (m, k)", 3: "shape (q, p, c)"}[ndim]
        raise ValueError(f"expected one common {expected}; got {shapes}")
    for name, array in arrays.items():
        missing = np.count_nonzero(~np.isfinite(array))
        if missing:
            raise ValueError(
                f"{name} must be finite; {missing} of {array.size} values are not (select with np.isfinite)"
            )
    return list(arrays.values())


def _grid(x: ArrayLike, y: ArrayLike, **given: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A grid and the values on it, after a check that ``values`` has a row for each y and a column for each x."""
    (x,), (y,) = _arrays(x=x), _arrays(y=y)
    (name,) = given
    (values,) = _arrays(ndim=2, **given)
    if values.shape != (y.size, x.size) or min(values.shape) < 2:
        raise ValueError(
            f"{name} must have a row for each y and a column for each x, two or more: "
            f"expected ({y.size}, {x.size}), got {values.shape}"
        )
    return x, y, values


def _labels(labels: ArrayLike, *, shape: tuple[int, ...], c: int) -> np.ndarray:
    """Class labels, after a check of type, shape and range."""
    labels = np.asarray(labels)
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(f"labels must be integers, 0..c-1; got {labels.dtype}")
    if labels.shape != shape:
        raise ValueError(f"labels must have shape {shape}, as x and y have; got {labels.shape}")
    if not 1 <= c <= len(CLASS_COLORS):
        raise ValueError(f"there are colours for 1 to {len(CLASS_COLORS)} classes; got {c}")
    if labels.size and not (labels.min() >= 0 and labels.max() < c):
        raise ValueError(f"labels must lie in 0..{c - 1}; they run from {labels.min()} to {labels.max()}")
    return labels
