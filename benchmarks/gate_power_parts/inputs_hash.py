"""The hash of what the bench measures: when it changes, the committed result is out of date."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "include" / "kbgate"
MEASURED = (
    *(PACKAGE / name for name in ("gates", "quality", "drift", "evaluation", "sections", "chunkers", "stages")),
    *(
        PACKAGE / name
        for name in ("sample/helpdesk", "sample/texts", "sample/text_faults.py", "sample/corpus_faults.py")
    ),
    PACKAGE / "pipeline.py",
    PACKAGE / "kbgate.toml",
    *(PACKAGE / "releases" / name for name in ("decision.py", "promotion_rule.py")),
    ROOT / "expectations",
    Path(__file__).parent,
)
NOT_MEASURED = {"power_table.py", "readme_block.py", "power_result.py", "inputs_hash.py", "__init__.py"}
"""Files of the bench that only draw what was measured."""


def inputs_hash() -> str:
    """SHA-256 over names and contents; of Python files over their code, so that a comment or a docstring changes nothing."""
    digest = hashlib.sha256()
    for path in sorted(_files()):
        content = _code(path) if path.suffix == ".py" else path.read_bytes()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for place in MEASURED:
        for path in [place] if place.is_file() else place.rglob("*"):
            hidden = path.name in NOT_MEASURED or "__pycache__" in path.parts
            if path.is_file() and not hidden:
                yield path


def _code(path: Path) -> bytes:
    """The syntax tree without docstrings and other loose strings."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [line for line in body if not _is_text(line)]  # type: ignore[attr-defined]
    return ast.dump(tree).encode()


def _is_text(line: ast.AST) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
