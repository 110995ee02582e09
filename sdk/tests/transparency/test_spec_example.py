"""The example of log.md is true: its leaves, checkpoint, keys, co-signature and proof verify."""

import base64
import re
from datetime import UTC, datetime
from pathlib import Path

import orjson

from crex import v1
from crex.transparency.findings import RULES, Kind
from crex.trust.cosignature import cosigned
from crex.trust.envelope import pae
from crex.trust.log_proof import check_record, leaf_data
from crex.trust.merkle import root
from crex.trust.signed_note import NoteVerifier, SignedNote
from sdk.tests.trust.test_log_proof import Keys, Trust

PAGE = Path(__file__).parents[3] / "proto" / "spec" / "log.md"


def test_the_example_of_the_page() -> None:
    """Whoever follows the page by its example gets what it shows (LOG-LEAF-1, LOG-LEAF-2, LOG-TIME-1)."""
    example = PAGE.read_text("utf-8").partition("## Example")[2]
    shown = re.findall(r"```(?:json)?\n(.*?)```", example, re.DOTALL)
    leaves, note, keys = shown[0].split(), SignedNote.parse(shown[1]), shown[2].split()
    proof = orjson.loads(shown[3])
    salt = base64.b64decode(proof["salt"])
    record = pae("application/vnd.crex.site.v1+json", b"{}")
    expected = [leaf_data(record, None), leaf_data(record, salt), leaf_data(b"third", None)]
    assert leaves == [leaf.hex() for leaf in expected]
    log, witness = map(NoteVerifier.parse, keys)
    assert note.text.split()[1:] == ["3", base64.b64encode(root(expected)).decode()]
    seen = datetime(2026, 11, 1, 12, 0, 5, tzinfo=UTC)
    assert cosigned(note, [witness]) == {witness: seen}
    trust = Trust({log.authority: Keys((log,)), witness.authority: Keys((), (witness,))})
    wire = v1.LogProof(
        index=int(proof["index"]),
        hashes=map(base64.b64decode, proof["hashes"]),
        checkpoint=str(note),
        salt=salt,
    )
    fact = check_record(record, wire, trust, v1.PolicyLog(quorum=1))
    assert (fact.log, fact.size, fact.log_time) == ("broker.example.cn/log", 3, seen)


def test_each_finding_names_a_rule_of_the_page() -> None:
    """Every kind of finding has its rule, which stands on the page, and its name in the table there."""
    page = PAGE.read_text("utf-8")
    assert set(RULES) == set(Kind)
    assert all(f"### {rule}\n" in page for rule in RULES.values())
    assert [kind for kind in Kind if f"`{kind}`" not in page] == []
