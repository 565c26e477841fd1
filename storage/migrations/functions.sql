-- Functions and triggers of the database, written anew when they change (storage/rights.py).
-- Each statement ends with a line "-- end".

-- ---- scope: what the policies of storage/scope.py read; unset means nothing ----

CREATE OR REPLACE FUNCTION paylogic_all() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(current_setting('paylogic.everything', true), '') = 'on' $$
-- end
CREATE OR REPLACE FUNCTION paylogic_signed_in() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(current_setting('paylogic.role', true), '') <> '' $$
-- end
CREATE OR REPLACE FUNCTION paylogic_companies() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(nullif(current_setting('paylogic.companies', true), ''), '{}')::int[] $$
-- end
CREATE OR REPLACE FUNCTION paylogic_dispatched() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(nullif(current_setting('paylogic.dispatched', true), ''), '{}')::int[] $$
-- end
CREATE OR REPLACE FUNCTION paylogic_accounts() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(nullif(current_setting('paylogic.accounts', true), ''), '{}')::int[] $$
-- end
CREATE OR REPLACE FUNCTION paylogic_flats() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(nullif(current_setting('paylogic.flats', true), ''), '{}')::int[] $$
-- end
CREATE OR REPLACE FUNCTION paylogic_houses() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(nullif(current_setting('paylogic.houses', true), ''), '{}')::int[] $$
-- end
CREATE OR REPLACE FUNCTION paylogic_user() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('paylogic.user', true), '')::int $$
-- end
CREATE OR REPLACE FUNCTION paylogic_organisation() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('paylogic.organisation', true), '')::int $$
-- end
CREATE OR REPLACE FUNCTION paylogic_supplier() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('paylogic.supplier', true), '')::int $$
-- end
CREATE OR REPLACE FUNCTION paylogic_agent() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('paylogic.agent', true), '')::int $$
-- end
-- Runs a resident or a supplier may see; as the owner, so that the policy of runs is not asked again for each line.
-- Small corrections (ids from 1 000 000 000, storage/shelves.py) are hundreds of thousands: only one's own are named.
CREATE OR REPLACE FUNCTION paylogic_published_runs() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT coalesce(array_agg(m.id), '{}') FROM (
    SELECT id FROM public.runs WHERE state = 'published' AND id < 1000000000
    UNION ALL
    SELECT id FROM public.runs WHERE state = 'published' AND id >= 1000000000 AND scope_kind = 'account'
       AND scope_id = ANY (public.paylogic_accounts())
    UNION ALL
    SELECT id FROM public.runs WHERE state = 'published' AND id >= 1000000000 AND scope_kind = 'house'
       AND scope_id = ANY (public.paylogic_houses())
    UNION ALL
    SELECT DISTINCT t.run_id FROM public.run_totals t JOIN public.runs r ON r.id = t.run_id
     WHERE t.supplier_id = public.paylogic_supplier() AND t.run_id >= 1000000000 AND r.state = 'published') m
$$
-- end

-- What a house used by services: sums only, so a resident's paper may say them though the lines are not theirs.
CREATE OR REPLACE FUNCTION paylogic_house_volumes(wanted int[], of_runs int[], apart int[])
RETURNS TABLE (house_id int, service smallint, volume_micro bigint) LANGUAGE sql STABLE PARALLEL SAFE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT a.house_id, l.service, round(sum(l.volume_num::numeric / l.volume_den))::bigint
    FROM public.accounts a JOIN public.lines l ON l.account_id = a.id
   WHERE a.house_id = ANY (wanted) AND l.run_id = ANY (of_runs) AND l.basis <> ALL (apart)
     AND l.service = ANY ('{1,2,3,4,5,6,21,22,23,25}'::smallint[])
     AND NOT (l.service IN (2, 22) AND l.component = 2)
   GROUP BY a.house_id, l.service
$$
-- end

-- ---- sign-in: the only questions that may be asked before anybody is known ----

