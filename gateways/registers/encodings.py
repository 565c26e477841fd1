"""Which of the four encodings a Russian text is in: the one that makes it read like Russian."""

from __future__ import annotations

from gateways.registers.errors import RegisterRefused

CANDIDATES = ("cp1251", "cp866", "koi8-r")
SAMPLE_BYTES = 64 * 1024
COMMON = frozenset("оеаинтсрвлкмдпуОЕАИНТСРВЛКМДПУ")
WORDS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
LETTERS = frozenset(WORDS + WORDS.upper())
DRAWN = frozenset(chr(code) for code in range(0x2500, 0x25A0))
ODD = frozenset("ЂЃѓЉЊЌЋЏђљњќћџЎўЈҐЄЇІіґєјЅѕї§©®°±µ¶·¤¦¬­†‡‰‹›€")


def decode(content: bytes, encoding: str) -> tuple[str, str]:
    """The text and the encoding it was in. Raises RegisterRefused."""
    if encoding == "detect":
        encoding = detect(content)
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise RegisterRefused(
            f"Файл не в кодировке {encoding}: байт {error.start} не читается. Проверьте кодировку в профиле."
        ) from error
    return text, encoding


def detect(content: bytes) -> str:
    """Name of the encoding: utf-8 when it is valid and not plain ASCII by chance, else the likeliest."""
    sample = content[:SAMPLE_BYTES]
    cut = sample.rfind(b"\n") + 1
    sample = sample[:cut] if 0 < cut < len(sample) else sample
    try:
        sample.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    return max(CANDIDATES, key=lambda name: _likeness(sample.decode(name, "replace")))


def _likeness(text: str) -> int:
    """Common letters count for, letters out of place and drawn lines count against."""
    score = 0
    before = ""
    for letter in text:
        if letter in LETTERS:
            score += 3 if letter in COMMON else 1
            if before.islower() and before in LETTERS and letter.isupper():
                score -= 4  # a capital inside a word: another encoding's lower case
        elif letter in DRAWN or letter in ODD or letter == "\ufffd":
            score -= 5
        before = letter
    return score
