"""Galleries: adding, searching, identifying, saving, and what goes wrong."""

import json
import math
from pathlib import Path

import cv2
import pytest
import torch

from mmdrop.apis import Certainty, EmbeddingSet, Gallery, ReIDInferencer, calibrate
from mmdrop.apis.calibrating import embed_set
from mmdrop.datasets import SyntheticReID
from mmdrop.engine import read_config

NAMES = ('global', 'foreground', 'part_1', 'part_2', 'part_3', 'part_4', 'part_5')


@pytest.fixture(scope='module')
def inferencer():
    """The demo model, with a calibration on a few rendered people."""
    inferencer = ReIDInferencer('drop_demo', device='cpu')
    loader = read_config('drop_demo').calibration_dataloaders.rendered
    loader.dataset.num_identities = 30
    inferencer.certainty = calibrate(
        dict(rendered=embed_set(inferencer.model, loader)), inferencer.matching.embeddings
    )
    return inferencer


@pytest.fixture(scope='module')
def people():
    dataset = SyntheticReID('test', num_identities=5, images_per_identity=5, num_distractors=0)
    samples = [dataset[i] for i in range(25)]
    pids = sorted({sample['pid'] for sample in samples})
    return {
        f'person {number}': [sample['img'] for sample in samples if sample['pid'] == pid]
        for number, pid in enumerate(pids)
    }


@pytest.fixture
def gallery(inferencer, people):
    gallery = Gallery(inferencer)
    for name, images in people.items():
        assert gallery.add(images[1:], name) == 4
    return gallery


@pytest.fixture
def folder(tmp_path, people):
    for name, images in people.items():
        (tmp_path / 'people' / name).mkdir(parents=True)
        for i, image in enumerate(images[1:]):
            cv2.imwrite(str(tmp_path / 'people' / name / f'{i}.png'), image)
    return tmp_path / 'people'


def test_hits_are_those_of_the_inferencers_ranking(gallery, inferencer, people):
    queries = [images[0] for images in people.values()]
    others = [image for images in people.values() for image in images[1:]]
    owners = [name for name, images in people.items() for _ in images[1:]]
    indices, distances = inferencer.rank(queries, others, topk=6)
    for result, row, expected in zip(gallery.search(queries, 6), indices, distances, strict=True):
        assert [hit.name for hit in result.hits] == [owners[i] for i in row]
        found = [hit.distance for hit in result.hits]
        assert found == pytest.approx(expected.tolist(), abs=1e-6)
        assert len(str(result).splitlines()) >= 7


def test_one_hit_of_each_person(gallery, people):
    query = people['person 0'][0]
    [images], [persons] = gallery.search(query, 20), gallery.search(query, 20, per='person')
    assert len(images.hits) == 20 and len(persons.hits) == 5
    first = {}
    for hit in images.hits:
        first.setdefault(hit.name, hit)
    assert list(persons.hits) == list(first.values())


def set_of(degrees, visible, inferencer):
    """Images of seven embeddings of two numbers at angles to 0°."""
    radians = torch.deg2rad(torch.tensor(degrees, dtype=torch.float32))
    return EmbeddingSet(
        names=[f'{i}.jpg' for i in range(len(degrees))],
        embeddings=torch.stack([radians.cos(), radians.sin()], 2),
        visibility=torch.tensor(visible),
        embedding_names=NAMES,
        model=inferencer.tag,
    )


ALL = [True] * 7


def test_only_the_parts_asked_for_are_compared(inferencer):
    gallery = Gallery(inferencer)
    gallery.add(set_of([[0, 0, 0, 0, 0, 0, 90]], [ALL], inferencer), 'other shoes')
    gallery.add(set_of([[90, 90, 90, 90, 90, 90, 0]], [ALL], inferencer), 'same shoes')
    query = set_of([[0] * 7], [ALL], inferencer)
    feet = inferencer.part_names[4]
    for parts, first, distance in (
        (None, 'other shoes', math.sqrt(2) / 6),
        (feet, 'same shoes', 0),
        ('part_5', 'same shoes', 0),
        ((feet, 'part_1'), 'other shoes', math.sqrt(2) / 2),
        ('global', 'other shoes', 0),
    ):
        [found] = gallery.search(query, 1, parts)
        assert found.hits[0].name == first
        assert found.hits[0].distance == pytest.approx(distance, abs=1e-6)
    for wrong in ('hat', (), ('feet', 'part_9')):
        with pytest.raises(ValueError, match=f'no part is called .*{inferencer.part_names[0]}'):
            gallery.search(query, 1, wrong)


def test_a_query_that_shows_no_such_part_finds_nobody(inferencer):
    gallery = Gallery(inferencer)
    gallery.add(set_of([[0] * 7], [ALL], inferencer), 'somebody')
    hidden = set_of([[0] * 7], [[True] * 6 + [False]], inferencer)
    [found] = gallery.search(hidden, parts='part_5')
    assert found.hits == () and 'shows none of the parts' in str(found)
    nothing = set_of([[0] * 7], [[False] * 7], inferencer)
    [answer] = gallery.identify(nothing)
    assert answer.name is None and answer.hits == () and answer.unknown == 0.5
    assert str(answer).endswith('unknown: it shows nothing that the gallery shows')


