"""What a person changes on the own page."""

from __future__ import annotations

from sqlalchemy import text

from storage.session import Session


async def set_single_keys(session: Session, user_id: int, is_on: bool) -> None:
    """The switch «Клавиши одной кнопкой» of a person."""
    await session.execute(
        text("UPDATE users SET single_keys = :is_on WHERE id = :user_id"),
        {"is_on": is_on, "user_id": user_id},
    )
