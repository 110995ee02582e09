"""The documents in the report: who signed what, and each of them with every step of its verification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from demo.report_text import anchor, escape
from demo.result import DocumentRow, Result

# The documents of the sale itself, in the order in which they pin each other.
_CHAIN: Final = (
    ("site", "where the machine stands"),
    ("compute-resource", "what it is"),
    ("price-plan", "how use is priced"),
    ("allotment", "how many units the broker may sell"),
    ("offer", "the standing invitation; pins resource and price plan"),
    ("hold-receipt", "what is held, and until when; pins the offer"),
    ("order-document", "the commitment to buy; pins the hold and the offer"),
    ("order-confirmation", "the promise to deliver; pins the order"),
    ("access-grant", "how the core is reached, sealed to the consumer; pins the order"),
    ("usage-batch", "what was used, under a Merkle root; pins the order"),
    ("release-receipt", "use has ended, the units are free; pins the order"),
    ("invoice", "what is owed; pins order, price plan and usage"),
    ("invoice-acceptance", "recomputed, and found right; pins the invoice"),
)
_CATALOGUE: Final = "catalogue."


def chain(result: Result) -> Iterator[str]:
    """Writes who signed what; nothing where no document was verified."""
    own = [document for document in result.documents if not _is_catalogue(document)]
    if not own:
        return
    order = {kind: number for number, (kind, _) in enumerate(_CHAIN)}
    rows = sorted(own, key=lambda document: order.get(document.kind, len(order)))
    about = dict(_CHAIN)
    issuers = list(dict.fromkeys(document.issuer for document in rows))
    yield '<section id="chain"><h2>Who signed what</h2>'
    yield (
        "<p>References point one way: each document pins those before it by name, revision and digest. So "
        "whoever holds the last one can check all.</p>"
    )
    yield '<ol class="chain">'
    for document in rows:
        lane = min(issuers.index(document.issuer), 3)
        yield (
            f'<li class="lane{lane}"><small class="issuer">{escape(document.issuer)}</small>'
            f'<a href="#{anchor(document.sha256)}">{escape(document.kind)}</a> {escape(_short(document))}'
            f"<small>{escape(about.get(document.kind, ''))}</small></li>"
        )
    yield "</ol></section>"


def documents(result: Result) -> Iterator[str]:
    """Writes every document; nothing where none was verified."""
    if not result.documents:
        return
    yield '<section id="documents"><h2>Every document</h2>'
    yield (
        f"<p>As files in <code>{escape(result.folder)}</code>; each opens in a text editor. Unfold one for "
        "what was checked, step by step, and for its exact content.</p>"
    )
    for document in result.documents:
        if not _is_catalogue(document):
            yield from _document(document)
    facts = [document for document in result.documents if _is_catalogue(document)]
    if facts:
        yield f"<details><summary>{len(facts)} documents of the catalogue of price facts</summary>"
        for document in facts:
            yield from _document(document)
        yield "</details>"
    yield "</section>"


def _document(document: DocumentRow) -> Iterator[str]:
    yield f'<details class="document"><summary><strong>{escape(document.kind)}</strong> '
    yield f"<small>{escape(document.id)}</small></summary>"
    # Browsers unfold what a link points into, not what it points at: the place is inside.
    yield f'<p id="{anchor(document.sha256)}">Signed by <strong>{escape(document.issuer)}</strong> · file '
    yield f"<code>{escape(document.path)}</code><br>SHA-256 <code>{escape(document.sha256)}</code></p>"
    yield '<ul class="checks">'
    for check in document.checks:
        yield f"<li>{escape(check)}</li>"
    yield f"</ul><pre>{escape(json.dumps(document.body, indent=2, ensure_ascii=False))}</pre>"
    if document.leaves:
        yield f"<details><summary>{len(document.leaves)} under its Merkle root, each proved</summary>"
        yield f'<pre class="leaves">{escape(chr(10).join(document.leaves))}</pre></details>'
    yield "</details>"


def _short(document: DocumentRow) -> str:
    """Gives the end of a name where a person chose it; most are random."""
    return f"{'/'.join(document.id.rsplit('/', 2)[1:])} " if document.kind == "compute-resource" else ""


def _is_catalogue(document: DocumentRow) -> bool:
    return document.issuer.startswith(_CATALOGUE)
