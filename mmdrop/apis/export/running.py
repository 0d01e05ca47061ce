"""Run an ONNX file with ONNX Runtime."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmdrop.utils import import_extra

EXTRA = 'mmdrop[export]'
_KEY = 'mmdrop'  # of the metadata


class OnnxModel:
    """A file of :func:`~mmdrop.apis.export.export_onnx` in ONNX Runtime, on the CPU.

    Args:
        path: The file.
        threads: As many as ONNX Runtime likes if None.

    Attributes:
        path: The file.
        facts: What the file says of its model.

    Raises:
        FileNotFoundError: There is no such file.
        ModuleNotFoundError: onnxruntime is not installed.
        ValueError: It is no file of mmdrop, or damaged.
    """

    def __init__(self, path: str | os.PathLike, threads: int | None = None):
        runtime = import_extra('onnxruntime', EXTRA)
        if not Path(path).is_file():
            raise FileNotFoundError(f'{path}: there is no such file')
        self.path = Path(path)
        options = runtime.SessionOptions()
        if threads:
            options.intra_op_num_threads = threads
        try:
            self.session = runtime.InferenceSession(
                os.fspath(path), options, providers=['CPUExecutionProvider']
            )
        except Exception as error:  # ONNX Runtime has a class of its own for every failure
            raise ValueError(f'{path} cannot be loaded: {error}') from error
        known = self.session.get_modelmeta().custom_metadata_map
        if _KEY not in known:
            raise ValueError(f'{path} was not exported by mmdrop: it names no embeddings')
        self.facts: dict[str, Any] = json.loads(known[_KEY])
        self.outputs = [output.name for output in self.session.get_outputs()]

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name for uint8 BGR images ``(N, H, W, 3)``."""
        return dict(zip(self.outputs, self.session.run(None, {'images': images}), strict=True))

    def run_each(self, images: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs for images of several sizes, one by one."""
        found = [self(image[None]) for image in images]
        return {name: np.concatenate([one[name] for one in found]) for name in self.outputs}


def read_facts(proto: Any) -> dict[str, Any]:
    """What an ONNX model of mmdrop says of itself."""
    return json.loads(next(prop.value for prop in proto.metadata_props if prop.key == _KEY))


def write_facts(proto: Any, facts: Mapping[str, Any]) -> None:
    """Let an ONNX model say this of itself, instead of what it said."""
    del proto.metadata_props[:]
    proto.metadata_props.add(key=_KEY, value=json.dumps(facts, ensure_ascii=False))
