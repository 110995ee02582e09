"""What tokens mean: the registries, as data that comes with the package. Source: registries.md.

    from crex import registry

    registry.names()                                  # ("accelerator-classes", "accelerators", …)
    registry.load("hubs")["ningxia"].name             # "Ningxia (宁夏)"
    registry.search("宁夏")                            # every entry that says so

Tokens are open: one that no registry lists is compared like any other. A registry says what is meant by those
that it lists, with a reference for each. A file is read when it is first asked for.
"""

from crex.registry.entries import Entry, Reference, Registry
from crex.registry.files import fields, for_field, load, names, search

__all__ = ["Entry", "Reference", "Registry", "fields", "for_field", "load", "names", "search"]
