import re
import shlex
from keyword import iskeyword
from pathlib import Path

import pytest
import torch
from mmcv.transforms import Resize
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.optim import build_optim_wrapper

from mmdrop.datasets import IdentitySampler, JointReID, SyntheticReID
from mmdrop.datasets.parsing.base import ParsingSource
from mmdrop.engine import load_config, make_parser
from mmdrop.registry import DATASETS, MODELS, type_name
from mmdrop.structures import ReIDDataSample
from mmdrop.zoo import list_models

CONFIGS = Path(__file__).parents[1] / 'configs'
RECIPES = sorted(p for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts)


ZOO = {model.name for model in list_models()}

every_recipe = pytest.mark.parametrize('path', RECIPES, ids=lambda p: p.stem)


def build_dataset(loader):
    return DATASETS.build(dict(loader.dataset, lazy_init=True))


def label_source(dataset):
    if isinstance(dataset, SyntheticReID):
        return dataset
    sources = [t for t in dataset.pipeline.transforms if isinstance(t, ParsingSource)]
    assert len(sources) <= 1
    return sources[0] if sources else None


def training_sets(cfg):
    dataset = build_dataset(cfg.train_dataloader)
    return dataset.datasets if isinstance(dataset, JointReID) else [dataset]


def number_of_parts(cfg):
    return (cfg.model.parsing_head or dict(num_parts=8))['num_parts']


def batch(cfg):
    """Two identities with two small images each, with every part in the label."""
    # Six stripes need six rows at stride 16.
    height, width = (64, 32) if cfg.model.parsing_head else (128, 64)
    num_parts = number_of_parts(cfg)
    samples = [
        ReIDDataSample(
            gt_label=label,
            gt_sem_seg=torch.randint(0, num_parts + 1, (height, width), dtype=torch.uint8),
            metainfo=dict(num_parts=num_parts, img_path='a.jpg'),
        )
        for label in (0, 0, 1, 1)
    ]
    inputs = list(torch.randint(0, 256, (4, 3, height, width)).byte())
    return dict(inputs=inputs, data_samples=samples)


def build_schedulers(cfg, optim_wrapper):
    for scheduler in cfg.param_scheduler:
        arguments = dict(scheduler)
        kind = arguments.pop('type')
        if arguments.pop('convert_to_iter_based', False):
            yield kind.build_iter_from_epoch(optim_wrapper, epoch_length=10, **arguments)
        else:
            yield kind(optim_wrapper, **arguments)


def test_there_are_recipes():
    assert {'drop_demo', 'drop_hrnet32_occduke'} <= {path.stem for path in RECIPES}


@every_recipe
def test_a_recipe_says_what_to_expect(path):
    first_line = path.read_text().splitlines()[0]
    if path.stem.endswith('_384x128') and not path.stem.startswith('drop_hrnet32_o'):
        pattern = r'at 256×128 the paper reports \d+\.\d Rank-1|its authors report \d+\.\d Rank-1'
    elif re.search('hrnet32|resnet50', path.stem) and not path.stem.endswith('to_others'):
        pattern = r'the (paper|authors) reports? \d+\.\d (Rank-1|mAP).* \((Table \d|README)\)'
    else:  # recipes of our own
        pattern = '[Dd]emo|no GPU|small GPU|not in the paper'
    assert re.search(pattern, first_line)


@every_recipe
def test_a_recipe_survives_being_written_and_read_again(path, tmp_path):
    cfg = Config.fromfile(path)
    cfg.dump(tmp_path / 'dumped.py')
    assert Config.fromfile(tmp_path / 'dumped.py').to_dict() == cfg.to_dict()


