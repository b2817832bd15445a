"""The data sets of the book: small real tables that travel inside the package.

Nothing is downloaded.  Each table is a CSV file in ``lossbook/datasets`` beside a text of the same name that states its source,
its licence and what was done to it.  A loader returns an immutable record of NumPy arrays; every physical quantity carries
its unit in its name (``flipper_length_mm``, ``temperature_fahrenheit``).

======================  =====================================================================================
``penguins``            Palmer penguins, all 344 birds and all columns, missing values kept
``penguin_masses``      flipper length (mm) and body mass (g) of the 342 measured birds, or of one species
``penguin_bills``       bill length and depth (mm) and the species as a class label, 342 birds
``challenger``          temperature (°F) and distressed O-rings of the 23 flights before the Challenger accident
``horse_kicks``         deaths by horse kick in the Prussian army, 14 corps × 20 years
======================  =====================================================================================
"""

import csv
from dataclasses import dataclass, fields
from importlib.resources import files

import numpy as np

__all__ = [
    "Challenger",
    "HorseKicks",
    "PenguinBills",
    "PenguinMasses",
    "Penguins",
    "challenger",
    "horse_kicks",
    "penguin_bills",
    "penguin_masses",
    "penguins",
]

PENGUIN_SPECIES = ("Adelie", "Chinstrap", "Gentoo")

# The corps whose organisation differed from the others': the Guard, I, VI and XI.  Bortkiewicz (1898) and Fisher (1925) leave them out.
_CORPS_SET_APART = ("G", "I", "VI", "XI")

_PENGUIN_SOURCE = (
    "Gorman, Williams & Fraser (2014), PLoS ONE 9(3), e90081, doi:10.1371/journal.pone.0090081; "
    "curated by Horst, Hill & Gorman (2020) as `palmerpenguins`, doi:10.5281/zenodo.3960218"
)
_PENGUIN_LICENCE = "CC0 1.0"


class _Record:
    """What the records share: a length, a short text and read-only arrays."""

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __len__(self):
        return len(getattr(self, fields(self)[0].name))

    def __repr__(self):
        columns = ", ".join(f.name for f in fields(self) if isinstance(getattr(self, f.name), np.ndarray))
        return f"{type(self).__name__}({len(self)} rows: {columns})"


@dataclass(frozen=True, eq=False, repr=False)
class Penguins(_Record):
    """The Palmer penguins, one row a bird; see :func:`penguins`."""

    species: np.ndarray
    island: np.ndarray
    bill_length_mm: np.ndarray
    bill_depth_mm: np.ndarray
    flipper_length_mm: np.ndarray
    body_mass_g: np.ndarray
    sex: np.ndarray
    year: np.ndarray
    source: str = _PENGUIN_SOURCE
    licence: str = _PENGUIN_LICENCE


@dataclass(frozen=True, eq=False, repr=False)
class PenguinMasses(_Record):
    """Flipper length and body mass, one row a bird; see :func:`penguin_masses`."""

    flipper_length_mm: np.ndarray
    body_mass_g: np.ndarray
    species: np.ndarray
    source: str = _PENGUIN_SOURCE
    licence: str = _PENGUIN_LICENCE


@dataclass(frozen=True, eq=False, repr=False)
class PenguinBills(_Record):
    """Bill length, bill depth and species, one row a bird; see :func:`penguin_bills`."""

    bill_length_mm: np.ndarray
    bill_depth_mm: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...] = PENGUIN_SPECIES
    source: str = _PENGUIN_SOURCE
    licence: str = _PENGUIN_LICENCE


@dataclass(frozen=True, eq=False, repr=False)
class Challenger(_Record):
    """Space Shuttle flights before the Challenger accident, one row a flight; see :func:`challenger`."""

    temperature_fahrenheit: np.ndarray
    distressed_o_rings: np.ndarray
    distress: np.ndarray
    flight: np.ndarray
    date: np.ndarray
    o_rings: int = 6
    forecast_fahrenheit: float = 31.0
    source: str = "Dalal, Fowlkes & Hoadley (1989), JASA 84(408), 945-957, table 1, doi:10.1080/01621459.1989.10478858"
    licence: str = "facts of public record (Presidential Commission on the Space Shuttle Challenger Accident, 1986)"


@dataclass(frozen=True, eq=False, repr=False)
class HorseKicks(_Record):
    """Deaths by horse kick, one row a year and one column a corps; see :func:`horse_kicks`."""

    deaths: np.ndarray
    year: np.ndarray
    corps: np.ndarray
    source: str = "L. von Bortkiewicz (1898), Das Gesetz der kleinen Zahlen, Leipzig: Teubner"
    licence: str = "public domain (published 1898; the author died in 1931)"


def _read(name: str) -> dict[str, list[str]]:
    """The columns of a packaged CSV file, as text."""
    with files("lossbook").joinpath("datasets", name).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return {column: list(values) for column, values in zip(header, zip(*rows, strict=True), strict=True)}


def _numbers(values: list[str]) -> np.ndarray:
    return np.array([float("nan") if value == "NA" else float(value) for value in values])


