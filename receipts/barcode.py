"""The linear code of a receipt: Code 128 by the template an organisation agreed with its bank.

No state standard says what it holds (Rules 354 ask for a QR code), so a template lists fields with widths:
«account:10 period:6 kopecks:9 luhn». Words of a template are fields of FIELDS with a width, digits as they
are, and at the end a check digit: luhn or mod10 (weights 3 and 1, as in EAN).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from billing.receipt import PaymentBlock, Receipt

FIELDS: dict[str, tuple[str, Callable[[Receipt, PaymentBlock], str]]] = {
    "account": ("лицевой счёт", lambda receipt, block: block.account_number or receipt.payer.account_number),
    "period": ("месяц, ММГГГГ", lambda receipt, block: f"{receipt.month:%m%Y}"),
    "kopecks": ("сумма в копейках", lambda receipt, block: str(block.totals.due_kopecks)),
    "inn": ("ИНН получателя", lambda receipt, block: block.payee.inn),
    "due": ("срок оплаты, ДДММГГГГ", lambda receipt, block: f"{receipt.due_on:%d%m%Y}"),
}
CHECKS = ("luhn", "mod10")
WIDTH_MAX = 20
DIGITS_MAX = 48
"""Longer is too dense for a hand scanner at the width of a column."""

START_B, START_C, SWITCH_B, STOP = 104, 105, 100, 106
WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 "
    "122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 "
    "322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 "
    "112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 "
    "331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 "
    "112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 "
    "124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 "
    "411311 113141 114131 311141 411131 211412 211214 211232 2331112"
)
PATTERNS = tuple(WIDTHS.split())
QUIET = 10
"""Modules of white on either side."""


class BarcodeRefusedError(ValueError):
    """A template that cannot be, or a value that does not fit it; the message says which and what to do."""

    code = "receipt_barcode_refused"
    permanent = True


@dataclass(frozen=True, slots=True)
class Barcode:
    """The digits under the code and the widths of bars and spaces in turn, a bar first, in modules."""

    text: str
    modules: tuple[int, ...]


def barcode_of(template: str, receipt: Receipt, block: PaymentBlock) -> Barcode:
    """The code of a payment. Raises BarcodeRefusedError."""
    text = ""
    for name, width in parsed(template):
        if name in CHECKS:
            text += check_digit(name, text)
        elif not width:
            text += name
        else:
            value = "".join(one for one in FIELDS[name][1](receipt, block) if one.isdigit())
            if len(value) > width:
                raise BarcodeRefusedError(
                    f"В штриховом коде на поле «{FIELDS[name][0]}» отведено {width} знаков, а нужно "
                    f"{len(value)}. Расширьте поле в шаблоне."
                )
            text += value.zfill(width)
    return Barcode(text, code128(text))


@lru_cache(maxsize=64)
def parsed(template: str) -> tuple[tuple[str, int], ...]:
    """(field, width), (digits, 0), (check, 0). Raises BarcodeRefusedError saying what is wrong."""
    found: list[tuple[str, int]] = []
    for word in template.split():
        name, colon, width = word.partition(":")
        if not colon and (name in CHECKS or (name.isascii() and name.isdigit())):
            found.append((name, 0))
        elif name in FIELDS and width.isascii() and width.isdigit() and 1 <= int(width) <= WIDTH_MAX:
            found.append((name, int(width)))
        else:
            raise BarcodeRefusedError(
                f"Шаблон штрихового кода: «{word}» непонятно. Поля пишутся с шириной от 1 до {WIDTH_MAX}: "
                f"{', '.join(f'{field}:10' for field in FIELDS)}; ещё можно цифры и в конце "
                f"{' или '.join(CHECKS)}."
            )
    if any(name in CHECKS for name, _ in found[:-1]):
        raise BarcodeRefusedError("Шаблон штрихового кода: контрольная цифра стоит последней.")
    size = sum(width or (1 if name in CHECKS else len(name)) for name, width in found)
    if size > DIGITS_MAX:
        raise BarcodeRefusedError(
            f"Шаблон штрихового кода: {size} знаков, сканер читает не больше {DIGITS_MAX}."
        )
    return tuple(found)


def check_digit(kind: str, digits: str) -> str:
    """Luhn (doubling from the right) or mod 10 with weights 3 and 1 from the right."""
    total = 0
    for at, one in enumerate(reversed(digits)):
        value = int(one) * ((2 if kind == "luhn" else 3) if at % 2 == 0 else 1)
        total += value - 9 if kind == "luhn" and value > 9 else value
    return str(-total % 10)


def code128(digits: str) -> tuple[int, ...]:
    """Widths of a symbol of digits: pairs in set C, an odd last digit in set B."""
    even = len(digits) - len(digits) % 2
    codes = [START_C, *(int(digits[at : at + 2]) for at in range(0, even, 2))] if even else [START_B]
    if even < len(digits):
        codes += [SWITCH_B] if even else []
        codes.append(ord(digits[-1]) - 32)
    check = (codes[0] + sum(at * code for at, code in enumerate(codes) if at)) % 103
    return tuple(int(width) for code in (*codes, check, STOP) for width in PATTERNS[code])
