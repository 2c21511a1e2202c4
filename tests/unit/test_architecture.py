"""Imports point one way, pure packages stay pure, packages export what they contain, and private names stay private."""

from __future__ import annotations

import ast
import importlib
import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("service", "simulator")

DISTRIBUTION = "simulator.whatsapp_cloud"
"""A distribution of its own, which may be imported under another name: it imports itself relatively."""

PURE = ("domain", "messages", "conversation", "flows")
"""Packages without input, output, clock and randomness."""

PURE_ELSEWHERE = ("service.mailbox.versioning", "service.credex.endpoints", "service.credex.values")
"""Pure modules of packages that also have others."""

ARROWS: dict[str, set[str]] = {
    # the bot, from values to the composition root
    "service.domain": set(),
    "service.messages": set(),
    "service.conversation": {"service.domain", "service.messages"},
    "service.flows": {"service.domain", "service.messages", "service.conversation", "service.writes"},
    "service.http_client": set(),
    "service.settings": set(),
    "service.mailbox": set(),
    "service.observability": {"service.mailbox", "service.runtime"},
    "service.credex": {"service.domain", "service.http_client"},
    "service.whatsapp": {"service.domain", "service.messages", "service.http_client"},
    "service.writes": {"service.domain", "service.messages", "service.conversation", "service.credex"},
    "service.runtime": {
        *("service.domain", "service.messages", "service.conversation"),
        *("service.credex", "service.mailbox", "service.whatsapp", "service.writes"),
    },
    "service.web": {
        *("service.domain", "service.messages", "service.conversation"),
        *("service.mailbox", "service.observability", "service.whatsapp"),
    },
    "service.admin": {"service.http_client", "service.mailbox", "service.whatsapp"},
    "service.app": {
        *("service.credex", "service.flows", "service.http_client", "service.mailbox", "service.observability"),
        *("service.runtime", "service.settings", "service.web", "service.whatsapp", "service.writes"),
    },
    "service.__main__": {
        *("service.admin", "service.app", "service.http_client", "service.mailbox", "service.observability"),
        *("service.settings", "service.whatsapp"),
    },
    # the simulator, from the distribution that knows nothing of ours to the command line
    "simulator.whatsapp_cloud": set(),
    "simulator.errors": set(),
    "simulator.credex_core": {"service.domain"},
    "simulator.units": {"service.domain"},
    "simulator.people": {"simulator.whatsapp_cloud"},
    "simulator.world": {
        *("service.app", "service.domain", "service.mailbox", "service.runtime", "service.settings"),
        *("service.whatsapp", "simulator.credex_core", "simulator.errors", "simulator.people", "simulator.units"),
        "simulator.whatsapp_cloud",
    },
    "simulator.script": {
        *("service.domain", "simulator.credex_core", "simulator.errors", "simulator.units"),
        *("simulator.whatsapp_cloud", "simulator.world"),
    },
    "simulator.playback": {
        *("service.conversation", "service.flows", "service.runtime", "service.settings"),
        *("simulator.credex_core", "simulator.errors", "simulator.people", "simulator.script", "simulator.units"),
        *("simulator.whatsapp_cloud", "simulator.world"),
    },
    "simulator.explore": {
        *("service.domain", "service.mailbox", "service.settings"),
        *("simulator.credex_core", "simulator.errors", "simulator.people", "simulator.playback", "simulator.script"),
        *("simulator.units", "simulator.whatsapp_cloud", "simulator.world"),
    },
    "simulator.matrix": {
        *("service.settings", "simulator.credex_core", "simulator.errors", "simulator.playback", "simulator.script"),
        *("simulator.whatsapp_cloud", "simulator.world"),
    },
    "simulator.chat": {
        *("service.domain", "service.settings", "simulator.errors", "simulator.script", "simulator.units"),
        *("simulator.whatsapp_cloud", "simulator.world"),
    },
    "simulator.server": {
        *("service.http_client", "service.settings"),
        *("simulator.credex_core", "simulator.errors", "simulator.whatsapp_cloud", "simulator.world"),
    },
    "simulator.processes": {
        *("service.domain", "service.mailbox", "service.runtime"),
        *("simulator.credex_core", "simulator.errors", "simulator.explore", "simulator.people"),
        *("simulator.playback", "simulator.script", "simulator.server", "simulator.whatsapp_cloud", "simulator.world"),
    },
    "simulator.cli": {
        *("service.settings", "simulator.chat", "simulator.credex_core", "simulator.errors", "simulator.explore"),
        *("simulator.matrix", "simulator.playback", "simulator.processes", "simulator.script", "simulator.server"),
        *("simulator.whatsapp_cloud", "simulator.world"),
    },
    "simulator.__main__": {"simulator.cli"},
}
"""Which packages a package may import. One that is not named here may import none."""

