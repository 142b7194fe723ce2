from pathlib import Path

from kbgate.releases.decision import Decision
from web_pages import SECOND, page_of, text_of


def test_the_decision_names_its_hash_and_was_checked(second_run: Path) -> None:
    decision = Decision.from_json((second_run / "decision.json").read_bytes())
    assert decision.hash in page_of(SECOND)
    assert "they agree" in page_of(SECOND)
    gate = second_run / "gates" / "recall.json"
    gate.write_text(
        gate.read_text().replace('"value": 1.0', '"value": 0.99', 1).replace('"value":1.0', '"value":0.99', 1)
    )
    assert "does not agree with the gate files" in text_of(page_of(SECOND))
