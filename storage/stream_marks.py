"""What to do when the stream's store is lost: everything is still in the outbox, so it is sent anew.

Consumers know the events they have met (processed_events), so sending anew posts nothing twice.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from storage.session import Session

KNOWN = "SELECT born_at FROM stream_marks WHERE name = :name FOR UPDATE"

KEEP = """
INSERT INTO stream_marks (name, born_at, restored_count) VALUES (:name, :born_at, :restored)
ON CONFLICT (name) DO UPDATE SET born_at = excluded.born_at, recorded_at = clock_timestamp(),
   restored_count = stream_marks.restored_count + excluded.restored_count"""

ANEW = """
WITH anew AS (
  UPDATE outbox SET sent_at = NULL
   WHERE subject LIKE :prefix AND sent_at IS NOT NULL
     AND recorded_at > CAST(:born_at AS timestamptz) - make_interval(secs => :age_s) RETURNING 1)
SELECT count(*) FROM anew"""


async def restore(session: Session, name: str, born_at: dt.datetime, age_s: float) -> int:
    """Note when a stream was made. When it is another stream than was known, everything sent, as far back as
    the stream keeps, waits for the relay again; how many events.

    The first note of a stream restores too: what was sent then went to a stream nobody had noted. Clocks of
    the two servers are not compared: what the new stream has already, it keeps once by the event's id.
    """
    known = await session.scalar(text(KNOWN), {"name": name})
    if known == born_at:
        return 0
    values = {"prefix": f"{name}.%", "born_at": born_at, "age_s": age_s}
    restored = int((await session.execute(text(ANEW), values)).scalar_one())
    await session.execute(text(KEEP), {"name": name, "born_at": born_at, "restored": restored})
    return restored
