"""Sort keys and search forms of Russian words, the same for what is seeded, imported and typed in.

The embedded PostgreSQL compares texts by code points, so the order people expect is made here: numbers inside
a
text are padded («2» before «10», «12» before «12А»), letters are lower, «ё» stands as «е».
"""

from __future__ import annotations

import re

DIGITS = 6  # the longest number of a house or a flat

_NUMBER = re.compile(r"\d+")
_SPACES = re.compile(r"\s+")


def natural_key(text: str) -> str:
    """«12А» → «000012а», «7 к. 2» → «000007 к. 000002»: keys that sort as people count."""
    return _NUMBER.sub(lambda match: match.group().zfill(DIGITS), search_form(text))


def search_form(text: str) -> str:
    """Lower case, «ё» as «е», one space between words: how the search columns keep words."""
    return _SPACES.sub(" ", text.strip().lower().replace("ё", "е"))
