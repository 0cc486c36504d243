"""What becomes of each control when something it depends on fails: declared here, shown on a screen of the portal and
in `docs/reference/failure-matrix.md`. Each cell names the test that shows it.

What is not here does not depend on what is not named: a call is authenticated, authorized and inspected from memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from portal import variables
from portal.setting import Setting

# closed: nothing passes that the control could not judge. open: it passes unjudged. bounded: it passes for a while by
# what was known last. apart: calls are not concerned.
Stance = Literal["closed", "open", "bounded", "apart"]


@dataclass(frozen=True, slots=True)
class Cell:
    """`settings` bound or choose the behaviour; without one it is fixed. `test` is pytest's name of what shows it."""

    control: str
    fails: str
    stance: Stance
    behaviour: str
    test: str
    settings: tuple[Setting[Any], ...] = ()

    @property
    def plain(self) -> str:
        """The behaviour without Markdown."""
        return self.behaviour.replace("`", "")


_REDIS = "Redis or Valkey"
_POSTGRES = "PostgreSQL"
_PROVIDER = "a provider"
_CLOCK = "a worker's clock"
_WORKER = "a worker"
_KEYSTORE = "the keystore"
_CELERY = "the tasks (Celery)"

MATRIX: tuple[Cell, ...] = (
    # Who calls, and what they may
    Cell(
        "Authentication and approval",
        _POSTGRES,
        "bounded",
        "Decided from memory as long as the snapshot is young enough; then 503 `snapshot_stale`, and `/ready` says so.",
        "tests/faults/test_dependencies.py::test_no_call_is_made_while_postgres_stands_still",
        (variables.SNAPSHOT_MAX_AGE_SECONDS,),
    ),
    Cell(
        "Authentication and approval",
        _REDIS,
        "apart",
        "Decided from memory; for limits and budgets see there.",
        "tests/faults/test_dependencies.py::test_no_call_is_made_while_valkey_stands_still",
    ),
    Cell(
        "Authentication and approval",
        _WORKER,
        "closed",
        "One that was stopped decides nothing until it has looked at the register again; a change counts as in force "
        "only when nobody can decide without it any more.",
        "tests/faults/test_stopped_worker.py::test_a_worker_that_was_stopped_does_not_serve_by_what_it_knew",
    ),
    Cell(
        "Authentication and approval",
        _CLOCK,
        "closed",
        "Ages and heartbeats do not depend on it: a worker whose clock is wrong is waited for like any other.",
        "tests/governance/snapshot/test_acknowledge.py::test_a_worker_with_a_wrong_clock_is_waited_for",
    ),
    Cell(
        "Authentication and approval",
        f"{_PROVIDER}, by exchanging a model",
        "bounded",
        "Another model that it names in an answer is refused there within seconds, 403 `condition_version`, until it "
        "is approved; or it is recertified within a month, where that is set. One that names nothing is not caught.",
        "tests/e2e/test_drift.py::test_another_version_is_called_no_more_until_it_is_approved",
        (variables.VERSION_DRIFT,),
    ),
    Cell(
        "Authentication and approval",
        "the register, by a deployment that nobody has reviewed",
        "bounded",
        "Where the approval names deployments, 403 `condition_deployments` until one names this, too. Where it names "
        "none, calls may go there; to register it takes a one-time password then, and whoever decides is told.",
        "tests/e2e/test_conditions.py::test_a_deployment_that_the_approval_does_not_name_is_not_called",
    ),
    # What they may use up
    Cell(
        "Budgets",
        _REDIS,
        "closed",
        "503 `admission_unavailable` within seconds: money that cannot be counted is not spent. Calls under way go on.",
        "tests/faults/test_dependencies.py::test_no_call_is_made_while_valkey_stands_still",
    ),
    Cell(
        "Limits, where no budget applies",
        _REDIS,
        "bounded",
        "Each worker lets its share pass, the ceiling divided by the workers, and begins with none left. What a "
        "share is too small for is 503 `admission_unavailable`, and with `refuse` so is every call.",
        "tests/faults/test_dependencies.py::test_calls_without_a_budget_go_on_while_valkey_stands_still",
        (variables.ADMISSION_WITHOUT_REDIS,),
    ),
    Cell(
        "Limits and budgets",
        f"{_REDIS}, restarted or emptied",
        "closed",
        "Its counters are not believed: they are made again from the ledger before the next call is admitted.",
        "tests/faults/test_kill.py::test_valkey_killed_under_load_loses_no_money",
    ),
    Cell(
        "Limits and budgets",
        f"{_REDIS}, read-only",
        "closed",
        "As when it is away: a replica is not written to.",
        "tests/faults/test_dependencies.py::test_no_call_is_made_while_valkey_takes_no_writes",
    ),
    Cell(
        "Limits and budgets",
        _POSTGRES,
        "closed",
        "Counters that have to be made again cannot be: 503 `admission_unavailable`. Else as the ledger.",
        "tests/gateway/admission/test_rebuild.py::test_while_the_books_cannot_be_read_no_call_is_let_in",
    ),
    Cell(
        "Limits and budgets",
        _WORKER,
        "bounded",
        "Place and tokens of its calls are free again when their lease is over; their money stays held until the "
        "ledger says what became of them.",
        "tests/faults/test_kill.py::test_workers_killed_under_load_are_replaced_and_their_calls_closed",
        (variables.HOLD_LEASE_SECONDS,),
    ),
    Cell(
        "Limits and budgets",
        _CLOCK,
        "closed",
        "Limits go by the server's clock, which all workers share; a worker that is behind does not bring a budget's "
        "last period back.",
        "tests/gateway/admission/test_budgets.py::test_a_worker_whose_clock_is_behind_does_not_turn_the_period_back",
    ),
    # What is written down
    Cell(
        "Ledger",
        _POSTGRES,
        "closed",
        "No record, no call: 503 `ledger_unavailable`. An outcome that cannot be made durable shows as an error, never "
        "as the end of an answer.",
        "tests/faults/test_kill.py::test_postgres_killed_under_load_loses_no_record",
        (variables.DATABASE_URL_GATEWAY,),
    ),
    Cell(
        "Ledger",
        _KEYSTORE,
        "closed",
        "What cannot be sealed is not written, and what is not written is not sent: 503 `ledger_unavailable`.",
        "tests/audit/test_vault.py::test_under_another_root_key_nothing_is_sealed",
        (variables.KEYSTORE_DIR,),
    ),
    Cell(
        "Ledger",
        _WORKER,
        "bounded",
        "Its open calls are settled at what they held, as `outcome_unknown`, within a minute. A truth that comes late "
        "becomes a correction.",
        "tests/faults/test_kill.py::test_workers_killed_under_load_are_replaced_and_their_calls_closed",
    ),
    Cell(
        "Ledger",
        _CLOCK,
        "closed",
        "Records carry the database's time. A worker whose clock is more than five minutes off records no new call: "
        "503 `ledger_unavailable`. Calls that run while its clock is set come to their end.",
        "tests/faults/test_clock.py::test_a_clock_that_jumps_leaves_no_call_open",
    ),
    Cell(
        "Ledger",
        _CELERY,
        "open",
        "Calls go on; money of calls whose worker died stays held, and sums of spend are not rolled up, until tasks "
        "run again.",
        "tests/chaos/test_smoke.py::test_a_broken_installation_keeps_its_books",
        (variables.BROKER_URL,),
    ),
    # What may be said
    Cell(
        "Personal data, secrets, injection",
        "a check",
        "closed",
        "The checks run in the process that answers; there is no service to lose. One that raises fails its call: "
        "nothing counts as passed that was not looked at.",
        "tests/gateway/guards/test_engine.py::test_a_check_that_fails_is_no_pass",
    ),
    # Who answers
    Cell(
        "Routing",
        _PROVIDER,
        "bounded",
        "Another deployment is tried, or the same once more, until the first byte and twice at most; then 502 "
        "`upstream_error` or 504 `upstream_timeout`. What an attempt may have cost is charged.",
        "tests/gateway/routing/test_attempts.py::test_attempts_are_few_and_end_with_the_first_answer",
        (variables.UPSTREAM_CONNECT_SECONDS, variables.UPSTREAM_IDLE_SECONDS, variables.UPSTREAM_TOTAL_SECONDS),
    ),
    Cell(
        "Routing",
        f"{_PROVIDER}, with a broken answer",
        "closed",
        "It is a failure, whatever its status says: a body that is no answer, is not whole or is too large is not "
        "passed on. A stream that breaks ends with an error event.",
        "tests/gateway/providers/test_broken_answers.py::test_a_broken_answer_has_a_class",
        (variables.MAX_ANSWER_BYTES,),
    ),
    Cell(
        "Routing",
        "the process of hosted providers",
        "closed",
        "Providers of that kind answer 502 `upstream_error`; the others are not concerned.",
        "tests/gateway/providers/test_hosted_process.py::test_without_a_hosted_process_there_is_no_connection",
        (variables.HOSTED_SOCKET,),
    ),
    # What people do
    Cell(
        "Acts on the portal",
        _REDIS,
        "apart",
        "They are done all the same. Open pages are not told of them: that is given up after 300 ms, and they refetch.",
        "tests/faults/test_dependencies.py::test_what_people_do_is_done_while_valkey_stands_still",
    ),
)
