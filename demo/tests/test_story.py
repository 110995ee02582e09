"""How the story is told."""

from __future__ import annotations

import io

import pytest

from demo.story import DemoFailed, Story, wrapped


def told(*, columns: int = 80) -> tuple[Story, io.StringIO]:
    """A story, and what it told."""
    out = io.StringIO()
    return Story(out), out


def test_a_step_is_one_line_with_its_time() -> None:
    """Mark, seconds, what was done, what came of it."""
    story, out = told()
    story.chapter("A sale")
    with story.step("it holds one core") as step:
        step.say("until noon")
        step.add("and no longer")
    chapter, line, detail = out.getvalue().splitlines()[1:]
    assert chapter == "A sale"
    assert line.startswith("  ✓ ")
    assert line.endswith(" s  it holds one core: until noon")
    assert detail == " " * line.index("it holds") + "and no longer"


def test_a_step_that_fails_says_why_and_ends_the_story() -> None:
    """The reason stands in the line of the step."""
    story, out = told()
    with pytest.raises(DemoFailed), story.step("it holds one core"):
        raise DemoFailed("no core is left")
    assert "✗" in out.getvalue()
    assert "it holds one core: no core is left" in out.getvalue()
    assert story.steps[0].failed


def test_an_interrupted_step_is_no_success() -> None:
    """Ctrl-C in a step marks it as failed."""
    story, out = told()
    with pytest.raises(KeyboardInterrupt), story.step("it waits"):
        raise KeyboardInterrupt
    assert "✗" in out.getvalue()
    assert "interrupted" in out.getvalue()


def test_a_story_for_nobody_is_remembered_all_the_same() -> None:
    """With --json nothing is told, and the result has every step."""
    story = Story()
    with story.step("it holds one core") as step:
        step.say("until noon")
    assert [(one.number, one.title, one.outcome) for one in story.steps] == [
        (1, "it holds one core", "until noon")
    ]


def test_a_long_line_is_broken_below_its_words() -> None:
    """Every line fits, none of the words is lost, and lines go on below the words."""
    text = "the consumer recomputes it from usage, price plan and order, to the last digit"
    lines = wrapped(text, "  ✓   0.01 s  ", 40)
    assert max(map(len, lines)) <= 40
    assert " ".join(lines).split()[3:] == text.split()
    assert all(line.startswith(" " * 14) for line in lines[1:])


def test_a_name_is_never_broken() -> None:
    """A name that is longer than the line stays one: it can be copied."""
    name = "crex://broker.dev.invalid/order/" + "x" * 60
    assert name in wrapped(f"it holds {name}", "  ", 40)[1]


def test_lines_and_their_indent_stay() -> None:
    """A table stays a table."""
    assert wrapped("Why not:\n  27  nothing", "    ", 40) == ["    Why not:", "      27  nothing"]


def test_a_reader_who_had_enough_ends_the_telling_only() -> None:
    """A closed pipe is no failure of the sale."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    story = Story(Closed())
    with story.step("it holds one core"):
        pass
    assert not story.steps[0].failed
