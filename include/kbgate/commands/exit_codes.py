"""What the shell sees, and how verdicts become that."""

from enum import IntEnum

from kbgate.results import GateResult, Verdict


class ExitCode(IntEnum):
    """What the shell sees."""

    PASSED = 0
    FAILED = 1
    INCONCLUSIVE = 2
    USAGE = 3
    INFRASTRUCTURE = 4


def exit_code(gates: list[GateResult], holds: bool) -> int:
    """Exit code of a run whose gates found this; `holds` says whether the promotion is held."""
    if not holds:
        return ExitCode.PASSED
    failed = any(gate.verdict is Verdict.FAILED and gate.blocks for gate in gates)
    return ExitCode.FAILED if failed else ExitCode.INCONCLUSIVE
