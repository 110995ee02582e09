"""The one change that leads from a vector to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final


class _Gone:
    """Stands for a member that is left out."""


GONE: Final = _Gone()


def changed(given: Mapping[str, Any], where: str, value: Any) -> tuple[dict[str, Any], str]:
    """Changes one place of an input.

    Args:
        given: The input; it stays as it is.
        where: JSON path of the change, such as `resource.node.accelerators[0].count`; an index one past the
            end of a list adds an element.
        value: The value there; GONE leaves the member or the element out.

    Returns:
        The changed input, and the change in words.
    """
    result: dict[str, Any] = deepcopy(dict(given))
    steps = where.replace("[", ".[").split(".")
    place: Any = result
    for step in steps[:-1]:
        place = place[_key(step)]
    last = _key(steps[-1])
    if value is GONE:
        del place[last]
        return result, f"{where} is left out."
    said = json.dumps(value, ensure_ascii=False)
    if isinstance(place, list) and last == len(place):
        place.append(deepcopy(value))
        return result, f"{where} is added: {said}."
    place[last] = deepcopy(value)
    return result, f"{where} is {said}."


def _key(step: str) -> Any:
    return int(step[1:-1]) if step.startswith("[") else step
