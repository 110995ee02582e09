"""Authorities and tokens, and where documents are found."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.case import Case
from conformance.tests.vectors.description_cases import LOCATE, output, refused
from conformance.tests.vectors.description_name_cases import L63, LONGEST, TEXT, start
from conformance.tests.vectors.matching_documents import SHA

NO: Final = refused()
AUTHORITY: Final = start(
    "authority-of-three-labels",
    ["NAME-AUTHORITY-1"],
    "authority",
    "p.example.cn",
    output({"authority": "p.example.cn"}),
    "The text from which the other authorities differ in one thing.",
)


def _authority(name: str, text: str, why: str, *, refusing: bool = True, base: Case = AUTHORITY) -> Case:
    expect = NO if refusing else output({"authority": text})
    return base.but(f"authority-{name}", ["NAME-AUTHORITY-1"], TEXT, text, expect, why)


LABEL: Final = _authority("with-a-label-of-63", f"{L63}.cn", "The longest label.", refusing=False)
LONG: Final = _authority("of-253-characters", LONGEST, "The longest authority.", refusing=False)
_AUTHORITIES = [
    AUTHORITY,
    LABEL,
    _authority("with-a-label-of-64", f"{L63}a.cn", "One character too long.", base=LABEL),
    LONG,
    _authority("of-254-characters", f"{LONGEST}d", "One character too long.", base=LONG),
    _authority("of-two-letters", "a.b", "The shortest: labels of one character.", refusing=False),
    _authority("of-an-international-domain", "xn--fiqs8s.xn--fiqz9s", "A-labels, also last.", refusing=False),
    _authority("of-digits-but-for-the-last", "1.2.3.a", "Only the last label has a rule.", refusing=False),
    _authority("with-two-hyphens", "ab--cd.example", "The grammar has no rule for them.", refusing=False),
    *(
        _authority(name, text, why)
        for name, text, why in (
            ("of-one-label", "example", "Two labels at least."),
            ("of-this-host", "localhost", "Everybody's own, nobody's name."),
            ("with-a-dot-at-the-end", "p.example.cn.", "A second spelling of one name."),
            ("with-a-dot-at-the-start", ".example.cn", "An empty label."),
            ("with-two-dots", "p..cn", "An empty label."),
            ("in-capitals", "P.EXAMPLE.CN", "DNS folds case; names do not."),
            ("of-an-international-domain-undecoded", "中国.example", "A-labels only."),
            ("with-an-a-label-in-capitals", "XN--fiqs8s.example", "In lowercase."),
            ("of-an-address", "192.0.2.1", "Its last label begins with a digit."),
            ("of-an-address-of-version-6", "2001:db8::1", "Colons are in no label."),
            ("of-a-short-address", "127.1", "Two labels, and 127.0.0.1 to many resolvers."),
            ("of-a-hexadecimal-address", "127.0x1", "127.0.0.1 to many resolvers."),
            ("whose-last-label-is-digits", "p.123", "It begins with a digit."),
            ("whose-last-label-begins-with-a-digit", "p.1a", "It begins with a digit."),
            ("with-a-hyphen-at-a-start", "p.-example.cn", "Labels begin with a letter or digit."),
            ("with-a-hyphen-at-an-end", "p.example-.cn", "Labels end in a letter or digit."),
            ("with-an-underscore", "_crex.example.cn", "Names of services are no hosts."),
            ("with-a-wildcard", "*.example.cn", "Certificates have such names; nobody is called so."),
            ("with-a-port", "p.example.cn:443", "Not part of it."),
            ("with-a-slash", "p.example.cn/", "Not part of it."),
            ("with-a-scheme", "https://p.example.cn", "Not part of it."),
            ("with-a-mail-address", "a@p.example.cn", "Not part of it."),
            ("with-a-line-end", "p.example.cn\n", "The `$` of many expressions matches before it."),
            ("with-a-space", "p.example.cn ", "Nothing is trimmed."),
            ("with-nul", "p.example.cn\x00.example.com", "C ends the text before it."),
            ("with-an-ideographic-full-stop", "p\u3002example.cn", "IDNA maps U+3002 to a dot."),
            ("with-a-cyrillic-letter", "\u0440.example.cn", "Looks like p; it is U+0440."),
            ("with-a-sharp-s", "straße.example", "Folded, it is two letters. Nothing is folded."),
            ("of-nothing", "", "An empty text is no authority."),
        )
    ),
]

TOKEN: Final = start(
    "token-of-two-words",
    ["NAME-TOKEN-1"],
    "token",
    "nvme-ssd",
    output({"token": "nvme-ssd"}),
    "A registered token has no authority; the text from which the others differ in one thing.",
)
PRIVATE: Final = TOKEN.but(
    "token-that-is-private",
    ["NAME-TOKEN-1"],
    TEXT,
    "p.example.cn/burst-tier",
    output({"authority": "p.example.cn", "token": "burst-tier"}),
    "A private token begins with the authority that defines it.",
)


def _token(
    name: str, text: str, why: str, *, authority: str = "", token: str = "", base: Case = TOKEN
) -> Case:
    accepted = {**({"authority": authority} if authority else {}), "token": token}
    expect = output(accepted) if token else NO
    return base.but(f"token-{name}", ["NAME-TOKEN-1"], TEXT, text, expect, why)


TOKEN_63: Final = _token("of-63-characters", L63, "The longest.", token=L63)
PRIVATE_63: Final = _token(
    "that-is-private-of-63-characters",
    f"p.example.cn/{L63}",
    "The length is that of the part after the authority.",
    authority="p.example.cn",
    token=L63,
    base=PRIVATE,
)
_TOKENS = [
    TOKEN,
    PRIVATE,
    TOKEN_63,
    _token("of-64-characters", f"{L63}a", "One character too long.", base=TOKEN_63),
    PRIVATE_63,
    _token("that-is-private-of-64-characters", f"p.example.cn/{L63}a", "Too long.", base=PRIVATE_63),
    _token(
        "of-the-longest-authority",
        f"{LONGEST}/{L63}",
        "Both parts as long as they may be.",
        authority=LONGEST,
        token=L63,
        base=PRIVATE,
    ),
    _token("of-one-letter", "s", "The shortest.", token="s"),
    _token("of-digits", "2-4", "A token may begin with a digit, and have no letter.", token="2-4"),
    *(
        _token(name, text, why)
        for name, text, why in (
            ("in-capitals", "NVMe-SSD", "Refused, not folded."),
            ("with-two-hyphens", "nvme--ssd", "One hyphen between words."),
            ("with-a-hyphen-at-the-start", "-ssd", "A word before each hyphen."),
            ("with-a-hyphen-at-the-end", "nvme-", "A word after each hyphen."),
            ("with-an-underscore", "nvme_ssd", "Words are joined by hyphens."),
            ("with-a-dot", "1g.10gb", "Dots are for authorities and names."),
            ("with-a-space", "nvme ssd", "Words are joined by hyphens."),
            ("with-a-line-end", "nvme-ssd\n", "The `$` of many expressions matches before it."),
            ("with-an-en-dash", "nvme\u2013ssd", "U+2013 is no hyphen."),
            ("with-a-cyrillic-letter", "nvme-\u0455\u0455d", "U+0455 twice."),
            ("with-digits-of-another-script", "hbm\uff13", "A full-width 3."),
            ("of-nothing", "", "An empty text is no token."),
        )
    ),
    *(
        _token(f"that-is-private-{name}", text, why, base=PRIVATE)
        for name, text, why in (
            ("of-one-label", "example/burst-tier", "One label is no authority."),
            ("of-an-authority-in-capitals", "P.example.cn/burst-tier", "Refused, not folded."),
            ("of-an-address", "192.0.2.1/burst-tier", "An address is no authority."),
            ("in-capitals", "p.example.cn/Burst", "Refused, not folded."),
            ("of-no-authority", "/burst-tier", "Nothing before the slash."),
            ("of-an-authority-alone", "p.example.cn/", "Nothing after the slash."),
            ("of-two-slashes", "p.example.cn/burst/tier", "One slash."),
            ("of-a-name", "crex://p.example.cn/tier/burst", "A name is no token."),
        )
    ),
    _token("of-an-authority-without-slash", "p.example.cn", "Dots are in no registered token.", base=PRIVATE),
]

NEWEST: Final = Case(
    "address-of-the-newest",
    ["RESOLVE-URL-1"],
    "As the first row of the table.",
    LOCATE,
    {"ref": "crex://p.example.cn/site/a"},
    output({"url": "https://p.example.cn/.well-known/crex/site/a.json"}),
)


def _address(name: str, ref: str, url: str, why: str) -> Case:
    return NEWEST.but(f"address-of-{name}", ["RESOLVE-URL-1"], "ref", ref, output({"url": url}), why)


_ADDRESSES = [
    NEWEST,
    _address(
        "a-revision",
        "crex://p.example.cn/site/a@7",
        "https://p.example.cn/.well-known/crex/site/a@7.json",
        "As the second row of the table. The mark stays a mark: nothing is percent-encoded.",
    ),
    _address(
        "a-digest",
        f"crex://p.example.cn/site/a@sha256:{SHA}",
        f"https://p.example.cn/.well-known/crex/site/a@sha256:{SHA}.json",
        "As the third row of the table. The colon stays a colon: nothing is percent-encoded.",
    ),
    _address(
        "the-first-revision",
        "crex://p.example.cn/site/a@1",
        "https://p.example.cn/.well-known/crex/site/a@1.json",
        "The first revision is not the newest.",
    ),
    _address(
        "the-greatest-revision",
        "crex://p.example.cn/site/a@9223372036854775807",
        "https://p.example.cn/.well-known/crex/site/a@9223372036854775807.json",
        "A reader that keeps revisions as doubles asks for another one.",
    ),
    _address(
        "a-name-of-two-pairs",
        "crex://p.example.cn/site/a/pool/b",
        "https://p.example.cn/.well-known/crex/site/a/pool/b.json",
        "Every pair is in the path; the ending stands once.",
    ),
    _address(
        "a-name-of-six-pairs",
        "crex://p.example.cn/a/1/b/2/c/3/d/4/e/5/f/6@2",
        "https://p.example.cn/.well-known/crex/a/1/b/2/c/3/d/4/e/5/f/6@2.json",
        "Every pair is in the path, the version after the last.",
    ),
    _address(
        "an-international-domain",
        "crex://xn--fiqs8s.example/offer/a",
        "https://xn--fiqs8s.example/.well-known/crex/offer/a.json",
        "An A-label stays as it is.",
    ),
    _address(
        "a-name-that-ends-like-a-file",
        "crex://p.example.cn/site/a.json",
        "https://p.example.cn/.well-known/crex/site/a.json.json",
        "The ending is added, whatever the name ends in; otherwise two names had one address.",
    ),
    _address(
        "a-name-with-dots",
        "crex://p.example.cn/site/a..b@3",
        "https://p.example.cn/.well-known/crex/site/a..b@3.json",
        "Dots within a segment go nowhere.",
    ),
    _address(
        "a-name-with-an-underscore",
        "crex://p.example.cn/node-class/vm_7.large",
        "https://p.example.cn/.well-known/crex/node-class/vm_7.large.json",
        "Nothing is escaped.",
    ),
    *(
        NEWEST.but(f"address-of-{name}", ["NAME-REF-1"], "ref", ref, NO, why)
        for name, ref, why in (
            ("another-port", "crex://p.example.cn:8443/site/a", "Who writes a name would choose the port."),
            ("this-host", "crex://localhost/site/a", "A document could make a broker call its own network."),
            ("a-host-of-its-network", "crex://10.0.0.1/site/a", "A document could make a broker call it."),
            ("a-segment-that-goes-up", "crex://p.example.cn/site/..", "It would leave the folder."),
            ("revision-0", "crex://p.example.cn/site/a@0", "There is none."),
            ("another-host-by-a-mark", "crex://p.example.cn@q.example.cn/site/a", "Calls q in p's name."),
        )
    ),
]

CASES: Final[list[Case]] = [*_AUTHORITIES, *_TOKENS, *_ADDRESSES]
