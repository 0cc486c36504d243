"""Whose address a call has, when proxies stand between."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from kit.client_address import nearest

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),  # whoever connects is no proxy: not believed
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),  # what the caller put first is not believed
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.9.9.9", "10.9.9.9"),
    ],
)
def test_the_nearest_that_is_no_proxy_counts(peer: str, forwarded_for: str, expected: str) -> None:
    assert str(nearest(peer, forwarded_for, PROXIES)) == expected


@pytest.mark.parametrize("forwarded_for", ["unknown", "198.51.100.7:443", "198.51.100.7, nonsense"])
def test_what_is_no_address_is_nobodys(forwarded_for: str) -> None:
    assert nearest("10.0.0.1", forwarded_for, PROXIES) is None
    assert nearest("", forwarded_for, PROXIES) is None
