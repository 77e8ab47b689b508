"""A PostgreSQL server of the tests' own: a fresh cluster in a temporary folder, on loopback, with a password."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root


class Postgres:
    """A server, started; ``stop`` ends it and takes its folder away."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._user = UNPRIVILEGED if os.getuid() == 0 else None
        self._password = secrets.token_hex(16)
        (self._folder / "password").write_text(self._password)
        if self._user:
            shutil.chown(self._folder, self._user)
            shutil.chown(self._folder / "password", self._user)
        self._run(
            "initdb", "--auth=scram-sha-256", f"--pwfile={self._folder / 'password'}", "--username=marker",
            "--encoding=UTF8", "--locale=C", "--no-sync", f"--pgdata={self._folder / 'data'}",
        )  # fmt: skip
        self._port = _free_port()
        self._databases = 0
        self._server("start")

    def stop(self) -> None:
        """End it."""
        self._server("stop", "--mode=immediate")
        shutil.rmtree(self._folder)

    def restart(self) -> None:
        """End it as a power cut would, and start it again."""
        self._server("stop", "--mode=immediate")
        self._server("start")

    def database(self, encoding: str = "UTF8") -> str:
        """The URL of a new, empty database."""
        self._databases += 1
        name = f"marks_{self._databases}"
        with self.connection() as connection:
            connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0")
        return f"postgresql://marker:{self._password}@127.0.0.1:{self._port}/{name}"

    def connection(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the server's owner, outside any transaction."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self._port,
            user="marker",
            password=self._password,
            dbname="postgres",
            autocommit=True,
        )

    def connections_to(self, url: str) -> list[int]:
        """The process ids of the server's side of all connections to the database at ``url``."""
        asked = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        with self.connection() as connection:
            return [int(str(pid)) for (pid,) in connection.execute(asked, [url.rpartition("/")[2]])]

    def _server(self, *command: str) -> None:
        options = f"-h 127.0.0.1 -p {self._port} -k '' -c fsync=off"
        self._run(
            "pg_ctl", *command, "-w", "-D", str(self._folder / "data"), "-l", str(self._folder / "log"), "-o", options
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [_program(program), *arguments], cwd=self._folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            user=self._user,
        )  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stderr or done.stdout}"


def _program(name: str) -> str:
    """Where a server program lies: Debian keeps them off the path."""
    found = shutil.which(name)
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    if found is None and not versions:
        raise FileNotFoundError(f"{name} is not here: install the package `postgresql` (Debian)")
    return str(versions[-1]) if versions else str(found)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
