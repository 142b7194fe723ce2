import pytest

from kbgate import errors
from kbgate.commands.exit_codes import ExitCode
from kbgate.errors import ConflictError, InfrastructureError, KbgateError

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, KbgateError)]


@pytest.mark.parametrize("kind", CLASSES)
def test_only_what_a_retry_may_mend_exits_with_4(kind: type[KbgateError]) -> None:
    assert kind.exit_code == (4 if kind in (InfrastructureError, ConflictError) else 3)


def test_no_error_exits_as_a_verdict_would() -> None:
    verdicts = {ExitCode.PASSED, ExitCode.FAILED, ExitCode.INCONCLUSIVE}
    assert not {kind.exit_code for kind in CLASSES} & verdicts


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_explained_and_shows_its_message_alone(kind: type[KbgateError]) -> None:
    assert kind.__doc__
    assert str(kind("qrels.tsv, line 3: found x, wanted y.")) == "qrels.tsv, line 3: found x, wanted y."
