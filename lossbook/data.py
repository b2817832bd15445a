"""The data sets of the book: small real tables that travel inside the package.

Nothing is downloaded.  Each table is a CSV file in ``lossbook/datasets``, beside a text of the same name that states
its source, its licence and what it was compared with.  A loader returns an immutable record of read-only NumPy
arrays, with ``source`` and ``licence``; a physical quantity carries its unit in its name (``flipper_length_mm``).

===================  =========================================================================================
``penguins``         Palmer penguins: 344 birds, all columns, missing values kept
``penguin_masses``   flipper length (mm) and body mass (g) of the 342 measured birds, or of one species
``penguin_bills``    bill length and bill depth (mm) and the species as a class label, 342 birds
``challenger``       temperature (°F) and distressed O-rings, 23 Space Shuttle flights before the Challenger accident
``horse_kicks``      deaths by horse kick in the Prussian army, 14 corps in 20 years
``letter_counts``    how often each of the 26 letters occurs in English books
``coal_disasters``   days from one disaster in a British coal mine to the next, 190 waits from 1851 to 1962
``wine_bitterness``  bitterness of eight bottles of wine, rated 1 to 5 by nine judges
===================  =========================================================================================
"""

import csv
from dataclasses import dataclass, fields
from importlib.resources import files

import numpy as np

__all__ = [
    "PENGUIN_SPECIES",
    "Challenger",
    "CoalDisasters",
    "HorseKicks",
    "LetterCounts",
    "PenguinBills",
    "PenguinMasses",
    "Penguins",
    "WineBitterness",
    "challenger",
    "coal_disasters",
    "horse_kicks",
    "letter_counts",
    "penguin_bills",
    "penguin_masses",
    "penguins",
    "wine_bitterness",
]

PENGUIN_SPECIES = ("Adelie", "Chinstrap", "Gentoo")

# The Guard and three more corps were organised differently from the others; most textbooks, after Fisher (1925), leave
# them out.
_CORPS_SET_APART = ("G", "I", "VI", "XI")

_PENGUIN_SOURCE = (
    "Gorman, Williams & Fraser (2014), PLoS ONE 9(3), e90081, doi:10.1371/journal.pone.0090081; "
    "Horst, Hill & Gorman (2020), palmerpenguins, doi:10.5281/zenodo.3960218"
)
_PENGUIN_LICENCE = "CC0 1.0"


class _Record:
    """What the records share: read-only arrays, the number of rows, and a short text."""

    def __post_init__(self):
        for array in self._columns().values():
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(next(iter(self._columns().values())))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} rows: {', '.join(self._columns())})"

    def _columns(self) -> dict[str, np.ndarray]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


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
    licence: str = "facts of public record (report of the Presidential Commission, 1986)"


@dataclass(frozen=True, eq=False, repr=False)
class HorseKicks(_Record):
    """Deaths by horse kick, one row a year and one column a corps; see :func:`horse_kicks`."""

    deaths: np.ndarray
    year: np.ndarray
    corps: np.ndarray
    source: str = "L. von Bortkiewicz (1898), Das Gesetz der kleinen Zahlen, Leipzig: B. G. Teubner"
    licence: str = "public domain"


@dataclass(frozen=True, eq=False, repr=False)
class LetterCounts(_Record):
    """Occurrences of the letters, one row a letter; see :func:`letter_counts`."""

    letter: np.ndarray
    count: np.ndarray
    source: str = (
        "P. Norvig (2013), English letter frequency counts: Mayzner revisited, https://norvig.com/mayzner.html"
    )
    licence: str = "counts from the Google Books Ngrams, CC BY 3.0"


@dataclass(frozen=True, eq=False, repr=False)
class CoalDisasters(_Record):
    """Waits between disasters in coal mines, one row a wait; see :func:`coal_disasters`."""

    date: np.ndarray
    waiting_days: np.ndarray
    source: str = "R. G. Jarrett (1979), Biometrika 66(1), 191-193, doi:10.1093/biomet/66.1.191"
    licence: str = "facts of public record"


@dataclass(frozen=True, eq=False, repr=False)
class WineBitterness(_Record):
    """Ratings of bitterness, one row a rating; see :func:`wine_bitterness`."""

    judge: np.ndarray
    bottle: np.ndarray
    warm: np.ndarray
    contact: np.ndarray
    mark: np.ndarray
    rating: np.ndarray
    source: str = "J. H. Randall (1989), Biometrical Journal 31(7), 781-793, doi:10.1002/bimj.4710310703"
    licence: str = "facts from a published table"


