"""A secret of a person kept in the database and opened by workers: AES-256-GCM under a key of the stack.

The password of a resident's PDF must be used each month, so it cannot be a hash. The key is derived from
PAYLOGIC_SECRET_KEY, which is not in the database: a stolen copy of the database opens nothing.
"""

from __future__ import annotations

import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VARIABLE = "PAYLOGIC_SECRET_KEY"
NONCE_BYTES = 12
KEY_CHARACTERS_MIN = 16


class CannotOpen(ValueError):
    """There is no key, or another one: the person must choose the secret anew."""


def key_of_stack() -> str:
    """The secret of the stack; empty when there is none, then nothing is sealed."""
    key = os.environ.get(VARIABLE, "")
    return key if len(key) >= KEY_CHARACTERS_MIN else ""


def seal(words: str, owner: str, key: str) -> bytes:
    """`owner` binds it to a row: moved to another one it does not open."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, words.encode(), owner.encode())


def unseal(kept: bytes, owner: str, key: str) -> str:
    """The words. Raises CannotOpen."""
    try:
        made = _cipher(key).decrypt(kept[:NONCE_BYTES], kept[NONCE_BYTES:], owner.encode())
        return made.decode()
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("пароль не открывается ключом этого стенда") from error


def _cipher(key: str) -> AESGCM:
    if not key:
        raise CannotOpen(f"{VARIABLE} не задан")
    return AESGCM(HKDF(SHA256(), 32, None, b"paylogic receipt password").derive(key.encode()))
