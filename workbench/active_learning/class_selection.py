"""Chooses documents to classify next, from a run's stored probabilities or from their words alone. [worker]"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from workbench.active_learning import pool_texts
from workbench.active_learning.selection_request import SelectionRequest
from workbench.active_learning.strategies import modal
from workbench.active_learning.strategies import registry as strategies
from workbench.active_learning.strategies.clusters import number_of_cluster
from workbench.active_learning.strategies.pool import Floats, Pool, Vectors, unit
from workbench.fields import FieldType
from workbench.fields.plain_text import counted
from workbench.fields.schema import Field, FieldKind
from workbench.runs import parquet
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.training import mc_dropout

_DIMENSIONS, _FEATURES = 64, 50_000  # of vectors made of words
_BATCH = 5000  # documents between two reports of progress

Progress = Callable[[int, int], None]


def choose(run: Path, request: SelectionRequest, progress: Progress) -> dict[str, Any]:
    """The choice for a run folder, ready for JSON, with the keys of `selection_worker.choose`.

    Raises:
        UsageProblem: there is no such strategy.
        InputProblem: the run's files are missing or damaged.
    """
    return _choice(_of_run(run, request, progress), request, run.name)


def choose_by_texts(folder: Path, request: SelectionRequest, progress: Progress) -> dict[str, Any]:
    """As `choose`, without a run, among the texts in a selection's folder; without labels that tell anything, those
    that are typical."""
    read = _of_texts(folder, request, progress)
    if not read.pool.scores:
        request = structs.replace(request, strategy=strategies.CLASSES_UNLEARNED[0])
    return _choice(read, request, "")


def _choice(read: "ReadPool", request: SelectionRequest, run: str) -> dict[str, Any]:
    strategy = strategies.get(request.strategy, "classes")
    picked = strategy.load()(read.pool, request.size, np.random.default_rng(request.seed or 0)) if read.pool else []
    items = [
        {
            "document": int(read.pool.documents[index]),
            "score": round(float(score), 6),
            "rank": rank,
            "reasons": read.reasons(index, strategy.why.format(score=score, vendor=""), request.seed or 0),
            "fields": read.confidence(index, request.class_field),
        }
        for rank, (index, score) in enumerate(picked, start=1)
    ]
    doubt = read.pool.scores.get("value_error")
    batch = [index for index, _ in picked]
    return {
        "run": run,
        "class_field": request.class_field,
        "strategy": request.strategy,
        "seed": request.seed or 0,
        "size": request.size,
        "pool": len(read.pool),
        "items": items,
        "near_misses": [],
        "figures": {
            "expected_error_batch": round(float(doubt[batch].mean()), 4) if doubt is not None and batch else None,
            "expected_error_pool": round(float(doubt.mean()), 4) if doubt is not None and len(doubt) else None,
        },
    }


class ReadPool:
    """A pool with what its reasons are made of.

    Args:
        pool: with vectors, and scores where a run read it.
        options: the options of the class field, as the columns of `shares`.
        shares: documents × options; None without a run.
        labels: option -> labelled documents of the training side.
        several: a document can have several options.
    """

    def __init__(
        self,
        pool: Pool,
        options: Sequence[str],
        shares: Floats | None,
        labels: Mapping[str, int],
        *,
        several: bool = False,
    ) -> None:
        self._several = several
        self.pool, self._options, self._shares, self._labels = pool, options, shares, labels

    def confidence(self, index: int, field: str) -> dict[str, float]:
        """How sure the model is of the likeliest option."""
        return {} if self._shares is None else {field: round(float(self._shares[index].max()), 4)}

    def reasons(self, index: int, why: str, seed: int) -> list[str]:
        """The likeliest options, those with few labels, the cluster, and what the strategy says."""
        reasons = []
        if self._shares is not None:
            order = np.argsort(-self._shares[index], kind="stable")
            first, second = self._options[order[0]], self._options[order[1]]
            a, b = self._shares[index][order[0]], self._shares[index][order[1]]
            if self._several:
                nearest = int(np.abs(self._shares[index] - 0.5).argmin())
                reasons.append(f"{self._options[nearest]} {self._shares[index][nearest]:.2f}: yes or no")
            else:
                reasons.append(f"{first} {a:.2f} against {second} {b:.2f}" if b > 0.05 else f"likely {first} {a:.2f}")
            rarest = min(self._labels.values(), default=0)
            if self._labels.get(first, 0) == rarest and rarest < max(self._labels.values(), default=0):
                reasons.append(f"only {counted(rarest, 'label')} of {first}")
        if self.pool.embeddings is not None:
            reasons.append(f"cluster {number_of_cluster(self.pool, index, seed)}")
        return [*reasons, why] if why else reasons


def scores_of(shares: Floats, labels: Sequence[int], doubtful: Floats | None = None) -> dict[str, Floats]:
    """The doubt about each document by modAL's functions on stored probabilities; higher = more worth labelling.

    Args:
        shares: documents × options, rows sum to 1 where a document has one option.
        labels: labelled documents of each option.
        doubtful: what doubt is measured on, rows sum to 1; None takes the shares.
    """
    uncertainty, margin, entropy = modal.class_doubt(shares if doubtful is None else doubtful)
    few = np.array([1.0 / (count + 1) for count in labels])
    return {
        "least_confidence": uncertainty,
        "value_error": uncertainty,
        "margin": 1 - margin,
        "entropy": entropy,
        "rare": shares @ (few / few.sum()),
    }


def _of_run(run: Path, request: SelectionRequest, progress: Progress) -> ReadPool:
    rows = list(_predictions(run, request, progress))
    labels = [row["labels"] for row in rows[:1]]
    options: list[str] = labels[0] if labels else []
    having = dict.fromkeys(options, 0)
    for row in _documents(run, "train"):
        for option in row["classes"] or ():
            having[option] = having.get(option, 0) + 1
    documents = np.array([row["document"] for row in rows], np.int64)
    several = Request.read(run).fields[0].multiple
    shares = _shares(rows, len(options), each=several)
    vectors, labelled = _vectors(run, rows)
    likes = None
    if vectors is not None and request.like:
        liked = np.isin(documents, request.like)
        likes = vectors[liked]
        kept = np.flatnonzero(~liked)  # they were chosen already
        documents, shares, vectors = documents[kept], shares[kept], vectors[kept]
    labels = [having[option] for option in options]
    doubtful = _least_sure(shares) if several else shares
    scores = scores_of(shares, labels, doubtful) if options else {}
    if "dropout" in strategies.get(request.strategy).needs and options:
        scores["bald"] = mc_dropout.bald(run, documents, scores["entropy"], request.size, progress)
    pool = Pool(documents, scores, vectors, labelled, likes=likes)
    return ReadPool(pool, options, shares, having, several=several)


def _predictions(run: Path, request: SelectionRequest, progress: Progress) -> Iterator[dict[str, Any]]:
    parquet.check_predictions(run, "pool", parquet.CLASSES)
    columns = ["document", "labels", "probabilities", "embedding"]
    only = None if request.only is None else {*request.only, *request.like}
    total = parquet.count(RunFolder(run).dataset("pool"))
    done = 0
    for part in parquet.tables(RunFolder(run).predictions, columns, "pool"):
        for row in parquet.rows_of(part):
            if only is None or row["document"] in only:
                yield row
        done += part.num_rows
        progress(min(done, total), total)


def _least_sure(shares: Floats) -> Floats:
    """The probability of each document's least sure option, and that it is not so: what doubt is measured on where a
    document can have several options."""
    nearest = np.abs(shares - 0.5).argmin(axis=1)
    likely = shares[np.arange(len(shares)), nearest]
    return np.stack([likely, 1 - likely], axis=1)


def _shares(rows: Sequence[Mapping[str, Any]], width: int, *, each: bool) -> Floats:
    """Documents × options; each by itself, or those of a document adding up to 1."""
    shares = np.frombuffer(b"".join(row["probabilities"] for row in rows), "<f2").astype(np.float64)
    shares = np.clip(shares.reshape(-1, max(width, 1)), 1e-6, None)
    if each:
        return np.asarray(np.clip(shares, None, 1 - 1e-6))
    normal: Floats = shares / shares.sum(axis=1, keepdims=True)
    return normal


def _documents(run: Path, split: str) -> Iterator[dict[str, Any]]:
    path = RunFolder(run).dataset(split)
    return iter(parquet.rows(path, ["document", "words", "classes"])) if path.is_file() else iter(())


def _vectors(run: Path, rows: Sequence[Mapping[str, Any]]) -> tuple[Vectors | None, Vectors | None]:
    """Unit vectors of the pool and of the training documents: the model's, or made of words where it has none."""
    if not rows:
        return None, None
    if len(rows[0]["embedding"]):
        vectors: Vectors = np.array([row["embedding"] for row in rows], np.float32)
        mean = vectors.mean(axis=0)
        trained = [
            row["embedding"]
            for part in parquet.tables(RunFolder(run).predictions, ["embedding"], "train")
            for row in parquet.rows_of(part)
        ]
        labelled = unit(np.array(trained, np.float32), mean) if trained else np.zeros((0, len(mean)), np.float32)
        return unit(vectors, mean), labelled
    texts = {row["document"]: " ".join(row["words"]) for row in _documents(run, "pool")}
    train = [" ".join(row["words"]) for row in _documents(run, "train")]
    both = words_to_vectors([*(texts[row["document"]] for row in rows), *train])
    return both[: len(rows)], both[len(rows) :]


