"""The report of a run is found by its folder, by its version, or as the newest."""

import json
from pathlib import Path

import pytest

from kbgate.cli import main
from small_kb import KB, SmallKb


def test_the_newest_run_is_shown_and_written_as_one_file(
    live_kb: SmallKb, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live_kb.change(3)
    live_kb.run("second")
    file = tmp_path / "report.html"
    assert main(["report", "--html", str(file)]) == 0
    out = capsys.readouterr().out
    assert "Promoted v1.0.1" in out
    assert f"Written: {file}" in out
    page = file.read_text()
    assert "Promoted v1.0.1" in page
    assert "<script" not in page


@pytest.mark.parametrize("by_version", [True, False])
def test_a_run_is_found_by_its_folder_and_by_its_version(
    by_version: bool, live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    live_kb.change(3)
    live_kb.run("second")
    first = live_kb.reader().registry.version("small", "v1.0.0").run_key
    assert main(["report", "v1.0.0" if by_version else first, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run_key"] == first


@pytest.mark.parametrize("name", ["v9.9.9", "../../etc", "a/b"])
def test_an_unknown_run_is_refused_with_what_there_is(
    name: str, live_kb: SmallKb, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", name]) == 3
    assert f"There is no run and no version {name!r} of {KB}. Versions: v1.0.0;" in capsys.readouterr().err


def test_before_the_first_run_there_is_nothing_to_show(small_kb: SmallKb, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 3
    assert "has left a report yet" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_named(
    live_kb: SmallKb, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--html", str(tmp_path / "none" / "report.html")]) == 3
    assert "could not be written" in capsys.readouterr().err
