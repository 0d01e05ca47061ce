"""Exported files in half precision and in eight bits."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from mmdrop.apis.export.running import EXTRA, read_facts, write_facts
from mmdrop.utils import import_extra, whole_file

_FEW = 1024  # smaller tensors, norms among them, stay in single precision
_WEIGHTED = ('Conv', 'ConvTranspose', 'Gemm', 'MatMul')


def write_float16(source: str | os.PathLike, path: str | os.PathLike) -> Path:
    """Write an exported file with weights in half precision, half as large.

    They become float32 again when the file is loaded, so nothing is computed in half precision,
    for which ordinary processors have no instruction.

    Args:
        source: A file of :func:`~mmdrop.apis.export.export_onnx`.
        path: File to write.

    Raises:
        ModuleNotFoundError: onnx is not installed.
    """
    onnx = import_extra('onnx', EXTRA)
    proto = onnx.load(os.fspath(source))
    graph, casts = proto.graph, []
    for tensor in graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        values = onnx.numpy_helper.to_array(tensor)
        if values.size < _FEW or np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f'{name}_half'))
        casts.append(
            onnx.helper.make_node('Cast', [tensor.name], [name], to=onnx.TensorProto.FLOAT)
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    write_facts(proto, read_facts(proto) | {'precision': 'float16'})
    onnx.checker.check_model(proto)
    with whole_file(Path(path)) as file:
        file.write(proto.SerializeToString())
    return Path(path)


def write_int8(
    source: str | os.PathLike, path: str | os.PathLike, images: Iterable[np.ndarray]
) -> Path:
    """Write an exported file with convolutions and products in eight bits, a quarter as large.

    Static quantisation: the ranges of activations are those of some images.

    Args:
        source: A file of :func:`~mmdrop.apis.export.export_onnx`.
        path: File to write.
        images: Some hundred training images, uint8 BGR ``(H, W, 3)``.

    Raises:
        ModuleNotFoundError: onnx or onnxruntime is not installed.
        ValueError: There is no image.
    """
    onnx = import_extra('onnx', EXTRA)
    quantization = import_extra('onnxruntime.quantization', EXTRA)
    images = list(images)
    if not images:
        raise ValueError('eight bits need some training images, to know the ranges of activations')
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    quantization.quantize_static(
        os.fspath(source),
        os.fspath(path),
        _ImageReader(images),
        per_channel=True,
        op_types_to_quantize=list(_WEIGHTED),
    )
    proto = onnx.load(os.fspath(path))
    write_facts(proto, read_facts(onnx.load(os.fspath(source))) | {'precision': 'int8'})
    with whole_file(path) as file:
        file.write(proto.SerializeToString())
    return path


class _ImageReader:
    """Feeds images one by one, as ONNX Runtime's ``CalibrationDataReader``."""

    def __init__(self, images: Sequence[np.ndarray]):
        self._rest: Iterator[np.ndarray] = iter(images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self._rest, None)
        return None if image is None else {'images': image[None]}
