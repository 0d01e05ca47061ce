"""Write an ONNX file that takes decoded images and says what it is."""

import os
import warnings
from pathlib import Path
from typing import Any

import torch

from mmdrop.apis.export.graph import OUTPUTS, ExportGraph
from mmdrop.apis.export.running import EXTRA, write_facts
from mmdrop.apis.inferencer import ReIDInferencer
from mmdrop.utils import import_extra, whole_file

_OPSET = 18


def export_onnx(inferencer: ReIDInferencer, path: str | os.PathLike, parsing: bool = False) -> Path:
    """Write a model as ONNX: uint8 BGR images ``(N, H, W, 3)`` in, of any size and number.

    Outputs are those of :class:`~mmdrop.apis.export.graph.ExportGraph`.  Its
    metadata hold, under ``mmdrop`` as JSON, names of embeddings and parts, input size, the model's
    tag and how sure it may be.

    Args:
        inferencer: Of the model.
        path: File to write, ``….onnx``.
        parsing: Give the predicted parts too.

    Raises:
        ModuleNotFoundError: onnx or onnxscript is not installed.
        OSError: The file cannot be written.
        ValueError: The file has another ending, the recipe prepares images in a way that a graph
            cannot, or a model without parser was asked for parts.
    """
    path = Path(path)
    if path.suffix != '.onnx':
        raise ValueError(f'an ONNX file is named ….onnx, got {path}')
    if parsing and not inferencer.part_names:
        raise ValueError(f'{inferencer.tag.name} has no parser: export it without parsing')
    onnx = import_extra('onnx', EXTRA)
    import_extra('onnxscript', EXTRA)
    names = inferencer.blank.embedding_names
    device = next(inferencer.model.parameters()).device
    graph = ExportGraph(inferencer.model.cpu(), inferencer.cfg, names, parsing)
    try:
        program = _export(graph, parsing)
    finally:
        inferencer.model.to(device)
    proto = program.model_proto
    facts = dict(
        model=inferencer.tag.to_dict(),
        embedding_names=list(names),
        code_names=[names[i] for i in graph.columns],
        part_names=list(inferencer.part_names),
        precision='float32',
        input_size=list(graph.size),
        calibration=inferencer.certainty.to_dict() if inferencer.certainty else None,
    )
    write_facts(proto, facts)
    onnx.checker.check_model(proto)
    with whole_file(path) as file:
        file.write(proto.SerializeToString())
    return path


def _export(graph: ExportGraph, parsing: bool) -> Any:
    # Another number than 1, which the exporter would take for a constant; of odd sizes.
    images = torch.zeros(2, 150, 70, 3, dtype=torch.uint8)
    axes = dict.fromkeys(range(3), torch.export.Dim.DYNAMIC)
    names = [*OUTPUTS, *(['parsing'] if parsing else [])]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of the exporter's own insides
        return torch.onnx.export(
            graph,
            (images,),
            dynamo=True,
            dynamic_shapes=(axes,),
            input_names=['images'],
            output_names=names,
            opset_version=_OPSET,
            verbose=False,
        )
