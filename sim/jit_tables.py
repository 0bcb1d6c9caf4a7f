"""A set of arrays that compiled code receives as one address.

numba passes a tuple of arrays by value: forty arrays make some four hundred arguments of every call, which takes
minutes to compile and microseconds to call. A `Tables` object is passed as the address of a directory instead (data
address and shape of each array), and `tables.name` in compiled code reads the directory. The arrays are borrowed: the
Python object keeps them alive, and no reference is counted in the hot loop. Uncompiled, the attributes are the arrays.
"""

from collections.abc import Callable
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import numpy as np

from sim.jit import JIT_DISABLED

_ENTRY = 4  # address, then up to three dimensions


class Tables:
    """Base class: name, type and dimensions of each array are given by `FIELDS` of the subclass.

    A field is (dtype, dimensions), where a dimension is a fixed number or None for one that may grow.
    """

    FIELDS: ClassVar[dict[str, tuple[type[np.generic], tuple[int | None, ...]]]]

    def __init__(self, **arrays: Any) -> None:
        missing = self.FIELDS.keys() ^ arrays.keys()
        if missing:
            raise TypeError(f"arrays missing or not known: {sorted(missing)}")
        self._directory = np.zeros((len(self.FIELDS), _ENTRY), np.int64)
        self.address = int(self._directory.ctypes.data)
        _ALIVE[self.address] = self
        self.replace(**arrays)

    def replace(self, **arrays: Any) -> None:
        """Put other arrays in the place of some; TypeError when type or fixed dimensions do not fit."""
        for name, array in arrays.items():
            dtype, dimensions = self.FIELDS[name]
            fits = array.ndim == len(dimensions) and all(
                fixed is None or fixed == found for fixed, found in zip(dimensions, array.shape, strict=False)
            )
            if array.dtype != dtype or not fits:
                raise TypeError(f"{name}: {array.dtype} {array.shape} where {dtype.__name__} {dimensions} is needed")
            array = np.ascontiguousarray(array)
            setattr(self, name, array)
            row = list(self.FIELDS).index(name)
            self._directory[row, 0] = array.ctypes.data
            self._directory[row, 1 : 1 + array.ndim] = array.shape


def aligned_zeros(shape: tuple[int, ...], dtype: type[np.generic]) -> Any:
    """Zeros that start on a pair of cache lines, so that a row of 64 bytes is one line and a row of 128 a pair."""
    items = int(np.prod(shape))
    memory = np.zeros(items * np.dtype(dtype).itemsize + 128, np.uint8)
    start = -memory.ctypes.data % 128
    return memory[start : start + items * np.dtype(dtype).itemsize].view(dtype).reshape(shape)


def register(tables: type[Tables]) -> Callable[[int], Any]:
    """Make a subclass of `Tables` known to numba. Call once, right after the class.

    Returns a function for compiled code that turns an address into the tables. Functions called from Python often
    take the address: numba recognises an integer at once, and an object of an own type only after 20 microseconds.
    """
    return _uncompiled if JIT_DISABLED else _register(tables)


_ALIVE: WeakValueDictionary[int, Tables] = WeakValueDictionary()


def _uncompiled(address: int) -> Tables:
    return _ALIVE[address]


