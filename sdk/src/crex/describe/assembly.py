"""Documents from drafts: headers, names under the provider's site, pools of what the source counted.

    assembled = assemble(imported, Issue("p.example.cn", site="zhongwei-1", issued_at=now))

What no source states is the provider's policy: under whose authority, at which site, how CPUs are allocated.
A draft that makes no sound document is left out with the rule that it breaks; it never stops the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from google.protobuf.timestamp_pb2 import Timestamp

from crex.describe.importing import LONGEST_NAME, Draft, Imported, LeftOut
from crex.documents import convert, reader
from crex.errors import CrexError
from crex.names import Name, parse_authority
from crex.v1 import ComputeResource, Header, NetworkLink, NodeClass, Pool, PricePlan, Site

Document: TypeAlias = ComputeResource | NetworkLink | PricePlan | Site

_PARTITION: Final = "partition-class"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Who issues the documents, and what only they can say.

    Attributes:
        authority: The provider.
        site: Name of the site under it, one segment; empty only where nothing but price plans is made.
        issued_at: Time of issue, aware.
        revision: Revision of every document, from 1.
        allocation: How CPUs are allocated to buyers (DESC-CPU-3); empty: not stated.
        country: Country of the site; empty: no document of the site is made.
        subdivision: Subdivision of it, ISO 3166-2; may be empty.
        time_zone: Time zone in which the billing periods of price plans begin, where a source states none.
    """

    authority: str
    site: str
    issued_at: datetime
    revision: int = 1
    allocation: str = ""
    country: str = ""
    subdivision: str = ""
    time_zone: str = "UTC"

    @property
    def site_name(self) -> Name:
        """Name of the site's document."""
        return Name.parse(f"crex://{parse_authority(self.authority)}/site/{self.site}")

    def header(self, name: Name) -> Header:
        """Makes the header of a document."""
        issued = Timestamp()
        issued.FromDatetime(self.issued_at.replace(microsecond=self.issued_at.microsecond // 1000 * 1000))
        return Header(id=str(name), revision=self.revision, issuer=self.authority, issued_at=issued)


@dataclass(frozen=True, slots=True)
class Made:
    """One document.

    Attributes:
        document: The document, unsigned.
        rows: Places of the rows that it stands for; none: it follows from the provider's policy.
    """

    document: Document
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assembled:
    """What an import gave in documents.

    Attributes:
        made: The documents, each after those that it names.
        left_out: Rows that became no document, with the reason: those of the import, and those of drafts that
            make no sound document.
    """

    made: tuple[Made, ...]
    left_out: tuple[LeftOut, ...]


def assemble(imported: Imported, issue: Issue) -> Assembled:
    """Makes documents of the drafts of an import.

    Raises:
        InvalidName: Authority or site is none.
        CrexError: SCHEMA: the site as stated is no sound document.
    """
    made: list[Made] = []
    left_out = list(imported.left_out)
    site_name = issue.site_name if issue.site else None
    if site_name is not None and issue.country:
        site = Site(header=issue.header(site_name), country=issue.country)
        if issue.subdivision:
            site.subdivision = issue.subdivision
        _check(site)
        made.append(Made(site, ()))
    names: dict[str, Name] = {}
    taken: set[str] = set()
    # Wholes first: a partition is named under what it is a slice of.
    for draft in sorted(imported.drafts, key=lambda draft: bool(draft.part_of)):
        why = _why_not(draft, names)
        if not why:
            try:
                name = _unique(_name(draft, issue, names), taken)
                documents = [_check(document) for document in _documents(draft, name, issue, names)]
            except CrexError as error:
                why = f"it makes no sound document: {error}"
            else:
                names.setdefault(draft.name, name)
                taken.update(document.header.id for document in documents)
                made += [Made(document, draft.rows) for document in documents]
                continue
        left_out += [LeftOut(row, why) for row in draft.rows]
    return Assembled(tuple(made), tuple(left_out))


def _why_not(draft: Draft, names: dict[str, Name]) -> str:
    body = draft.body
    if not isinstance(body, ComputeResource) or body.kind != _PARTITION:
        return ""
    if draft.part_of and draft.part_of not in names:
        return f"{draft.part_of}, of which it is a slice, is left out"
    if not draft.part_of and not body.partition.HasField("of_resource"):
        return "the source does not say of which resource it is a slice"
    return ""


def _name(draft: Draft, issue: Issue, names: dict[str, Name]) -> Name:
    body = draft.body
    if isinstance(body, ComputeResource):
        return (names.get(draft.part_of) or issue.site_name).child(body.kind, draft.name)
    kind = {NetworkLink: "link", PricePlan: "price-plan", Site: "site"}[type(body)]
    return Name.parse(f"crex://{issue.authority}/{kind}/{draft.name}")


def _unique(name: Name, taken: set[str]) -> Name:
    """Numbers a name that is taken."""
    text, number = str(name), 1
    while text in taken:
        number += 1
        suffix = f"-{number}"
        head, _, last = str(name).rpartition("/")
        text = f"{head}/{last[: LONGEST_NAME - len(suffix)].rstrip('._-')}{suffix}"
    return Name.parse(text)


def _documents(draft: Draft, name: Name, issue: Issue, names: dict[str, Name]) -> Iterator[Document]:
    """Gives the document of a draft, and the pool of what was counted."""
    body: Document = type(draft.body)()
    body.MergeFrom(draft.body)  # type: ignore[arg-type]  # both are of one type
    body.header.CopyFrom(issue.header(name))
    if isinstance(body, PricePlan):
        if not body.HasField("effective_start"):
            body.effective_start.CopyFrom(body.header.issued_at)
        if not body.HasField("time_zone"):
            body.time_zone = issue.time_zone
    if isinstance(body, ComputeResource):
        _complete(body, draft, issue, names)
    yield body
    if isinstance(body, ComputeResource) and draft.count is not None:
        pool = ComputeResource(kind="pool", site_id=body.site_id)
        pool.header.CopyFrom(issue.header(Name.parse(f"{name}/pool/all")))
        pool.pool.CopyFrom(Pool(unit=str(name), total_units=draft.count))
        yield pool


def _complete(body: ComputeResource, draft: Draft, issue: Issue, names: dict[str, Name]) -> None:
    if not body.HasField("site_id"):
        body.site_id = str(issue.site_name)
    if draft.part_of:
        body.partition.of_resource = str(names[draft.part_of])
    node = _node_of(body)
    if node is not None and issue.allocation and node.HasField("cpu"):
        node.cpu.allocation = issue.allocation
    for benchmark in body.benchmarks:
        if not benchmark.scope.HasField("id"):
            benchmark.scope.id, benchmark.scope.revision = body.header.id, body.header.revision
        if not benchmark.scope.HasField("count"):
            benchmark.scope.count = 1


def _node_of(body: ComputeResource) -> NodeClass | None:
    if body.HasField("node"):
        return body.node
    return body.partition.contents if body.partition.HasField("contents") else None


def _check(document: Document) -> Document:
    """Holds a document to its schema and the rules of its type.

    Raises:
        DocumentError: It breaks one.
    """
    reader.check(convert.to_json(document), type(document))
    return document