@every_recipe
def test_overrides_of_the_command_line_reach_the_recipe(path):
    cfg = Config.fromfile(path)
    overrides = {
        'model.reid_head.num_classes': 3,
        'optim_wrapper.optimizer.lr': 0.5,
        'train_dataloader.batch_size': 6,
    }
    if cfg.model.parsing_head:
        overrides['model.parsing_head.loss.gamma'] = 0.25
    cfg.merge_from_dict(overrides)
    model = MODELS.build(dict(cfg.model.to_dict(), backbone=dict(type='mmpretrain.LeNet5')))
    assert model.reid_head.num_classes == 3
    assert not cfg.model.parsing_head or model.parsing_head.loss_module.gamma == 0.25
    assert (cfg.optim_wrapper.optimizer.lr, cfg.train_dataloader.batch_size) == (0.5, 6)


@every_recipe
def test_a_recipe_agrees_with_itself(path):
    cfg = Config.fromfile(path)
    trained, test = training_sets(cfg), build_dataset(cfg.test_dataloader)
    sampler = cfg.train_dataloader.sampler
    if sampler.type is IdentitySampler:
        assert sampler.num_identities * sampler.num_instances == cfg.train_dataloader.batch_size
    else:  # then no loss compares images
        assert not cfg.model.reid_head.get('part_loss')
    heads = [head for head in (cfg.model.parsing_head, cfg.model.reid_head) if head]
    parts = {head.num_parts for head in heads if 'num_parts' in head}
    if cfg.model.parsing_head:
        # A set of several may have no labels.
        sources = [source for train in trained if (source := label_source(train))]
        assert sources
        parts |= {source.num_parts for source in sources}
        assert len(parts) == 1
    assert test.test_mode and not any(train.test_mode for train in trained)
    sizes = [
        {t.scale for t in dataset.pipeline.transforms if isinstance(t, Resize)}
        for dataset in (test, *trained)
    ]
    assert all(size == sizes[0] for size in sizes)
    assert cfg.val_evaluator == cfg.test_evaluator
    own = getattr(test, 'layout', '') == 'folder'  # no test images
    if test.split == 'val' and not own:  # a pilot, tested on training people it leaves out
        same = [train for train in trained if train.layout == test.layout]
        assert all(train.identities[1] <= test.identities[0] for train in same)
    else:
        assert test.split == ('val' if own else 'test')
    # Settings are chosen on training images, or figures come from them.
    if own or cfg.val_dataloader != cfg.test_dataloader:
        assert cfg.val_dataloader.dataset.split == 'val'
        (first, last), (begin, end) = trained[0].identities, cfg.val_dataloader.dataset.identities
        assert last <= begin or end <= first
    Evaluator(cfg.test_evaluator)  # one metric, or several


@every_recipe
def test_a_recipe_trains_every_parameter_and_predicts(path):
    torch.manual_seed(0)
    cfg = Config.fromfile(path)
    if type_name(cfg.model.backbone) == 'TIMMBackbone':
        pytest.importorskip('timm')
    if cfg.model.reid_head.num_classes is None:  # then train.py counts the identities
        cfg.model.reid_head.num_classes = 2
    model = MODELS.build(cfg.model)
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    assert list(build_schedulers(cfg, optim_wrapper))
    # Generated code, of an exported model say, writes the path of a parameter as attributes.
    words = {word for name in model.state_dict() for word in name.split('.')}
    assert [w for w in words if not w.isdigit() and (not w.isidentifier() or iskeyword(w))] == []
    data = model.data_preprocessor(batch(cfg), training=True)
    losses = model(**data, mode='loss')
    assert all(value.isfinite() for value in losses.values())
    model.parse_losses(losses)[0].backward()
    grads = {name: p.grad for name, p in model.named_parameters() if p.requires_grad}
    untrained = [n for n, grad in grads.items() if grad is None or not grad.isfinite().all()]
    # DistributedDataParallel must know of parameters that no loss reads.
    assert bool(untrained) == cfg.get('find_unused_parameters', False), untrained
    optim_wrapper.step()
    with torch.no_grad():
        samples = model.eval()(**model.data_preprocessor(batch(cfg)), mode='predict')
    assert samples[0].embeddings.isfinite().all()
    assert len(samples[0].embeddings) == len(samples[0].embedding_names)


