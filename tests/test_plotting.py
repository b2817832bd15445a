"""The drawing functions draw what they are given, refuse what does not fit, and their colours can be told apart."""

import io
import itertools
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbclient
import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgba
from pages import ROOT

from lossbook import plotting

plt.switch_backend("agg")


@pytest.fixture
def ax():
    fig, ax = plotting.figure()
    yield ax
    plt.close(fig)


def png(fig) -> bytes:
    """The bytes that Jupyter would store for a figure."""
    from IPython.core.pylabtools import print_figure

    return print_figure(fig)


def artists(draw, ax, *args, **kwargs) -> list:
    """What a drawing function adds to the axes.  It returns None: else a cell that ends in it would show an address."""
    before = set(ax.get_children())
    assert draw(ax, *args, **kwargs) is None

    return [child for child in ax.get_children() if child not in before]


def artist(draw, ax, *args, **kwargs):
    """The one thing that a drawing function adds."""
    (only,) = artists(draw, ax, *args, **kwargs)
    return only


def pixels(data: bytes) -> np.ndarray:
    return plt.imread(io.BytesIO(data), format="png")


# --- The colours ------------------------------------------------------------------------------------------------------

SRGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)

# What is left of a linear sRGB colour.  Machado, Oliveira & Fernandes (2009), IEEE TVCG 15(6), 1291-1298, severity 1.0.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    # A second model: Vienot, Brettel & Mollon (1999), Color Research & Application 24(4), 243-252, in linear sRGB.
    "protanopia, second model": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deuteranopia, second model": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
}


