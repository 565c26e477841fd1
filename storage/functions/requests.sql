-- Requests of residents: their numbers, and who of the staff took a step.

CREATE SEQUENCE IF NOT EXISTS service_request_numbers
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
REVOKE EXECUTE ON FUNCTION paylogic_staff_name(int) FROM PUBLIC
-- end
GRANT EXECUTE ON FUNCTION paylogic_staff_name(int) TO paylogic_web
-- end
