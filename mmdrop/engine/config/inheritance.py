"""Let a config of any package inherit from a config of an installed package."""

from importlib.util import find_spec
from pathlib import Path

import mmengine.config.config


def _package_folder(package: str) -> str:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f'a config inherits from {package}, which is not installed')
    return str(Path(spec.origin).parent)


# For `from mmdrop.configs.x import *`: MMEngine 0.10 asks `pkg_resources`, which setuptools 81
# removed and which does not find editable installs.
mmengine.config.config.get_installed_path = _package_folder
