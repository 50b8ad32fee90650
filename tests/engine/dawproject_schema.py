"""Whether a project.xml is one: by our grammar of what we write, and by the ids that it gives and uses.

Where RESONANTGEN_DAWPROJECT_SCHEMA names a folder with the published Project.xsd and MetaData.xsd
(github.com/bitwig/dawproject), by those as well.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

from lxml import etree

OURS = Path(__file__).with_name("dawproject.rng")
PUBLISHED = os.environ.get("RESONANTGEN_DAWPROJECT_SCHEMA", "")
REFERENCES = ("track", "destination", "reference", "parameter")


@functools.cache
def ours() -> etree.RelaxNG:
    return etree.RelaxNG(file=str(OURS))


@functools.cache
def published(name: str) -> etree.XMLSchema | None:
    return etree.XMLSchema(file=str(Path(PUBLISHED) / name)) if PUBLISHED else None


def assert_published(root: etree._Element, name: str) -> None:
    schema = published(name)
    assert schema is None or schema.validate(root), schema.error_log if schema else ""


def assert_valid(root: etree._Element) -> None:
    """AssertionError naming the first thing that is wrong."""
    assert ours().validate(root), ours().error_log
    assert_published(root, "Project.xsd")
    given = root.xpath("//@id")
    assert len(given) == len(set(given)), "an id is given twice"
    used = {value for name in REFERENCES for value in root.xpath(f"//@{name}")}
    assert used <= set(given), used - set(given)
