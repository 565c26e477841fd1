-- Partitions of readings, one a month.

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
REVOKE EXECUTE ON FUNCTION ensure_reading_partition(date) FROM PUBLIC
-- end
