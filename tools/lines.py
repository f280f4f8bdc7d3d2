"""How small it is: `python -m tools.lines` prints lines per room and of the spine, and how long
functions are.

Code lines are lines that hold something other than a comment or a docstring.
"""

from __future__ import annotations

import ast
import io
import pathlib
import statistics
import tokenize
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from k8slearn.rooms import CONTROL_PLANE, ROOMS

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "k8slearn"
SPINE = (  # what one must read to understand everything else
    "api/objects.py",
    "store/log.py",
    "store/index.py",
    "store/cursor.py",
    "apiserver/server.py",
    "apiserver/pipeline.py",
    "client/client.py",
    "machinery",
    "controllers/replicaset.py",
    "controllers/podcontrol.py",
    "sim/simulation.py",
    "sim/moving.py",
)
WHOLE = tuple(sorted(CONTROL_PLANE - {"cluster"}))
LOOKED_UP = (  # rules and forms, kind by kind: nobody reads a dictionary from A to Z
    *(f"apiserver/{part}" for part in "defaults validation warnings tables openapi".split()),
    *(f"apiserver/{part}.py" for part in "discovery services allocation strategy".split()),
    *(
        f"api/{part}.py"
        for part in "builtin hpa_versions mergerules protobuf jsonsyntax yamldata formats".split()
    ),
)
BUDGETS = {"the spine": (SPINE, 1500), "the control plane, api to node": (WHOLE, 8000)}
IGNORED = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


class Size(NamedTuple):
    """Of one file: all lines, code lines, and each function's code lines by its name."""

    lines: int
    code: int
    functions: dict[str, int]


def main() -> None:
    """Print the table of rooms, then the two figures that have a budget."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("room", "files", "lines", "code", "functions", "median", "longest"):
        table.add_column(column, justify="left" if column in ("room", "longest") else "right")
    for room in (*ROOMS, ""):
        sizes = measure((room,)) if room else measure((".",))
        if sizes:
            table.add_row(room or "all", *figures(sizes), style=None if room else "bold")
    console = Console()
    console.print(table)
    for name, (parts, budget) in BUDGETS.items():
        code = {part: sum(size.code for size in measure((part,))) for part in parts}
        total, each = sum(code.values()), ", ".join(f"{part} {lines}" for part, lines in code.items())
        colour = "green" if total <= budget else "red"
        console.print(
            f"\n[bold]{name}[/]: [{colour}]{total}[/] code lines of {budget}\n  {each}", highlight=False
        )
    console.print(f"\n[bold]the scheduler's plugins[/], code lines: {plugins()}", highlight=False)
    looked_up = sum(size.code for size in measure(LOOKED_UP))
    console.print(
        f"\n  of which {looked_up} are looked up, not read: rules and forms of single kinds", highlight=False
    )


def plugins() -> str:
    """Each plugin of the scheduler with its lines, the longest first."""
    files = (PACKAGE / "scheduler" / "plugins").glob("[!_]*.py")
    sizes = sorted((-size_of(file.read_text(encoding="utf-8")).code, file.stem) for file in files)
    return ", ".join(f"{name} {-code}" for code, name in sizes)


def measure(parts: tuple[str, ...]) -> list[Size]:
    """The size of each Python file under these folders or files; a bare room name may be `room.py`."""
    files: list[pathlib.Path] = []
    for part in parts:
        path = PACKAGE / part if (PACKAGE / part).exists() else PACKAGE / f"{part}.py"
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path] * path.exists()
    return [size_of(file.read_text(encoding="utf-8")) for file in files]


def size_of(source: str) -> Size:
    """Count one file."""
    tree, code = ast.parse(source), code_lines(source)
    functions = {
        node.name: len(code & set(range(node.lineno, (node.end_lineno or 0) + 1)))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return Size(len(source.splitlines()), len(code), functions)


def code_lines(source: str) -> set[int]:
    """The numbers of the lines that hold code."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    held = (token for token in tokens if token.type not in IGNORED)
    return {n for token in held for n in range(token.start[0], token.end[0] + 1)} - docstring_lines(source)


def docstring_lines(source: str) -> set[int]:
    """The numbers of the lines that hold a constant and nothing else: docstrings, also those below a name."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr))
    texts = (node for node in nodes if isinstance(node.value, ast.Constant))
    return {n for text in texts for n in range(text.lineno, (text.end_lineno or 0) + 1)}


def figures(sizes: list[Size]) -> list[str]:
    """A row of the table: files, lines, code lines, functions, their median length, the longest by name."""
    functions = [(length, name) for size in sizes for name, length in size.functions.items()]
    lengths = [length for length, _ in functions]
    longest = "{} ({})".format(*max(functions)) if functions else ""
    totals = (len(sizes), sum(s.lines for s in sizes), sum(s.code for s in sizes), len(functions))
    return [*map(str, totals), f"{statistics.median(lengths):.0f}" if lengths else "", longest]


if __name__ == "__main__":
    main()
