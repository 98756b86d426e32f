"""Executors: the same map over shards, on local processes (and, where it is too small, elsewhere).

A shard function gets a shard and a destination and must write the destination atomically. A
destination that exists already is not made again, so an interrupted map goes on where it was; the
result is the same for any number of workers.
"""

from arqon_maestro.executors.local import LocalExecutor
from arqon_maestro.executors.protocol import Executor, ShardFunction

__all__ = ["Executor", "LocalExecutor", "ShardFunction"]
