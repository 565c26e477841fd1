"""What is kept of an accrual, so that a changed value charges anew only what it touches.

A stage (a rule, or acts) runs again when it read what changed: a value, or volumes of an earlier stage that
came out otherwise than before; and when another stage that runs again makes lines of its services. Volumes
that come out the same go no further: a tariff of cold water does not reach sewerage. Reductions are of one
service each but for what FAMILY and HOUSING say. What cannot be told this way is told to be counted whole.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.accrue import STAGES, accrue, charge_stage, gather, reduced
from billing.block import I32, Block, Bool
from billing.divided import park_divided
from billing.law import NoFederalValueError, federal_law
from billing.lines import Lines
from billing.metering import decide
from billing.noted import Key, Noted, Notes, touches, under_notes
from billing.packed import PackedMeterings, PackedVolumes, Volumes
from billing.parked import Parked, Reason
from billing.services import Service
from billing.work import Cuts, Meterings, Part, Rows, Used, Work

WATERS = frozenset({int(Service.COLD_WATER), int(Service.HOT_WATER)})
FAMILY = WATERS | {int(Service.SEWERAGE)}
"""An absence takes back sewerage by the lines of waters."""
HOUSING = frozenset({int(Service.UPKEEP), int(Service.RENT)})
"""A льгота of tenants on upkeep asks whether there is rent."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Of each stage what it read, the services of its lines, whom it parked: bit 1 << stage of `parked` (N,).

    work: the sheet without what stages and the table of meters write on it; decided, relieved: what that
    table and reductions read; waters: lines of FAMILY of accounts with absences, before reductions.
    """

    work: Work
    meterings: PackedMeterings
    decided: frozenset[Key]
    read: tuple[frozenset[Key], ...]
    made: tuple[frozenset[int], ...]
    volumes: dict[int, PackedVolumes]
    parked: I32
    relieved: frozenset[Key]
    waters: Lines


@dataclass(frozen=True, slots=True)
class Anew:
    """Lines by changed values: all those of `services`, and those of `partly` of the accounts `rows`.

    parked (N,): who is parked now, by any stage.
    """

    lines: Lines
    parked: Bool
    services: frozenset[int]
    partly: frozenset[int]
    rows: Rows


@dataclass(slots=True)
class _Made:
    """What one stage made."""

    parts: list[Part]
    parked: Rows
    volumes: dict[int, Volumes]

    @property
    def services(self) -> frozenset[int]:
        return frozenset(part.service for part in self.parts)


def keep(block: Block) -> tuple[Lines, Bool, Kept | None]:
    """Charges of the block, who is parked (N,), and what is kept; None = only the whole can be counted."""
    notes = Notes()
    try:
        law = federal_law(block.period, tuple(block.first_day.tolist()))
    except NoFederalValueError:
        return *_whole(block), None
    work = Work(under_notes(block, notes), law, Parked(len(block)))
    work.meterings = decide(work)
    decided = notes.taken()
    volumes: dict[int, Volumes] = {}
    made, read, bits = [], [], np.zeros(len(block), np.int32)
    for at in range(len(STAGES)):
        made.append(of_stage := _run(work, at, volumes, notes))
        read.append(notes.taken())
        if not of_stage.volumes.keys().isdisjoint(volumes):  # two stages find one volume: not told apart
            return *_whole(block), None
        volumes |= of_stage.volumes
        bits[of_stage.parked] |= 1 << at
    parked = _with_divided(block, bits != 0)
    charged = gather(block, [part for one in made for part in one.parts], parked)
    lines = reduced(work.block, charged)
    relieved = notes.taken()
    kept = Kept(
        work=_sheet(work, block),
        meterings=PackedMeterings.of(work.meterings),
        decided=decided,
        read=tuple(read),
        made=tuple(one.services for one in made),
        volumes={service: PackedVolumes.of(one) for service, one in volumes.items()},
        parked=bits,
        relieved=relieved,
        waters=_waters(block, charged),
    )
    return lines, parked, kept


def _whole(block: Block) -> tuple[Lines, Bool]:
    lines, parked = accrue(block)
    return lines, parked.mask()


def _sheet(work: Work, block: Block) -> Work:
    """The sheet for another run, without what stages wrote on it."""
    sheet = copy.copy(work)
    sheet.block, sheet.parked, sheet.parts = block, Parked(len(block)), []
    sheet.used, sheet.cuts, sheet.windows, sheet.only, sheet.common = {}, {}, {}, {}, {}
    sheet.meterings, sheet._has = Meterings.empty(), {}
    return sheet


def _waters(block: Block, lines: Lines) -> Lines:
    if block.absent is None:
        return Lines.empty()
    away = np.isin(lines.account_id, block.accounts.id[block.absent.account])
    return lines.take(away & np.isin(lines.service, list(FAMILY)))


def _run(work: Work, at: int, volumes: dict[int, Volumes], notes: Notes | None = None) -> _Made:
    """One stage, with the volumes of the stages before it."""
    before = {service: one for service, one in volumes.items() if one.stage < at}
    work.parts, work.parked = [], Parked(len(work.block))
    work.used = {service: one.used for service, one in before.items()}
    work.cuts = {service: one.cuts for service, one in before.items() if one.cuts is not None}
    if notes is not None:
        work.used = Noted(work.used, notes, "volume", names_tell=True)
        work.cuts = Noted(work.cuts, notes, "volume", names_tell=True)
    charge_stage(work, STAGES[at])
    cuts = dict(dict.items(work.cuts))
    found = {
        service: Volumes(at, used, cuts.get(service))
        for service, used in dict.items(work.used)
        if service not in before or used is not before[service].used
    }
    for one in found.values():
        _shut(one.used)
        _shut(one.cuts)
    return _Made(work.parts, np.fromiter(work.parked.reason, np.intp, len(work.parked.reason)), found)


def _columns(table: Used | Cuts | None) -> list[npt.NDArray[Any]]:
    return [] if table is None else [getattr(table, one.name) for one in fields(table)]


def _shut(table: Used | Cuts | None) -> None:
    """A volume once found is not written to: later stages, and later questions, read it."""
    for column in _columns(table):
        column.flags.writeable = False


def _is_same(one: Volumes, other: Volumes) -> bool:
    mine, others = ([*_columns(of.used), *_columns(of.cuts)] for of in (one, other))
    return len(mine) == len(others) and all(map(np.array_equal, mine, others))


def _with_divided(block: Block, parked: Bool) -> Bool:
    """With accounts of divided premises that one of them takes along."""
    if block.divided is None:
        return parked
    all_parked = Parked(len(block))
    all_parked.add(parked, Reason.NEIGHBOUR, 0)
    park_divided(block, all_parked)
    return all_parked.mask()


def again(kept: Kept, block: Block, changed: frozenset[Key]) -> Anew | None:
    """Charges of the same block by other values, of what `changed` touches; None = count the whole.

    `block` differs from the kept one in the values named, in nothing else.
    """
    touched = _relieved(kept.relieved, changed)
    if touched is None or touches(kept.decided, changed):
        return None
    run = _Rerun(kept, block, changed, touched)
    while (at := run.next()) is not None:
        if not run.go(at):
            return None
    return run.result()


def _relieved(read: frozenset[Key], changed: frozenset[Key]) -> set[int] | None:
    """Services whose reductions read what changed; None = any service may be."""
    out: set[int] = set()
    for key in changed:
        if not touches(read, frozenset({key})):
            continue
        family, name = key
        if key == ("rate", (int(Service.COLD_WATER), 0)):  # hot water below 40 °C goes by it
            out.add(int(Service.HOT_WATER))
        elif family == "norm" and isinstance(name, tuple) and name[1] == "person":  # limits of льготы
            out.add(int(name[0]))
            if name[0] in WATERS:
                out.add(int(Service.SEWERAGE))
        else:
            return None
    return out


@dataclass(slots=True)
class _Rerun:
    """Stages run anew one after another until nothing more is touched."""

    kept: Kept
    block: Block
    changed: frozenset[Key]
    touched: set[int]
    work: Work = field(init=False)
    volumes: dict[int, Volumes] = field(default_factory=dict)
    dirty: set[int] = field(default_factory=set)
    done: dict[int, _Made] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.work = _sheet(self.kept.work, self.block)
        self.work.meterings = self.kept.meterings.whole()
        self._close()

    def next(self) -> int | None:
        """The first stage that is to run and has not."""
        for at, (read, made) in enumerate(zip(self.kept.read, self.kept.made, strict=True)):
            if at in self.done:
                continue
            moved = frozenset(("volume", of) for of in self.dirty if self.kept.volumes[of].stage < at)
            if touches(read, self.changed | moved) or not made.isdisjoint(self.touched):
                return at
        return None

    def go(self, at: int) -> bool:
        """Runs a stage; false where its volumes are not those it found before."""
        for service, packed in self.kept.volumes.items():
            if packed.stage < at and service not in self.volumes:
                self.volumes[service] = packed.whole()
        made = _run(self.work, at, self.volumes)
        if made.volumes.keys() != {of for of, one in self.kept.volumes.items() if one.stage == at}:
            return False
        self.dirty |= {
            of for of, one in made.volumes.items() if not _is_same(one, self.kept.volumes[of].whole())
        }
        self.volumes |= made.volumes
        self.done[at] = made
        self.touched |= made.services | self.kept.made[at]
        self._close()
        return True

    def _close(self) -> None:
        benefits = self.block.benefits
        if benefits is not None and benefits.is_tenants_only.any() and self.touched & HOUSING:
            self.touched |= HOUSING

    def result(self) -> Anew:
        bits = self.kept.parked & ~np.int32(sum(1 << at for at in self.done))
        parked = bits != 0
        for made in self.done.values():
            parked[made.parked] = True
        parked = _with_divided(self.block, parked)
        parts = [part for at in sorted(self.done) for part in self.done[at].parts]
        lines, services = gather(self.block, parts, parked), frozenset(self.touched)
        partly, rows = self._partly()
        if partly:
            more = self.kept.waters
            lines = Lines.concat([lines, more.take(np.isin(more.service, list(partly)))])
        return Anew(reduced(self.block, lines), parked, services, partly, rows)

    def _partly(self) -> tuple[frozenset[int], Rows]:
        """Services that absences tie to touched ones, and the accounts it is about."""
        absent, divided = self.block.absent, self.block.divided
        if absent is None or not self.touched & FAMILY:
            return frozenset(), np.zeros(0, np.intp)
        rows = absent.account.astype(np.intp)
        if divided is not None:
            rows = np.union1d(rows, divided.account[np.isin(divided.whole, rows)]).astype(np.intp)
        return FAMILY - self.touched, rows
