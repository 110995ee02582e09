"""The text form: what it says, how it is written back, and what it answers to mistakes."""

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crex import v1
from crex.demand import format, parse, read_duration, registry  # noqa: A004 - the inverse of `parse`
from crex.demand.lexer import MAX_TEXT, quote, tokens
from crex.demand.paths import Path
from crex.demand.values import ValueType
from crex.errors import CrexError, RequirementError, Violation

NAMES = [path.name for path in registry()]


def test_the_issue_s_example() -> None:
    """A conjunction of a comparison and a list compiles to the message that it names."""
    requirement = parse("accelerators.memory.capacity >= 80GiB and site.country in [CN, SG]")
    assert MessageToDict(requirement) == {
        "allOf": {
            "requirements": [
                {
                    "constraint": {
                        "path": "accelerators.memory.capacity",
                        "op": "CONSTRAINT_OPERATOR_GE",
                        "values": [{"integer": "85899345920"}],
                    }
                },
                {
                    "constraint": {
                        "path": "site.country",
                        "op": "CONSTRAINT_OPERATOR_IN",
                        "values": [{"text": "CN"}, {"text": "SG"}],
                    }
                },
            ]
        }
    }


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("cpu.isa=x86-64", "cpu.isa = x86-64"),
        ("cpu.isa  =\n x86-64", "cpu.isa = x86-64"),
        ("(((cpu.isa = x86-64)))", "cpu.isa = x86-64"),
        ("cpu.isa ≠ x86-64", "cpu.isa != x86-64"),
        ("cpu.sockets ≥ 2 and cpu.sockets ≤ 4", "cpu.sockets >= 2 and cpu.sockets <= 4"),
        (
            "kind = pool or cpu.isa = aarch64 and cpu.sockets = 2",
            "kind = pool or (cpu.isa = aarch64 and cpu.sockets = 2)",
        ),
        ("not not kind = pool", "not (not (kind = pool))"),
        ("not kind = pool and kind = cluster", "not (kind = pool) and kind = cluster"),
        ("all(kind = pool)", "all(kind = pool)"),
        ("any(kind = pool, kind = cluster)", "kind = pool or kind = cluster"),
        ('software{name = "cuda driver"}', 'software{name = "cuda driver"}'),
        (
            'software{name = "cuda-driver" and version >= 550.54}',
            "software{name = cuda-driver and version >= 550.54}",
        ),
        ("memory.ecc = true", "memory.ecc = true"),
        ("memory exists basis [nominal]", "memory exists basis [nominal]"),
        ("cpu.isa in []", None),
        ("8 devices", "8 devices"),
        ("8 of accelerators", "8 of accelerators"),
        (
            "8 devices{vendor = amd} same [architecture, memory.capacity] distinct [pci.device]",
            "8 devices{vendor = amd} same [architecture, memory.capacity] distinct [pci.device]",
        ),
        ("offer.valid_until > 2026-03-01T00:00:00.250Z", "offer.valid_until > 2026-03-01T00:00:00.250Z"),
        ("accelerators.memory.capacity >= 81920MiB", "accelerators.memory.capacity >= 80GiB"),
        ("site.energy.value <= 1.3", "site.energy.value <= 1.3"),
        ("site.latitude > 0deg", "site.latitude > 0microdeg"),
        ("offer.terms.min_duration <= 90min", "offer.terms.min_duration <= 90min"),
        ("price <= 1200.50", "price <= 1200.5"),
        (r'software.name = "a\"b\\c\n\u00e9"', r'software.name = "a\"b\\c\né"'),
        ("site.id = crex://a.example/site/x", "site.id = crex://a.example/site/x"),
    ],
)
def test_one_way_to_write_it(text: str, written: str | None) -> None:
    """A text is written back in one form, which means the same."""
    if written is None:
        with pytest.raises(RequirementError, match="1 to 64 values"):
            parse(text)
        return
    requirement = parse(text)
    assert format(requirement) == written
    assert parse(written) == requirement


