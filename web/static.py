"""Static files in memory: one digest of the whole folder in every address, so they may be cached for ever.

Relative links inside the files (fonts in CSS) keep working; text files are kept gzipped as well.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
PACKED = (".css", ".js", ".svg", ".txt")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent: plain and, for text, gzipped."""

    plain: bytes
    packed: bytes | None
    media_type: str


class StaticFiles:
    """All files of web/static, read once; `url("css/app.css")` gives the address with the digest."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.files: dict[str, StaticFile] = {}
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            if path.suffix not in TYPES or not path.is_file():
                continue
            content = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            digest.update(name.encode() + b"\0" + content)
            packed = gzip.compress(content, 9, mtime=0) if path.suffix in PACKED else None
            self.files[name] = StaticFile(content, packed, TYPES[path.suffix])
        self.digest = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError for a file that is not there: a typo in a template."""
        if name not in self.files and not name.startswith("vendor/"):
            raise KeyError(f"no static file {name}")
        return f"/static/{self.digest}/{name}"


STATIC = StaticFiles()