def linear(color: str) -> np.ndarray:
    c = np.array(to_rgba(color)[:3])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""
    darker, lighter = sorted(float(SRGB_TO_XYZ[1] @ linear(color)) for color in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of a linear sRGB colour."""
    t = SRGB_TO_XYZ @ rgb / SRGB_TO_XYZ.sum(axis=1)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one: np.ndarray, other: np.ndarray) -> float:
    """Sharma, Wu & Dalal (2005), Color Research & Application 30(1), 21-30."""
    (L1, a1, b1), (L2, a2, b2) = one, other
    mean_chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25**7))
    a1, a2 = stretch * a1, stretch * a2
    C1, C2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    dh = 0.0 if C1 * C2 == 0 else (h2 - h1 + 180) % 360 - 180
    dL, dC, dH = L2 - L1, C2 - C1, 2 * np.sqrt(C1 * C2) * np.sin(np.radians(dh / 2))
    L, C = (L1 + L2) / 2, (C1 + C2) / 2
    if C1 * C2 == 0:
        h = h1 + h2
    elif abs(h1 - h2) <= 180:
        h = (h1 + h2) / 2
    else:
        h = (h1 + h2 + (360 if h1 + h2 < 360 else -360)) / 2
    cos = [np.cos(np.radians(angle)) for angle in (h - 30, 2 * h, 3 * h + 6, 4 * h - 63)]
    T = 1 - 0.17 * cos[0] + 0.24 * cos[1] + 0.32 * cos[2] - 0.20 * cos[3]
    SL, SC, SH = 1 + 0.015 * (L - 50) ** 2 / np.sqrt(20 + (L - 50) ** 2), 1 + 0.045 * C, 1 + 0.015 * C * T
    turn = -np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2)))) * 2 * np.sqrt(C**7 / (C**7 + 25**7))
    return float(np.sqrt((dL / SL) ** 2 + (dC / SC) ** 2 + (dH / SH) ** 2 + turn * dC / SC * dH / SH))


def difference(one: str, other: str, vision: str) -> float:
    seen = [np.clip(np.array(VISIONS[vision]) @ linear(color), 0, 1) for color in (one, other)]
    return ciede2000(lab(seen[0]), lab(seen[1]))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [  # from the table of Sharma, Wu & Dalal (2005): pairs 1, 4, 7, 14, 17, 25, 34
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, -0.0010, 2.4900), (50.0, 0.0011, -2.4900), 4.7461),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_difference_of_colours_is_the_published_one(one, other, expected):
    assert ciede2000(np.array(one), np.array(other)) == pytest.approx(expected, abs=5e-5)


def test_the_simulation_confuses_what_colour_blind_readers_confuse():
    """Else the next test could not fail: here is a red that a deuteranope takes for an olive, and the like for blue."""
    red, green = "#d62728", "#8a6f00"
    assert difference(red, green, "normal") > 30
    assert difference(red, green, "deuteranopia") < 10
    assert difference("#0066ff", "#007a6c", "tritanopia") < difference("#0066ff", "#007a6c", "normal") / 2


@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_colours_can_be_told_apart(vision):
    colors = sorted(set(plotting.COLORS.values()) | set(plotting.CLASS_COLORS))
    apart = {pair: difference(*pair, vision) for pair in itertools.combinations(colors, 2)}
    closest = min(apart, key=apart.get)
    assert apart[closest] >= 10, f"{closest} are {apart[closest]:.1f} apart with {vision}"


@pytest.mark.parametrize("page", ["#ffffff", plotting.PAPER, "#121212"])
def test_every_colour_stands_out_on_light_and_dark_pages(page):
    for role, color in plotting.COLORS.items():
        assert contrast(color, page) >= 3, f"{role} on {page}: {contrast(color, page):.2f}"


THEME = ROOT / "site" / "lossbook_site" / "theme"


def in_the_dark_theme(color: str) -> str:
    """What the site's filter makes of a colour."""
    (values,) = re.findall(r'feColorMatrix values="([^"]*)"', (THEME / "layout.html").read_text())
    matrix = np.array(values.split(), dtype=float).reshape(4, 5)
    assert matrix[3].tolist() == [0, 0, 0, 1, 0]
    assert not matrix[:3, 3].any()
    return to_hex(np.clip(matrix[:3, :3] @ to_rgba(color)[:3] + matrix[:3, 4], 0, 1))


def test_the_dark_theme_turns_paper_and_ink_over():
    paper, ink = in_the_dark_theme(plotting.PAPER), in_the_dark_theme(plotting.INK)
    sheet = (THEME / "static" / "lossbook.css").read_text()
    (page,) = re.findall(rf"--paper: light-dark\({plotting.PAPER}, (#\w+)\)", sheet)
    assert difference(paper, page, "normal") < 1  # no edge to be seen
    assert contrast(ink, paper) >= 7


def test_colours_stand_out_in_the_dark_theme_and_numbers_on_their_tints():
    paper, ink = in_the_dark_theme(plotting.PAPER), in_the_dark_theme(plotting.INK)
    for role, color in plotting.COLORS.items():
        assert contrast(in_the_dark_theme(color), paper) >= 3, role
        strongest = 0.55 * np.array(to_rgba(color)[:3]) + 0.45 * np.array(to_rgba(plotting.PAPER)[:3])
        assert contrast(in_the_dark_theme(to_hex(strongest)), ink) >= 3, f"a number on a cell of a matrix, {role}"


@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_colours_can_be_told_apart_in_the_dark_theme(vision):
    colors = sorted(map(in_the_dark_theme, set(plotting.COLORS.values())))
    apart = {pair: difference(*pair, vision) for pair in itertools.combinations(colors, 2)}
    closest = min(apart, key=apart.get)
    assert apart[closest] >= 10, f"{closest} are {apart[closest]:.1f} apart with {vision}"


def test_the_dark_theme_keeps_the_hues():
    """Each colour remains nearer to its own light form than to any other role's: "the orange curve" stays true."""
    hues = {color: np.arctan2(*lab(linear(color))[:0:-1]) for color in set(plotting.COLORS.values()) - {"#686868"}}
    for color, hue in hues.items():
        dark = np.arctan2(*lab(linear(in_the_dark_theme(color)))[:0:-1])
        turn = np.degrees(abs((dark - hue + np.pi) % (2 * np.pi) - np.pi))
        assert turn < 25, f"{color} turns by {turn:.0f} degrees"


def test_letters_stand_out_on_paper():
    assert contrast(plotting.INK, plotting.PAPER) >= 7
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_no_ink_reads_well_on_white_and_on_dark():
    """Why the sheet is opaque: an ink's two contrasts multiply to that of white on #121212, which is too small."""
    assert contrast("#ffffff", "#121212") < 4.5**2


def test_roles_that_share_a_colour_are_the_documented_ones():
    roles = {}
    for role, color in plotting.COLORS.items():
        roles.setdefault(color, set()).add(role)
    assert sorted(map(sorted, (r for r in roles.values() if len(r) > 1))) == [
        ["data", "truth"],
        ["highlight", "residual"],
        ["model", "prediction"],
    ]


def test_classes_differ_in_marker_too_and_the_palette_cannot_be_changed():
    assert len(set(plotting.CLASS_MARKERS)) == len(set(plotting.CLASS_COLORS)) == len(plotting.CLASS_COLORS) == 6
    with pytest.raises(TypeError):
        plotting.COLORS["data"] = "#000000"


# --- The figure and its style -----------------------------------------------------------------------------------------


def a_bit_of_everything():
    fig, (left, right) = plotting.figure(1, 2, height=3)
    t = np.linspace(0, 1, 20)
    plotting.points(left, t, t**2, label="dots")
    plotting.curve(left, t, t, label=r"$\mu^2$")
    plotting.reference_line(left, y=0.5)
    plotting.note(left, "here", at=(0.5, 0.5))
    plotting.label_axes(left, x="length", x_unit="mm", y="mass", y_unit="g", title="left")
    plotting.legend(left)
    plotting.contours(right, t, t, np.add.outer(t, t), labelled=True)
    plotting.label_axes(right, x="a", y="b")
    data = png(fig)
    plt.close(fig)
    return data


def test_the_pixels_do_not_depend_on_the_settings_of_matplotlib():
    expected = a_bit_of_everything()
    with mpl.rc_context(), mpl.style.context("dark_background"):
        mpl.rcParams.update(
            {"font.size": 30, "font.family": "serif", "grid.color": "red", "xtick.labelsize": 3, "axes.titlesize": 40}
        )
        mpl.rcParams.update({"lines.markersize": 20, "axes.titlelocation": "right", "legend.fontsize": 2})
        mpl.rcParams.update({"mathtext.fontset": "cm", "axes.grid": False, "figure.dpi": 50, "axes.xmargin": 0.4})
        actual = a_bit_of_everything()

    assert actual == expected


def test_matplotlibs_settings_are_left_alone():
    before = dict(mpl.rcParams)
    a_bit_of_everything()
    with plotting.style():
        assert mpl.rcParams["axes.facecolor"] == plotting.PAPER

    assert dict(mpl.rcParams) == before


def test_every_figure_of_a_notebook_is_shown():
    """Two cells, a figure each.  Jupyter shows a new figure only while matplotlib is interactive."""
    cell = "fig, ax = plotting.figure()\nplotting.curve(ax, [0, 1], [0, 1])"
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code) for code in ("from lossbook import plotting", cell, cell)]
    )
    nbclient.NotebookClient(book, kernel_name="python3").execute()

    assert [[out.output_type for out in c.outputs] for c in book.cells] == [[], ["display_data"], ["display_data"]]


