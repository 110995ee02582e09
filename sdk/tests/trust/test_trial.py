"""Algorithms of other packages: they count where the operator names them, and if they show safe nonces."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crex import v1
from crex.errors import TrustError
from crex.trust import algorithms
from crex.trust.algorithms import ED25519, TRIALS_VARIABLE
from crex.trust.algorithms.sm2_sm3 import _tongsuo
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.keys import LocalSigningKey, PublicKey, is_usable
from crex.trust.verify import open_envelope
from sdk.tests.trust.samples import NOW, outcome, root_of, sign_raw, sign_trust, site, trust_body

# Algorithms of a package of somebody else; each signs with Ed25519 or P-256 under another name, and does one
# thing that an algorithm must not.
PACKAGE = """
import random

from crex.trust.algorithms.ecdsa_p256 import EcdsaP256


class Fair(EcdsaP256):
    token, about = "acme-sign", "signatures of Acme"


class Half:
    def __init__(self, half):
        self.spki, self.pem, self.half = half.spki, half.pem, half

    def sign(self, signed):
        return self.half.sign(signed)


class Guessable(Fair):
    def generate(self):
        half = Half(super().generate())
        half.sign = lambda signed: random.randbytes(1) and half.half.sign(signed)
        return half


class Repeating(Fair):
    def generate(self):
        half = Half(super().generate())
        half.sign = lambda signed: bytes(32) + half.half.sign(signed)[32:]
        return half


class Gullible(Fair):
    def load(self, spki):
        from crex.trust.algorithms import LoadedKey
        return LoadedKey(spki, lambda signature, signed: True)


class Deaf(Fair):
    def load(self, spki):
        from crex.trust.algorithms import LoadedKey
        return LoadedKey(spki, lambda signature, signed: False)


class Failing(Fair):
    def generate(self):
        raise RuntimeError("a secret that must not show: 4711")


class Lacking(Fair):
    def lacks(self):
        return "acme-sign needs a dongle. Plug it in."
"""
NAMES = {
    "acme-sign": "Fair",
    "acme-guessable": "Guessable",
    "acme-repeating": "Repeating",
    "acme-gullible": "Gullible",
    "acme-deaf": "Deaf",
    "acme-failing": "Failing",
    "acme-lacking": "Lacking",
    "acme-broken": "Missing",
    "acme-other": "Half",
    "ed25519": "Gullible",
}


def forget() -> None:
    """Has the registry look again at what is installed, as a new process would."""
    algorithms._load.cache_clear()
    algorithms.on_trial.cache_clear()


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package of Acme, installed; nobody takes part in its trial yet."""
    info = tmp_path / "installed" / "acme_sign-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-sign\nVersion: 1.0\n", "utf-8")
    entries = "".join(f"{name} = acme_sign:{place}\n" for name, place in NAMES.items())
    (info / "entry_points.txt").write_text(f"[crex.signing_algorithms]\n{entries}", "utf-8")
    (info.parent / "acme_sign.py").write_text(PACKAGE, "utf-8")
    monkeypatch.syspath_prepend(info.parent)
    monkeypatch.delenv(TRIALS_VARIABLE, raising=False)
    forget()
    yield
    forget()
    sys.modules.pop("acme_sign", None)


def signed_by_acme(provider: Identity, monkeypatch: pytest.MonkeyPatch) -> tuple[v1.Envelope, v1.Envelope]:
    """A trust document that lists a key of Acme's algorithm, and a site signed with it."""
    monkeypatch.setenv(TRIALS_VARIABLE, "acme-sign")
    key = LocalSigningKey.generate("acme-sign")
    from base64 import b64encode

    body = trust_body(provider)
    body["keys"].append(
        {
            "keyid": key.keyid,
            "alg": "acme-sign",
            "spki": b64encode(key.public_key.spki).decode(),
            "use": ["site"],
            "notBefore": body["keys"][0]["notBefore"],
        }
    )
    monkeypatch.delenv(TRIALS_VARIABLE)
    return sign_trust(body, root_of(provider)), sign_raw("site", site(), key)