def _of_texts(folder: Path, request: SelectionRequest, progress: Progress) -> ReadPool:
    """The pool without a run: by the learner's vectors, and with what labels tell by now; by words where there are too
    few vectors yet."""
    from workbench.training.learner import class_head, kept_vectors  # they load torch

    texts, labelled = pool_texts.read(folder)
    whole = [(text.document, text.body) for text in texts if text.body is not None]
    bodies = [body for _, body in whole]
    known = [*bodies, *(text.body for text in labelled)]
    every = kept_vectors.read(Path(request.features), known, progress) if whole else None
    if every is None:
        documents = np.array([text.document for text in texts], np.int64)
        return ReadPool(Pool(documents, {}, words_to_vectors([text.text for text in texts])), (), None, {})
    vectors, of_labelled = every[: len(whole)], every[len(whole) :]
    field = Field(
        request.class_field, "", FieldType.ID, "", "", kind=FieldKind.CLASS, options=request.options,
        multiple=request.several,
    )  # fmt: skip
    head = class_head.fit(of_labelled, [text.options for text in labelled], field)
    having = Counter(option for text in labelled for option in text.options)
    options, shares, scores = list(field.options), None, {}
    if head is not None:
        rows = [[row.get(option, 0.0) for option in options] for row in head.shares(vectors)]
        shares = np.clip(np.array(rows, np.float64), 1e-6, 1 - 1e-6)
        scores = scores_of(shares, [having[o] for o in options], _least_sure(shares) if field.multiple else shares)
    mean = vectors.mean(axis=0)
    pool = Pool(np.array([n for n, _ in whole], np.int64), scores, unit(vectors, mean), unit(of_labelled, mean))
    labels = {option: having[option] for option in options}
    return ReadPool(pool, options, shares, labels, several=field.multiple)


