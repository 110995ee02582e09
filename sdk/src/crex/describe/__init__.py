"""What a machine is, as it says itself, and the documents made from that and from its provider's policy.

`host.describe` reads the machine; every figure carries where it was read, and what could not be read is
listed with the reason instead of guessed. `policy` asks once for what no machine can know (site, country,
allocation); `publish` makes the unsigned documents that sell this host's cores from both; `render` shows a
description to people; `checks` are the rules of description.md that a schema cannot state.

This module imports nothing, so that `crex --help` stays instant.
"""