@pytest.mark.parametrize('name', ['small', 'full'])
def test_a_study_lists_each_of_its_recipes_once(name):
    lines = (CONFIGS / 'study' / f'{name}.txt').read_text().splitlines()
    listed = [line for line in lines if line.endswith('.py')]
    recipes = {f'configs/study/{path.name}' for path in CONFIGS.glob('study/*.py')}
    if name == 'full':  # its runs are of equal length, and its maps have the paper's size
        recipes -= {f'configs/study/{x}.py' for x in ('global_longer', 'drop_flow_literal_gamma')}
    assert sorted(listed) == sorted(recipes)


def printed_commands():
    root = CONFIGS.parent
    for path in (*root.glob('*.md'), *root.glob('docs/*.md'), *root.glob('benchmarks/*.md')):
        yield from re.findall(r'python tools/train\.py (configs/[^`\n]+)', path.read_text())


@pytest.mark.parametrize('command', sorted(set(printed_commands())))
def test_a_printed_command_names_options_that_the_recipe_has(command):
    parser = make_parser('')
    parser.add_argument('--amp', action='store_true')
    args = parser.parse_args(shlex.split(command))
    args.config = str(CONFIGS.parent / args.config)
    args.work_dir = None
    load_config(args)  # which refuses unknown keys


def test_the_full_form_reaches_every_recipe_of_the_study():
    text = (CONFIGS / 'study' / 'full_form.txt').read_text()
    options = shlex.split(text.partition('--cfg-options')[2], comments=True)
    for path in CONFIGS.glob('study/*.py'):
        cfg = load_config(make_parser('').parse_args([str(path), '--cfg-options', *options]))
        assert cfg.val_dataloader is cfg.val_evaluator is cfg.val_cfg is None
        sizes = set()
        for loader in (cfg.train_dataloader, cfg.test_dataloader, *cfg.test_cfg.sets.values()):
            dataset = build_dataset(loader)
            assert dataset.identities is None
            sizes |= {t.scale for t in dataset.pipeline.transforms if isinstance(t, Resize)}
        assert sizes == {(128, 256)}
        assert cfg.train_cfg.max_epochs == cfg.param_scheduler[1].T_max == 120


@every_recipe
def test_a_recipe_is_in_the_readme_with_the_figure_of_its_first_line(path):
    readme = (CONFIGS / 'README.md').read_text()
    link = f'({path.relative_to(CONFIGS).as_posix()})'
    rows = [line for line in readme.splitlines() if link in line]
    assert rows
    first_line = path.read_text().splitlines()[0]
    if match := re.search(r'reports? (\d+\.\d) Rank-1, (\d+\.\d) mAP', first_line):
        assert any(f'| {match[1]} / {match[2]}' in row for row in rows)


def test_the_metafile_lists_every_recipe_outside_the_study():
    text = (CONFIGS / 'metafile.yml').read_text()
    configs = re.findall(r'- Name: (\S+)\n(?:.*\n)+?    Config: (\S+)', text.split('Models:')[1])
    expected = {
        (p.stem, p.relative_to(CONFIGS.parent).as_posix())
        for p in RECIPES
        if 'study' not in p.parts
    }
    # A model of the zoo may have a name of its own.
    assert {entry for entry in configs if entry[0] not in ZOO} | expected == expected
    assert expected <= {*configs} and len({*configs}) == len(configs)
    assert {path for _, path in configs} <= {path for _, path in expected}


def test_bare_names_of_recipes_are_unique_for_mim():
    names = [path.name for path in CONFIGS.rglob('*.py')]
    assert sorted(set(names)) == sorted(names)


def test_bare_names_of_tools_are_unique_for_mim():
    # `mim run` takes the first file below tools/ that has the name.
    tools = CONFIGS.parent / 'tools'
    names = [path.stem for path in tools.rglob('*') if path.suffix in ('.py', '.sh')]
    assert {'train', 'test', 'run_study', 'check_labels', 'benchmark_step'} <= set(names)
    assert sorted(set(names)) == sorted(names)
