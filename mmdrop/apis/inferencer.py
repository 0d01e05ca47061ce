"""Rank and compare images of people with a trained model."""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from mmdrop.apis.embedder import Embedder
from mmdrop.apis.embedding_set import EmbeddingSet
from mmdrop.apis.images import Images, list_images, split_people
from mmdrop.apis.sheets import write_sheets
from mmdrop.apis.verdict import Verdict, fuse, make_verdict
from mmdrop.functional import rank_gallery


class ReIDInferencer(Embedder):
    """Embed, rank and verify images of persons with a trained model; no labels, no cameras.

    Images are given as a file, a folder (its image files, sorted by name), a pattern such as
    ``'people/*.jpg'``, an array, a Pillow image, a pair of one image and the boxes of its people,
    or a sequence or stream of any of these. Arrays are uint8 and BGR, ``(H, W, 3)``, as OpenCV
    reads them; turn RGB round with ``image[..., ::-1]``. Grey ones, ``(H, W)``, become three
    channels, and a fourth channel is dropped. Boxes are ``(N, 4)``, x1, y1, x2, y2 in pixels; what
    lies outside the image is left out.

    Args:
        model: Name of a model of :func:`list_models`, such as ``'drop_lite0'``, or a model file.
            With ``weights`` a config: its file, the name of one that ships with mmdrop, or itself.
        weights: Checkpoint file or URL of a config. It is read without running code that it may
            hold.
        device: Device such as ``'cuda:0'``; the best one there is if None.
        batch_size: People that the model sees at once.
        num_workers: Threads that read images beside the network; one for each core, and at most
            eight, if None. 0 reads between two batches.
        show_progress: Show a bar on stderr, where that is a terminal.

    Attributes:
        model: The network.
        cfg: Its config.
        matching: How it compares images.
        tag: Which model this is, as its embeddings say.
        certainty: How sure it may be that two images show one person; None if nobody measured it.
    """

    def rank(
        self,
        query: Images | Mapping,
        gallery: Images | Mapping,
        topk: int = 10,
        recursive: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Rank a gallery for each query by the distance of the config's test evaluator.

        Args:
            query: Images, or what this object returned for them.
            gallery: The same for the gallery.
            topk: Gallery images to return for each query; all where the gallery is smaller.
            recursive: Look into the folders below a folder too.

        Returns:
            Indices into the gallery as it was given, nearest first, and their distances, both
            ``(Q, topk)``. By default the distance to an image that shows none of the query's parts
            is infinite. Gallery images that cannot be read are never named; the indices of a query
            that cannot be read are −1 and its distances infinite.

        Raises:
            ValueError: As :meth:`__call__`, or embeddings are those of another model.
        """
        shown, query_rows, num_queries = self._given(query, recursive)
        ranked, gallery_rows, _ = self._given(gallery, recursive)
        nearest, found = self._rank(shown, ranked, topk)
        indices = nearest.new_full((num_queries, nearest.shape[1]), -1)
        distances = found.new_full(indices.shape, torch.inf)
        indices[query_rows], distances[query_rows] = gallery_rows[nearest], found
        return indices, distances

    def verify(
        self,
        a: Images | Mapping,
        b: Images | Mapping,
        prior: float = 0.5,
        false_match_rate: float = 0.001,
    ) -> Verdict:
        """Do two images show one person, how sure is that, and why?

        Args:
            a: An image, or several of one person, which are fused; or their embeddings.
            b: Likewise.
            prior: Probability of one person before the images are seen.
            false_match_rate: Share of the pairs of two people that may be called one person.

        Raises:
            OSError: An image cannot be read.
            ValueError: Nobody measured how sure the model may be, or not at this rate.
        """
        certainty = self.known_certainty()
        sides = [fuse(self._given(images, recursive=False)[0]) for images in (a, b)]
        evidence = certainty.compare(*sides)
        _, distance = self._rank(*sides, topk=1)
        found = certainty, evidence, sides, distance.item()
        return make_verdict(*found, prior, false_match_rate)

    def visualize(  # type: ignore[override]
        self, query: Images, gallery: Images, out_dir: str | os.PathLike, topk: int = 10
    ) -> list[Path]:
        """Write pictures of the rankings, and of the queries' parsing if there is any.

        Images that cannot be read are in none of them.

        Returns:
            The written files, ``ranking_0.png``, ``parsing_0.png`` … with eight queries each.
        """
        queries, galleries = list_images(query), list_images(gallery)
        shown, rows = self._gather(self._pieces(queries, None, True))
        ranked, ranked_rows = self._gather(self._pieces(galleries, None, False))
        indices, distances = self._rank(shown, ranked, topk)
        people = [
            [split_people(images)[i] for i in kept]
            for images, kept in ((queries, rows), (galleries, ranked_rows))
        ]
        return write_sheets(out_dir, people, (shown, ranked), indices, distances, self.read_pixels)

    def _given(self, images: Images | Mapping, recursive: bool) -> tuple[EmbeddingSet, Tensor, int]:
        """A result, the positions of its rows in what was given, and how much was given."""
        if isinstance(images, Mapping):
            given = self.own_set(images)
            return given, torch.arange(len(given)), len(given)
        listed = list_images(images, recursive)
        embedded, rows = self._gather(self._pieces(listed, None, False))
        return embedded, rows, len(split_people(listed))

    def _rank(self, query: EmbeddingSet, gallery: EmbeddingSet, topk: int) -> tuple[Tensor, Tensor]:
        """Nearest rows of a result, and their distances, for each row of another."""
        rule = self.matching
        (shown, shown_visible), (ranked, ranked_visible) = (
            one.select(rule.embeddings, rule.graded) for one in (query, gallery)
        )
        return rank_gallery(
            shown,
            ranked,
            query_visibility=shown_visible,
            gallery_visibility=ranked_visible,
            k=topk,
            hidden=rule.hidden,
            squared=rule.squared,
        )
