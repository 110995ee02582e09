"""The page of tokens lists what the code acts on and writes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from crex.describe import accelerators, dmi, isa, policy, surroundings, tee, values
from crex.documents.types import document_types
from crex.names import is_token
from crex.rating.digest import ALGORITHM
from crex.trust.keys import KNOWN_ALGORITHMS
from crex_broker.application.roles import ROLES
from crex_broker.domain.terms import FREE_BEFORE_START
from tools.tests.house import tree

PAGE = tree.ROOT / "proto" / "spec" / "tokens.md"
MAKERS, CLASSES = zip(*accelerators._MAKERS.values(), strict=True)
TOKENS: dict[str, Iterable[str]] = {
    "algorithm": [ALGORITHM],
    "roles": ROLES,
    "cancellation": [FREE_BEFORE_START],
    "alg": KNOWN_ALGORITHMS,
    "use": [each.token for each in document_types()],
    "basis": [values.NOMINAL, values.ESTIMATED],
    "allocation": policy.ALLOCATIONS,
    "isa": isa._ISA_BY_MACHINE.values(),
    "isa_level": [name for name, _ in isa._X86_LEVELS],
    "vendor": [*isa._X86_VENDORS.values(), *isa._ARM_VENDORS.values(), *MAKERS],
    "accelerator_class": CLASSES,
    "type": dmi._TYPES.values(),
    "technology": [
        *(name for _, name in surroundings._DMI_NAMES),
        *(name for _, name in surroundings._GROUP_NAMES),
        *(name for _, name in tee._INSIDE),
        *(name for *_, name in tee._ABLE),
    ],
}


def listed() -> dict[str, set[str]]:
    """Gives the tokens of the page by the field that holds them."""
    found: dict[str, set[str]] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        cells = line.split("|")
        if len(cells) == 6:
            for field in re.findall(r"`(?:\w+\.)*(\w+)`", cells[2]):
                found.setdefault(field, set()).update(re.findall(r"`([^`/]+)`", cells[1]))
    return found


@pytest.mark.parametrize("field", TOKENS)
def test_tokens_of_the_code_are_listed(field: str) -> None:
    """Every token that the code has in a table stands on the page, with its field."""
    assert set(TOKENS[field]) <= listed()[field]


def test_media_of_the_code_are_listed() -> None:
    """Every medium that a host's description can state stands on the page."""
    source = (tree.ROOT / "sdk/src/crex/describe/storage.py").read_text("utf-8")
    media = set(re.findall(r'"([a-z]+-(?:ssd|disk|card|memory)|ssd|hdd|emmc)"', source))
    assert "nvme-ssd" in media
    assert media <= listed()["medium"]


def test_the_page_holds_tokens_only() -> None:
    """Whatever the page lists as a token has the form of one."""
    assert [token for tokens in listed().values() for token in tokens if not is_token(token)] == []