def test_the_same_arrays_give_the_same_bytes_without_a_date():
    data = a_bit_of_everything()

    assert a_bit_of_everything() == data
    assert not any(word in data for word in (b"Date", b"Creation", b"tIME"))


@pytest.mark.parametrize("limit", [1, 1e9])
@pytest.mark.parametrize("grid", [(1, 1), (1, 3), (2, 2)])
def test_every_figure_arrives_in_jupyter_two_text_columns_wide_and_on_opaque_paper(grid, limit):
    fig, axes = plotting.figure(*grid, height=4)
    for ax in np.ravel(axes):
        plotting.curve(ax, [0, 1], [0, limit])
        plotting.label_axes(ax, x="a", y="b")
    image = pixels(png(fig))
    plt.close(fig)

    assert image.shape[:2] == (int(4.2 * 224), 1400)
    assert image.shape[2] == 3 or (image[..., 3] == 1).all()
    assert to_hex(image[0, 0]) == to_hex(image[-1, -1]) == plotting.PAPER


def test_figure_gives_axes_in_rows_and_columns():
    shapes = []
    for rows, columns in [(1, 2), (3, 1), (2, 3)]:
        fig, axes = plotting.figure(rows, columns)
        shapes.append(axes.shape)
        plt.close(fig)
    assert shapes == [(2,), (3,), (2, 3)]

    fig, (one, two) = plotting.figure(1, 2, share_y=True, width_ratios=[3, 1], height=2.5)
    one.set_ylim(0, 7)
    fig.canvas.draw()
    assert two.get_ylim() == (0, 7)
    assert one.get_xlim() == two.get_xlim() == (0, 1)
    assert one.get_position().width > 2 * two.get_position().width
    assert fig.get_figheight() == 2.5
    plt.close(fig)


@pytest.mark.parametrize("bad", [{"rows": 0}, {"columns": -1}, {"height": 0}, {"height": float("nan")}])
def test_figure_refuses_impossible_sizes(bad):
    (name,) = bad
    with pytest.raises(ValueError, match=f"{name} must be positive; got"):
        plotting.figure(**bad)
    assert not plt.get_fignums()


# --- Words ------------------------------------------------------------------------------------------------------------


def test_label_axes_writes_names_and_units(ax):
    plotting.label_axes(ax, x="flipper length", x_unit="mm", y="probability", title="penguins")

    assert ax.get_xlabel() == "flipper length (mm)"
    assert ax.get_ylabel() == "probability"
    assert ax.get_title(loc="left") == "penguins"
    assert ax.get_title() == ""


@pytest.mark.parametrize("bad", [{"x": ""}, {"y": "  "}, {"x_unit": ""}, {"y_unit": " "}])
def test_label_axes_refuses_an_empty_name_or_unit(ax, bad):
    (name,) = bad
    with pytest.raises(ValueError, match=f"^{name} must not be empty"):
        plotting.label_axes(ax, **({"x": "a", "y": "b"} | bad))