def _register(tables: type[Tables]) -> Callable[[int], Any]:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.core.imputils import lower_getattr
    from numba.core.typing.templates import AttributeTemplate, infer_getattr
    from numba.extending import NativeValue, intrinsic, models, register_model, typeof_impl, unbox
    from numba.np.arrayobj import make_array, populate_array
    from numba.np.numpy_support import from_dtype

    word = ir.IntType(64)

    # A numba type is written to the on-disk cache by the name of its class, so each subclass gets one of its own.
    class TablesType(types.Type):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name=f"{tables.__module__}.{tables.__name__}")

        def __reduce__(self) -> Any:
            return _type_of, (tables,)

    @register_model(TablesType)
    class TablesModel(models.PrimitiveModel):  # type: ignore[misc]
        def __init__(self, manager: Any, kind: Any) -> None:
            super().__init__(manager, kind, word.as_pointer())

    one_type = TablesType()
    _TYPES[tables] = one_type

    @typeof_impl.register(tables)
    def typeof_tables(value: Any, context: Any) -> Any:
        return one_type

    @unbox(TablesType)
    def unbox_tables(kind: Any, value: Any, context: Any) -> Any:
        address = context.pyapi.object_getattr_string(value, "address")
        pointer = context.pyapi.long_as_voidptr(address)
        context.pyapi.decref(address)
        return NativeValue(context.builder.bitcast(pointer, word.as_pointer()))

    arrays = {
        name: types.Array(from_dtype(np.dtype(dtype)), len(dimensions), "C")
        for name, (dtype, dimensions) in tables.FIELDS.items()
    }

    @infer_getattr
    class TablesAttributes(AttributeTemplate):  # type: ignore[misc]
        key = TablesType

        def generic_resolve(self, value: Any, attribute: str) -> Any:
            return arrays.get(attribute)

    def lower(row: int, name: str) -> None:
        array_type = arrays[name]
        item_bytes = np.dtype(tables.FIELDS[name][0]).itemsize
        dimensions = tables.FIELDS[name][1]

        @lower_getattr(TablesType, name)
        def read_directory(context: Any, builder: Any, kind: Any, directory: Any) -> Any:
            def entry(column: int) -> Any:
                place = builder.gep(directory, [ir.Constant(word, row * _ENTRY + column)])
                return builder.load(place)

            shape = [
                entry(1 + axis) if fixed is None else ir.Constant(word, fixed) for axis, fixed in enumerate(dimensions)
            ]
            strides = [ir.Constant(word, item_bytes)]
            for extent in reversed(shape[1:]):
                strides.insert(0, builder.mul(strides[0], extent))
            array = make_array(array_type)(context, builder)
            data = builder.inttoptr(entry(0), context.get_data_type(array_type.dtype).as_pointer())
            populate_array(
                array,
                data=data,
                shape=cgutils.pack_array(builder, shape, ty=word),
                strides=cgutils.pack_array(builder, strides, ty=word),
                itemsize=ir.Constant(word, item_bytes),
                meminfo=None,
            )
            return array._getvalue()

    for row, name in enumerate(tables.FIELDS):
        lower(row, name)

    @intrinsic
    def tables_at(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], word.as_pointer())

        return one_type(types.int64), generate

    return tables_at  # type: ignore[no-any-return]


_TYPES: dict[type[Tables], Any] = {}


def _type_of(tables: type[Tables]) -> Any:
    return _TYPES[tables]


if JIT_DISABLED:

    def prefetch(table: Any, row: int) -> None:
        """Ask the processor to fetch a row that will be needed soon; nothing to do uncompiled."""

else:
    from llvmlite import ir as _ir
    from numba import types as _types
    from numba.extending import intrinsic as _intrinsic
    from numba.np.arrayobj import make_array as _make_array

    @_intrinsic
    def prefetch(typing_context: Any, table: Any, row: Any) -> Any:
        """Ask the processor to fetch the first 64 bytes of a row of a two-dimensional table."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = _make_array(signature.args[0])(context, builder, arguments[0])
            stride = builder.extract_value(array.strides, 0)
            offset = builder.mul(stride, arguments[1])
            byte = _ir.IntType(8)
            place = builder.gep(builder.bitcast(array.data, byte.as_pointer()), [offset])
            kind = _ir.FunctionType(_ir.VoidType(), [byte.as_pointer()] + [_ir.IntType(32)] * 3)
            name = "llvm.prefetch.p0" if _opaque_pointers() else "llvm.prefetch.p0i8"
            function = builder.module.globals.get(name) or _ir.Function(builder.module, kind, name)
            builder.call(function, [place, *(_ir.Constant(_ir.IntType(32), value) for value in (0, 3, 1))])
            return context.get_dummy_value()

        return _types.void(table, _types.int64), generate


def _opaque_pointers() -> bool:
    """Whether this llvmlite names intrinsics for LLVM's untyped pointers."""
    import llvmlite

    return int(llvmlite.__version__.split(".")[1]) >= 44
