"""The text form of requirements: `parse` and `format`, inverse to each other (requirements-language.md).

>>> requirement = parse("accelerators.memory.capacity >= 80GiB and site.country in [CN, SG]")
>>> format(requirement)
'accelerators.memory.capacity >= 80GiB and site.country in [CN, SG]'
"""

from crex.demand.formatter import format  # noqa: A004 - `text.format` is what it does
from crex.demand.literals import read_duration
from crex.demand.parser import parse

__all__ = ["format", "parse", "read_duration"]
