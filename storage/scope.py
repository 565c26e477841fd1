"""The one place that says which rows a user may see.

A Scope is worked out once a request from the user (storage.users.scope_of) and applied to the transaction as
transaction-local settings; the policies of row-level security below read them through STABLE functions
wrapped in
a sub-select, which PostgreSQL evaluates once a statement. Without an applied scope the role `paylogic_web`
sees no row of any table whose policy is not public.

Every table of storage.tables is either in POLICIES or in WORKERS_ONLY; a test checks this, so that a new
table cannot be forgotten. storage.rights turns the policies into SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

WEB_ROLE = "paylogic_web"

SEES_ALL = frozenset({"admin", "centre", "publisher"})


@dataclass(frozen=True, slots=True)
class Scope:
    """What one user may see. Empty by default: a scope made by mistake shows nothing.

    company_ids      rows of these companies, all of them (an accountant of a УК)
    dispatch_ids     of these companies only what a dispatcher needs: addresses, accounts, requests, incidents
    supplier_id      lines and totals where this organisation supplies the service, without names
    agent_id         payments that this organisation took
    account_ids      a resident's own accounts, with flat_ids and house_ids they stand in
    """

    user_id: int | None = None
    role: str = ""
    organisation_id: int | None = None
    everything: bool = False
    company_ids: tuple[int, ...] = ()
    dispatch_ids: tuple[int, ...] = ()
    supplier_id: int | None = None
    agent_id: int | None = None
    account_ids: tuple[int, ...] = ()
    flat_ids: tuple[int, ...] = ()
    house_ids: tuple[int, ...] = ()

    def sees_company(self, company_id: int) -> bool:
        """Whether all rows of a company are in scope (not only what a dispatcher sees)."""
        return self.everything or company_id in self.company_ids


NOTHING = Scope()
SYSTEM = Scope(role="system", everything=True)  # work of the product itself on the web's connection


async def apply(session: AsyncSession, scope: Scope) -> None:
    """Set the scope for this transaction; it disappears with COMMIT or ROLLBACK."""
    await _set(
        session,
        {
            "paylogic.user": _one(scope.user_id),
            "paylogic.role": scope.role,
            "paylogic.organisation": _one(scope.organisation_id),
            "paylogic.everything": "on" if scope.everything else "off",
            "paylogic.companies": _many(scope.company_ids),
            "paylogic.dispatched": _many(scope.dispatch_ids),
            "paylogic.supplier": _one(scope.supplier_id),
            "paylogic.agent": _one(scope.agent_id),
            "paylogic.accounts": _many(scope.account_ids),
            "paylogic.flats": _many(scope.flat_ids),
            "paylogic.houses": _many(scope.house_ids),
        },
    )


async def _set(session: AsyncSession, values: dict[str, str]) -> None:
    calls = ", ".join(f"set_config('{name}', :v{number}, true)" for number, name in enumerate(values))
    await session.execute(
        text(f"SELECT {calls}"), {f"v{n}": value for n, value in enumerate(values.values())}
    )


def _one(value: int | None) -> str:
    return "" if value is None else str(int(value))


def _many(values: Sequence[int]) -> str:
    return "{" + ",".join(str(int(value)) for value in values) + "}"


# ---- policies ------------------------------------------------------------------------------------
# A condition calls a function inside a sub-select, so that it is an InitPlan (once a statement, not once a
# row).

ALL = "(SELECT paylogic_all())"
SIGNED_IN = "(SELECT paylogic_signed_in())"
COMPANY = "company_id = ANY ((SELECT paylogic_companies())::int[])"
DISPATCHED = "company_id = ANY ((SELECT paylogic_dispatched())::int[])"
ACCOUNT = "account_id = ANY ((SELECT paylogic_accounts())::int[])"
SUPPLIER = "supplier_id = (SELECT paylogic_supplier())"
AGENT = "agent_id = (SELECT paylogic_agent())"
FLAT = "flat_id = ANY ((SELECT paylogic_flats())::int[])"
USER = "user_id = (SELECT paylogic_user())"
CREATED_BY = "created_by = (SELECT paylogic_user())"
ORGANISATION = "organisation_id = (SELECT paylogic_organisation())"
PAYEE = "(payee_id = (SELECT paylogic_supplier()) OR payee_id = ANY ((SELECT paylogic_companies())::int[]))"
HAS_COMPANIES = "(SELECT paylogic_companies() <> '{}')"
CENTRE_ROUTE = f"company_id IS NULL AND {HAS_COMPANIES}"
PUBLISHED = "run_id = ANY ((SELECT paylogic_published_runs())::int[])"
PENALTY_POSTED = "run_id IN (SELECT r.id FROM penalty_runs r WHERE r.state = 'posted')"
OWN_REQUEST = (
    "EXISTS (SELECT 1 FROM service_requests r WHERE r.id = request_id AND "
    "(r.account_id = ANY ((SELECT paylogic_accounts())::int[]) OR r.created_by = (SELECT paylogic_user())))"
)
RUN_OF_COMPANY = (
    "EXISTS (SELECT 1 FROM runs r WHERE r.id = run_id AND "
    "r.company_id = ANY ((SELECT paylogic_companies())::int[]))"
)
OWN_CORRECTION = (
    "EXISTS (SELECT 1 FROM run_accounts x WHERE x.run_id = corrections.run_id AND "
    "x.account_id = ANY ((SELECT paylogic_accounts())::int[]))"
)
OWN_DIVISION = (
    "EXISTS (SELECT 1 FROM division_parts p WHERE p.division_id = divisions.id AND "
    "p.account_id = ANY ((SELECT paylogic_accounts())::int[]))"
)
OWN_METER = (
    "EXISTS (SELECT 1 FROM meters m WHERE m.id = meter_id AND "
    "m.account_id = ANY ((SELECT paylogic_accounts())::int[]))"
)
ACCOUNT_OF_COMPANY = (
    "EXISTS (SELECT 1 FROM accounts a WHERE a.id = account_id AND "
    "a.company_id = ANY ((SELECT paylogic_companies())::int[]))"
)
OWN_WHAT_IF = (
    "EXISTS (SELECT 1 FROM what_ifs w WHERE w.id = what_if_id AND "
    "w.company_id = ANY ((SELECT paylogic_companies())::int[]))"
)
OWN_ORDER = "EXISTS (SELECT 1 FROM card_orders o WHERE o.id = order_id)"
RESIDENT_OF_COMPANY = "role = 'resident' AND organisation_id = ANY ((SELECT paylogic_companies())::int[])"


@dataclass(frozen=True, slots=True)
class Policy:
    """Who sees a row, who may write one, and which rights the web has on the table at all.

    reads    conditions of which any shows the row; a scope of everything always sees it
    writes   conditions of which any allows a new or changed row; the same as reads when None
    public   everybody reads, signed in or not
    rights   table or column rights of paylogic_web; what is not here PostgreSQL refuses before any policy
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] | None = None
    public: bool = False
    rights: tuple[str, ...] = ("SELECT",)

    @property
    def using(self) -> str:
        return "true" if self.public else " OR ".join((ALL, *(f"({one})" for one in self.reads)))

    @property
    def check(self) -> str:
        conditions = self.reads if self.writes is None else self.writes
        return " OR ".join((ALL, *(f"({one})" for one in conditions)))


