"""What to post so that a published month becomes what it should be: reversals of the old lines and the new
ones.

Nothing published is changed. A service component of an account is left alone when its lines are the same to
the last column, so a second run over the same facts posts nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from billing.lines import CHARGE, DTYPES, REVERSAL, Lines

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

CONTENT = tuple(name for name in DTYPES if name != "kind")


class UnmatchedReversalError(ValueError):
    """Posted lines take back what they never charged, or charge one line twice: the ledger is broken."""


def difference(posted: Lines, proposed: Lines) -> Lines:
    """Lines that turn `posted` (with its reversals) into `proposed`, per account, service and component.

    Where the lines of a component differ, all its posted lines are reversed and the proposed ones added.
    Both sets must be of the same period and accounts: a component that is only posted is reversed whole.
    """
    before = net(posted)
    if _identical(before, proposed):
        return Lines.empty()
    before, proposed = _unlike(before, proposed)
    both = Lines.concat([before, proposed])
    if len(both) == 0:
        return Lines.empty()
    is_new = np.arange(len(both)) >= len(before)
    order = np.lexsort((is_new, _line_key(both), _component_key(both)))
    changed = _changed(both.take(order), is_new[order])
    in_changed = np.empty(len(both), np.bool_)
    in_changed[order] = changed
    back = both.take(np.flatnonzero(in_changed & ~is_new)).reversal()
    return Lines.concat([back, both.take(np.flatnonzero(in_changed & is_new))]).ordered()


def _identical(one: Lines, other: Lines) -> bool:
    """The same lines in the same order: the usual end of a repeated run."""
    if len(one) != len(other):
        return False
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in DTYPES)


def _unlike(before: Lines, proposed: Lines) -> tuple[Lines, Lines]:
    """Both without the accounts whose lines are the same in the same order: most of a month, found without
    sorting. Lines that do not lie account by account are all kept.
    """
    old, new = (_runs(lines.account_id) for lines in (before, proposed))
    if old is None or new is None:
        return before, proposed
    (ids, starts, counts), (new_ids, new_starts, new_counts) = old, new
    place = np.minimum(np.searchsorted(new_ids, ids), max(len(new_ids) - 1, 0))
    paired = (
        np.flatnonzero((new_ids[place] == ids) & (new_counts[place] == counts)) if len(new_ids) else place[:0]
    )
    sizes = counts[paired]
    rows = _spread(starts[paired], sizes)
    new_rows = _spread(new_starts[place[paired]], sizes)
    equal = np.ones(len(rows), np.bool_)
    for name in CONTENT:
        equal &= getattr(before, name)[rows] == getattr(proposed, name)[new_rows]
    if not len(rows):
        return before, proposed
    first = np.cumsum(sizes) - sizes
    same = np.repeat(np.logical_and.reduceat(equal, first), sizes)
    kept, new_kept = np.ones(len(before), np.bool_), np.ones(len(proposed), np.bool_)
    kept[rows[same]] = False
    new_kept[new_rows[same]] = False
    return before.take(kept), proposed.take(new_kept)


def _runs(ids: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int32], I64, I64] | None:
    """Accounts in order, where the lines of each begin, how many they are; None when they are scattered."""
    if len(ids) and (ids[1:] < ids[:-1]).any():
        return None
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1])) if len(ids) else np.zeros(0, np.int64)
    return ids[starts], starts, np.diff(np.append(starts, len(ids)))


def _spread(starts: I64, sizes: I64) -> I64:
    """Rows of stretches: start, start + 1 … of each."""
    first = np.cumsum(sizes) - sizes
    return np.repeat(starts - first, sizes) + np.arange(int(sizes.sum()))


def net(posted: Lines) -> Lines:
    """Charges still standing: those no reversal took back.

    Raises UnmatchedReversalError when they do not pair.
    """
    reversed_ = posted.kind == REVERSAL
    if not reversed_.any():
        return posted
    touched = np.isin(_component_key(posted), np.unique(_component_key(posted)[reversed_]))
    rest = posted.take(~touched)
    return Lines.concat([rest, _standing(posted.take(touched))])


def _standing(lines: Lines) -> Lines:
    """Of charges and reversals, charges that outnumber their reversals by one."""
    taken_back = lines.kind == REVERSAL
    plain = Lines.concat([lines.take(~taken_back), _as_charges(lines.take(taken_back))])
    sign = np.where(np.arange(len(plain)) < int((~taken_back).sum()), 1, -1)
    order = np.lexsort(tuple(getattr(plain, name) for name in reversed(CONTENT)))
    plain, sign = plain.take(order), sign[order]
    starts = np.flatnonzero(np.concatenate([[True], ~_same_as_before(plain)]))
    weight = np.add.reduceat(sign, starts)
    if ((weight < 0) | (weight > 1)).any():
        account = int(plain.account_id[starts[(weight < 0) | (weight > 1)][0]])
        raise UnmatchedReversalError(f"Счёт {account}: проведённые строки и их сторно не сходятся.")
    return plain.take(starts[weight == 1])


def _as_charges(reversals: Lines) -> Lines:
    """The lines that were reversed."""
    back = reversals.reversal()
    back.kind[:] = CHARGE
    return back


def _component_key(lines: Lines) -> I64:
    """Account, service and component as one sortable number."""
    wide = lines.account_id.astype(np.int64) << 32
    return wide | lines.service.astype(np.int64) << 16 | lines.component.astype(np.int64)


def _line_key(lines: Lines) -> I64:
    """First day and basis: distinct inside a component."""
    return lines.first_day.astype(np.int64) << 16 | lines.basis.astype(np.int64)


def _same_as_before(lines: Lines) -> Bool:
    """(n − 1,) whether a line equals the one before it in everything but kind."""
    same = np.ones(max(len(lines) - 1, 0), np.bool_)
    for name in CONTENT:
        column = getattr(lines, name)
        same &= column[1:] == column[:-1]
    return same


def _changed(ordered: Lines, is_new: Bool) -> Bool:
    """(n,) lines of components with any line that has no equal on the other side."""
    pair = _same_as_before(ordered) & (is_new[1:] != is_new[:-1])
    matched = np.zeros(len(ordered), np.bool_)
    matched[1:] |= pair
    matched[:-1] |= pair
    component = _component_key(ordered)
    starts = np.flatnonzero(np.concatenate([[True], component[1:] != component[:-1]]))
    differs = np.logical_or.reduceat(~matched, starts)
    return np.repeat(differs, np.diff(np.append(starts, len(ordered))))
