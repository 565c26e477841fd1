"""The language of formulas: text → tree, or a refusal in Russian that points at the place.

    formula   := condition
    condition := если logic то condition иначе condition | sum
    logic     := negation ((и|или) negation)*      one kind of joint without brackets
    negation  := не negation | comparison
    comparison:= sum (> < >= <= = <>) sum
    sum       := product ((+|−) product)*
    product   := factor ((×|/) factor)*
    factor    := − factor | number [unit] [%] | quantity | function(sum; …) | (condition)

Numbers have a comma or a point, arguments are divided by a semicolon. `ё` is `е`, case does not matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from fractions import Fraction

from billing.formula.units import BY_NAME, PLAIN, WORDS, Quantity, Unit, times

TEXT_MAX = 500
NODES_MAX = 60
DEPTH_MAX = 12
WHOLE_MAX = 1_000_000_000
DECIMALS_MAX = 6
ARGUMENTS_MAX = 8


class FormulaError(ValueError):
    """What is wrong, and where: characters at … at + length of the text."""

    def __init__(self, message: str, at: int, length: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.length = max(length, 1)


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a formula and the characters it was read from."""

    at: int = field(compare=False)
    end: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A number with its unit; bare: written without one."""

    value: Fraction
    unit: Unit
    bare: bool


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A quantity."""

    quantity: Quantity


@dataclass(frozen=True, slots=True)
class Minus(Node):
    """The opposite number."""

    of: Node


@dataclass(frozen=True, slots=True)
class Pair(Node):
    """Two numbers under one of + − × /."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """мин, макс of several; вверх, вниз of one."""

    function: str
    of: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Test(Node):
    """Two numbers compared."""

    __test__ = False  # not a test of pytest

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Joint(Node):
    """и, или of several; не of one."""

    word: str
    of: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """если … то … иначе …"""

    test: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or sign of the text."""

    kind: str  # number, word, sign, end
    text: str
    at: int

    @property
    def end(self) -> int:
        return self.at + len(self.text)


_TOKEN = re.compile(
    r"(?P<number>(?:\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)|\d+)(?:[.,]\d+)?)"
    r"|(?P<word>₽|[A-Za-zА-Яа-яЁё_]\w*(?:·ч(?!\w))?\.?)"
    r"|(?P<sign><=|>=|<>|!=|[-+−×*·/:()<>=≤≥≠;%])"
)
SAME = {"-": "−", "*": "×", "·": "×", ":": "/", "≤": "<=", "≥": ">=", "≠": "<>", "!=": "<>"}
FUNCTIONS = {"мин": 2, "макс": 2, "вверх": 1, "вниз": 1}
RESERVED = ("если", "то", "иначе", "и", "или", "не")


def folded(word: str) -> str:
    """As words are compared."""
    return word.lower().replace("ё", "е").rstrip(".")


_NAMES = {folded(name): one for name, one in BY_NAME.items()}
_UNITS = {folded(word): one for word, one in WORDS.items()}


def tokens(text: str) -> list[Token]:
    """Raises FormulaError on a character that means nothing here."""
    if len(text) > TEXT_MAX:
        raise FormulaError(f"Формула длиннее {TEXT_MAX} знаков. Сократите её.", TEXT_MAX)
    made: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            raise FormulaError(f"Знак «{text[at]}» здесь непонятен. Уберите его.", at)
        made.append(Token(str(found.lastgroup), found.group(), at))
        at = found.end()
    made.append(Token("end", "", len(text)))
    return made


def parse(text: str) -> Node:
    """The tree of a formula. Raises FormulaError."""
    return _Reader(text).whole()


