"""The address of a database on a PostgreSQL server, as `workbench init --database` takes it. A password is refused."""

import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.exceptions import WorkspaceProblem

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
_SECRETS = ("password", "sslpassword")
EXAMPLE = "postgresql://user@host/name"


def is_postgresql(address: str) -> bool:
    """Whether an address is that of a PostgreSQL database."""
    return address.partition(":")[0] in _SCHEMES


def read(address: str) -> URL:
    """The address for SQLAlchemy, with psycopg as its driver.

    Raises:
        WorkspaceProblem: it cannot be read, or has a password.
    """
    try:
        url = make_url(address)
        if "@" in (url.database or ""):  # it has three slashes, or its password has one
            raise ValueError("a name with an @")
    except (ArgumentError, ValueError) as error:  # not quoted: there may be a password in it
        raise WorkspaceProblem(
            "The address of the database cannot be read.", f"Write it as {EXAMPLE}, without a password."
        ) from error
    if url.password is not None or any(name in _SECRETS for name in url.query):
        raise WorkspaceProblem(
            "The address of the database has a password in it. Nothing was stored.",
            "Leave it out: PostgreSQL reads it from ~/.pgpass, a service file or PGPASSWORD.",
        )
    return url.set(drivername="postgresql+psycopg")


def shown(url: URL) -> str:
    """The address as messages show it."""
    return re.sub(r"^postgresql\+psycopg", "postgresql", url.render_as_string(hide_password=True))
