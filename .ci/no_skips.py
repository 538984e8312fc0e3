"""Fails if any test in a JUnit report was skipped: CI installs all that a test could need."""

from __future__ import annotations

import sys
from xml.etree import ElementTree


def main() -> None:
    """Lists the skipped tests of the report named on the command line."""
    skipped = [
        f"{case.get('classname')}::{case.get('name')}: {reason.get('message')}"
        for case in ElementTree.parse(sys.argv[1]).iter("testcase")
        for reason in case.iter("skipped")
    ]
    if skipped:
        sys.exit("\n".join(["CI must not skip tests:", *skipped]))


if __name__ == "__main__":
    main()
