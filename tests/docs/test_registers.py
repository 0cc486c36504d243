"""Error codes, audit actions and acts: what is used is listed, and what is listed is used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from django.apps import apps

from kit import errors
from portal.actions import ACTIONS
from portal.reference.source import modules
from tenants import permissions

MODULES = dict(modules())
ACT_NAMES = frozenset().union(*permissions.ACTS.values())
# Where an act's name is written: these call `append_act`.
RECORDING = {name: tree for name, tree in MODULES.items() if "append_act" in ast.unparse(tree)}


def literals(tree: ast.AST) -> set[str]:
    """Every string constant."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def recorded() -> Iterator[str]:
    """The names of acts in the source, as patterns: what an f-string fills in is any word."""
    for tree in RECORDING.values():
        for name in literals(tree) - ACT_NAMES:
            if re.fullmatch(r"(tenants|governance|gateway|portal|audit)(\.[a-z_]+){2}", name):
                yield re.escape(name)
        for formatted in (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)):
            parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z]+" for p in formatted.values]
            if re.match(r"(tenants|governance)\\\.", parts[0]):
                yield "".join(parts)


def test_every_action_in_the_source_is_listed() -> None:
    unlisted = [pattern for pattern in recorded() if not any(re.fullmatch(pattern, action) for action in ACTIONS)]
    assert unlisted == []


def test_every_listed_action_is_in_the_source() -> None:
    patterns = set(recorded())
    assert [action for action in ACTIONS if not any(re.fullmatch(pattern, action) for pattern in patterns)] == []


def test_what_can_be_registered_or_suspended_has_its_actions_listed() -> None:
    suspendable = [model for model in apps.get_app_config("governance").get_models() if hasattr(model, "suspended_at")]
    kinds = {model._meta.model_name for model in suspendable} - {"approval"}
    expected = {f"governance.{kind}.{verb}" for kind in kinds for verb in ("registered", "suspended", "resumed")}
    assert expected - set(ACTIONS) == set()


def test_every_error_code_is_raised_somewhere() -> None:
    said = set().union(*(literals(tree) for name, tree in MODULES.items() if name != "kit.errors"))
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for module, tree in MODULES.items()
        if module != "kit.errors"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name)
    }
    tree_of_errors: list[type[errors.ChanceryError]] = [errors.ChanceryError, *_subclasses(errors.ChanceryError)]
    raised = {error.code for error in tree_of_errors if error.__name__ in names}
    assert set(errors.CODES) - said - raised == set()


def test_no_class_of_error_is_idle() -> None:
    text = "".join(ast.unparse(tree) for name, tree in MODULES.items() if name != "kit.errors")
    assert [each.__name__ for each in _subclasses(errors.ChanceryError) if each.__name__ not in text] == []


def test_every_code_said_of_an_error_is_listed() -> None:
    said = {
        keyword.value.value
        for name, tree in MODULES.items()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant) and _raises(call)
    }
    assert said
    assert said - set(errors.CODES) == set()


def test_every_act_of_a_role_is_asked_for_somewhere() -> None:
    asked = set().union(*(literals(tree) for name, tree in MODULES.items() if name != "tenants.permissions"))
    table = {act for pair in permissions._MODEL_ACTS.values() for act in pair}
    assert ACT_NAMES - asked - table == set()


def test_every_act_asked_for_is_one_that_some_role_has() -> None:
    asked = {act for pair in permissions._MODEL_ACTS.values() for act in pair if act}
    for tree in MODULES.values():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if ast.unparse(call.func).endswith(("permissions.require", ".may")) and call.args:
                asked |= {
                    arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                }
    assert asked - ACT_NAMES == set()


def _subclasses(of: type[errors.ChanceryError]) -> list[type[errors.ChanceryError]]:
    own = [each for each in of.__subclasses__() if each.__module__ == "kit.errors"]
    return [found for child in own for found in (child, *_subclasses(child))]


def _raises(call: ast.Call) -> bool:
    return ast.unparse(call.func).rpartition(".")[2] in {each.__name__ for each in _subclasses(errors.ChanceryError)}
