"""Why an account is parked, in a few words; the account's message says the rest (billing.parked.Reason)."""

from __future__ import annotations

REASON_WORDS = {
    "NO_AREA": "нет площади",
    "NO_PEOPLE": "нет ни жителей, ни собственников",
    "NO_TARIFF": "нет тарифа",
    "NO_NORM": "нет норматива",
    "NO_HOUSE_READING": "нет показания дома",
    "NO_HOUSE_YEAR": "нет показаний дома за прошлый год",
    "NO_HOUSE_AREA": "нет площади дома",
    "NEIGHBOUR": "ждёт соседнего счёта",
    "OLDER_THAN_LAW": "месяц раньше правил",
    "BLOCK_FAILED": "сбой части прогона",
}
