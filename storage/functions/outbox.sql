-- Waking the relay; a bulk intake may set paylogic.quiet = on, the relay polls anyway.

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
