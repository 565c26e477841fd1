"""Numbers of organisations with right check digits, and none that could belong to anyone: region 00, bank 04
00.
"""

from __future__ import annotations

BIC = "040000760"
BANK_NAME = "АО «Северореченский банк»"


def inn(serial: int) -> str:
    """ИНН of a legal person (10 digits) in the region 00, which does not exist."""
    body = f"00{serial:07d}"
    weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    return body + str(_weighted(body, weights) % 11 % 10)


def kpp(serial: int) -> str:
    """КПП: tax office 0001, reason 01."""
    return f"000101{serial % 1000:03d}"


def ogrn(serial: int) -> str:
    """ОГРН (13 digits) with its control digit: the rest of the first twelve by eleven."""
    body = f"115000{serial:06d}"
    return body + str(int(body) % 11 % 10)


def bank_account(serial: int, balance: str = "40702") -> str:
    """20 digits of an account in BIC with the control key of the Bank of Russia (weights 7, 1, 3)."""
    return _with_key(f"{balance}8100000{serial:08d}", BIC[-3:])


def correspondent_account() -> str:
    """The bank's own account at the Bank of Russia; its key is computed with 0 and digits 5–6 of the BIC."""
    return _with_key(f"3010181000000000{int(BIC[-3:]):04d}", f"0{BIC[4:6]}")


def has_valid_key(account: str, prefix: str) -> bool:
    """Whether the control key fits; `prefix`: last three digits of the BIC, or 0 and its digits 5–6."""
    return _key_sum(prefix + account) % 10 == 0


def _with_key(account: str, prefix: str) -> str:
    """The key is the ninth digit of an account, after balance account and currency."""
    for key in "0123456789":
        candidate = account[:8] + key + account[9:]
        if has_valid_key(candidate, prefix):
            return candidate
    raise AssertionError("one of ten keys always fits: 3 is prime to 10")


def _key_sum(digits: str) -> int:
    return sum(int(digit) * (7, 1, 3)[place % 3] % 10 for place, digit in enumerate(digits))


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
