from kbgate.quality.suite_measurements import needs_live
from kbgate.quality.summary import summarise
from kbgate.results import Measurement, Severity, Verdict


def measurement(message: str, verdict: Verdict = Verdict.FAILED, severity: Severity = "critical") -> Measurement:
    return Measurement(
        name="m", value=1.0, verdict=verdict, severity=severity, message=message, advice=f"Mend {message[0]}."
    )


BAD, WORSE = measurement("A is bad."), measurement("B is worse.")
GOOD = measurement("C is good.", Verdict.PASSED)
MILD = measurement("D is odd.", severity="warning")
ALL_WELL = "All is well."


def test_what_passed_is_not_told() -> None:
    assert summarise([GOOD], ALL_WELL) == ALL_WELL


def test_what_failed_is_told_in_its_order_and_then_what_to_do() -> None:
    assert summarise([BAD, GOOD, WORSE], ALL_WELL) == "A is bad. B is worse. Mend A. Mend B."


def test_a_warning_does_not_hide_that_all_passed() -> None:
    assert summarise([MILD], ALL_WELL) == "All is well. Warning: D is odd. Mend D."


def test_critical_findings_come_before_warnings() -> None:
    assert summarise([MILD, BAD], ALL_WELL).startswith("A is bad. Warning: D is odd.")


def test_the_same_advice_is_given_once() -> None:
    assert summarise([BAD, BAD.model_copy(update={"message": "A again."})], "") == "A is bad. A again. Mend A."


def test_what_waits_for_a_live_version_is_one_sentence() -> None:
    told = summarise([needs_live("lost_share", "L"), needs_live("added_share", "A")], ALL_WELL)
    assert told == (
        "All is well. There is no live version to compare with, so these were not judged: lost_share, added_share."
    )