def test_legend_names_what_has_a_label(ax):
    plotting.points(ax, [0, 1], [0, 1], label="seen")
    plotting.curve(ax, [0, 1], [0, 1])
    plotting.bars(ax, [0], [1], label="counted")
    drawn = artist(plotting.legend, ax, loc="upper left", title="what", columns=2)

    assert [text.get_text() for text in drawn.get_texts()] == ["seen", "counted"]
    assert len({round(text.get_window_extent().y0) for text in drawn.get_texts()}) == 1  # side by side
    assert drawn.get_title().get_text() == "what"


def test_legend_refuses_axes_without_labels(ax):
    plotting.curve(ax, [0, 1], [0, 1])
    with pytest.raises(ValueError, match="nothing on these axes has a label"):
        plotting.legend(ax)


@pytest.mark.parametrize(("offset", "sides"), [((10, 20), ("left", "bottom")), ((-10, -20), ("right", "top"))])
def test_note_points_at_its_point_from_the_side_it_stands_on(ax, offset, sides):
    drawn = artist(plotting.note, ax, "an outlier", at=(0.2, 0.4), offset=offset)

    assert drawn.get_text() == "an outlier"
    assert drawn.xy == (0.2, 0.4)
    assert drawn.xyann == offset
    assert (drawn.get_ha(), drawn.get_va()) == sides
    assert drawn.arrow_patch is not None


# --- Marks ------------------------------------------------------------------------------------------------------------

X, Y = np.array([1.0, 2.0, 4.0]), np.array([-1.0, 0.5, 3.0])


def color_of(mark) -> str:
    if hasattr(mark, "get_facecolor") and len(np.ravel(mark.get_facecolor())) >= 3:
        return to_hex(np.ravel(mark.get_facecolor())[:3])
    edge = mark.get_edgecolor() if hasattr(mark, "get_edgecolor") else to_rgba(mark.get_color())
    return to_hex(np.ravel(edge)[:3])


def test_points_are_the_given_pairs(ax):
    drawn = artist(plotting.points, ax, X, Y, label="birds", size=12)

    np.testing.assert_array_equal(drawn.get_offsets(), np.column_stack([X, Y]))
    assert color_of(drawn) == plotting.COLORS["data"]
    assert drawn.get_label() == "birds"
    assert drawn.get_sizes() == [12]
    assert drawn in ax.collections


@pytest.mark.parametrize("role", [*plotting.COLORS, *range(6), np.int64(3)])
def test_every_role_and_class_has_its_colour_in_every_mark(ax, role):
    expected = plotting.COLORS[role] if isinstance(role, str) else plotting.CLASS_COLORS[role]
    marks = [
        *artists(plotting.points, ax, X, Y, role=role),
        *artists(plotting.curve, ax, X, Y, role=role),
        *artists(plotting.band, ax, X, Y - 1, Y, role=role),
        *artists(plotting.stems, ax, X, Y, role=role),
        *artists(plotting.bars, ax, X, Y, role=role),
        *artists(plotting.histogram, ax, Y[1:], X, role=role),
        *artists(plotting.vertical_densities, ax, [0], [X], [[0, 1, 0]], width=1, role=role),
        *artists(plotting.reliability, ax, [0.2], [0.3], lower=[0.1], upper=[0.4], role=role),
        *artists(plotting.contours, ax, X, X, np.add.outer(X, X), levels=[3, 5], role=role, filled=False),
    ]
    colors = [color_of(mark) for mark in marks]

    assert colors.count(expected) == len(marks) - (role != "reference")  # all but the diagonal of `reliability`


@pytest.mark.parametrize(
    ("role", "error", "message"),
    [
        ("error", ValueError, "role must be one of data, truth, model, .*; got 'error'"),
        (6, ValueError, "class number must be 0..5; got 6"),
        (-1, ValueError, "class number must be 0..5; got -1"),
        (None, TypeError, "role must be a name .* or the number of a class .*; got NoneType"),
        (True, TypeError, "got bool"),
        (1.0, TypeError, "got float"),
    ],
)
def test_an_unknown_role_is_refused(ax, role, error, message):
    for draw in (plotting.points, plotting.curve):
        with pytest.raises(error, match=message):
            draw(ax, X, Y, role=role)
    assert not ax.collections
    assert not ax.lines


