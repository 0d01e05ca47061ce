from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel

from mmdrop.apis import ReIDInferencer
from mmdrop.registry import MODELS

NAMES = ('global', 'foreground', 'part_1', 'part_2')


@MODELS.register_module()
class ColorModel(BaseModel):
    """Embeds the mean colour: of the image (twice), of its upper and of its lower half."""

    def __init__(self, parsing=True, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.parsing = parsing
        self.batch_sizes = []

    def forward(self, inputs, data_samples, mode):
        self.batch_sizes.append(len(inputs))
        whole = inputs.mean((2, 3))
        halves = inputs.unflatten(2, (2, -1)).mean((3, 4)).transpose(1, 2)
        embeddings = self.scale * torch.cat([whole[:, None], whole[:, None], halves], 1)
        for sample, embedding in zip(data_samples, embeddings, strict=True):
            sample.embeddings = embedding
            sample.visibility = embedding.amax(1) > 0
            sample.set_metainfo(dict(embedding_names=NAMES))
            if self.parsing:
                sample.pred_sem_seg = torch.tensor([[1, 0], [2, 2]], dtype=torch.uint8)
        return data_samples


def config(embeddings=('foreground', 'parts'), hidden='skip', **model):
    preprocessor = dict(type='ImgDataPreprocessor')
    pipeline = [
        dict(type='LoadImage'),
        dict(type='LoadLabelsThatNobodyHas'),
        dict(type='Resize', scale=(8, 16)),
        dict(type='PackReIDInputs'),
    ]
    return Config(
        dict(
            model=dict(type='ColorModel', data_preprocessor=preprocessor, **model),
            test_dataloader=dict(dataset=dict(type='ReIDDataset', pipeline=pipeline)),
            test_evaluator=[dict(type='ReIDMetric', embeddings=embeddings, hidden=hidden)],
        )
    )


@pytest.fixture(scope='module')
def inferencer():
    return ReIDInferencer(config(), device='cpu', batch_size=2)


@pytest.fixture(scope='module')
def arrays():
    """Five BGR images, each of one colour."""
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (100, 100, 0), (0, 90, 110)]
    return [np.full((40, 20, 3), color, np.uint8) for color in colors]


@pytest.fixture
def folder(tmp_path, arrays):
    for i, array in enumerate(arrays):
        cv2.imwrite(str(tmp_path / f'{i}.png'), array)
    (tmp_path / 'notes.txt').write_text('not an image')
    return tmp_path


def test_results_are_stacked_in_the_order_of_the_input(inferencer, arrays):
    result = inferencer(arrays)
    assert result['names'] == [f'array {i}' for i in range(5)]
    assert result['embedding_names'] == NAMES
    assert result['parsing'].shape == (5, 2, 2) and result['visibility'].all()
    colors = torch.tensor(np.stack(arrays)[:, 0, 0]).float()  # (5, 3) BGR
    torch.testing.assert_close(result['embeddings'], colors[:, None].expand(5, 4, 3))


def test_model_sees_batches_of_the_given_size(arrays):
    inferencer = ReIDInferencer(config(), device='cpu', batch_size=2)
    inferencer(arrays)
    assert inferencer.model.batch_sizes == [2, 2, 1]


def test_folder_files_and_arrays_give_the_same(inferencer, folder, arrays):
    expected = inferencer(arrays)['embeddings']
    files = [folder / f'{i}.png' for i in range(5)]
    assert inferencer(folder)['names'] == [str(file) for file in files]
    for inputs in (folder, str(folder), files, [str(files[0]), *arrays[1:]]):
        torch.testing.assert_close(inferencer(inputs)['embeddings'], expected)


def test_single_file_and_single_array_are_lists_of_one(inferencer, folder, arrays):
    for inputs in (folder / '1.png', arrays[1]):
        assert inferencer(inputs)['embeddings'].shape == (1, 4, 3)


def test_turned_rgb_image_is_accepted(inferencer, arrays):
    rgb = np.ascontiguousarray(arrays[0][..., ::-1])
    torch.testing.assert_close(
        inferencer(rgb[..., ::-1])['embeddings'], inferencer(arrays[0])['embeddings']
    )


def test_damaged_and_missing_files_are_named(inferencer, tmp_path):
    (tmp_path / 'broken.jpg').write_bytes(b'\xff\xd8 not a picture')
    with pytest.raises(OSError, match=r'broken\.jpg'):
        inferencer(tmp_path / 'broken.jpg')
    with pytest.raises(FileNotFoundError, match=r'gone\.jpg'):
        inferencer([tmp_path / 'gone.jpg'])


@pytest.mark.parametrize('dtype', [np.float32, np.int64])
def test_arrays_that_are_not_uint8_are_refused(inferencer, dtype):
    with pytest.raises(ValueError, match='array 0 must be BGR uint8'):
        inferencer(np.zeros((4, 2, 3), dtype))


def test_inputs_without_images_are_refused(inferencer, tmp_path):
    with pytest.raises(ValueError, match='empty'):
        inferencer([])
    with pytest.raises(ValueError, match='no image'):
        inferencer(tmp_path)
    with pytest.raises(TypeError, match='got int'):
        inferencer([3])