@pytest.mark.parametrize(
    ("text", "column", "marked", "fix"),
    [
        ("", 1, "", "begin with a path"),
        ("cpu.isa", 8, "", "write `=`"),
        ("cpu.isa =", 10, "", "write a value"),
        ("cpu.isa = x and", 16, "", "begin with a path"),
        ("cpu.isa = x86-64 AND kind = pool", 18, "AND", "write `and`"),
        ("cpu.isa = x86-64, kind = pool", 17, ",", "remove it"),
        ("cpu.isa = x86-64 kind = pool", 18, "kind", "join conditions"),
        ("cpu.isa == x86-64", 9, "==", "write `=`"),
        ("cpu.isa = x86-64 && kind = pool", 18, "&", "write `and`"),
        ("(cpu.isa = x86-64", 18, "", "write `)`"),
        ("cpu.isa = x86-64)", 17, ")", "remove it"),
        ("cpu.isa in x86-64", 12, "x86-64", "write `[`"),
        ("cpu.isa in [x86-64 aarch64]", 20, "aarch64", "write `,`"),
        ("cpu.enabled_features has [avx2]", 26, "[", "has all"),
        ("cpu.iso = x86-64", 1, "cpu.iso", "cpu.isa"),
        ("accelerators{site.country = CN}", 14, "site.country", "outside"),
        ("cpu{isa = x86-64}", 1, "cpu", "accelerators"),
        ('cpu.isa = "x86', 11, '"x86', "close it"),
        ("cpu.isa = 'x86-64'", 11, "'", 'write `"'),
        ("cpu.isa = “x86-64”", 11, "“", 'write `"'),
        ("cpu.isa = X86", 11, "X86", "did you mean x86?"),
        ("site.country = cn", 16, "cn", "did you mean CN?"),
        ("accelerators.vendor = NVIDIA", 23, "NVIDIA", "did you mean nvidia?"),
        ("8 devices same [vendr]", 17, "vendr", "vendor"),
        ("accelerators{8 devices}", 16, "devices", "outside"),
        ("not (kind = pool or 8 devices)", 21, "8 devices", "Element"),
        ("site.country = CN basis [nominal]", 25, "[", "leave the accepted basis out"),
        ("memory.ecc = yes", 14, "yes", "`true` or `false`"),
        ("benchmarks.run_at > 2026-01-01", 21, "2026-01-01", "write UTC"),
        ("cpu.sockets >= two", 16, "two", "a number"),
        ('cpu.sockets >= "2"', 16, '"2"', "without quotes"),
        ("memory = 5", 10, "5", "`exists`"),
        ("memory.ecc > true", 12, ">", "use `=`"),
        ("accelerators.runtime.version >= latest", 33, "latest", "numbers and points"),
    ],
)
def test_a_mistake_is_shown_at_its_place(text: str, column: int, marked: str, fix: str) -> None:
    """An error names line and column, marks the place, and says what to write instead (TEXT-ERROR-1)."""
    with pytest.raises(RequirementError) as refused:
        parse(text)
    violation = refused.value.violations[0]
    assert (violation.line, violation.column) == (1, column)
    assert fix in violation.fix or fix in violation.message
    assert violation.requirement
    line, marks = refused.value.details["snippet"].split("\n")
    assert line == f"  {text}"
    assert marks == "  " + " " * (column - 1) + "^" * max(1, len(marked))


def test_line_and_column_are_counted_over_lines() -> None:
    """The place of a mistake on a later line is given within that line, and as bytes from the beginning."""
    with pytest.raises(RequirementError) as refused:
        parse('software.name = "é"\n  and cpu.iso = x')
    violation = refused.value.violations[0]
    assert (violation.line, violation.column, violation.offset) == (2, 7, 27)


def test_all_violations_of_values_are_reported() -> None:
    """Mistakes that do not end the reading are reported together."""
    with pytest.raises(RequirementError) as refused:
        parse("site.country = cn and accelerators.vendor = AMD")
    assert [violation.column for violation in refused.value.violations] == [16, 45]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "not " * 5000 + "kind = pool",
        "accelerators{" * 5000,
        "all(" * 5000,
        " and ".join(["kind = pool"] * 65),
        " or ".join(["kind = pool"] * 100_000),
        "not " * 8 + "kind = pool",
        "x" * (MAX_TEXT + 1),
    ],
)
def test_what_is_too_complex_is_refused_at_once(text: str) -> None:
    """Depth and size have limits, kept before they cost anything (REQ-LIMIT-1)."""
    with pytest.raises(CrexError) as refused:
        parse(text)
    assert refused.value.reason in ("FILTER_TOO_COMPLEX", "SCHEMA")
    assert len(str(refused.value)) < 2000


