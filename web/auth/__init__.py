"""Signing in and out, and the person's own page."""

from web.auth import profile, sign_in

ROUTERS = (sign_in.router, profile.router)
