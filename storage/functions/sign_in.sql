-- Sign-in: the only questions that may be asked before anybody is known.

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
REVOKE EXECUTE ON FUNCTION paylogic_credentials(text), paylogic_failures(text, text, timestamptz),
  paylogic_session(text) FROM PUBLIC
-- end
GRANT EXECUTE ON FUNCTION paylogic_credentials(text), paylogic_failures(text, text, timestamptz),
  paylogic_session(text) TO paylogic_web
-- end
