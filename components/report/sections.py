"""A section of the page: an id that the list of sections links to, a heading, its content or why there is none."""

from typing import NamedTuple

from components.report.contents import Contents
from components.report.markup import Markup, join, tag


class Section(NamedTuple):
    """An id that is unique on the page, the heading, and the content."""

    id: str
    title: str
    content: Markup


def drawn(section: Section) -> Markup:
    """The section as an element."""
    return tag("section", tag("h2", section.title), section.content, id=section.id)


def absent(words: str) -> Markup:
    """Why a section has nothing to show."""
    return tag("p", words, class_="absent")


def pending(contents: Contents, words: str) -> Markup:
    """The same for what a finished search has: `words`, such as `There is no winner`, and whether it may still come."""
    ending = {"running": " yet.", "no_survivors": ", since no candidate survived."}
    return absent(words + ending.get(contents.state, "."))


def prose(words: str) -> Markup:
    """Words of which the parts between backticks are code."""
    return join(tag("code", part) if index % 2 else part for index, part in enumerate(words.split("`")))


def note(*words: str | None) -> Markup:
    """A paragraph of explanation."""
    return tag("p", *words, class_="note")


def figure(drawing: Markup, caption: str) -> Markup:
    """A drawing with its caption."""
    return tag("figure", tag("div", drawing, class_="scroll"), tag("figcaption", caption))


def beside(*parts: Markup) -> Markup:
    """Parts next to each other where the page is wide enough."""
    return tag("div", join(parts), class_="beside")