def test_installed_is_not_named(acme: None, provider: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """ALG-TRIAL-1: a key on trial breaks nothing; what it signed is refused until the operator takes part."""
    document, envelope = signed_by_acme(provider, monkeypatch)
    trust = TrustDirectory()
    trust.pin(document, now=NOW)
    with pytest.raises(TrustError) as refused:
        open_envelope(envelope, v1.Site, trust, now=NOW)
    assert outcome(refused.value) == (9, "ALG")
    assert "acme-sign is in trial status" in refused.value.message
    assert f"Set {TRIALS_VARIABLE}=acme-sign" in refused.value.message
    monkeypatch.setenv(TRIALS_VARIABLE, "other, acme-sign")
    trust = TrustDirectory()
    trust.pin(document, now=NOW)
    assert open_envelope(envelope, v1.Site, trust, now=NOW).keyids == (envelope.signatures[0].keyid,)


def test_a_package_is_not_even_imported(acme: None) -> None:
    """ALG-TRIAL-1: nothing of a package runs before the operator names its algorithm."""
    assert "acme_sign" not in sys.modules
    assert algorithms.find("acme-sign") is None
    assert "is in trial status" in algorithms.why_not("acme-sign")
    assert "acme_sign" not in sys.modules


def test_no_package_replaces_an_algorithm(acme: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """ALG-TRIAL-1: a package that brings its own `ed25519` changes nothing, named or not."""
    monkeypatch.setenv(TRIALS_VARIABLE, "ed25519,acme-sign")
    found = algorithms.find(ED25519)
    assert type(found).__module__ == "crex.trust.algorithms.ed25519"
    assert algorithms.trials() == {"acme-sign"}
    key = LocalSigningKey.generate()
    assert not key.public_key.verify(bytes(64), b"text")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("acme-guessable", "draws nonces from Python's `random`"),
        ("acme-repeating", "uses one nonce for two texts"),
        ("acme-gullible", "verifies what nobody signed"),
        ("acme-deaf", "does not verify its own signatures"),
        ("acme-failing", "failed with RuntimeError"),
        ("acme-lacking", "acme-sign needs a dongle. Plug it in."),
        ("acme-broken", "acme-broken cannot be used: The signing algorithm acme-broken"),
        ("acme-other", "acme-other cannot be used"),
        ("acme-nowhere", "acme-nowhere cannot be used: There is no signing algorithm acme-nowhere"),
    ],
)
def test_libraries_that_are_refused(
    acme: None, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    """ALG-P256-2: a library with guessable or repeated nonces, or that verifies anything, never counts."""
    monkeypatch.setenv(TRIALS_VARIABLE, name)
    assert algorithms.find(name) is None
    message = algorithms.why_not(name)
    assert says in message
    assert message.endswith(".")
    assert "4711" not in message
    with pytest.raises(TrustError) as refused:
        PublicKey.from_spki(LocalSigningKey.generate().public_key.spki, name)
    assert outcome(refused.value) == (9, "ALG")


def test_the_check_leaves_random_alone(acme: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for weak nonces neither seeds nor draws from `random`: others' programs rely on its state."""
    monkeypatch.setenv(TRIALS_VARIABLE, "acme-sign")
    random.seed(7)
    before = random.getstate()
    assert algorithms.find("acme-sign") is not None
    assert random.getstate() == before


def test_many_unknown_keys_cost_little(acme: None) -> None:
    """VERIFY-ALG-1: keys of algorithms in which nobody takes part are passed over, no package looked at."""
    assert [is_usable(token) for token in ("acme-sign", "sm2-sm3", "rot13")] == [False] * 3
    assert algorithms.on_trial.cache_info().misses == 0
    assert "acme-sign" in algorithms.on_trial()


def test_an_unknown_algorithm(acme: None) -> None:
    """VERIFY-ALG-1: of a token that nobody knows, the message says which there are."""
    assert algorithms.why_not("rot13").endswith("by one of: ecdsa-p256, ed25519, ml-dsa-65.")


def test_sm2_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """VERIFY-ALG-1: whoever takes part without the library reads what to install."""
    monkeypatch.setenv(TRIALS_VARIABLE, "sm2-sm3")
    for module in [name for name in sys.modules if name.startswith("tongsuopy")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "tongsuopy", None)
    _tongsuo.cache_clear()
    algorithms._load.cache_clear()
    try:
        assert algorithms.find("sm2-sm3") is None
        assert "pip install 'crex-protocol[sm2]'" in algorithms.why_not("sm2-sm3")
    finally:
        _tongsuo.cache_clear()
        algorithms._load.cache_clear()
