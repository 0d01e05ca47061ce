"""Trained models as ONNX files that cannot drift from the model."""

from .onnx_file import export_onnx
from .precision import write_float16, write_int8
from .report import ExportReport, check_drift, make_report
from .running import OnnxModel

__all__ = [
    'ExportReport',
    'OnnxModel',
    'check_drift',
    'export_onnx',
    'make_report',
    'write_float16',
    'write_int8',
]
