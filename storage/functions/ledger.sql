-- Months and the ledger: a closed month stays, an entry sums to zero, a run is posted in the open month.

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
