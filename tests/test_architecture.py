"""The rules of the layout, as tests: one-way imports, small files, a light import.

The rules read the source, not the running program, so they hold for every branch of it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "optuna_scaleup"
FILES = sorted(PACKAGE.rglob("*.py"))

# Which layers a layer may import; each may also import itself.
ALLOWED = {
    "types": set(),
    "wording": set(),
    "_optuna": set(),
    "model": {"types"},
    "suggest": {"types", "model"},
    "data": {"types", "_optuna", "model", "wording"},
    "first_trial": {"types", "_optuna", "data"},
    "report": {"types", "wording"},
    "planner": {"types", "_optuna", "suggest", "data", "first_trial"},
    "recommending": {"types", "_optuna", "suggest", "data", "first_trial", "planner", "report"},
    "diagnosing": {"types", "model", "suggest", "data", "planner", "report"},
    "sampler": {"_optuna", "suggest", "data", "planner", "recommending", "diagnosing", "report"},
    "__init__": {"data", "recommending", "report", "sampler"},
    "visualization": {
        "types",
        "wording",
        "_optuna",
        "model",
        "suggest",
        "data",
        "report",
        "sampler",
    },
    "dashboard": {"_optuna", "data", "report", "visualization"},
    "cli": {"__init__", "data", "recommending", "sampler", "dashboard"},
    "__main__": {"cli"},
}
STUDY_FREE = {"types", "model", "suggest"}
HEAVY = ("torch", "plotly", "sklearn", "scipy.stats")


def module_name(path: Path) -> str:
    """``optuna_scaleup.model.gp`` of its path; a package goes by its own name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> str:
    """First name below the package: ``model`` of ``optuna_scaleup.model.gp``."""
    return [*module.split("."), "__init__"][1]


def imported_modules(path: Path, tree: ast.AST) -> Iterator[str]:
    """Absolute names of what is imported below ``tree``; ``from a import b`` gives ``a.b``."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = [*base, node.module] if node.module else base
            yield from (".".join([*prefix, alias.name]) for alias in node.names)


def is_below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def own_imports(path: Path, tree: ast.AST) -> Iterator[str]:
    return (m for m in imported_modules(path, tree) if is_below(m, "optuna_scaleup"))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def file_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


each_file = pytest.mark.parametrize("path", FILES, ids=file_id)


def test_the_rules_see_the_package() -> None:
    layers = {layer_of(module_name(path)) for path in FILES}
    assert layers == set(ALLOWED), "a new layer needs its place in ALLOWED"


@each_file
def test_imports_point_one_way(path: Path) -> None:
    layer = layer_of(module_name(path))
    imported = {layer_of(module) for module in own_imports(path, parse(path))}
    assert imported <= ALLOWED[layer] | {layer}


def test_no_import_loop() -> None:
    modules = {module_name(path): path for path in FILES}
    edges = {
        name: {owner for m in own_imports(path, parse(path)) if (owner := _owner(m, modules))}
        for name, path in modules.items()
    }
    waiting = dict(edges)
    while waiting:
        ready = {name for name, needs in waiting.items() if not needs & (waiting.keys() - {name})}
        assert ready, f"these import each other: {sorted(waiting)}"
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}


def _owner(imported: str, modules: dict[str, Path]) -> str | None:
    """The module that ``imported``, itself a module or a name in one, belongs to."""
    parent = imported.rpartition(".")[0]
    return next((module for module in (imported, parent) if module in modules), None)


@each_file
def test_numerics_do_not_know_optuna(path: Path) -> None:
    if layer_of(module_name(path)) in STUDY_FREE:
        assert not [m for m in imported_modules(path, parse(path)) if is_below(m, "optuna")]


@each_file
def test_no_late_import_of_own_modules(path: Path) -> None:
    functions = (n for n in ast.walk(parse(path)) if isinstance(n, ast.FunctionDef))
    assert not [m for function in functions for m in own_imports(path, function)]


@each_file
def test_only_the_adapter_touches_private_optuna(path: Path) -> None:
    """Private modules and names of Optuna, and underscored attributes of its objects."""
    if path.name == "_optuna.py":
        return
    tree = parse(path)
    private = [
        m
        for m in imported_modules(path, tree)
        if is_below(m, "optuna") and any(part.startswith("_") for part in m.split("."))
    ]
    foreign = [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.endswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})
    ]
    assert private + foreign == []


@each_file
def test_files_are_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300


def test_import_is_light() -> None:
    """A sampler is imported by every worker; seconds of import time are paid by each of them."""
    program = "import sys, optuna_scaleup; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert "optuna_scaleup.sampler" in loaded
    assert [module for module in loaded if any(is_below(module, heavy) for heavy in HEAVY)] == []


def test_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
