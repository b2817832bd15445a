"""What crosses between the grader and a submission: plain values within limits, and nothing else."""

import contextlib
import json
import math
import os
import pickle
import time

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sympy import IndexedBase, Matrix, Piecewise, Product, Sum, Symbol, exp, log, symbols

from grader.inside import wire
from grader.inside.wire import Channel, Closed, Handle, TooSlow, WireError, decode, encode
from grader.inside.worker import plain_python


def crossed(value):
    """A value after it has gone through JSON."""
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


plain = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**300), 2**300),
        st.floats(),
        st.text(),
        st.binary(),
        st.complex_numbers(),
    ),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.sets(st.integers() | st.text())
    ),
    max_leaves=20,
)


def alike(a, b):
    """Equal, of the same types, with not-a-number equal to itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, complex):
        return alike(a.real, b.real) and alike(a.imag, b.imag)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(alike(a[key], b[key]) for key in a)
    return a == b


@given(plain)
def test_plain_values_cross_unchanged(value):
    assert alike(crossed(value), value)


DTYPES = "bool int8 int64 uint16 float32 float64 complex128 <U3 >f8".split()


@given(hnp.arrays(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0, max_side=4, min_side=0)))
def test_arrays_cross_unchanged(array):
    found = crossed(array)

    assert isinstance(found, np.ndarray)
    assert found.shape == array.shape
    assert found.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, array)


def test_numpy_numbers_stay_numbers_of_numpy():
    assert type(crossed(np.float32(1.5))) is np.float32
    assert type(crossed(np.bool_(True))) is np.bool_
    assert crossed(np.array([1, 2.5], dtype=object)).dtype == float


x, n, N = Symbol("x", real=True), *symbols("n N", integer=True, positive=True)
t = IndexedBase("t")


@pytest.mark.parametrize(
    "expr",
    [
        x + 2,
        sympy.Rational(-3, 7) * sympy.pi**x,
        sympy.Float("0.25", 30) * sympy.E,
        -log(Product(exp(-t[n]) / sympy.sqrt(2 * x**2), (n, 1, N))),
        Sum(t[n] ** 2, (n, 1, N)),
        sympy.Derivative(sympy.Function("f")(x), x),
        Piecewise((x, x > 0), (0, True)),
        sympy.Max(x, 0) + sympy.Abs(x) + sympy.KroneckerDelta(n, N),
        sympy.Eq(x, 1, evaluate=False),
        sympy.gamma(x) + sympy.erf(x) + sympy.binomial(N, n),
        sympy.oo,
        sympy.Integral(exp(-(x**2)), (x, -sympy.oo, sympy.oo)),
        sympy.true,
        Matrix([[x, 1], [0, n]]),
        IndexedBase("y", positive=True)[n, N],
        Symbol("σ_1'"),
        Symbol(r"\mu"),
    ],
    ids=str,
)
def test_expressions_cross_unchanged(expr):
    found = crossed(expr)

    assert found == expr
    assert {symbol: symbol.assumptions0 for symbol in found.free_symbols} == {
        symbol: symbol.assumptions0 for symbol in expr.free_symbols
    }


class Liar(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__

    def __float__(self):
        return 99.0

    def __repr__(self):
        return "99"


def test_a_number_in_disguise_crosses_as_the_number_it_is():
    assert alike(crossed(Liar(1.5)), 1.5)
    assert crossed([Liar(1.5)]) == [1.5]
    assert type(crossed(type("Yes", (int,), {})(3))) is int
    assert type(crossed(type("Text", (str,), {})("a"))) is str


def test_what_is_not_plain_does_not_cross():
    for value in (object(), print, type, open(os.devnull), iter([]), np.array([print, 1])):  # noqa: SIM115
        with pytest.raises(WireError, match="which is not plain"):
            encode(value)
    assert encode(print, lambda value: Handle(7, "function", True)) == {"h": [7, "function", True]}


@pytest.mark.parametrize(
    "value",
    [1 << 5000, "x" * (2 << 20), np.zeros(1 << 20), [[[]]] and 3 ** (3**9), Symbol("x") ** (10**130)],
    ids=["long", "text", "array", "power", "exponent"],
)
def test_what_is_too_large_is_refused_by_the_worker(value):
    with pytest.raises(WireError):
        encode(value)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


HUGE = "9" * 119
MESSAGES = {
    "no tag": {},
    "two tags": {"t": [], "s": []},
    "unknown tag": {"x": 1},
    "pickle": {"p": "gASVIQAAAA=="},
    "bad float": {"f": "1"},
    "bad hexadecimal": {"i": "zz"},
    "too long a number": {"i": "0x" + "f" * 2000},
    "tuple of nothing": {"t": 3},
    "unhashable in a set": {"s": [[1]]},
    "unhashable key": {"d": [[[1], 2]]},
    "bad pair": {"d": [[1]]},
    "bad base 64": {"b": "???"},
    "objects in an array": {"a": ["O", [1], "AAAAAAAAAAA="]},
    "objects in a record": {"a": ["O8,O8", [1], "AAAAAAAAAAAAAAAAAAAAAA=="]},
    "dates": {"a": ["M8[s]", [1], "AAAAAAAAAAA="]},
    "wrong size": {"a": ["<f8", [2], "AAAAAAAAAAA="]},
    "negative size": {"a": ["<f8", [-1, -1], "AAAAAAAAAAA="]},
    "a dtype that is a list": {"a": [[["x", "<f8"]], [1], "AAAAAAAAAAA="]},
    "keys that collide": {"s": [i * (2**61 - 1) for i in range(10_001)]},
    "a maximum of many": {"e": ["Max", *([["Symbol", f"x{i}", {}] for i in range(60)])]},
    "no dtype": {"a": ["import os", [1], ""]},
    "handle where none is met": {"h": [0, "x", True]},
    "deep": nested(60),
    "many": [[]] * (wire.NODES + 1),
    "unknown class": {"e": ["Lambda", ["Symbol", "x", {}], ["Symbol", "x", {}]]},
    "a function of Python": {"e": ["eval", ["Symbol", "x", {}]]},
    "no tree": {"e": "x + 1"},
    "a name with markup": {"e": ["Symbol", "<b>", {}]},
    "a name with code": {"e": ["Symbol", "__import__('os')", {}]},
    "a long name": {"e": ["Symbol", "x" * 99, {}]},
    "an odd assumption": {"e": ["Symbol", "x", {"commutative": False}]},
    "an assumption that is none": {"e": ["Symbol", "x", {"real": "yes"}]},
    "a contradiction": {"e": ["Symbol", "x", {"positive": True, "negative": True}]},
    "a digit that is none": {"e": ["Integer", "1e9"]},
    "a number too long": {"e": ["Integer", "9" * 200]},
    "a fraction of nothing": {"e": ["Rational", "1", "2", "3"]},
    "a monstrous power": {"e": ["Pow", ["Integer", "9"], ["Integer", "999999999"]]},
    "a negative monster": {"e": ["Pow", ["Rational", "2", "3"], ["Integer", "-999999999"]]},
    "powers of powers": {"e": ["Pow", ["Pow", ["Integer", HUGE], ["Integer", "9"]], ["Integer", "9"]]},
    "a product of giants": {"e": ["Mul", *([["Integer", HUGE]] * 40)]},
    "a monstrous factorial": {"e": ["factorial", ["Integer", "99999999"]]},
    "a monstrous binomial": {"e": ["binomial", ["Integer", "99999999"], ["Integer", "4999999"]]},
    "a comparison of towers": {"e": ["StrictLessThan", ["exp", ["exp", ["exp", ["Integer", "99"]]]], ["Integer", "9"]]},
    "a rounded tower": {"e": ["floor", ["exp", ["exp", ["exp", ["Integer", "99"]]]]]},
    "an index on nothing": {"e": ["Indexed", ["Symbol", "x", {}], ["Symbol", "n", {}]]},
    "a sum without limits": {"e": ["Sum", ["Symbol", "x", {}]]},
    "a sum over a number": {"e": ["Sum", ["Symbol", "x", {}], ["Integer", "3"]]},
    "a matrix of another shape": {"e": ["Matrix", [2, 2], [["Integer", "1"]]]},
    "an unknown constant": {"e": ["constant", "os"]},
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_a_damaged_or_hostile_value_is_refused(name):
    started = time.process_time()
    with pytest.raises(WireError):
        decode(MESSAGES[name])

    assert time.process_time() - started < 30  # a monster would take for ever; this is no test of speed


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("tsdaenhbcif") | st.text(), inner, max_size=2)
    ),
    max_leaves=12,
)


@given(json_values)
def test_whatever_is_sent_becomes_a_plain_value_or_is_refused(message):
    try:
        value = decode(message)
    except WireError:
        return
    assert type(value).__module__.split(".")[0] in ("builtins", "numpy", "sympy")


def test_no_value_is_unpickled(monkeypatch):
    monkeypatch.setattr(pickle, "loads", lambda *_: pytest.fail("unpickled"))
    with pytest.raises(WireError):
        decode({"a": ["O", [], pickle.dumps(print).hex()]})


# --- Messages


@pytest.fixture
def pipe():
    incoming, outgoing = os.pipe()
    channel = Channel(incoming, outgoing)
    yield channel, outgoing
    for end in (incoming, outgoing):
        with contextlib.suppress(OSError):
            os.close(end)


def soon():
    return time.monotonic() + 0.2


def test_a_message_arrives(pipe):
    channel, _ = pipe
    channel.send({"a": [1, None, "ä"]})

    assert channel.receive(soon()) == {"a": [1, None, "ä"]}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", TooSlow),
        (b"\x00\x00", TooSlow),
        (b"\x00\x00\x00\x05[1,2", TooSlow),
        (b"\x00\x00\x00\x05[1,2,", WireError),
        (b"\x00\x00\x00\x03NaN", WireError),
        (b"\x00\x00\x00\x02\xff\xfe", WireError),
        (b"\xff\xff\xff\xff", WireError),
        (b"\x00\x01\x86\xa0" + b"[" * 100_000, TooSlow),
    ],
)
def test_a_damaged_message_is_refused(pipe, data, error):
    channel, outgoing = pipe
    os.set_blocking(outgoing, False)
    os.write(outgoing, data)
    with pytest.raises(error):
        channel.receive(soon())


def test_the_end_of_the_other_side_is_noticed(pipe):
    channel, outgoing = pipe
    os.close(outgoing)
    with pytest.raises(Closed):
        channel.receive(soon())


def test_a_reader_that_does_not_read_is_not_waited_for(pipe):
    channel, outgoing = pipe
    os.set_blocking(outgoing, False)
    with pytest.raises(TooSlow):
        channel.send("x" * 10**6, soon())


def test_a_message_that_is_too_long_is_not_sent(pipe):
    channel, _ = pipe
    with pytest.raises(WireError):
        channel.send("x" * (wire.MESSAGE_BYTES + 1))


# --- Cells


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("x = 1 % 2", "x = 1 % 2"),
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if True:\n    !ls\n    x = 1", "if True:\n    pass\n    x = 1"),
        ("files = !ls", "files = None"),
        ("mean?", "pass"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%bash\nrm -rf /", ""),
        ('x = """\n%not magic\n"""', 'x = """\n%not magic\n"""'),
        ("def broken(:", "def broken(:"),
    ],
)
def test_commands_of_ipython_are_left_out_and_lines_keep_their_numbers(cell, python):
    assert plain_python(cell) == python
