"""A real Chromium before a running city: fixtures of the browser tests.

city     a whole stack with a small seeded city, started once for the worker that needs it
command_city  another one, for the command line
desk     a page of 1440 px in a browser of its own session         phone   the same, 360 px, touch
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.command import paylogic
from tests.support.services import HOME_VARIABLE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
ACCOUNTS, SEED, MONTHS = 400, 7, 3
WAIT_MS_MAX = 30_000
SCREENSHOTS = "PAYLOGIC_SCREENSHOTS"


@dataclass(frozen=True, slots=True)
class City:
    """A running stack: its home, the address of its pages, who may sign in (login, password by role)."""

    home: Path
    url: str
    users: dict[str, tuple[str, str]]


@pytest.fixture(scope="session")
def city() -> Iterator[City]:
    """Up, seeded, with the users of the demo: for people before a screen."""
    yield from whole_city("city")


@pytest.fixture(scope="session")
def command_city() -> Iterator[City]:
    """Another, of which no month is published in a browser: for the command line."""
    yield from whole_city("command-city")


def whole_city(name: str) -> Iterator[City]:
    """A stack of its own, stopped at the end."""
    home = Path(os.environ[HOME_VARIABLE]) / name
    up = paylogic(home, "up", "--json")
    assert up.code == 0, up.err
    sizes = ("--accounts", str(ACCOUNTS), "--seed", str(SEED), "--months", str(MONTHS))
    seeded = paylogic(home, "seed", *sizes, "--json")
    assert seeded.code == 0, seeded.err
    users = {user["role"]: (user["login"], user["password"]) for user in seeded.json["users"]}
    yield City(home, up.json["url"], users)
    paylogic(home, "down")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; the test is skipped without one, and in CI it fails."""
    for name in (os.environ.get("PAYLOGIC_CHROMIUM", ""), *CHROMIUMS):
        found = shutil.which(name) if name else None
        if found:
            return found
    assert os.environ.get("CI") != "true", "no Chromium: in CI the browser tests must run"
    pytest.skip("no Chromium on this machine; PAYLOGIC_CHROMIUM may name one")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator["Browser"]:
    """Closed with its module: while it is open its loop holds this thread, and no other loop may run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        opened = tool.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield opened
        opened.close()


@pytest.fixture
def desk(browser: "Browser", request: pytest.FixtureRequest) -> Iterator["Page"]:
    """A screen of a workplace."""
    yield from _page(browser, request, viewport={"width": 1440, "height": 900})


@pytest.fixture
def phone(browser: "Browser", request: pytest.FixtureRequest) -> Iterator["Page"]:
    """A narrow phone."""
    yield from _page(
        browser,
        request,
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=2,
    )


def _page(browser: "Browser", request: pytest.FixtureRequest, **options: Any) -> Iterator["Page"]:
    context = browser.new_context(locale="ru-RU", timezone_id="Europe/Moscow", **options)
    context.set_default_timeout(WAIT_MS_MAX)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == [], f"errors of scripts on the page in {request.node.name}"


def sign_in(page: "Page", city: City, role: str) -> None:
    """Sign in as the demo user of a role, the way a person does."""
    login, password = city.users[role]
    page.goto(f"{city.url}/login" + ("?as=resident" if role == "resident" else ""))
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)


def sign_out(page: "Page") -> None:
    """Leave, so that another person may sit down at the same screen."""
    page.get_by_role("button", name="Выйти").first.click()
    page.wait_for_url("**/login*")


def picture(page: "Page", name: str) -> None:
    """A screenshot for people to look at, when PAYLOGIC_SCREENSHOTS names a folder."""
    folder = os.environ.get(SCREENSHOTS)
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
