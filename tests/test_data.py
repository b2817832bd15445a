"""The shipped data are the published data: counts, sums and fits from the literature; and nobody can change them."""

import csv
import dataclasses
import shutil
import subprocess
import sys
import zipfile
from datetime import date
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression
from statsmodels.miscmodels.ordinal_model import OrderedModel

from lossbook import data

LOADERS = {
    "penguins": data.penguins,
    "penguin_masses": data.penguin_masses,
    "penguin_bills": data.penguin_bills,
    "challenger": data.challenger,
    "horse_kicks": data.horse_kicks,
    "letter_counts": data.letter_counts,
    "coal_disasters": data.coal_disasters,
    "wine_bitterness": data.wine_bitterness,
}
FILES = ["challenger", "coal_disasters", "horse_kicks", "letter_counts", "penguins", "wine_bitterness"]


def counts(texts) -> dict[str, int]:
    names, numbers = np.unique(texts, return_counts=True)
    return dict(zip(names.tolist(), numbers.tolist(), strict=True))


# --- Palmer penguins --------------------------------------------------------------------------------------------------


def test_penguins_are_the_published_ones():
    """Counts: Horst, Hill & Gorman (2022), R Journal 14(1), 244-254.  Means and deviations: summary() and sd() in R."""
    birds = data.penguins()

    assert len(birds) == 344
    assert counts(birds.species) == {"Adelie": 152, "Chinstrap": 68, "Gentoo": 124}
    assert counts(birds.island) == {"Biscoe": 168, "Dream": 124, "Torgersen": 52}
    assert counts(birds.sex) == {"": 11, "female": 165, "male": 168}
    assert counts(birds.year) == {2007: 110, 2008: 114, 2009: 120}
    for name, mean, deviation, low, high in [
        ("bill_length_mm", 43.92193, 5.459584, 32.1, 59.6),
        ("bill_depth_mm", 17.15117, 1.974793, 13.1, 21.5),
        ("flipper_length_mm", 200.9152, 14.06171, 172, 231),
        ("body_mass_g", 4201.754, 801.9545, 2700, 6300),
    ]:
        values = getattr(birds, name)
        assert np.nanmean(values) == pytest.approx(mean, rel=1e-6)
        assert np.nanstd(values, ddof=1) == pytest.approx(deviation, rel=1e-6)
        assert (np.nanmin(values), np.nanmax(values)) == (low, high)


def test_missing_measurements_stay_missing():
    birds = data.penguins()
    missing = np.isnan(birds.body_mass_g)

    assert missing.sum() == 2
    assert sorted(birds.species[missing]) == ["Adelie", "Gentoo"]
    for name in ("bill_length_mm", "bill_depth_mm", "flipper_length_mm"):
        np.testing.assert_array_equal(np.isnan(getattr(birds, name)), missing)
    assert (birds.sex[missing] == "").all()


def test_penguin_masses_leave_out_the_missing_and_nothing_else():
    birds, masses = data.penguins(), data.penguin_masses()

    assert len(masses) == 342
    assert np.isfinite(masses.flipper_length_mm).all()
    assert np.nansum(birds.body_mass_g) == masses.body_mass_g.sum()
    assert np.nansum(birds.flipper_length_mm) == masses.flipper_length_mm.sum()


@pytest.mark.parametrize(
    ("species", "n", "mean_mass", "mean_flipper"),
    [("Adelie", 151, 3700.662, 189.9536), ("Chinstrap", 68, 3733.088, 195.8235), ("Gentoo", 123, 5076.016, 217.1870)],
)
def test_penguin_masses_of_one_species(species, n, mean_mass, mean_flipper):
    birds = data.penguin_masses(species)

    assert len(birds) == n
    assert set(birds.species) == {species}
    assert birds.body_mass_g.mean() == pytest.approx(mean_mass, rel=1e-6)
    assert birds.flipper_length_mm.mean() == pytest.approx(mean_flipper, rel=1e-6)


@pytest.mark.parametrize("species", ["gentoo", "", 2, "Emperor"])
def test_an_unknown_species_is_refused(species):
    with pytest.raises(ValueError, match=f"species must be one of Adelie, Chinstrap, Gentoo, .*; got {species!r}"):
        data.penguin_masses(species)


