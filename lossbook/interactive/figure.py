"""A live figure: what it consists of, its HTML for the browser and its picture on paper."""

import hashlib
import io
import json
import math
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from html import escape
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike
from sympy import Expr, Indexed, IndexedBase, Symbol, sympify

from lossbook import plotting

from .formulas import Names

__all__ = ["Figure", "Panel"]

SAMPLES = 161  # points of a curve

Number = Expr | float
Pair = tuple[Number, Number]
Over = tuple[Symbol, Number, Number]
Axis = tuple[str, str, float, float]


# --- Words


def number(value: float) -> str:
    """A number as short as eight digits allow: what Python and JavaScript read back as the same number."""
    return f"{float(value):.8g}"


def shown(value: float, digits: int, unit: str = "", none: str = "undefined") -> str:
    """A value as the page shows it; the same characters as runtime.js writes."""
    if not math.isfinite(value):
        return none
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    sign = "−" if rounded < 0 else ""
    return f"{sign}{abs(rounded)}" + (f" {unit}" if unit else "")


def decimals(step: float) -> int:
    """How many decimals the multiples of a step have."""
    return max(0, -Decimal(number(step)).normalize().as_tuple().exponent)


@cache
def runtime() -> str:
    """The script that every figure brings along; a page needs it once."""
    folder = Path(__file__).parent
    lines = (folder / "runtime.js").read_text(encoding="utf-8").splitlines()
    script = "\n".join(line.strip() for line in lines if line.strip() and not line.strip().startswith("//"))
    style = re.sub(r"\s*([{};,>])\s*|\s+", lambda m: m[1] or " ", (folder / "runtime.css").read_text(encoding="utf-8"))
    return script.replace("textContent = CSS", f"textContent = {json.dumps(style.replace(': ', ':').strip())}")


# --- What a figure consists of


@dataclass
class Variable:
    """A number that the reader can move: a symbol, or one of the data (``place`` counts from 1)."""

    symbol: Symbol | IndexedBase
    low: float
    high: float
    start: float
    step: float
    label: str
    unit: str
    place: int | None = None
    slider: bool = False

    @property
    def digits(self) -> int:
        """Decimals of its values."""
        return max(decimals(self.step), decimals(self.low))


@dataclass
class Mark:
    """Something drawn: a function of the running symbol, and where that runs."""

    kind: str
    expressions: tuple[Number, ...]
    over: Over | None
    role: str | int
    label: str | None
    options: dict[str, object] = field(default_factory=dict)


@dataclass
class Handle:
    """A grip at a point that moves one variable."""

    variable: int
    at: Pair
    role: str | int
    running: tuple[Symbol, int] | None = None


@dataclass
class ReadOut:
    """A number below the figure."""

    label: str
    expression: Number
    digits: int
    unit: str
    none: str


