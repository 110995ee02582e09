"""What no machine knows: its site, its country, how its CPUs are allocated. Asked once, kept, never guessed.

    profile = policy.ask(answer, known={"country": "CN"}, host_name="node-7")
    policy.save(path, profile)
    profile = policy.load(path)

A profile is a small JSON file that people may edit. Members are texts, under the keys of `QUESTIONS`.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from crex.decimals.ranges import INT64_MAX
from crex.describe.values import whole
from crex.documents import strict
from crex.errors import CrexError, Violation
from crex.names import Name

ALLOCATIONS = ("dedicated-core", "dedicated-thread", "shared", "heavily-shared")

_LARGEST = 64 * 1024
_SIZE = re.compile(r"([0-9]{1,19}) ?(B|KiB|MiB|GiB|TiB)?")
_UNITS = {None: 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


@dataclass(frozen=True, slots=True)
class Profile:
    """The provider's policy for one host.

    Attributes:
        site: Name of the site under the provider's authority, one segment.
        country: ISO 3166-1 alpha-2 code of the country in which the site stands.
        allocation: How CPUs are allocated to buyers (DESC-CPU-3).
        resource: Name of this host under the site, one segment.
        subdivision: ISO 3166-2 code; nothing if not stated.
        memory_per_unit_bytes: Memory that goes with one unit; nothing if none is promised.
        reserved_cpus: CPUs that are kept back from sale.
    """

    site: str
    country: str
    allocation: str
    resource: str
    subdivision: str | None = None
    memory_per_unit_bytes: int | None = None
    reserved_cpus: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that only the provider knows.

    Attributes:
        key: Member of the profile, and of `known` answers.
        text: The question, for people.
        why: Why it is asked.
        check: Gives what is wrong with an answer, or an empty text.
        required: Whether there is no profile without it; the others are answered by who wants to.
        choices: All possible answers, where they are few.
        proposal: An answer to offer; never taken without asking.
    """

    key: str
    text: str
    why: str
    check: Callable[[str], str]
    required: bool = True
    choices: tuple[str, ...] = ()
    proposal: str = ""


def questions(host_name: str | None = None) -> tuple[Question, ...]:
    """Gives the questions, in the order in which to ask them.

    Args:
        host_name: The machine's own name, from which a name for the resource is proposed.
    """
    return (
        Question(
            "site", "Name of the site, such as zhongwei-1", "it is part of every document's name", _segment
        ),
        Question(
            "country",
            "Country in which it stands, two capital letters",
            "buyers choose by it; an address or a time zone does not tell it",
            _matches(r"[A-Z]{2}", "an ISO 3166-1 code such as CN"),
        ),
        Question(
            "allocation",
            "How CPUs are allocated to buyers",
            "a machine cannot see whether others share its cores",
            _one_of(ALLOCATIONS),
            choices=ALLOCATIONS,
        ),
        Question(
            "resource",
            "Name of this host",
            "it is part of the names of what is sold",
            _segment,
            proposal=propose_name(host_name) or "",
        ),
        Question(
            "subdivision",
            "Subdivision of the country, such as CN-NX",
            "some buyers choose by it",
            _matches(r"[A-Z]{2}-[A-Z0-9]{1,3}", "an ISO 3166-2 code such as CN-NX"),
            required=False,
        ),
        Question(
            "memoryPerUnit",
            "Memory that goes with one unit, such as 4GiB",
            "memory is promised only where you say so",
            lambda text: "" if _bytes(text) else "it is no size such as 4GiB",
            required=False,
        ),
        Question(
            "reservedCpus",
            "CPUs to keep back from sale",
            "the host itself needs some",
            lambda text: "" if whole(text, high=65535) is not None else "it is no number of CPUs",
            required=False,
        ),
    )


def ask(
    answer: Callable[[Question], str], *, known: Mapping[str, str] | None = None, host_name: str | None = None
) -> Profile:
    """Makes a profile: known answers first, the rest asked for.

    Args:
        answer: Puts a required question to somebody and gives the answer; an empty one takes the proposal.
            It is called again while an answer will not do, so it should say what was wrong: the question then
            has that in `why`.
        known: Answers that are there already, by key.
        host_name: The machine's own name.

    Returns:
        The profile.

    Raises:
        CrexError: `SCHEMA`: a known answer will not do.
    """
    answers = dict(known or {})
    for question in questions(host_name):
        if question.key in answers or not question.required:
            continue
        text = answer(question).strip() or question.proposal
        while problem := question.check(text):
            again = Question(
                question.key, question.text, f"{text!r} will not do: {problem}", question.check,
                choices=question.choices, proposal=question.proposal,
            )  # fmt: skip
            text = answer(again).strip() or question.proposal
        answers[question.key] = text
    return from_answers(answers)


