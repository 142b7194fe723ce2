"""The files of one run as a page reads them: what cannot be read becomes a sentence on the page, never an error."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from kbgate.artifacts import RunFolder
from kbgate.errors import KbgateError
from kbgate.parts import explain
from kbgate.results import GateResult

Piece = TypeVar("Piece")
ANOTHER_SHAPE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What reading a value of another shape than expected raises."""


@dataclass(frozen=True)
class RunFiles:
    """Reads a run's files; `problems` names those that are there and cannot be read."""

    folder: RunFolder
    problems: list[str] = field(default_factory=list)

    def json(self, name: str) -> dict[str, Any]:
        """Return a JSON file's object; {} if the run has not written it, or if it cannot be read."""
        try:
            if not self.folder.exists(name):
                return {}
            value = self.folder.read_json(name)
        except KbgateError as error:
            self.problems.append(str(error))
            return {}
        if not isinstance(value, dict):
            self.problems.append(f"{self.folder.uri}/{name} holds no JSON object. Run the stage that writes it again.")
            return {}
        return value

    def bytes(self, name: str) -> bytes | None:
        """Return a file as it is; None if there is none."""
        try:
            return self.folder.read_bytes(name) if self.folder.exists(name) else None
        except KbgateError as error:
            self.problems.append(str(error))
            return None

    def gates(self) -> dict[str, GateResult]:
        """Return every gate result that can be read, by gate name."""
        gates = {}
        try:
            contents = self.folder.gate_files()
        except KbgateError as error:
            self.problems.append(str(error))
            return {}
        for name, content in contents.items():
            try:
                gates[name] = GateResult.model_validate_json(content)
            except ValidationError as error:
                self.problems.append(
                    f"{self.folder.uri}/gates/{name}.json is not a gate result of this version of kbgate: "
                    f"{explain(error, '')}. Clear the gate's task to have it written again."
                )
        return gates

    def piece(self, file: str, what: str, build: Callable[[], Piece]) -> Piece | None:
        """Return what `build` makes of a file's values; None, and a problem, if they have another shape."""
        try:
            return build()
        except ANOTHER_SHAPE as error:
            self.problems.append(
                f"{self.folder.uri}/{file}: {what} cannot be shown, its values have another shape than expected "
                f"({type(error).__name__}: {str(error)[:200]}). Another version of kbgate may have written it."
            )
            return None