DROP FUNCTION IF EXISTS paylogic_credentials(text), paylogic_failures(text, text, timestamptz), paylogic_session(text)
-- end
CREATE FUNCTION paylogic_credentials(wanted text)
RETURNS TABLE (id int, password_hash text, role text, is_active boolean) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT u.id, u.password_hash, u.role, u.is_active FROM public.users u WHERE u.login = wanted $$
-- end
CREATE FUNCTION paylogic_failures(wanted text, address text, since timestamptz)
RETURNS TABLE (by_login bigint, by_ip bigint, last_at timestamptz) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT count(*) FILTER (WHERE a.login = wanted AND a.recorded_at > coalesce(
           (SELECT max(g.recorded_at) FROM public.sign_in_attempts g WHERE g.login = wanted AND g.succeeded), since)),
         count(*) FILTER (WHERE a.ip = address),
         max(a.recorded_at)
    FROM public.sign_in_attempts a
   WHERE a.recorded_at > since AND NOT a.succeeded AND (a.login = wanted OR a.ip = address)
$$
-- end
CREATE FUNCTION paylogic_session(wanted text)
RETURNS TABLE (user_id int, login text, role text, full_name text, organisation_id int, organisation_name text,
               must_change_password boolean, single_keys boolean, csrf text, seen_at timestamptz,
               expires_at timestamptz, open_period date, dispatched int[], accounts int[], flats int[], houses int[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT u.id, u.login, u.role, u.full_name, u.organisation_id, o.short_name, u.must_change_password, u.single_keys,
         s.csrf, s.seen_at, s.expires_at, (SELECT m.period FROM public.months m WHERE m.state = 'open'),
         CASE WHEN u.role = 'dispatcher' THEN
           ARRAY(SELECT c.organisation_id FROM public.contracts c
                  WHERE c.counterparty_id = u.organisation_id AND c.kind = 'dispatch' AND c.superseded_at IS NULL
                    AND c.valid_from <= current_date AND (c.valid_to IS NULL OR c.valid_to > current_date)
                 UNION
                 SELECT u.organisation_id WHERE o.kind = 'company')
         ELSE '{}' END,
         a.accounts, a.flats, a.houses
    FROM public.user_sessions s
    JOIN public.users u ON u.id = s.user_id AND u.is_active
    LEFT JOIN public.organisations o ON o.id = u.organisation_id
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(acc.id ORDER BY acc.id), '{}') AS accounts,
             coalesce(array_agg(DISTINCT acc.flat_id), '{}') AS flats,
             coalesce(array_agg(DISTINCT acc.house_id), '{}') AS houses
        FROM public.user_accounts ua JOIN public.accounts acc ON acc.id = ua.account_id
       WHERE ua.user_id = u.id AND u.role = 'resident') a
   WHERE s.token_hash = wanted AND s.ended_at IS NULL
$$
-- end

-- ---- partitions of readings, one a month ----

CREATE OR REPLACE FUNCTION ensure_reading_partition(day date) RETURNS text LANGUAGE plpgsql
AS $$
DECLARE
  first date := date_trunc('month', day)::date;
  part text := 'readings_' || to_char(day, 'YYYY_MM');
