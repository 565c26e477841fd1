"""Proofs of money out, for `paylogic ledger check`: what is said (title) and the rows that deny it (SQL)."""

from __future__ import annotations

from billing.ledger import Book

PAYEES, IN_TRANSIT = int(Book.PAYEES), int(Book.IN_TRANSIT)
FEES, CASH, TRANSFERS = int(Book.FEES), int(Book.CASH), int(Book.TRANSFERS)

PAYOUT_CHECKS: tuple[tuple[str, str], ...] = (
    (
        "Каждый перевод равен долям платежей, из которых сложен, и своей записи",
        f"""
        SELECT 'перевод ' || t.id, t.gross_kopecks, CASE WHEN coalesce(s.gross, 0) <> t.gross_kopecks
                 THEN coalesce(s.gross, 0) ELSE coalesce(p.gross, 0) END::bigint
          FROM transfers t
          LEFT JOIN (SELECT run_id, payee_id, sum(amount_kopecks) AS gross, sum(agent_fee_kopecks) AS agent,
                            sum(centre_fee_kopecks) AS centre
                       FROM payout_shares WHERE is_live GROUP BY 1, 2) s
            ON s.run_id = t.run_id AND s.payee_id = t.payee_id
          LEFT JOIN (SELECT entry_id, sum(amount_kopecks) FILTER (WHERE book = {PAYEES}) AS gross,
                            -sum(amount_kopecks) FILTER (WHERE book = {TRANSFERS}) AS net
                       FROM postings GROUP BY 1) p ON p.entry_id = t.entry_id
         WHERE t.state IN ('ordered', 'exported', 'executed')
           AND (t.gross_kopecks, t.agent_fee_kopecks, t.centre_fee_kopecks, t.gross_kopecks, t.net_kopecks)
               IS DISTINCT FROM (s.gross, s.agent, s.centre, p.gross, p.net)""",  # noqa: S608
    ),
    (
        "Ни одна проводка платежа не перечислена больше, чем на свою сумму",
        """
        SELECT 'запись ' || s.entry_id || ', проводка ' || s.ordinal, -p.amount_kopecks, s.amount
          FROM (SELECT entry_id, ordinal, sum(amount_kopecks)::bigint AS amount,
                       bool_or(is_advance) AS is_part
                  FROM payout_shares WHERE is_live GROUP BY 1, 2) s
          JOIN postings p ON p.entry_id = s.entry_id AND p.ordinal = s.ordinal
         WHERE CASE WHEN s.is_part
                    THEN abs(s.amount) > abs(p.amount_kopecks) OR s.amount * p.amount_kopecks > 0
                    ELSE s.amount <> -p.amount_kopecks END""",
    ),
    (
        "Деньги сохраняются: принято = в пути + на счёте + удержано агентами + переведено получателям",
        f"""
        SELECT 'все деньги', taken::bigint, (transit + cash + kept + paid)::bigint
          FROM (SELECT coalesce(sum(p.amount_kopecks) FILTER (
                         WHERE p.book = {IN_TRANSIT} AND e.kind <> 'arrival'), 0) AS taken,
                       coalesce(sum(p.amount_kopecks) FILTER (WHERE p.book = {IN_TRANSIT}), 0) AS transit,
                       coalesce(sum(p.amount_kopecks) FILTER (WHERE p.book = {CASH}), 0) AS cash,
                       coalesce(sum(p.amount_kopecks) FILTER (
                         WHERE p.book = {FEES} AND e.kind = 'arrival'), 0) AS kept,
                       (SELECT coalesce(sum(net_kopecks), 0) FROM transfers WHERE state = 'executed') AS paid
                  FROM postings p JOIN entries e ON e.id = p.entry_id
                 WHERE p.book IN ({IN_TRANSIT}, {CASH}, {FEES})) m
         WHERE taken <> transit + cash + kept + paid""",  # noqa: S608
    ),
    (
        "Поручено и ещё не списано банком — ровно то, что ждёт по книге переводов",
        f"""
        SELECT 'переводы', coalesce((SELECT sum(net_kopecks) FROM transfers
                                      WHERE state IN ('ordered', 'exported')), 0)::bigint,
               -coalesce(sum(amount_kopecks), 0)::bigint
          FROM postings WHERE book = {TRANSFERS}
        HAVING coalesce((SELECT sum(net_kopecks) FROM transfers WHERE state IN ('ordered', 'exported')), 0)
               <> -coalesce(sum(amount_kopecks), 0)""",  # noqa: S608
    ),
    (
        "Каждое поступление от агента равно платежам, деньги которых пришли",
        """
        SELECT 'поступление ' || a.id, a.gross_kopecks, coalesce(m.amount, 0)::bigint
          FROM arrivals a
          LEFT JOIN (SELECT x.arrival_id, sum(p.amount_kopecks) AS amount FROM arrival_entries x
                       JOIN postings p ON p.entry_id = x.entry_id AND p.book = :transit GROUP BY 1) m
            ON m.arrival_id = a.id
         WHERE a.gross_kopecks <> coalesce(m.amount, 0)""".replace(":transit", str(IN_TRANSIT)),
    ),
    (
        "На счёте по книге ровно то, что пришло и ещё не ушло",
        f"""
        SELECT 'счёт центра', (came - left_)::bigint, book::bigint
          FROM (SELECT coalesce((SELECT sum(received_kopecks) FROM arrivals), 0) AS came,
                       coalesce((SELECT sum(net_kopecks) FROM transfers
                                  WHERE state = 'executed'), 0) AS left_,
                       coalesce((SELECT sum(amount_kopecks) FROM postings WHERE book = {CASH}), 0) AS book) m
         WHERE came - left_ <> book""",  # noqa: S608
    ),
)
