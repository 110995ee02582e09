"""Names: the grammar at its edges, and that what reads also writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.errors import InvalidName
from crex.names import (
    Name,
    Ref,
    authority_of,
    is_authority,
    is_extension_name,
    is_id,
    is_ref,
    is_token,
    parse_authority,
    parse_token,
)

LONG_LABEL = "a" * 63
LONGEST = ".".join([LONG_LABEL] * 3 + ["b" * 61])  # 253 characters
POOL = "crex://cloud.example.cn/site/zhongwei-1/pool/h100-sxm"

AUTHORITIES = [
    "a.b",
    "cloud.example.cn",
    "xn--fiqs8s.example",
    "1a.2b.c3",
    "a-b.c-d",
    f"{LONG_LABEL}.cn",
    LONGEST,
]
NOT_AUTHORITIES = [
    "", "a", ".a.b", "a.b.", "a..b", "A.b", "a.B", "a_b.c", "-a.b", "a-.b", "a.b:443", "u@a.b", "a.b/",
    "a b.c",
    "192.0.2.1", "a.1", "a.1b", f"{LONG_LABEL}a.cn", f"b{LONGEST}", "例子.cn", "a.b\n", "a%2e.b",
]  # fmt: skip
IDS = [POOL, "crex://a.b/t/n", "crex://a.b/t/0", "crex://a.b/t/a.b_c-d", "crex://a.b" + "/t/n" * 6,
       f"crex://{LONGEST}/t/n", f"crex://a.b/{'t' * 31}/{'n' * 63}"]  # fmt: skip
NOT_IDS = [
    "", "crex://", "crex://a.b", "crex://a.b/", "crex://a.b/t", "crex://a.b/t/", "crex://a.b/t/n/",
    "crex://a/t/n",
    "crex://a.b" + "/t/n" * 7, "crex://a.b/t/n/t", "CREX://a.b/t/n", "crex://A.b/t/n", "crex://a.b/T/n",
    "crex://a.b/t/N", "crex://a.b/1t/n", "crex://a.b/t/-n", "crex://a.b/t/n-", "crex://a.b/t/.n",
    "crex://a.b/t/n%20",
    "crex://a.b:1/t/n", "crex://u@a.b/t/n", "crex://a.b/t/n?q", "crex://a.b/t/n#f", "crex://a.b/t//n",
    "http://a.b/t/n", " crex://a.b/t/n", "crex://a.b/t/n\n", "crex://a.b/t/é", f"crex://b{LONGEST}/t/n",
    f"crex://a.b/{'t' * 32}/n", f"crex://a.b/t/{'n' * 64}", "crex://a.b/t/n@1",
]  # fmt: skip
VERSIONS = ["", "@1", "@9223372036854775807", "@sha256:" + "0af" * 21 + "b"]
NOT_VERSIONS = [
    "@", "@0", "@01", "@-1", "@1.0", "@9223372036854775808", "@sha256:",
    "@sha256:" + "A" * 64, "@sha256:" + "a" * 63,
    "@sha256:" + "a" * 65, "@1@2", "@٥", "@1\n",
]  # fmt: skip
TOKENS = ["a", "2-4", "kebab-token", "x86-64-v3", "t" * 63, "cloud.example.cn/burst", f"{LONGEST}/{'t' * 63}"]
NOT_TOKENS = [
    "", "-a", "a-", "a--b", "A", "a_b", "a.b", "t" * 64, "a/b", "a.b/", "/a", "a.b/c/d", "a.b/C", "a\n",
    f"b{LONGEST}/t", f"a.b/{'t' * 64}",
]  # fmt: skip


@pytest.mark.parametrize("text", AUTHORITIES)
def test_an_authority_is_taken_as_it_is(text: str) -> None:
    """A lowercase DNS name of two labels or more is an authority, unchanged."""
    assert is_authority(text)
    assert parse_authority(text) == text


@pytest.mark.parametrize("text", NOT_AUTHORITIES)
def test_anything_else_is_no_authority(text: str) -> None:
    """Other texts are refused with their requirement and a fix (NAME-AUTHORITY-1)."""
    assert not is_authority(text)
    with pytest.raises(InvalidName) as refused:
        parse_authority(text)
    assert refused.value.violations[0].requirement == "NAME-AUTHORITY-1"
    assert refused.value.violations[0].fix


@pytest.mark.parametrize("text", IDS)
def test_a_name_reads_and_writes(text: str) -> None:
    """A name reads into its parts and writes the same bytes."""
    assert is_id(text)
    assert str(Name.parse(text)) == text
    assert authority_of(text) == Name.parse(text).authority


@pytest.mark.parametrize("text", NOT_IDS)
def test_anything_else_is_no_name(text: str) -> None:
    """Other texts are refused, never normalised (NAME-FORM-1)."""
    assert not is_id(text)
    with pytest.raises(InvalidName) as refused:
        Name.parse(text)
    assert refused.value.violations[0].requirement == "NAME-FORM-1"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("crex://Cloud.cn/t/n", "lowercase"),
        ("crex://a.b/t/n%20x", "percent"),
        ("crex://a.b/t/n?q=1", "query"),
    ],
)
def test_a_refusal_names_the_likely_mistake(text: str, hint: str) -> None:
    """The fix speaks of what is wrong, not only of the grammar."""
    with pytest.raises(InvalidName) as refused:
        Name.parse(text)
    assert hint in refused.value.violations[0].fix


def test_a_name_gives_its_parts() -> None:
    """Type and name are those of the last segment; a child is one segment further down."""
    pool = Name.parse(POOL)
    assert (pool.authority, pool.type, pool.name) == ("cloud.example.cn", "pool", "h100-sxm")
    assert pool.segments == (("site", "zhongwei-1"), ("pool", "h100-sxm"))
    assert str(pool.child("unit", "7")) == f"{POOL}/unit/7"
    with pytest.raises(InvalidName):
        pool.child("Unit", "7")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reference_reads_and_writes(version: str) -> None:
    """A reference reads into name, revision and digest and writes the same bytes."""
    assert is_ref(POOL + version)
    assert str(Ref.parse(POOL + version)) == POOL + version
    assert authority_of(POOL + version) == "cloud.example.cn"


@pytest.mark.parametrize("version", NOT_VERSIONS)
def test_another_version_is_no_reference(version: str) -> None:
    """A revision of zero, beyond int64 or oddly written, and another digest, are refused (NAME-REF-1)."""
    assert not is_ref(POOL + version)
    with pytest.raises(InvalidName) as refused:
        Ref.parse(POOL + version)
    assert refused.value.violations[0].requirement == "NAME-REF-1"


@pytest.mark.parametrize("text", TOKENS)
def test_a_token_is_taken_as_it_is(text: str) -> None:
    """A kebab token, or one under an authority, is a token, unchanged; only the latter names an extension."""
    assert parse_token(text) == text
    assert is_extension_name(text) == ("/" in text)


@pytest.mark.parametrize("text", NOT_TOKENS)
def test_anything_else_is_no_token(text: str) -> None:
    """Other texts are refused (NAME-TOKEN-1)."""
    assert not is_token(text)
    with pytest.raises(InvalidName) as refused:
        parse_token(text)
    assert refused.value.violations[0].requirement == "NAME-TOKEN-1"


def test_names_are_equal_only_as_bytes() -> None:
    """Two spellings are two names, or one of them is refused: nothing is folded (NAME-EQUAL-1)."""
    assert Name.parse("crex://a.b/t/n-1") != Name.parse("crex://a.b/t/n_1")
    assert len({Name.parse(POOL), Name.parse(POOL)}) == 1


@given(st.text())
def test_any_text_is_decided_without_surprise(text: str) -> None:
    """Any text is a name or is refused with a sentence; nothing else happens."""
    for prefix in ("", "crex://", "crex://a.b/t/"):
        if not is_ref(prefix + text):
            with pytest.raises(InvalidName):
                Ref.parse(prefix + text)
        else:
            assert str(Ref.parse(prefix + text)) == prefix + text