def test_every_image_is_its_own_nearest(inferencer, arrays):
    indices, distances = inferencer.rank(arrays, arrays, topk=2)
    assert indices.shape == distances.shape == (5, 2)
    assert indices[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert (distances[:, 0] < 1e-3).all() and (distances[:, 1] > 0.1).all()


def test_rank_takes_results_and_at_most_the_whole_gallery(inferencer, arrays):
    gallery = inferencer(arrays[:3])
    indices, distances = inferencer.rank(arrays[1], gallery, topk=10)
    assert indices.shape == (1, 3) and indices[0, 0] == 1
    assert (distances.diff() >= 0).all()


def test_rank_compares_the_embeddings_of_the_test_evaluator():
    # Upper halves are alike, lower halves are not, and a black half is invisible.
    query, gallery = (np.zeros((16, 8, 3), np.uint8) for _ in range(2))
    query[:8], gallery[:8], gallery[8:] = (90, 0, 0), (90, 0, 0), (0, 90, 0)
    distances = {
        name: ReIDInferencer(config(name), device='cpu').rank(query, gallery)[1].item()
        for name in ('parts', 'foreground')
    }
    # Foreground: (1, 0, 0) and (1, 1, 0) / sqrt(2), at distance sqrt(2 - sqrt(2)) = 0.765.
    assert distances == pytest.approx({'parts': 0.0, 'foreground': 0.765}, abs=1e-3)


def test_rank_treats_hidden_parts_as_the_test_evaluator_does():
    # One gallery image hides its lower half, in the other the halves are at 0 and sqrt(2).
    query, whole, half = (np.zeros((16, 8, 3), np.uint8) for _ in range(3))
    query[:], whole[:8], whole[8:], half[:8] = (90, 0, 0), (90, 0, 0), (0, 90, 0), (90, 0, 0)
    found = {
        hidden: ReIDInferencer(config('parts', hidden), device='cpu').rank(query, [whole, half])
        for hidden in ('skip', 'mean')
    }
    assert found['skip'][0].tolist() == [[1, 0]]
    assert found['skip'][1].tolist()[0] == pytest.approx([0, 0.7071], abs=1e-3)
    assert found['mean'][1].tolist()[0] == pytest.approx([0.7071, 0.7071], abs=1e-3)


def test_embedding_that_the_model_lacks_is_refused(arrays):
    with pytest.raises(ValueError, match="no embedding 'stripes'"):
        ReIDInferencer(config(('stripes',)), device='cpu').rank(arrays, arrays)


def test_pictures_are_written(inferencer, arrays, tmp_path):
    written = inferencer.visualize(arrays[:1] * 9, arrays, tmp_path / 'new', topk=3)
    names = ['ranking_0.png', 'parsing_0.png', 'ranking_1.png', 'parsing_1.png']
    assert [path.name for path in written] == names
    # A row is 192 pixels high and more; eight queries are on the first page, one on the second.
    heights = [cv2.imread(str(path)).shape[0] for path in written]
    assert heights[0] > 8 * 192 and 192 < heights[2] < 2 * 192


def test_model_without_parsing_has_no_parsing(arrays, tmp_path):
    inferencer = ReIDInferencer(config(parsing=False), device='cpu')
    assert 'parsing' not in inferencer(arrays)
    written = inferencer.visualize(arrays, arrays, tmp_path)
    assert [path.name for path in written] == ['ranking_0.png']


def test_weights_are_loaded(arrays, tmp_path):
    weights = tmp_path / 'weights.pth'
    torch.save({'state_dict': {'module.scale': torch.tensor(2.0)}, 'meta': {'epoch': 3}}, weights)
    twice = ReIDInferencer(config(), weights, device='cpu')(arrays)
    once = ReIDInferencer(config(), device='cpu')(arrays)
    torch.testing.assert_close(twice['embeddings'], 2 * once['embeddings'])


class Intruder:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def test_checkpoint_that_runs_code_is_refused(tmp_path):
    torch.save({'state_dict': {}, 'extra': Intruder(tmp_path / 'trace')}, tmp_path / 'bad.pth')
    with pytest.raises(ValueError, match=r'bad\.pth.*could run code'):
        ReIDInferencer(config(), tmp_path / 'bad.pth', device='cpu')
    assert not (tmp_path / 'trace').exists()


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ({'state_dict': {}}, r'does not fit .* 1 missing \(scale\)'),
        ({'scale': torch.ones(3)}, r'does not fit .* 1 of another shape \(scale \(3,\)'),
        ({'scale': torch.ones(()), 'shift': torch.ones(3)}, r'1 unexpected \(shift\)'),
        ([1, 2], 'no state dict in it, but a list'),
    ],
)
def test_checkpoint_of_another_model_is_refused(tmp_path, content, message):
    torch.save(content, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=rf'other\.pth.*{message}'):
        ReIDInferencer(config(), tmp_path / 'other.pth', device='cpu')


def test_missing_checkpoint_and_config_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'gone\.pth'):
        ReIDInferencer(config(), tmp_path / 'gone.pth', device='cpu')
    with pytest.raises(FileNotFoundError, match='drop_of_rain'):
        ReIDInferencer('drop_of_rain')


def test_config_file_is_read(tmp_path, arrays):
    config().dump(tmp_path / 'my_config.py')
    result = ReIDInferencer(tmp_path / 'my_config.py', device='cpu')(arrays)
    assert len(result['embeddings']) == 5


def test_rendered_test_set_needs_a_test_pipeline(arrays):
    cfg = config()
    pipeline = cfg.test_dataloader.dataset.pipeline
    cfg.test_dataloader.dataset.pipeline = pipeline[2:]
    with pytest.raises(ValueError, match='loads images'):
        ReIDInferencer(cfg)
    cfg.test_pipeline = pipeline
    assert len(ReIDInferencer(cfg, device='cpu')(arrays)['names']) == 5


def test_config_without_test_pipeline_is_refused():
    with pytest.raises(ValueError, match='test_pipeline'):
        ReIDInferencer(Config(dict(model=dict(type='ColorModel'))))