def from_answers(answers: Mapping[str, str], source: str | None = None) -> Profile:
    """Makes a profile from answers by key.

    Raises:
        CrexError: `SCHEMA`: an answer is missing, unknown or will not do; each with its fix.
    """
    known = {question.key: question for question in questions()}
    violations = [
        Violation(f"$.{key}", "there is no such question", fix=f"remove it; there are {', '.join(known)}")
        for key in answers
        if key not in known
    ]
    for key, question in known.items():
        if key not in answers:
            if question.required:
                violations.append(Violation(f"$.{key}", f"{question.text}: not answered", fix=_fix(question)))
        elif problem := question.check(answers[key]):
            violations.append(Violation(f"$.{key}", f"{answers[key][:64]!r}: {problem}", fix=_fix(question)))
    if violations:
        message = "The policy of this host is not complete; nothing of it is guessed"
        raise CrexError("SCHEMA", message, violations=violations, source=source)
    return Profile(
        site=answers["site"],
        country=answers["country"],
        allocation=answers["allocation"],
        resource=answers["resource"],
        subdivision=answers.get("subdivision"),
        memory_per_unit_bytes=_bytes(answers["memoryPerUnit"]) if "memoryPerUnit" in answers else None,
        reserved_cpus=int(answers.get("reservedCpus", "0")),
    )


def to_answers(profile: Profile) -> dict[str, str]:
    """Gives the answers that make this profile."""
    answers = {
        "site": profile.site,
        "country": profile.country,
        "allocation": profile.allocation,
        "resource": profile.resource,
    }
    if profile.subdivision is not None:
        answers["subdivision"] = profile.subdivision
    if profile.memory_per_unit_bytes is not None:
        answers["memoryPerUnit"] = _size(profile.memory_per_unit_bytes)
    if profile.reserved_cpus:
        answers["reservedCpus"] = str(profile.reserved_cpus)
    return answers


def load(path: Path) -> Profile:
    """Reads a profile.

    Raises:
        CrexError: `NOT_FOUND`: there is none; `SCHEMA` or `PAYLOAD`: it will not do, with the places.
    """
    try:
        with path.open("rb") as file:
            body = file.read(_LARGEST + 1)
    except FileNotFoundError:
        message = "There is no profile here; `crex init` asks for it once"
        raise CrexError("NOT_FOUND", message, source=str(path)) from None
    except OSError as error:
        raise CrexError(
            "NOT_FOUND", f"The profile cannot be read: {error.strerror}", source=str(path)
        ) from error
    try:
        answers = strict.loads(body, max_bytes=_LARGEST)
    except CrexError as error:
        error.source = str(path)
        raise
    if not isinstance(answers, dict) or not all(isinstance(value, str) for value in answers.values()):
        violation = Violation("$", "a profile is one object whose members are texts", fix="see `crex init`")
        raise CrexError("SCHEMA", "This is no profile", violations=[violation], source=str(path))
    return from_answers(answers, str(path))


def save(path: Path, profile: Profile) -> None:
    """Writes a profile, whole or not at all.

    Raises:
        OSError: The folder cannot be written to.
    """
    lines = ",\n".join(f'  "{key}": "{text}"' for key, text in to_answers(profile).items())
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=f".{path.name}-", encoding="ascii", delete=False
    ) as file:
        file.write(f"{{\n{lines}\n}}\n")
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def propose_name(host_name: str | None) -> str | None:
    """Makes a name segment of a machine's own name; nothing where nothing of it can be in one."""
    words = re.findall(r"[a-z0-9]+", (host_name or "").partition(".")[0].lower())
    return "-".join(words)[:63].strip("-") or None


def _segment(text: str) -> str:
    """Checks one name below a type (NAME-FORM-1)."""
    try:
        Name.parse(f"crex://example.invalid/site/{text}")
    except CrexError:
        return "it is no name; a-z, 0-9, '.', '_' and '-', at most 63, first and last a letter or digit"
    return "" if "/" not in text else "it is no single name; leave out '/'"


def _matches(pattern: str, form: str) -> Callable[[str], str]:
    return lambda text: "" if re.fullmatch(pattern, text, re.ASCII) else f"it is not {form}"


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    return lambda text: "" if text in choices else f"it is none of {', '.join(choices)}"


def _bytes(text: str) -> int | None:
    match = _SIZE.fullmatch(text)
    value = int(match[1]) * _UNITS[match[2]] if match else 0
    return value if 0 < value <= INT64_MAX else None


def _size(value: int) -> str:
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if value % _UNITS[unit] == 0:
            return f"{value // _UNITS[unit]}{unit}"
    return str(value)


def _fix(question: Question) -> str:
    example = f" ({', '.join(question.choices)})" if question.choices else ""
    return f"answer it with `crex init`{example}; {question.why}"
