"""What a guide shows is what happens: every command of every guide is run."""

import re
import shutil
from pathlib import Path

import pytest

from tools.tests.docs import console
from tools.tests.house import tree

README = tree.ROOT / "README.md"
ENGLISH = sorted(path for path in (tree.ROOT / "docs").glob("*.md") if ".zh-CN" not in path.suffixes)
MORE = sorted(tree.ROOT.glob("conformance/docs/*.md"))
# Programs of the system that a guide tells its reader to install; CI installs them.
NEEDED = {"keys": "softhsm2-util"}
RUN = [path for path in [*ENGLISH, *MORE] if console.blocks(path.read_text("utf-8"))]


def in_chinese(page: Path) -> Path:
    """The Chinese page beside an English one."""
    return page.with_suffix(".zh-CN.md")


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_every_command_of_a_guide_does_what_the_guide_shows(page: Path, tmp_path: Path) -> None:
    """A reader who follows a guide from its first line to its last sees what it shows."""
    program = NEEDED.get(page.stem)
    if program is not None and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    with console.Terminals(tmp_path, {"CREX": str(tree.ROOT)}) as terminals:
        for block in console.blocks(page.read_text("utf-8")):
            terminals.act(block)
        terminals.leave()


@pytest.mark.parametrize("page", [README, *ENGLISH], ids=lambda page: page.stem)
def test_the_chinese_page_shows_the_same(page: Path) -> None:
    """A guide in Chinese has the headings, commands, files and outputs of the English one."""
    chinese = in_chinese(page)
    if not chinese.exists():
        assert page not in (README, *RUN), f"{page.name} has no {chinese.name} beside it"
        return
    texts = [path.read_text("utf-8") for path in (page, chinese)]
    ours, theirs = ([(block.words, block.text) for block in console.blocks(text)] for text in texts)
    assert ours == theirs
    assert list(console.headings(texts[0])) == list(console.headings(texts[1]))
    assert f"({chinese.name})" in texts[0]
    assert f"({page.name})" in texts[1]


def test_the_readme_shows_what_ci_runs() -> None:
    """The commands of the README are those that a clean checkout is proved by."""
    shown = set(re.findall(r"^make [a-z]+", README.read_text("utf-8"), re.MULTILINE))
    assert shown == {"make demo", "make test"}
    assert shown <= set(re.findall(r"make [a-z-]+", (tree.ROOT / ".ci/run").read_text("utf-8")))


def test_the_readme_shows_steps_of_the_demo() -> None:
    """What the README shows of the demo is what the demo says."""
    told = "".join(path.read_text("utf-8") for path in (tree.ROOT / "demo").glob("*.py"))
    shown = re.findall(r"^  ✓ +[0-9.]+ s  ([^\n:]+)", README.read_text("utf-8"), re.MULTILINE)
    assert len(shown) > 10
    assert [title for title in shown if title not in told and not title[0].isdigit()] == []


def test_shown_output_may_leave_out_what_differs() -> None:
    """`…` stands for any text of a line, and alone for any lines; everything else must be printed."""
    printed = "a list\n  of 3 things\nat 12:00\nend\n"
    assert console.matches(["a list", "  of … things", "…", "end"], printed)
    assert console.matches([], printed)
    assert not console.matches(["a list", "end"], printed)
    assert not console.matches(["of … things"], printed)


def test_blocks_are_read_with_their_commands() -> None:
    """Commands, their continuation lines and their output are told apart."""
    (block,) = console.blocks("Do it:\n\n```console fails\n$ a \\\n> b\nno\n$ c\n```\n\n```text\nx\n```\n")
    assert block.words == ("fails",)
    assert block.commands == [console.Command("a \\\nb", ("no",)), console.Command("c", ())]