LANGUAGE_KNOWS = {"core_acts", "failpoints", "faults", "notices", "people"}
"""The modules of the world that the conversation language may import: values, and nothing that runs."""

PURE_MAY_IMPORT = {
    *("__future__", "abc", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "enum", "functools"),
    *("hashlib", "hmac", "itertools", "math", "msgspec", "msgspec.structs", "operator", "re", "string", "types"),
    *("typing", "unicodedata"),
}
READS_THE_CLOCK = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
NEEDS_A_ZONE = {"fromtimestamp": 2, "astimezone": 1}
"""Without so many arguments these read the zone of the machine."""
IMPURE = {"open", "print", "input", "exec", "eval", "__import__", "hash", "id", "globals", "vars"}

OPENS = {"Redis", "from_url", "from_pool", "ConnectionPool", "BlockingConnectionPool", "AsyncClient", "ClientSession"}
OPENS |= {"Client", "FakeAsyncRedis"}
FACTORIES = {"service.mailbox.connect", "service.http_client", "service.app", "service.__main__"}
FACTORIES_OPEN = {"open_state", "open_cache", "open_http"}
ROOT_MODULES = {"service.app", "service.__main__"}


@dataclass(frozen=True)
class Module:
    """A module of ours, read but not run."""

    name: str
    tree: ast.Module
    is_package: bool

    @property
    def package(self) -> str:
        """The name of the package or module right below `service` or `simulator`."""
        return self.name.split(".")[1] if "." in self.name else ""

    def imports(self) -> Iterator[str]:
        """Every module that it imports, at any place."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                source = self._source(node)
                if source in MODULES:
                    # `from service import flows` imports a module, `from service.conversation import x` what is shown.
                    shown = SHOWN[source]
                    names = {a.name: f"{source}.{a.name}" for a in node.names}
                    yield from (full if full in MODULES and a not in shown else source for a, full in names.items())
                else:
                    yield source

    def _source(self, node: ast.ImportFrom) -> str:
        """The full name of the module that an import names; relative only within a distribution of its own."""
        if node.level == 0:
            assert node.module is not None
            return node.module
        parts = self.name.split(".")
        package = parts[: len(parts) - node.level + self.is_package]
        inside = ".".join(package) == DISTRIBUTION or ".".join(package).startswith(f"{DISTRIBUTION}.")
        assert inside, f"{self.name} imports relatively"
        return ".".join([*package, *([node.module] if node.module else [])])

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Every call with the last part of what is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                if isinstance(node.func, ast.Name):
                    yield node.func.id, node
                elif isinstance(node.func, ast.Attribute):
                    yield node.func.attr, node


def _paths() -> dict[str, Path]:
    found = {}
    for top in OURS:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


_PATHS = _paths()
MODULES = frozenset(_PATHS)


def modules(top: str) -> list[Module]:
    return [
        Module(name, ast.parse(path.read_text("utf-8")), path.name == "__init__.py")
        for name, path in _PATHS.items()
        if name.split(".")[0] == top
    ]


def _shown(tree: ast.Module) -> list[str]:
    """The names in a module's ``__all__``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return list(ast.literal_eval(node.value))
    return []


SERVICE, SIMULATOR = modules("service"), modules("simulator")
ALL = (*SERVICE, *SIMULATOR)
SHOWN = {module.name: frozenset(_shown(module.tree)) for module in (*SERVICE, *SIMULATOR)}
PURE_MODULES = [
    module
    for module in SERVICE
    if module.package in PURE
    or module.name in PURE_ELSEWHERE
    or (module.package == "writes" and module.name != "service.writes.reconciler")
]


