"""The README holds true word for word."""

import re
from pathlib import Path

from bridge.__main__ import build_parser
from bridge.osc_table import contract_table

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_table_of_addresses_is_the_contract():
    inside = README.split("<!-- contract -->\n")[1].split("<!-- /contract -->")[0]
    assert inside == contract_table()


def test_every_command_it_shows_is_there():
    known = set(build_parser()._subparsers._group_actions[0].choices)
    shown = set(re.findall(r"^resonantgen (\w+)", README, re.MULTILINE))
    shown |= set(re.findall(r"`resonantgen (\w+)", README))
    assert shown
    assert shown <= known


def test_the_two_commands_come_first_and_are_one_line_each():
    first, second = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)[:2]
    assert first.count("\n") == second.count("\n") == 1
    assert first.rstrip().endswith("resonantgen demo")
    assert second.rstrip().endswith("pytest")
