"""Addresses of keys in tokens: RFC 7512, read strictly."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.errors import CrexError
from crex.trust.pkcs11_uri import KeyUri

LABELS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("pkcs11:token=A;object=b", KeyUri("A", object="b")),
        ("pkcs11:object=b;token=A;type=private", KeyUri("A", object="b")),
        ("pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;id=%69%95%3E%00",
         KeyUri("The Software PKCS#11 Softtoken", id=b"i\x95>\x00")),
        ("pkcs11:serial=DECC0401648;object=my-sign-key", KeyUri(serial="DECC0401648", object="my-sign-key")),
        ("pkcs11:token=A;manufacturer=Snake%20Oil,%20Inc.;model=1.0;object=b",
         KeyUri("A", manufacturer="Snake Oil, Inc.", model="1.0", object="b")),
        ("pkcs11:token=A;object=b?module-path=/usr/lib/m.so",
         KeyUri("A", object="b", module_path="/usr/lib/m.so")),
        ("pkcs11:token=%E5%85%AC%E5%8F%B8;object=b", KeyUri("公司", object="b")),
    ],
)  # fmt: skip
def test_addresses_that_are_read(text: str, uri: KeyUri) -> None:
    """What the RFC's own examples of this kind say is what is read."""
    assert KeyUri.parse(text) == uri


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is not `pkcs11:`"),
        ("PKCS11:token=A;object=b", "it is not `pkcs11:`"),
        ("pkcs11:", "it names no token"),
        ("pkcs11:object=b", "it names no token"),
        ("pkcs11:token=A", "it names no key"),
        ("pkcs11:token=A;object=b;", "not of the form"),
        ("pkcs11:token=A;;object=b", "not of the form"),
        ("pkcs11:token=A;object=b c", "not of the form"),
        ("pkcs11:token=A;object=b%2", "not of the form"),
        ("pkcs11:token=A;object=b#c", "not of the form"),
        ("pkcs11:token=A;object=公", "ASCII"),
        ("pkcs11:token=A\n;object=b", "not of the form"),
        ("pkcs11:token=A;object=b\npkcs11:token=C;object=d", "not of the form"),
        ("pkcs11:token=A;object=%FF", "not UTF-8"),
        ("pkcs11:token=A;token=B;object=b", "`token` stands in it twice"),
        ("pkcs11:token=A;object=b;slot-id=3", "`slot-id` is not understood"),
        ("pkcs11:token=A;object=b;type=public", "only a private key signs"),
        ("pkcs11:token=A;object=b?module-name=x", "`module-name` is not understood"),
        ("pkcs11:token=A;object=b;module-path=/m.so", "`module-path` is not understood"),
        ("pkcs11:token=A;object=" + "b" * 1024, "at most 1024"),
    ],
)
def test_addresses_that_are_refused(text: str, says: str) -> None:
    """Whatever is not understood is refused, with what is wrong and the file."""
    with pytest.raises(CrexError) as refused:
        KeyUri.parse(text, "keys/provider.pkcs11")
    assert says in refused.value.message
    assert (refused.value.reason, refused.value.source) == ("IDENTITY", "keys/provider.pkcs11")


@pytest.mark.parametrize(
    "text",
    [
        "pkcs11:token=A;object=b?pin-value=s3cret",
        "pkcs11:token=A;object=b?module-path=/m.so&pin-value=s3cret%",
        "pkcs11:token=A;object=b;pin-value=s3cret",
        "pkcs11:token=A;object=b?pin-source=file:/s3cret",
    ],
)
def test_a_pin_in_the_address(text: str) -> None:
    """A PIN is refused, and the message does not repeat it."""
    with pytest.raises(CrexError) as refused:
        KeyUri.parse(text)
    assert "change the PIN" in refused.value.message
    assert "s3cret" not in f"{refused.value!r}{refused.value.__cause__!r}"


@given(LABELS, LABELS, st.binary(max_size=20), LABELS)
def test_written_and_read_again(token: str, label: str, identifier: bytes, module: str) -> None:
    """Any labels, identifiers and paths come back as they were."""
    uri = KeyUri(token, object=label, id=identifier, module_path=module)
    if len(str(uri)) <= 1024:
        assert KeyUri.parse(str(uri)) == uri


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text does anything worse than to be refused."""
    with suppress(CrexError):
        assert KeyUri.parse("pkcs11:token=A;object=" + text).token == "A"
