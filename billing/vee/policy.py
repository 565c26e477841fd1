"""How strict an organisation is: a severity for each rule and the numbers of it, out of dated settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.vee.catalogue import RULES
from billing.vee.rules import HOLD, Rule


@dataclass(frozen=True, slots=True)
class Policy:
    """Severities and thresholds by rule; broken: rules whose settings cannot be read, so that they cannot
    be evaluated.
    """

    severity: Mapping[str, str]
    limits: Mapping[str, Mapping[str, int]]
    broken: frozenset[str] = frozenset()


def policy_of(said: Mapping[str, str]) -> Policy:
    """A policy out of settings without their prefix: «spike» → severity, «spike.times» → threshold."""
    broken = {rule.key for rule in RULES if not _is_readable(rule, said)}
    return Policy(
        {rule.key: HOLD if rule.key in broken else said.get(rule.key, rule.severity) for rule in RULES},
        {
            rule.key: {
                one.key: one.usual
                if rule.key in broken
                else int(said.get(f"{rule.key}.{one.key}", one.usual))
                for one in rule.thresholds
            }
            for rule in RULES
        },
        frozenset(broken),
    )


def _is_readable(rule: Rule, said: Mapping[str, str]) -> bool:
    if said.get(rule.key, rule.severity) not in rule.allowed:
        return False
    for one in rule.thresholds:
        value = said.get(f"{rule.key}.{one.key}", str(one.usual))
        if not (value.isascii() and value.isdigit() and one.least <= int(value) <= one.most):
            return False
    return True


USUAL = policy_of({})
"""What the product comes with."""
