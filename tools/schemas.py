"""Writes the JSON Schemas: one per document type, and one for the envelope in which documents travel.

The SDK builds the same schemas at run time; these files are for editors and for readers in other languages.
"""

from __future__ import annotations

import json
import re

_FOLDER = "crex/v1"


def schema_files() -> dict[str, str]:
    """Gives the text of each schema by its path under `schemas/`.

    The SDK is imported here and not above: its generated modules may have been written a moment ago.
    """
    from crex import v1
    from crex.documents.schema import json_schema
    from crex.documents.types import document_types

    messages = [kind.message for kind in document_types()]
    files = {f"{_FOLDER}/{kind.token}.schema.json": json_schema(kind.message) for kind in document_types()}
    for part in (v1.Envelope, v1.InvoiceLine, v1.UsageRecord, v1.AccessCredential, v1.Demand):
        if part not in messages:
            files[f"{_FOLDER}/{_kebab(part.DESCRIPTOR.name)}.schema.json"] = json_schema(part)
    return {path: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for path, schema in files.items()}


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