def test_the_limits_themselves_are_allowed() -> None:
    """64 nodes and 8 levels are not too many."""
    widest = parse(" and ".join(["kind = pool"] * 63))
    assert len(widest.all_of.requirements) == 63
    assert parse(format(parse("not " * 7 + "kind = pool"))) == parse("not " * 7 + "kind = pool")


def assert_answered(text: str) -> None:
    """Asserts that a text is a requirement, or is refused at a place in it."""
    violations: tuple[Violation, ...] = ()
    try:
        requirement = parse(text)
    except RequirementError as error:
        violations = error.violations
    else:
        assert parse(format(requirement)) == requirement
        return
    assert violations
    assert all(violation.line is not None and violation.requirement for violation in violations)


@settings(max_examples=400)
@given(st.text(max_size=80))
@example("\ud800")
@example('"\\ud800"')
@example("\x00")
@example("cpu.isa = \x00")
@example('software.name = "\\u0000"')
@example('software.name = "\ud800"')
@example("1" * 500)
@example("1" * 500 + " devices")
@example("cpu.sockets = " + "9" * 30)
def test_hostile_text_is_refused_not_suffered(text: str) -> None:
    """Whatever is typed, the answer is a requirement or an error of ours."""
    assert_answered(text)


_WORDS = (
    "and or not in has all any exists basis same distinct of devices ( ) [ ] { } , = != < >= 8 80GiB 3.5 true"
)
words = st.sampled_from([*NAMES[::7], *_WORDS.split(), "nvidia", '"x"', "CN", "-1"])


@settings(max_examples=400)
@given(st.lists(words, max_size=14).map(" ".join))
def test_words_in_any_order_are_refused_not_suffered(text: str) -> None:
    """Words of the language in an order that means nothing never crash the reader."""
    assert_answered(text)


_VALUES = {
    ValueType.BOOLEAN: st.booleans().map(lambda value: v1.Value(boolean=value)),
    ValueType.INTEGER: st.integers(-(2**63), 2**63 - 1).map(lambda value: v1.Value(integer=value)),
    ValueType.DECIMAL: st.sampled_from(
        ["0", "-3.5", "999999999999999999.999999999999", "0.000000000001"]
    ).map(lambda value: v1.Value(decimal=value)),
}
_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=300)
@given(st.data())
def test_every_path_survives_the_text_form(data: st.DataObject) -> None:
    """Any value of any path of the registry is the same after writing and reading (TEXT-ROUND-1)."""
    free = [
        path
        for path in registry()
        if path.rule is None and path.type not in (ValueType.MESSAGE, ValueType.DISPLAY)
    ]
    path: Path = data.draw(st.sampled_from(free))
    requirement = v1.Requirement()
    requirement.constraint.path = path.name
    requirement.constraint.op = v1.ConstraintOperator.CONSTRAINT_OPERATOR_EQ
    requirement.constraint.values.append(data.draw(_value_of(path)))
    text = format(requirement)
    assert parse(text) == requirement
    assert format(parse(text)) == text


def _value_of(path: Path) -> st.SearchStrategy[v1.Value]:
    if path.type is ValueType.TIME:
        seconds = st.integers(0, 4_000_000_000)
        return seconds.map(_time)
    if path.type is ValueType.DURATION:
        return _VALUES[ValueType.DECIMAL]
    return _VALUES.get(path.type, _TEXTS.map(lambda text: v1.Value(text=text)))


def _time(seconds: int) -> v1.Value:
    value = v1.Value()
    value.time.seconds, value.time.nanos = seconds, 250_000_000
    return value


@given(_TEXTS)
def test_quoting_is_read_back(text: str) -> None:
    """Any text in quotes is one word that says the text."""
    first, end = tokens(quote(text))
    assert first.text == text
    assert end.text == ""


@pytest.mark.parametrize(
    ("text", "seconds"), [("24h", 86400), ("90min", 5400), ("7d", 604800), ("1.5 h", 5400), ("0.25s", 0.25)]
)
def test_durations(text: str, seconds: float) -> None:
    """A duration is a number with a unit."""
    assert read_duration(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "text", ["", "24", "h", "0h", "-1h", "1e3s", "24H", "1h30min", "0.0001s", "9" * 30 + "d"]
)
def test_what_is_no_duration(text: str) -> None:
    """Nothing is guessed in a duration."""
    with pytest.raises(RequirementError, match="not a duration"):
        read_duration(text)