def test_the_regression_of_mass_on_flipper_length_is_the_published_one():
    """What R's lm() prints for this table: body mass = -5780.83 g + 49.69 g/mm * flipper length, R squared 0.759."""
    birds = data.penguin_masses()
    fit = sm.OLS(birds.body_mass_g, sm.add_constant(birds.flipper_length_mm)).fit()

    np.testing.assert_allclose(fit.params, [-5780.83, 49.69], rtol=1e-4)
    assert fit.rsquared == pytest.approx(0.759, abs=5e-4)


def test_bills_separate_the_species():
    """scikit-learn's softmax regression finds the species of more than 95 % of the birds."""
    bills = data.penguin_bills()
    features = np.column_stack([bills.bill_length_mm, bills.bill_depth_mm])
    fit = LogisticRegression(C=1e3, max_iter=10_000).fit(features, bills.labels)

    assert bills.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert np.bincount(bills.labels).tolist() == [151, 68, 123]
    assert fit.score(features, bills.labels) > 0.95
    birds = data.penguins()
    for k, name in enumerate(bills.classes):
        np.testing.assert_array_equal(
            bills.bill_depth_mm[bills.labels == k],
            birds.bill_depth_mm[(birds.species == name) & np.isfinite(birds.bill_depth_mm)],
        )


# --- Challenger -------------------------------------------------------------------------------------------------------


def test_the_fits_are_those_printed_in_the_paper():
    """Dalal, Fowlkes & Hoadley (1989): binomial fit with standard errors and deviance, and the fit to any distress."""
    flights = data.challenger()
    design = sm.add_constant(flights.temperature_fahrenheit)
    sound = flights.o_rings - flights.distressed_o_rings
    counts_fit = sm.GLM(
        np.column_stack([flights.distressed_o_rings, sound]), design, family=sm.families.Binomial()
    ).fit()
    binary_fit = sm.GLM(flights.distress, design, family=sm.families.Binomial()).fit()

    np.testing.assert_allclose(counts_fit.params, [5.085, -0.1156], atol=5e-5, rtol=1e-4)
    np.testing.assert_allclose(counts_fit.bse, [3.052, 0.047], atol=5e-4)
    assert counts_fit.deviance == pytest.approx(18.086, abs=5e-4)
    assert counts_fit.df_resid == 21
    np.testing.assert_allclose(binary_fit.params, [15.043, -0.2322], atol=5e-5, rtol=1e-5)


def test_the_flights_are_those_of_the_record():
    flights = data.challenger()
    distress = {
        name: (temperature, count)
        for name, temperature, count in zip(
            flights.flight.tolist(),
            flights.temperature_fahrenheit.tolist(),
            flights.distressed_o_rings.tolist(),
            strict=True,
        )
        if count
    }

    assert len(flights) == len(set(flights.flight)) == 23
    assert distress == {
        "STS-2": (70, 1),
        "STS-41-B": (57, 1),
        "STS-41-C": (63, 1),
        "STS-41-D": (70, 1),
        "STS-51-C": (53, 2),
        "STS-61-A": (75, 2),
        "STS-61-C": (58, 1),
    }
    assert "STS-4" not in flights.flight
    assert (np.diff(flights.date) > np.timedelta64(0)).all()
    assert (flights.date[0], flights.date[-1]) == (date(1981, 4, 12), date(1986, 1, 12))
    assert sorted(flights.temperature_fahrenheit.astype(int).tolist()) == [
        *(53, 57, 58, 63, 66, 67, 67, 67, 68, 69, 70, 70, 70, 70, 72, 73, 75, 75, 76, 76, 78, 79, 81)
    ]
    assert (flights.o_rings, flights.forecast_fahrenheit) == (6, 31.0)


def test_distress_says_whether_any_o_ring_was_distressed():
    flights = data.challenger()

    np.testing.assert_array_equal(flights.distress, flights.distressed_o_rings >= 1)
    assert flights.distress.dtype.kind == flights.distressed_o_rings.dtype.kind == "i"
    assert flights.distress.sum() == 7


