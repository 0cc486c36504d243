"""Secrets and content that can be recognised, and every place where something could keep them.

A canary is looked for as it is and in the codings in which things are stored: hexadecimal, as PostgreSQL shows bytes,
base64 and URL-quoted.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
import redis
from psycopg import sql

from kit.ids import new_id

_LARGEST_FILE = 64 * 1024 * 1024


def _word(kind: str) -> str:
    return f"canary-{kind}-{new_id().hex}"


@dataclass(slots=True)
class Canaries:
    """What is given to the product under each name; some is made by it and filled in when it is."""

    api_key: str = ""
    access_token: str = ""
    first_password: str = ""
    session: str = ""
    one_time_secret: str = ""
    email: str = ""
    password: str = ""
    wrong_password: str = ""
    credential: str = ""
    prompt: str = ""
    answer: str = ""
    broken_answer: str = ""
    refused_prompt: str = ""
    tool_argument: str = ""
    end_user: str = ""
    unknown_key: str = ""

    @classmethod
    def hatch(cls) -> Canaries:
        """All that is not made by the product itself."""
        made = cls(**{each.name: _word(each.name.replace("_", "-")) for each in fields(cls)})
        made.email = f"{made.email}@example.com"
        return made

    def named(self) -> Iterator[tuple[str, str]]:
        for each in fields(self):
            yield each.name, getattr(self, each.name)

    def in_text(self, content: bytes) -> set[str]:
        """The names of those that lie in there."""
        return {name for name, value in self.named() if any(form in content for form in codings(value))}


def codings(value: str) -> set[bytes]:
    raw = value.encode()
    # Base64 of a text inside a longer one depends on where it begins: the part that does not, for each offset.
    shifted = [base64.b64encode(b"\0" * offset + raw)[4:-4] for offset in range(3)]
    return {raw, raw.hex().encode(), quote(value).encode(), *shifted}


def in_redis(canaries: Canaries, urls: Iterable[str]) -> set[tuple[str, str]]:
    """(key, canary) over all keys and values."""
    found = set()
    for url in urls:
        address, _, options = url.partition("?")
        if address.startswith("redis+socket://"):  # as Celery writes it
            database = parse_qs(options).get("virtual_host", ["0"])[0]
            address, options = address.replace("redis+socket://", "unix://"), f"db={database}"
        with redis.Redis.from_url(f"{address}?{options}") as client:
            for key in client.scan_iter(count=1000):
                content = key + b"\n" + _value(client, key)
                found |= {(key.decode(errors="replace"), name) for name in canaries.in_text(content)}
    return found


def _value(client: redis.Redis, key: bytes) -> bytes:
    """Everything under a key, whatever its type."""
    readers = {
        b"string": lambda: client.get(key),
        b"hash": lambda: client.hgetall(key),
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1, withscores=True),
        b"stream": lambda: client.xrange(key),
        b"none": lambda: b"",  # gone meanwhile
    }
    value = readers[client.type(key)]()  # type: ignore[index, no-untyped-call]
    return value if isinstance(value, bytes) else repr(value).encode()


def in_database(canaries: Canaries, admin_url: str, name: str) -> set[tuple[str, str]]:
    """(column, canary) over every column of every table, as the superuser."""
    found = set()
    with psycopg.connect(admin_url, dbname=name) as database:
        for schema, table, column in database.execute(_COLUMNS).fetchall():
            for canary, value in canaries.named():
                place = sql.Identifier(schema, table), sql.Identifier(column)
                query = sql.SQL("SELECT FROM {0} WHERE {1}::text LIKE ANY (%s) LIMIT 1").format(*place)
                forms = [f"%{form.decode()}%" for form in codings(value)]
                if database.execute(query, [forms]).fetchone() is not None:
                    found.add((f"{table}.{column}", canary))
    return found


_COLUMNS = """
SELECT table_schema, table_name, column_name FROM information_schema.columns
JOIN pg_class ON oid = format('%I.%I', table_schema, table_name)::regclass AND relkind IN ('r', 'm') AND reltuples <> 0
WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
AND data_type NOT IN ('uuid', 'bigint', 'integer', 'smallint', 'boolean', 'timestamp with time zone', 'date', 'inet')"""


def in_files(canaries: Canaries, directories: Iterable[Path]) -> set[tuple[str, str]]:
    """(path, canary) over all files, the data of PostgreSQL apart, which is looked through as a database."""
    found = set()
    for path in _files(directories):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        found |= {(str(path), name) for name in canaries.in_text(content)}
    return found


def _files(directories: Iterable[Path]) -> Iterator[Path]:
    for directory in directories:
        for root, below, names in os.walk(directory):
            if "PG_VERSION" in names:
                below.clear()
                continue
            for name in names:
                path = Path(root, name)
                if path.is_file() and not path.is_symlink() and path.stat().st_size < _LARGEST_FILE:
                    yield path


def in_command_lines(canaries: Canaries) -> set[tuple[str, str]]:
    """(process, canary) over what anybody on this machine may read of the processes."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        found |= {(content[:60].decode(errors="replace"), name) for name in canaries.in_text(content)}
    return found


def database_of(url: str) -> str:
    return urlsplit(url).path.lstrip("/")
