"""Descriptions in the words of other systems: what those can say of a document, and a report of the rest.

An exporter takes documents and gives files for one target: `EXPORTERS.load("kubernetes").write(documents)`.
Public are `exporting` (what an exporter is, and what it gives), `exporters` (which there are) and `gathering`
(documents put together, for exporters of one's own); the others are found by name. Source: exporters.md.

This module imports nothing, so that `crex --help` stays instant.
"""
