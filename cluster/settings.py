"""Settings of one stack, read from the environment (prefix PAYLOGIC_); the one place that knows their names.

A part with a URL here lives elsewhere and is only used; a part without one is started by us (embedded.py).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PORT_PREFERRED = 8000


class Settings(BaseSettings):
    """What a person may choose; everything has a default that gives a working stack on one machine."""

    model_config = SettingsConfigDict(env_prefix="PAYLOGIC_", extra="ignore", frozen=True)

    home: Path = Field(
        Path(".paylogic"), description="Folder of all embedded data, ports, passwords and logs"
    )

    database_url: str | None = Field(
        None, description="PostgreSQL for workers and migrations (owner of tables)"
    )
    web_database_url: str | None = Field(None, description="The same database for pages: role paylogic_web")
    nats_url: str | None = Field(None, description="NATS with JetStream")
    nats_monitor_url: str | None = Field(
        None, description="HTTP monitoring of that NATS, to read sync_interval"
    )
    nats_sync_confirmed: bool = Field(False, description="The operator vouches that NATS syncs every write")
    ray_address: str | None = Field(None, description="Address of a Ray head, host:port")

    host: str = Field("127.0.0.1", description="Address the pages listen on")
    port: int | None = Field(None, ge=1, le=65535, description="Port of the pages; 8000 or a free one")
    tls_cert: Path | None = Field(None, description="Certificate of the pages: they end TLS themselves")
    tls_key: Path | None = Field(None, description="Key of that certificate")
    tls_client_ca: Path | None = Field(
        None, description="Certificates (or their issuers) of agents who prove themselves by TLS"
    )
    web_workers: int = Field(1, ge=1, le=64, description="Processes of the pages")
    ray_cpus: int | None = Field(None, ge=1, le=1024, description="Cores given to the embedded Ray; all")
    ray_object_store_mb: int = Field(512, ge=80, le=65536, description="Object store of the embedded Ray, MB")
    postgres_memory_mb: int | None = Field(
        None, ge=64, description="Memory the embedded PostgreSQL is tuned for, MB; that of the machine"
    )
    secrets: Path | None = Field(
        None, description="Folder of keys of banks and the cashbox; `secrets` in the home"
    )
    demo_bank: bool = Field(
        False, description="Start the bundled bank of the demo city; never for real money"
    )
    smtp_url: str | None = Field(
        None, description="Mail server: smtp://user:password@host:587 (STARTTLS) or smtps://host"
    )
    mail_from: str | None = Field(None, description="Whom letters are from: «Расчётный центр <a@rc.example>»")
    mail_bounces: str | None = Field(None, description="Address bounces come to; bounce@ the same domain")
    mail_per_minute: int = Field(120, ge=1, le=6_000, description="Letters a minute at most")
    dkim_key: Path | None = Field(None, description="File of the private key that signs letters")
    dkim_selector: str = Field("paylogic", description="Name of the public key in DNS")
    bounce_listen: str | None = Field(None, description="host:port where our own SMTP takes bounces")
    public_url: str | None = Field(None, description="Where pages are for people; links of letters")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Detail of the logs")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @field_validator("database_url", "web_database_url")
    @classmethod
    def _is_postgres(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("адрес базы должен начинаться с postgresql://")
        return url

    @model_validator(mode="after")
    def _both_databases_or_none(self) -> "Settings":
        if (self.database_url is None) != (self.web_database_url is None):
            raise ValueError(
                "PAYLOGIC_DATABASE_URL и PAYLOGIC_WEB_DATABASE_URL задают вместе: "
                "страницы ходят в базу под своей ролью paylogic_web"
            )
        return self

    @model_validator(mode="after")
    def _whole_tls(self) -> "Settings":
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("PAYLOGIC_TLS_CERT и PAYLOGIC_TLS_KEY задают вместе")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("PAYLOGIC_TLS_CLIENT_CA нужен только вместе с PAYLOGIC_TLS_CERT")
        return self


WORDS = {
    "int_parsing": "«{input}» — не целое число",
    "greater_than_equal": "{input} мало, наименьшее {ge}",
    "less_than_equal": "{input} много, наибольшее {le}",
    "bool_parsing": "«{input}» не понять: напишите 1 или 0",
    "literal_error": "«{input}» здесь не бывает, выберите одно из: {expected}",
}
"""What is wrong with a value, by the kind of the error."""


def _words(problem: Mapping[str, Any]) -> str:
    known = WORDS.get(problem["type"])
    if known is None:
        return str(problem["msg"]).removeprefix("Value error, ")
    return known.format(input=problem["input"], **problem.get("ctx", {})).replace(" or ", ", ")


def load() -> Settings:
    """Settings of this process.

    Raises SettingsError with words for a person when the environment holds something unusable.
    """
    from pydantic import ValidationError

    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(error) from error


class SettingsError(ValueError):
    """Unusable environment; the message names each variable and what is wrong with it."""

    def __init__(self, error: Exception) -> None:
        from pydantic import ValidationError

        assert isinstance(error, ValidationError)
        rows = []
        for problem in error.errors():
            name = "PAYLOGIC_" + "_".join(str(part) for part in problem["loc"]).upper()
            rows.append(f"{name.rstrip('_')}: {_words(problem)}")
        super().__init__("Настройки не годятся. " + "; ".join(rows))
