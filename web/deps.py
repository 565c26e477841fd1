"""What a route asks for: the person, a reading or a writing session under the person's scope, protection of forms."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from storage import users
from storage.engine import Database
from storage.scope import Scope
from storage.session import Session
from web.config import WebConfig
from web.errors import FormExpired, SessionOver
from web.roles import Me, Role

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
FORM_COOKIE = "paylogic_form"
"""Before signing in there is no session: the sign-in form's token is compared with this cookie."""


def database(request: Request) -> Database:
    """The pages' own connections (role paylogic_web)."""
    found: Database = request.app.state.database
    return found


def config(request: Request) -> WebConfig:
    """Surroundings of the pages."""
    found: WebConfig = request.app.state.config
    return found


def address_of(request: Request) -> str:
    """The address of the caller, for throttling and the journal."""
    return request.client.host if request.client else "-"
