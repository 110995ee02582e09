"""The guides and the specification lead where they say."""

from pathlib import Path, PurePosixPath

from tools import pages
from tools.tests.house import tree


def test_every_link_leads_somewhere() -> None:
    """Every link inside the repository leads to a file, and to a heading where it names one."""
    assert not pages.broken_links(pages.load(tree.ROOT), tree.ROOT)


def test_a_link_to_a_missing_file_is_named_with_its_place(tmp_path: Path) -> None:
    """A link that leads to no file is reported with page, line and link."""
    page = pages.parse(PurePosixPath("a/page.md"), "# Page\n\nSee [it](../gone.md).\n")
    (fault,) = pages.broken_links([page], tmp_path)
    assert fault == "a/page.md:3: the link '../gone.md' leads to no file of the repository; correct the path"


def test_a_link_to_a_missing_heading_is_named(tmp_path: Path) -> None:
    """A link to a heading that the page lacks is reported; one to a heading that it has is not."""
    (tmp_path / "page.md").touch()
    page = pages.parse(PurePosixPath("page.md"), "# The page\n\n[yes](#the-page) [no](#that-page)\n")
    (fault,) = pages.broken_links([page], tmp_path)
    assert "'#that-page' leads to no heading of page.md" in fault


def test_a_link_cannot_leave_the_repository(tmp_path: Path) -> None:
    """A link that climbs above the root is reported, whatever lies there."""
    page = pages.parse(PurePosixPath("page.md"), "[up](../outside.md)\n")
    assert len(pages.broken_links([page], tmp_path)) == 1


def test_headings_have_the_anchors_that_code_hosts_give_them() -> None:
    """Anchors are lower case without punctuation, and a repeated heading is numbered."""
    page = pages.parse(
        PurePosixPath("page.md"), "# NAME-FORM-1\n## What `crex` does, exactly\n## 名字\n## 名字\n"
    )
    assert page.anchors == {"name-form-1", "what-crex-does-exactly", "名字", "名字-1"}


def test_pages_link_to_pages_and_files_to_files() -> None:
    """A rendered link to a page leads to its HTML, and one to another file back to the repository."""
    guide = pages.parse(PurePosixPath("docs/guide.md"), "# Guide\n\n[a](../README.md#top) [b](../LICENSE)\n")
    readme = pages.parse(PurePosixPath("README.zh-CN.md"), "# 概览\n")
    known = frozenset({guide.path, PurePosixPath("README.md")})
    rendered = pages.render(guide, [readme, guide], known, "../../..")
    assert 'href="../README.html#top"' in rendered
    assert 'href="../../../LICENSE"' in rendered
    assert '<html lang="zh-CN">' in pages.render(readme, [readme, guide], known, "..")
