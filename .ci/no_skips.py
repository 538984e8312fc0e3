"""Fails if a test in a JUnit report was skipped, or if a test file is not in it.

CI installs all that a test could need. Runs of seven rivals of the benchmarks are marked `peers`
and no part of the suite: they take environments of their own, with other versions of packages.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def main() -> None:
    """Checks the report named on the command line; run at the root of the repository."""
    cases = [*ElementTree.parse(sys.argv[1]).iter("testcase")]
    faults = [*skipped_cases(cases), *absent_files(cases)]
    if faults:
        sys.exit("\n".join(["CI runs every test:", *faults]))


def skipped_cases(cases: list[ElementTree.Element]) -> list[str]:
    """The tests that were skipped."""
    return [
        f"skipped: {case.get('classname')}::{case.get('name')}: {reason.get('message')}"
        for case in cases
        for reason in case.iter("skipped")
    ]


def absent_files(cases: list[ElementTree.Element]) -> list[str]:
    """The files of which no test is in the report, however they were left out."""
    modules = [f"{case.get('classname')}." for case in cases]
    return [
        f"not in the report: {path}"
        for path in sorted(Path("tests").rglob("test_*.py"))
        if not any(module.startswith(dotted(path)) for module in modules)
    ]


def dotted(path: Path) -> str:
    """A file as a report names it, up to the dot before what is in it."""
    return ".".join(path.with_suffix("").parts) + "."


if __name__ == "__main__":
    main()
