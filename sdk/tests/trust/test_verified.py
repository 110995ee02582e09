"""`Verified` comes from verification alone, and builds its message when somebody asks for it."""

import copy
import pickle

import pytest

from crex import v1
from crex.documents import convert
from crex.documents.types import DocumentType
from crex.trust.envelope import read_parts
from crex.trust.identity import Identity
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope
from sdk.tests.trust.samples import NOW, PROVIDER, pinned, site


@pytest.fixture
def verified(provider: Identity) -> Verified[v1.Site]:
    """A verified site."""
    envelope = provider.sign_document(convert.to_message(site(), v1.Site))
    return open_envelope(envelope, v1.Site, pinned(provider), now=NOW)


def test_nobody_else_makes_one(verified: Verified[v1.Site]) -> None:
    """The constructor refuses whoever does not verify, and names who does."""
    with pytest.raises(TypeError, match="open_envelope"):
        Verified(
            object(),
            doctype=DocumentType.of(v1.Site),
            parts=read_parts(verified.envelope),
            json=verified.json,
            keys=(),
            signer=PROVIDER,
            trust_revision=1,
            opened_at=NOW,
            log=None,
            message=None,
            explain=lambda: (),
        )


def test_it_is_not_carried_elsewhere(verified: Verified[v1.Site]) -> None:
    """A verified document is not pickled or copied: its envelope is, and is verified again."""
    with pytest.raises(TypeError, match="verify it again"):
        pickle.dumps(verified)
    with pytest.raises(TypeError, match="verify it again"):
        copy.copy(verified)


def test_message_is_built_once(verified: Verified[v1.Site]) -> None:
    """The typed message is built on first use and is the same from then on."""
    assert verified.message is verified.message
    assert verified.message.header.issuer == PROVIDER


def test_what_it_says_of_itself(verified: Verified[v1.Site]) -> None:
    """Digest, record identifier, pin and text agree with the envelope (DOC-PIN-1)."""
    assert verified.pin == v1.Pin(id=verified.id, revision=1, sha256=verified.digest)
    assert len(verified.record_id) == 64
    assert verified.record_id != verified.digest
    assert repr(verified) == f"Verified[site](crex://{PROVIDER}/site/a@1, issuer='{PROVIDER}')"
    assert verified.opened_at == NOW