def penguins() -> Penguins:
    """All 344 Palmer penguins, missing measurements included.

    Returns
    -------
    Penguins
        Arrays of shape (344,): ``species``, ``island``, ``sex`` (text; ``sex`` is ``""`` for the 11 birds of unknown sex),
        ``bill_length_mm``, ``bill_depth_mm``, ``flipper_length_mm``, ``body_mass_g`` (float; NaN for the 2 birds that were not
        measured) and ``year`` (int, 2007 to 2009).

    Examples
    --------
    >>> from lossbook.data import penguins
    >>> penguins()
    Penguins(344 rows: species, island, bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g, sex, year)
    """
    table = _read("penguins.csv")
    return Penguins(
        species=np.array(table["species"]),
        island=np.array(table["island"]),
        bill_length_mm=_numbers(table["bill_length_mm"]),
        bill_depth_mm=_numbers(table["bill_depth_mm"]),
        flipper_length_mm=_numbers(table["flipper_length_mm"]),
        body_mass_g=_numbers(table["body_mass_g"]),
        sex=np.array(["" if value == "NA" else value for value in table["sex"]]),
        year=np.array(table["year"], dtype=int),
    )


def penguin_masses(species: str | None = None) -> PenguinMasses:
    """Flipper length (mm) and body mass (g) of the 342 measured penguins, or of one species.

    Parameters
    ----------
    species : str, optional
        ``"Adelie"``, ``"Chinstrap"`` or ``"Gentoo"``; all three when left out.

    Returns
    -------
    PenguinMasses
        ``flipper_length_mm``, ``body_mass_g`` (float) and ``species`` (text), each of shape (342,), or (151,), (68,), (123,) for
        one species.  The two birds without measurements are left out.

    Raises
    ------
    ValueError
        For an unknown species.

    Examples
    --------
    >>> from lossbook.data import penguin_masses
    >>> gentoo = penguin_masses("Gentoo")
    >>> len(gentoo), round(float(gentoo.body_mass_g.mean()))
    (123, 5076)
    """
    if species is not None and species not in PENGUIN_SPECIES:
        raise ValueError(f"species must be one of {', '.join(PENGUIN_SPECIES)}, or left out; got {species!r}")
    birds = penguins()
    keep = np.isfinite(birds.body_mass_g) & np.isfinite(birds.flipper_length_mm)
    if species is not None:
        keep &= birds.species == species
    return PenguinMasses(birds.flipper_length_mm[keep], birds.body_mass_g[keep], birds.species[keep])


def penguin_bills() -> PenguinBills:
    """Bill length and bill depth (mm) of 342 penguins, and their species as a class label.

    Returns
    -------
    PenguinBills
        ``bill_length_mm``, ``bill_depth_mm`` (float) and ``labels`` (int: 0 Adelie, 1 Chinstrap, 2 Gentoo), each of shape
        (342,), and ``classes``, the three names in the order of the labels.  The two birds without measurements are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook.data import penguin_bills
    >>> bills = penguin_bills()
    >>> dict(zip(bills.classes, np.bincount(bills.labels).tolist()))
    {'Adelie': 151, 'Chinstrap': 68, 'Gentoo': 123}
    """
    birds = penguins()
    keep = np.isfinite(birds.bill_length_mm) & np.isfinite(birds.bill_depth_mm)
    labels = np.array([PENGUIN_SPECIES.index(name) for name in birds.species[keep]])
    return PenguinBills(birds.bill_length_mm[keep], birds.bill_depth_mm[keep], labels)


def challenger() -> Challenger:
    """Temperature and distressed O-rings of the 23 flights before the Challenger accident.

    Returns
    -------
    Challenger
        ``temperature_fahrenheit`` (float, °F), ``distressed_o_rings`` (int, 0 to 6), ``distress`` (int, 1 if at least one O-ring was
        distressed), ``flight`` (text), ``date`` (datetime64[D]), each of shape (23,), in order of launch; ``o_rings``, 6, the
        number at risk on each flight; ``forecast_fahrenheit``, 31, for the morning of the accident.

    Examples
    --------
    >>> from lossbook.data import challenger
    >>> flights = challenger()
    >>> len(flights), int(flights.distress.sum()), int(flights.distressed_o_rings.sum())
    (23, 7, 9)
    """
    table = _read("challenger.csv")
    distressed = np.array(table["distressed_o_rings"], dtype=int)
    return Challenger(
        temperature_fahrenheit=_numbers(table["temperature_fahrenheit"]),
        distressed_o_rings=distressed,
        distress=(distressed > 0).astype(int),
        flight=np.array(table["flight"]),
        date=np.array(table["date"], dtype="datetime64[D]"),
    )


def horse_kicks(*, classic: bool = False) -> HorseKicks:
    """Deaths by horse kick in the Prussian army, 1875 to 1894.

    Parameters
    ----------
    classic : bool, keyword-only
        Keep only the ten corps of like organisation (200 corps-years), as Bortkiewicz's and Fisher's tables do; the default
        keeps all 14 (280 corps-years).

    Returns
    -------
    HorseKicks
        ``deaths`` (int, shape (20, 14) or (20, 10): deaths in a year and a corps), ``year`` (int, shape (20,)), ``corps`` (text,
        shape (14,) or (10,); ``"G"`` is the Guard).

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook.data import horse_kicks
    >>> np.bincount(horse_kicks().deaths.ravel()).tolist()
    [144, 91, 32, 11, 2]
    >>> np.bincount(horse_kicks(classic=True).deaths.ravel()).tolist()
    [109, 65, 22, 3, 1]
    """
    table = _read("horse_kicks.csv")
    year = np.array(table.pop("year"), dtype=int)
    corps = [name for name in table if not (classic and name in _CORPS_SET_APART)]
    deaths = np.array([table[name] for name in corps], dtype=int).T.copy()
    return HorseKicks(deaths=deaths, year=year, corps=np.array(corps))
