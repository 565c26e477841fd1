"""SQL of the payment document: who pays, what is charged, what was paid, meters, suppliers."""

from __future__ import annotations

from sqlalchemy import text

HEAD = text("""
    SELECT a.id, a.number, a.els, a.gis_id, a.is_large_print, a.payer_name, a.house_id,
           a.flat_id, a.company_id,
           f.number AS flat, f.kind AS flat_kind, r.number AS room, h.number AS house, h.postcode,
           s.kind AS street_kind, s.name AS street, c.name AS city,
           o.name, o.short_name, o.inn, o.kpp, o.ogrn,
           o.bank_account, o.bank_name, o.bank_bic, o.bank_corr_account,
           o.address, o.phone, o.emergency_phone, o.site, o.email, o.office_hours,
           v.share_num, v.share_den,
           coalesce(t.area_dm2, CASE WHEN v.share_num IS NOT NULL THEN f.area_dm2 END) AS area_dm2,
           t.living_area_dm2, t.heated_area_dm2, t.residents, t.temporary
    FROM accounts a
    JOIN flats f ON f.id = a.flat_id
    LEFT JOIN rooms r ON r.id = a.room_id
    JOIN houses h ON h.id = a.house_id
    JOIN streets s ON s.id = h.street_id
    JOIN cities c ON c.id = s.city_id
    JOIN organisations o ON o.id = a.company_id
    LEFT JOIN account_facts t ON t.account_id = a.id AND t.superseded_at IS NULL
         AND t.valid_from <= :last_day AND (t.valid_to IS NULL OR t.valid_to > :last_day)
    LEFT JOIN LATERAL (
      SELECT p.share_num, p.share_den FROM division_parts p JOIN divisions d ON d.id = p.division_id
       WHERE p.account_id = a.id AND d.superseded_at IS NULL AND d.valid_from <= :last_day
         AND (d.valid_to IS NULL OR d.valid_to > :last_day) LIMIT 1) v ON true
    WHERE a.id = ANY (:accounts)
""")

LINES = text("""
    SELECT account_id, supplier_id, service, component, basis, first_day, days, volume_den, rate,
           sum(volume_num)::bigint AS volume_num,
           sum(amount_kopecks)::bigint AS amount, sum(surcharge_kopecks)::bigint AS surcharge,
           sum(raised_num)::bigint AS raised_num
    FROM lines WHERE account_id = ANY (:accounts) AND run_id = ANY (:runs)
     AND basis <> ALL (CAST(:apart AS int[]))
    GROUP BY account_id, supplier_id, service, component, basis, first_day, days, volume_den, rate
    HAVING sum(amount_kopecks) <> 0 OR sum(surcharge_kopecks) <> 0 OR sum(volume_num) <> 0
    ORDER BY service, component, first_day, basis, rate, volume_den
""")

# What льготы take off the charges of the month; a льгота paid to the person takes off nothing.
BENEFITS = text("""
    SELECT account_id, supplier_id, service, -sum(amount_kopecks)::bigint AS amount
    FROM lines WHERE account_id = ANY (:accounts) AND run_id = ANY (:runs)
     AND basis = ANY (CAST(:benefits AS int[]))
    GROUP BY account_id, supplier_id, service HAVING sum(amount_kopecks) <> 0 ORDER BY service
""")

# What a document charges by payee, service and month it is about: VAT is extracted from these sums.
VAT_SUMS = text("""
    SELECT l.account_id, l.supplier_id, l.service::int AS service,
           (r.period - l.months_back * interval '1 month')::date AS of_month,
           sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS kopecks
    FROM lines l JOIN runs r ON r.id = l.run_id
    WHERE l.account_id = ANY (:accounts) AND l.run_id = ANY (:runs)
    GROUP BY 1, 2, 3, 4
""")

# A document holds what entered the balance of its month: runs by the month they were posted in. A correction
# of a closed month is posted in the open one, so it stands in that document as a recalculation.
RUNS = text("""
    SELECT id, period, posted_in, kind = 'correction' AS is_correction FROM runs
    WHERE state = 'published' AND posted_in BETWEEN :first AND :period
""")

