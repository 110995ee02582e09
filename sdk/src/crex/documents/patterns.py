"""Lexical forms: what the text of each kind of value must look like (scalars.md, names.md).

Every pattern is unanchored and means the same in ECMA-262, Python and Rust; `anchored` makes it match the
whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crex import names
from crex.decimals import BIGINT_PATTERN, DECIMAL_PATTERN
from crex.documents.times import DATE_PATTERN, DURATION_PATTERN, TIME_PATTERN
from crex.v1 import StringFormat

# Python's `$` also matches before a line end at the very end; the lookahead takes that away and changes
# nothing in other dialects.
_END = "$(?!\\n)"


@dataclass(frozen=True, slots=True)
class Form:
    """A lexical form.

    Attributes:
        key: Name of its definition in a JSON Schema.
        pattern: Regular expression of the whole value, without anchors.
        what: What it is, for messages: "expected ‹what›".
        fix: What to do where a value does not match.
        requirement: Requirement that defines it.
        max_length: Greatest length in characters, where the pattern does not bound it.
        or_pattern: Second pattern, of any length, that a value may match instead.
    """

    key: str
    pattern: str
    what: str
    fix: str
    requirement: str
    max_length: int | None = None
    or_pattern: str | None = None

    def matches(self, text: str) -> bool:
        """Tells whether a text has this form."""
        if self.or_pattern is not None and re.fullmatch(self.or_pattern, text):
            return True
        short = self.max_length is None or len(text) <= self.max_length
        return short and re.fullmatch(self.pattern, text) is not None


TIMESTAMP = Form(
    "timestamp",
    TIME_PATTERN,
    "a time YYYY-MM-DDTHH:MM:SS[.mmm]Z with a date that exists",
    'write UTC like "2026-03-01T08:00:00Z"; milliseconds have three digits and are left out when zero',
    "SCALAR-TIME-1",
)
DURATION = Form(
    "duration",
    DURATION_PATTERN,
    "a duration in seconds",
    'write seconds like "3600s" or "0.250s"',
    "SCALAR-DURATION-1",
)
# Standard base64 with padding; the last letter before padding has its unused bits zero, so that the text
# re-encodes to itself.
BASE64 = Form(
    "base64",
    "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?",
    "bytes in padded standard base64",
    "encode with +, / and = padding, without line breaks; the unused bits of the last letter are zero",
    "JSON-BYTES-1",
)

# RFC 3986: scheme, then the characters that a URI may hold; percent signs begin a pair of hex digits.
_URI = "[A-Za-z][A-Za-z0-9+.-]{0,31}:(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=\\[\\]-]|%[0-9A-Fa-f]{2})+"
# BCP 47 well-formedness without the irregular grandfathered tags, in the letter case of its section 2.1.1.
_LANGUAGE = (
    "[a-z]{2,3}(?:-[a-z]{3})?(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?"
    "(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
)

FORMS: dict[int, Form] = {
    StringFormat.STRING_FORMAT_DECIMAL: Form(
        "decimal",
        DECIMAL_PATTERN,
        "a decimal of at most 18 + 12 digits",
        'write it like "0", "-3.5" or "2.99": no exponent, no plus, no leading or trailing zeros, no "-0"',
        "SCALAR-DECIMAL-1",
    ),
    StringFormat.STRING_FORMAT_BIGINT: Form(
        "bigint",
        BIGINT_PATTERN,
        "an integer as text",
        'write it like "0", "-12" or "345"',
        "SCALAR-BIGINT-1",
    ),
    StringFormat.STRING_FORMAT_ID: Form(
        "id",
        names.ID_PATTERN,
        "a name crex://authority/type/name",
        "use lowercase ASCII without percent-encoding, port, query, fragment or version",
        "NAME-FORM-1",
    ),
    StringFormat.STRING_FORMAT_REF: Form(
        "ref",
        names.REF_PATTERN,
        "a name, with @revision or @sha256:… after it where a version is meant",
        "use lowercase ASCII; a revision has no leading zero, a digest has 64 hexadecimal digits",
        "NAME-REF-1",
    ),
    StringFormat.STRING_FORMAT_AUTHORITY: Form(
        "authority",
        names.AUTHORITY_PATTERN,
        "an authority: a lowercase DNS name of at least two labels",
        "write the domain in lowercase (xn-- form if international), without port or trailing dot",
        "NAME-AUTHORITY-1",
        max_length=names.AUTHORITY_LENGTH,
    ),
    StringFormat.STRING_FORMAT_TOKEN: Form(
        "token",
        names.KEBAB_PATTERN,
        "a token",
        "write kebab-token for a registered one, dns-authority/token for a private one; lowercase",
        "NAME-TOKEN-1",
        max_length=names.KEBAB_LENGTH,
        or_pattern=names.EXTENSION_PATTERN,
    ),
    StringFormat.STRING_FORMAT_EXTENSION: Form(
        "extension",
        names.EXTENSION_PATTERN,
        "the name of an extension, dns-authority/token",
        "put the authority that defines the extension before its token",
        "DOC-EXTENSION-1",
    ),
    StringFormat.STRING_FORMAT_SHA256: Form(
        "sha256",
        "[0-9a-f]{64}",
        "a SHA-256 digest",
        "write 64 lowercase hexadecimal digits",
        "SCALAR-DIGEST-1",
    ),
    StringFormat.STRING_FORMAT_URI: Form(
        "uri",
        _URI,
        "an absolute URI",
        "write scheme and the rest in ASCII; percent-encode what RFC 3986 does not allow",
        "SCALAR-URI-1",
        max_length=8192,
    ),
    StringFormat.STRING_FORMAT_COUNTRY: Form(
        "country",
        "[A-Z]{2}",
        "a country code",
        "write the two capitals of ISO 3166-1, such as CN",
        "SCALAR-COUNTRY-1",
    ),
    StringFormat.STRING_FORMAT_CURRENCY: Form(
        "currency",
        "[A-Z]{3}",
        "a currency code",
        "write the three capitals of ISO 4217, such as CNY",
        "SCALAR-CURRENCY-1",
    ),
    StringFormat.STRING_FORMAT_LANGUAGE: Form(
        "language",
        _LANGUAGE,
        "a language tag",
        'write it as BCP 47 spells it, such as "zh-Hans-CN" or "en"',
        "SCALAR-LANGUAGE-1",
        max_length=64,
    ),
    StringFormat.STRING_FORMAT_KEY_ID: Form(
        "keyid",
        "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]",
        "a key identifier",
        "write unpadded base64url of SHA-256 over the SPKI: 43 characters",
        "SCALAR-KEYID-1",
    ),
    StringFormat.STRING_FORMAT_TIME_ZONE: Form(
        "timezone",
        "[A-Za-z][A-Za-z0-9_+-]{0,31}(?:/[A-Za-z0-9_+-]{1,32}){0,2}",
        "a time zone name",
        "write the name in the IANA time zone database, such as Asia/Shanghai",
        "SCALAR-ZONE-1",
    ),
    StringFormat.STRING_FORMAT_REQUEST_ID: Form(
        "requestid",
        "[A-Za-z0-9_-]{8,64}",
        "a request identifier",
        "use 8 to 64 characters of A-Z, a-z, 0-9, _ and -",
        "IDEMPOTENCY-ID-1",
    ),
    StringFormat.STRING_FORMAT_DATE: Form(
        "date",
        DATE_PATTERN,
        "a date YYYY-MM-DD that exists",
        'write it like "2026-03-01"',
        "SCALAR-DATE-1",
    ),
}


def anchored(pattern: str) -> str:
    """Makes a pattern match the whole text and nothing else, also where `$` would let a line end through."""
    return f"^(?:{pattern}){_END}"


def without_lookahead(pattern: str) -> str:
    """Gives an anchored pattern for Rust, whose `$` is the end of the text; it is five times faster there."""
    return pattern.removesuffix(_END) + "$" if pattern.endswith(_END) else pattern
