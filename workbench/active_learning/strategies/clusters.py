"""Clusters of documents by the model's embeddings."""

from sklearn.cluster import MiniBatchKMeans

from workbench.active_learning.strategies.pool import Pool, Vectors

_FEW = 12  # clusters to speak of, where the strategy made none


def clusters(vectors: Vectors, count: int, seed: int) -> MiniBatchKMeans:
    """k-means over vectors (a sample of 5,000 where there are more)."""
    sample = vectors if len(vectors) <= 5000 else vectors[:: -(-len(vectors) // 5000)]
    return MiniBatchKMeans(min(count, len(sample)), random_state=seed, n_init=1, batch_size=1024).fit(sample)


def number_of_cluster(pool: Pool, index: int, seed: int) -> int:
    """The cluster of a document, from 1: among those that the strategy chose from, or that are made now."""
    assert pool.embeddings is not None
    if pool.clusters is None:
        pool.clusters = clusters(pool.embeddings, _FEW, seed).predict(pool.embeddings)
    return int(pool.clusters[index]) + 1