def test_class_points_give_each_class_its_marker(ax):
    drawn = artists(plotting.class_points, ax, X, Y, [2, 0, 2], classes=["a", "b", "c"])

    assert [d.get_label() for d in drawn] == ["a", "b", "c"]
    assert [len(d.get_offsets()) for d in drawn] == [1, 0, 2]
    np.testing.assert_array_equal(drawn[2].get_offsets(), np.column_stack([X, Y])[[0, 2]])
    assert [color_of(d) for d in drawn if len(d.get_offsets())] == [plotting.CLASS_COLORS[k] for k in (0, 2)]
    for d, marker in zip(drawn, plotting.CLASS_MARKERS, strict=False):
        shape = mpl.markers.MarkerStyle(marker)
        np.testing.assert_array_equal(
            d.get_paths()[0].vertices, shape.get_path().transformed(shape.get_transform()).vertices
        )


@pytest.mark.parametrize(
    ("labels", "classes", "error", "message"),
    [
        ([0, 1], "ab", ValueError, r"labels must have shape \(3,\), as x and y have; got \(2,\)"),
        ([0, 1, 2], "ab", ValueError, "labels must lie in 0..1; they run from 0 to 2"),
        ([-1, 1, 0], "ab", ValueError, "labels must lie in 0..1; they run from -1 to 1"),
        ([0.0, 1.0, 0.0], "ab", TypeError, "labels must be integers, 0..c-1; got float64"),
        (["a", "b", "a"], "ab", TypeError, "labels must be integers"),
        ([0, 1, 0], "abcdefg", ValueError, "colours for 1 to 6 classes; got 7"),
        ([0, 1, 0], "", ValueError, "colours for 1 to 6 classes; got 0"),
    ],
)
def test_class_points_refuse_labels_that_do_not_fit(ax, labels, classes, error, message):
    with pytest.raises(error, match=message):
        plotting.class_points(ax, X, Y, labels, classes=list(classes))


def test_curve_runs_through_its_points(ax):
    solid = artist(plotting.curve, ax, X, Y, label="f")
    dashed = artist(plotting.curve, ax, X, Y, dashed=True)

    np.testing.assert_array_equal(solid.get_xydata(), np.column_stack([X, Y]))
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert solid.get_label() == "f"


def test_band_lies_between_its_curves(ax):
    drawn = artist(plotting.band, ax, X, Y - 1, Y + 2)
    corners = drawn.get_paths()[0].vertices

    assert {tuple(c) for c in np.column_stack([X, Y - 1])} <= {tuple(c) for c in corners}
    assert {tuple(c) for c in np.column_stack([X, Y + 2])} <= {tuple(c) for c in corners}
    assert drawn.get_alpha() < 0.5
    with pytest.raises(ValueError, match="lower must not exceed upper; it does at 2 of 3 points"):
        plotting.band(ax, X, [0, 2, 2], [1, 1, 1])


def test_residuals_run_from_prediction_to_target(ax):
    drawn = artist(plotting.residuals, ax, X, Y, Y + 1, label="residual")

    for segment, x, y in zip(drawn.get_segments(), X, Y, strict=True):
        np.testing.assert_array_equal(segment, [[x, y + 1], [x, y]])
    assert to_hex(drawn.get_color()[0]) == plotting.COLORS["residual"]
    assert drawn.get_label() == "residual"


def test_vertical_densities_share_one_scale_and_one_label(ax):
    heights = np.array([[0.0, 1.0, 2.0], [5.0, 6.0, 7.0]])
    density = np.array([[0.0, 2.0, 0.0], [0.0, 1.0, 0.0]])
    drawn = artists(plotting.vertical_densities, ax, [10, 20], heights, density, width=4, label="density")

    areas = [mark for mark in drawn if isinstance(mark, PolyCollection)]
    assert areas[0].get_label() == "density"
    assert ax.get_legend_handles_labels()[1] == ["density"]
    reach = [area.get_paths()[0].vertices[:, 0] for area in areas]
    assert [(r.min(), r.max()) for r in reach] == [(10, 14), (20, 22)]
    outlines = [line.get_xydata() for line in ax.lines[::2]]
    np.testing.assert_array_equal(outlines[1], [[20, 5], [22, 6], [20, 7]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [[0, 1]], [[1, 1]]), "one value for each row of y and density; got 2 values, 1 rows"),
        (([1], [[0, 1]], [[1, 1, 1]]), r"expected one common shape \(m, k\); got y \(1, 2\), density \(1, 3\)"),
        (([1], [0, 1], [1, 1]), r"expected one common shape \(m, k\); got y \(2,\)"),
        (([1], [[0, 1]], [[1, -1]]), "density must not be negative nor all zero; it runs from -1.0 to 1.0"),
        (([1], [[0, 1]], [[0, 0]]), "density must not be negative nor all zero"),
    ],
)
def test_vertical_densities_refuse_what_does_not_fit(ax, arguments, message):
    with pytest.raises(ValueError, match=message):
        plotting.vertical_densities(ax, *arguments, width=1)
    with pytest.raises(ValueError, match="width must be positive; got 0"):
        plotting.vertical_densities(ax, [1], [[0, 1]], [[1, 1]], width=0)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.integers(1, 8))
