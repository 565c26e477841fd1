"""What is wrong with an own form, in Russian, with the line and what stands on it."""

import re

PLACE = re.compile(r":(\d+):(\d+)\n")
NO_PACKAGES = (
    'Форма подключает пакет из сети (#import "@…"). Пакеты не загружаются: уберите строку или впишите нужное '
    "в форму."
)
WORDS = (
    (r"unknown variable: (\S+)", "неизвестное имя «{0}»"),
    (r"unclosed delimiter", "скобка открыта и не закрыта"),
    (r"unclosed string", "кавычка открыта и не закрыта"),
    (r"unexpected closing (\S+)", "лишняя закрывающая скобка {0}"),
    (r"unexpected argument: (\S+)", "у функции нет параметра «{0}»"),
    (r"unexpected argument", "лишний параметр функции"),
    (r"missing argument: (\S+)", "не указан параметр «{0}»"),
    (r"unexpected (.+)", "здесь не должно быть: {0}"),
    (r"expected (.+), found (.+)", "ожидалось {0}, а стоит {1}"),
    (r"expected (.+)", "ожидалось {0}"),
    (r"file not found.*", "файлов рядом с формой нет: рисунок загружается как логотип"),
    (r"unknown symbol modifier", "нет такого вида знака"),
    (r"(?:dictionary|module) does not contain key \"(.+?)\".*", "нет ключа «{0}»"),
    (r"loop seems to be infinite", "цикл не кончается"),
    (r"maximum function call depth exceeded", "функции вызывают друг друга без конца"),
    (r"cannot divide by zero", "деление на ноль"),
    (r"number must be .*", "недопустимое число"),
    (r"plugins? .*", "подключать программы нельзя"),
)
FONT = re.compile(r"unknown font family: (.+)")


def line_of(diagnostic: str) -> int | None:
    """The number of the line Typst points at."""
    found = PLACE.search(diagnostic + "\n")
    return int(found.group(1)) if found else None


def broken_form(message: str, diagnostic: str, source: str) -> str:
    """«Строка 14: неизвестное имя «foo». Там стоит: …»."""
    line = line_of(diagnostic)
    said = _said(message)
    if line is None:
        return f"Форма не собралась: {said}. Исправьте и повторите."
    lines = source.splitlines()
    stands = lines[line - 1].strip()[:120] if 0 < line <= len(lines) else ""
    there = f" Там стоит: {stands}" if stands else ""
    return f"Строка {line}: {said}.{there}"


def _said(message: str) -> str:
    for pattern, words in WORDS:
        found = re.fullmatch(pattern, message.strip(), re.DOTALL)
        if found:
            return words.format(*found.groups())
    return f"Typst говорит «{message.strip()}»"


def own_form_warning(message: str, diagnostic: str) -> str:
    """A warning that must not be passed over: a font that is not there. Nothing otherwise."""
    found = FONT.fullmatch(message.strip())
    if not found:
        return ""
    line = line_of(diagnostic)
    place = f"Строка {line}: ш" if line else "Ш"
    return f"{place}рифта «{found.group(1)}» нет, есть PT Sans. Уберите имя шрифта или поставьте PT Sans."
