"""Schema and reader agree, in both directions, on documents drawn from the contract and on spoiled ones.

Four judges: jsonschema and jsonschema-rs on the published schema, the decider of the reader, and the reader
itself, which may refuse more only by a rule beyond the schema.
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import orjson
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crex import v1
from crex.documents import convert, reader, semantics, strict
from crex.documents.fields import descriptor_of
from crex.documents.schema import json_schema
from crex.documents.types import document_types
from crex.documents.validator import decider, explainer
from crex.errors import DocumentError
from sdk.tests.documents.strategies import documents, spoiled

KINDS: list[type[Message]] = [kind.message for kind in document_types()]
KINDS += [v1.Envelope, v1.InvoiceLine, v1.UsageRecord, v1.AccessCredential, v1.Demand, v1.Requirement]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.DESCRIPTOR.name)
relaxed = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _verdicts(value: Any, kind: type[Message]) -> set[bool]:
    """What the judges of the schema say of a value."""
    return {
        explainer(descriptor_of(kind)).is_valid(value),
        jsonschema_rs.Draft202012Validator(json_schema(kind)).is_valid(value),
        decider(descriptor_of(kind))(value),
    }


@kinds
@relaxed
@given(data=st.data())
def test_valid_documents_are_accepted_by_all(kind: type[Message], data: st.DataObject) -> None:
    """A document drawn from the contract is accepted by every judge, and is unchanged by the reader."""
    value = data.draw(documents(kind))
    assert _verdicts(value, kind) == {True}
    assert reader.read(orjson.dumps(value), kind) == value


@kinds
@relaxed
@given(data=st.data())
def test_spoiled_documents_get_one_verdict(kind: type[Message], data: st.DataObject) -> None:
    """Whatever is changed, the judges agree; the reader refuses more only by a rule, and explains it."""
    value = data.draw(spoiled(kind))
    verdicts = _verdicts(value, kind)
    assert len(verdicts) == 1
    valid = verdicts.pop()
    if (
        valid
        and not semantics.violations(value, kind)
        and not semantics.not_understood(value, kind, reader.NOTHING)
    ):
        assert reader.read(orjson.dumps(value), kind) == value
        return
    with pytest.raises(DocumentError) as refused:
        reader.read(orjson.dumps(value), kind)
    assert refused.value.violations
    for found in refused.value.violations:
        assert found.path.startswith("$")
        assert found.message
        assert found.requirement


@kinds
@relaxed
@given(data=st.data())
def test_the_converter_agrees_with_json_format(kind: type[Message], data: st.DataObject) -> None:
    """On valid documents our converter and protobuf's own give the same message and the same JSON."""
    value = data.draw(documents(kind))
    message = convert.to_message(value, kind)
    assert message == json_format.ParseDict(value, kind())
    written = convert.to_json(message)
    assert written == value == json_format.MessageToDict(message)
    assert strict.loads(convert.dump(message)) == written
