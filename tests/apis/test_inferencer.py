import logging
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from PIL import Image

import mmdrop.apis.embedding as embedding_module
from mmdrop.apis import ReIDInferencer
from mmdrop.apis.images import list_images
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


def test_hidden_files_folders_and_links_to_nothing_are_passed_over(folder):
    (folder / '._0.png').touch()
    (folder / '.ipynb_checkpoints').mkdir()
    (folder / 'gone.png').symlink_to('nowhere.png')
    expected = [str(folder / f'{i}.png') for i in range(5)]
    assert [image.name for image in list_images(folder)] == expected


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


@pytest.mark.parametrize(
    ('array', 'remedy'),
    [
        (np.zeros((4, 2, 3), np.float32), 'float32.*0..255.*astype'),
        (np.zeros((4, 2, 3), np.int64), 'int64.*astype'),
        (np.zeros((4, 2), bool), 'bool.*astype'),
        (np.zeros((3, 40, 20), np.uint8), r'\(3, 40, 20\): .*transpose'),
        (np.zeros((7, 40, 20), np.uint8), r'\(7, 40, 20\): .*list'),
        (np.zeros((0, 2, 3), np.uint8), r'\(0, 2, 3\)'),
        (np.array(3, np.uint8), r'uint8 \(\)'),
    ],
)
def test_arrays_that_are_no_image_are_refused_with_what_to_do(inferencer, array, remedy):
    with pytest.raises(ValueError, match=f'array 0 must be uint8.*{remedy}'):
        inferencer(array)


@pytest.mark.parametrize(
    ('inputs', 'message'),
    [
        ([3], 'entry 0 is int'),
        (3, 'got int'),
        (None, 'got NoneType'),
        (torch.zeros(3, 4, 2), r'got Tensor: .*permute'),
        ([torch.zeros(3, 4, 2)], r'entry 0 is Tensor: .*permute'),
        (b'\xff\xd8', r'got bytes: .*BytesIO'),
        ({'names': []}, 'got dict: .*rank'),
        ([['a.jpg']], 'entry 0 is list: give one flat list'),
    ],
)
def test_what_is_no_image_is_refused_with_what_to_do(inferencer, inputs, message):
    with pytest.raises(TypeError, match=message):
        inferencer(inputs)


def test_inputs_without_images_are_refused(inferencer, tmp_path):
    with pytest.raises(ValueError, match='empty'):
        inferencer([])
    (tmp_path / 'none').mkdir()
    for inputs in (tmp_path / 'none', [tmp_path / 'none']):
        with pytest.raises(ValueError, match='none: no image'):
            inferencer(inputs)


@pytest.mark.parametrize(
    ('name', 'remedy'),
    [('', ''), ('people/*.jpg', 'pattern'), ('https://example.org/a.jpg', 'download')],
)
def test_a_path_that_is_none_is_named_with_what_to_do(inferencer, name, remedy):
    with pytest.raises(FileNotFoundError, match=f'{re.escape(name)}.*{remedy}'):
        inferencer(name)


def test_grey_and_transparent_arrays_are_images(inferencer):
    grey, color = np.full((40, 20), 70, np.uint8), np.full((40, 20, 4), (1, 2, 3, 4), np.uint8)
    for array in (grey, grey[..., None]):
        embeddings = inferencer(array)['embeddings']
        torch.testing.assert_close(embeddings, torch.full((1, 4, 3), 70.0))
    expected = torch.tensor([1.0, 2.0, 3.0]).expand(1, 4, 3)
    torch.testing.assert_close(inferencer(color)['embeddings'], expected)


def test_a_stack_of_images_is_a_list_of_them(inferencer, arrays):
    result = inferencer(np.stack(arrays))
    torch.testing.assert_close(result['embeddings'], inferencer(arrays)['embeddings'])


@pytest.mark.parametrize('mode', ['RGB', 'RGBA', 'P', 'L'])
def test_pillow_images_are_what_their_file_is(inferencer, folder, arrays, mode):
    image = Image.open(folder / '3.png').convert(mode)
    image.save(folder / 'again.png')
    result = inferencer([image, folder / 'again.png'])
    assert result['names'] == ['image 0', str(folder / 'again.png')]
    torch.testing.assert_close(result['embeddings'][0], result['embeddings'][1])
    torch.testing.assert_close(inferencer(image)['embeddings'][0], result['embeddings'][0])


