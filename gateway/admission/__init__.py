"""Admission: requests, tokens, places and money held in one round trip before a call, settled once after it.

holds.py               what is asked for and answered: Limit, BudgetLine, Hold, Held, Settled
admission.py           Admission: hold, settle, renew
refusals.py            what a refused caller hears
scripts.py, lua/       the scripts; the layout of the state in Redis is described in lua/common.lua
truth.py               Truth: the books, which the counters in Redis are a copy of
rebuild.py, sweep.py   counters rebuilt from the books; holds of calls that never ended
connection.py, wire.py, endpoint.py, resp.py, organization.py
                       one pipelined connection, with a deadline on every command
estimate.py            how many tokens a prompt may be at most; what they cost is audit/pricing
flood.py               a limit within one worker, before anything costs
"""
