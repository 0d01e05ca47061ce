"""Inference on many images: patterns, folders in folders, streams, boxes, files of embeddings."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.infer import BaseInferencer
from PIL import Image
from safetensors.torch import load_file

from mmdrop.apis import EmbeddingSet, ReIDInferencer
from mmdrop.apis.boxes import crop
from mmdrop.apis.embedding_files import EmbeddingWriter
from mmdrop.apis.embedding_set import stack_sets
from mmdrop.apis.images import list_images
from mmdrop.apis.reading import read_ahead
from mmdrop.datasets import SyntheticReID


@pytest.fixture(scope='module')
def inferencer():
    return ReIDInferencer('drop_demo', device='cpu', batch_size=4)


@pytest.fixture(scope='module')
def people():
    dataset = SyntheticReID('test', num_identities=3, images_per_identity=4, num_distractors=0)
    return [dataset[i]['img'] for i in range(9)]


@pytest.fixture
def folder(tmp_path, people):
    (tmp_path / 'people/more').mkdir(parents=True)
    for i, image in enumerate(people):
        cv2.imwrite(str(tmp_path / 'people' / ('more' * (i > 5)) / f'{i}.png'), image)
    return tmp_path / 'people'


def test_it_is_an_inferencer_of_mmengine(inferencer, people):
    assert isinstance(inferencer, BaseInferencer)
    samples = inferencer(people[:3], return_datasamples=True)
    result = inferencer(people[:3])
    for i, sample in enumerate(samples):
        assert torch.equal(sample.embeddings, result['embeddings'][i])
        assert torch.equal(sample.pred_sem_seg, result['parsing'][i])
        assert sample.img_path == result['names'][i]
        assert sample.embedding_names == result['embedding_names']
    assert 'drop_demo' in str(ReIDInferencer.list_models())
    assert inferencer.pipeline(people[0])['inputs'].shape == (3, 128, 64)


def test_folders_below_are_taken_if_asked_for(inferencer, folder):
    for recursive, number in ((False, 6), (True, 9)):
        names = inferencer(folder, recursive=recursive)['names']
        assert [Path(name).name for name in names] == [f'{i}.png' for i in range(number)]
    indices, distances = inferencer.rank(folder / 'more/7.png', folder, topk=1, recursive=True)
    assert indices.tolist() == [[7]] and distances.item() < 1e-3


def test_an_empty_top_folder_says_how_to_look_below(inferencer, tmp_path, people):
    (tmp_path / 'a/b').mkdir(parents=True)
    cv2.imwrite(str(tmp_path / 'a/b/0.png'), people[0])
    with pytest.raises(ValueError, match=r'a: no image in this folder .*recursive=True'):
        inferencer(tmp_path / 'a')
    assert len(inferencer(tmp_path / 'a', recursive=True)['names']) == 1


def test_patterns_are_sorted_and_stars_cross_folders(folder):
    names = [Path(image.name).name for image in list_images(str(folder / '[1-3].png'))]
    assert names == ['1.png', '2.png', '3.png']
    assert len(list_images(str(folder / '**' / '*.png'))) == 9
    (folder / 'odd[1].png').write_bytes((folder / '0.png').read_bytes())
    assert len(list_images(folder / 'odd[1].png')) == 1  # a file of that name is no pattern
    with pytest.raises(FileNotFoundError, match=r'\*\.gif.: no file has a name of this pattern'):
        list_images(str(folder / '*.gif'))


def test_a_stream_is_read_no_further_than_needed(inferencer, people):
    taken = []

    def stream():
        for i in range(10**9):
            taken.append(i)
            if i == 40:
                raise RuntimeError('the camera is gone')
            yield people[i % 9]

    with pytest.raises(RuntimeError, match='the camera is gone'):
        inferencer(stream())
    assert len(taken) == 41
    few = inferencer(iter(people[:5]))
    assert few['names'] == [f'array {i}' for i in range(5)]
    torch.testing.assert_close(few['embeddings'], inferencer(people[:5])['embeddings'])


def frame_of(people):
    """People side by side in a frame, and their boxes."""
    frame = np.full((160, 400, 3), 120, np.uint8)
    boxes = []
    for i, image in enumerate(people):
        small = cv2.resize(image, (64, 128))
        left, top = 10 + 90 * i, 5 + 4 * i
        frame[top : top + 128, left : left + 64] = small
        boxes.append([left, top, left + 64, top + 128])
    return frame, boxes


@pytest.mark.parametrize('kind', [list, np.asarray, torch.tensor])
def test_people_of_a_frame_are_those_of_their_crops(inferencer, people, kind, tmp_path):
    frame, boxes = frame_of(people[:3])
    crops = [frame[y1:y2, x1:x2] for x1, y1, x2, y2 in boxes]
    expected = inferencer(crops)
    result = inferencer((frame, kind(boxes)))
    assert result['names'] == ['array 0[0]', 'array 0[1]', 'array 0[2]']
    assert result['boxes'].tolist() == boxes and 'boxes' not in expected
    torch.testing.assert_close(result['embeddings'], expected['embeddings'])
    cv2.imwrite(str(tmp_path / 'frame.png'), frame)
    mixed = inferencer([(tmp_path / 'frame.png', kind(boxes)), crops[0], (frame, kind(boxes)[:1])])
    torch.testing.assert_close(mixed['embeddings'][:3], expected['embeddings'])
    assert mixed['names'][3:] == ['array 1', 'array 2[0]']
    assert mixed['boxes'].isnan().any(1).tolist() == [False] * 3 + [True, False]


def test_a_frame_may_hold_nobody(inferencer, people):
    frame, boxes = frame_of(people[:2])
    for none in ([], np.zeros((0, 4)), torch.zeros(0, 4)):
        result = inferencer((frame, none))
        assert result['names'] == [] and result['embeddings'].shape[0] == 0
        assert result['embeddings'].shape[1:] == inferencer(people[:1])['embeddings'].shape[1:]
    both = inferencer([(frame, []), (frame, boxes)])
    assert both['names'] == ['array 1[0]', 'array 1[1]']


def test_boxes_that_show_nothing_are_named(inferencer, people):
    frame, boxes = frame_of(people[:1])
    odd = [*boxes, [500, 0, 600, 50], [-30, -30, -1, -1], [10, 10, 10, 90], [-5.5, -5.5, 40.2, 90]]
    result = inferencer((frame, odd))
    assert result['names'] == ['array 0[0]', 'array 0[4]']
    assert [*result['failed']] == ['array 0[1]', 'array 0[2]', 'array 0[3]']
    assert 'lies outside the image, 400 × 160' in result['failed']['array 0[1]']
    assert 'has no area' in result['failed']['array 0[3]']
    part = inferencer(frame[:90, :41])['embeddings']
    torch.testing.assert_close(result['embeddings'][1:], part)
    indices, _ = inferencer.rank((frame, odd), people[0], topk=1)
    assert indices[:, 0].tolist() == [0, -1, -1, -1, 0]


@pytest.mark.parametrize(
    ('boxes', 'message'),
    [
        ([[0, 0, np.nan, 5]], 'NaN or infinity'),
        ([[0, 0, 5, 5], [50, 20, 30, 60]], r'box 1 is \[50\.0, 20\.0, 30\.0, 60\.0\].*width'),
    ],
)
def test_what_is_no_box_is_refused(inferencer, people, boxes, message):
    with pytest.raises(ValueError, match=message):
        inferencer((people[0], boxes))


def test_boxes_of_a_folder_are_refused(inferencer, folder):
    with pytest.raises(ValueError, match='boxes, which are those of one image'):
        inferencer((folder, [[0, 0, 5, 5]]))


def test_a_box_takes_every_pixel_that_it_touches():
    image = np.arange(24, dtype=np.uint8).reshape(4, 6, 1)
    assert crop(image, np.array([1.2, 0.0, 2.9, 2.0]), '')[..., 0].tolist() == [[1, 2], [7, 8]]
    assert crop(image, np.array([5.5, 3.5, 9.0, 9.0]), '')[..., 0].tolist() == [[23]]


def test_frames_of_a_damaged_file_fail_box_by_box(inferencer, people, tmp_path):
    (tmp_path / 'bad.png').write_bytes(b'\x89PNG and no more')
    result = inferencer([(tmp_path / 'bad.png', [[0, 0, 5, 5]] * 2), people[0]])
    assert [*result['failed']] == [f'{tmp_path}/bad.png[0]', f'{tmp_path}/bad.png[1]']


@pytest.mark.parametrize('workers', [0, 1, 3])
def test_readers_change_nothing(people, workers):
    inferencer = ReIDInferencer('drop_demo', device='cpu', batch_size=4, num_workers=workers)
    expected = ReIDInferencer('drop_demo', device='cpu', batch_size=4)(people)
    assert torch.equal(inferencer(people)['embeddings'], expected['embeddings'])


@pytest.mark.parametrize('workers', [0, 1, 4])
def test_read_ahead_keeps_order_and_stays_near(workers):
    taken = []

    def items():
        for i in range(100):
            taken.append(i)
            yield i

    results = read_ahead(lambda x: x * x, items(), workers, ahead=5)
    for i in range(20):
        assert next(results) == i * i
        assert len(taken) <= i + 1 + 5 + 1
    results.close()
    assert len(taken) < 30


def test_what_a_reader_raises_is_raised_at_its_turn():
    results = read_ahead(lambda x: 1 / x, [2, 1, 0, 4], workers=2, ahead=9)
    assert [next(results), next(results)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)


def equal_sets(a, b):
    for key in ('embeddings', 'visibility', 'visibility_score'):
        assert torch.equal(a[key], b[key])
    return (a.names, a.embedding_names, a.failed, a.model) == (
        b.names,
        b.embedding_names,
        b.failed,
        b.model,
    )


def test_a_set_is_written_and_mapped(inferencer, folder, tmp_path):
    (folder / 'more/bad.png').write_bytes(b'\x89PNG and no more')
    expected = inferencer.embed(folder, recursive=True)
    written = inferencer.embed(folder, out=tmp_path / 'sets/people.safetensors', recursive=True)
    assert equal_sets(expected, written) and list(written.failed) == [f'{folder}/more/bad.png']
    assert expected.parsing is not None and written.parsing is None and written.boxes is None
    again = EmbeddingSet.open(tmp_path / 'sets/people.safetensors')
    assert equal_sets(again, written) and again.complete
    assert sorted(p.name for p in (tmp_path / 'sets').iterdir()) == [
        'people.json',
        'people.safetensors',
    ]
    # Any reader of the format reads it.
    tensors = load_file(tmp_path / 'sets/people.safetensors')
    assert torch.equal(tensors['embeddings'], expected.embeddings)
    again.save(tmp_path / 'copy.safetensors')
    assert equal_sets(EmbeddingSet.open(tmp_path / 'copy.safetensors'), again)
    indices, _ = inferencer.rank(folder / '2.png', again, topk=1)
    assert again.names[indices.item()] == str(folder / '2.png')


def test_parsing_and_boxes_are_kept_in_a_file(inferencer, people, tmp_path):
    frame, boxes = frame_of(people[:3])
    out = tmp_path / 'frame.safetensors'
    written = inferencer.embed([(frame, boxes), people[0]], out=out, parsing=True)
    expected = inferencer([(frame, boxes), people[0]])
    assert torch.equal(written.parsing, expected['parsing'])
    torch.testing.assert_close(written.boxes, expected['boxes'], equal_nan=True)


def test_sets_of_another_model_or_preprocessing_are_refused(inferencer, people, tmp_path):
    written = inferencer.embed(people, out=tmp_path / 'a.safetensors')
    other = ReIDInferencer('drop_demo', device='cpu')
    next(other.model.parameters()).data.add_(1e-3)
    other = make_again(other)
    with pytest.raises(ValueError, match=r'another model: drop_demo .* instead of drop_demo'):
        other.rank(people[0], written)
    with pytest.raises(ValueError, match='another model'):
        other.rank(people[0], inferencer(people))
    facts = json.loads((tmp_path / 'a.json').read_text())
    facts['model']['preprocessing'][1] = 'Resize(scale=[128, 256])'
    (tmp_path / 'a.json').write_text(json.dumps(facts))
    with pytest.raises(ValueError, match=r'another pre-processing: .*\[128, 256\].* instead of'):
        inferencer.rank(people[0], EmbeddingSet.open(tmp_path / 'a.safetensors'))
    with pytest.raises(ValueError, match='another model'):
        stack_sets([written, other.embed(people)])


def make_again(inferencer):
    """The inferencer with the tag that its changed weights have."""
    from mmdrop.apis.model_tag import make_tag

    inferencer.tag = make_tag('drop_demo', inferencer.cfg, inferencer.model, [])
    return inferencer


def test_a_tag_follows_the_weights_and_not_the_name(people, tmp_path):
    from mmdrop.zoo import find_model

    copy = tmp_path / 'mine.safetensors'
    copy.write_bytes(find_model('drop_demo').file.read_bytes())
    ours, theirs = ReIDInferencer('drop_demo', device='cpu'), ReIDInferencer(copy, device='cpu')
    assert (ours.tag.name, theirs.tag.name) == ('drop_demo', 'mine')
    ours.tag.check_same(theirs.tag)
    indices, _ = ours.rank(people, theirs(people), topk=1)
    assert indices[:, 0].tolist() == list(range(9))


@pytest.mark.parametrize(
    ('spoil', 'error', 'message'),
    [
        (lambda f: f.unlink(), FileNotFoundError, r'a\.safetensors: there is no such file'),
        (lambda f: f.with_suffix('.json').unlink(), FileNotFoundError, r'a\.json, the names of'),
        (lambda f: f.write_bytes(f.read_bytes()[:-9]), ValueError, 'cannot be read as a safetens'),
        (lambda f: f.with_suffix('.json').write_text('{'), ValueError, r'a\.json is damaged'),
        (lambda f: f.with_suffix('.json').write_text('{}'), ValueError, 'of the format None'),
        (lambda f: f.write_bytes(b''), ValueError, 'cannot be read as a safetensors file'),
    ],
)
def test_a_damaged_set_is_named(inferencer, people, tmp_path, spoil, error, message):
    file = tmp_path / 'a.safetensors'
    inferencer.embed(people[:2], out=file)
    spoil(file)
    with pytest.raises(error, match=message):
        EmbeddingSet.open(file)


def test_names_of_another_set_are_noticed(inferencer, people, tmp_path):
    for name, start in (('a', 0), ('b', 3)):
        inferencer.embed(people[start : start + 3], out=tmp_path / f'{name}.safetensors')
    (tmp_path / 'a.json').write_bytes((tmp_path / 'b.json').read_bytes())
    with pytest.raises(ValueError, match=r'a\.safetensors and a\.json do not belong together'):
        EmbeddingSet.open(tmp_path / 'a.safetensors')


def test_an_error_leaves_no_file_and_ctrl_c_what_was_embedded(inferencer, people, tmp_path):
    def stream(error):
        yield from people[:8]
        yield from people[:8]
        raise error

    out = tmp_path / 'a.safetensors'
    with pytest.raises(RuntimeError):
        inferencer.embed(stream(RuntimeError()), out=out)
    assert not list(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        inferencer.embed(stream(KeyboardInterrupt()), out=out)
    left = EmbeddingSet.open(out)
    assert not left.complete and 4 <= len(left) <= 16
    expected = inferencer([*people[:8], *people[:8]])['embeddings'][: len(left)]
    torch.testing.assert_close(left.embeddings, expected)


def test_files_have_the_ending_of_what_they_hold(inferencer, people, tmp_path):
    with pytest.raises(ValueError, match=r'….safetensors, got .*a\.npz'):
        inferencer.embed(people, out=tmp_path / 'a.npz')
    with pytest.raises(ValueError, match=r'….safetensors, got .*a\.npz'):
        EmbeddingSet.open(tmp_path / 'a.npz')


def test_a_writer_refuses_pieces_of_another_kind(tmp_path, inferencer, people):
    one = inferencer.embed(people[:2])
    other = inferencer.embed(people[:2], parsing=False)
    writer = EmbeddingWriter(tmp_path / 'a.safetensors')
    writer.add(one)
    with pytest.raises(ValueError, match='another kind'):
        writer.add(other)
    assert not (tmp_path / 'a.safetensors').exists()


def test_memory_stays_while_a_file_grows(tmp_path):
    # A network that costs nothing: the file of 40,000 people has 160 MB.
    code = (
        'import sys, torch, numpy as np\n'
        'from mmdrop.apis.embedding_files import EmbeddingWriter\n'
        'from mmdrop.apis import EmbeddingSet\n'
        'from mmdrop.utils import peak_above\n'
        'piece = EmbeddingSet([f"p{i}" for i in range(1000)], torch.rand(1000, 8, 128),\n'
        '    torch.ones(1000, 8, dtype=torch.bool), tuple("abcdefgh"))\n'
        'def write():\n'
        '    with EmbeddingWriter(sys.argv[1]) as writer:\n'
        '        for _ in range(40):\n'
        '            writer.add(piece)\n'
        'print(peak_above(write))\n'
        'def read():\n'
        '    part = EmbeddingSet.open(sys.argv[1])\n'
        '    assert part.embeddings[20000:20010].sum() > 0\n'
        'print(peak_above(read))\n'
    )
    out = tmp_path / 'a.safetensors'
    done = subprocess.run(
        [sys.executable, '-c', code, str(out)], capture_output=True, text=True, check=True
    )
    assert out.stat().st_size > 160e6
    writing, reading = map(float, done.stdout.split())
    assert writing < 60 and reading < 60


def test_pillow_images_with_boxes(inferencer, people):
    frame, boxes = frame_of(people[:2])
    image = Image.fromarray(frame[..., ::-1])
    result = inferencer([(image, boxes)])
    assert result['names'] == ['image 0[0]', 'image 0[1]']
    torch.testing.assert_close(result['embeddings'], inferencer((frame, boxes))['embeddings'])