def imported_from(module: Module, top: str) -> set[str]:
    """The packages of `top` that a module imports from, without its own."""
    found = {name.split(".")[1] for name in module.imports() if name.startswith(f"{top}.")}
    return found - ({module.package} if module.name.startswith(top) else set())


def package_of(name: str) -> str:
    """The package or module right below `service` or `simulator`."""
    return ".".join(name.split(".")[:2])


def imported_packages(module: Module) -> set[str]:
    """The packages of ours that a module imports from, its own left out."""
    found = {package_of(name) for name in module.imports() if name.split(".")[0] in OURS}
    return found - {package_of(module.name)}


# -- directions -----------------------------------------------------------------------------------------------------


def test_the_table_names_every_package_and_every_arrow() -> None:
    """A package that is renamed is not forgotten, and an arrow that is gone leaves the table."""
    assert {package_of(module.name) for module in ALL} - set(OURS) == set(ARROWS)
    drawn = {(package_of(module.name), to) for module in ALL for to in imported_packages(module)}
    assert {(source, target) for source, targets in ARROWS.items() for target in targets} - drawn == set()


@pytest.mark.parametrize("package", ARROWS)
def test_a_package_imports_only_what_the_table_allows(package: str) -> None:
    """Imports point one way: from the composition root down to plain values."""
    beyond = {
        module.name: found
        for module in ALL
        if package_of(module.name) == package and (found := imported_packages(module) - ARROWS[package])
    }
    assert beyond == {}


def test_no_module_imports_itself_by_way_of_others() -> None:
    """There is no import cycle, between packages or between modules."""
    graph = {module.name: {name for name in module.imports() if name in MODULES} for module in ALL}
    assert list(TopologicalSorter(graph).static_order())
    packages: dict[str, set[str]] = {}
    for module in ALL:
        packages.setdefault(package_of(module.name), set()).update(imported_packages(module))
    assert list(TopologicalSorter(packages).static_order())


def test_the_conversation_language_knows_only_values_of_the_world() -> None:
    """A line is read as a value; what it does stands in the playback."""
    known = {
        name.split(".")[2]
        for module in SIMULATOR
        if package_of(module.name) == "simulator.script"
        for name in module.imports()
        if name.startswith("simulator.world.")
    }
    assert known == LANGUAGE_KNOWS


def test_the_service_never_knows_the_simulator() -> None:
    """Production code does not depend on test code."""
    assert {
        module.name for module in SERVICE if imported_from(module, "simulator") or "simulator" in module.imports()
    } == set()


def test_only_the_composition_root_reads_settings_and_knows_all() -> None:
    """Everything else receives its dependencies."""
    knowing = {
        target: {module.name for module in SERVICE if target in imported_from(module, "service")}
        for target in ("settings", "app", "flows")
    }
    assert knowing["settings"] <= ROOT_MODULES
    assert knowing["app"] <= {"service.__main__"}
    assert knowing["flows"] <= {"service.app"}


def test_only_the_settings_read_the_environment() -> None:
    """All variables are declared in one place."""
    reading = {
        module.name
        for module in SERVICE
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
    }
    assert reading == {"service.settings"}


def test_only_the_composition_root_opens_redis_and_http_clients() -> None:
    """It uses the factories; no other module does."""
    opening = {module.name for module in SERVICE for name, _ in module.calls() if name in OPENS}
    assert opening <= FACTORIES
    using = {module.name for module in SERVICE for name, _ in module.calls() if name in FACTORIES_OPEN}
    assert using <= ROOT_MODULES


def test_the_cloud_api_knows_nothing_of_vimbisopay() -> None:
    """It imports neither the service nor another package of the simulator."""
    knowing = {
        module.name: imported_from(module, "service") | imported_from(module, "simulator")
        for module in SIMULATOR
        if module.package == "whatsapp_cloud"
    }
    assert knowing
    assert set().union(*knowing.values()) == set()


def test_the_simulated_core_knows_only_what_money_and_handles_are() -> None:
    """It replaces Credex core, which shares no code with the bot."""
    core = [module for module in SIMULATOR if module.package == "credex_core"]
    assert core
    assert set().union(*(imported_from(module, "service") for module in core)) <= {"domain"}
    assert set().union(*(imported_from(module, "simulator") for module in core)) == set()