def test_histogram_draws_what_numpy_counts(values, bins):
    heights, edges = np.histogram(values, bins=bins, range=(-5, 5))
    fig, ax = plotting.figure()
    drawn = artist(plotting.histogram, ax, heights, edges, label="masses").get_data()
    plt.close(fig)

    np.testing.assert_array_equal(drawn.values, heights)
    np.testing.assert_array_equal(drawn.edges, edges)


@pytest.mark.parametrize("edges", [[0, 1], [0, 1, 2, 3], [0, 2, 1], [0, 1, 1]])
def test_histogram_refuses_edges_that_do_not_fit(ax, edges):
    with pytest.raises(ValueError, match="edges must increase and be one more than heights"):
        plotting.histogram(ax, [3, 4], edges)


def test_bars_stand_at_x_or_beside_it(ax):
    left = artists(plotting.bars, ax, X, Y, width=0.4, offset=-0.2, label="seen")
    right = artists(plotting.bars, ax, X, Y, width=0.4, offset=0.2, role="model")

    np.testing.assert_allclose([b.get_x() + b.get_width() for b in left], X)
    np.testing.assert_allclose([b.get_x() for b in right], X)
    np.testing.assert_array_equal([b.get_height() for b in left], Y)
    assert ax.get_legend_handles_labels()[1] == ["seen"]
    with pytest.raises(ValueError, match="width must be positive"):
        plotting.bars(ax, X, Y, width=-1)


def test_stems_end_in_dots(ax):
    stalks, dots = artists(plotting.stems, ax, X, Y, label="pmf")

    np.testing.assert_array_equal(dots.get_offsets(), np.column_stack([X, Y]))
    np.testing.assert_array_equal([s[:, 1] for s in stalks.get_segments()], np.column_stack([0 * Y, Y]))
    assert ax.get_legend_handles_labels()[1] == ["pmf"]


def test_contours_put_columns_on_x_and_rows_on_y(ax):
    x, y = np.linspace(0, 1, 5), np.linspace(10, 30, 3)
    _, lines, *_ = artists(plotting.contours, ax, x, y, np.add.outer(0 * y, x), levels=[0.25, 0.5], labelled=True)

    for path, level in zip(lines.get_paths(), [0.25, 0.5], strict=True):
        np.testing.assert_allclose(path.vertices[:, 0], level)
        assert (path.vertices[:, 1].min(), path.vertices[:, 1].max()) == (10, 30)
    assert sorted(text.get_text() for text in lines.labelTexts) == ["0.25", "0.50"]
    assert len(ax.collections) == 2  # lines and shades


def test_contours_without_shades_are_lines_only(ax):
    lines = artist(plotting.contours, ax, X, X, np.add.outer(X, X), levels=[3], filled=False)

    assert not lines.filled


def test_contours_stop_where_the_function_is_not_defined(ax):
    """Below the diagonal only, and right up to it."""
    x = np.linspace(0, 1, 5)
    below = np.add.outer(x, x) <= 1
    _, lines, *_ = artists(plotting.contours, ax, x, x, np.add.outer(0 * x, x), levels=[0.25, 0.5], where=below)

    for path, level in zip(lines.get_paths(), [0.25, 0.5], strict=True):
        np.testing.assert_allclose(path.vertices[:, 0], level)
        assert path.vertices[:, 1].max() == pytest.approx(1 - level)
    with pytest.raises(ValueError, match=r"where must have a row for each y.*expected \(5, 5\), got \(4, 5\)"):
        plotting.contours(ax, x, x, np.add.outer(x, x), where=below[1:])


