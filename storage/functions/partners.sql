-- Sums for partners: of accounts they may not see, so only sums leave, and only of published runs.

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
REVOKE EXECUTE ON FUNCTION paylogic_supplier_houses(date, int), paylogic_benefit_charges(date),
  paylogic_supplier_accounts(int, int, text), paylogic_benefit_register(date) FROM PUBLIC
-- end
GRANT EXECUTE ON FUNCTION paylogic_supplier_houses(date, int), paylogic_benefit_charges(date),
  paylogic_supplier_accounts(int, int, text), paylogic_benefit_register(date) TO paylogic_web
-- end
