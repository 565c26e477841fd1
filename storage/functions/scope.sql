-- Scope: what the policies of storage/scope.py read; unset means nothing.

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
REVOKE EXECUTE ON FUNCTION paylogic_published_runs() FROM PUBLIC
-- end
GRANT EXECUTE ON FUNCTION paylogic_published_runs() TO paylogic_web
-- end
