-- History is only added to.

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
