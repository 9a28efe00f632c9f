"""Documents of many requests are read together: every one gets its own answer, whatever the others do."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.serving import batching
from workbench.serving.batching import Batcher
from workbench.serving.problems import ServingProblem

BATCH = 50


def batcher(
    batches: list[list[int]], breaks: frozenset[int] = frozenset(), queue: int = 10**6, seconds: float = 30
) -> Batcher[int, int]:
    def run(items: Sequence[int]) -> list[int]:
        if breaks & set(items):
            raise ValueError(f"{breaks & set(items)}")
        batches.append(list(items))
        return [-item for item in items]

    return Batcher(run, batch_tokens=BATCH, queue_tokens=queue, queue_seconds=seconds, wait_seconds=0.002)


@given(
    sizes=st.lists(st.integers(1, 80), min_size=1, max_size=25),
    broken=st.sets(st.integers(0, 24), max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_every_document_gets_its_own_answer_and_only_broken_ones_an_error(sizes: list[int], broken: set[int]) -> None:
    batches: list[list[int]] = []
    tokens = dict(enumerate(sizes))

    async def work() -> list[int | BaseException]:
        own = batcher(batches, frozenset(broken))
        own.start()
        futures = [future for item, size in tokens.items() for future in own.submit([(item, size)])]
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
        await own.close()
        assert own.waiting_tokens == 0
        return outcomes

    outcomes = asyncio.run(work())
    for item, outcome in enumerate(outcomes):
        assert isinstance(outcome, ValueError) if item in broken else outcome == -item
    assert sorted(item for batch in batches for item in batch) == sorted(set(tokens) - broken)
    assert all(len(batch) == 1 or sum(tokens[item] for item in batch) <= BATCH for batch in batches)


def test_a_full_queue_refuses_a_request_as_a_whole_and_says_when_to_come_back() -> None:
    async def work() -> None:
        own = batcher([], queue=100)
        futures = own.submit([(1, 90)])  # not started: nothing leaves the queue
        with pytest.raises(ServingProblem) as refused:
            own.submit([(2, 5), (3, 6)])
        assert refused.value.status == 429 and (refused.value.retry_after or 0) >= 1
        assert own.waiting_tokens == 90
        futures += own.submit([(4, 10)])
        own.start()
        assert await asyncio.gather(*futures) == [-1, -4]
        await own.close()

    asyncio.run(work())


def test_what_would_wait_too_long_is_refused_before_it_waits() -> None:
    """By the speed of the batches before: a request that is taken is answered in time."""

    async def work() -> None:
        own = batcher([], seconds=0.0)
        own.start()
        assert await asyncio.gather(*own.submit([(1, 10)])) == [-1]  # a speed is known
        futures = own.submit([(2, 40)])
        with pytest.raises(ServingProblem) as refused:
            own.submit([(3, 1)])
        assert refused.value.status == 429
        assert await asyncio.gather(*futures) == [-2]
        await own.close()

    asyncio.run(work())


def test_a_few_short_texts_do_not_make_a_fast_server_refuse_a_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch of one token takes as long as a full one, which says nothing of how fast a full one is read."""
    clock = iter(range(1000))
    monkeypatch.setattr(batching, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))

    async def work() -> None:
        own = Batcher(
            list, batch_tokens=1000, queue_tokens=10**6, queue_seconds=30, wait_seconds=0.0, speed=500.0
        )  # a second for every batch, and 500 tokens a second at the warm-up
        own.start()
        for number in range(20):
            assert await asyncio.gather(*own.submit([(number, 1)])) == [number]
        futures = own.submit([(20, 5000)])
        futures += own.submit([(21, 1000)])  # waits some ten seconds
        assert await asyncio.gather(*futures) == [20, 21]
        await own.close()

    asyncio.run(work())


def test_what_was_given_up_is_not_read_and_closing_answers_what_waits() -> None:
    batches: list[list[int]] = []

    async def work() -> None:
        own = batcher(batches)
        gone, kept = own.submit([(1, 1), (2, 1)])
        gone.cancel()
        own.start()
        await own.close()
        assert kept.result() == -2

    asyncio.run(work())
    assert batches == [[2]]
