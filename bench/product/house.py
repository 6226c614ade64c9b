"""The size and shape of the house: what a reader has to take in."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from stage.stage import ROOT

WEARABLE = ("daemon", "hw", "outcry")
PRODUCT = (*WEARABLE, "responder")
_STEPS = ROOT / "responder" / "storage" / "migrations" / "versions"  # each is history, and stays


def lines_product() -> float:
    """Lines of the product that are not blank."""
    return _lines(PRODUCT)


def lines_wearable() -> float:
    """The same without HQ; the simulated board, which is in ``hw``, counts."""
    return _lines(WEARABLE)


def lines_tests() -> float:
    """Lines of the tests that are not blank."""
    return _lines(("tests",))


def test_functions() -> float:
    """Functions that pytest collects; one with parameters counts once."""
    return sum(
        node.name.startswith("test")
        for path in _modules(("tests",))
        if path.name.startswith("test_")
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def largest_folder_files() -> float:
    """Modules in the folder of the product that has most of them."""
    return max(Counter(path.parent for path in _modules(PRODUCT)).values())


def longest_function_lines() -> float:
    """Lines of the product's longest function; a database's step once released is left as it is."""
    return max(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in _modules(PRODUCT)
        if path.parent != _STEPS
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def private_names_in_tests() -> float:
    """Places where tests name something private of the product."""
    return sum(1 for _ in private_names(PRODUCT, ("tests",)))


def private_names(product: tuple[str, ...], tests: tuple[str, ...]) -> Iterator[str]:
    """Each place where a module of ``tests`` names something that only ``product`` calls so.

    An attribute ``thing._name``, an import of ``_name``, or ``_name`` in a string that patches: a
    name counts if some module of the product defines it, and the module that uses it does not.
    """
    private = {name for path in _modules(product) for name in _defined(_tree(path))}
    for path in _modules(tests):
        tree = _tree(path)
        theirs = private - set(_defined(tree))
        for node in ast.walk(tree):
            for name in _named(node):
                if name in theirs:
                    yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} {name}"


def _named(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            return
        case ast.Attribute(attr=name):
            yield name
        case ast.ImportFrom(names=names):
            yield from (alias.name for alias in names)
        case ast.Constant(value=str(text)) if text.replace(".", "").replace("_", "").isalnum():
            yield text.rpartition(".")[2]


def _defined(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found = name
            case ast.ClassDef(name=name):
                found = name
            case ast.Name(id=name, ctx=ast.Store()):
                found = name
            case ast.Attribute(attr=name, ctx=ast.Store(), value=ast.Name(id="self" | "cls")):
                found = name
            case _:
                continue
        if found.startswith("_") and not found.startswith("__") and found != "_":
            yield found


def _lines(folders: tuple[str, ...]) -> int:
    return sum(
        bool(line.strip())
        for path in _modules(folders)
        for line in path.read_text(encoding="utf-8").splitlines()
    )


def _modules(folders: tuple[str, ...]) -> Iterator[Path]:
    """The modules of these folders, each once: links into another folder are not followed."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not any(part.is_symlink() for part in path.parents):
                yield path


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
