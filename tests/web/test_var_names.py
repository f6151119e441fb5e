"""Names of vars: a field called like a method of Reflex's `Var` would be that method in Python, not the value."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

import reflex as rx

import herwa_web.pages
from herwa_web import layout_state
from herwa_web.saving import view_models as save_bar_views

PAGE_MODULES = (
    layout_state,
    save_bar_views,
    *(
        importlib.import_module(info.name)
        for info in pkgutil.walk_packages(herwa_web.pages.__path__, f"{herwa_web.pages.__name__}.")
    ),
)


def list_var_types(var_type: type[rx.Var] = rx.Var) -> Iterator[type[rx.Var]]:
    """Yield Var and all its subclasses that Reflex defines."""
    if var_type.__module__.partition(".")[0].startswith("reflex"):
        yield var_type
        for subclass in var_type.__subclasses__():
            yield from list_var_types(subclass)


RESERVED_NAMES = {name for var_type in list_var_types() for name in dir(var_type)}


def list_names(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Yield (class, name) of every var of a State and every field of a dataclass that the module defines."""
    for name, value in inspect.getmembers(module, inspect.isclass):
        if value.__module__ != module.__name__:
            continue
        if issubclass(value, rx.State):
            yield from ((name, var) for var in (*value.base_vars, *value.computed_vars))
        elif dataclasses.is_dataclass(value):
            yield from ((name, field.name) for field in dataclasses.fields(value))


def test_no_var_is_called_like_a_method_of_var():
    names = {pair for module in PAGE_MODULES for pair in list_names(module)}
    assert {pair for pair in names if pair[1] in RESERVED_NAMES} == set()
    assert ("OverviewState", "phase") in names, "the test must see the vars"
    assert ("OverviewView", "range_key") in names


def test_reserved_names_include_the_methods_of_all_kinds_of_vars():
    assert {"range", "length", "contains", "to", "upper", "keys"} <= RESERVED_NAMES


@dataclass
class Example:
    """A view model with a forbidden name."""

    range: str = ""


def test_forbidden_name_is_found():
    assert [field.name for field in dataclasses.fields(Example) if field.name in RESERVED_NAMES] == ["range"]