def test_folders_files_and_arrays_can_be_mixed(inferencer, folder, arrays):
    (folder / 'more').mkdir()
    cv2.imwrite(str(folder / 'more' / 'x.png'), arrays[0])
    inputs = [arrays[4], str(folder), folder / 'more', str(folder / '2.png')]
    result = inferencer(item for item in inputs)
    files = [*(folder / f'{i}.png' for i in range(5)), folder / 'more/x.png', folder / '2.png']
    assert result['names'] == ['array 0', *map(str, files)]
    colors = torch.tensor(np.stack([arrays[i] for i in (4, 0, 1, 2, 3, 4, 0, 2)])[:, 0, 0]).float()
    torch.testing.assert_close(result['embeddings'][:, 0], colors)


@pytest.fixture
def spoilt(folder):
    """The folder with two images that cannot be read, one in the first and one in a later batch."""
    (folder / '._0.png').write_bytes(b'Mac OS X')  # as a Mac leaves beside 0.png
    (folder / '2.png').write_bytes(b'\x89PNG and no more')
    return [folder / name for name in ('._0.png', '0.png', '1.png', '2.png', '3.png', '4.png')]


def test_images_that_cannot_be_read_are_named_and_the_others_embedded(inferencer, spoilt, arrays):
    result = inferencer([*spoilt, Image.new('F', (4, 8)), Image.new('RGB', (0, 8))])
    assert result['names'] == [str(spoilt[i]) for i in (1, 2, 4, 5)]
    expected = inferencer([arrays[i] for i in (0, 1, 3, 4)])['embeddings']
    torch.testing.assert_close(result['embeddings'], expected)
    assert [*result['failed']] == [str(spoilt[0]), str(spoilt[3]), 'image 6', 'image 7']
    assert 'is not an image' in result['failed'][str(spoilt[0])]
    assert 'floating-point' in result['failed']['image 6']
    assert 'its size is 0 × 8' in result['failed']['image 7']
    assert inferencer(arrays)['failed'] == {}


def test_one_warning_counts_images_that_cannot_be_read(inferencer, spoilt, monkeypatch):
    logged = []
    monkeypatch.setattr(embedding_module, 'print_log', lambda *args: logged.append(args))
    inferencer(spoilt)
    [(message, _, level)] = logged
    assert message.startswith('2 of 6 images cannot be read') and level == logging.WARNING


def test_if_no_image_can_be_read_it_is_an_error(inferencer, spoilt):
    with pytest.raises(OSError, match=r'none of 2 images can be read.*\._0\.png is not an image'):
        inferencer([spoilt[0], spoilt[3]])


def test_ranks_are_of_what_was_given_though_some_cannot_be_read(inferencer, spoilt, arrays):
    indices, distances = inferencer.rank([arrays[3], spoilt[0], arrays[0]], spoilt, topk=9)
    assert indices.shape == distances.shape == (3, 4)
    assert [indices[0, 0], indices[2, 0]] == [4, 1]  # places in the list, unreadable ones counted
    assert set(indices[0].tolist()) == {1, 2, 4, 5}
    assert indices[1].tolist() == [-1] * 4 and distances[1].isinf().all()
    indices, _ = inferencer.rank(arrays[3], inferencer(spoilt), topk=1)
    assert indices.tolist() == [[2]]  # place in the result's names


def test_pictures_leave_out_what_cannot_be_read(inferencer, spoilt, arrays, tmp_path):
    queries = [spoilt[0], *arrays[3:]]
    written = inferencer.visualize(queries, spoilt, tmp_path / 'out', topk=9)
    clean = inferencer.visualize(
        arrays[3:], [arrays[i] for i in (0, 1, 3, 4)], tmp_path / 'clean', topk=9
    )
    for found, expected in zip(written, clean, strict=True):
        np.testing.assert_array_equal(cv2.imread(str(found)), cv2.imread(str(expected)))


def test_visibility_scores_are_returned(arrays):
    result = ReIDInferencer('drop_demo', device='cpu')(arrays[:2])
    assert result['visibility_score'].shape == result['visibility'].shape
    parts = [name.startswith('part_') for name in result['embedding_names']]
    shown = result['visibility_score'][:, parts] > 0.4  # the recipe's threshold
    assert (shown == result['visibility'][:, parts]).all()


def test_something_else_than_a_result_is_not_ranked(inferencer, arrays):
    with pytest.raises(ValueError, match=r'it has no .*embeddings'):
        inferencer.rank(arrays, {'names': ['a']})


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
