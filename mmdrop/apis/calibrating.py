"""Fit how sure a model may be, to people that it was not trained on."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import Tensor

from mmdrop.apis.certainty import Certainty, find_rates, unit_distance
from mmdrop.apis.embedding import stack_samples
from mmdrop.apis.embedding_set import EmbeddingSet, stack_sets
from mmdrop.apis.loading import tested_matching
from mmdrop.engine import load_trained_model, read_config
from mmdrop.functional import fit_calibration
from mmdrop.registry import SCOPE
from mmdrop.utils import plain_table

RATES = (0.5, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001)
# Of two people, in each set. A rate of 1e-4 is told by twenty of them.
_MOST_IMPOSTORS = 200_000


@dataclass(frozen=True)
class LabelledSet:
    """Embeddings of a test set, with what its protocol needs.

    Attributes:
        embedded: Of all images.
        pids: Identities, ``(N,)``.
        camids: Cameras, ``(N,)``.
        is_query: Bool ``(N,)``.
    """

    embedded: EmbeddingSet
    pids: Tensor
    camids: Tensor
    is_query: Tensor

    def pairs(self) -> tuple[Tensor, Tensor, Tensor]:
        """Rows of queries, rows of gallery images and whether they show one person.

        Junk and dropped images make none, as in the ranking; pairs of two people are drawn from a
        fixed seed where there are more than needed.
        """
        query, gallery = self.is_query.nonzero()[:, 0], (~self.is_query).nonzero()[:, 0]
        gallery = gallery[self.pids[gallery] != -1]
        same = self.pids[query][:, None] == self.pids[gallery]
        camids = self.camids[query][:, None]
        junk = same & (camids == self.camids[gallery]) & (camids != -1)
        genuine = (same & ~junk).nonzero()
        impostor = (~same).nonzero()
        if len(impostor) > _MOST_IMPOSTORS:
            generator = torch.Generator().manual_seed(0)
            impostor = impostor[torch.randperm(len(impostor), generator=generator)]
            impostor = impostor[:_MOST_IMPOSTORS]
        chosen = torch.cat([genuine, impostor])
        truth = torch.arange(len(chosen)) < len(genuine)
        return query[chosen[:, 0]], gallery[chosen[:, 1]], truth


def embed_set(model: BaseModel, dataloader: Mapping) -> LabelledSet:
    """Embeddings and labels of a data set.

    Args:
        model: The network.
        dataloader: Config of its data loader, as ``test_dataloader``.
    """
    loader = Runner.build_dataloader(dict(dataloader, persistent_workers=False), seed=0)
    sets: list[EmbeddingSet] = []
    labels: list[tuple[int, int, bool]] = []
    for batch in loader:
        with torch.no_grad():
            samples = [sample.cpu() for sample in model.test_step(batch)]
        labels += [(s.pid, s.camid, s.is_query) for s in samples]
        names = [s.img_path for s in samples]
        fields = stack_samples(samples, parsing=False)
        sets.append(EmbeddingSet(names, **fields, embedding_names=samples[0].embedding_names))
    pids, camids, is_query = zip(*labels, strict=True)
    return LabelledSet(
        stack_sets(sets), torch.tensor(pids), torch.tensor(camids), torch.tensor(is_query)
    )


def calibrate(sets: Mapping[str, LabelledSet], embeddings: Sequence[str]) -> Certainty:
    """Fit a calibration to the pairs of several sets.

    Args:
        sets: By name, of people that the network was not trained on.
        embeddings: Names of those to compare, ``'parts'`` for all parts.

    Raises:
        ValueError: There are no pairs of one person, or of two.
    """
    distances, shared, same, facts = [], [], [], {}
    names: tuple[str, ...] = ()
    for name, labelled in sets.items():
        query, gallery, truth = labelled.pairs()
        values, shown = labelled.embedded.select(embeddings)
        names = labelled.embedded.names_of(embeddings)
        distances.append(unit_distance(values[query], values[gallery]))
        shared.append(shown[query] & shown[gallery])
        same.append(truth)
        people = len(labelled.pids[labelled.is_query & (labelled.pids != -1)].unique())
        kinds = int(truth.sum()), int((~truth).sum())
        facts[name] = f'{people} people, {kinds[0]} pairs of one and {kinds[1]} of two'
    distance, both, truth = (torch.cat(x) for x in (distances, shared, same))
    fitted = fit_calibration(distance, both, truth)
    evidence = fitted.evidence(distance, both).sum(1)
    rates, log_odds = find_rates(evidence[~truth], RATES)
    bias, slope = (tuple(x.tolist()) for x in fitted)
    return Certainty(names, bias, slope, rates, log_odds, facts)


def calibrate_model(
    config: str | os.PathLike | Config, checkpoint: str | os.PathLike | None = None
) -> Certainty:
    """Calibrate a model on the ``calibration_dataloaders`` of its config.

    Args:
        config: The config that the model was trained with: its file, name, or itself.
        checkpoint: Checkpoint of the training, or a model of the zoo as ``zoo://NAME``.

    Raises:
        FileNotFoundError: Config, checkpoint or data do not exist.
        ValueError: The config names no sets, or they hold too few pairs.
    """
    cfg = config if isinstance(config, Config) else read_config(config)
    loaders = cfg.get('calibration_dataloaders')
    if not loaders:
        raise ValueError(
            f'{cfg.filename} has no calibration_dataloaders: a dict of data loaders such as '
            'val_dataloader, of people that are not trained on'
        )
    model = load_trained_model(cfg, checkpoint).model.eval()
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', SCOPE)):
        sets = {name: embed_set(model, loader) for name, loader in loaders.items()}
    return calibrate(sets, tested_matching(cfg).embeddings)


def describe_certainty(certainty: Certainty) -> str:
    """A table of what a calibration says, for a terminal."""
    cells = [['embedding', 'log odds at 0', 'a unit of distance', 'even at']]
    rows = zip(certainty.embeddings, certainty.bias, certainty.slope, strict=True)
    for name, bias, slope in rows:
        even = f'{-bias / slope:.2f}' if slope else '–'
        cells.append([name, f'{bias:.2f}', f'{slope:.2f}', even])
    rates = [['false matches', 'log odds']]
    rates += [
        [f'{100 * rate:g} %', f'{value:.2f}']
        for rate, value in zip(certainty.rates, certainty.log_odds, strict=True)
    ]
    facts = '\n'.join(f'{name}: {text}' for name, text in certainty.fitted_on.items())
    return f'{facts}\n\n{plain_table(cells)}\n\n{plain_table(rates)}'