BEGIN
  IF to_regclass('public.' || part) IS NOT NULL THEN
    RETURN part;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('paylogic:' || part));
  IF to_regclass('public.' || part) IS NULL THEN
    EXECUTE format('CREATE TABLE public.%I (LIKE public.readings INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
    EXECUTE format('ALTER TABLE public.readings ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                   part, first, (first + interval '1 month')::date);
  END IF;
  RETURN part;
END $$
-- end

-- ---- history is only added to ----

CREATE OR REPLACE FUNCTION paylogic_refuse_change() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'table % is only added to: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'PL001', HINT = 'Post a reversal or a difference, or supersede the row by a better one.';
END $$
-- end
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
FOR EACH STATEMENT EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
FOR EACH STATEMENT EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE ON lines
FOR EACH ROW EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE ON run_accounts
FOR EACH ROW EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE ON common_months
FOR EACH ROW EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE FUNCTION paylogic_refuse_published() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM runs WHERE id = OLD.run_id AND state = 'published') THEN
    RAISE EXCEPTION 'run % is published: its rows in % stay', OLD.run_id, TG_TABLE_NAME USING ERRCODE = 'PL001';
  END IF;
  RETURN OLD;
END $$
-- end
CREATE OR REPLACE TRIGGER published_stays BEFORE DELETE ON lines
FOR EACH ROW EXECUTE FUNCTION paylogic_refuse_published()
-- end
CREATE OR REPLACE TRIGGER published_stays BEFORE DELETE ON run_accounts
FOR EACH ROW EXECUTE FUNCTION paylogic_refuse_published()
-- end
CREATE OR REPLACE TRIGGER published_stays BEFORE DELETE ON common_months
FOR EACH ROW EXECUTE FUNCTION paylogic_refuse_published()
-- end
CREATE OR REPLACE TRIGGER values_stay
BEFORE UPDATE OF id, period, meter_id, account_id, taken_on, value1_micro, value2_micro, value3_micro, source, event_id
ON readings FOR EACH ROW EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER readings_stay BEFORE DELETE ON readings
FOR EACH ROW EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER facts_stay BEFORE UPDATE OF agent_id, number, account_number, amount_kopecks, paid_on
ON payments FOR EACH ROW EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER payments_stay BEFORE DELETE OR TRUNCATE ON payments
FOR EACH STATEMENT EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER input_stays BEFORE UPDATE OF source, key, input_hash, payload
ON inbox FOR EACH ROW EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER inbox_stays BEFORE DELETE OR TRUNCATE ON inbox
FOR EACH STATEMENT EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER values_stay
BEFORE UPDATE OF run_id, entry_id, ordinal, payee_id, service, amount_kopecks, agent_fee_kopecks, centre_fee_kopecks
ON payout_shares FOR EACH ROW EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER live_stay BEFORE DELETE ON payout_shares
FOR EACH ROW WHEN (OLD.is_live) EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER number_once BEFORE UPDATE ON transfers
FOR EACH ROW WHEN (OLD.number IS NOT NULL
  AND (OLD.number, OLD.day, OLD.net_kopecks, OLD.payee_account, OLD.purpose)
      IS DISTINCT FROM (NEW.number, NEW.day, NEW.net_kopecks, NEW.payee_account, NEW.purpose))
EXECUTE FUNCTION paylogic_refuse_change()
-- end
CREATE OR REPLACE TRIGGER file_once BEFORE UPDATE ON payout_runs
FOR EACH ROW WHEN (OLD.file IS NOT NULL AND OLD.file IS DISTINCT FROM NEW.file)
EXECUTE FUNCTION paylogic_refuse_change()
-- end

-- ---- months and the ledger ----

CREATE OR REPLACE FUNCTION paylogic_month_stays() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state = 'closed' THEN
    RAISE EXCEPTION 'month % is closed for good', OLD.period
      USING ERRCODE = 'PL002', HINT = 'Post the difference in the open month.';
  END IF;
  RETURN NEW;
END $$
-- end
CREATE OR REPLACE TRIGGER closed_stays BEFORE UPDATE OR DELETE ON months
FOR EACH ROW EXECUTE FUNCTION paylogic_month_stays()
-- end
-- paylogic.loading = on (set by the owner of the tables only) lets a load of history write months already closed.
CREATE OR REPLACE FUNCTION paylogic_entries_fit() RETURNS trigger LANGUAGE plpgsql
AS $$
DECLARE
  wrong date;
BEGIN
  IF coalesce(current_setting('paylogic.loading', true), '') = 'on' THEN
    RETURN NULL;
  END IF;
  PERFORM pg_advisory_xact_lock_shared(7120357);  -- closing a month waits for us, and we for it (storage.months)
  SELECT n.period INTO wrong FROM new_rows n
   WHERE NOT EXISTS (SELECT 1 FROM months m WHERE m.period = n.period AND m.state = 'open') LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'month % is not open: nothing is posted in it', wrong
      USING ERRCODE = 'PL002', HINT = 'Post in the open month with of_period of the month it is about.';
  END IF;
  RETURN NULL;
END $$
-- end
CREATE OR REPLACE TRIGGER month_is_open AFTER INSERT ON entries REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION paylogic_entries_fit()
-- end
CREATE OR REPLACE FUNCTION paylogic_postings_fit() RETURNS trigger LANGUAGE plpgsql
AS $$
DECLARE
  wrong bigint;
BEGIN
  SELECT n.entry_id INTO wrong FROM new_rows n GROUP BY n.entry_id HAVING sum(n.amount_kopecks) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'postings of entry % do not sum to zero', wrong
      USING ERRCODE = 'PL003', HINT = 'Write all postings of an entry by one statement.';
  END IF;
  SELECT n.entry_id INTO wrong FROM new_rows n JOIN entries e ON e.id = n.entry_id
   WHERE e.period <> n.period LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'postings of entry % are of another month than the entry', wrong USING ERRCODE = 'PL003';
  END IF;
  RETURN NULL;
END $$
-- end
CREATE OR REPLACE TRIGGER sum_is_zero AFTER INSERT ON postings REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION paylogic_postings_fit()
-- end

-- A published run is posted in the month open at that moment; closing a month waits for it, and it for closing.
CREATE OR REPLACE FUNCTION paylogic_run_posted() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
  IF coalesce(current_setting('paylogic.loading', true), '') = 'on' THEN
    NEW.posted_in := coalesce(NEW.posted_in, NEW.period);
    RETURN NEW;
  END IF;
  PERFORM pg_advisory_xact_lock_shared(7120357);
  SELECT m.period INTO NEW.posted_in FROM months m WHERE m.state = 'open';
  IF NEW.posted_in IS NULL THEN
    RAISE EXCEPTION 'no month is open: run % cannot be published', NEW.id USING ERRCODE = 'PL002';
  END IF;
  RETURN NEW;
END $$
-- end
CREATE OR REPLACE TRIGGER posted_in_open_month BEFORE UPDATE OF state ON runs FOR EACH ROW
WHEN (NEW.state = 'published' AND OLD.state <> 'published') EXECUTE FUNCTION paylogic_run_posted()
-- end
-- A run loaded as published already counts in the month it says, or in its own.
CREATE OR REPLACE FUNCTION paylogic_run_loaded() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
  NEW.posted_in := coalesce(NEW.posted_in, NEW.period);
  RETURN NEW;
END $$
-- end
CREATE OR REPLACE TRIGGER posted_in_month BEFORE INSERT ON runs FOR EACH ROW
WHEN (NEW.state = 'published') EXECUTE FUNCTION paylogic_run_loaded()
-- end

-- ---- waking the relay; a bulk intake may set paylogic.quiet = on, the relay polls anyway ----

CREATE OR REPLACE FUNCTION paylogic_wake_relay() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
  IF coalesce(current_setting('paylogic.quiet', true), '') <> 'on' THEN
    PERFORM pg_notify('paylogic_outbox', '');
  END IF;
  RETURN NULL;
END $$
-- end
CREATE OR REPLACE TRIGGER wake_relay AFTER INSERT ON outbox
FOR EACH STATEMENT EXECUTE FUNCTION paylogic_wake_relay()
-- end

-- ---- marks of changed facts: a block kept warm is read again when one of its houses has a mark it did not see ----

CREATE OR REPLACE FUNCTION paylogic_fact_changed() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
  houses int[];
BEGIN
  EXECUTE format('SELECT array_agg(DISTINCT %s) FROM changed', TG_ARGV[0]) INTO houses;
  IF houses IS NOT NULL THEN
    INSERT INTO public.fact_changes (transaction_id, house_ids)
    VALUES (pg_current_xact_id()::text::bigint,
            CASE WHEN cardinality(houses) <= 1000 AND array_position(houses, NULL) IS NULL THEN houses END);
  END IF;
  RETURN NULL;
END $$
-- end
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM (VALUES
    ('houses', 'id'), ('house_states', 'house_id'), ('house_managements', 'house_id'), ('house_services', 'house_id'),
    ('flats', 'house_id'), ('accounts', 'house_id'), ('account_facts', 'house_id'), ('account_services', 'house_id'),
    ('meters', 'house_id'), ('readings', 'house_id'), ('absences', 'house_id'), ('troubles', 'house_id'),
    ('unauthorised_uses', 'house_id'), ('meter_checks', 'house_id'),
    ('heat_distributors', 'house_id'), ('divisions', 'house_id'),
    ('meter_events', 'NULL::int'), ('account_benefits', 'NULL::int')
  ) AS t (name, house) LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER fact_added AFTER INSERT ON %I REFERENCING NEW TABLE AS changed '
      'FOR EACH STATEMENT EXECUTE FUNCTION paylogic_fact_changed(%L)', one.name, one.house);
    EXECUTE format('CREATE OR REPLACE TRIGGER fact_changed AFTER UPDATE ON %I REFERENCING NEW TABLE AS changed '
      'FOR EACH STATEMENT EXECUTE FUNCTION paylogic_fact_changed(%L)', one.name, one.house);
    EXECUTE format('CREATE OR REPLACE TRIGGER fact_gone AFTER DELETE ON %I REFERENCING OLD TABLE AS changed '
      'FOR EACH STATEMENT EXECUTE FUNCTION paylogic_fact_changed(%L)', one.name, one.house);
  END LOOP;
