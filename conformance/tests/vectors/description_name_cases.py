"""Names: ids and references, letter by letter."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.case import Case
from conformance.tests.vectors.description_cases import PARSE, output, refused
from conformance.tests.vectors.matching_documents import SHA, Value

TEXT = "text"
L63 = "a" * 63
# 3 × (63 + 1) + 61 characters: the longest authority.
LONGEST: Final = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}"


def parts(authority: str, *segments: tuple[str, str], **version: str) -> Value:
    """Gives the answer of an id or a reference: what its parts are."""
    return output({"authority": authority, "segments": [list(pair) for pair in segments], **version})


def start(
    id: str,  # noqa: A002 - the member's name
    requirements: list[str],
    form: str,
    text: str,
    expect: Value,
    why: str,
) -> Case:
    """Gives an accepted text with which a row begins."""
    return Case(id, requirements, why, PARSE, {"form": form, "text": text}, expect)


ID: Final = start(
    "id-of-one-pair",
    ["NAME-FORM-1"],
    "id",
    "crex://p.example.cn/site/a",
    parts("p.example.cn", ("site", "a")),
    "The text from which the other ids differ in one thing.",
)


def _id(name: str, text: str, expect: Value, why: str, *, base: Case = ID, authority: bool = False) -> Case:
    cited = ["NAME-FORM-1", *(["NAME-AUTHORITY-1"] if authority else [])]
    return base.but(f"id-{name}", cited, TEXT, text, expect, why)


P: Final = "p.example.cn"
NO: Final = refused()
SIX: Final = _id(
    "of-six-pairs",
    "crex://p.example.cn/a/1/b/2/c/3/d/4/e/5/f/6",
    parts(P, ("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "5"), ("f", "6")),
    "Six pairs are the most; names keep the form of digits.",
)
LABEL: Final = _id(
    "with-a-label-of-63", f"crex://{L63}.cn/site/a", parts(f"{L63}.cn", ("site", "a")), "The longest label."
)
AUTHORITY: Final = _id(
    "with-an-authority-of-253",
    f"crex://{LONGEST}/site/a",
    parts(LONGEST, ("site", "a")),
    "The longest authority: 63 + 63 + 63 + 61 characters and three dots.",
)
TYPE: Final = _id(
    "with-a-type-of-31", f"crex://{P}/{'t' * 31}/a", parts(P, ("t" * 31, "a")), "The longest type."
)
NAME: Final = _id("with-a-name-of-63", f"crex://{P}/site/{L63}", parts(P, ("site", L63)), "The longest name.")

_LENGTHS = [
    SIX,
    _id("of-seven-pairs", "crex://p.example.cn/a/1/b/2/c/3/d/4/e/5/f/6/g/7", NO, "One too many.", base=SIX),
    LABEL,
    _id("with-a-label-of-64", f"crex://{L63}a.cn/site/a", NO, "DNS has none.", base=LABEL, authority=True),
    AUTHORITY,
    _id(
        "with-an-authority-of-254",
        f"crex://{LONGEST}d/site/a",
        NO,
        "Each of its labels is allowed; all together are one character too long.",
        base=AUTHORITY,
        authority=True,
    ),
    TYPE,
    _id("with-a-type-of-32", f"crex://{P}/{'t' * 32}/a", NO, "One letter too long.", base=TYPE),
    NAME,
    _id("with-a-name-of-64", f"crex://{P}/site/{L63}a", NO, "One letter too long.", base=NAME),
]

_PARTS = [
    _id(
        "with-a-type-that-ends-in-a-hyphen",
        f"crex://{P}/node-/a",
        parts(P, ("node-", "a")),
        "The grammar of types ends in any of its characters. A reader that takes types for tokens refuses.",
    ),
    _id("with-a-type-that-begins-with-a-digit", f"crex://{P}/3d/a", NO, "A type begins with a letter."),
    _id("with-a-type-that-has-a-dot", f"crex://{P}/node.class/a", NO, "Dots are for names."),
    _id("with-a-type-in-capitals", f"crex://{P}/Site/a", NO, "Refused, not folded."),
    _id("with-a-name-of-digits", f"crex://{P}/site/007", parts(P, ("site", "007")), "Zeros stay."),
    _id(
        "with-dots-within-a-name",
        f"crex://{P}/site/a..b",
        parts(P, ("site", "a..b")),
        "Dots within a name stay; nothing is a path to be resolved.",
    ),
    _id(
        "with-a-hyphen-and-an-underscore",
        f"crex://{P}/site/a-_b",
        parts(P, ("site", "a-_b")),
        "Any of the three within a name.",
    ),
    _id("with-a-name-that-begins-with-a-dot", f"crex://{P}/site/.a", NO, "Begins with a letter or digit."),
    _id("with-a-name-that-ends-in-a-dot", f"crex://{P}/site/a.", NO, "Ends in a letter or digit."),
    _id("with-a-name-that-ends-in-a-hyphen", f"crex://{P}/site/a-", NO, "Ends in a letter or digit."),
    _id("with-a-name-that-begins-with-an-underscore", f"crex://{P}/site/_a", NO, "Letters and digits first."),
    _id("with-a-name-in-capitals", f"crex://{P}/site/A", NO, "Refused, not folded: equality is of bytes."),
    _id("of-an-authority-alone", f"crex://{P}", NO, "An authority is no document: one pair at least."),
    _id("of-an-authority-and-a-slash", f"crex://{P}/", NO, "One pair at least."),
    _id("of-a-type-without-name", f"crex://{P}/site", NO, "Half a pair."),
    _id("of-a-pair-and-a-half", f"crex://{P}/site/a/pool", NO, "Half a pair."),
    _id("with-a-slash-at-the-end", f"crex://{P}/site/a/", NO, "An empty segment; nothing is cut off."),
    _id("with-two-slashes", f"crex://{P}/site//a", NO, "An empty segment; a parser of paths joins them."),
    _id("with-a-dot-segment", f"crex://{P}/site/.", NO, "A parser of addresses would drop it."),
    _id("with-two-dots-as-a-segment", f"crex://{P}/site/a/site/..", NO, "A parser of addresses would go up."),
    _id("with-a-revision", f"crex://{P}/site/a@7", NO, "That is a reference; an id has no version."),
    _id("with-a-digest", f"crex://{P}/site/a@sha256:{SHA}", NO, "That is a reference; an id has no digest."),
    _id("with-nothing", "", NO, "An empty text is no name."),
]

_ADDRESSES = [
    _id("with-percent-encoding", f"crex://{P}/site/%61", NO, "%61 is an a: a second spelling of one name."),
    _id("with-percent-in-its-authority", "crex://p.example%2ecn/site/a", NO, "Nothing is decoded."),
    _id("with-a-port", f"crex://{P}:443/site/a", NO, "An authority is no server."),
    _id("with-an-empty-port", f"crex://{P}:/site/a", NO, "A parser of addresses drops the colon."),
    _id(
        "with-user-information", f"crex://user@{P}/site/a", NO, "Who reads the first part as the owner errs."
    ),
    _id("with-a-query", f"crex://{P}/site/a?b=c", NO, "Not part of a name."),
    _id("with-an-empty-query", f"crex://{P}/site/a?", NO, "A parser of addresses drops the mark."),
    _id("with-a-fragment", f"crex://{P}/site/a#b", NO, "Not part of a name."),
    _id("with-an-empty-fragment", f"crex://{P}/site/a#", NO, "A parser of addresses drops the mark."),
    _id("with-a-matrix-parameter", f"crex://{P}/site/a;v=1", NO, "Not part of a name."),
    _id("of-another-scheme", f"https://{P}/site/a", NO, "Names have one scheme."),
    _id("with-its-scheme-in-capitals", f"CREX://{P}/site/a", NO, "Schemes of URIs fold case; names do not."),
    _id("with-one-slash-after-the-scheme", f"crex:/{P}/site/a", NO, "Two slashes."),
    _id("without-its-scheme", f"{P}/site/a", NO, "Nothing is completed."),
    _id("without-its-authority", "crex:///site/a", NO, "Nothing is completed."),
    _id("with-backslashes", f"crex:\\\\{P}\\site\\a", NO, "Browsers take them for slashes."),
    _id("with-a-space-before-it", f" crex://{P}/site/a", NO, "Nothing is trimmed."),
    _id("with-a-space-after-it", f"crex://{P}/site/a ", NO, "Nothing is trimmed."),
    _id("with-a-line-end", f"crex://{P}/site/a\n", NO, "The `$` of many expressions matches before it."),
    _id("with-a-line-end-within", f"crex://{P}/si\nte/a", NO, "Parsers of addresses drop it."),
    _id("with-a-tab", f"crex://{P}/si\tte/a", NO, "Parsers of addresses drop it."),
    _id("with-nul", f"crex://{P}/site/a\x00", NO, "C ends the text before it."),
]

_AUTHORITIES = [
    _id(
        "of-an-international-domain",
        "crex://xn--fiqs8s.example/offer/a",
        parts("xn--fiqs8s.example", ("offer", "a")),
        "An A-label stays as it is; nothing is decoded.",
    ),
    _id(
        "whose-first-label-is-digits",
        "crex://360.example/site/a",
        parts("360.example", ("site", "a")),
        "Only the last label must begin with a letter.",
    ),
    _id(
        "whose-last-label-ends-in-a-digit",
        "crex://p.e1/site/a",
        parts("p.e1", ("site", "a")),
        "The last label begins with a letter; digits may follow.",
    ),
    *(
        _id(name, text, NO, why, authority=True)
        for name, text, why in (
            ("of-an-international-domain-undecoded", "crex://中国.example/site/a", "A-labels only."),
            ("with-its-authority-in-capitals", "crex://P.example.cn/site/a", "Refused, not folded."),
            (
                "with-a-dot-after-its-authority",
                "crex://p.example.cn./site/a",
                "A second spelling of one name.",
            ),
            ("with-an-empty-label", "crex://p..cn/site/a", "A label has one character at least."),
            ("of-one-label", "crex://localhost/site/a", "Two labels at least."),
            ("whose-last-label-is-digits", "crex://p.example.123/site/a", "It begins with a digit."),
            ("whose-last-label-begins-with-a-digit", "crex://p.3com/site/a", "It begins with a digit."),
            ("of-an-address", "crex://192.0.2.1/site/a", "An address is nobody's name."),
            ("of-an-address-of-version-6", "crex://[2001:db8::1]/site/a", "An address is nobody's name."),
            ("with-a-label-that-begins-with-a-hyphen", "crex://-p.cn/site/a", "No host begins so."),
            ("with-a-label-that-ends-in-a-hyphen", "crex://p-.cn/site/a", "No host ends so."),
            (
                "with-an-underscore-in-its-authority",
                "crex://_p.cn/site/a",
                "DNS has such names; hosts have not.",
            ),
        )
    ),
]

_LETTERS = [
    _id(name, text, NO, why)
    for name, text, why in (
        ("with-a-cyrillic-letter", f"crex://{P}/site/\u0430", "Looks like a; it is U+0430."),
        ("with-a-cyrillic-letter-in-its-authority", "crex://\u0440.example.cn/site/a", "It is U+0440."),
        ("with-a-full-width-letter", f"crex://{P}/site/\uff41", "NFKC makes it an a. Nothing is normalised."),
        ("with-a-composed-letter", f"crex://{P}/site/caf\u00e9", "U+00E9, NFC."),
        ("with-a-decomposed-letter", f"crex://{P}/site/cafe\u0301", "e and U+0301, NFD."),
        ("with-a-kelvin-sign", f"crex://{P}/site/\u212a", "Its small letter is k. Nothing is folded."),
        ("with-a-zero-width-space", f"crex://{P}/site/a\u200bb", "Cannot be seen."),
        ("with-a-bidirectional-mark", f"crex://{P}/site/a\u202eb", "Shown backwards."),
        ("with-digits-of-another-script", f"crex://{P}/site/\u0663", "isdigit() says yes of U+0663."),
        ("with-a-full-width-solidus", f"crex://{P}\uff0fsite/a", "U+FF0F looks like a slash."),
        ("with-an-ideographic-full-stop", "crex://p\u3002example.cn/site/a", "IDNA maps U+3002 to a dot."),
        ("with-a-soft-hyphen", f"crex://{P}/site/a\u00adb", "IDNA drops it."),
        ("with-a-byte-order-mark", f"\ufeffcrex://{P}/site/a", "No character of the grammar."),
    )
]

REF: Final = start(
    "ref-of-a-revision",
    ["NAME-REF-1"],
    "ref",
    "crex://p.example.cn/site/a@7",
    parts(P, ("site", "a"), revision="7"),
    "The text from which the other references differ in one thing. A revision is an int64, as text.",
)
DIGEST: Final = REF.but(
    "ref-of-a-digest",
    ["NAME-REF-1", "SCALAR-DIGEST-1"],
    TEXT,
    f"crex://{P}/site/a@sha256:{SHA}",
    parts(P, ("site", "a"), sha256=SHA),
    "A digest is a version too.",
)


def _ref(name: str, version: str, expect: Value, why: str, base: Case = REF) -> Case:
    cited = ["NAME-REF-1", *(["SCALAR-DIGEST-1"] if base is DIGEST else [])]
    return base.but(f"ref-{name}", cited, TEXT, f"crex://{P}/site/a{version}", expect, why)


_REFS = [
    REF,
    _ref("of-no-version", "", parts(P, ("site", "a")), "A reference may leave the version open."),
    _ref("of-the-first-revision", "@1", parts(P, ("site", "a"), revision="1"), "Revisions begin at 1."),
    _ref(
        "of-the-greatest-revision",
        "@9223372036854775807",
        parts(P, ("site", "a"), revision="9223372036854775807"),
        "2^63 - 1. A reader that keeps it as a double gives another number.",
    ),
    *(
        _ref(name, version, NO, why)
        for name, version, why in (
            ("beyond-the-greatest-revision", "@9223372036854775808", "2^63; 19 digits as well."),
            ("of-twenty-digits", "@10000000000000000000", "20 digits."),
            ("of-revision-0", "@0", "Revisions begin at 1."),
            ("of-a-leading-zero", "@07", "A second spelling of 7."),
            ("of-a-revision-below-zero", "@-1", "No sign."),
            ("of-a-revision-with-a-plus", "@+7", "No sign."),
            ("of-a-revision-with-a-point", "@7.0", "No point."),
            ("of-a-revision-with-an-exponent", "@7e0", "No exponent."),
            ("of-a-revision-with-a-line-end", "@7\n", "Nothing after it; many converters skip white space."),
            ("of-a-revision-with-a-space", "@ 7", "Nothing before it; many converters skip white space."),
            ("of-a-revision-with-an-underscore", "@1_0", "Some converters skip it."),
            ("of-a-revision-in-other-digits", "@\u0667", "U+0667 is 7 to many converters."),
            ("of-nothing-after-the-mark", "@", "The mark announces a version."),
            ("of-two-revisions", "@7@8", "One version."),
            ("of-the-latest", "@latest", "The latest has no mark at all."),
            ("of-a-revision-with-a-letter", "@v7", "Digits alone."),
            ("of-a-revision-and-a-slash", "@7/pool/b", "The version stands at the end."),
            ("of-an-encoded-mark", "%407", "Nothing is decoded."),
            ("with-a-fragment", "@7#b", "Not part of a reference."),
            ("with-a-query", "@7?b=c", "Not part of a reference."),
        )
    ),
    REF.but(
        "ref-with-a-port", ["NAME-REF-1"], TEXT, f"crex://{P}:443/site/a@7", NO, "The id within it has none."
    ),
    REF.but(
        "ref-with-user-information",
        ["NAME-REF-1"],
        TEXT,
        f"crex://user@{P}/site/a@7",
        NO,
        "The first mark is not that of a version.",
    ),
    DIGEST,
    *(
        _ref(name, version, NO, why, DIGEST)
        for name, version, why in (
            ("of-a-digest-of-63", f"@sha256:{SHA[:-1]}", "One digit too few."),
            ("of-a-digest-of-65", f"@sha256:{SHA}0", "One digit too many."),
            ("of-a-digest-in-capitals", f"@sha256:{SHA.upper()}", "A second spelling of one digest."),
            ("of-a-digest-with-a-letter-beyond", f"@sha256:g{SHA[1:]}", "g is no hexadecimal digit."),
            ("of-an-algorithm-in-capitals", f"@SHA256:{SHA}", "One spelling."),
            ("of-an-algorithm-with-a-hyphen", f"@sha-256:{SHA}", "One spelling."),
            ("of-another-algorithm", f"@sha512:{SHA}{SHA}", "128 digits of another digest."),
            ("of-a-digest-without-algorithm", f"@{SHA}", "Not a revision either: it begins with 0."),
            ("of-an-empty-digest", "@sha256:", "No digit."),
            ("of-a-revision-and-a-digest", f"@7@sha256:{SHA}", "One version."),
        )
    ),
]

CASES: Final[list[Case]] = [ID, *_LENGTHS, *_PARTS, *_ADDRESSES, *_AUTHORITIES, *_LETTERS, *_REFS]
