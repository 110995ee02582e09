"""Renders the project's Markdown as a folder of linked HTML pages, and refuses a link that leads nowhere.

`python -m tools.pages build/docs` writes one page per Markdown file, beside each other as in the repository.
A link thus works the same in an editor, on a code host and in the rendered pages. Nothing is fetched or run.
"""

from __future__ import annotations

import argparse
import html
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("*.md", "docs/**/*.md", "proto/spec/**/*.md", "conformance/docs/**/*.md", "schemas/**/*.md")

_STYLE = """
:root { color-scheme: light dark;
  --ink: #1c2330; --paper: #fff; --edge: #d7dce3; --tint: #f4f6f9; --link: #0b57b0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ee; --paper: #14181f; --edge: #333b47; --tint: #1c222b; --link: #7db4f5; } }
body { margin: 0; color: var(--ink); background: var(--paper); font: 16px/1.6 system-ui, sans-serif;
  display: grid; grid-template-columns: 17rem minmax(0, 52rem); gap: 2.5rem; }
nav { border-right: 1px solid var(--edge); background: var(--tint); padding: 1.5rem; font-size: .9rem;
  min-height: 100vh; box-sizing: border-box; }
nav h2 { font-size: .8rem; margin: 1.2rem 0 .3rem; opacity: .7; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav [aria-current] { font-weight: 600; }
main { padding: 1.5rem 1rem 4rem 0; }
a { color: var(--link); }
img { max-width: 100%; }
pre { overflow-x: auto; padding: .8rem 1rem; background: var(--tint); border: 1px solid var(--edge);
  border-radius: 6px; }
code { font: .92em/1.45 ui-monospace, monospace; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--edge); padding: .35rem .6rem; text-align: left; vertical-align: top; }
@media (max-width: 60rem) {
  body { display: block; } nav { min-height: 0; border: 0; } main { padding: 1.5rem; } }
"""


@dataclass(frozen=True)
class Page:
    """One Markdown file: where it is, what it is called, its parsed tokens, anchors and links."""

    path: PurePosixPath
    title: str
    tokens: list[Token]
    anchors: frozenset[str]
    links: tuple[tuple[int, str], ...] = field(default=())

    @property
    def language(self) -> str:
        """The BCP 47 tag that the file name carries, as in `README.zh-CN.md`; English without one."""
        suffixes = self.path.suffixes
        return suffixes[-2].removeprefix(".") if len(suffixes) > 1 else "en"


def parse(path: PurePosixPath, text: str) -> Page:
    """Reads one Markdown file and gives every heading the anchor that code hosts give it."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    anchors: dict[str, int] = {}
    links: list[tuple[int, str]] = []
    title = ""
    for index, token in enumerate(tokens):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "heading_open":
            words = _plain(tokens[index + 1])
            title = title or words
            base = anchor(words)
            seen = anchors.setdefault(base, 0)
            anchors[base] += 1
            name = f"{base}-{seen}" if seen else base
            anchors.setdefault(name, 1)
            token.attrSet("id", name)
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if isinstance(target, str):
                links.append((line, target))
    return Page(path, title or path.name, tokens, frozenset(anchors), tuple(links))


def anchor(heading: str) -> str:
    """The anchor of a heading: lower case, punctuation dropped, blanks as hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def broken_links(pages: Iterable[Page], root: Path) -> list[str]:
    """Every link inside the repository that leads to no file or heading, with its place and the reason."""
    by_path = {page.path: page for page in pages}
    faults: list[str] = []
    for page in by_path.values():
        for line, link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = page.path if not parts.path else _resolve(page.path, unquote(parts.path))
            place = f"{page.path}:{line}: the link '{link}'"
            if target is None or not (root / target).exists():
                faults.append(f"{place} leads to no file of the repository; correct the path")
            elif (
                parts.fragment
                and target in by_path
                and unquote(parts.fragment) not in by_path[target].anchors
            ):
                faults.append(f"{place} leads to no heading of {target}; correct what follows the #")
    return faults


