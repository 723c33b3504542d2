"""Work over blocks and buckets on any ``concurrent.futures.Executor``.

Every per-customer step is local to a bucket, so it is a function of one bucket's number. What runs
it is the caller's choice: in this process (the default for one worker), a pool of spawned
processes, or a cluster's executor such as dask.distributed's. Results come back in the order of
the items, so the outcome does not depend on who was faster.
"""

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from workbench.foundation.errors import InputError, ParameterError, WorkbenchError
from workbench.foundation.progress import progress

Item = TypeVar("Item")
Result = TypeVar("Result")

_PATIENCE_SECONDS = 10
#: Environment of the processes of a pool. There are as many as are wanted: threads in them would
#: only wait for each other. Memory is kept when it is freed (by glibc; by the allocator in
#: polars), as item after item needs as much.
_OF_PROCESSES = {
    "POLARS_MAX_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": str(2**28),
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "_RJEM_MALLOC_CONF": "background_thread:false,oversize_threshold:0,dirty_decay_ms:-1",
}
#: New objects before garbage is looked for: little of what lies about is in cycles.
_SELDOM = 200_000
_AHEAD = 2  # submitted items per worker, so that no result waits in memory for long
_WORKERS = 4  # supposed number of workers of an executor that does not say it


class SizedExecutor(Executor):
    """An executor whose number of workers is known; the interface of executors does not have it.

    Parameters
    ----------
    executor : Executor
        Does the work; whoever made it shuts it down.
    workers : int
        How many items it works on at a time.
    """

    def __init__(self, executor: Executor, workers: int) -> None:
        self._executor = executor
        self.workers = workers

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> "Future[Result]":
        """Hand a call to the executor."""
        return self._executor.submit(fn, *args, **kwargs)


@contextmanager
def executor(workers: int) -> Iterator[Executor | None]:
    """Open a pool of processes, or None for one worker: the work is then done in this process."""
    if workers == 1:
        yield None
        return
    with processes(workers) as pool:
        yield pool


@contextmanager
def processes(workers: int) -> Iterator[Executor]:
    """Open a pool of processes for long work, each of which computes with one thread.

    Processes are spawned, not forked: a fork after polars has started its threads hangs.
    """
    context = multiprocessing.get_context("spawn")
    with (
        _environment(_OF_PROCESSES),
        ProcessPoolExecutor(
            workers, mp_context=context, initializer=gc.set_threshold, initargs=(_SELDOM,)
        ) as pool,
    ):
        yield SizedExecutor(pool, workers)


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set what is not set, for processes that are started meanwhile."""
    ours = settings.keys() - os.environ.keys()
    os.environ.update({name: settings[name] for name in ours})
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """Open a Dask cluster's executor; whatever the work writes has to be where its workers reach.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    ParameterError
        The extra ``cluster`` is not installed.
    InputError
        Nobody answers at the address, or the cluster has no worker.
    """
    try:
        from distributed import Client  # late: an extra, and slow to import
    except ImportError as error:
        raise ParameterError(
            "a cluster needs the package distributed: install workbench[cluster]"
        ) from error
    try:
        client = Client(address, timeout=_PATIENCE_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no cluster answers at {address}: give the address of a Dask scheduler"
        ) from error
    with client:
        width = sum(client.nthreads().values())
        if not width:
            raise InputError(f"the cluster at {address} has no worker: start one")
        yield SizedExecutor(client.get_executor(pure=False), width)


def over(
    work: Callable[[Item], Result], items: Sequence[Item], *, pool: Executor | None, title: str
) -> Iterator[Result]:
    """Apply ``work`` to each item, in the items' order, showing progress.

    Parameters
    ----------
    work : callable
        Picklable where a pool is used: a module's function or a frozen object with ``__call__``.
    items : sequence
        Block or bucket numbers, usually.
    pool : Executor or None
        None does the work here.
    title : str
        What the progress is called.

    Raises
    ------
    WorkbenchError
        A process of the pool died; whatever ``work`` raises comes through as it is.
    """
    results = map(work, items) if pool is None else _ahead(work, items, pool)
    yield from progress(results, total=len(items), title=title)


def _ahead(
    work: Callable[[Item], Result], items: Sequence[Item], pool: Executor
) -> Iterator[Result]:
    width = _AHEAD * (pool.workers if isinstance(pool, SizedExecutor) else _WORKERS)
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= width:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenExecutor as error:
        raise WorkbenchError(
            "a worker process died, most likely for want of memory: set WORKBENCH_WORKERS to "
            "fewer processes and start again"
        ) from error
    finally:
        for future in waiting:
            future.cancel()  # after a fault nobody wants the rest
