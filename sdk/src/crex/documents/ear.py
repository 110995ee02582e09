"""Reading the claims set of an EAT Attestation Result (EAR): what a verifier made of hardware's evidence.

The form is that of draft-ietf-rats-ear, in both of its spellings: `ear.status` under the profile
`tag:github.com,2023:veraison/ear`, and `ear_status` under `tag:ietf.org,2026:rats/ear#NN`. Whoever reads
learns what was said and of which part; whether that suffices is for `crex.trust.hardware_evidence`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crex.documents import strict
from crex.documents.paths import json_path, shown
from crex.errors import DocumentError, Violation

MAX_BYTES: Final = 65_536
# Parts that one result may judge, over all its levels; and levels of results within results.
MAX_PARTS: Final = 64
MAX_LEVELS: Final = 4

AFFIRMING: Final = "affirming"
# The tiers of AR4SI, as the text and the number that stand for each (draft-ietf-rats-ar4si).
TIERS: Final[Mapping[int, str]] = {0: "none", 2: AFFIRMING, 32: "warning", 96: "contraindicated"}

_VERAISON: Final = "tag:github.com,2023:veraison/ear"
_IETF: Final = re.compile(r"tag:ietf\.org,2026:rats/ear#[0-9]{2}")
_TEXT: Final = 512
_NONCES: Final = 16
_REQUIREMENT: Final = "EVIDENCE-EAR-2"
_FIX: Final = "state the verifier's claims set as the draft of EAR says, nothing left out and nothing cut"

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What a verifier says of one part of what it judged.

    Attributes:
        path: Where it stands in the claims set.
        status: Its tier: none, affirming, warning or contraindicated.
        vector: The trustworthiness vector: a number for each category that was judged.
        nonces: Nonces of its evidence, as written: its own, or else those of the claims set around it.
    """

    path: str
    status: str
    vector: Mapping[str, int]
    nonces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ear:
    """What a claims set says.

    Attributes:
        profile: Its profile.
        issued_at: Second since 1970 at which the verifier issued it.
        expires_at: Second since 1970 from which it is not to be accepted; None: not stated.
        developer: Whose program judged.
        build: Which program.
        status: Tiers of results as wholes, by where they stand.
        parts: What was judged, at least one.
    """

    profile: str
    issued_at: int
    expires_at: int | None
    developer: str
    build: str
    status: Mapping[str, str]
    parts: tuple[Part, ...]