ADD = ("SELECT", "INSERT")
WRITE = ("SELECT", "INSERT", "UPDATE")
DATED = ("SELECT", "INSERT", "UPDATE (valid_to, superseded_at)")

# What only workers touch: the web has no right at all.
WORKERS_ONLY = frozenset({"processed_events", "fact_changes", "debt_counts"})

POLICIES: dict[str, Policy] = {
    # Reference data: addresses without people, organisations, prices. Everybody reads, the owner of a value
    # writes.
    "organisations": Policy(public=True, writes=("id = (SELECT paylogic_organisation())",), rights=WRITE),
    "settings": Policy(public=True, writes=(ORGANISATION,), rights=DATED),
    "regions": Policy(public=True, writes=(), rights=ADD),
    "cities": Policy(public=True, writes=(), rights=ADD),
    "streets": Policy(public=True, writes=(), rights=ADD),
    "houses": Policy(public=True, writes=(COMPANY,), rights=WRITE),
    "house_states": Policy(public=True, writes=(), rights=DATED),
    "house_managements": Policy(public=True, writes=(), rights=DATED),
    "entrances": Policy(public=True, writes=(), rights=ADD),
    "services": Policy(public=True, writes=(ORGANISATION,), rights=WRITE),
    "house_services": Policy(public=True, writes=(COMPANY,), rights=DATED),
    "tariffs": Policy(public=True, writes=(ORGANISATION,), rights=DATED),
    "norms": Policy(public=True, writes=(ORGANISATION,), rights=DATED),
    "coefficients": Policy(public=True, writes=(ORGANISATION,), rights=DATED),
    "value_proposals": Policy(rights=("SELECT", "INSERT", "UPDATE (state, decided_by, decided_at)")),
    # Formulas of services: those in force are read by whoever may ask why; the owner of one writes it.
    "formulas": Policy(
        (ORGANISATION, f"state = 'approved' AND {SIGNED_IN}"),
        (ORGANISATION,),
        rights=("SELECT", "INSERT", "UPDATE (state, decided_by, decided_at)"),
    ),
    "formula_inputs": Policy(("EXISTS (SELECT 1 FROM formulas f WHERE f.id = formula_id)",), ()),
    "choice_proposals": Policy(rights=("SELECT", "INSERT", "UPDATE (state, decided_by, decided_at)")),
    "months": Policy(public=True, writes=()),
    "contracts": Policy(
        (ORGANISATION, "counterparty_id = (SELECT paylogic_organisation())"), (), rights=DATED
    ),
    # People and premises of a company.
    "flats": Policy(
        (COMPANY, DISPATCHED, "id = ANY ((SELECT paylogic_flats())::int[])"), (COMPANY,), rights=WRITE
    ),
    "rooms": Policy((COMPANY, DISPATCHED, FLAT), (COMPANY,), rights=WRITE),
    "accounts": Policy(
        (COMPANY, DISPATCHED, "id = ANY ((SELECT paylogic_accounts())::int[])"), (COMPANY,), rights=WRITE
    ),
    "account_facts": Policy((COMPANY, ACCOUNT), (COMPANY,), rights=DATED),
    "account_services": Policy((COMPANY, ACCOUNT), (COMPANY,), rights=DATED),
    "account_benefits": Policy((COMPANY, ACCOUNT), (COMPANY,), rights=DATED),
    "relief_values": Policy(
        reads=(f"state = 'approved' AND {SIGNED_IN}",),
        writes=(),
        rights=(*ADD, "UPDATE (state, decided_by, decided_at, superseded_at)"),
    ),
    "vat_terms": Policy(
        reads=(f"state = 'approved' AND {SIGNED_IN}",),
        writes=(),
        rights=(*ADD, "UPDATE (state, decided_by, decided_at)"),
    ),
    "receipt_terms": Policy(
        reads=(f"state = 'approved' AND {SIGNED_IN}",),
        writes=(),
        rights=(*ADD, "UPDATE (state, decided_by, decided_at)"),
    ),
    "delivery_wishes": Policy((COMPANY, ACCOUNT), rights=ADD),
    "persons": Policy((COMPANY,), rights=WRITE),
    "registrations": Policy((COMPANY,), rights=DATED),
    "ownerships": Policy((COMPANY,), rights=DATED),
    # Meters; readings themselves are written by workers, who take them from the inbox. What is derived of
    # them changes with the acts of a desk: a check stands in the past of its meter.
    "meters": Policy((COMPANY, ACCOUNT), (COMPANY,), rights=WRITE),
    "meter_events": Policy((COMPANY, OWN_METER), (COMPANY,), rights=DATED),
    "readings": Policy(
        (COMPANY, ACCOUNT),
        (COMPANY,),
        rights=(
            "SELECT",
            "UPDATE (prev_period, prev1_micro, prev2_micro, prev3_micro, window_months, window1_micro, "
            "window2_micro, window3_micro)",
        ),
    ),
    "reading_verdicts": Policy((COMPANY,)),
    "held_readings": Policy(
        (COMPANY,),
        rights=(
            "SELECT",
            "UPDATE (state, after1_micro, after2_micro, after3_micro, decided_by, decided_at, note, refusal)",
        ),
    ),
    # Runs are computed by workers; the web asks, stops and signs. Residents and suppliers see only
    # published sums.
    "runs": Policy(
        (
            COMPANY,
            f"state = 'published' AND {SIGNED_IN}",
            f"scope_kind = 'city' AND state IN ('accruing', 'checked') AND {HAS_COMPANIES}",
        ),
        (COMPANY,),
        rights=(
            "SELECT",
            "INSERT",
            "UPDATE (stop_requested, requested_by, requested_at, approved_by, one_person)",
        ),
    ),
    "run_blocks": Policy((RUN_OF_COMPANY,)),
    "run_holds": Policy(rights=("SELECT", "UPDATE (state, decided_by, decided_at, reason)")),
    # The press is the centre's; workers render, pages ask and take.
    "press_runs": Policy(rights=("SELECT", "INSERT", "UPDATE (state, error, finished_at)")),
    "press_blocks": Policy(),
    "press_receipts": Policy(),
    "press_volumes": Policy(),
    "press_notes": Policy(rights=ADD),
    "press_routes": Policy(),
    "press_handovers": Policy(rights=ADD),
    # Routes of delivery: a company writes its own and sees the centre's, lest a house stand in two.
    "delivery_routes": Policy((COMPANY, CENTRE_ROUTE), (COMPANY,), rights=ADD),
    "delivery_versions": Policy((COMPANY, CENTRE_ROUTE), (COMPANY,), rights=ADD),
    "delivery_stops": Policy(
        ("EXISTS (SELECT 1 FROM delivery_versions v WHERE v.id = version_id)",),
        (
            "EXISTS (SELECT 1 FROM delivery_versions v WHERE v.id = version_id "
            "AND v.company_id = ANY ((SELECT paylogic_companies())::int[]))",
        ),
        rights=ADD,
    ),
    # How paper looks is no secret: a resident's cabinet draws by it. An organisation adds to its own.
    "receipt_forms": Policy(public=True, writes=(ORGANISATION,), rights=ADD),
    "run_log": Policy((RUN_OF_COMPANY,), rights=ADD),
    "run_totals": Policy((COMPANY, f"{SUPPLIER} AND {PUBLISHED}")),
    "run_houses": Policy((COMPANY,)),
    # Common needs of houses: months are written by workers; ways of paying wait for a second person.
    "common_months": Policy((COMPANY, f"house_id = ANY ((SELECT paylogic_houses())::int[]) AND {PUBLISHED}")),
    "common_mode_proposals": Policy(rights=("SELECT", "INSERT", "UPDATE (state, decided_by, decided_at)")),
    "run_accounts": Policy((COMPANY, f"{ACCOUNT} AND {PUBLISHED}")),
    "lines": Policy((COMPANY, f"{ACCOUNT} AND {PUBLISHED}", f"{SUPPLIER} AND {PUBLISHED}")),
    "parked_accounts": Policy((COMPANY,)),
    # Corrections of past months; a resident reads the ground of those that touch an account of theirs.
    "corrections": Policy((COMPANY, OWN_CORRECTION), (COMPANY,), rights=ADD),
    "correction_sums": Policy((COMPANY,), rights=ADD),
    "absences": Policy((COMPANY, ACCOUNT), (COMPANY,), rights=("SELECT", "INSERT", "UPDATE (superseded_at)")),
    "unauthorised_uses": Policy(
        (COMPANY, ACCOUNT), (COMPANY,), rights=("SELECT", "INSERT", "UPDATE (superseded_at)")
    ),
    "distributor_devices": Policy(
        (COMPANY, ACCOUNT), (COMPANY,), rights=("SELECT", "INSERT", "UPDATE (superseded_at)")
    ),
    "heat_distributors": Policy(
        (COMPANY, ACCOUNT), (COMPANY,), rights=("SELECT", "INSERT", "UPDATE (superseded_at)")
    ),
    "divisions": Policy(
        (COMPANY, OWN_DIVISION), (COMPANY,), rights=("SELECT", "INSERT", "UPDATE (superseded_at)")
    ),
    "division_parts": Policy((COMPANY, ACCOUNT), (COMPANY,), rights=ADD),
    "meter_checks": Policy(
        (COMPANY, ACCOUNT), (COMPANY,), rights=("SELECT", "INSERT", "UPDATE (superseded_at)")
    ),
    "troubles": Policy(
        (COMPANY, DISPATCHED, ACCOUNT, "house_id = ANY ((SELECT paylogic_houses())::int[])"),
        (COMPANY, DISPATCHED),
        rights=("SELECT", "INSERT", "UPDATE (superseded_at)"),
    ),
    "late_facts": Policy(
        (COMPANY, DISPATCHED, ACCOUNT),
        (COMPANY, DISPATCHED),
        rights=(*ADD, "UPDATE (run_id, dismissed_at, dismissed_by, dismissal)"),
    ),
    "jobs": Policy((COMPANY, CREATED_BY), rights=ADD),
    # Why a month is dearer than the last: sums by house, counted by workers.
    "change_months": Policy(public=True, writes=()),
    "change_houses": Policy((COMPANY,)),
    "change_sums": Policy((COMPANY,)),
    # «Что если»: a company asks about its own houses; marks of changed facts are the workers' own.
    "what_ifs": Policy((COMPANY,), rights=(*ADD, "UPDATE (state)")),
    "what_if_sums": Policy((OWN_WHAT_IF,), ()),
    "what_if_extremes": Policy((OWN_WHAT_IF,), ()),
    # Money is posted by workers alone.
    "entries": Policy(("EXISTS (SELECT 1 FROM postings p WHERE p.entry_id = entries.id)",)),
    "postings": Policy((COMPANY, ACCOUNT, ORGANISATION)),
    "opening_balances": Policy((COMPANY, ACCOUNT)),
    "book_sums": Policy(),
    "payments": Policy((COMPANY, ACCOUNT, AGENT)),
    "payment_decisions": Policy(rights=ADD),
    "agent_gates": Policy(rights=WRITE),
    # Cards and СБП: pages ask, workers speak with banks; a resident sees orders and checks of their accounts.
    "card_gates": Policy((f"kind = 'bank' AND is_active AND {SIGNED_IN}",), (), rights=WRITE),
    "card_orders": Policy((COMPANY, ACCOUNT), rights=WRITE),
    "card_parts": Policy((OWN_ORDER,), rights=(*ADD, "UPDATE (is_off)")),
    "card_notices": Policy((OWN_ORDER,), (), rights=(*ADD, "UPDATE (times)")),
    "card_refunds": Policy((COMPANY,), rights=(*ADD, "UPDATE (state, decided_by, decided_at, next_at)")),
    "card_checks": Policy(
        (COMPANY, ACCOUNT),
        (f"{COMPANY} AND receipt_id IS NOT NULL",),
        rights=(*ADD, "UPDATE (state, words, next_at)"),
    ),
    # Penalties: values wait for a second person; workers count and post, the web asks.
    "penalty_values": Policy(
        reads=(f"state = 'approved' AND {SIGNED_IN}",),
        writes=(),
        rights=(*ADD, "UPDATE (state, decided_by, decided_at, superseded_at)"),
    ),
    "penalty_runs": Policy(
        (COMPANY, f"company_id IS NULL AND {HAS_COMPANIES}", f"state = 'posted' AND {SIGNED_IN}"),
        (),
        rights=(*ADD, "UPDATE (state, approved_by, undone_by)"),
    ),
    "netting_trials": Policy(rights=(*ADD, "UPDATE (state, ground, proposed_by, decided_by, decided_at)")),
    "netting_trial_accounts": Policy(),
    "policy_trials": Policy(rights=(*ADD, "UPDATE (state, ground, proposed_by, decided_by, decided_at)")),
    "policy_trial_accounts": Policy(),
    "policy_trial_sums": Policy(),
    "penalty_pauses": Policy((COMPANY, f"{ACCOUNT} AND {PENALTY_POSTED}")),
    # Agreements: a company makes them for its accounts, a resident asks for his own; workers mark them.
    "agreements": Policy(
        (COMPANY, ACCOUNT),
        (COMPANY, f"{ACCOUNT} AND kind = 'rise' AND state = 'asked'"),
        rights=(
            *ADD,
            "UPDATE (state, rate_permille, document, made_by, made_on, paper_id, ended_on)",
            "UPDATE (cancel_asked_by, cancel_reason, cancelled_by)",
        ),
    ),
    "agreement_parts": Policy((COMPANY, ACCOUNT), (COMPANY,), rights=ADD),
    "penalty_lines": Policy((COMPANY, f"{ACCOUNT} AND {PENALTY_POSTED}")),
    "penalty_parts": Policy((COMPANY, f"{ACCOUNT} AND {PENALTY_POSTED}")),
    # Money out: workers distribute and match, the centre asks; a payee sees what came to it.
    "statements": Policy(rights=ADD),
    "statement_rows": Policy(rights=("SELECT", "UPDATE (message, decided_by, ground)")),
    "arrivals": Policy((AGENT, "agent_id IN (SELECT d.agent_id FROM cash_desks d)"), ()),
    "arrival_entries": Policy(),
    "payout_runs": Policy(
        rights=(
            *ADD,
            "UPDATE (state, approved_by, undone_by, undo_reason)",
            "UPDATE (file, file_digest, exported_by, exported_at)",
        )
    ),
    "transfers": Policy((f"state <> 'draft' AND {PAYEE}",), (), rights=("SELECT", "UPDATE (state)")),
    "payout_shares": Policy((f"is_live AND {PAYEE}",)),
    "register_profiles": Policy((AGENT, "agent_id IS NULL"), (), rights=WRITE),
    "registers": Policy((AGENT,), rights=(*ADD, "UPDATE (state, accepted_by)")),
    "register_rows": Policy((AGENT,), ()),
    # Days of agents: both sides see them and answer each other; workers compare and post.
    "agent_days": Policy((AGENT,), rights=(*ADD, "UPDATE (state)")),
    "agent_day_rows": Policy(
        (AGENT,),
        rights=(
            "SELECT",
            "UPDATE (state, deed, ground, answer, message, proposed_by, decided_by, decided_at)",
        ),
    ),
    # Dispatch.
    "service_requests": Policy(
        (COMPANY, DISPATCHED, ACCOUNT, CREATED_BY),
        (COMPANY, DISPATCHED, f"{ACCOUNT} AND {CREATED_BY}"),
        rights=WRITE,
    ),
    "request_events": Policy(
        (COMPANY, DISPATCHED, f"to_resident AND {OWN_REQUEST}"),
        (COMPANY, DISPATCHED, f"{USER} AND {OWN_REQUEST}"),
        rights=ADD,
    ),
    "incidents": Policy(
        (COMPANY, DISPATCHED, "house_ids && (SELECT paylogic_houses())"), (COMPANY, DISPATCHED), rights=WRITE
    ),
    # The edge: the web appends; an event never comes back to it.
    "inbox": Policy((COMPANY, ACCOUNT), rights=ADD),
    "outbox": Policy(writes=(SIGNED_IN,), rights=ADD),
    "dead_letters": Policy(rights=("SELECT", "UPDATE (resolved_at, resolved_by, resolution, reason)")),
    "stream_marks": Policy(rights=("SELECT",)),
    "audit": Policy((COMPANY,), (USER,), rights=ADD),
    "files": Policy((COMPANY, ACCOUNT, USER), rights=ADD),
    "papers": Policy((COMPANY, ACCOUNT), rights=ADD),
    # E-mail: a resident writes the wish, the centre starts a mailing, workers alone send.
    "mail_boxes": Policy((COMPANY, ACCOUNT), rights=WRITE),
    "mail_runs": Policy(rights=("SELECT", "INSERT", "UPDATE (state, finished_at)")),
    "mail_letters": Policy(
        (COMPANY, ACCOUNT),
        rights=(*ADD, "UPDATE (key, state, words, attempts, next_at, details, changed_at)"),
    ),
    "mail_returns": Policy(rights=ADD),
    "mail_state": Policy(),
    # Cash desks: the centre opens one for a company, its people take money; the books are the workers'.
    "cash_desks": Policy((COMPANY,), (), rights=(*ADD, "UPDATE (checks, fiscal_gate_id)")),
    "cash_deposits": Policy((COMPANY,), rights=ADD),
    "cash_shifts": Policy(
        (COMPANY,),
        rights=(
            *ADD,
            "UPDATE (closed_at, taken_count, taken_kopecks, voided_count, voided_kopecks, deposit_id)",
        ),
    ),
    "cash_receipts": Policy(
        (COMPANY,), rights=(*ADD, "UPDATE (voided_at, void_reason, voided_by, void_check_number)")
    ),
    # Debts: workers count and draft, people approve; nothing of it is shown to other debtors.
    "debtors": Policy((COMPANY,), ()),
    "collections": Policy((COMPANY,), ()),
    "debt_cases": Policy(
        (COMPANY,), rights=("SELECT", "UPDATE (stage, next_stage, ready_on, held_until, hold_reason)")
    ),
    "debt_batches": Policy(
        (COMPANY,),
        rights=(*ADD, "UPDATE (state, approved_by, approved_at, undone_by, undone_at, undo_reason)"),
    ),
    "debt_steps": Policy(
        (COMPANY, f"{ACCOUNT} AND delivery = 'cabinet'"),
        (COMPANY,),
        rights=(
            *ADD,
            "UPDATE (state, amount_kopecks, batch_id, delivery, delivered_on, delivery_note, delivered_by)",
        ),
    ),
    "imports": Policy((COMPANY, USER), rights=("SELECT", "INSERT", "UPDATE (state)")),
    "import_verdicts": Policy(("EXISTS (SELECT 1 FROM imports i WHERE i.id = import_id)",), rights=ADD),
    # What a company tells people; drafts are its own.
    "news": Policy((COMPANY, "published_at IS NOT NULL AND withdrawn_at IS NULL"), (COMPANY,), rights=WRITE),
    "documents": Policy((COMPANY, "published_at IS NOT NULL"), (COMPANY,), rights=WRITE),
    "notices": Policy((COMPANY, ACCOUNT), (COMPANY,), rights=ADD),
    "notice_settings": Policy((ACCOUNT, ACCOUNT_OF_COMPANY), rights=WRITE),
    "consents": Policy((COMPANY, ACCOUNT), rights=(*ADD, "UPDATE (withdrawn_on)")),
    # Users. Sign-in itself goes through functions of storage.rights, before anybody is known.
    "users": Policy(
        ("id = (SELECT paylogic_user())", ORGANISATION, RESIDENT_OF_COMPANY),
        ("id = (SELECT paylogic_user())", RESIDENT_OF_COMPANY),
        rights=(*ADD, "UPDATE (password_hash, full_name, is_active, must_change_password, single_keys)"),
    ),
    "user_accounts": Policy((USER, ACCOUNT_OF_COMPANY), (ACCOUNT_OF_COMPANY,), rights=ADD),
    "user_sessions": Policy((USER,), rights=("SELECT", "INSERT", "UPDATE (seen_at, expires_at, ended_at)")),
    "sign_in_attempts": Policy(writes=("true",), rights=ADD),
    "user_filters": Policy((USER,), rights=WRITE),
}
