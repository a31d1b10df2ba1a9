"""A headless Chromium at the product, as its web server would serve it, and what it complains of."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Self

import pytest
from django.contrib.auth.models import User
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application
from django.test import Client
from django.test.testcases import QuietWSGIRequestHandler
from django.test.utils import override_settings
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Response, expect, sync_playwright

from core.tenancy import in_bank
from tenants.staff import MANAGER, make_login
from tests.tenants.conftest import PASSWORD, admin_of

NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PICTURES: Final = "BROWSER_PICTURES"
PATIENCE_MS: Final = 30_000  # a machine that is busy is no defect
FLAGS: Final = (
    "--disable-gpu",  # pages are drawn by the processor either way
    "--no-sandbox",  # it only sees our own pages, and root may not have one
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # nothing that a page names is ever asked for
)


def _chromium() -> str | None:
    """Return the browser that the machine has: CHROMIUM, or the first that is found."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


def _fonts(folder: Path) -> str:
    """Let the browser find the Chinese font that the product's contracts use: a machine may have none."""
    font = Path(str(files("manimgx_fonts_cjk")))
    settings = folder / "fonts.conf"
    settings.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f'<include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{font}</dir>'
        f"<cachedir>{folder}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return str(settings)


@pytest.fixture(scope="package")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start the machine's browser; without one the tests that ask for it are skipped."""
    path = _chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: install one (Debian: apt install chromium) or name it in CHROMIUM")
    # The driver runs an event loop in this thread, in which Django would refuse every query of the test's own.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as driver:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        environment: dict[str, str | float | bool] = {
            **os.environ,
            "FONTCONFIG_FILE": _fonts(tmp_path_factory.mktemp("fonts")),
        }
        expect.set_options(timeout=PATIENCE_MS)
        plain = [] if PICTURES in os.environ else ["--disable-remote-fonts"]  # nobody looks: the symbols' font is large
        browser = driver.chromium.launch(executable_path=path, args=[*FLAGS, *plain], env=environment)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def server() -> Iterator[str]:
    """Serve the product on a port of the loopback interface, static files included, and give its address."""
    with override_settings(WHITENOISE_USE_FINDERS=True):  # as the product has it, see tests/settings.py
        application = get_wsgi_application()
    serving = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
    serving.set_app(application)
    thread = threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_address[1]}"
    serving.shutdown()
    serving.server_close()
    thread.join(timeout=5)


@dataclass  # no slots: the driver keeps notes on it
class Visit:
    """Somebody at a browser of one site: the page, and all that went wrong on it so far."""

    page: Page
    home: str
    server: str
    complaints: list[str] = field(default_factory=list)
    served: dict[str, dict[str, str]] = field(default_factory=dict)
    """By its address below the last slash: with which headers a file or page was served last."""

    def __enter__(self) -> Self:
        """Write down errors of the console, scripts, answers, and requests that would leave this machine."""
        for event, listener in self._listeners:
            self.page.on(event, listener)  # type: ignore[call-overload]  # one signature an event
        return self

    def __exit__(self, *_: object) -> None:
        """Go, and leave nothing at the browser but its cache: no session, no page, no setting."""
        for event, listener in self._listeners:
            self.page.remove_listener(event, listener)
        if self.page.url.startswith(self.server):
            self.page.evaluate("localStorage.clear()")
        self.page.goto("about:blank")
        self.page.context.clear_cookies()

    @property
    def _listeners(self) -> tuple[tuple[str, Callable[[Any], None]], ...]:
        return (
            ("console", self._heard),
            ("pageerror", self._stumbled),
            ("response", self._answered),
            ("request", self._asked),
        )

    def go(self, path: str = "") -> str:
        """Open a page below the site's admin, wait until it is at rest, and return its HTML."""
        self.page.goto(f"{self.home}{path}", wait_until="load")
        return self.page.content()

    def log_in(self, login: str) -> None:
        """Log in by the form, as people do."""
        self.go("login/")
        self.page.fill("input[name=username]", login)
        self.page.fill("input[name=password]", PASSWORD)
        with self.page.expect_navigation(url=self.home):
            self.page.click("button[type=submit]")

    def resume(self, bank: str, login: str) -> None:
        """Come back with a session that is open already: the login's form is proved by those who go through it."""
        site = Client()
        with in_bank(bank):
            site.force_login(User.objects.get(username=login))
        self.page.context.add_cookies(
            [{"name": "sessionid", "value": site.cookies["sessionid"].value, "url": self.home}]
        )

    def picture(self, name: str) -> None:
        """Take a screenshot into the folder BROWSER_PICTURES, where one is named: to look at what a test sees."""
        if folder := os.environ.get(PICTURES):
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _stumbled(self, error: Error) -> None:
        self.complaints.append(f"script: {error}")

    def _answered(self, response: Response) -> None:
        self.served[response.url.rpartition("/")[2]] = response.headers
        if response.status >= 400:
            self.complaints.append(f"answer: {response.status} {response.url}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.server}/", "data:", "blob:")):
            self.complaints.append(f"left this machine: {request.url}")


Visitor = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="package")
def idle_pages(chromium: Browser) -> Iterator[list[Page]]:
    """Keep the pages that nobody is at, each of a browser of its own: who comes next finds the scripts compiled."""
    pages: list[Page] = []
    yield pages
    for page in pages:
        page.context.close()


def _page(chromium: Browser) -> Page:
    context = chromium.new_context(locale="zh-CN", viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


@pytest.fixture
def visitor(transactional_db: None, chromium: Browser, idle_pages: list[Page], server: str) -> Visitor:
    """Give somebody a login and a browser with an open session, as a context: bank, role, and what else is of the login.

    With `by_form` he logs in by the form, and is at the site's first page.
    """
    del transactional_db

    @contextmanager
    def enter(
        bank: str = "125",
        *,
        role: str = MANAGER,
        is_superuser: bool = False,
        login: str = "staff",
        by_form: bool = False,
    ) -> Iterator[Visit]:
        with in_bank(bank):
            make_login(login=login, role=role, password=PASSWORD, is_superuser=is_superuser)
        page = idle_pages.pop() if idle_pages else _page(chromium)
        with Visit(page, f"{server}{admin_of(bank)}", server) as visit:
            if by_form:
                visit.log_in(login)
            else:
                visit.resume(bank, login)
            yield visit
        idle_pages.append(page)

    return enter
