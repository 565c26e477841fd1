-- Marks of changed facts: a block kept warm is read again when one of its houses has a mark it did not see.

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