def test_a_matrix_writes_its_numbers_and_shades_them_by_size(ax):
    values = np.array([[0.0, -2.0, 1.0], [0.5, 0.0, 0.25]])
    drawn = artists(plotting.matrix, ax, values, rows=["a", "b"], columns=["u", "v", "w"], digits=1)
    cells = {tuple(np.round(np.add(mark.get_xy(), 0.5)).astype(int)): mark for mark in drawn if hasattr(mark, "get_xy")}
    texts = {mark.get_position(): mark.get_text() for mark in drawn if hasattr(mark, "get_text")}
    shades = {at: linear(to_hex(cell.get_facecolor())) @ SRGB_TO_XYZ[1] for at, cell in cells.items()}
    by_size = sorted(shades, key=lambda at: -shades[at])  # the lightest first

    assert texts == {(0, 0): "0.0", (1, 0): "-2.0", (2, 0): "1.0", (0, 1): "0.5", (1, 1): "0.0", (2, 1): "0.2"}
    assert [abs(values[i, k]) for k, i in by_size] == sorted(np.abs(values).ravel())
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["u", "v", "w"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first row on top


@pytest.mark.parametrize("role", plotting.COLORS)
def test_the_darkest_cell_of_a_matrix_can_be_read(ax, role):
    cell, _ = artists(plotting.matrix, ax, [[-3.0]], rows=["a"], columns=["u"], role=role)

    assert contrast(plotting.INK, to_hex(cell.get_facecolor())) > 4.5


def test_a_matrix_of_zeros_has_no_shade(ax):
    cell, _ = artists(plotting.matrix, ax, [[0.0]], rows=[""], columns=[""])

    assert to_hex(cell.get_facecolor()) == plotting.PAPER


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, 2], [3, 4]], r"expected \(1, 2\), one or more each, got \(2, 2\)"),
        ([[1, np.inf]], "values must be finite"),
        ([1, 2], "shape"),
    ],
)
def test_a_matrix_refuses_what_does_not_fit(ax, values, message):
    with pytest.raises(ValueError, match=message):
        plotting.matrix(ax, values, rows=["a"], columns=["u", "v"])


@pytest.mark.parametrize("z", [np.zeros((3, 5)), np.zeros((5, 4)), np.zeros(15)])
def test_contours_refuse_a_grid_that_does_not_fit(ax, z):
    with pytest.raises(ValueError, match=r"row for each y and a column for each x.*expected \(5, 3\)|common shape"):
        plotting.contours(ax, np.arange(3), np.arange(5), z)


def winners_at(ax, where) -> list[int]:
    """The class whose shade is on the page at each of some points of the axes; -1 where there is another colour."""
    ax.figure.canvas.draw()
    image = np.asarray(ax.figure.canvas.buffer_rgba())[..., :3] / 255
    paper = np.array(to_rgba(plotting.PAPER)[:3])
    shades = np.array([0.25 * np.array(to_rgba(color)[:3]) + 0.75 * paper for color in plotting.CLASS_COLORS])
    found = []
    for column, row in np.floor(ax.transData.transform(where)).astype(int):
        off = np.abs(shades - image[image.shape[0] - 1 - row, column]).max(axis=1)
        found.append(int(off.argmin()) if off.min() < 1.5 / 255 else -1)
    return found


def test_decision_regions_show_the_winner_everywhere(ax):
    """Three classes that meet in a point: every pixel off the borders has the colour of the largest score."""
    x, y = np.linspace(-1, 1, 21), np.linspace(-1, 1, 31)
    normals = np.array([[1.0, 0.0], [-0.5, 0.9], [-0.5, -0.9]])

    def scores(a, b):
        return a * normals[:, 0] + b * normals[:, 1]

    plotting.decision_regions(ax, x, y, np.array([[scores(a, b) for a in x] for b in y]))

    where = np.random.default_rng(7).uniform(-0.97, 0.97, size=(300, 2))
    expected = np.array([scores(*point) for point in where])
    first, second = np.sort(expected, axis=1)[:, :-3:-1].T
    clear = first - second > 0.06

    assert set(expected.argmax(axis=1)[clear]) == {0, 1, 2}
    assert winners_at(ax, where[clear]) == expected.argmax(axis=1)[clear].tolist()


def test_decision_regions_leave_no_gap_where_classes_meet(ax):
    x = np.linspace(-1, 1, 8)  # coarse, and no grid point at the meeting point
    a, b = np.meshgrid(x, x)
    scores = np.stack([a, -0.5 * a + 0.9 * b, -0.5 * a - 0.9 * b], axis=-1)
    plotting.decision_regions(ax, x, x, scores)
    ax.set_xlim(-0.2, 0.2)
    ax.set_ylim(-0.2, 0.2)
    ax.axis("off")
    ax.figure.canvas.draw()
    box = ax.get_window_extent()
    image = np.asarray(ax.figure.canvas.buffer_rgba())[:, int(box.x0) + 5 : int(box.x1) - 5]
    inside = image[image.shape[0] - int(box.y1) + 5 : image.shape[0] - int(box.y0) - 5]

    assert plotting.PAPER not in {to_hex(color / 255) for color in np.unique(inside.reshape(-1, 4), axis=0)}


