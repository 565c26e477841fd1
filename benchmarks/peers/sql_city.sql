-- Peer of P2: the same month of the same city by set-based SQL, as a database programmer would write it: temporary
-- tables stage by stage, INSERT … SELECT per service. Words in braces are our own integers and dates (see sql_city.py); houses
-- first_house … last_house are one connection's share of the city. The month must have no value that changes
-- inside it. Statements end with a line «;;».

CREATE FUNCTION pg_temp.charge(num bigint, den bigint, rate bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN num < 0 THEN -((-2 * num * rate + den * 100000000) / (2 * den * 100000000))
               ELSE (2 * num * rate + den * 100000000) / (2 * den * 100000000) END $$
;;
CREATE FUNCTION pg_temp.charge_wide(num numeric, den numeric, rate bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN num < 0 THEN -div(-2 * num * rate + den * 100000000, 2 * den * 100000000)
               ELSE div(2 * num * rate + den * 100000000, 2 * den * 100000000) END::bigint $$
;;
CREATE FUNCTION pg_temp.ordinal(day date) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT (extract(year FROM day) * 12 + extract(month FROM day) - 1)::int $$
;;

-- ---- houses, their services, tariffs and norms -------------------------------------------------------------

CREATE TEMP TABLE h AS
SELECT h.id AS house_id, coalesce(m.company_id, h.company_id) AS company_id, h.zone_id,
       coalesce(s.area_total_dm2, h.area_total_dm2) AS total, coalesce(s.area_common_dm2, h.area_common_dm2) AS common,
       h.heating_mode = 'uniform' AS uniform
  FROM houses h
  LEFT JOIN LATERAL (SELECT area_total_dm2, area_common_dm2 FROM house_states s
        WHERE s.house_id = h.id AND valid_from <= '{last_day}' AND (valid_to IS NULL OR valid_to > '{last_day}')
          AND superseded_at IS NULL ORDER BY valid_from DESC, id DESC LIMIT 1) s ON true
  LEFT JOIN LATERAL (SELECT company_id FROM house_managements m
        WHERE m.house_id = h.id AND valid_from <= '{last_day}' AND (valid_to IS NULL OR valid_to > '{last_day}')
          AND superseded_at IS NULL ORDER BY valid_from DESC, id DESC LIMIT 1) m ON true
 WHERE h.id BETWEEN {first_house} AND {last_house}
;;
CREATE TEMP TABLE hs AS
SELECT DISTINCT ON (house_id, service) house_id, service, supplier_id, method FROM house_services
 WHERE house_id BETWEEN {first_house} AND {last_house} AND superseded_at IS NULL
   AND valid_from < '{after}' AND (valid_to IS NULL OR valid_to > '{first_day}')
 ORDER BY house_id, service, valid_from DESC, id DESC
;;
CREATE TEMP TABLE t AS
SELECT house_id, service, component, max(rate) FILTER (WHERE consumer = 'population') AS people,
       max(rate) FILTER (WHERE consumer = 'nonresidential') AS business
  FROM (SELECT DISTINCT ON (h.house_id, t.service, t.component, t.consumer)
               h.house_id, t.service, t.component, t.consumer, t.rate
          FROM h JOIN hs USING (house_id) JOIN tariffs t ON t.service IN (hs.service, hs.service - 20)
           AND (t.house_id IS NULL OR t.house_id = h.house_id) AND (t.zone_id IS NULL OR t.zone_id = h.zone_id)
           AND (t.organisation_id IS NULL OR t.organisation_id IN (h.company_id, hs.supplier_id))
         WHERE t.superseded_at IS NULL AND t.valid_from <= '{first_day}'
           AND (t.valid_to IS NULL OR t.valid_to > '{first_day}')
         ORDER BY h.house_id, t.service, t.component, t.consumer, t.house_id IS NOT NULL DESC,
               t.organisation_id IS NOT DISTINCT FROM h.company_id DESC, t.organisation_id IS NOT NULL DESC,
               t.zone_id IS NOT NULL DESC, t.valid_from DESC, t.id DESC) resolved
 GROUP BY house_id, service, component
;;
CREATE TEMP TABLE n AS
SELECT DISTINCT ON (h.house_id, n.service, n.kind) h.house_id, n.service, n.kind, n.value_micro AS value
  FROM h JOIN norms n ON (n.house_id IS NULL OR n.house_id = h.house_id)
   AND (n.zone_id IS NULL OR n.zone_id = h.zone_id)
   AND (n.organisation_id IS NULL OR n.organisation_id = h.company_id)
 WHERE n.superseded_at IS NULL AND n.valid_from <= '{first_day}'
   AND (n.valid_to IS NULL OR n.valid_to > '{first_day}') AND n.rooms IS NULL AND n.persons IS NULL
 ORDER BY h.house_id, n.service, n.kind, n.house_id IS NOT NULL DESC, n.organisation_id IS NOT NULL DESC,
       n.zone_id IS NOT NULL DESC, n.valid_from DESC, n.id DESC
;;
CREATE TEMP TABLE light AS
SELECT DISTINCT ON (h.house_id, rooms.r, persons.p) h.house_id, rooms.r AS rooms, persons.p AS persons,
       n.value_micro AS value
  FROM h CROSS JOIN generate_series(1, 4) rooms(r) CROSS JOIN generate_series(1, 5) persons(p)
  JOIN norms n ON n.service = 5 AND n.kind = 'person' AND (n.house_id IS NULL OR n.house_id = h.house_id)
   AND (n.zone_id IS NULL OR n.zone_id = h.zone_id) AND (n.rooms IS NULL OR n.rooms = rooms.r)
   AND (n.persons IS NULL OR n.persons = persons.p)
 WHERE n.superseded_at IS NULL AND n.valid_from <= '{first_day}'
   AND (n.valid_to IS NULL OR n.valid_to > '{first_day}')
 ORDER BY h.house_id, rooms.r, persons.p, n.house_id IS NOT NULL DESC, n.zone_id IS NOT NULL DESC,
       n.persons IS NOT NULL DESC, n.rooms IS NOT NULL DESC, n.valid_from DESC, n.id DESC
;;
-- One row a house and service with all that lines of it need.
CREATE TEMP TABLE s AS
SELECT hs.house_id, hs.service, hs.supplier_id, hs.method, t0.people AS people0, t0.business AS business0,
       t1.people AS people1, t1.business AS business1, t2.people AS people2, t2.business AS business2,
       t3.people AS people3, t3.business AS business3, n.value AS norm
  FROM hs LEFT JOIN t t0 ON t0.house_id = hs.house_id AND t0.service = hs.service AND t0.component = 0
  LEFT JOIN t t1 ON t1.house_id = hs.house_id AND t1.service = hs.service AND t1.component = 1
  LEFT JOIN t t2 ON t2.house_id = hs.house_id AND t2.service = hs.service AND t2.component = 2
  LEFT JOIN t t3 ON t3.house_id = hs.house_id AND t3.service = hs.service AND t3.component = 3
  LEFT JOIN n ON n.house_id = hs.house_id AND n.service = hs.service AND n.kind =
       CASE WHEN hs.service IN (1, 2, 3, 6) THEN 'person' WHEN hs.service = 4 THEN 'area'
            WHEN hs.service = 7 THEN 'waste_year' ELSE 'common' END
;;
CREATE UNIQUE INDEX ON s (service, house_id)
;;
ANALYZE h, s, n, light
;;

-- ---- accounts ----------------------------------------------------------------------------------------------

CREATE TEMP TABLE a AS
SELECT a.id AS account_id, a.house_id, a.company_id, a.kind = 'nonresidential' AS business, greatest(1, least(f.rooms, 4)) AS rooms,
       greatest(1, least(5, CASE WHEN f.residents > 0 THEN f.residents ELSE f.owners END)) AS persons,
       f.area, f.area_days, f.people_days, f.stay_days, f.open_days, f.lived = 0 AS by_owners, f.impossible,
       f.area_days = f.area * f.open_days AND f.open_days = {days} AS steady, false AS parked
  FROM accounts a CROSS JOIN LATERAL (
       SELECT max(fl.rooms_count) AS rooms, sum(d.days) AS open_days, sum(coalesce(f.area_dm2, 0)::bigint * d.days)::bigint AS area_days,
              sum(d.days * CASE WHEN f.residents > 0 THEN f.residents WHEN f.temporary > 0 THEN 0 ELSE f.owners END)
                  AS people_days,
              sum(f.temporary * d.days) AS stay_days, sum(f.residents * d.days) AS lived,
              (array_agg(f.area_dm2 ORDER BY f.valid_from DESC))[1]::bigint AS area,
              (array_agg(f.residents ORDER BY f.valid_from DESC))[1] AS residents,
              (array_agg(f.owners ORDER BY f.valid_from DESC))[1] AS owners,
              (array_agg(f.meter_impossible ORDER BY f.valid_from DESC))[1] AS impossible
         FROM account_facts f JOIN flats fl ON fl.id = a.flat_id
        CROSS JOIN LATERAL (SELECT greatest(0,
              least(f.valid_to, '{after}'::date, a.closed_on + 1) - greatest(f.valid_from, '{first_day}'::date, a.opened_on)
              ) AS days) d
        WHERE f.account_id = a.id AND f.superseded_at IS NULL AND f.valid_from < '{after}'
          AND (f.valid_to IS NULL OR f.valid_to > '{first_day}')
          AND f.valid_from <= least(a.closed_on, '{last_day}'::date)) f
 WHERE a.house_id BETWEEN {first_house} AND {last_house} AND a.opened_on <= '{last_day}'
   AND (a.closed_on IS NULL OR a.closed_on >= '{first_day}')
;;
CREATE TEMP TABLE off AS
SELECT account_id, service FROM account_services
 WHERE house_id BETWEEN {first_house} AND {last_house} AND superseded_at IS NULL AND NOT is_on
   AND valid_from < '{after}' AND (valid_to IS NULL OR valid_to > '{first_day}')
;;
CREATE UNIQUE INDEX ON a (account_id)
;;
ANALYZE a, off
;;

-- ---- meters: row of the decision table, volumes by reading and by average -----------------------------------

CREATE TEMP TABLE m AS
SELECT m.id, m.account_id, m.service, m.zones, r.id IS NOT NULL AS has, m.supplier_duty AND m.service = 5 AS duty,
       coalesce(r.prev1_micro, b.value1_micro, m.initial1_micro) AS start1, r.value1_micro AS end1,
       coalesce(r.prev2_micro, b.value2_micro, m.initial2_micro) AS start2, r.value2_micro AS end2,
       coalesce(r.prev3_micro, b.value3_micro, m.initial3_micro) AS start3, r.value3_micro AS end3,
       (10 ^ m.digits)::bigint * 1000000 AS turn,
       coalesce(pg_temp.ordinal(coalesce(r.prev_period, CASE WHEN r.id IS NULL THEN b.period END)),
                pg_temp.ordinal(m.installed_on) - 1) AS previous,
       e.failed, e.refused, coalesce(w.window_months, 0) AS months,
       coalesce(w.window1_micro, 0) AS window1, coalesce(w.window2_micro, 0) AS window2,
       coalesce(w.window3_micro, 0) AS window3
  FROM meters m
  LEFT JOIN readings r ON r.period = '{first_day}' AND r.meter_id = m.id AND r.superseded_at IS NULL
   AND r.status = 'accepted'
  CROSS JOIN LATERAL (SELECT
       greatest(0, {ordinal} + 1 - coalesce(pg_temp.ordinal(m.verified_until + 1), {ordinal} + 1),
                coalesce(max({ordinal} + 1 - pg_temp.ordinal(e.valid_from)) FILTER (WHERE e.kind = 'fault'), 0)) AS failed,
       coalesce(max({ordinal} + 1 - pg_temp.ordinal(e.valid_from)) FILTER (WHERE e.kind = 'refusal'), 0) AS refused
         FROM meter_events e WHERE m.has_events AND e.meter_id = m.id AND e.superseded_at IS NULL
          AND e.valid_from <= '{last_day}') e
  LEFT JOIN LATERAL (SELECT p.* FROM readings p WHERE r.id IS NULL AND p.meter_id = m.id AND p.period < '{first_day}'
          AND p.superseded_at IS NULL AND p.status = 'accepted' ORDER BY p.period DESC LIMIT 1) b ON true
  LEFT JOIN LATERAL (SELECT p.window_months, p.window1_micro, p.window2_micro, p.window3_micro FROM readings p
        WHERE (r.id IS NULL OR e.failed > 0) AND p.meter_id = m.id
          AND p.period <= ('{first_day}'::date - make_interval(months => greatest(e.failed, 1)::int))::date
          AND p.superseded_at IS NULL AND p.status = 'accepted' ORDER BY p.period DESC LIMIT 1) w ON true
 WHERE m.house_id BETWEEN {first_house} AND {last_house} AND m.account_id IS NOT NULL
   AND m.installed_on <= '{last_day}' AND (m.removed_on IS NULL OR m.removed_on > '{first_day}')
   AND NOT EXISTS (SELECT FROM off WHERE off.account_id = m.account_id AND off.service = m.service)
   AND EXISTS (SELECT FROM s WHERE s.house_id = m.house_id AND s.service = m.service)
;;
ANALYZE m
;;
-- What was billed instead of a reading while a meter was silent, split among the silent meters of the service.
CREATE TEMP TABLE late AS
SELECT id, sum(part) FILTER (WHERE zone = 0)::bigint AS billed1, sum(part) FILTER (WHERE zone = 1)::bigint AS billed2,
       sum(part) FILTER (WHERE zone = 2)::bigint AS billed3
  FROM (SELECT m.id, l.zone, l.volume / count(*) OVER line
               + CASE WHEN row_number() OVER (line ORDER BY m.id) <= l.volume % count(*) OVER line THEN 1 ELSE 0 END AS part,
               m.has AND m.previous < {ordinal} - 1 AS is_late
          FROM (SELECT l.ctid AS place, l.tableoid, l.account_id, l.service, pg_temp.ordinal(r.period) AS closed,
                       CASE WHEN l.service = 2 THEN 0 ELSE greatest(l.component - 1, 0) END AS zone,
                       (2 * l.volume_num + l.volume_den) / (2 * l.volume_den) AS volume
                  FROM runs r JOIN lines l ON l.run_id = r.id
                 WHERE r.state = 'published' AND r.period < '{first_day}' AND l.basis NOT IN (1, 13, 15) AND l.basis < 112
                   AND NOT (l.service = 2 AND l.component = 2) AND l.service IN (1, 2, 3, 4, 5, 6)
                   AND l.account_id IN (SELECT account_id FROM m WHERE has AND previous < {ordinal} - 1)) l
          JOIN m ON m.account_id = l.account_id AND m.service = l.service AND m.previous < l.closed
           AND (NOT m.has OR m.previous < {ordinal} - 1)
        WINDOW line AS (PARTITION BY l.tableoid, l.place)) parts
 WHERE is_late GROUP BY id
;;
CREATE TEMP TABLE ranked AS
SELECT m.*, late.billed1, late.billed2, late.billed3, months >= {months_least} AS enough,
       CASE WHEN has AND failed = 0 AND refused = 0 THEN CASE WHEN previous < {ordinal} - 1 THEN 10 ELSE 11 END
            WHEN a.business THEN CASE WHEN months >= {months_least} AND {periods_business} >=
                      CASE WHEN refused > 0 THEN refused WHEN failed > 0 THEN failed ELSE {ordinal} - previous END
                 THEN 9 ELSE 4 END
            WHEN refused > 0 THEN CASE WHEN refused > {periods_refused} THEN 1 WHEN months >= {months_least} THEN 6 ELSE 3 END
            WHEN failed > 0 AND duty THEN CASE WHEN months >= {months_least} THEN 8 ELSE 3 END
            WHEN failed > 0 THEN CASE WHEN failed > {periods_fault} THEN 0 WHEN months >= {months_least} THEN 5 ELSE 3 END
            WHEN {ordinal} - previous > {periods_silent} THEN 2 WHEN months >= {months_least} THEN 7 ELSE 3 END AS rank
  FROM m JOIN a USING (account_id) LEFT JOIN late USING (id)
;;
CREATE TEMP TABLE v AS
SELECT account_id, service, component, rank, basis, CASE WHEN rank >= 10 THEN num ELSE num60 END AS num,
       CASE WHEN rank >= 10 THEN 1 ELSE 60 END AS den,
       CASE WHEN rank >= 10 THEN starts WHEN mixed THEN num60 ELSE windows END AS a,
       CASE WHEN rank >= 10 THEN ends WHEN mixed THEN 60 ELSE months END AS b
  FROM (SELECT z.account_id, z.service, CASE WHEN z.service = 5 AND z.zones > 1 THEN z.zone ELSE 0 END AS component,
               best AS rank, (ARRAY[3,7,5,12,16,2,6,4,10,14,13,1])[best + 1] AS basis,
               sum(read)::bigint AS num,
               sum(CASE WHEN rank >= 10 THEN read * 60 ELSE win * 60 / greatest(months, 1) END)::bigint AS num60,
               sum(start)::bigint AS starts, sum("end")::bigint AS ends, sum(win)::bigint AS windows, max(months) AS months,
               min(months) <> max(months) OR bool_or(rank >= 10) AS mixed
          FROM (SELECT r.account_id, r.service, r.zones, r.rank, r.months, zone.*,
                       min(r.rank) OVER (PARTITION BY r.account_id, r.service) AS best
                  FROM ranked r CROSS JOIN LATERAL (VALUES
                       (1, start1, end1, end1 - start1 + CASE WHEN end1 < start1 THEN turn ELSE 0 END
                           - CASE WHEN rank = 10 THEN coalesce(billed1, 0) ELSE 0 END, window1),
                       (2, start2, end2, end2 - start2 + CASE WHEN end2 < start2 THEN turn ELSE 0 END
                           - CASE WHEN rank = 10 THEN coalesce(billed2, 0) ELSE 0 END, window2),
                       (3, start3, end3, end3 - start3 + CASE WHEN end3 < start3 THEN turn ELSE 0 END
                           - CASE WHEN rank = 10 THEN coalesce(billed3, 0) ELSE 0 END, window3)
                       ) zone(zone, start, "end", read, win)
                 WHERE zone.zone <= CASE WHEN r.service = 5 THEN r.zones ELSE 1 END) z
         GROUP BY z.account_id, z.service, component, best) joined
;;
CREATE INDEX ON v (account_id, service)
;;
ANALYZE v
;;

-- ---- what was used by the norm: waters, light, gas ----------------------------------------------------------

CREATE TEMP TABLE u AS
SELECT a.account_id, s.service, CASE WHEN s.service = 5 THEN light.value ELSE s.norm END AS norm,
       n.value AS norm_area, k.basis, k.basis IN (3, 7, 8) AS raised
  FROM a JOIN s ON s.house_id = a.house_id AND s.service IN (1, 2, 5, 6)
  LEFT JOIN light ON s.service = 5 AND light.house_id = a.house_id AND light.rooms = a.rooms AND light.persons = a.persons
  LEFT JOIN n ON s.service = 6 AND n.house_id = a.house_id AND n.service = 6 AND n.kind = 'area'
  LEFT JOIN LATERAL (SELECT rank, basis FROM v WHERE v.account_id = a.account_id AND v.service = s.service LIMIT 1) v ON true
  CROSS JOIN LATERAL (SELECT CASE WHEN v.rank IS NOT NULL THEN v.basis
                                  WHEN s.service = 6 OR a.impossible >> s.service & 1 = 1 THEN 9 ELSE 8 END AS basis) k
 WHERE coalesce(v.rank, 0) < 5 AND NOT a.business
   AND NOT EXISTS (SELECT FROM off WHERE off.account_id = a.account_id AND off.service = s.service)
;;
CREATE UNIQUE INDEX ON u (service, account_id)
;;
-- Volume of each water and of light over 60 × days, for sewerage and common needs.
CREATE TEMP TABLE used AS
SELECT account_id, service, sum(over)::bigint AS over, bool_or(measured) AS measured FROM (
  SELECT account_id, service, num * (60 / den) * {days} AS over, true AS measured FROM v
   WHERE service IN (1, 2, 5) AND rank >= 5
  UNION ALL
  SELECT u.account_id, u.service, (a.people_days + a.stay_days) * u.norm * 60, false FROM u JOIN a USING (account_id)
   WHERE u.service IN (1, 2, 5)) parts
 GROUP BY account_id, service
;;
CREATE UNIQUE INDEX ON used (service, account_id)
;;
ANALYZE u, used
;;

-- ---- who cannot be charged ----------------------------------------------------------------------------------

CREATE TEMP TABLE house_meter AS
SELECT m.house_id, m.service, bool_and(r.id IS NOT NULL) AS is_read,
       sum(r.value1_micro - r.prev1_micro + CASE WHEN r.value1_micro < r.prev1_micro THEN (10 ^ m.digits)::bigint * 1000000
           ELSE 0 END)::bigint AS volume
  FROM meters m LEFT JOIN readings r ON r.period = '{first_day}' AND r.meter_id = m.id AND r.superseded_at IS NULL
   AND r.status = 'accepted'
 WHERE m.account_id IS NULL AND m.house_id BETWEEN {first_house} AND {last_house} AND m.installed_on <= '{last_day}'
   AND (m.removed_on IS NULL OR m.removed_on > '{first_day}')
 GROUP BY m.house_id, m.service
;;
UPDATE a SET parked = true
 WHERE area IS NULL AND EXISTS (SELECT FROM s WHERE s.house_id = a.house_id AND s.service IN (4, 8, 9, 21, 22, 23, 25))
    OR EXISTS (SELECT FROM u WHERE u.account_id = a.account_id AND u.service = 6 
                  AND (u.norm IS NULL AND u.norm_area IS NULL OR u.norm_area IS NOT NULL AND a.area IS NULL))
    OR EXISTS (SELECT FROM s JOIN h USING (house_id) JOIN house_meter m USING (house_id, service)
                WHERE s.house_id = a.house_id AND s.service = 4 AND NOT m.is_read AND NOT h.uniform)
;;
ANALYZE a, house_meter
;;

-- ---- lines: by meters and averages --------------------------------------------------------------------------

INSERT INTO {table} (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day, days,
                     volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
SELECT {run}, a.account_id, a.company_id, s.supplier_id, v.service, p.component, v.basis, 0, 1, {days},
       v.num, v.den, p.rate, pg_temp.charge(v.num, v.den, p.rate), 0, 0, v.a, v.b
  FROM v JOIN a USING (account_id) JOIN s ON s.house_id = a.house_id AND s.service = v.service
  CROSS JOIN LATERAL (SELECT CASE WHEN v.service = 2 THEN 1 ELSE v.component END AS component,
       CASE CASE WHEN v.service = 2 THEN 1 ELSE v.component END
       WHEN 0 THEN CASE WHEN a.business THEN business0 ELSE people0 END
       WHEN 1 THEN CASE WHEN a.business THEN business1 ELSE people1 END
       WHEN 2 THEN CASE WHEN a.business THEN business2 ELSE people2 END
       ELSE CASE WHEN a.business THEN business3 ELSE people3 END END AS rate) p
 WHERE v.rank >= 5 AND v.service IN (1, 2, 5, 6) AND NOT a.parked
;;
INSERT INTO {table} (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day, days,
                     volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
SELECT {run}, a.account_id, a.company_id, s.supplier_id, 2, 2, v.basis, 0, 1, {days}, v.num * (n.value / g), v.den * (1000000 / g),
       p.rate, pg_temp.charge_wide(v.num * (n.value / g), v.den * (1000000 / g), p.rate), 0, 0, v.a, v.b
  FROM v JOIN a USING (account_id) JOIN s ON s.house_id = a.house_id AND s.service = 2
  JOIN n ON n.house_id = a.house_id AND n.service = 2 AND n.kind = 'heat_per_m3'
  CROSS JOIN LATERAL (SELECT gcd(n.value, 1000000::bigint) AS g,
                             CASE WHEN a.business THEN business2 ELSE people2 END AS rate) p
 WHERE v.rank >= 5 AND v.service = 2 AND NOT a.parked
;;

-- ---- lines: by the norm, and temporary residents apart -------------------------------------------------------

INSERT INTO {table} (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day, days,
                     volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
SELECT {run}, a.account_id, a.company_id, s.supplier_id, u.service, p.component,
       CASE WHEN p.is_stay THEN 15 ELSE u.basis + CASE WHEN a.by_owners THEN 40 ELSE 0 END END, 0, 1, {days},
       p.num, p.den, p.rate, pg_temp.charge(p.num, p.den, p.rate),
       CASE WHEN p.k > 0 THEN pg_temp.charge(p.num * p.k, p.den * 1000, p.rate) ELSE 0 END, p.num * p.k, p.days, u.norm
  FROM u JOIN a USING (account_id) JOIN s ON s.house_id = a.house_id AND s.service = u.service
  CROSS JOIN LATERAL (
       SELECT is_stay, days, CASE WHEN s.service = 2 THEN 1 ELSE 0 END AS component,
              CASE WHEN s.service = 2 THEN s.people1 ELSE s.people0 END AS rate,
              CASE WHEN s.service <> 6 OR u.norm_area IS NULL THEN days * coalesce(u.norm, 0)
                   WHEN is_stay THEN days * coalesce(u.norm, 0)
                   ELSE days * coalesce(u.norm, 0) * 100 + a.area_days * u.norm_area END AS num,
              CASE WHEN s.service = 6 AND u.norm_area IS NOT NULL AND NOT is_stay THEN {days} * 100 ELSE {days} END AS den,
              CASE WHEN NOT u.raised THEN 0 WHEN s.service = 1 THEN {k1} - 1000 WHEN s.service = 2 THEN {k2} - 1000
                   WHEN s.service = 5 THEN {k5} - 1000 ELSE 0 END AS k
         FROM (VALUES (false, a.people_days), (true, a.stay_days)) parts(is_stay, days)
        WHERE days > 0) p
 WHERE NOT a.parked
;;
INSERT INTO {table} (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day, days,
                     volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
SELECT {run}, a.account_id, a.company_id, s.supplier_id, 2, 2,
       CASE WHEN p.is_stay THEN 15 ELSE u.basis + CASE WHEN a.by_owners THEN 40 ELSE 0 END END, 0, 1, {days},
       p.days * u.norm * (n.value / g.g), {days} * (1000000 / g.g), s.people2,
       pg_temp.charge_wide(p.days * u.norm * (n.value / g.g), {days} * (1000000 / g.g), s.people2), 0, 0, p.days, u.norm
  FROM u JOIN a USING (account_id) JOIN s ON s.house_id = a.house_id AND s.service = 2
  JOIN n ON n.house_id = a.house_id AND n.service = 2 AND n.kind = 'heat_per_m3'
  CROSS JOIN LATERAL (SELECT gcd(n.value, 1000000::bigint) AS g) g
  CROSS JOIN LATERAL (VALUES (false, a.people_days), (true, a.stay_days)) p(is_stay, days)
 WHERE u.service = 2 AND p.days > 0 AND NOT a.parked
;;

-- ---- sewerage: both waters by the norm take its own norm, the others the sum of waters -------------------------

INSERT INTO {table} (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day, days,
                     volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
SELECT {run}, a.account_id, a.company_id, s.supplier_id, 3, 0, p.basis, 0, 1, {days}, p.num, p.den, r.rate,
       pg_temp.charge(p.num, p.den, r.rate), 0, 0, p.a, p.b
  FROM a JOIN s ON s.house_id = a.house_id AND s.service = 3
  LEFT JOIN used cold ON cold.service = 1 AND cold.account_id = a.account_id
  LEFT JOIN used hot ON hot.service = 2 AND hot.account_id = a.account_id
  CROSS JOIN LATERAL (SELECT CASE WHEN a.business THEN business0 ELSE people0 END AS rate,
       NOT coalesce(cold.measured, false) AND NOT coalesce(hot.measured, false) AND s.norm IS NOT NULL AND NOT a.business
           AS by_norm) r
  CROSS JOIN LATERAL (
       SELECT 21 + CASE WHEN a.by_owners THEN 40 ELSE 0 END AS basis, a.people_days * s.norm AS num, {days} AS den,
              a.people_days AS a, s.norm AS b WHERE r.by_norm AND a.people_days > 0
       UNION ALL
       SELECT 15, a.stay_days * s.norm, {days}, a.stay_days, s.norm WHERE r.by_norm AND a.stay_days > 0
       UNION ALL
       SELECT 20, coalesce(cold.over, 0) + coalesce(hot.over, 0), 60 * {days},
              (2 * coalesce(cold.over, 0) + 60 * {days}) / (120 * {days}),
              (2 * coalesce(hot.over, 0) + 60 * {days}) / (120 * {days})
        WHERE NOT r.by_norm AND (cold.account_id IS NOT NULL OR hot.account_id IS NOT NULL)) p
 WHERE NOT a.parked AND NOT EXISTS (SELECT FROM off WHERE off.account_id = a.account_id AND off.service = 3)
;;

-- ---- heating: by the norm, by the meter of the house, with meters of flats ---------------------------------------

CREATE TEMP TABLE heat AS
SELECT h.house_id, m.volume, h.total * {days}::numeric AS total_days, sum(a.area_days) FILTER (WHERE v.num IS NOT NULL) AS area,
       sum(v.num * (60 / v.den)) AS over60, bool_and(v.num IS NOT NULL) AS all_metered
  FROM h JOIN house_meter m ON m.house_id = h.house_id AND m.service = 4 AND m.is_read JOIN a ON a.house_id = h.house_id
  LEFT JOIN v ON v.account_id = a.account_id AND v.service = 4 AND v.rank >= 5
 WHERE NOT h.uniform AND NOT a.parked GROUP BY h.house_id, m.volume, h.total
;;
INSERT INTO {table} (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day, days,
                     volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
SELECT {run}, a.account_id, a.company_id, s.supplier_id, 4, 0, p.basis, 0, 1, {days},
       CASE WHEN p.basis >= 33 THEN round(p.num / p.den) ELSE p.num END::bigint,
       CASE WHEN p.basis >= 33 THEN 1 ELSE p.den END::bigint,
       r.rate, pg_temp.charge_wide(p.num, p.den, r.rate), 0, 0, p.a, p.b
  FROM a JOIN h USING (house_id) JOIN s ON s.house_id = a.house_id AND s.service = 4
  LEFT JOIN house_meter m ON m.house_id = a.house_id AND m.service = 4
  LEFT JOIN heat ON heat.house_id = a.house_id
  LEFT JOIN v ON v.account_id = a.account_id AND v.service = 4 AND v.rank >= 5
  CROSS JOIN LATERAL (SELECT CASE WHEN a.business THEN business0 ELSE people0 END AS rate) r
  CROSS JOIN LATERAL (
       SELECT 31 AS basis, a.area_days::numeric * s.norm * {heating_months} AS num, {days}::numeric * 1200000 AS den,
              a.area_days AS a, s.norm AS b WHERE h.uniform
       UNION ALL
       SELECT 30, a.area_days::numeric * s.norm, {days} * 100, a.area_days, s.norm
        WHERE NOT h.uniform AND m.house_id IS NULL AND s.norm > 0
       UNION ALL
       SELECT 32, a.area_days::numeric * heat.volume, h.total::numeric * {days}, heat.volume, a.area
        WHERE heat.house_id IS NOT NULL AND heat.area IS NULL AND heat.volume <> 0
       UNION ALL
       SELECT CASE WHEN heat.all_metered THEN 35 WHEN v.num IS NOT NULL THEN 33 ELSE 34 END,
              CASE WHEN v.num IS NOT NULL THEN v.num * (60 / v.den) * heat.area ELSE a.area_days * heat.over60 END * heat.total_days
              + a.area_days * ((heat.volume * 60 - heat.over60) * heat.area
                - CASE WHEN heat.all_metered THEN 0 ELSE greatest(heat.total_days - heat.area, 0) END * heat.over60),
              60 * heat.area * heat.total_days, heat.volume,
              CASE WHEN v.num IS NOT NULL THEN (2 * v.num + v.den) / (2 * v.den) ELSE a.area END
        WHERE heat.area IS NOT NULL) p
 WHERE NOT a.parked AND NOT EXISTS (SELECT FROM off WHERE off.account_id = a.account_id AND off.service = 4)
;;

-- ---- waste, upkeep, capital repair ---------------------------------------------------------------------------

INSERT INTO {table} (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day, days,
                     volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
SELECT {run}, a.account_id, a.company_id, s.supplier_id, 7, 0, p.basis, 0, 1, {days}, p.num, p.den, r.rate,
       pg_temp.charge(p.num, p.den, r.rate), 0, 0, p.a, s.norm
  FROM a JOIN s ON s.house_id = a.house_id AND s.service = 7
  CROSS JOIN LATERAL (SELECT CASE WHEN a.business THEN business0 ELSE people0 END AS rate) r
  CROSS JOIN LATERAL (
       SELECT CASE WHEN a.by_owners THEN 73 ELSE 71 END AS basis, a.people_days * s.norm AS num, 12 * {days} AS den,
              a.people_days AS a WHERE s.method <> 'area' AND a.people_days > 0
       UNION ALL
       SELECT 15, a.stay_days * s.norm, 12 * {days}, a.stay_days WHERE s.method <> 'area' AND a.stay_days > 0
       UNION ALL
       SELECT 72, a.area_days * s.norm, 1200 * {days}, a.area_days WHERE s.method = 'area') p
 WHERE NOT a.parked AND NOT EXISTS (SELECT FROM off WHERE off.account_id = a.account_id AND off.service = 7)
;;
INSERT INTO {table} (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day, days,
                     volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
SELECT {run}, a.account_id, a.company_id, s.supplier_id, s.service, 0, 70, 0, 1, {days}, a.area_days * 10000, {days}, r.rate,
       pg_temp.charge(a.area_days * 10000, {days}, r.rate), 0, 0, a.area_days, {days}
  FROM a JOIN s ON s.house_id = a.house_id AND s.service IN (8, 9)
  CROSS JOIN LATERAL (SELECT CASE WHEN a.business THEN business0 ELSE people0 END AS rate) r
 WHERE NOT a.parked AND NOT EXISTS (SELECT FROM off WHERE off.account_id = a.account_id AND off.service = s.service)
;;

-- ---- common needs: by the norm, by the meter of the house less what months before left below zero -----------------------------------------------------

CREATE TEMP TABLE c AS
SELECT s.house_id, s.service, s.supplier_id, basis.basis, basis.num, basis.den, basis.told, h.total, p.component,
       p.rate, p.q, p.per
  FROM s JOIN h USING (house_id)
  LEFT JOIN house_meter m ON m.house_id = s.house_id AND m.service = s.service - 20
  LEFT JOIN (SELECT a.house_id, used.service, sum(used.over) AS over FROM a JOIN used USING (account_id)
             GROUP BY a.house_id, used.service) flats ON flats.house_id = s.house_id AND flats.service = s.service - 20
  LEFT JOIN n heat ON heat.house_id = s.house_id AND heat.service = 22 AND heat.kind = 'heat_per_m3'
  LEFT JOIN t own0 ON own0.house_id = s.house_id AND own0.service = s.service - 20 AND own0.component = 0
  LEFT JOIN (SELECT DISTINCT ON (k.house_id, k.service) k.house_id, k.service, k.balance_micro AS balance
               FROM common_months k JOIN runs r ON r.id = k.run_id AND r.state = 'published'
              WHERE k.period < (SELECT period FROM runs WHERE id = {run})
              ORDER BY k.house_id, k.service, k.period DESC, r.published_at DESC) past
         ON past.house_id = s.house_id AND past.service = s.service
  CROSS JOIN LATERAL (
       SELECT 80 AS basis, s.norm::numeric * h.common AS num, 100::numeric AS den, s.norm AS told
        WHERE s.method <> 'common_actual'
       UNION ALL
       SELECT CASE WHEN past.balance < 0 THEN 62 ELSE 81 END, meter.taken, 60::numeric * {days},
              round(meter.taken / (60 * {days}))::bigint
         FROM (SELECT greatest((m.volume + coalesce(past.balance, 0)) * 60::numeric * {days}
                               - coalesce(flats.over, 0), 0) AS taken) meter
        WHERE s.method = 'common_actual' AND m.is_read) basis
  CROSS JOIN LATERAL (VALUES (0, coalesce(s.people0, own0.people), 1::bigint, 1::bigint), (1, s.people1, 1, 1),
                             (2, s.people2, heat.value, 1000000)) p(component, rate, q, per)
 WHERE s.service IN (21, 22, 23, 25) AND (s.service = 22) = (p.component > 0) AND p.rate IS NOT NULL
;;
ANALYZE c
;;
INSERT INTO {table} (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day, days,
                     volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
SELECT {run}, a.account_id, a.company_id, c.supplier_id, c.service, c.component, c.basis, 0, 1, {days},
       round(p.num / p.den)::bigint, 1, c.rate, pg_temp.charge_wide(p.num, p.den, c.rate), 0, 0,
       CASE WHEN c.basis = 80 THEN a.area ELSE c.told END, CASE WHEN c.basis = 80 THEN c.told ELSE a.area END
  FROM a JOIN c USING (house_id)
  CROSS JOIN LATERAL (SELECT a.area_days * c.num * c.q AS num, c.den * c.total * c.per * {days} AS den) p
 WHERE NOT a.parked AND NOT EXISTS (SELECT FROM off WHERE off.account_id = a.account_id AND off.service = c.service)
;;
