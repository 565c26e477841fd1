"""Dividing a row of things into few parts of about one weight: blocks of a print run, its volumes."""

from __future__ import annotations

from collections.abc import Sequence


def evenly(weights: Sequence[int], room: int, count_max: int | None = None) -> list[int]:
    """How many things go into each part: none over `room` or `count_max` things, as few parts as that allows,
    all about as heavy; a thing heavier than `room` stands alone.
    """
    most = count_max or max(len(weights), 1)
    parts = max(1, -(-sum(weights) // room), -(-len(weights) // most))
    while len(sizes := _packed(weights, room, most, parts)) > parts:
        parts += 1  # ends at a part for each thing
    return sizes


def _packed(weights: Sequence[int], room: int, most: int, parts: int) -> list[int]:
    """Each part ends where its share of the whole does, or earlier where the next thing has no room."""
    total = sum(weights)
    sizes: list[int] = []
    count = filled = done = 0
    for weight in weights:
        is_full = filled + weight > room or count == most
        if count and (is_full or done * parts >= total * (len(sizes) + 1)):
            sizes.append(count)
            count = filled = 0
        count += 1
        filled += weight
        done += weight
    return [*sizes, count] if count else sizes
