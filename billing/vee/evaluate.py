"""Verdicts on a batch: every rule over every row at once, then what each row is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from billing.reading import ReadingAsked, ReadingRefused
from billing.vee.batch import Batch
from billing.vee.catalogue import BY_KEY, RULES
from billing.vee.policy import Policy
from billing.vee.rules import BLOCK, CANNOT, FIRES, HOLD, OFF, WARN, Outcomes, Rule
from billing.vee.words import code_of, words_of

ARITHMETIC = frozenset(("unknown_meter", "negative", "too_long", "lower"))
"""What no person can accept: the volume would be nonsense."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired on a row, or could not be evaluated, with the words for a person."""

    rule: str
    severity: str
    code: str
    words: str
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a reading: refused, asked about, held, or taken (with notes)."""

    findings: tuple[Finding, ...]

    def of(self, severity: str) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.severity == severity)

    @property
    def is_held(self) -> bool:
        return bool(self.of(HOLD))

    @property
    def held_words(self) -> str:
        """Why it is held, in sentences."""
        return " ".join(one.words for one in self.of(HOLD))

    def settle(self, *, confirmed: bool, can_ask: bool) -> Verdict:
        """Refuse, ask or let through. A sender who cannot be asked (a device, a bank) has the reading held.

        Raises ReadingRefused, ReadingAsked.
        """
        blocks = self.of(BLOCK)
        if blocks:
            hints = [one.words for one in self.findings if one.rule == "swapped"]
            raise ReadingRefused(blocks[0].code, " ".join([blocks[0].words, *hints]))
        asked = [one for one in self.of(WARN) if BY_KEY[one.rule].asks]
        if confirmed or not asked:
            return self
        if can_ask:
            raise ReadingAsked(asked[0].code, asked[0].words)
        return Verdict(
            tuple(
                Finding(one.rule, HOLD if one in asked else one.severity, one.code, one.words, one.is_unknown)
                for one in self.findings
            )
        )


def outcomes(batch: Batch, policy: Policy) -> Mapping[str, Outcomes]:
    """By rule, for every row: passes, fires or cannot be evaluated. Nothing but the first rule can be
    evaluated for a meter nobody knows, and no rule whose settings cannot be read.
    """
    found = {}
    for rule in RULES:
        if policy.severity[rule.key] == OFF:
            continue
        made = rule.test(batch, policy.limits[rule.key])
        if rule.key != "unknown_meter":
            made = np.where(batch.is_known, made, CANNOT).astype(np.int8)
        if rule.key in policy.broken:
            made = np.full(len(batch), CANNOT, np.int8)
        found[rule.key] = made
    return found


def verdicts(batch: Batch, policy: Policy) -> list[Verdict]:
    """A verdict a row; words are made only for what fired."""
    found = outcomes(batch, policy)
    rows: list[list[Finding]] = [[] for _ in range(len(batch))]
    for rule in RULES:
        made = found.get(rule.key)
        if made is None:
            continue
        for at in np.flatnonzero(made != 0).tolist():
            rows[at].append(_finding(rule, batch, at, policy, int(made[at])))
    return [Verdict(tuple(one)) for one in rows]


def _finding(rule: Rule, batch: Batch, at: int, policy: Policy, outcome: int) -> Finding:
    if outcome == FIRES:
        words = words_of(rule.key, batch, at, policy.limits[rule.key])
        return Finding(rule.key, policy.severity[rule.key], code_of(rule.key, batch, at), words)
    words = f"Правило «{rule.title}» проверить не удалось: не хватает данных."
    return Finding(rule.key, HOLD, f"unknown_{rule.key}", words, is_unknown=True)
