"""Clusters of documents by the model's embeddings."""

from sklearn.cluster import MiniBatchKMeans

from workbench.active_learning.strategies.pool import Vectors


def clusters(vectors: Vectors, count: int, seed: int) -> MiniBatchKMeans:
    """k-means over vectors (a sample of 5,000 where there are more)."""
    sample = vectors if len(vectors) <= 5000 else vectors[:: -(-len(vectors) // 5000)]
    return MiniBatchKMeans(min(count, len(sample)), random_state=seed, n_init=1, batch_size=1024).fit(sample)