def test_a_class_that_wins_nowhere_or_everywhere_is_drawn_so(ax):
    grid = np.linspace(0, 1, 4)
    never = np.stack([np.ones((4, 4)), np.zeros((4, 4))], axis=-1)
    assert len(artists(plotting.decision_regions, ax, grid, grid, never)) == 1
    assert winners_at(ax, [(0.5, 0.5)]) == [0]

    plotting.decision_regions(ax, grid, grid, never[..., ::-1])
    assert winners_at(ax, [(0.5, 0.5)]) == [1]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 3), r"expected one common shape \(q, p, c\); got scores \(4, 3\)"),
        ((4, 3, 1), "2 to 6 classes in the last axis"),
        ((4, 3, 7), "2 to 6 classes in the last axis"),
        ((3, 4, 2), r"expected \(4, 3\), got \(3, 4\)"),
    ],
)
def test_decision_regions_refuse_scores_that_do_not_fit(ax, shape, message):
    with pytest.raises(ValueError, match=message):
        plotting.decision_regions(ax, np.arange(3), np.arange(4), np.zeros(shape))


def test_a_reference_line_is_dashed_and_crosses_the_axes(ax):
    vertical = artist(plotting.reference_line, ax, x=0.3, label="31 °F")
    horizontal = artist(plotting.reference_line, ax, y=0)

    assert list(vertical.get_xdata()) == [0.3, 0.3]
    assert list(horizontal.get_ydata()) == [0, 0]
    assert vertical.get_linestyle() == horizontal.get_linestyle() == "--"
    assert vertical.get_color() == plotting.COLORS["reference"]
    for bad in ({}, {"x": 1, "y": 1}):
        with pytest.raises(ValueError, match=r"exactly one of x .* and y .*; got x="):
            plotting.reference_line(ax, **bad)


def test_reliability_draws_the_points_the_intervals_and_the_diagonal(ax):
    predicted, observed = np.array([0.1, 0.6]), np.array([0.2, 0.5])
    plotting.reliability(ax, predicted, observed, lower=[0.1, 0.3], upper=[0.4, 0.7], label="CE")

    np.testing.assert_array_equal(ax.lines[1].get_xydata(), np.column_stack([predicted, observed]))
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(ax.collections[0].get_segments()[1], [[0.6, 0.3], [0.6, 0.7]])
    assert ax.get_aspect() == 1
    assert ax.get_legend_handles_labels()[1] == ["CE"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"predicted": [0.1, 1.2], "observed": [0, 1]}, r"predicted must lie in \[0, 1\]; it runs from 0.1 to 1.2"),
        ({"predicted": [0.1], "observed": [-0.1]}, r"observed must lie in \[0, 1\]"),
        ({"predicted": [0.1], "observed": [0.1], "lower": [0]}, "both lower and upper, or neither"),
        ({"predicted": [0.1], "observed": [0.1], "lower": [0], "upper": [2]}, r"upper must lie in \[0, 1\]"),
        ({"predicted": [0.1], "observed": [0.1, 0.2]}, "common shape"),
    ],
)
def test_reliability_refuses_what_is_no_probability(ax, arguments, message):
    with pytest.raises(ValueError, match=message):
        plotting.reliability(ax, **arguments)


# --- Arrays that do not fit -------------------------------------------------------------------------------------------

PAIRS = {
    "points": plotting.points,
    "curve": plotting.curve,
    "bars": plotting.bars,
    "stems": plotting.stems,
    "class_points": lambda ax, x, y: plotting.class_points(ax, x, y, np.zeros(np.shape(x), int), classes=["a"]),
    "band": lambda ax, x, y: plotting.band(ax, x, y, y),
    "residuals": lambda ax, x, y: plotting.residuals(ax, x, y, y),
}


@pytest.mark.parametrize("draw", PAIRS.values(), ids=PAIRS)
def test_shapes_are_checked_before_anything_is_drawn(ax, draw):
    for x, y in [(X, Y[:2]), (X[:, None], Y[:, None]), (1.0, 2.0), (X, 0.0)]:
        with pytest.raises(ValueError, match=r"expected one common shape \(N,\); got .*\("):
            draw(ax, x, y)
    with pytest.raises(ValueError, match="must be finite; 1 of 3 values are not"):
        draw(ax, X, [0, np.nan, 1])
    with pytest.raises(ValueError, match="x must be finite; 2 of 3 values are not"):
        draw(ax, [np.inf, -np.inf, 0], Y)
    with pytest.raises(TypeError, match="x must be an array of numbers; got list"):
        draw(ax, ["a", "b", "c"], Y)
    assert not ax.has_data()


@pytest.mark.parametrize("draw", PAIRS.values(), ids=PAIRS)
def test_the_given_arrays_are_not_changed(ax, draw):
    x, y = X.copy(), Y.copy()
    for a in (x, y):
        a.setflags(write=False)
    draw(ax, x, y)

    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_the_map_of_the_module_names_every_public_name():
    for name in plotting.__all__:
        assert f"``{name}``" in plotting.__doc__
        assert hasattr(plotting, name)
