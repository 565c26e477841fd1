"""SQL of the payment document: who pays, what is charged, what was paid, meters, suppliers."""

from __future__ import annotations

from sqlalchemy import text

HEAD = text("""
    SELECT a.id, a.number, a.els, a.payer_name, a.house_id, a.flat_id,
           f.number AS flat, f.kind AS flat_kind, r.number AS room, h.number AS house, h.postcode,
           s.kind AS street_kind, s.name AS street, c.name AS city,
           o.name, o.short_name, o.inn, o.kpp, o.ogrn,
           o.bank_account, o.bank_name, o.bank_bic, o.bank_corr_account,
           o.address, o.phone, o.emergency_phone, o.site, o.email, o.office_hours,
           t.area_dm2, t.living_area_dm2, t.heated_area_dm2, t.residents, t.temporary
    FROM accounts a
    JOIN flats f ON f.id = a.flat_id
    LEFT JOIN rooms r ON r.id = a.room_id
    JOIN houses h ON h.id = a.house_id
    JOIN streets s ON s.id = h.street_id
    JOIN cities c ON c.id = s.city_id
    JOIN organisations o ON o.id = a.company_id
    LEFT JOIN account_facts t ON t.account_id = a.id AND t.superseded_at IS NULL
         AND t.valid_from <= :last_day AND (t.valid_to IS NULL OR t.valid_to > :last_day)
    WHERE a.id = :account_id
""")

LINES = text("""
    SELECT service, component, basis, first_day, days, volume_den, rate,
           sum(volume_num)::bigint AS volume_num,
           sum(amount_kopecks)::bigint AS amount, sum(surcharge_kopecks)::bigint AS surcharge,
           sum(raised_num)::bigint AS raised_num
    FROM lines WHERE account_id = :account_id AND run_id = ANY (:runs)
    GROUP BY service, component, basis, first_day, days, volume_den, rate
    HAVING sum(amount_kopecks) <> 0 OR sum(surcharge_kopecks) <> 0 OR sum(volume_num) <> 0
    ORDER BY service, component, first_day
""")

RUNS = text("""
    SELECT id, period FROM runs WHERE state = 'published' AND period BETWEEN :first AND :period
""")

HISTORY = text("""
    SELECT r.period, sum(a.amount_kopecks + a.surcharge_kopecks)::bigint AS charged
    FROM run_accounts a JOIN runs r ON r.id = a.run_id
    WHERE a.account_id = :account_id AND a.run_id = ANY (:runs)
    GROUP BY r.period
""")

MONEY = text("""
    SELECT (SELECT amount_kopecks FROM opening_balances
            WHERE account_id = :account_id AND period = :period) AS opening,
           coalesce(sum(p.amount_kopecks), 0)::bigint AS posted,
           max(e.booked_on) FILTER (WHERE p.amount_kopecks < 0) AS last_paid_on
    FROM postings p JOIN entries e ON e.id = p.entry_id
    WHERE p.account_id = :account_id AND p.period = :period AND p.book = 1
""")

METERS = text("""
    SELECT m.account_id, m.service, m.serial, m.place, m.zones, m.digits, m.verified_until, m.kind,
           m.initial1_micro, m.initial2_micro, m.initial3_micro,
           r.taken_on, r.source, r.prev_period, r.value1_micro, r.value2_micro, r.value3_micro,
           r.prev1_micro, r.prev2_micro, r.prev3_micro
    FROM meters m
    LEFT JOIN readings r ON r.meter_id = m.id AND r.period = :period AND r.superseded_at IS NULL
         AND r.status = 'accepted'
    WHERE (m.account_id = :account_id OR (m.house_id = :house_id AND m.kind = 'house'))
      AND m.installed_on <= :last_day AND (m.removed_on IS NULL OR m.removed_on >= :period)
    ORDER BY m.service, m.id
""")

CONTACTS = text("""
    SELECT o.id, o.short_name, o.phone, o.address, o.site, array_agg(DISTINCT s.service) AS services
    FROM house_services s JOIN organisations o ON o.id = s.supplier_id
    WHERE s.house_id = :house_id AND s.superseded_at IS NULL
      AND s.valid_from <= :last_day AND (s.valid_to IS NULL OR s.valid_to > :period)
    GROUP BY o.id ORDER BY o.short_name
""")