CORRECTIONS = text("""
    SELECT l.account_id, l.supplier_id, l.service, l.component,
           min(m.month) AS first_month, max(m.month) AS last_month,
           sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS amount,
           array_agg(DISTINCT coalesce(late.ground, c.ground)) FILTER (WHERE c.ground IS NOT NULL) AS grounds,
           array_agg(DISTINCT l.basis) FILTER (WHERE l.basis = ANY (CAST(:reductions AS int[]))) AS bases
    FROM lines l JOIN runs r ON r.id = l.run_id LEFT JOIN corrections c ON c.run_id = r.id
    LEFT JOIN (
      SELECT f.run_id, a.id AS account_id, string_agg(DISTINCT f.ground, '; ') AS ground
        FROM late_facts f JOIN accounts a
          ON a.id = f.account_id OR f.account_id IS NULL AND a.house_id = f.house_id
       WHERE f.run_id = ANY (:runs) AND a.id = ANY (:accounts) AND f.ground <> '' GROUP BY 1, 2) late
      ON r.scope_kind = 'late' AND late.run_id = r.id AND late.account_id = l.account_id
    CROSS JOIN LATERAL (SELECT (r.period - l.months_back * interval '1 month')::date AS month) m
    WHERE l.account_id = ANY (:accounts) AND l.run_id = ANY (:runs)
      AND (r.kind = 'correction' OR r.period < :period OR l.basis = ANY (CAST(:reductions AS int[])))
    GROUP BY l.account_id, l.supplier_id, l.service, l.component
    HAVING sum(l.amount_kopecks + l.surcharge_kopecks) <> 0
    ORDER BY l.service, l.component
""")

HISTORY = text("""
    SELECT a.account_id, r.posted_in AS period, sum(a.amount_kopecks + a.surcharge_kopecks)::bigint AS charged
    FROM run_accounts a JOIN runs r ON r.id = a.run_id
    WHERE a.account_id = ANY (:accounts) AND a.run_id = ANY (:runs)
    GROUP BY a.account_id, r.posted_in
""")

MONEY = text("""
    SELECT a.account_id, o.amount_kopecks AS opening,
           coalesce(sum(p.amount_kopecks) FILTER (WHERE e.kind <> 'interest'), 0)::bigint AS posted,
           coalesce(sum(p.amount_kopecks) FILTER (WHERE e.kind = 'interest'), 0)::bigint AS interest,
           max(e.booked_on) FILTER (WHERE p.amount_kopecks < 0) AS last_paid_on
    FROM unnest(CAST(:accounts AS int[])) AS a (account_id)
    LEFT JOIN opening_balances o ON o.account_id = a.account_id AND o.period = :period
    LEFT JOIN postings p ON p.account_id = a.account_id AND p.period = :period AND p.book = 1
    LEFT JOIN entries e ON e.id = p.entry_id
    GROUP BY a.account_id, o.amount_kopecks
""")

METERS = text("""
    SELECT m.account_id, m.house_id, m.service, m.serial, m.place, m.zones, m.digits, m.verified_until,
    m.kind,
           m.initial1_micro, m.initial2_micro, m.initial3_micro,
           r.taken_on, r.source, r.prev_period, r.value1_micro, r.value2_micro, r.value3_micro,
           r.prev1_micro, r.prev2_micro, r.prev3_micro
    FROM meters m
    LEFT JOIN readings r ON r.meter_id = m.id AND r.period = :period AND r.superseded_at IS NULL
         AND r.status = 'accepted'
    WHERE m.id IN (SELECT id FROM meters WHERE account_id = ANY (:accounts)
                   UNION ALL SELECT id FROM meters WHERE house_id = ANY (:houses) AND kind = 'house')
      AND m.installed_on <= :last_day AND (m.removed_on IS NULL OR m.removed_on >= :period)
    ORDER BY m.service, m.id
""")

CONTACTS = text("""
    SELECT s.house_id, o.id, o.short_name, o.phone, o.address, o.site, array_agg(DISTINCT s.service) AS
    services
    FROM house_services s JOIN organisations o ON o.id = s.supplier_id
    WHERE s.house_id = ANY (:houses) AND s.superseded_at IS NULL
      AND s.valid_from <= :last_day AND (s.valid_to IS NULL OR s.valid_to > :period)
    GROUP BY s.house_id, o.id ORDER BY o.short_name, o.id
""")

REQUISITES = text("""
    SELECT id, name, inn, kpp, ogrn, bank_account, bank_name, bank_bic, bank_corr_account, address, phone,
           emergency_phone, site, email, office_hours
      FROM organisations WHERE id = ANY (:ids)
""")
