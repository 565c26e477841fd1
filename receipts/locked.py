"""A document under a password: AES-256 of PDF 2.0, nothing else of it changed."""

from __future__ import annotations

import io
import secrets

import pikepdf


def locked(document: bytes, password: str) -> bytes:
    """The same pages, opened by the password; the owner's one is made up and forgotten."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as pdf:
        encryption = pikepdf.Encryption(owner=secrets.token_urlsafe(24), user=password, R=6, aes=True)
        pdf.save(target, encryption=encryption)
    return target.getvalue()
