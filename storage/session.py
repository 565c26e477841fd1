"""The session as pages and messages see it: a name to annotate with, so that SQLAlchemy stays in storage."""

from sqlalchemy.ext.asyncio import AsyncSession as Session

__all__ = ["Session"]