class Panel:
    """One pair of axes of a figure, made by :meth:`Figure.panel`.  Its methods add what is to be seen."""

    def __init__(
        self, figure: "Figure", x: Axis, y: Axis, height: int, ticks: dict[float, str] | None, wide: bool
    ) -> None:
        self._figure = figure
        self._x, self._y = x, y
        self._height, self._ticks, self._wide = height, ticks, wide
        self._marks: list[Mark] = []
        self._handles: list[Handle] = []

    def _add(self, kind: str, expressions: Sequence, over: Over | None, role, label: str | None, **options) -> None:
        _color(role)
        if over is not None and len(over) != 3:
            raise ValueError(f"over must be (symbol, low, high), as in a sum; given {over!r}")
        self._marks.append(Mark(kind, tuple(expressions), over, role, label, options))

    def curve(
        self,
        y: Number | Pair,
        *,
        over: Over,
        role: str | int = "model",
        label: str | None = None,
        dashed: bool = False,
        filled: bool = False,
    ) -> None:
        """The graph of ``y`` over ``(symbol, low, high)``, or the curve of a pair ``(x, y)``.

        Filled, it is closed by a straight line between its ends.
        """
        pair = y if isinstance(y, tuple) else (over[0], y)
        self._add("curve", pair, over, role, label, dashed=dashed, filled=filled)

    def points(self, at: Pair, *, over: Over | None = None, role: str | int = "data", label: str | None = None) -> None:
        """A dot at ``(x, y)``, or one for each index in ``over=(n, 1, N)``."""
        self._add("points", at, over, role, label)

    def segments(
        self,
        start: Pair,
        end: Pair,
        *,
        over: Over | None = None,
        role: str | int = "residual",
        label: str | None = None,
        dashed: bool = False,
    ) -> None:
        """A straight line between two points, or one for each index in ``over=(n, 1, N)``."""
        self._add("segments", (*start, *end), over, role, label, dashed=dashed)

    def bars(
        self,
        x: Number,
        height: Number,
        *,
        base: Number = 0,
        over: Over | None = None,
        role: str | int = "data",
        label: str | None = None,
        width: float = 0.8,
        digits: int | None = None,
    ) -> None:
        """A bar of ``height`` on ``base`` at ``x``, or one for each index; with its height in ``digits`` decimals."""
        self._add("bars", (x, base, base + height), over, role, label, width=width, digits=digits)

    def squares(
        self,
        x: Number,
        start: Number,
        end: Number,
        *,
        over: Over | None = None,
        role: str | int = "residual",
        label: str | None = None,
    ) -> None:
        """A square on the screen, one side of which is the vertical segment at ``x`` from ``start`` to ``end``."""
        self._add("squares", (x, start, end), over, role, label)

    def handle(
        self,
        symbol: Symbol | Indexed,
        *,
        at: Pair,
        over: Over | None = None,
        role: str | int = "model",
        **variable,
    ) -> None:
        """A grip at ``(x, y)`` to drag: ``symbol`` takes the value that brings it nearest to the pointer.

        For a symbol without a slider, say what :meth:`Figure.slider` would ask for: ``low``, ``high``, ``start``,
        ``step``, ``label``, ``unit``.  With ``over=(n, 1, N)`` and the symbol ``x[n]`` each of the data has its own
        grip, which starts at the given value; ``label`` is then one name, which gets a number, or a name for each.
        """
        figure = self._figure
        _color(role)
        if over is None and not isinstance(symbol, Indexed):
            if variable:
                figure._vary(symbol, **variable)
            self._handles.append(Handle(figure._variable_of(symbol), at, role))
            return
        if over is None or not isinstance(symbol, Indexed) or symbol.indices != (over[0],):
            raise ValueError(f"data have handles as x[n] with over=(n, 1, N); given {symbol} and over={over!r}")
        index, (low, high) = over[0], (round(figure._value(bound)) for bound in over[1:])
        base = symbol.base
        labels = variable.pop("label", str(base.label))
        if isinstance(labels, str):
            labels = [f"{labels} {place}" for place in range(low, high + 1)]
        for place, label in zip(range(low, high + 1), labels, strict=True):
            moved = figure._vary(base, place=place, label=label, **variable)
            self._handles.append(Handle(moved, at, role, (index, place)))


