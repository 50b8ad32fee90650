"""Whether project.xml and metadata.xml are what they have to be.

By the published schema (dawproject_published/, from github.com/bitwig/dawproject at ee4dcdd under its MIT
licence), which fixes elements, their order and types; and by our own grammar of what we write, which also
wants every id, loop and unit, and every number inside its range.
"""

from __future__ import annotations

import functools
from pathlib import Path

from lxml import etree

OURS = Path(__file__).with_name("dawproject.rng")
PUBLISHED = Path(__file__).with_name("dawproject_published")
REFERENCES = ("track", "destination", "reference", "parameter")


@functools.cache
def ours() -> etree.RelaxNG:
    return etree.RelaxNG(file=str(OURS))


@functools.cache
def published(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(PUBLISHED / name))


def assert_published(root: etree._Element, name: str) -> None:
    """AssertionError naming what the schema `name` ("Project.xsd", "MetaData.xsd") does not allow."""
    assert published(name).validate(root), published(name).error_log


def assert_valid(root: etree._Element) -> None:
    """AssertionError naming the first thing that is wrong with a project."""
    assert_published(root, "Project.xsd")
    assert ours().validate(root), ours().error_log
    given = root.xpath("//@id")
    assert len(given) == len(set(given)), "an id is given twice"
    used = {value for name in REFERENCES for value in root.xpath(f"//@{name}")}
    assert used <= set(given), used - set(given)
