"""A Redis inside the process, for development and tests: fakeredis, with a Lua that remembers what it has compiled.

fakeredis compiles a script at each call, lists all of Lua's globals before each command of it, and collects all of
Lua's rubbish after it: most of what a script costs. What scripts and commands do stays fakeredis' own business.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from fakeredis import FakeServer
from fakeredis.aioredis import AsyncFakeSocket, FakeAsyncRedisConnection
from fakeredis.commands_mixins.scripting_mixin import LUA_MODULE

__all__ = ("EmbeddedConnection",)

_COLLECT: Final = "collectgarbage()"
_SCRIPTS: Final = 256

# Tells of each global that is made from now on.
_WATCH: Final = """
function(told)
    setmetatable(_G, {__newindex = function(globals, name, value)
        told()
        rawset(globals, name, value)
    end})
end
"""


class EmbeddedConnection(FakeAsyncRedisConnection):
    """A connection to a server inside this process."""

    async def _connect(self) -> None:
        await super()._connect()
        # fakeredis makes the socket itself and leaves no choice of its class.
        socket: Any = self._sock
        socket.__class__ = _Socket


class _Socket(AsyncFakeSocket):
    """A connection's end in the server."""

    def _get_server_runtime(self, server: FakeServer) -> _Lua:
        kept: Any = server
        if not hasattr(kept, "_our_lua"):
            kept._our_lua = _Lua(super()._get_server_runtime(server))  # noqa: SLF001
        lua: _Lua = kept._our_lua  # noqa: SLF001
        return lua

    def _lua_redis_call(self, _: Any, expected_globals: set[Any], op: bytes, *args: Any) -> Any:
        # What fakeredis hands over is the runtime beneath.
        return super()._lua_redis_call(self._get_server_runtime(self._server), expected_globals, op, *args)


class _Lua:
    """As much of a server's Lua as fakeredis uses to run a script."""

    def __init__(self, runtime: Any) -> None:
        self.table_from = runtime.table_from
        self._runtime = runtime
        self._globals = _Globals(runtime)
        self._loaded: dict[bytes, Any] = {}

    def globals(self) -> _Globals:
        """Lua's globals."""
        return self._globals

    def execute(self, script: bytes | str) -> Any:
        """Run a script. Lua collects its rubbish by itself, a little at a time."""
        if isinstance(script, str):
            return None if script == _COLLECT else self._runtime.execute(script)
        if script not in self._loaded:
            self._loaded[script] = self._load(script)
        return self._loaded[script]()

    def _load(self, script: bytes) -> Any:
        try:
            return self._runtime.compile(_compiled(script))
        except LUA_MODULE.LuaSyntaxError:
            # Lua says it in other words when it is to run what is no Lua.
            return lambda: self._runtime.execute(script)


class _Globals:
    """Lua's globals, of which fakeredis asks the names to see whether there are any that it did not make."""

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self._made = False
        runtime.eval(_WATCH)(self._note)

    def _note(self) -> None:
        self._made = True

    def keys(self) -> Any:
        """Their names; none as long as no script has made one."""
        return self._runtime.globals().keys() if self._made else ()


@lru_cache(_SCRIPTS)
def _compiled(script: bytes) -> bytes:
    """A script as Lua's byte code, which any Lua of this process loads at once."""
    runtime = LUA_MODULE.LuaRuntime(encoding=None)
    code: bytes = runtime.globals()[b"string"][b"dump"](runtime.compile(script))
    return code