def by_texts(bodies: Mapping[int, str], features: Path) -> Pool:
    """Texts with their vectors, however many are to be encoded; by words where there is no encoder.

    Args:
        bodies: document -> its words, case-folded.
        features: the workspace's folder of kept vectors.
    """
    from workbench.training.learner import kept_vectors  # loads torch

    vectors = kept_vectors.read(features, list(bodies.values()), most_new=len(bodies))
    if vectors is None:
        return Pool(np.array(list(bodies), np.int64), {}, words_to_vectors(list(bodies.values())))
    return Pool(np.array(list(bodies), np.int64), {}, unit(vectors, vectors.mean(axis=0)))


def first_texts(pool: Pool, size: int, seed: int) -> list[int]:
    """The documents that are chosen first."""
    picked = strategies.get(strategies.CLASSES_UNLEARNED[0]).load()(pool, size, np.random.default_rng(seed))
    return [int(pool.documents[index]) for index, _ in picked]


def words_to_vectors(texts: Sequence[str]) -> Vectors:
    """Unit vectors of texts, centred on their mean: TF-IDF of words, reduced to its strongest directions."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        counted = TfidfVectorizer(sublinear_tf=True, max_features=_FEATURES, token_pattern=r"(?u)\b\w+\b")
        features = counted.fit_transform(texts)
    except ValueError:  # no text has a word
        return np.zeros((len(texts), 1), np.float32)
    size = min(_DIMENSIONS, features.shape[1] - 1, len(texts) - 1)
    reduced: NDArray[Any] = (
        features.toarray() if size < 2 else TruncatedSVD(size, random_state=0).fit_transform(features)
    )
    vectors: Vectors = np.ascontiguousarray(reduced, np.float32)
    return unit(vectors, vectors.mean(axis=0))