def render(page: Page, pages: Sequence[Page], known: frozenset[PurePosixPath], repository: str) -> str:
    """The HTML of a page; links to other pages lead to their HTML, links to other files to the repository."""
    for token in page.tokens:
        for child in token.children or ():
            href = child.attrGet("href")
            if isinstance(href, str):
                child.attrSet("href", _rewritten(page.path, href, known, repository))
    markdown = MarkdownIt("commonmark").enable("table")
    body = markdown.renderer.render(page.tokens, markdown.options, {})
    return (
        f'<!doctype html>\n<html lang="{page.language}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(page.title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n<nav>{_navigation(page, pages)}</nav>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Renders every page; gives the exit code: 0 done, 1 a link leads nowhere."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.pages", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("folder", type=Path, help="where the HTML pages go")
    folder: Path = parser.parse_args(arguments).folder
    pages = load(ROOT)
    faults = broken_links(pages, ROOT)
    for fault in faults:
        print(f"docs: {fault}", file=sys.stderr)
    known = frozenset(page.path for page in pages)
    for page in pages:
        target = folder / page.path.with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        back = _relative(page.path.parent, PurePosixPath())
        target.write_text(render(page, pages, known, f"{back}/{_up(folder)}"), encoding="utf-8")
    print(f"docs: {len(pages)} pages in {folder}; start with {folder / 'README.html'}")
    return 1 if faults else 0


def load(root: Path) -> list[Page]:
    """Parses every Markdown file of the project, the root's first."""
    found = {path for pattern in SOURCES for path in root.glob(pattern)}
    ordered = sorted(found, key=lambda path: (len(path.relative_to(root).parts), str(path)))
    return [
        parse(PurePosixPath(path.relative_to(root).as_posix()), path.read_text("utf-8")) for path in ordered
    ]


def _navigation(current: Page, pages: Sequence[Page]) -> str:
    folders: dict[str, list[str]] = {}
    for page in pages:
        href = _relative(current.path.parent, page.path.with_suffix(".html"))
        mark = ' aria-current="page"' if page.path == current.path else ""
        item = f'<li><a href="{html.escape(href)}"{mark}>{html.escape(page.title)}</a></li>'
        folders.setdefault(page.path.parent.as_posix(), []).append(item)
    return "".join(
        f"<h2>{'CREX' if name == '.' else html.escape(name)}</h2><ul>{''.join(items)}</ul>"
        for name, items in folders.items()
    )


def _rewritten(source: PurePosixPath, href: str, known: frozenset[PurePosixPath], repository: str) -> str:
    parts = urlsplit(href)
    if parts.scheme or parts.netloc or not parts.path:
        return href
    target = _resolve(source, unquote(parts.path))
    if target in known:
        return parts._replace(path=_relative(source.parent, target.with_suffix(".html"))).geturl()
    return f"{repository}/{target}" if target is not None else href


def _resolve(source: PurePosixPath, path: str) -> PurePosixPath | None:
    parts: list[str] = []
    for part in [*source.parent.parts, *PurePosixPath(path).parts]:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)


def _relative(folder: PurePosixPath, target: PurePosixPath) -> str:
    shared = 0
    for ours, theirs in zip(folder.parts, target.parts, strict=False):
        if ours != theirs:
            break
        shared += 1
    steps = [".."] * (len(folder.parts) - shared) + list(target.parts[shared:])
    return "/".join(steps) or "."


def _up(folder: Path) -> str:
    """The way from the rendered folder back to the repository."""
    try:
        inside = folder.resolve().relative_to(ROOT)
    except ValueError:
        return ROOT.as_posix()
    return "/".join([".."] * len(inside.parts)) or "."


def _plain(token: Token) -> str:
    return "".join(child.content for child in token.children or () if child.type in ("text", "code_inline"))


if __name__ == "__main__":
    raise SystemExit(main())
