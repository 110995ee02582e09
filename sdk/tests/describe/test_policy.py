"""The questions that only a provider can answer, and the profile that keeps the answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.describe import policy
from crex.describe.policy import Profile, Question
from crex.errors import CrexError

ANSWERS = {"site": "zhongwei-1", "country": "CN", "allocation": "dedicated-core", "resource": "node-7"}


def refuse_to_answer(question: Question) -> str:
    """Fails the test that asks."""
    raise AssertionError(f"asked for {question.key}")


def test_only_what_is_not_known_is_asked() -> None:
    """Answers that are there already are not asked for again, optional ones never."""
    asked: list[str] = []

    def answer(question: Question) -> str:
        asked.append(question.key)
        return ANSWERS[question.key]

    profile = policy.ask(answer, known={"country": "CN", "memoryPerUnit": "4GiB"})
    assert asked == ["site", "allocation", "resource"]
    assert (profile.country, profile.memory_per_unit_bytes) == ("CN", 4 << 30)
    assert policy.ask(refuse_to_answer, known=ANSWERS) == policy.from_answers(ANSWERS)


def test_an_empty_answer_takes_the_proposal_where_there_is_one() -> None:
    """The machine's own name is proposed for the resource, in the form of a name."""
    known = {key: text for key, text in ANSWERS.items() if key != "resource"}
    profile = policy.ask(lambda question: "", known=known, host_name="Node_7.Example.CN")
    assert profile.resource == "node-7"


def test_an_answer_that_will_not_do_is_asked_again_with_the_reason() -> None:
    """The second time the question says what was wrong; nothing is corrected silently."""
    answers = iter(["cn", "China", "CN"])
    reasons: list[str] = []

    def answer(question: Question) -> str:
        reasons.append(question.why)
        return next(answers)

    known = {key: text for key, text in ANSWERS.items() if key != "country"}
    assert policy.ask(answer, known=known).country == "CN"
    assert "'cn' will not do" in reasons[1]
    assert "'China' will not do" in reasons[2]


def test_site_country_and_allocation_have_no_proposal() -> None:
    """What a machine cannot know is never proposed either."""
    proposals = {question.key: question.proposal for question in policy.questions("node-7")}
    assert {key for key, proposal in proposals.items() if proposal} == {"resource"}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("site", ""),
        ("site", "Zhongwei"),
        ("site", "a/site/b"),
        ("site", "-x"),
        ("site", "a" * 64),
        ("country", "cn"),
        ("country", "CHN"),
        ("country", "ＣＮ"),
        ("country", "CN\n"),
        ("allocation", "dedicated"),
        ("resource", "node 7"),
        ("subdivision", "NX"),
        ("memoryPerUnit", "4 GB"),
        ("memoryPerUnit", "0"),
        ("memoryPerUnit", "9999999999999999TiB"),
        ("memoryPerUnit", "٤GiB"),
        ("reservedCpus", "-1"),
        ("reservedCpus", "one"),
        ("colour", "red"),
    ],
)
def test_answers_that_will_not_do_are_refused_with_their_place(key: str, text: str) -> None:
    """A known answer is checked like one that was asked for; the error names the key and the fix."""
    with pytest.raises(CrexError) as caught:
        policy.from_answers({**ANSWERS, key: text})
    (violation,) = caught.value.violations
    assert violation.path == f"$.{key}"
    assert violation.fix


def test_everything_that_is_missing_is_named_at_once() -> None:
    """Without a terminal to ask at, the error lists every open question."""
    with pytest.raises(CrexError) as caught:
        policy.from_answers({})
    assert [violation.path for violation in caught.value.violations] == [
        "$.site",
        "$.country",
        "$.allocation",
        "$.resource",
    ]


names = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,20}[a-z0-9])?", fullmatch=True)
profiles = st.builds(
    Profile,
    site=names,
    country=st.from_regex("[A-Z]{2}", fullmatch=True),
    allocation=st.sampled_from(policy.ALLOCATIONS),
    resource=names,
    subdivision=st.none() | st.from_regex("[A-Z]{2}-[A-Z0-9]{1,3}", fullmatch=True),
    memory_per_unit_bytes=st.none() | st.integers(1, 2**63 - 1),
    reserved_cpus=st.integers(0, 65535),
)


@given(profile=profiles)
def test_answers_make_the_profile_that_they_came_from(profile: Profile) -> None:
    """No profile is lost or altered by being written as answers."""
    assert policy.from_answers(policy.to_answers(profile)) == profile


def test_a_profile_is_kept(tmp_path: Path) -> None:
    """A saved profile is read again, replaces an older one, and leaves nothing else behind."""
    path = tmp_path / "p.example.cn" / "profile.json"
    policy.save(path, policy.from_answers({**ANSWERS, "reservedCpus": "1"}))
    policy.save(path, policy.from_answers(ANSWERS))
    assert policy.load(path) == policy.from_answers(ANSWERS)
    assert [entry.name for entry in path.parent.iterdir()] == ["profile.json"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "PAYLOAD"),
        (b"{", "PAYLOAD"),
        (b'{"site":"a","site":"b"}', "PAYLOAD"),
        (b"[]", "SCHEMA"),
        (b'{"site":5}', "SCHEMA"),
        (b"{}", "SCHEMA"),
        (b'"' + b"x" * 70_000 + b'"', "LIMIT"),
    ],
)
def test_a_broken_profile_is_refused_and_named(body: bytes, reason: str, tmp_path: Path) -> None:
    """Whatever stands in the file, the error names it and nothing is guessed."""
    path = tmp_path / "profile.json"
    path.write_bytes(body)
    with pytest.raises(CrexError) as caught:
        policy.load(path)
    assert (caught.value.reason, caught.value.source) == (reason, str(path))


def test_a_missing_profile_says_what_to_do(tmp_path: Path) -> None:
    """Before `crex init` there is no profile, and the error says so."""
    with pytest.raises(CrexError, match="crex init"):
        policy.load(tmp_path / "profile.json")


@pytest.mark.parametrize(
    ("host_name", "name"),
    [("vm", "vm"), ("Node_7.example.cn", "node-7"), ("--x--", "x"), ("主机", None), ("", None), (None, None)],
)
def test_names_are_proposed_in_the_grammar(host_name: str | None, name: str | None) -> None:
    """A machine's name becomes a name segment, or nothing is proposed."""
    assert policy.propose_name(host_name) == name
