"""What a state directory keeps."""

from __future__ import annotations

import json
import socket

import pytest

from portal.embedded.home import AlreadyRunning, Home


def test_a_secret_is_generated_once(home: Home) -> None:
    first = home.secret("PASSWORD", lambda: "one")
    assert (first, Home(home.path).secret("PASSWORD", lambda: "two")) == ("one", "one")


def test_publishing_keeps_what_was_remembered(home: Home) -> None:
    home.remember("migrated", "abc")
    home.publish({"REDIS_URL": "redis://one"})
    home.publish({"DATABASE_URL": "postgresql://two"})
    content = json.loads((home.path / "runtime.json").read_text())
    assert content == {"migrated": "abc", "environment": {"DATABASE_URL": "postgresql://two"}}


def test_a_port_is_kept_while_it_is_free_and_replaced_when_taken(home: Home) -> None:
    port = home.port("local_model")
    assert home.port("local_model") == port
    with socket.create_server(("127.0.0.1", port)):
        assert home.port("local_model") != port


def test_a_home_has_one_holder_at_a_time(home: Home) -> None:
    with home.exclusive():
        with pytest.raises(AlreadyRunning, match="in use"), Home(home.path).exclusive():
            pass
        assert home.supervisor() is not None
    assert home.supervisor() is None
    with home.exclusive():
        pass