class _Reader:
    """Reads tokens from left to right; every method takes what its line of the grammar says."""

    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
        self.place = 0
        self.nodes = 0
        self.depth = 0

    @property
    def now(self) -> Token:
        return self.tokens[self.place]

    def sign(self) -> str:
        return SAME.get(self.now.text, self.now.text) if self.now.kind == "sign" else ""

    def word(self) -> str:
        return folded(self.now.text) if self.now.kind == "word" else ""

    def step(self) -> Token:
        token = self.now
        self.place += token.kind != "end"
        return token

    def refuse(self, message: str) -> FormulaError:
        return FormulaError(message, self.now.at, len(self.now.text))

    def count(self) -> None:
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise self.refuse(f"В формуле больше {NODES_MAX} чисел и действий. Разбейте её на две услуги.")

    def whole(self) -> Node:
        if self.now.kind == "end":
            raise self.refuse("Формула пустая. Напишите, например, «60 руб».")
        made = self.condition()
        if self.now.kind != "end":
            raise self.refuse(f"Лишнее в конце: «{self.now.text}». Может быть, пропущен знак действия?")
        return made

    def condition(self) -> Node:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise self.refuse(f"Скобок и «если» друг в друге больше {DEPTH_MAX}. Упростите формулу.")
        made = self.choice() if self.word() == "если" else self.sum()
        self.depth -= 1
        return made

    def choice(self) -> Node:
        at = self.step().at
        self.count()
        test = self.logic()
        self.expect_word("то")
        then = self.condition()
        self.expect_word("иначе")
        otherwise = self.condition()
        return Choice(at, otherwise.end, test, then, otherwise)

    def expect_word(self, word: str) -> None:
        if self.word() != word:
            raise self.refuse(f"Здесь ожидается «{word}»: если … то … иначе …")
        self.step()

    def logic(self) -> Node:
        parts = [self.negation()]
        joint = ""
        while self.word() in ("и", "или"):
            if joint and self.word() != joint:
                raise self.refuse("«и» вместе с «или» непонятно без второго «если». Разделите условие.")
            joint = self.word()
            self.step()
            self.count()
            parts.append(self.negation())
        if not joint:
            return parts[0]
        return Joint(parts[0].at, parts[-1].end, joint, tuple(parts))

    def negation(self) -> Node:
        if self.word() == "не":
            at = self.step().at
            self.count()
            self.depth += 1
            if self.depth > DEPTH_MAX:
                raise self.refuse("Слишком много «не» подряд. Упростите условие.")
            made = self.negation()
            self.depth -= 1
            return Joint(at, made.end, "не", (made,))
        left = self.sum()
        sign = self.sign()
        if sign not in (">", "<", ">=", "<=", "=", "<>"):
            raise self.refuse("Здесь ожидается сравнение: >, <, >=, <=, = или <>.")
        self.step()
        self.count()
        right = self.sum()
        return Test(left.at, right.end, sign, left, right)

    def sum(self) -> Node:
        made = self.product()
        while self.sign() in ("+", "−"):
            sign = self.sign()
            self.step()
            self.count()
            right = self.product()
            made = Pair(made.at, right.end, sign, made, right)
        return made

    def product(self) -> Node:
        made = self.factor()
        while self.sign() in ("×", "/"):
            sign = self.sign()
            self.step()
            self.count()
            right = self.factor()
            made = Pair(made.at, right.end, sign, made, right)
        return made

    def factor(self) -> Node:
        self.count()
        if self.sign() == "−":
            return self.minus()
        if self.sign() == "(":
            self.step()
            made = self.condition()
            is_test = self.sign() in (">", "<", ">=", "<=", "=", "<>")
            around = "Скобки вокруг сравнения не нужны: если люди > 3 чел то …"
            self.expect_sign(")", around if is_test else "Скобка открыта, но не закрыта.")
            return made
        if self.now.kind == "number":
            return self.number()
        if self.word() in FUNCTIONS:
            return self.call()
        return self.name()

    def minus(self) -> Node:
        at = self.step().at
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise self.refuse("Слишком много минусов подряд. Уберите лишние.")
        made = self.factor()
        self.depth -= 1
        return Minus(at, made.end, made)

    def expect_sign(self, sign: str, message: str) -> int:
        if self.sign() != sign:
            raise self.refuse(message)
        return self.step().end

    def number(self) -> Node:
        token = self.step()
        digits = re.sub(r"\s", "", token.text).replace(",", ".")
        whole, _, decimals = digits.partition(".")
        if int(whole[:20] or "0") > WHOLE_MAX or len(whole) > len(str(WHOLE_MAX)):
            raise FormulaError("Слишком большое число.", token.at, len(token.text))
        if len(decimals) > DECIMALS_MAX:
            message = f"Больше {DECIMALS_MAX} знаков после запятой не бывает."
            raise FormulaError(message, token.at, len(token.text))
        value, end = Fraction(digits), token.end
        if self.sign() == "%":
            return Constant(token.at, self.step().end, value / 100, PLAIN, True)
        unit, bare = PLAIN, True
        if self.word() in _UNITS:
            bare = False
            unit, value, end = self.unit_word(unit, value, 1)
            while self.sign() == "/" and self.is_unit_next():
                self.step()
                unit, value, end = self.unit_word(unit, value, -1)
        return Constant(token.at, end, value, unit, bare)

    def is_unit_next(self) -> bool:
        following = self.tokens[self.place + 1]
        return following.kind == "word" and folded(following.text) in _UNITS

    def unit_word(self, unit: Unit, value: Fraction, sign: int) -> tuple[Unit, Fraction, int]:
        one, num, den = _UNITS[self.word()]
        share = Fraction(num, den)
        end = self.step().end
        return times(unit, one, sign), value * share if sign > 0 else value / share, end

    def call(self) -> Node:
        token = self.step()
        name = folded(token.text)
        self.expect_sign("(", f"После «{name}» нужна скобка: {name}(…).")
        parts = [self.condition()]
        while self.sign() == ";":
            self.step()
            parts.append(self.condition())
        if len(parts) > ARGUMENTS_MAX or (len(parts) == 1) != (FUNCTIONS[name] == 1):
            what = "одно число" if FUNCTIONS[name] == 1 else f"от двух до {ARGUMENTS_MAX} чисел через «;»"
            raise FormulaError(f"В «{name}» пишут {what}.", token.at, self.now.end - token.at)
        end = self.expect_sign(")", "Здесь ожидается «)» или «;» и следующее число.")
        return Call(token.at, end, name, tuple(parts))

    def name(self) -> Node:
        word = self.word()
        if word in _NAMES:
            token = self.step()
            return Name(token.at, token.end, _NAMES[word])
        if word in _UNITS:
            raise self.refuse(f"Перед «{self.now.text}» нет числа.")
        if word and word not in RESERVED:
            raise self.refuse(f"Величины «{self.now.text}» нет.{_like(word)}")
        if self.now.kind == "end":
            raise self.refuse("Формула обрывается: здесь ожидается число или величина.")
        raise self.refuse(f"Здесь ожидается число или величина, а не «{self.now.text}».")


def _like(word: str) -> str:
    """The nearest name, when there is one."""
    near = get_close_matches(word, _NAMES, n=1)
    return f" Может быть, «{_NAMES[near[0]].name}»?" if near else " Список величин — под полем."
