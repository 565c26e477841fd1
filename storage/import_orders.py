"""A workbook from a page: kept as a file with a job, checked and loaded by a worker, which fills the job.

The pages' role may not write readings, so the pages only keep the file and command; the effect, the state of
the job and the event's id are one transaction of the worker.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import outbox
from storage.importer import ImportRefused, check_workbook, import_workbook
from storage.session import Session

CHECK = "commands.imports.check"
LOAD = "commands.imports.load"
KINDS = {CHECK: "import_check", LOAD: "import_load"}
FILE_BYTES_MAX = 30 * 1024 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class ImportJob:
    """A check or a load of a file: its state and, when done, the report of the importer."""

    id: int
    kind: str
    title: str
    company_id: int
    company_name: str
    file_id: int
    state: str
    report: dict[str, Any] | None
    error: str | None
    created_by_name: str | None
    created_at: dt.datetime
    finished_at: dt.datetime | None

    @property
    def is_live(self) -> bool:
        """Whether a worker still has it before it."""
        return self.state == "planned"


async def request_check(
    session: Session, company_id: int, file_name: str, content: bytes, user_id: int
) -> int:
    """Keep the file and ask a worker to check it; the id of the job."""
    file_id = await session.scalar(
        text("""
        INSERT INTO files (digest, name, media_type, content, company_id, user_id)
        VALUES (:digest, :name, :media_type, :content, :company_id, :user_id) RETURNING id"""),
        {
            "digest": hashlib.sha256(content).hexdigest(),
            "name": file_name,
            "media_type": XLSX,
            "content": content,
            "company_id": company_id,
            "user_id": user_id,
        },
    )
    return await _order(session, CHECK, int(file_id or 0), file_name, company_id, user_id)


async def request_load(session: Session, checked: ImportJob, user_id: int) -> int:
    """Ask a worker to load a file that was checked; the id of the new job."""
    return await _order(session, LOAD, checked.file_id, checked.title, checked.company_id, user_id)


async def _order(
    session: Session, subject: str, file_id: int, title: str, company_id: int, user_id: int
) -> int:
    job_id = await session.scalar(
        text("""
        INSERT INTO jobs (kind, title, company_id, created_by, result)
        VALUES (:kind, :title, :company_id, :user_id, CAST(:result AS jsonb)) RETURNING id"""),
        {
            "kind": KINDS[subject],
            "title": title,
            "company_id": company_id,
            "user_id": user_id,
            "result": json.dumps({"file_id": file_id}),
        },
    )
    await outbox.add(session, subject, {"job_id": job_id}, f"import-job-{job_id}")
    return int(job_id or 0)


JOB = """
SELECT j.id, j.kind, j.title, j.company_id, o.short_name AS company_name,
       (j.result ->> 'file_id')::bigint AS file_id, j.state, j.result -> 'report' AS report, j.error,
       u.full_name AS created_by_name, j.created_at, j.finished_at
  FROM jobs j
  JOIN organisations o ON o.id = j.company_id
  LEFT JOIN users u ON u.id = j.created_by
 WHERE j.kind IN ('import_check', 'import_load')
"""
JOBS_MAX = 50


async def import_job(session: Session, job_id: int) -> ImportJob | None:
    """One job of an import."""
    row = (await session.execute(text(f"{JOB} AND j.id = :id"), {"id": job_id})).one_or_none()
    return None if row is None else ImportJob(**row._mapping)


async def import_jobs(session: Session) -> list[ImportJob]:
    """The newest imports, without their long reports."""
    short = JOB.replace("j.result -> 'report' AS report", "(j.result -> 'report') - 'verdicts' AS report")
    found = await session.execute(text(f"{short} ORDER BY j.id DESC LIMIT {JOBS_MAX}"))
    return [ImportJob(**row._mapping) for row in found]


async def obey(session: Session, subject: str, payload: dict[str, Any]) -> None:
    """Check or load; the report, or the refusal in words, goes into the job. In the worker's transaction."""
    row = (
        await session.execute(
            text("""
            SELECT j.id, j.company_id, j.created_by, f.name, f.content FROM jobs j
              JOIN files f ON f.id = (j.result ->> 'file_id')::bigint
             WHERE j.id = :id AND j.state = 'planned' FOR UPDATE OF j"""),
            {"id": payload["job_id"]},
        )
    ).one_or_none()
    if row is None:
        return
    do = check_workbook if subject == CHECK else import_workbook
    try:
        report = await do(session, row.name, row.content, row.company_id, user_id=row.created_by)
    except ImportRefused as refusal:
        await _finish(session, row.id, "failed", None, refusal.message)
        return
    await _finish(session, row.id, "done", report.as_dict(), None)


async def _finish(
    session: Session, job_id: int, state: str, report: dict[str, Any] | None, error: str | None
) -> None:
    added = {} if report is None else {"report": report}
    await session.execute(
        text("""
        UPDATE jobs SET state = :state, error = :error, finished_at = clock_timestamp(),
               result = result || CAST(:added AS jsonb)
         WHERE id = :id"""),
        {"state": state, "error": error, "added": json.dumps(added), "id": job_id},
    )


async def give_up(session: Session, payload: dict[str, Any]) -> None:
    """A job nobody could do: say so to whoever waits for it."""
    words = "Файл не удалось обработать. Мы записали причину, администратор её видит. Файл сохранён."
    await session.execute(
        text("""
        UPDATE jobs SET state = 'failed', error = :words, finished_at = clock_timestamp()
         WHERE id = :id AND state = 'planned'"""),
        {"words": words, "id": payload.get("job_id")},
    )
