"""What numba lacks for code that runs inside somebody else's C thread: pointers, fences, C calls by address.

C functions are called by an address taken at run time, not through ctypes objects, so that compiled code
can be kept on disk.
"""

from __future__ import annotations

from typing import Any

import numba.extending
from llvmlite import ir
from numba import njit, types

# Arithmetic never raises: an exception in a foreign thread would need the interpreter.
native: Any = njit(cache=True, nogil=True, error_model="numpy")
intrinsic: Any = numba.extending.intrinsic  # its type says nothing of how the result is called

_POINTER = ir.IntType(8).as_pointer()


@intrinsic
def pointer(typingctx: Any, address: Any) -> Any:
    """An integer as a pointer, for `carray`."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], _POINTER)

    return types.voidptr(types.int64), codegen


@intrinsic
def fence(typingctx: Any) -> Any:
    """No load or store crosses this, neither in the compiler nor in the processor."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def call_get_buffer(typingctx: Any, function: Any, port: Any, frames: Any) -> Any:
    """`void *function(void *port, uint32_t frames)`, pointers as integers."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_POINTER, [_POINTER, ir.IntType(32)])
        target = builder.inttoptr(arguments[0], kind.as_pointer())
        owner = builder.inttoptr(arguments[1], _POINTER)
        count = builder.trunc(arguments[2], ir.IntType(32))
        return builder.ptrtoint(builder.call(target, [owner, count]), ir.IntType(64))

    return types.int64(types.int64, types.int64, types.int64), codegen


@intrinsic
def call_transport_query(typingctx: Any, function: Any, client: Any, position: Any) -> Any:
    """`int function(void *client, jack_position_t *position)`, pointers as integers."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [_POINTER, _POINTER])
        target = builder.inttoptr(arguments[0], kind.as_pointer())
        owner = builder.inttoptr(arguments[1], _POINTER)
        room = builder.inttoptr(arguments[2], _POINTER)
        return builder.sext(builder.call(target, [owner, room]), ir.IntType(64))

    return types.int64(types.int64, types.int64, types.int64), codegen


@intrinsic
def call_clear_buffer(typingctx: Any, function: Any, buffer: Any) -> Any:
    """`void function(void *buffer)`, pointers as integers."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [_POINTER])
        target = builder.inttoptr(arguments[0], kind.as_pointer())
        builder.call(target, [builder.inttoptr(arguments[1], _POINTER)])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def call_event_write(typingctx: Any, function: Any, buffer: Any, time: Any, data: Any, size: Any) -> Any:
    """`int function(void *buffer, uint32_t time, const void *data, size_t size)`, pointers as integers."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word, long = ir.IntType(32), ir.IntType(64)
        kind = ir.FunctionType(word, [_POINTER, word, _POINTER, long])
        target = builder.inttoptr(arguments[0], kind.as_pointer())
        into = builder.inttoptr(arguments[1], _POINTER)
        at = builder.trunc(arguments[2], word)
        source = builder.inttoptr(arguments[3], _POINTER)
        return builder.sext(builder.call(target, [into, at, source, arguments[4]]), long)

    return types.int64(types.int64, types.int64, types.int64, types.int64, types.int64), codegen
