"""The one guard for everything that connects out: providers, webhooks, key sets, anchors, secret stores.

A name is resolved once, every address is checked, and the connection is made to exactly an address that was
checked, so a name that resolves differently a moment later (DNS rebinding) changes nothing. Addresses that are not
public are refused unless the operator has listed the network, or the very host and port, as reachable.

    kit.egress                connections for our own protocols
    kit.egress.session        an aiohttp session under the same policy, following no redirect
    kit.egress.process_guard  for processes in which other people's code opens the connections
"""

from kit.egress.connections import addresses, connect, connect_unix
from kit.egress.policy import EgressPolicy, EgressRefused

__all__ = ["EgressPolicy", "EgressRefused", "addresses", "connect", "connect_unix"]
