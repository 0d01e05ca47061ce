"""ONNX files: the model's own figures, for any size and number of images, of every family."""

import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmdrop.apis import ReIDInferencer
from mmdrop.apis.command_line import main
from mmdrop.apis.export import (
    OnnxModel,
    export_onnx,
    make_report,
    write_float16,
    write_int8,
)
from mmdrop.apis.export import report as report_module
from mmdrop.apis.export.graph import find_normalisation, find_size
from mmdrop.apis.export.report import TOLERANCE, compare_outputs, render_images
from mmdrop.engine import read_config
from mmdrop.functional import flat_distance, to_flat

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope='module')
def inferencer():
    return ReIDInferencer('drop_demo', device='cpu', num_workers=0)


@pytest.fixture(scope='module')
def exported(inferencer, tmp_path_factory):
    path = tmp_path_factory.mktemp('export') / 'demo.onnx'
    return OnnxModel(export_onnx(inferencer, path, parsing=True))


@pytest.mark.parametrize('size', [(128, 64), (256, 128), (31, 17), (200, 333), (1, 1)])
@pytest.mark.parametrize('number', [1, 3])
def test_outputs_are_those_of_the_inferencer(inferencer, exported, size, number):
    rng = np.random.default_rng(sum(size))
    images = rng.integers(0, 256, (number, *size, 3), dtype=np.uint8)
    images[0] = cv2.resize(render_images(number=4)[0], size[::-1])
    found, expected = exported(images), inferencer(list(images))
    for key in ('visibility', 'parsing'):
        np.testing.assert_array_equal(found[key], expected[key].numpy())
    for key in ('embeddings', 'visibility_score'):
        np.testing.assert_allclose(found[key], expected[key].numpy(), rtol=1e-4, atol=1e-4)
    names = exported.facts['embedding_names']
    columns = [names.index(name) for name in exported.facts['code_names']]
    assert exported.facts['code_names'] == names[1:]  # foreground and parts
    shown = expected['visibility'][:, columns]
    code = to_flat(expected['embeddings'][:, columns], shown)
    np.testing.assert_allclose(found['code'], code.numpy(), atol=1e-4)
    np.testing.assert_array_equal(found['code_visibility'], shown.numpy())


def test_the_file_says_what_it_is(inferencer, exported):
    facts = exported.facts
    assert facts['model'] == inferencer.tag.to_dict() and facts['input_size'] == [128, 64]
    assert facts['part_names'] == list(inferencer.part_names)
    assert facts['calibration'] == inferencer.certainty.to_dict()
    assert facts['embedding_names'] == list(inferencer.blank.embedding_names)


def test_parts_are_left_out_unless_asked_for(inferencer, tmp_path):
    model = OnnxModel(export_onnx(inferencer, tmp_path / 'a.onnx'))
    assert model.outputs == [
        *('code', 'code_visibility', 'embeddings', 'visibility', 'visibility_score')
    ]


def test_a_report_is_written_beside_the_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(report_module, '_BATCHES', (1, 2))
    monkeypatch.chdir(tmp_path)
    main(['export', 'drop_demo', 'demo.onnx', '--threads', '1'])
    text = capsys.readouterr().out
    report = json.loads(Path('demo.json').read_text())
    assert 'largest difference to PyTorch' in text and 'ms an image' in text
    assert report['parity']['embeddings'] < 1e-5 and report['parity']['visibility'] == 0
    assert report['batch'] < 1e-5 and report['threads'] == 1
    assert report['size'] == Path('demo.onnx').stat().st_size
    for key in ('latency', 'pytorch_latency'):
        assert set(report[key]) == {'1', '2'} and min(report[key].values()) > 0
    assert set(report['versions']) == {'onnx', 'onnxruntime', 'torch'}


def test_smaller_precisions(inferencer, exported, tmp_path, monkeypatch):
    monkeypatch.setattr(report_module, '_BATCHES', (1,))
    whole = Path(exported.session._model_path)
    half = write_float16(whole, tmp_path / 'half.onnx')
    bytes_ = write_int8(whole, tmp_path / 'int8.onnx', render_images(number=12))
    reports = [make_report(inferencer, path, 1) for path in (whole, half, bytes_)]
    assert [report.precision for report in reports] == ['float32', 'float16', 'int8']
    sizes = [report.size for report in reports]
    assert sizes[0] > 1.6 * sizes[1] and sizes[1] > 1.2 * sizes[2]
    changes = [report.parity['embeddings'] for report in reports]
    assert changes[0] < 1e-5 < changes[1] < 2e-3 < changes[2] < 0.1
    facts = [OnnxModel(path).facts for path in (whole, half, bytes_)]
    assert all(one | {'precision': 'float32'} == facts[0] for one in facts)
    with pytest.raises(ValueError, match='training images'):
        write_int8(whole, tmp_path / 'x.onnx', [])


@pytest.mark.slow
def test_eight_bits_by_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(report_module, '_BATCHES', (1,))
    monkeypatch.chdir(tmp_path)
    Path('people').mkdir()
    for i, image in enumerate(render_images(number=8)):
        cv2.imwrite(f'people/{i}.png', image)
    options = ['--precision', 'int8', '--calibrate', 'people', '--json']
    main(['export', 'drop_demo', 'small.onnx', *options])
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report['precision'] == 'int8' and report['size'] == Path('small.onnx').stat().st_size
    for wrong in (['--precision', 'int8'], ['--calibrate', 'people']):
        with pytest.raises(SystemExit, match='belong together'):
            main(['export', 'drop_demo', 'x.onnx', *wrong])


