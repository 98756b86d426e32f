"""Executors: the same map over shards, on local processes (and, where it is too small, elsewhere).

A shard is a list of items, such as 48 source files. Each item goes through a job in some worker;
the outcomes of a shard, in order, become one result file, written atomically. A result file that
exists already is not made again, so an interrupted map goes on where it was; the result is the
same for any number of workers.
"""

from arqon_maestro.executors.crew import Outcome
from arqon_maestro.executors.local import LocalExecutor
from arqon_maestro.executors.protocol import Executor, Job, Shard
from arqon_maestro.executors.serial import SerialExecutor
from arqon_maestro.executors.threads import map_in_threads

__all__ = [
    "Executor",
    "Job",
    "LocalExecutor",
    "Outcome",
    "SerialExecutor",
    "Shard",
    "map_in_threads",
]
