"""A Redis inside the process, for development and tests: fakeredis, with a Lua runtime that caches compiled scripts.

fakeredis compiles a script at each call, lists all Lua globals before each of its commands, and runs a full garbage
collection after it, which is most of a script's cost. It does not know the shebang line of scripts (Redis 7) either.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from fakeredis import FakeServer
from fakeredis.aioredis import AsyncFakeSocket, FakeAsyncRedisConnection, FakeReader, FakeWriter
from fakeredis.commands_mixins.scripting_mixin import LUA_MODULE

_COLLECT: Final = "collectgarbage()"
_SCRIPTS: Final = 256

# Calls a function for each global that is made from now on.
_WATCH: Final = """
function(report)
    setmetatable(_G, {__newindex = function(globals, name, value)
        report()
        rawset(globals, name, value)
    end})
end
"""


class EmbeddedConnection(FakeAsyncRedisConnection):
    """A connection to a server inside this process."""

    async def _connect(self) -> None:
        # As in fakeredis 2.40, but for the class of the socket, which cannot be chosen there.
        if self._server is None or not self._server.connected:
            await super()._connect()  # raises
        self._sock = _Socket(
            self._server,
            self.db,
            client_class=self._client_class,
            lua_modules=self._lua_modules,
            client_info=self._client_info,
        )
        self._reader = FakeReader(self._sock)
        self._writer = FakeWriter(self._sock)


class _Socket(AsyncFakeSocket):
    def _get_server_runtime(self, server: FakeServer) -> _Lua:
        holder: Any = server
        if not hasattr(holder, "_our_lua"):
            holder._our_lua = _Lua(super()._get_server_runtime(server))  # noqa: SLF001
        lua: _Lua = holder._our_lua  # noqa: SLF001
        return lua

    def _lua_redis_call(self, _: Any, expected_globals: set[Any], op: bytes, *args: Any) -> Any:
        # fakeredis passes its own runtime.
        return super()._lua_redis_call(self._get_server_runtime(self._server), expected_globals, op, *args)


class _Lua:
    """The part of a Lua runtime that fakeredis uses to run a script."""

    def __init__(self, runtime: Any) -> None:
        self.table_from = runtime.table_from
        self._runtime = runtime
        self._globals = _Globals(runtime)
        self._loaded: dict[bytes, Any] = {}

    def globals(self) -> _Globals:
        return self._globals

    def execute(self, script: bytes | str) -> Any:
        """Runs a script. Full garbage collections are left out, because Lua collects incrementally by itself."""
        if isinstance(script, str):
            return None if script == _COLLECT else self._runtime.execute(script)
        if script not in self._loaded:
            self._loaded[script] = self._load(script)
        return self._loaded[script]()

    def _load(self, script: bytes) -> Any:
        try:
            return self._runtime.compile(_compiled(script))
        except LUA_MODULE.LuaSyntaxError:
            # Running it raises the error that fakeredis expects.
            return lambda: self._runtime.execute(script)


class _Globals:
    """The Lua globals. fakeredis reads their names to find those that a script has made."""

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self._script_made = False
        runtime.eval(_WATCH)(self._report)

    def _report(self) -> None:
        self._script_made = True

    def keys(self) -> Any:
        """Their names; none while no script has made one."""
        return self._runtime.globals().keys() if self._script_made else ()


@lru_cache(_SCRIPTS)
def _compiled(script: bytes) -> bytes:
    """A script as Lua byte code, which any runtime of this process loads."""
    if script.startswith(b"#!"):
        script = script.partition(b"\n")[2]
    runtime = LUA_MODULE.LuaRuntime(encoding=None)
    code: bytes = runtime.globals()[b"string"][b"dump"](runtime.compile(script))
    return code