def test_a_file_that_drifts_is_not_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(report_module, 'TOLERANCE', 1e-12)
    with pytest.raises(SystemExit, match=r'demo\.onnx drifts: .* no more than 1e-12'):
        main(['export', 'drop_demo', 'demo.onnx', '--threads', '1'])
    assert not list(tmp_path.iterdir())


def test_a_file_of_other_weights_drifts(inferencer, exported, tmp_path):
    other = ReIDInferencer('drop_demo', device='cpu', num_workers=0)
    with torch.no_grad():
        next(other.model.parameters()).mul_(1.05)
    path = Path(exported.session._model_path)
    with pytest.raises(ValueError, match='drifts'):
        make_report(other, path)


@pytest.mark.slow
def test_thirty_lines_rank_a_folder(inferencer, exported, tmp_path):
    page = (ROOT / 'docs/who/export.md').read_text()
    script = re.search(r'```python\n(import sys.*?)```', page, re.DOTALL)[1]
    assert len(script.splitlines()) <= 32
    (tmp_path / 'rank.py').write_text(script)
    images = render_images(number=12)
    (tmp_path / 'people/a').mkdir(parents=True)
    for i, image in enumerate(images[1:]):
        cv2.imwrite(str(tmp_path / f'people/a/{i:02}.png'), image)
    cv2.imwrite(str(tmp_path / 'query.png'), images[0])
    command = [sys.executable, 'rank.py', exported.session._model_path, 'query.png', 'people']
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = inferencer([tmp_path / 'query.png', tmp_path / 'people/a'])
    columns = slice(1, None)
    shown = result['visibility'][:, columns]
    code = to_flat(result['embeddings'][:, columns], shown)
    distance = flat_distance(code[:1], code[1:], shown[:1], shown[1:])[0]
    expected = [
        f'{distance[row]:.3f}  people/a/{row:02}.png' for row in distance.argsort().tolist()[:10]
    ]
    assert done.stdout.splitlines() == expected


FAMILIES = {
    'mobilenet': 'drop_mobilenetv2_market1501',
    'efficientnet': 'lite0/drop_lite0',
    'global': 'global_demo',
}


@pytest.mark.slow
@pytest.mark.parametrize('family', FAMILIES)
def test_every_family_passes(family, tmp_path):
    cfg = read_config(FAMILIES[family])
    torch.manual_seed(0)
    inferencer = ReIDInferencer(cfg, device='cpu', num_workers=0)
    path = export_onnx(inferencer, tmp_path / 'a.onnx')
    exported = OnnxModel(path)
    found = compare_outputs(inferencer, exported, number=2)
    assert found['embeddings'] < TOLERANCE and found['visibility'] == 0


def test_pipelines_that_a_graph_cannot_follow_are_refused():
    cfg = read_config('drop_demo')
    assert find_size(cfg) == (128, 64)
    mean, std, turn = find_normalisation(cfg)
    assert turn and mean[0] == pytest.approx(123.675) and std[2] == pytest.approx(57.375)
    for change, message in (
        (dict(keep_ratio=True), 'keep_ratio'),
        (dict(interpolation='nearest'), 'nearest'),
        (dict(scale_factor=2), 'scale_factor'),
    ):
        other = Config(dict(test_pipeline=[dict(step) for step in cfg.test_pipeline]))
        other.test_pipeline[1].update(change)
        with pytest.raises(ValueError, match=f'bilinear, and not by .*{message}'):
            find_size(other)
    steps = [*cfg.test_pipeline[:2], dict(type='Pad'), cfg.test_pipeline[2]]
    other = Config(dict(test_pipeline=steps))
    with pytest.raises(ValueError, match="'Resize', 'Pad', 'PackReIDInputs'"):
        find_size(other)
    with pytest.raises(ValueError, match=r'by mean and std, and not by .*pad_size_divisor'):
        find_normalisation(Config(dict(model=dict(data_preprocessor=dict(pad_size_divisor=32)))))


def test_wrong_files_are_named(inferencer, tmp_path):
    with pytest.raises(ValueError, match=r'named ….onnx, got .*a\.pb'):
        export_onnx(inferencer, tmp_path / 'a.pb')
    with pytest.raises(FileNotFoundError, match='there is no such file'):
        OnnxModel(tmp_path / 'a.onnx')
    (tmp_path / 'a.onnx').write_bytes(b'no graph')
    with pytest.raises(ValueError, match=r'a\.onnx cannot be loaded'):
        OnnxModel(tmp_path / 'a.onnx')
    value = onnx.helper.make_tensor_value_info('x', onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node('Identity', ['x'], ['y'])
    result = onnx.helper.make_tensor_value_info('y', onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([node], 'g', [value], [result])
    opset = [onnx.helper.make_opsetid('', 18)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=10)
    onnx.save(model, tmp_path / 'b.onnx')
    with pytest.raises(ValueError, match='was not exported by mmdrop'):
        OnnxModel(tmp_path / 'b.onnx')