# --- Horse kicks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classic", "corps", "expected"), [(False, 14, [144, 91, 32, 11, 2]), (True, 10, [109, 65, 22, 3, 1])]
)
def test_horse_kicks_have_the_published_frequencies(classic, corps, expected):
    kicks = data.horse_kicks(classic=classic)

    assert kicks.deaths.shape == (len(kicks.year), len(kicks.corps)) == (20, corps)
    assert np.bincount(kicks.deaths.ravel()).tolist() == expected
    assert kicks.year.tolist() == list(range(1875, 1895))


def test_horse_kicks_have_the_published_margins():
    kicks = data.horse_kicks()

    assert kicks.deaths.sum() == 196
    assert kicks.corps.tolist() == "G I II III IV V VI VII VIII IX X XI XIV XV".split()
    assert kicks.deaths.sum(axis=0).tolist() == [16, 16, 12, 12, 8, 11, 17, 12, 7, 13, 15, 25, 24, 8]
    assert kicks.deaths.sum(axis=1).tolist() == [3, 5, 7, 9, 10, 18, 6, 14, 11, 9, 5, 11, 15, 6, 11, 17, 12, 15, 8, 4]


def test_the_classic_subset_leaves_out_four_corps():
    every, classic = data.horse_kicks(), data.horse_kicks(classic=True)

    assert set(every.corps) - set(classic.corps) == {"G", "I", "VI", "XI"}
    kept = np.isin(every.corps, classic.corps)
    np.testing.assert_array_equal(classic.deaths, every.deaths[:, kept])
    assert classic.deaths.sum() == 122
    assert classic.deaths.mean() == pytest.approx(0.61)


# --- Letters ----------------------------------------------------------------------------------------------------------


def test_letters_have_the_published_percentages():
    letters = data.letter_counts()
    share = 100 * letters.count / letters.count.sum()
    order = "".join(letters.letter[np.argsort(-letters.count)])

    assert "".join(letters.letter) == "abcdefghijklmnopqrstuvwxyz"
    assert letters.count.sum() == 3_563_505_777_820
    assert order.startswith("etaoinsrhldcu")
    np.testing.assert_allclose(
        share[np.argsort(-letters.count)],
        [
            *(12.49, 9.28, 8.04, 7.64, 7.57, 7.23, 6.51, 6.28, 5.05, 4.07, 3.82, 3.34, 2.73),
            *(2.51, 2.40, 2.14, 1.87, 1.68, 1.66, 1.48, 1.05, 0.54, 0.23, 0.16, 0.12, 0.09),
        ],
        atol=0.005,
    )


# --- Coal mines ------------------------------------------------------------------------------------------------------


def test_the_waits_lead_from_disaster_to_disaster():
    waits = data.coal_disasters()

    assert len(waits) == 190
    np.testing.assert_array_equal(waits.date[1:], waits.date[:-1] + waits.waiting_days[:-1])
    assert (waits.date[0], waits.date[-1] + waits.waiting_days[-1]) == (date(1851, 3, 15), date(1962, 3, 22))
    assert waits.date[waits.waiting_days == 0] == [np.datetime64("1875-12-06")]


def test_the_disasters_of_each_year_are_the_published_ones():
    """The yearly series of the change-point literature; some copies count 1 January 1942 (Sneyd) to 1941."""
    waits = data.coal_disasters()
    dates = np.append(waits.date, waits.date[-1] + waits.waiting_days[-1])
    years = dates.astype("datetime64[Y]").astype(int) + 1970

    assert "".join(map(str, np.bincount(years)[1851:])) == (
        "4541043406334026335453144155342522342132211113001011003103220111010100021000110233112111123300014000100000100101"
    )


# --- Wine -------------------------------------------------------------------------------------------------------------