class _NotEarError(Exception):
    """A claims set is none; carries the place and what was found."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def read_ear(text: str) -> Ear:
    """Reads a claims set.

    Args:
        text: JSON text in strict form, at most 65,536 bytes.

    Returns:
        What it says. Claims that this reader does not know are ignored, as the draft demands.

    Raises:
        DocumentError: PAYLOAD, LIMIT or SCHEMA: it is not in strict form, or no claims set of an EAR
            (EVIDENCE-EAR-2); the one violation names the place in it.
    """
    value = strict.loads(text.encode("utf-8", "replace"), max_bytes=MAX_BYTES)
    try:
        return _claims(value, ())
    except _NotEarError as fault:
        found = Violation(json_path(fault.path), fault.message, _REQUIREMENT, _FIX)
        raise DocumentError(
            "SCHEMA", "this is not the claims set of an EAT Attestation Result", violations=[found]
        ) from None


def tier_of(claim: int) -> str:
    """Gives the tier of one claim of a trustworthiness vector, -128 to 127."""
    if -1 <= claim <= 1:
        return "none"
    if -32 <= claim < 32:
        return AFFIRMING
    return "warning" if -96 <= claim < 96 else "contraindicated"


def _claims(value: Any, path: Path) -> Ear:
    claims = _object(value, path)
    profile = _member(claims, "eat_profile", path)
    dot = _spelling(profile, (*path, "eat_profile"))
    verifier = _object(_member(claims, f"ear{dot}verifier{'-' if dot == '.' else '_'}id", path), path)
    statuses: dict[str, str] = {}
    parts = tuple(_parts(claims, path, dot, (), statuses))
    if len(parts) > MAX_PARTS:
        raise _NotEarError((*path, "submods"), f"it judges more than {MAX_PARTS} parts")
    expires = claims.get("exp")
    return Ear(
        profile,
        _second(_member(claims, "iat", path), (*path, "iat")),
        None if expires is None else _second(expires, (*path, "exp")),
        _text(verifier, "developer", path),
        _text(verifier, "build", path),
        statuses,
        parts,
    )


def _parts(
    claims: Mapping[str, Any], path: Path, dot: str, around: tuple[str, ...], statuses: dict[str, str]
) -> Iterator[Part]:
    """Gives the parts below a result; a result within a result has parts of its own."""
    if len(path) >= 2 * MAX_LEVELS:
        raise _NotEarError(path, f"results lie more than {MAX_LEVELS} deep within each other")
    nonces = _nonces(claims, path) or around
    whole = f"ear{dot}status"
    if whole in claims:
        statuses[json_path((*path, whole))] = _tier(claims[whole], (*path, whole))
    below = _object(_member(claims, "submods", path), (*path, "submods"))
    if not below:
        raise _NotEarError((*path, "submods"), "nothing was judged")
    for label, value in below.items():
        here = (*path, "submods", label)
        if isinstance(value, list):
            message = "it is a token of another verifier, and the one that signs has not judged it"
            raise _NotEarError(here, message)
        part = _object(value, here)
        if "submods" in part:
            yield from _parts(part, here, _spelling_of(part, here, dot), nonces, statuses)
            continue
        yield Part(
            json_path(here),
            _tier(_member(part, whole, here), (*here, whole)),
            _vector(part.get(f"ear{dot}trustworthiness{'-' if dot == '.' else '_'}vector", {}), here),
            _nonces(part, here) or nonces,
        )


def _spelling_of(claims: Mapping[str, Any], path: Path, around: str) -> str:
    """Tells how the claims of a result within a result are spelled: by its profile, where it states one."""
    return _spelling(claims["eat_profile"], (*path, "eat_profile")) if "eat_profile" in claims else around


def _spelling(profile: Any, path: Path) -> str:
    if profile == _VERAISON:
        return "."
    if isinstance(profile, str) and _IETF.fullmatch(profile):
        return "_"
    raise _NotEarError(path, f"{shown(profile)} is no profile of EAR that this edition reads")


def _object(value: Any, path: Path) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _NotEarError(path, f"found {shown(value)}, expected an object")
    return value


def _member(claims: Mapping[str, Any], name: str, path: Path) -> Any:
    if name not in claims:
        raise _NotEarError(path, f"the claim {shown(name)} is missing")
    return claims[name]


def _text(value: Mapping[str, Any], name: str, path: Path) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= _TEXT:
        raise _NotEarError(path, f'the verifier\'s "{name}" is no text of 1 to {_TEXT} characters')
    return text


def _second(value: Any, path: Path) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _NotEarError(path, f"found {shown(value)}, expected whole seconds since 1970")
    return value


def _tier(value: Any, path: Path) -> str:
    if isinstance(value, str) and value in TIERS.values():
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value in TIERS:
        return TIERS[value]
    raise _NotEarError(path, f"{shown(value)} is no tier; they are {', '.join(TIERS.values())}")


def _vector(value: Any, path: Path) -> Mapping[str, int]:
    claims = _object(value, path)
    for name, claim in claims.items():
        if not isinstance(claim, int) or isinstance(claim, bool) or not -128 <= claim <= 127:
            message = f"the trustworthiness claim {shown(name)} is no whole number from -128 to 127"
            raise _NotEarError(path, message)
    return claims


def _nonces(claims: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    value = claims.get("eat_nonce", [])
    listed = value if isinstance(value, list) else [value]
    if len(listed) > _NONCES or not all(isinstance(each, str) and 8 <= len(each) <= 88 for each in listed):
        message = f"expected a text of 8 to 88 characters, or a list of at most {_NONCES}"
        raise _NotEarError((*path, "eat_nonce"), message)
    return tuple(listed)