def penguins() -> Penguins:
    """All 344 Palmer penguins, missing measurements included.

    Adult birds of three species, measured on three islands of the Palmer Archipelago (Antarctica) from 2007 to 2009.

    Returns
    -------
    Penguins
        Arrays of shape (344,).  Text: ``species``, ``island`` and ``sex``, which is ``""`` for the 11 birds of
        unknown sex.  Float: ``bill_length_mm``, ``bill_depth_mm``, ``flipper_length_mm``, ``body_mass_g``, which are
        NaN for the two birds without measurements.  Int: ``year``.

    See Also
    --------
    penguin_masses, penguin_bills : the same birds without missing values

    Notes
    -----
    Licence: CC0 1.0.  The file is that of the Python package palmerpenguins 0.1.6, unchanged.

    References
    ----------
    K. B. Gorman, T. D. Williams, W. R. Fraser (2014), PLoS ONE 9(3), e90081.
    A. M. Horst, A. P. Hill, K. B. Gorman (2020), palmerpenguins, doi:10.5281/zenodo.3960218.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook.data import penguins
    >>> birds = penguins()
    >>> birds
    Penguins(344 rows: species, island, bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g, sex, year)
    >>> int(np.isnan(birds.body_mass_g).sum())
    2
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
        ``flipper_length_mm``, ``body_mass_g`` (float) and ``species`` (text), each of shape (342,); or of shape
        (151,) for Adelie, (68,) for Chinstrap, (123,) for Gentoo.  The two birds without measurements are left out.

    Raises
    ------
    ValueError
        For an unknown species.

    See Also
    --------
    penguins : all columns; source and licence

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
    keep = np.isfinite(birds.flipper_length_mm) & np.isfinite(birds.body_mass_g)
    if species is not None:
        keep &= birds.species == species
    return PenguinMasses(birds.flipper_length_mm[keep], birds.body_mass_g[keep], birds.species[keep])


def penguin_bills() -> PenguinBills:
    """Bill length and bill depth (mm) of the 342 measured penguins, and their species as a class label.

    Returns
    -------
    PenguinBills
        ``bill_length_mm``, ``bill_depth_mm`` (float) and ``labels`` (int), each of shape (342,), and ``classes``, the
        names of the labels: 0 Adelie, 1 Chinstrap, 2 Gentoo.  The two birds without measurements are left out.

    See Also
    --------
    penguins : all columns; source and licence

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
    """Temperature and distressed O-rings of the 23 Space Shuttle flights before the Challenger accident.

    Each flight had six primary O-rings in the field joints of its two solid rocket motors.  An O-ring counts as
    distressed if the recovered motor showed erosion or blow-by there.

    Returns
    -------
    Challenger
        Arrays of shape (23,), in order of launch: ``temperature_fahrenheit`` (float, °F), ``distressed_o_rings``
        (int, 0 to 6), ``distress`` (int, 1 if any O-ring was distressed, else 0), ``flight`` (text), ``date``
        (datetime64[D]). And ``o_rings`` (6, the number at risk on a flight) and ``forecast_fahrenheit`` (31, for the
        morning of the accident).

    Notes
    -----
    Licence: facts of public record (Report of the Presidential Commission on the Space Shuttle Challenger Accident,
    1986).

    A fit to these values gives the coefficients that the paper prints.  Other versions are about: R's ``orings`` counts
    five incidents on STS-51-C (here two O-rings) and one on STS-61-A (here two), with the same ``distress``; one file
    of the UCI repository counts erosion only, and has no distress on STS-61-A.  STS-4 is missing: its motors were
    lost at sea. The comparison, flight by flight, is in ``lossbook/datasets/challenger.txt``.

    References
    ----------
    S. R. Dalal, E. B. Fowlkes, B. Hoadley (1989), Journal of the American Statistical Association 84(408), 945-957,
    table 1.

    Examples
    --------
    >>> from lossbook.data import challenger
    >>> flights = challenger()
    >>> len(flights), int(flights.distress.sum()), int(flights.distressed_o_rings.sum())
    (23, 7, 9)
    >>> coldest = flights.temperature_fahrenheit.argmin()
    >>> str(flights.flight[coldest]), str(flights.date[coldest]), float(flights.temperature_fahrenheit[coldest])
    ('STS-51-C', '1985-01-24', 53.0)
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
    """Deaths by horse kick in the Prussian army, by corps and year, 1875 to 1894.

    Parameters
    ----------
    classic : bool, keyword-only
        Whether to keep only the ten corps of like organisation (200 corps-years), as Fisher (1925) and most textbooks
        do; the default keeps all 14 (280 corps-years).

    Returns
    -------
    HorseKicks
        ``deaths`` (int, shape (20, 14), or (20, 10) if ``classic``: the deaths in a year and a corps), ``year`` (int,
        shape (20,)) and ``corps`` (text, shape (14,) or (10,); ``"G"`` is the Guard).

    Notes
    -----
    Licence: public domain.  Two independent transcriptions agree in all 280 entries; see ``lossbook/datasets``.

    References
    ----------
    L. von Bortkiewicz (1898), Das Gesetz der kleinen Zahlen, Leipzig: B. G. Teubner.
    R. A. Fisher (1925), Statistical methods for research workers, Edinburgh: Oliver and Boyd.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook.data import horse_kicks
    >>> np.bincount(horse_kicks().deaths.ravel()).tolist()  # corps-years with 0, 1, 2, 3, 4 deaths
    [144, 91, 32, 11, 2]
    >>> np.bincount(horse_kicks(classic=True).deaths.ravel()).tolist()
    [109, 65, 22, 3, 1]
    """
    table = _read("horse_kicks.csv")
    year = np.array(table.pop("year"), dtype=int)
    corps = [name for name in table if not (classic and name in _CORPS_SET_APART)]
    deaths = np.array([table[name] for name in corps], dtype=int).T.copy()
    return HorseKicks(deaths=deaths, year=year, corps=np.array(corps))


def letter_counts() -> LetterCounts:
    """How often each letter occurs in English books: 3.56 million million letters.

    Returns
    -------
    LetterCounts
        ``letter`` (text, "a" to "z") and ``count`` (int64), each of shape (26,).  Upper and lower case are counted
        together.

    Notes
    -----
    Counted by P. Norvig in the Google Books Ngrams (licence CC BY 3.0), in words of letters only that occur 100 000
    times or more.  Digits, spaces and punctuation are not counted.

    References
    ----------
    P. Norvig (2013), English letter frequency counts: Mayzner revisited, https://norvig.com/mayzner.html.

    Examples
    --------
    >>> from lossbook.data import letter_counts
    >>> letters = letter_counts()
    >>> share = letters.count / letters.count.sum()
    >>> {str(letter): round(float(p), 4) for letter, p in zip(letters.letter, share) if p > 0.08}
    {'a': 0.0804, 'e': 0.1249, 't': 0.0928}
    """
    table = _read("letter_counts.csv")
    return LetterCounts(letter=np.array(table["letter"]), count=np.array(table["count"], dtype=np.int64))


def coal_disasters() -> CoalDisasters:
    """Days from one disaster in a British coal mine to the next, March 1851 to March 1962.

    A disaster is an explosion that killed ten men or more; there were 191.

    Returns
    -------
    CoalDisasters
        Arrays of shape (190,): ``date`` (datetime64[D], the day of a disaster) and ``waiting_days`` (int, days until
        the next one).  One wait is 0: there were two disasters on 6 December 1875.

    Notes
    -----
    Licence: facts of public record.  The copies compared are listed in ``lossbook/datasets/coal_disasters.txt``.

    References
    ----------
    R. G. Jarrett (1979), Biometrika 66(1), 191-193, doi:10.1093/biomet/66.1.191.
    B. A. Maguire, E. S. Pearson, A. H. A. Wynn (1952), Biometrika 39, 168-180.

    Examples
    --------
    >>> from lossbook.data import coal_disasters
    >>> waits = coal_disasters()
    >>> len(waits), int(waits.waiting_days.sum()), int(waits.waiting_days.max())
    (190, 40549, 2366)
    >>> str(waits.date[0]), str(waits.date[-1] + waits.waiting_days[-1])
    ('1851-03-15', '1962-03-22')
    """
    table = _read("coal_disasters.csv")
    return CoalDisasters(
        date=np.array(table["date"], dtype="datetime64[D]"),
        waiting_days=np.array(table["waiting_days"], dtype=int),
    )


def wine_bitterness() -> WineBitterness:
    """How bitter nine judges found eight bottles of wine, made in four ways: 72 ratings from 1 to 5.

    Returns
    -------
    WineBitterness
        Int arrays of shape (72,): ``judge`` (1 to 9), ``bottle`` (1 to 8), ``warm`` and ``contact`` (1 if the grapes
        were crushed warm, and if the juice stood in contact with the skins; else 0), ``mark`` (bitterness from 0 to
        100) and ``rating`` (1 to 5, the fifth of the scale that the mark lies in).

    Notes
    -----
    Licence: facts from a published table.  The copies compared are listed in
    ``lossbook/datasets/wine_bitterness.txt``.

    References
    ----------
    J. H. Randall (1989), Biometrical Journal 31(7), 781-793, doi:10.1002/bimj.4710310703.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook.data import wine_bitterness
    >>> wine = wine_bitterness()
    >>> np.bincount(wine.rating)[1:].tolist()  # ratings 1, 2, 3, 4, 5
    [5, 22, 26, 12, 7]
    """
    table = _read("wine_bitterness.csv")
    return WineBitterness(**{name: np.array(values, dtype=int) for name, values in table.items()})


def _read(name: str) -> dict[str, list[str]]:
    """The columns of a packaged CSV file, as text; every row must be as long as the header."""
    with files("lossbook").joinpath("datasets", name).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return {column: list(values) for column, values in zip(header, zip(*rows, strict=True), strict=True)}


def _numbers(values: list[str]) -> np.ndarray:
    return np.array([float("nan") if value == "NA" else float(value) for value in values])