def test_hits_say_which_parts_agree(inferencer):
    gallery = Gallery(inferencer)
    shown = [True] * 4 + [False] * 3
    gallery.add(set_of([[60] * 7], [shown], inferencer), 'somebody')
    [found] = gallery.search(set_of([[0] * 7], [ALL], inferencer))
    [hit] = found.hits
    assert hit.shared == ('foreground', 'part_1', 'part_2')
    assert [part.distance for part in hit.parts[:3]] == pytest.approx([1, 1, 1], abs=1e-6)
    assert [part.distance for part in hit.parts[3:]] == [None] * 3
    assert all(part.log_odds == 0 for part in hit.parts[3:])
    odds = sum(part.log_odds for part in hit.parts)
    assert hit.probability == pytest.approx(1 / (1 + math.exp(-odds)))


def test_who_it_is_by_bayes(inferencer):
    # Log odds of 6 − 4 d in the foreground alone.
    sure = Certainty(('foreground',), (6.0,), (-4.0,), (), (), {})
    before, inferencer.certainty = inferencer.certainty, sure
    try:
        gallery = Gallery(inferencer)
        rows = [[0, 60] + [0] * 5, [0, 90] + [0] * 5, [0, 180] + [0] * 5]  # d = 1, √2, 2
        gallery.add(set_of([*rows[1:2], rows[0]], [ALL] * 2, inferencer), 'ann')
        gallery.add(set_of(rows[2:], [ALL], inferencer), 'bob')
        [answer] = gallery.identify(set_of([[0] * 7], [ALL], inferencer), known=0.8)
        # ann by her nearer image: e² · 0.4, bob: e⁻² · 0.4, nobody: 0.2
        ann, bob = 0.4 * math.exp(2), 0.4 * math.exp(-2)
        assert answer.name == 'ann'
        assert answer.probability == pytest.approx(ann / (ann + bob + 0.2))
        assert answer.unknown == pytest.approx(0.2 / (ann + bob + 0.2))
        assert [hit.name for hit in answer.hits] == ['ann', 'bob']
        assert answer.hits[0].image == '1.jpg'
        [strict] = gallery.identify(set_of([[0] * 7], [ALL], inferencer), known=0.8, least=0.99)
        assert strict.name is None and strict.probability == answer.probability
        assert 'unknown' in str(strict) and 'most likely ann' in str(strict)
    finally:
        inferencer.certainty = before


def test_known_people_are_named_and_strangers_are_not(gallery, people, inferencer):
    answers = gallery.identify([images[0] for images in people.values()])
    assert sum(a.name == name for a, name in zip(answers, people, strict=True)) >= 3
    assert all(0 <= a.probability <= 1 and 0 <= a.unknown <= 1 for a in answers)
    dataset = SyntheticReID(
        'test', num_identities=20, images_per_identity=4, num_distractors=0, seed=7
    )
    strangers = gallery.identify([dataset[i]['img'] for i in range(0, 80, 4)])
    assert sum(answer.name is None for answer in strangers) >= 14
    with pytest.raises(ValueError, match='probabilities'):
        gallery.identify(people['person 0'][0], known=1.0)


def test_several_queries_of_a_person_are_one(gallery, people):
    query = people['person 1'][:1] + people['person 1'][1:2]
    [fused] = gallery.identify(query, fused=True)
    assert fused.name == 'person 1'
    assert len(gallery.search(query)) == 2 and len(gallery.search(query, fused=True)) == 1


def test_a_folder_of_people(inferencer, folder, people):
    cv2.imwrite(str(folder / 'alone.png'), people['person 2'][0])
    gallery = Gallery(inferencer)
    added = gallery.add_folder(folder)
    assert added == {'alone': 1, **dict.fromkeys(sorted(people), 4)}
    assert gallery.people == added and len(gallery) == 21
    assert gallery.add_folder(folder) == {}  # nothing is there twice
    (folder / 'person 2/more').mkdir()
    cv2.imwrite(str(folder / 'person 2/more/new.png'), people['person 2'][0][:, ::-1])
    assert gallery.add_folder(folder) == {'person 2': 1}
    with pytest.raises(FileNotFoundError, match='nowhere'):
        gallery.add_folder(folder / 'nowhere')
    (folder / 'none').mkdir()
    with pytest.raises(ValueError, match='none: no image'):
        gallery.add_folder(folder / 'none')