END $$
-- end
-- A published run leaves balances of houses and charges that later months read.
CREATE OR REPLACE FUNCTION paylogic_run_marks() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
  INSERT INTO public.fact_changes (transaction_id) VALUES (pg_current_xact_id()::text::bigint);
  RETURN NULL;
END $$
-- end
CREATE OR REPLACE TRIGGER fact_published AFTER UPDATE OF state ON runs FOR EACH ROW
WHEN (NEW.state = 'published' AND OLD.state <> 'published') EXECUTE FUNCTION paylogic_run_marks()
-- end

-- ---- a wish of a payer is put on the account: a resident may append a wish, and may not write accounts ----

CREATE OR REPLACE FUNCTION paylogic_wished() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  UPDATE public.accounts SET receipt_by = NEW.receipt_by, is_large_print = NEW.is_large_print
   WHERE id = NEW.account_id AND company_id = NEW.company_id; RETURN NULL;
END $$
-- end
CREATE OR REPLACE TRIGGER wished AFTER INSERT ON delivery_wishes FOR EACH ROW EXECUTE FUNCTION paylogic_wished()
-- end

-- ---- what the web may call ----

REVOKE EXECUTE ON FUNCTION paylogic_published_runs(), paylogic_credentials(text),
  paylogic_failures(text, text, timestamptz), paylogic_session(text), ensure_reading_partition(date) FROM PUBLIC
