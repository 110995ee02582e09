"""Keys in a token, against SoftHSM, a real token in software."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crex import v1
from crex.documents.times import SystemClock, format_time
from crex.errors import CrexError
from crex.trust.algorithms import ECDSA_P256, ED25519, ML_DSA_65
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.key_files import NO_PASSPHRASE, PIN_VARIABLE, Passphrase, read_signing_key, write_key
from crex.trust.keys import LocalSigningKey, SigningKey
from crex.trust.pkcs11 import MODULE_VARIABLE, Pkcs11SigningKey, generate_key
from crex.trust.pkcs11_uri import KeyUri
from crex.trust.verify import open_envelope
from sdk.tests.cli.conftest import Shell
from sdk.tests.trust.samples import NOW, PROVIDER, root_of, sign_raw, sign_trust, site, trust_body

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
)
TOKEN, PIN = "CREX test", "4711-äß"
URI = KeyUri(token=TOKEN, object="provider")


@pytest.fixture(scope="session")
def module() -> str:
    """The file of SoftHSM's module; without it, and outside CI, these tests skip."""
    found = next((path for path in MODULES if Path(path).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed (Debian: apt-get install softhsm2)")
    pytest.importorskip(
        "pkcs11", reason="python-pkcs11 is not installed (pip install 'crex-protocol[pkcs11]')"
    )
    return found


def make_token(label: str = TOKEN, pin: str = PIN) -> None:
    """Initialises a token with SoftHSM's own tool."""
    command = [
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        label,
        "--pin",
        pin,
        "--so-pin",
        "so-pin",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def reload(module: str) -> None:
    """Has the module forget all, and read its configuration anew, as a new process would."""
    import pkcs11

    loaded = pkcs11.lib(module)
    loaded.reinitialize()


@pytest.fixture
def token(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh token, the only one there; the module's file."""
    folder = tmp_path / "tokens"
    folder.mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    monkeypatch.setenv(MODULE_VARIABLE, module)
    monkeypatch.setenv(PIN_VARIABLE, PIN)
    make_token()
    reload(module)
    return module


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the key file is, or will be."""
    return tmp_path / "provider.pkcs11"


def key_file(path: Path, text: str) -> Path:
    """A key file with an address, readable by its owner only."""
    path.write_text(text)
    path.chmod(0o600)
    return path


def in_token(act: Callable[[Any], None], module: str) -> None:
    """Does something in the token by the library, past our code."""
    import pkcs11

    found = pkcs11.lib(module).get_token(token_label=TOKEN)
    try:
        session = found.open(rw=True, user_pin=PIN)
    except pkcs11.UserAlreadyLoggedIn:
        session = found.open(rw=True)  # the login of a process holds for all its sessions
    act(session)
    session.close()


def message_of(act: Callable[[], object]) -> str:
    """What a refusal says; its reason is IDENTITY, and no text of it shows the PIN."""
    with pytest.raises(CrexError) as refused:
        act()
    assert refused.value.reason == "IDENTITY"
    chain: list[BaseException] = [refused.value]
    while (before := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(before)
    assert PIN not in "".join(f"{error}{error!r}{error.args}" for error in chain)
    return str(refused.value)


def with_key(provider: Identity, key: SigningKey) -> TrustDirectory:
    """A directory that pins the provider's trust document with one more key for sites."""
    body = trust_body(provider)
    body["keys"].append(
        {
            "keyid": key.keyid,
            "alg": key.public_key.alg,
            "spki": b64encode(key.public_key.spki).decode(),
            "use": ["site"],
            "notBefore": body["keys"][0]["notBefore"],
        }
    )
    trust = TrustDirectory()
    trust.pin(sign_trust(body, root_of(provider)), now=NOW)
    return trust


@pytest.mark.parametrize("alg", [ED25519, ECDSA_P256])
def test_a_document_signed_in_the_token(token: str, file: Path, provider: Identity, alg: str) -> None:
    """A key that the token made signs a document that others can verify (VERIFY-ALG-1)."""
    made = generate_key(URI, alg, NO_PASSPHRASE, file)
    write_key(file, made)
    assert file.read_text() == "pkcs11:token=CREX%20test;object=provider;type=private\n"
    assert file.stat().st_mode & 0o777 == 0o600
    key = read_signing_key(file)
    assert isinstance(key, Pkcs11SigningKey)
    assert key.public_key == made.public_key
    envelope = sign_raw("site", site(), key)
    assert len(envelope.signatures[0].sig) == 64
    verified = open_envelope(envelope, v1.Site, with_key(provider, key), now=NOW)
    assert verified.keyids == (key.keyid,)


def test_the_private_half_stays_in_the_token(token: str, file: Path) -> None:
    """What the token made is sensitive and cannot be extracted; the folder holds only the address."""
    import pkcs11

    key = generate_key(URI, ED25519, NO_PASSPHRASE, file)

    def look(session: Any) -> None:
        private = session.get_key(label="provider", object_class=pkcs11.ObjectClass.PRIVATE_KEY)
        assert private[pkcs11.Attribute.SENSITIVE]
        assert not private[pkcs11.Attribute.EXTRACTABLE]
        with pytest.raises(pkcs11.PKCS11Error):
            _ = private[pkcs11.Attribute.VALUE]

    in_token(look, token)
    assert repr(key) == f"Pkcs11SigningKey(alg='ed25519', keyid='{key.keyid}')"
    assert PIN not in repr(key)


def test_a_key_that_others_made(token: str, file: Path) -> None:
    """A P-256 pair that another tool put into the token is found by its label, or by its identifier."""
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    def make(session: Any) -> None:
        curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        domain = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        domain.generate_keypair(id=b"\x00\xff;", label="a;b=c", store=True)
        domain.generate_keypair(label="unnumbered", store=True)

    in_token(make, token)
    by_label = read_signing_key(key_file(file, "pkcs11:token=CREX%20test;object=a%3Bb%3Dc\n"))
    by_id = read_signing_key(key_file(file, "pkcs11:token=CREX%20test;id=%00%FF%3B;type=private"))
    assert by_label.public_key == by_id.public_key
    assert by_label.public_key.alg == ECDSA_P256
    assert by_id.public_key.verify(by_id.sign(b"text"), b"text")
    without_id = read_signing_key(key_file(file, "pkcs11:token=CREX%20test;object=unnumbered"))
    assert without_id.keyid != by_id.keyid


def test_two_keys_of_one_token(token: str, file: Path) -> None:
    """A second key in the same token needs no second login; threads may use both at once."""
    first = generate_key(URI, ED25519, NO_PASSPHRASE, file)
    second = generate_key(replace(URI, object="consumer"), ECDSA_P256, NO_PASSPHRASE, file)
    failures: list[Exception] = []

    def work(key: SigningKey) -> None:
        try:
            for _ in range(20):
                key.sign(b"text")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[key]) for key in (first, second) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_pin_is_asked_for_once(token: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `CREX_PKCS11_PIN` the person is asked, apart from any passphrase, and once for all keys."""
    generate_key(URI, ED25519, NO_PASSPHRASE, file)
    write_key(file, generate_key(replace(URI, object="b"), ED25519, NO_PASSPHRASE, file))
    reload(token)
    monkeypatch.delenv(PIN_VARIABLE)
    monkeypatch.setenv("CREX_PASSPHRASE", "not the PIN")
    asked: list[Path] = []

    def ask(path: Path) -> bytes:
        asked.append(path)
        return PIN.encode()

    passphrase = Passphrase(ask=ask)
    for _ in range(2):
        read_signing_key(file, passphrase).sign(b"text")
    assert asked == [file]
    reload(token)
    assert f"needs a PIN, and none was given. Set {PIN_VARIABLE}" in message_of(
        lambda: read_signing_key(file)
    )


def test_a_wrong_pin(token: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong PIN is tried once, and the message says that a token locks; nothing shows it."""
    write_key(file, generate_key(URI, ED25519, NO_PASSPHRASE, file))
    reload(token)
    monkeypatch.setenv(PIN_VARIABLE, "0000-wrong")
    with pytest.raises(CrexError) as refused:
        read_signing_key(file)
    assert "it refused the PIN" in refused.value.message
    assert refused.value.source == str(file)
    assert "0000-wrong" not in f"{refused.value!r}{refused.value.__cause__!r}{refused.value.__context__!r}"
    monkeypatch.setenv(PIN_VARIABLE, "x")
    assert "it refused the PIN" in message_of(lambda: read_signing_key(file))
    monkeypatch.setenv(PIN_VARIABLE, "\udcff")
    assert "not UTF-8" in message_of(lambda: read_signing_key(file))
    monkeypatch.setenv(PIN_VARIABLE, PIN)
    read_signing_key(file)


def test_a_missing_token(token: str, file: Path) -> None:
    """A token that is not plugged in, or one of two of a name, is told apart."""
    key_file(file, "pkcs11:token=Elsewhere;object=provider")
    assert f"no token Elsewhere at the module {token}" in message_of(lambda: read_signing_key(file))
    make_token()
    reload(token)
    key_file(file, str(URI))
    assert "2 tokens CREX test" in message_of(lambda: read_signing_key(file))


def test_a_removed_key(token: str, file: Path) -> None:
    """A key that was deleted from the token signs no more, and cannot be loaded."""
    key = generate_key(URI, ED25519, NO_PASSPHRASE, file)
    write_key(file, key)

    def remove(session: Any) -> None:
        for found in list(session.get_objects()):
            found.destroy()

    in_token(remove, token)
    for act in (lambda: key.sign(b"text"), lambda: read_signing_key(file)):
        assert "the token holds no private key with the label provider" in message_of(act)


def test_a_token_that_was_away(token: str, file: Path) -> None:
    """A token that was pulled out and put back is opened again; another key under its label is refused."""
    key = generate_key(URI, ED25519, NO_PASSPHRASE, file)
    reload(token)
    assert key.public_key.verify(key.sign(b"text"), b"text")

    def exchange(session: Any) -> None:
        for found in list(session.get_objects()):
            found.destroy()

    in_token(exchange, token)
    other = generate_key(URI, ED25519, NO_PASSPHRASE, file)
    assert f"is {other.keyid} by now, and was {key.keyid}" in message_of(lambda: key.sign(b"text"))


def _sign_in_child(key: SigningKey, answers: Any) -> None:
    answers.put(key.sign(b"text"))


def test_after_a_fork(token: str, file: Path) -> None:
    """A process that forks signs on, in parent and child."""
    key = generate_key(URI, ED25519, NO_PASSPHRASE, file)
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=_sign_in_child, args=[key, answers])
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert key.public_key.verify(answers.get(), b"text")
    assert key.public_key.verify(key.sign(b"other"), b"other")


def test_halves_that_do_not_belong_together(token: str, file: Path) -> None:
    """A pair whose public half is another key's is refused when it is loaded, before anyone trusts it."""
    import pkcs11

    generate_key(replace(URI, id=b"\x01"), ED25519, NO_PASSPHRASE, file)
    generate_key(KeyUri(TOKEN, object="other", id=b"\x02"), ED25519, NO_PASSPHRASE, file)

    def mix(session: Any) -> None:
        public = {
            bytes(found[pkcs11.Attribute.ID]): found
            for found in session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY})
        }
        public[b"\x01"].destroy()
        public[b"\x02"][pkcs11.Attribute.ID] = b"\x01"

    in_token(mix, token)
    key_file(file, str(URI))
    assert "does not verify by its public half" in message_of(lambda: read_signing_key(file))


def test_keys_that_sign_no_documents(token: str, file: Path) -> None:
    """A key of another curve or kind, and two of one label, are refused by name."""
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    def make(session: Any) -> None:
        curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp384r1")}
        domain = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        domain.generate_keypair(id=b"\x01", label="p-384", store=True)
        for identifier in (b"\x02", b"\x03"):
            domain.generate_keypair(id=identifier, label="twice", store=True)

    in_token(make, token)
    key_file(file, "pkcs11:token=CREX%20test;object=p-384")
    assert "neither Ed25519 nor P-256" in message_of(lambda: read_signing_key(file))
    key_file(file, "pkcs11:token=CREX%20test;object=twice")
    assert "2 of a private key with the label twice. Add `id=`" in message_of(lambda: read_signing_key(file))
    assert "no keys of ml-dsa-65" in message_of(lambda: generate_key(URI, ML_DSA_65, NO_PASSPHRASE, file))


def test_a_name_that_is_taken(token: str, file: Path) -> None:
    """A key is never made under a label that another has."""
    generate_key(URI, ED25519, NO_PASSPHRASE, file)
    assert "has a key of that name" in message_of(lambda: generate_key(URI, ED25519, NO_PASSPHRASE, file))


def test_a_missing_module(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a module, with one that is not there, and with a file that is none, the message says which."""
    pytest.importorskip("pkcs11")
    monkeypatch.delenv(MODULE_VARIABLE, raising=False)
    monkeypatch.setenv(PIN_VARIABLE, PIN)
    key_file(file, str(URI))
    assert f"Set {MODULE_VARIABLE}" in message_of(lambda: read_signing_key(file))
    nothing = tmp_path / "none.so"
    monkeypatch.setenv(MODULE_VARIABLE, str(nothing))
    assert f"the module {nothing} cannot be loaded" in message_of(lambda: read_signing_key(file))
    nothing.write_bytes(b"no module")
    assert f"the module {nothing} cannot be loaded" in message_of(lambda: read_signing_key(file))


def test_a_missing_library(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without python-pkcs11 the message says how to install it."""
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    key_file(file, str(URI))
    assert "pip install 'crex-protocol[pkcs11]'" in message_of(lambda: read_signing_key(file))


def test_a_key_file_that_others_can_change(file: Path) -> None:
    """A key file that others may read or write is refused: it names a module that will be run."""
    key_file(file, str(URI)).chmod(0o640)
    assert "chmod 600" in message_of(lambda: read_signing_key(file))


def test_a_key_in_memory_is_no_token_key(file: Path, token: str) -> None:
    """A file of the other kind cannot hold a key: neither a PEM one of a token, nor the reverse."""
    key = generate_key(URI, ED25519, NO_PASSPHRASE, file)
    message = message_of(lambda: write_key(file.with_suffix(".pem"), key))
    assert "no file of this name can hold it" in message
    write_key(file.with_suffix(".pem"), LocalSigningKey.generate())
    assert not file.exists()


def test_a_token_that_is_away_again_and_again(token: str, file: Path) -> None:
    """Opening one key anew does not end the session of another."""
    first = generate_key(URI, ED25519, NO_PASSPHRASE, file)
    second = generate_key(replace(URI, object="consumer"), ED25519, NO_PASSPHRASE, file)
    for _ in range(3):
        reload(token)
        for key in (first, second, first):
            assert key.public_key.verify(key.sign(b"text"), b"text")


def test_from_the_command_line(
    token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`crex key new --token` has the token make a key, `crex key rotate --key` puts it to use."""
    crex = Shell(tmp_path / "home", capsys)
    address, file = "pkcs11:token=CREX%20test;object=provider", tmp_path / "p.pkcs11"
    new = ("key", "new", "--algorithm", ECDSA_P256, "--token", address)
    assert crex("init", PROVIDER, "--role", "provider") == 0, crex.err
    assert crex(*new, str(tmp_path / "p.pem")) == 1
    assert "does not end in .pkcs11, so no key was made" in crex.err
    assert crex(*new, str(file)) == 0, crex.err
    assert crex(*new, str(file)) == 1
    assert "is there already, so no key was made" in crex.err
    assert crex("key", "new", "--token", "pkcs11:token=x", str(tmp_path / "q.pkcs11")) == 1
    assert "it names no key" in crex.err
    public = serialization.load_pem_public_key((tmp_path / "p.pkcs11.pub").read_bytes())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert crex("key", "rotate", "provider", "--key", str(file)) == 0, crex.err
    document = tmp_path / "site.json"
    body = site()
    body["header"]["issuedAt"] = format_time(SystemClock().now())
    document.write_text(json.dumps(body))
    assert crex("sign", "--type", "site", str(document), "-o", str(tmp_path / "signed.json")) == 0, crex.err
    assert crex("verify", str(tmp_path / "signed.json")) == 0, crex.err
    written = "".join(path.read_text() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert PIN not in written
    monkeypatch.setenv(PIN_VARIABLE, "0000-wrong")
    reload(token)
    assert crex("sign", "--type", "site", str(document), "-o", str(tmp_path / "again.json")) == 1
    assert "it refused the PIN" in crex.err
    assert "0000-wrong" not in crex.err


def test_several_make_a_key_at_once(token: str, tmp_path: Path) -> None:
    """Of several that have a token make a key of one name, one gets it with its files, and nobody another."""
    command = [sys.executable, "-m", "crex.cli.main", "--home", str(tmp_path / "home"), "key", "new"]
    places = [tmp_path / f"{at // 2}.pkcs11" for at in range(4)]  # two and two under one file as well
    runs = [
        subprocess.Popen([*command, str(file), "--token", str(URI)], stderr=subprocess.PIPE, text=True)
        for file in places
    ]
    said = [run.communicate()[1] for run in runs]
    (made,) = [file for run, file in zip(runs, places, strict=True) if run.returncode == 0]
    refused = [text for text in said if text]
    assert len(refused) == 3
    assert all("of that name already" in text or "is there already" in text for text in refused)
    assert sorted(tmp_path.glob("*.pkcs11*")) == [made, Path(f"{made}.pub")]
    assert read_signing_key(made).public_key.alg == ED25519


def test_a_key_that_could_not_be_made_leaves_no_address(
    token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the token refuses, the file for the address is taken away again, and its name is free."""
    crex, file = Shell(tmp_path / "home", capsys), tmp_path / "p.pkcs11"
    assert crex("key", "new", str(file), "--token", str(URI), "--algorithm", ML_DSA_65) == 1
    assert "tokens make no keys of ml-dsa-65 here" in crex.err
    assert not list(tmp_path.glob("p.pkcs11*"))
    assert crex("key", "new", str(file), "--token", str(URI)) == 0
