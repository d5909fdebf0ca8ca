"""The product's own training code → the text of train.py: one file that needs nothing of ours.

`nas.export.train_alone` is the file as it runs here. What it imports of ours stands in its place
in the text, as it is written where it comes from; what it does not use stays behind.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

_TEMPLATE = "nas.export.train_alone"
_OWN = "nas."
_FOR_CHECKERS = re.compile(r"  # (?:type: ignore|noqa)\S*$", re.MULTILINE)
_WITHOUT_SCHEMA = {
    # What was checked when it was written needs no schema to be read.
    "nas.accuracy.recipe": (
        (r"Annotated\[(\w+), Field\(.*\)\]", r"\1"),
        (r"class Recipe\(Declaration\):", "@dataclass(frozen=True)\nclass Recipe:"),
        (r"see `nas\.accuracy\.pruned_epochs`", "see `Epochs`"),
        (r"from nas\.declarations import Declaration", "from dataclasses import dataclass"),
    )
}


class _Import(NamedTuple):
    """`from module import original as name`; of a plain import, `original` is empty."""

    module: str
    original: str
    name: str


class _Module(NamedTuple):
    """A module: its lines, and by name what it defines and imports."""

    lines: list[str]
    body: list[ast.stmt]
    defined: dict[str, ast.stmt]
    imported: dict[str, _Import]


def train_source() -> str:
    """The text of train.py."""
    needed: dict[str, set[str]] = defaultdict(set)
    imports: set[_Import] = set()
    template = _module(_TEMPLATE)
    needed[_TEMPLATE] |= template.defined.keys()
    for statement in template.body:
        _follow(statement, _TEMPLATE, needed, imports)
    pieces = [
        piece for name in _in_order(_TEMPLATE, needed) for piece in _pieces(name, needed[name])
    ]
    text = (
        f'"""{ast.get_docstring(ast.Module(template.body, []))}\n"""\n\n{_import_lines(imports)}'
    )
    text += "\n"
    was_value = True  # as after imports
    for piece, is_value in [*pieces, (_ending(template), False)]:
        text += ("\n" if is_value and was_value else "\n\n\n") + piece
        was_value = is_value
    return _FOR_CHECKERS.sub("", text) + "\n"


@cache
def _module(name: str) -> _Module:
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None, f"{name} is a module of ours"
    text = Path(spec.origin).read_text(encoding="utf-8")
    for pattern, replacement in _WITHOUT_SCHEMA.get(name, ()):
        text = re.sub(pattern, replacement, text)
    body = ast.parse(text).body
    defined = {name: node for node in body for name in _names_defined(node)}
    top = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom | ast.Try)]
    imported = {one.name: one for node in top for one in _imports(node)}
    return _Module(text.splitlines(), body, defined, imported)


def _names_defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return [
            child.id
            for child in ast.walk(node)
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)
        ]
    return []


def _imports(statement: ast.stmt) -> Iterator[_Import]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _Import(alias.name, "", alias.asname or alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield _Import(node.module or "", alias.name, alias.asname or alias.name)


def _follow(node: ast.stmt, name: str, needed: dict[str, set[str]], imports: set[_Import]) -> None:
    """Note what a statement of a module uses, and what that uses in turn."""
    module = _module(name)
    for used in sorted({child.id for child in ast.walk(node) if isinstance(child, ast.Name)}):
        if (one := module.imported.get(used)) is None:
            home, wanted = name, used
        elif one.module.startswith(_OWN):
            assert one.original == used, "it keeps its name"
            home, wanted = one.module, used
        else:
            imports.add(one)
            continue
        if wanted in _module(home).defined and wanted not in needed[home]:
            needed[home].add(wanted)
            _follow(_module(home).defined[wanted], home, needed, imports)


def _in_order(name: str, needed: dict[str, set[str]]) -> list[str]:
    """The modules that a module needs, each after those that it needs itself."""
    order: list[str] = []
    for one in _module(name).imported.values():
        if one.module in needed and needed[one.module]:
            order += [*_in_order(one.module, needed), one.module]
    return list(dict.fromkeys(order))


def _pieces(name: str, wanted: set[str]) -> Iterator[tuple[str, bool]]:
    """Each definition as it stands in the module, and whether it is a plain value."""
    module = _module(name)
    for index, node in enumerate(module.body):
        if not wanted & set(_names_defined(node)):
            continue
        last, following = node, module.body[index + 1 : index + 2]
        is_value = isinstance(node, ast.Assign | ast.AnnAssign)
        if is_value and following and _is_text(following[0]):
            last = following[0]
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        yield "\n".join(module.lines[first - 1 : last.end_lineno]), is_value


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _ending(template: _Module) -> str:
    """The template from its first definition on."""
    first = next(node for node in template.body if _names_defined(node))
    return "\n".join(template.lines[first.lineno - 1 :])


def _import_lines(imports: set[_Import]) -> str:
    """Imports in the usual order: of Python, then of others, modules before names."""
    groups = {True: "", False: ""}
    modules = {(one.original != "", one.module) for one in imports}
    for has_names, module in sorted(modules, key=lambda pair: (pair[0], pair[1].lower())):
        names = [
            one.name for one in imports if one.module == module and bool(one.original) is has_names
        ]
        names.sort(key=lambda name: (not name.isupper(), name[0].islower(), name))
        if has_names:
            line = f"from {module} import {', '.join(names)}"
        else:
            line = f"import {module}" + f" as {names[0]}" * (names[0] != module)
        groups[_is_pythons(module)] += f"{line}\n"
    return f"from __future__ import annotations\n\n{groups[True]}\n{groups[False]}".rstrip()


def _is_pythons(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
