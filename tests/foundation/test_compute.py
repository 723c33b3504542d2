"""Work over items, whoever does it."""

import math
import os
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import polars as pl
import pytest

from workbench.foundation import compute
from workbench.foundation.errors import InputError, WorkbenchError


def _slow_start(item: int) -> int:
    time.sleep(0.02 if item == 0 else 0)
    return item * item


def _refuse(item: int) -> int:
    raise InputError(f"part {item} is damaged")


def test_results_come_in_the_order_of_the_items_whoever_is_faster():
    with ThreadPoolExecutor(3) as pool:
        found = list(compute.over(_slow_start, range(7), pool=pool, title="squares"))
    assert found == [0, 1, 4, 9, 16, 25, 36]
    assert found == list(compute.over(_slow_start, range(7), pool=None, title="squares"))


def test_one_worker_works_in_this_process():
    with compute.executor(1) as pool:
        assert pool is None


def test_two_workers_are_spawned_processes():
    with compute.executor(2) as pool:
        assert list(compute.over(math.sqrt, [4.0, 9.0], pool=pool, title="roots")) == [2.0, 3.0]


def _threads(_: int) -> int:
    return pl.thread_pool_size()


def test_a_spawned_process_computes_with_one_thread(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    with compute.processes(1) as pool:
        assert list(compute.over(_threads, [0], pool=pool, title="threads")) == [1]


def test_what_processes_are_told_is_told_to_no_other(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("POLARS_MAX_THREADS", "2")
    before = dict(os.environ)
    with compute.processes(1) as pool:
        assert list(compute.over(_threads, [0], pool=pool, title="threads")) == [2]
        assert os.environ.keys() > before.keys()
    assert dict(os.environ) == before


def test_a_worker_that_dies_is_told_in_words():
    with (
        compute.executor(2) as pool,
        pytest.raises(WorkbenchError, match=r"a worker process died.*WORKBENCH_WORKERS"),
    ):
        list(compute.over(os._exit, [9, 9], pool=pool, title="exits"))


def test_a_refusal_comes_through_as_it_is():
    with (
        ThreadPoolExecutor(2) as pool,
        pytest.raises(InputError, match="part 0 is damaged"),
    ):
        list(compute.over(_refuse, range(9), pool=pool, title="refusals"))


class _Counting(Executor):
    """Runs at once and counts what was handed in before the first result was asked for."""

    def __init__(self) -> None:
        self.submitted = 0

    def submit(self, fn, /, *args, **kwargs):
        self.submitted += 1
        future: Future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_only_a_few_items_are_ahead_of_the_consumer():
    counting = _Counting()
    results = compute.over(abs, range(100), pool=compute.SizedExecutor(counting, 2), title="ahead")
    next(results)
    assert counting.submitted == 4


def test_an_executor_that_does_not_say_its_width_is_taken_for_four_workers():
    counting = _Counting()
    next(compute.over(abs, range(100), pool=counting, title="ahead"))
    assert counting.submitted == 8
