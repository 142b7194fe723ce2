"""A person at a real Chromium who reads the pages of a real Airflow, and what the browser minded while they did."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    FrameLocator,
    Page,
    expect,
    sync_playwright,
)

PICTURES = Path(__file__).parents[1] / "var" / "screenshots"
"""Kept after the run, never committed."""
WAIT_MS = 60_000
NARROW, WIDE = 800, 1280


@contextmanager
def running_browser(executable: Path) -> Iterator[Browser]:
    """Start Chromium without a window; it can reach this machine only."""
    options = ["--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    if os.geteuid() == 0:
        # Chromium's sandbox refuses to work for root.
        options.append("--no-sandbox")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=options)
        try:
            yield browser
        finally:
            browser.close()


def context_of(browser: Browser, url: str, token: str, theme: str = "light") -> BrowserContext:
    """A browser profile of its own, logged in with a token of Airflow's (none: not logged in); the system's theme is `theme`."""
    context = browser.new_context(viewport={"width": WIDE, "height": 900}, color_scheme=theme)
    context.set_default_timeout(WAIT_MS)
    if token:
        context.add_cookies([{"name": "_token", "value": token, "url": url}])
    return context


@dataclass
class Reader:
    """One open page.

    `elsewhere` are the requests that went neither to the API server at `url` nor into the page itself; `errors` is what the
    pages of kbgate wrote into the console, and every window that popped up. Airflow's own pages may write what they like.
    """

    page: Page
    url: str
    elsewhere: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self._asked_for(request.url))
        self.page.on("console", self._wrote)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", self._popped_up)

    def open(self, path: str) -> None:
        """Go to a path of the API server, or to a whole address."""
        self.page.goto(path if "://" in path else f"{self.url}/{path}")

    @property
    def tab(self) -> FrameLocator:
        """The page of kbgate that Airflow shows inside its own."""
        return self.page.frame_locator("iframe")

    def follow(self, link: str) -> None:
        """Click a link of the page in the tab."""
        self.tab.get_by_role("link", name=link, exact=True).first.click()

    def press(self, button: str) -> None:
        """Press a button of the page in the tab and wait until another page takes its place."""
        with self.page.expect_event("framenavigated"):
            self.tab.get_by_role("button", name=button).click()

    def read(self, heading: str) -> None:
        """Wait until the page in the tab has this heading."""
        self.tab.get_by_role("heading", level=1, name=heading).wait_for()

    def unfold(self) -> None:
        """Open everything that is folded."""
        self.page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")

    def barriers(self) -> list[str]:
        """What axe-core minds seriously about the open page: rule and the first element."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']}: {rule['nodes'][0]['html'][:200]} {rule['nodes'][0]['failureSummary'][:300]}"
            for rule in found
            if rule["impact"] in ("serious", "critical")
        ]

    def overhang(self, width: int) -> int:
        """Pixels by which the page is wider than a window of this width."""
        self.page.set_viewport_size({"width": width, "height": 900})
        return int(self.page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"))

    def keep(self, name: str, full_page: bool = False) -> None:
        """Keep a picture of the page."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=full_page)

    def _asked_for(self, address: str) -> None:
        if not address.startswith((f"{self.url}/", "data:", "blob:", "file:")):
            self.elsewhere.append(address)

    def _wrote(self, message: ConsoleMessage) -> None:
        source = str(message.location.get("url", ""))
        airflows_own = source.startswith(self.url) and not source.startswith(f"{self.url}/kbgate/")
        if message.type == "error" and not airflows_own:
            self.errors.append(f"{source}: {message.text}")

    def _popped_up(self, dialog: Dialog) -> None:
        self.errors.append(f"a window popped up: {dialog.message}")
        dialog.dismiss()
