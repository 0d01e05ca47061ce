"""Inert stand-ins for what MMEngine's own checkpoints hold beside tensors and plain values.

MMEngine pickles its log history as ``HistoryBuffer`` objects, which hold NumPy arrays and a table
of functions. PyTorch's safe reader asks for each such name; here it gets classes that only keep
what they are given, and :func:`to_real` makes arrays and buffers of them afterwards. No function
or class that a file names is ever looked up or called.
"""

import re
from collections.abc import Callable
from pickle import UnpicklingError

import numpy as np
from mmengine.logging import HistoryBuffer

_NUMBERS_AND_TEXT = re.compile(r'[biufcSU]\d+')


class _DType:
    def __init__(self, code: str, align: bool = False, copy: bool = True) -> None:
        if code != 'O8' and not _NUMBERS_AND_TEXT.fullmatch(code):
            raise UnpicklingError(f'a NumPy array of type {code!r} is neither numbers nor text')
        self.code = code
        self.order = '|'

    def __setstate__(self, state: tuple) -> None:
        self.order = state[1]

    def real(self) -> np.dtype:
        return np.dtype(self.order + self.code)


class _Array:
    def __setstate__(self, state: tuple) -> None:
        _, self.shape, self.dtype, self.is_fortran, self.data = state

    def real(self) -> np.ndarray | list:
        if self.dtype.code == 'O8':
            return to_real(self.data)  # a list of plain values
        order = 'F' if self.is_fortran else 'C'
        return np.ndarray(self.shape, self.dtype.real(), self.data, order=order).copy()


class _History:
    def __setstate__(self, state: dict) -> None:
        self.state = state

    def real(self) -> HistoryBuffer:
        values, counts = (to_real(self.state[key]) for key in ('_log_history', '_count_history'))
        return HistoryBuffer(values, counts, self.state['max_length'])


def _make_array(kind: type, shape: tuple, code: bytes) -> _Array:
    return _Array()


def _scalar(dtype: _DType, data: bytes) -> object:
    return np.ndarray((), dtype.real(), data).item()


def _method_of_history(owner: type, name: str) -> None:
    """Nothing, in place of a method in the history's table of functions."""
    if owner is not _History:
        raise UnpicklingError(f'an attribute {name!r} of {owner} is neither a tensor nor plain')


def _no_bytes() -> bytes:
    """What the pickle of an empty array calls."""
    return b''


def _plain_dict(items: dict | None = None) -> dict:
    return dict(items or {})


# By the names that files give them: NumPy 2 has renamed its core.
STAND_INS: dict[str, Callable] = {
    'mmengine.logging.history_buffer.HistoryBuffer': _History,
    'mmengine.config.config.ConfigDict': _plain_dict,
    'builtins.bytes': _no_bytes,
    'builtins.getattr': _method_of_history,
    'numpy.ndarray': _Array,
    'numpy.dtype': _DType,
} | {
    f'numpy.{core}.multiarray.{name}': function
    for core in ('core', '_core')
    for name, function in {'_reconstruct': _make_array, 'scalar': _scalar}.items()
}


def to_real(content: object) -> object:
    """Put arrays and log histories in the place of stand-ins, in place where that can be done."""
    if isinstance(content, _Array | _History):
        return content.real()
    if isinstance(content, tuple) and type(content) is tuple:
        return tuple(map(to_real, content))
    items = ()
    if isinstance(content, dict):
        items = list(content.items())
    elif isinstance(content, list):
        items = list(enumerate(content))
    for key, value in items:
        if isinstance(value, dict | list | tuple | _Array | _History):
            content[key] = to_real(value)
    return content
