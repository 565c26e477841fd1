-- Receipts: what a resident's paper may say of a house, and how the payer wants it.

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
-- A wish of a payer is put on the account: a resident may append a wish, and may not write accounts.
CREATE OR REPLACE FUNCTION paylogic_wished() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  UPDATE public.accounts SET receipt_by = NEW.receipt_by, is_large_print = NEW.is_large_print
   WHERE id = NEW.account_id AND company_id = NEW.company_id; RETURN NULL;
END $$
-- end
CREATE OR REPLACE TRIGGER wished AFTER INSERT ON delivery_wishes FOR EACH ROW EXECUTE FUNCTION paylogic_wished()
-- end
