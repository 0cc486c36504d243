"""The figures of all processes of one machine, through files in a directory they share.

Each process writes its own every second and holds a lock on a file beside it for as long as it lives. Whoever reads
takes the counts of the dead over into `gone.json`, so that a sum never falls, and forgets their gauges. A process that
is killed loses what it counted in its last second.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from kit import metrics
from kit.ids import new_id
from kit.metrics import State

logger = logging.getLogger(__name__)
_PERIOD_SECONDS = 1.0
_GONE = "gone.json"


class Publisher:
    """Writes this process's figures until it ends. `process` names it in its gauges: a role and a number."""

    def __init__(self, directory: Path, process: str) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = directory / f"{new_id().hex}.json"
        self._process = process
        self._writing = threading.Lock()
        self._lock = os.open(self._file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="metrics", daemon=True)

    def start(self) -> None:
        self.publish()
        self._thread.start()

    def stop(self) -> None:
        """Leaves the counts for others to take over."""
        self._stopped.set()
        self._thread.join(2)
        self.publish()
        os.close(self._lock)

    def publish(self) -> None:
        with self._writing:
            _write(self._file, {"process": self._process, "families": metrics.state()})

    def _work(self) -> None:
        while not self._stopped.wait(_PERIOD_SECONDS):
            try:
                self.publish()
            except Exception as failure:  # a full disk: what is counted is written when there is room again
                known = isinstance(failure, OSError)
                logger.warning("figures not written: %s", type(failure).__name__, exc_info=not known)


def collect(directory: Path) -> State:
    """The sum over all processes, living and gone. Gauges have the label `process` first."""
    with _alone(directory):
        gone: State = _read(directory / _GONE) or {}
        living: State = {}
        for path in sorted(directory.glob("*.json")):
            if path.name == _GONE or (content := _read(path)) is None:
                continue
            if _lives(path):
                _add(living, _with_process(content["families"], content["process"]))
            else:
                _take_over(directory, path, gone, content["families"])
    total: State = {}
    _add(total, gone)
    _add(total, living)
    return total


def _take_over(directory: Path, path: Path, gone: State, families: State) -> None:
    _add(gone, {name: family for name, family in families.items() if family["kind"] != "gauge"})
    _write(directory / _GONE, gone)
    path.unlink(missing_ok=True)
    path.with_suffix(".lock").unlink(missing_ok=True)


def _add(total: State, more: State) -> None:
    """Series by series. A family whose meaning has changed since counts anew."""
    for name, family in more.items():
        known = total.get(name)
        if known is None or any(known[part] != family[part] for part in ("kind", "labels", "bounds")):
            total[name] = {**family, "series": [[list(labels), value] for labels, value in family["series"]]}
            continue
        series = {tuple(labels): value for labels, value in known["series"]}
        for labels, value in family["series"]:
            before = series.get(tuple(labels))
            series[tuple(labels)] = value if before is None else _sum(before, value)
        known["series"] = [[list(labels), value] for labels, value in series.items()]


def _sum(one: Any, other: Any) -> Any:
    if isinstance(one, list):
        return [first + second for first, second in zip(one, other, strict=True)]
    return one + other


def _with_process(families: State, process: str) -> State:
    return {
        name: {
            **family,
            "labels": ["process", *family["labels"]],
            "series": [[[process, *labels], value] for labels, value in family["series"]],
        }
        if family["kind"] == "gauge"
        else family
        for name, family in families.items()
    }


def _lives(path: Path) -> bool:
    """Whether the process that writes it still holds its lock; the kernel lets go when it dies."""
    try:
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    lock = os.open(directory / "readers.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _read(path: Path) -> Any:
    with suppress(FileNotFoundError, orjson.JSONDecodeError):
        return orjson.loads(path.read_bytes())
    return None


def _write(path: Path, content: Any) -> None:
    """Whole or not at all."""
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_bytes(orjson.dumps(content))
    beside.replace(path)
