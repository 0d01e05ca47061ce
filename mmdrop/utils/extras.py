"""Packages that are not installed with mmdrop."""

from importlib import import_module
from types import ModuleType


def import_extra(package: str, extra: str) -> ModuleType:
    """A package that is not installed with mmdrop.

    Raises:
        ModuleNotFoundError: It is not there; the message says how to install it.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"this needs {package}: pip install '{extra}'") from error