# -- purity ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", PURE_MODULES, ids=lambda module: module.name)
def test_a_pure_package_imports_nothing_with_side_effects(module: Module) -> None:
    """No I/O, no clock, no randomness: only values and functions of them."""
    assert {name for name in module.imports() if name.split(".")[0] not in OURS} <= PURE_MAY_IMPORT


@pytest.mark.parametrize("module", PURE_MODULES, ids=lambda module: module.name)
def test_a_pure_package_reads_no_clock_and_no_environment(module: Module) -> None:
    """Time is passed in, zones are named, and nothing is printed, opened or hashed differently in each process."""
    asked = [
        f"{name} in line {call.lineno}"
        for name, call in module.calls()
        if name in READS_THE_CLOCK
        or (isinstance(call.func, ast.Name) and name in IMPURE)
        or len(call.args) + len(call.keywords) < NEEDS_A_ZONE.get(name, 0)
    ]
    assert asked == []


@pytest.mark.parametrize("module", PURE_MODULES, ids=lambda module: module.name)
def test_a_pure_package_awaits_nothing(module: Module) -> None:
    """Waiting is the task of the runtime."""
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert [node for node in ast.walk(module.tree) if isinstance(node, waiting)] == []


# -- no floats ------------------------------------------------------------------------------------------------------


def _types_in(hint: object) -> Iterator[object]:
    yield hint
    for inner in hint if isinstance(hint, list) else typing.get_args(hint):  # the arguments of a Callable are a list
        yield from _types_in(inner)


def _annotated(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Everything in a module that has annotations: classes, functions, methods and properties."""
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value):
            yield name, value
            for inner, member in vars(value).items():
                plain = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if inspect.isfunction(plain):
                    yield f"{name}.{inner}", plain


@pytest.mark.parametrize("module", PURE_MODULES, ids=lambda module: module.name)
def test_there_is_no_float_where_money_is(module: Module) -> None:
    """Money is Decimal from the first character typed to the last one shown: no annotation names float."""
    loaded = importlib.import_module(module.name)
    with_floats = [
        f"{name}: {key}"
        for name, value in _annotated(loaded)
        for key, hint in typing.get_type_hints(value).items()
        if float in list(_types_in(hint))
    ]
    assert with_floats == []


def test_the_search_for_floats_finds_them() -> None:
    """In fields and in signatures, however deep."""

    def bad(amounts: dict[str, Callable[[float | None], str]]) -> None: ...

    assert float in list(_types_in(typing.get_type_hints(bad)["amounts"]))
    names = [name for name, _ in _annotated(importlib.import_module("service.domain.money"))]
    assert {"Money", "Money.plain", "Money.displayed", "read_amount"} <= set(names)


# -- exports --------------------------------------------------------------------------------------------------------


def _bound(tree: ast.Module) -> set[str]:
    """Public names that a module binds at its top level."""
    found: set[str] = set()
    for node in tree.body:
        match node:
            case ast.ImportFrom(module="__future__"):
                continue
            case ast.Import() | ast.ImportFrom():
                found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(node.name)
            case ast.Assign():
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
    return {name for name in found if not name.startswith("_")}


@pytest.mark.parametrize("module", [*SERVICE, *SIMULATOR], ids=lambda module: module.name)
def test_all_names_only_what_exists(module: Module) -> None:
    """``__all__`` names only existing names, each once."""
    shown = _shown(module.tree)
    assert set(shown) <= _bound(module.tree)
    assert len(shown) == len(set(shown))


@pytest.mark.parametrize("module", [*SERVICE, *SIMULATOR], ids=lambda module: module.name)
def test_no_module_imports_a_private_name(module: Module) -> None:
    """A name with an underscore is used in its own module only; all others are public."""
    private = {
        alias.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
        if alias.name.startswith("_")
    }
    assert private == set()


@pytest.mark.parametrize(
    "package", [m for m in (*SERVICE, *SIMULATOR) if m.is_package and m.package], ids=lambda module: module.name
)
def test_a_package_exports_every_name_that_it_imports_and_does_not_use(package: Module) -> None:
    """The ``__init__`` imports names only to export or to use them."""
    used = {node.id for node in ast.walk(package.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert sorted(_bound(package.tree) - used) == sorted(set(_shown(package.tree)) - used)