def test_every_judge_tastes_every_bottle_and_the_rating_is_the_fifth_of_the_mark():
    wine = data.wine_bitterness()

    assert sorted(zip(wine.judge.tolist(), wine.bottle.tolist(), strict=True)) == [
        (judge, bottle) for judge in range(1, 10) for bottle in range(1, 9)
    ]
    np.testing.assert_array_equal(wine.rating, 1 + wine.mark // 20)
    np.testing.assert_array_equal(wine.warm, (wine.bottle > 4).astype(int))
    np.testing.assert_array_equal(wine.contact, np.isin(wine.bottle, [3, 4, 7, 8]).astype(int))


def test_the_ratings_of_the_four_wines_are_the_published_ones():
    wine = data.wine_bitterness()
    kind = 2 * wine.warm + wine.contact
    table = [np.bincount(wine.rating[kind == k], minlength=6)[1:].tolist() for k in range(4)]

    assert table == [[4, 9, 5, 0, 0], [1, 7, 8, 2, 0], [0, 5, 8, 3, 2], [0, 1, 5, 7, 5]]


def test_the_proportional_odds_fit_is_the_one_that_the_tutorial_prints():
    """R. H. B. Christensen, A tutorial on fitting cumulative link models with the ordinal package."""
    wine = data.wine_bitterness()
    fit = OrderedModel(wine.rating, np.column_stack([wine.warm, wine.contact]), distr="logit").fit(
        method="bfgs", disp=0
    )

    np.testing.assert_allclose(fit.params[:2], [2.503, 1.528], atol=5e-4)
    thresholds = fit.model.transform_threshold_params(fit.params)[1:-1]
    np.testing.assert_allclose(thresholds, [-1.344, 1.251, 3.467, 5.006], atol=6e-4)
    assert fit.llf == pytest.approx(-86.49, abs=5e-3)


# --- What all have in common ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)
def test_records_cannot_be_changed(load):
    record = load()
    arrays = {name: value for name, value in vars(record).items() if isinstance(value, np.ndarray)}

    assert arrays
    for name, array in arrays.items():
        with pytest.raises(ValueError, match="read-only"):
            array[:] = array[0]
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, name, array)
    assert load() is not record


@pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)
def test_records_name_their_source_licence_and_columns(load):
    record = load()
    columns = [name for name, value in vars(record).items() if isinstance(value, np.ndarray)]

    assert len(record.source) > 20
    assert record.licence
    assert repr(record) == f"{type(record).__name__}({len(record)} rows: {', '.join(columns)})"
    assert len({len(getattr(record, name)) for name in columns if name != "corps"}) == 1


def test_physical_quantities_carry_their_unit():
    """Every float column has a unit at the end of its name; counts and names have none."""
    for load in LOADERS.values():
        for name, value in vars(load()).items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                assert name.endswith(("_mm", "_g", "_fahrenheit")), name


@pytest.mark.parametrize("name", FILES)
def test_every_file_has_a_text_that_states_source_licence_and_columns(name):
    folder = files("lossbook") / "datasets"
    text = (folder / f"{name}.txt").read_text(encoding="utf-8")
    header = next(csv.reader((folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()))

    assert text.startswith(f"{name}.csv: ")
    assert "\nSource " in text
    assert "\nLicence " in text
    for column in header if name != "horse_kicks" else ["Guard", "row is a year"]:
        assert column in text


def test_no_file_is_forgotten():
    shipped = {Path(str(entry)).name for entry in (files("lossbook") / "datasets").iterdir()}

    assert shipped == {f"{name}.{kind}" for name in FILES for kind in ("csv", "txt")}


def test_the_wheel_holds_the_data(tmp_path):
    """An installed package, not only the working copy, has every file, and its loaders work from there."""
    root = Path(data.__file__).parents[1]
    if not (root / "pyproject.toml").exists():
        pytest.skip("needs a working copy: lossbook is installed without one")
    source = tmp_path / "source"
    shutil.copytree(root / "lossbook", source / "lossbook", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (root / name).exists():
            shutil.copy(root / name, source)
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    done = subprocess.run([*pip, "--wheel-dir", tmp_path, source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    for name in FILES:
        for kind in ("csv", "txt"):
            packed = tmp_path / "site" / "lossbook" / "datasets" / f"{name}.{kind}"
            assert packed.read_bytes() == (root / "lossbook" / "datasets" / f"{name}.{kind}").read_bytes()

    code = "import lossbook.data as d; print(d.__file__, len(d.penguins()), d.horse_kicks().deaths.sum())"
    run = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [str(tmp_path / "site" / "lossbook" / "data.py"), "344", "196"]


def test_the_map_of_the_module_names_every_loader():
    assert {name for name in data.__all__ if name.islower()} == set(LOADERS)
    for name in LOADERS:
        assert f"``{name}``" in data.__doc__