def test_people_and_images_are_removed(inferencer, folder):
    gallery = Gallery(inferencer)
    gallery.add_folder(folder)
    image = str(folder / 'person 1/0.png')
    assert gallery.remove('person 0') == 4 and 'person 0' not in gallery.people
    assert gallery.remove(image=image) == 1 and gallery.people['person 1'] == 3
    assert image not in {hit.image for hit in gallery.search(image, 30)[0].hits}
    for arguments in (dict(name='person 0'), dict(image=image), dict(name='x', image=image)):
        with pytest.raises(KeyError, match='holds no'):
            gallery.remove(**arguments)
    with pytest.raises(ValueError, match='give the name'):
        gallery.remove()
    for name in list(gallery.people):
        gallery.remove(name)
    assert len(gallery) == 0
    with pytest.raises(ValueError, match='holds no image'):
        gallery.search(image)
    assert gallery.add(image, 'again') == 1


def test_an_empty_gallery_says_so(inferencer, people, tmp_path):
    gallery = Gallery(inferencer)
    image = people['person 0'][0]
    for action, argument in (
        (gallery.search, image),
        (gallery.identify, image),
        (gallery.save, tmp_path / 'a.safetensors'),
    ):
        with pytest.raises(ValueError, match='the gallery holds no image'):
            action(argument)


def test_two_names_for_one_image_are_refused(gallery, people):
    before = gallery.people
    with pytest.raises(ValueError, match=r"array 0 is already .* of 'person 3'.* 'somebody'"):
        gallery.add(people['person 3'][1], 'somebody')
    assert gallery.people == before
    assert gallery.add(people['person 3'], 'person 3') == 1  # the one that was not there


@pytest.mark.parametrize('name', ['', '  ', 'a\nb', 'tab\there', '\x00'])
def test_names_that_cannot_be_typed_are_refused(gallery, people, name):
    with pytest.raises(ValueError, match='printable text'):
        gallery.add(people['person 0'][0], name)


def test_a_name_is_text_and_never_a_file(inferencer, people, tmp_path):
    gallery = Gallery(inferencer)
    for name in ('../../etc/passwd', '/tmp/x', 'C:\\x', 'Zoë Ångström'):
        gallery.add(people[f'person {len(gallery)}'][0], name)
    gallery.save(tmp_path / 'in/people.safetensors')
    assert sorted(p.name for p in tmp_path.rglob('*.*')) == ['people.json', 'people.safetensors']
    again = Gallery.open(tmp_path / 'in/people.safetensors', inferencer)
    assert again.people == gallery.people
    with pytest.raises(TypeError, match='is text, got int'):
        gallery.add(people['person 4'][0], 3)


def test_a_gallery_is_saved_and_opened(gallery, inferencer, people, tmp_path):
    file = gallery.save(tmp_path / 'people.safetensors')
    again = Gallery.open(file, inferencer)
    query = [images[0] for images in people.values()]
    assert again.search(query, 20) == gallery.search(query, 20)
    assert again.add(people['person 0'][0], 'person 0') == 1
    other = ReIDInferencer('drop_demo', device='cpu')
    other.tag = other.tag.from_dict(other.tag.to_dict() | dict(weights='0' * 16))
    with pytest.raises(ValueError, match=r'images of .*people\.safetensors are those of another'):
        Gallery.open(file, other)
    facts = json.loads(file.with_suffix('.json').read_text())
    facts['people'].pop()
    file.with_suffix('.json').write_text(json.dumps(facts))
    with pytest.raises(ValueError, match='do not belong together'):
        Gallery.open(file, inferencer)
    plain = inferencer.embed(query, out=tmp_path / 'plain.safetensors')
    assert plain.people is None
    with pytest.raises(ValueError, match='no gallery'):
        Gallery.open(tmp_path / 'plain.safetensors', inferencer)


def test_ctrl_c_keeps_what_was_added(inferencer, people):
    images = [image for some in people.values() for image in some]

    def stream():
        for _ in range(4):
            yield from images
        raise KeyboardInterrupt

    gallery = Gallery(inferencer)
    with pytest.raises(KeyboardInterrupt):
        gallery.add((image + i for i, image in enumerate(stream())), 'many')
    assert len(gallery) >= 32  # whole batches
    assert gallery.search(images[0], 1)[0].hits[0].name == 'many'


def test_unreadable_images_are_passed_over(inferencer, folder):
    (folder / 'person 0/bad.png').write_bytes(b'\x89PNG and no more')
    gallery = Gallery(inferencer)
    assert gallery.add_folder(folder)['person 0'] == 4
    assert Path(folder / 'person 0/bad.png').exists()
    with pytest.raises(OSError, match=r'bad\.png'):
        gallery.add(folder / 'person 0/bad.png', 'somebody')


def test_a_model_that_cannot_be_sure_only_searches(gallery, inferencer, people):
    before, inferencer.certainty = inferencer.certainty, None
    try:
        [found] = gallery.search(people['person 0'][0], 2)
        assert found.hits[0].probability is None and found.hits[0].parts[0].log_odds is None
        with pytest.raises(ValueError, match='nobody measured'):
            gallery.identify(people['person 0'][0])
    finally:
        inferencer.certainty = before