-- end
GRANT EXECUTE ON FUNCTION paylogic_published_runs(), paylogic_credentials(text),
  paylogic_failures(text, text, timestamptz), paylogic_session(text) TO paylogic_web
-- end
CREATE SEQUENCE IF NOT EXISTS service_request_numbers
-- end

-- ---- sums for partners: of accounts they may not see, so only sums leave, and only of published runs ----

DROP FUNCTION IF EXISTS paylogic_supplier_houses(date, int), paylogic_benefit_charges(date),
  paylogic_supplier_accounts(int, int, text), paylogic_benefit_register(date)
-- end
-- Where the accounts stand that a supplier supplies: of a house, one, or one by its number. No name leaves: a supplier
-- sees the lines of its own services anyway (policy of lines), here it learns only to which door they belong.
CREATE FUNCTION paylogic_supplier_accounts(house int, account int, wanted text)
RETURNS TABLE (account_id int, number text, house_id int, company_id int, flat text, flat_kind text, room text,
               flat_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT a.id, a.number, a.house_id, a.company_id, f.number, f.kind, rm.number, f.sort_key
    FROM public.accounts a JOIN public.flats f ON f.id = a.flat_id LEFT JOIN public.rooms rm ON rm.id = a.room_id
   WHERE (a.house_id = house OR a.id = account OR a.number = wanted) AND EXISTS (
     SELECT 1 FROM public.lines l WHERE l.account_id = a.id AND l.supplier_id = public.paylogic_supplier()
        AND l.run_id = ANY (public.paylogic_published_runs()))
$$
-- end
CREATE OR REPLACE FUNCTION paylogic_supplier_houses(month date, company int)
RETURNS TABLE (house_id int, service smallint, component smallint, accounts bigint, volume_micro numeric,
               amount_kopecks bigint, surcharge_kopecks bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT a.house_id, l.service, l.component, count(DISTINCT l.account_id),
         coalesce(sum(l.volume_num::numeric / l.volume_den) FILTER (WHERE l.basis < 92), 0), -- above: shares of charges
         sum(l.amount_kopecks)::bigint, sum(l.surcharge_kopecks)::bigint
    FROM public.accounts a JOIN public.lines l ON l.account_id = a.id
   WHERE a.company_id = company AND l.supplier_id = public.paylogic_supplier()
     AND l.run_id = ANY (ARRAY(SELECT r.id FROM public.runs r WHERE r.state = 'published' AND r.period = month))
   GROUP BY 1, 2, 3
$$
-- end
CREATE OR REPLACE FUNCTION paylogic_benefit_charges(month date)
RETURNS TABLE (category text, service smallint, accounts bigint, amount_kopecks bigint, surcharge_kopecks bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT b.category, l.service, count(DISTINCT l.account_id), sum(l.amount_kopecks)::bigint,
         sum(l.surcharge_kopecks)::bigint
    FROM (SELECT DISTINCT x.account_id, x.category FROM public.account_benefits x
           WHERE x.superseded_at IS NULL AND x.valid_from < month + interval '1 month'
             AND (x.valid_to IS NULL OR x.valid_to > month)) b
    JOIN public.lines l ON l.account_id = b.account_id
   WHERE coalesce(current_setting('paylogic.role', true), '') = 'social'
     AND l.run_id = ANY (ARRAY(SELECT r.id FROM public.runs r WHERE r.state = 'published' AND r.period = month))
   GROUP BY 1, 2
$$
-- end
-- Who gets which льгота and what the month's lines of it come to: the social protection body knows these people by
-- name, and nobody else of the accounts. An amount of a line is in it (billing.benefits): the льгота in the upper bits
-- of b, the charge in those of a; a льгота paid to the person is a line of no money.
CREATE FUNCTION paylogic_benefit_register(month date)
RETURNS TABLE (benefit_id int, account_id int, number text, address text, company_id int, person text, born_on date,
               snils text, category text, document text, in_document boolean, valid_from date, valid_to date,
               service smallint, charged_kopecks bigint, off_kopecks bigint, paid_kopecks bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT x.id, a.id, a.number, st.kind || ' ' || st.name || ', ' || h.number || ', кв. ' || f.number
           || coalesce(', комн. ' || rm.number, ''),
         a.company_id, concat_ws(' ', p.surname, p.name, p.patronymic), p.born_on, p.snils, x.category, x.document,
         x.in_document, x.valid_from, x.valid_to, l.service,
         sum(CASE WHEN l.kind = 0 THEN l.a >> 31 ELSE -(l.a >> 31) END)::bigint,
         -sum(l.amount_kopecks)::bigint,
         sum(CASE WHEN l.basis >= 120
                  THEN round((l.a >> 31) * -l.volume_num::numeric / (l.volume_den::numeric * 1000000)) ELSE 0 END)::bigint
    FROM public.account_benefits x
    JOIN public.lines l ON l.account_id = x.account_id AND l.basis BETWEEN 112 AND 127 AND l.b >> 34 = x.id
    JOIN public.runs r ON r.id = l.run_id
    JOIN public.accounts a ON a.id = x.account_id
    JOIN public.flats f ON f.id = a.flat_id LEFT JOIN public.rooms rm ON rm.id = a.room_id
    JOIN public.houses h ON h.id = a.house_id JOIN public.streets st ON st.id = h.street_id
    LEFT JOIN public.persons p ON p.id = x.person_id
   WHERE coalesce(current_setting('paylogic.role', true), '') IN ('social', 'centre', 'publisher', 'admin')
     AND (r.period - l.months_back * interval '1 month')::date = month
     AND l.run_id = ANY (ARRAY(SELECT q.id FROM public.runs q WHERE q.state = 'published' AND q.period >= month
                                AND (q.period = month OR q.kind = 'correction')))
   GROUP BY x.id, a.id, f.id, rm.id, h.id, st.id, p.id, l.service
$$
-- end
-- Who of the staff took a step with a request: a dispatch centre and a company work with it together, though
-- neither sees the other's users. Residents are told no names.
CREATE OR REPLACE FUNCTION paylogic_staff_name(wanted int) RETURNS text LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT u.full_name FROM public.users u
   WHERE u.id = wanted AND u.role <> 'resident'
     AND coalesce(current_setting('paylogic.role', true), '') NOT IN ('', 'resident')
$$
-- end
REVOKE EXECUTE ON FUNCTION paylogic_supplier_houses(date, int), paylogic_benefit_charges(date),
  paylogic_supplier_accounts(int, int, text), paylogic_benefit_register(date),
  paylogic_staff_name(int) FROM PUBLIC
-- end
GRANT EXECUTE ON FUNCTION paylogic_supplier_houses(date, int), paylogic_benefit_charges(date),
  paylogic_supplier_accounts(int, int, text), paylogic_benefit_register(date),
  paylogic_staff_name(int) TO paylogic_web
-- end
