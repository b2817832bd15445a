"""Grading a folder of submissions, on this machine or on a Dask cluster."""

from __future__ import annotations

import base64
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .collect import Submission
from .service import Service, Setup, empty_record


def job_of(submission: Submission, name: str) -> dict:
    """What a service needs; ``problem`` is set where there is nothing to grade."""
    job = {"student": submission.student, "file": submission.file.name if submission.file else "", "data": ""}
    problem = submission.problem
    if not problem:
        try:
            job["data"] = base64.b64encode(submission.read()).decode()
        except OSError as error:
            problem = error.strerror or str(error)
    flags = list(submission.flags)
    if job["file"] and name not in job["file"]:
        flags.append(f"the file is called {job['file']}")
    return job | {"problem": problem, "flags": flags}


def finish(record: dict, job: dict) -> dict:
    """Add what only the outside knows."""
    record["flags"] = [*job["flags"], *record["flags"]]
    return record


def failed(job: dict) -> dict:
    """The record of a submission that could not be read."""
    return {**empty_record(job["student"], job["file"]), "status": "not graded", "reason": job["problem"]}


def run_here(setup: Setup, submissions: list[Submission], jobs: int) -> Iterator[dict]:
    """Records, as they become ready, from as many services as there are jobs."""
    waiting: queue.Queue = queue.Queue()
    ready: queue.Queue = queue.Queue()
    for submission in submissions:
        waiting.put(submission)
    services = [Service(setup) for _ in range(max(1, min(jobs, len(submissions))))]
    stop = threading.Event()

    def work(service: Service) -> None:
        while not stop.is_set():
            try:
                submission = waiting.get_nowait()
            except queue.Empty:
                break
            ready.put(_one(submission, setup.name, service.grade))
        service.close()

    threads = [threading.Thread(target=work, args=(service,), daemon=True) for service in services]
    for thread in threads:
        thread.start()
    try:
        for _ in submissions:
            yield ready.get()
    finally:
        stop.set()
        for thread in threads if waiting.empty() else ():
            thread.join()
        for service in services:
            service.close()


def _one(submission: Submission, name: str, grade: Callable[[dict], dict]) -> dict:
    job = {"student": submission.student, "file": "", "flags": [], "problem": ""}
    try:
        job = job_of(submission, name)
        return finish(failed(job) if job["problem"] else grade(job), job)
    except Exception as error:  # one row for every submission, whatever happens
        return finish(failed({**job, "problem": f"the grader failed: {type(error).__name__}: {error}"}), job)


def run_on_dask(setup: Setup, submissions: list[Submission], scheduler: str) -> Iterator[dict]:
    """Records from the workers of an existing cluster, which need this repository at the same place."""
    from distributed import Client, as_completed

    root = str(Path(__file__).resolve().parent.parent)
    plain = setup.to_json()
    with Client(scheduler, set_as_default=False) as client:
        jobs, futures = {}, []
        for submission in submissions:
            job = job_of(submission, setup.name)
            if job["problem"]:
                yield finish(failed(job), job)
                continue
            future = client.submit(on_a_worker(), root, plain, job, pure=False, retries=1)
            jobs[future.key] = job
            futures.append(future)
        for future in as_completed(futures, loop=client.loop):
            job = jobs[future.key]
            if future.status == "finished":
                yield finish(future.result(), job)
            else:
                yield finish(failed({**job, "problem": f"the cluster failed: {future.exception()!r}"[:300]}), job)


def on_a_worker() -> Callable[[str, dict, dict], dict]:
    """The function that goes to a worker by value, because a worker may not know this package yet."""

    def grade(root: str, plain: dict, job: dict) -> dict:
        import sys

        if root not in sys.path:
            sys.path.insert(0, root)
        from grader.batch import service_of_this_thread

        return service_of_this_thread(plain).grade(job)

    grade.__module__ = "__main__"  # by value
    return grade


_threads = threading.local()


def service_of_this_thread(plain: dict) -> Service:
    """A worker's thread keeps its warm process from job to job."""
    if getattr(_threads, "plain", None) != plain:
        if hasattr(_threads, "service"):
            _threads.service.close()
        _threads.plain, _threads.service = plain, Service(Setup.from_json(plain))
    return _threads.service


class Progress:
    """A line on stderr that says how far the batch is."""

    def __init__(self, total: int, stream: object = None) -> None:
        self.total, self.done, self.stream = total, 0, stream or sys.stderr
        self.started = time.monotonic()
        self.live = self.stream.isatty()
        self.show()

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        self.show()

    def show(self) -> None:
        """Draw the bar; where nobody watches, once in every tenth of the way."""
        if not self.total:
            return
        filled = 30 * self.done // self.total
        passed = time.monotonic() - self.started
        left = f", {passed / self.done * (self.total - self.done):.0f} s left" if 0 < self.done < self.total else ""
        bar = f"[{'#' * filled}{'.' * (30 - filled)}] {self.done}/{self.total} graded in {passed:.0f} s{left}"
        if self.live:
            self.stream.write(f"\r{bar}\033[K" + ("\n" if self.done == self.total else ""))
        elif self.done in (0, self.total) or self.done % max(1, self.total // 10) == 0:
            self.stream.write(bar + "\n")
        self.stream.flush()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
