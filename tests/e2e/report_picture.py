"""`make picture`: draw docs/report.png, the incident that `make demo` left behind, as Airflow shows it."""

import os
import shutil
from pathlib import Path
from urllib.parse import quote

import httpx
from playwright.sync_api import expect

from airflow_reader import WIDE, Reader, context_of, running_browser
from airflow_server import Api, api_server

PROJECT = Path(__file__).parents[2]
PICTURE = PROJECT / "docs" / "report.png"
DAG_ID = "kb_ingest__helpdesk"
MAX_BYTES = 200_000
HEIGHT = 800
WIDER_GRID = """localStorage.setItem("react-resizable-panels:grid-ltr",
  JSON.stringify({"details-panel,main-panel": {"expandToSizes": {}, "layout": [24, 76]}}))"""
"""Airflow's own setting; at the width that it begins with, the newest of three runs is out of sight."""


def main() -> None:
    """Serve the demo's Airflow, open the tab of its blocked run, keep the picture, end the server."""
    demo = Path(os.environ.get("KBGATE_DEMO_FOLDER", PROJECT / "var" / "demo")).resolve()
    chromium = shutil.which("chromium")
    if not (demo / "airflow" / "airflow.db").exists() or chromium is None:
        raise SystemExit("There is no demo to draw, or no chromium: run `make demo`, and apt-get install chromium.")
    homes = {"AIRFLOW_HOME": str(demo / "airflow"), "KBGATE_ARTIFACT_ROOT": str(demo / "artifacts")}
    with api_server({**os.environ, **homes}) as airflow, running_browser(Path(chromium)) as browser:
        token = airflow.token("admin")
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{airflow.url}/api/v2/", headers=headers, timeout=60) as client:
            (run,) = Api(client).get(f"dags/{DAG_ID}/dagRuns", state="failed")["dag_runs"]
        page = context_of(browser, airflow.url, token).new_page()
        page.add_init_script(WIDER_GRID)
        page.set_viewport_size({"width": WIDE, "height": HEIGHT})
        reader = Reader(page, airflow.url)
        reader.open(f"dags/{DAG_ID}/runs/{quote(run['dag_run_id'], safe='')}/plugin/kbgate-report")
        expect(reader.tab.get_by_role("region", name="Verdict")).to_contain_text("Blocked:")
        page.get_by_role("link", name="Report", exact=True).wait_for()
        PICTURE.parent.mkdir(exist_ok=True)
        page.screenshot(path=PICTURE)
    if PICTURE.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{PICTURE} has {PICTURE.stat().st_size} bytes, more than {MAX_BYTES}: lower HEIGHT.")


if __name__ == "__main__":
    main()