class Figure:
    """A figure to play with: sliders, panels, read-outs.  As the last line of a cell it shows itself.

    Parameters
    ----------
    title : str
        What the figure is about; its name for a screen reader.
    task : str
        A sentence that says what to try.
    given : mapping, keyword-only
        Values of symbols that the reader does not move: a number for a symbol, the data for an ``IndexedBase``.
    columns : int, keyword-only
        How many panels stand side by side where there is room: 1, 2 or 3.

    Raises
    ------
    ValueError
        From its methods, at once: for a symbol without value or range, and for a formula that a browser cannot compute.
    """

    def __init__(
        self,
        title: str,
        task: str,
        *,
        given: Mapping[Symbol | IndexedBase, ArrayLike] | None = None,
        columns: int = 1,
    ) -> None:
        for name, text in {"title": title, "task": task}.items():
            if not text.strip():
                raise ValueError(f"{name} must not be empty: it tells the reader what this is, and what to try")
        if columns not in (1, 2, 3):
            raise ValueError(f"columns must be 1, 2 or 3; given {columns!r}")
        self._title, self._task, self._columns = title.strip().rstrip("."), task.strip(), columns
        self._names = Names()
        self._values: dict[Symbol | IndexedBase, float | list[float]] = {}
        self._variables: list[Variable] = []
        self._panels: list[Panel] = []
        self._read_outs: list[ReadOut] = []
        for symbol, value in (given or {}).items():
            is_list = isinstance(symbol, IndexedBase)
            array = np.asarray(value, dtype=float)
            if array.ndim != int(is_list) or not np.all(np.isfinite(array)):
                wanted = "finite numbers, shape (N,)" if is_list else "a finite number"
                raise ValueError(f"expected {wanted} for {symbol}; given shape {array.shape}: {value!r}")
            self._names.add(symbol)
            self._values[symbol] = [float(number(one)) for one in array] if is_list else float(number(array))

    def slider(
        self,
        symbol: Symbol,
        low: float,
        high: float,
        *,
        start: float | None = None,
        step: float | None = None,
        label: str | None = None,
        unit: str = "",
    ) -> None:
        """A control for ``symbol`` between ``low`` and ``high``, in steps; it begins at ``start`` (the middle)."""
        place = self._vary(symbol, low=low, high=high, start=start, step=step, label=label, unit=unit)
        self._variables[place].slider = True

    def panel(
        self, x: Axis, y: Axis, *, height: int = 260, ticks: Mapping[float, str] | None = None, wide: bool = False
    ) -> Panel:
        """A pair of axes, each ``(name, unit, low, high)``; their ranges stay while the reader plays.

        ``height`` is in pixels of the page, ``ticks`` gives names to places on the x axis, and a ``wide`` panel takes a
        row of its own.
        """
        for name, axis in {"x": x, "y": y}.items():
            if len(axis) != 4 or not axis[2] < axis[3] or not axis[0].strip():
                raise ValueError(f"{name} must be (name, unit, low, high) with low < high; given {axis}")
        self._panels.append(Panel(self, x, y, height, dict(ticks) if ticks else None, wide))
        return self._panels[-1]

    def read_out(
        self, label: str, expression: Number, *, digits: int = 2, unit: str = "", none: str = "undefined"
    ) -> None:
        """A number below the figure; ``none`` is shown where it is infinite or not defined."""
        self._read_outs.append(ReadOut(label, expression, digits, unit, none))

    # --- Values

    def _vary(
        self,
        symbol: Symbol | IndexedBase,
        *,
        low: float | None = None,
        high: float | None = None,
        start: float | None = None,
        step: float | None = None,
        label: str | None = None,
        unit: str = "",
        place: int | None = None,
    ) -> int:
        """Make a symbol, or one of the data, a variable; returns its number."""
        what = symbol if place is None else symbol[place]
        if low is None or high is None or not low < high:
            raise ValueError(f"{what} needs a range: low < high; given low={low}, high={high}")
        if any(one.symbol == symbol and one.place == place for one in self._variables):
            raise ValueError(f"{what} can be moved already")
        if place is None and symbol in self._values:
            raise ValueError(f"{what} has a given value; it cannot also be moved")
        if place is not None:
            start = self._values[symbol][place - 1]
        step = 10.0 ** math.floor(math.log10((high - low) / 50)) if step is None else step
        if not step > 0:
            raise ValueError(f"{what}: step must be positive; given {step}")
        if start is None:
            start = low + round((high - low) / 2 / step) * step
        if not low <= start <= high:
            raise ValueError(f"{what} must start between {low} and {high}; given {start}")
        low, high, start, step = (float(number(value)) for value in (low, high, start, step))
        if place is None:
            self._names.add(symbol)
            self._values[symbol] = start
        self._variables.append(Variable(symbol, low, high, start, step, label or str(what), unit, place))
        return len(self._variables) - 1

    def _variable_of(self, symbol: Symbol) -> int:
        for place, variable in enumerate(self._variables):
            if variable.symbol == symbol:
                return place
        raise ValueError(f"{symbol} needs a range: give it a slider before, or give low=, high= and start= here")

    def _value(self, expression: Number) -> float:
        return self._function(expression)()[0]

    def _function(self, *expressions: Number, over: Sequence[Symbol] = ()) -> Callable[..., list[float]]:
        """The expressions as a function of the running symbols, at the start."""
        function = self._names.python(*expressions, over=over)
        values = list(self._values.values())
        return lambda *running: function(values, *running)

    def _moving(self, expressions: Sequence[Number]) -> bool:
        """Whether a variable occurs in them."""
        free = set().union(*(sympify(one).free_symbols for one in expressions))
        return any((one.symbol if one.place is None else one.symbol.label) in free for one in self._variables)

    def _bounds(self, mark: Mark) -> tuple[float, float, int]:
        """Where the running symbol of a mark begins and ends, and how many values it takes."""
        if mark.over is None:
            return 0, 0, 1
        low, high = (self._value(bound) for bound in mark.over[1:])
        return low, high, SAMPLES if mark.kind == "curve" else round(high - low) + 1

    def _start(self) -> str:
        """The values at the start, in words."""
        named = {one.label for one in self._read_outs}
        moved = [
            f"{one.label} = {shown(one.start, one.digits, one.unit)}"
            for one in self._variables
            if one.place is None and one.label not in named
        ]
        read = [
            f"{one.label} = {shown(self._value(one.expression), one.digits, one.unit, one.none)}"
            for one in self._read_outs
        ]
        return "; ".join(", ".join(part) for part in (moved, read) if part)

    # --- What a notebook shows

    def __repr__(self) -> str:
        """The title and the values at the start."""
        return f"<Figure {self._title!r}: {self._start()}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        """HTML for browsers, a picture for paper, words for everything else."""
        return {"text/html": self.html(), "image/png": self.png(), "text/plain": repr(self)}

    def html(self) -> str:
        """The figure as HTML: its values at the start in words, the runtime, and the formulas."""
        if not self._variables or not self._panels:
            raise ValueError(f"the figure {self._title!r} needs a panel, and something to move")
        make = self._javascript()
        key = hashlib.sha256(make.encode()).hexdigest()[:10]
        words = f"<p><strong>{escape(self._title)}.</strong> At the start: {escape(self._start())}.</p>"
        return (
            f'<div class="live-figure" data-live="{key}">{words}</div>\n'
            f'<script class="live-runtime">\n{runtime()}\n</script>\n'
            f'<script>\nlossbookLive("{key}", {make})\n</script>'
        )

    def _javascript(self) -> str:
        """A function that makes the variables and says what the runtime is to draw."""
        names = self._names
        lines = []
        for symbol, value in self._values.items():
            values = f"[{','.join(map(number, value))}]" if isinstance(value, list) else number(value)
            lines.append(f"let {names[symbol]}={values};")
        parts = {
            "title": _json(self._title),
            "task": _json(self._task),
            "columns": str(self._columns),
            "variables": _list(map(self._variable, self._variables)),
            "panels": _list(map(self._panel, self._panels)),
            "readOuts": _list(
                _object(
                    name=_json(one.label),
                    digits=str(one.digits),
                    unit=_json(one.unit),
                    none=_json(one.none),
                    at=names.javascript(one.expression),
                )
                for one in self._read_outs
            ),
        }
        body = ",\n".join(f"{name}:{text}" for name, text in parts.items())
        return "({total,product,minimiser})=>{\n" + "\n".join(lines) + f"\nreturn {{{body}}}}}"

    def _variable(self, one: Variable) -> str:
        name = self._names[one.symbol] + ("" if one.place is None else f"[{one.place - 1}]")
        numbers = {key: number(getattr(one, key)) for key in ("low", "high", "start", "step", "digits")}
        texts = {"name": _json(one.label), "unit": _json(one.unit), "slider": _json(one.slider)}
        return _object(**texts, **numbers, get=f"()=>{name}", set=f"(a)=>{{{name}=a}}")

    def _panel(self, panel: Panel) -> str:
        names = self._names
        (x, *x_range), (y, *y_range) = (
            (f"{name} ({unit})" if unit else name, low, high) for name, unit, low, high in (panel._x, panel._y)
        )
        marks, handles = [], []
        for mark in panel._marks:
            low, high, count = self._bounds(mark)
            at = names.javascript(*mark.expressions, over=mark.over[:1] if mark.over else ())
            options = {name: _json(value) for name, value in mark.options.items()}
            over = f"[{number(low)},{number(high)},{count}]"
            texts = {"kind": _json(mark.kind), "color": _json(_color(mark.role)), "label": _json(mark.label)}
            still = _json(not self._moving(mark.expressions))
            marks.append(_object(**texts, over=over, still=still, **options, at=at))
        for handle in panel._handles:
            at = names.javascript(*handle.at, over=handle.running[:1] if handle.running else ())
            if handle.running:
                at = f"()=>({at})({handle.running[1]})"
            handles.append(_object(variable=str(handle.variable), color=_json(_color(handle.role)), at=at))
        return _object(
            name=_json(f"{self._title}: {y} over {x}"),
            xName=_json(x),
            yName=_json(y),
            x=_list(map(number, x_range)),
            y=_list(map(number, y_range)),
            wide=_json(panel._wide),
            height=str(panel._height),
            ticks=_json([[float(place), name] for place, name in panel._ticks.items()] if panel._ticks else None),
            marks=_list(marks),
            handles=_list(handles),
        )

    # --- On paper

    def png(self) -> bytes:
        """The figure at the start, drawn by ``lossbook.plotting``."""
        picture = self.picture()
        file = io.BytesIO()
        picture.savefig(file, format="png", bbox_inches="tight")
        return file.getvalue()

    def picture(self) -> Picture:
        """The figure at the start, as a matplotlib figure that nothing else shows."""
        rows: list[list[Panel]] = []
        for panel in self._panels:
            if not rows or panel._wide or rows[-1][0]._wide or len(rows[-1]) == self._columns:
                rows.append([])
            rows[-1].append(panel)
        heights = [max(panel._height for panel in row) / 100 for row in rows]
        picture, grid = plotting.figure(len(rows), self._columns, height=sum(heights) + 0.4)
        plt.close(picture)  # or the notebook would show it a second time
        grid = np.reshape(grid, (len(rows), self._columns))
        spec = grid[0, 0].get_gridspec()
        spec.set_height_ratios(heights)
        placed: list[tuple[Panel, Axes]] = []
        for place, row in enumerate(rows):
            for ax in grid[place, len(row) :]:
                ax.remove()
            if row[0]._wide:
                grid[place, 0].set_subplotspec(spec[place, :])
            placed += zip(row, grid[place], strict=False)
        for panel, ax in placed:
            ax.set(xlim=panel._x[2:], ylim=panel._y[2:])
            if panel._ticks:
                ax.set_xticks(list(panel._ticks), list(panel._ticks.values()))
            (x, x_unit, *_), (y, y_unit, *_) = panel._x, panel._y
            plotting.label_axes(ax, x=x, x_unit=x_unit or None, y=y, y_unit=y_unit or None)
        with plotting.style():
            picture.supxlabel(textwrap.fill(self._start(), 88), fontsize=9)
        picture.draw_without_rendering()  # squares must know how wide a panel has become
        for panel, ax in placed:
            self._paint(panel, ax)
            if any(mark.label for mark in panel._marks):  # above the axes, as nothing else is there
                plotting.legend(ax, columns=1 if self._columns > 1 and not panel._wide else 2)
                ax.get_legend().set(frame_on=False, loc="lower left", bbox_to_anchor=(0, 1))
        return picture

    def _paint(self, panel: Panel, ax: Axes) -> None:
        for mark in panel._marks:
            low, high, count = self._bounds(mark)
            function = self._function(*mark.expressions, over=mark.over[:1] if mark.over else ())
            running = np.linspace(low, high, count) if mark.kind == "curve" else range(round(low), round(high) + 1)
            rows = np.array([function(i) if mark.over else function() for i in running])
            rows = rows[np.all(np.isfinite(rows), axis=1)]
            if len(rows):
                _PAINT[mark.kind](ax, mark, rows)
        for handle in panel._handles:
            index = handle.running
            x, y = self._function(*handle.at, over=index[:1] if index else ())(*(index[1:] if index else ()))
            if math.isfinite(x + y):
                x, y = np.clip(x, *panel._x[2:]), np.clip(y, *panel._y[2:])  # in sight, as on the page
                color = _color(handle.role)
                ax.plot(x, y, "o", color=color, markersize=8, markeredgecolor=plotting.PAPER, zorder=6, clip_on=False)


def _paint_curve(ax: Axes, mark: Mark, rows: np.ndarray) -> None:
    plotting.curve(ax, *rows.T, role=mark.role, label=mark.label, dashed=bool(mark.options["dashed"]))
    if mark.options["filled"]:
        ax.fill(*rows.T, color=_color(mark.role), alpha=0.22, linewidth=0)


def _paint_points(ax: Axes, mark: Mark, rows: np.ndarray) -> None:
    plotting.points(ax, *rows.T, role=mark.role, label=mark.label, size=30)
    ax.collections[-1].set_zorder(5)


def _paint_segments(ax: Axes, mark: Mark, rows: np.ndarray) -> None:
    for place, (x0, y0, x1, y1) in enumerate(rows):
        label = None if place else mark.label
        plotting.curve(ax, [x0, x1], [y0, y1], role=mark.role, label=label, dashed=bool(mark.options["dashed"]))
        ax.lines[-1].set(linewidth=1.4, zorder=2)


def _paint_bars(ax: Axes, mark: Mark, rows: np.ndarray) -> None:
    x, low, high = rows.T
    ax.bar(x, high - low, bottom=low, width=mark.options["width"], color=_color(mark.role), label=mark.label, zorder=2)
    if mark.options["digits"] is not None:
        for place, bottom, top in rows:
            text = shown(top - bottom, mark.options["digits"])
            side = "bottom" if top >= bottom else "top"
            ax.text(place, top, text, ha="center", va=side, fontsize=9, color=plotting.INK, fontfamily="DejaVu Sans")


def _paint_squares(ax: Axes, mark: Mark, rows: np.ndarray) -> None:
    box = ax.get_window_extent()
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    for place, (x, low, high) in enumerate(rows):
        side = abs(high - low) * box.height / (y1 - y0) / box.width * (x1 - x0)
        corner = (x - side if x > (x0 + x1) / 2 else x, min(low, high))
        color = _color(mark.role)
        square = Rectangle(corner, side, abs(high - low), facecolor=(color, 0.22), edgecolor=color, zorder=2)
        ax.add_patch(square).set_label(None if place else mark.label)


_PAINT = {
    "curve": _paint_curve,
    "points": _paint_points,
    "segments": _paint_segments,
    "bars": _paint_bars,
    "squares": _paint_squares,
}


def _color(role: str | int) -> str:
    """The colour of a role of ``lossbook.plotting``, or of a class."""
    colors = plotting.COLORS if isinstance(role, str) else dict(enumerate(plotting.CLASS_COLORS))
    if role not in colors:
        raise ValueError(f"role must be one of {', '.join(plotting.COLORS)}, or the number of a class; given {role!r}")
    return colors[role]


def _json(value: object) -> str:
    """JSON that can stand in a script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def _list(parts) -> str:
    return "[" + ",\n".join(parts) + "]"


def _object(**parts: str) -> str:
    return "{" + ",".join(f"{name}:{text}" for name, text in parts.items() if text not in ("null", "false")) + "}"
