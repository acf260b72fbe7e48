"""Redis that fails over, is watched by Sentinels, is full or encrypted: what a worker's link to it makes of each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis import Redis

from connector.demo.authority import ServerFiles, make_server_files
from connector.limits.shared.link import RedisLink, SharedStateError
from tests.chaos.proxy import TcpProxy
from tests.servers.redis_node import RedisNode, SentinelNode

PATIENCE_SECONDS = 60.0
PASSWORD = "s3same"


@pytest.fixture
def other_node(redis_node: RedisNode) -> Iterator[RedisNode]:
    """A replica of the suite's own server, which that one may become the replica of."""
    with RedisNode() as started, Redis(port=started.port) as replica:
        replica.replicaof("127.0.0.1", redis_node.port)
        yield started
        with Redis(port=redis_node.port) as first:
            first.replicaof("no", "one")


@asynccontextmanager
async def linked(url: str) -> AsyncIterator[RedisLink]:
    """Give a link; nothing is connected yet."""
    link = RedisLink(SecretStr(url))
    try:
        yield link
    finally:
        await link.close()


async def until(holds: Callable[[], bool]) -> None:
    """Return once a server says so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if holds():
                return
            await asyncio.sleep(0.02)


async def connected(link: RedisLink) -> str:
    """Connect, as often as it takes; return what was said before."""
    said = ""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await link.connect()
            except SharedStateError as error:
                said = str(error)
                await asyncio.sleep(0.05)
            else:
                return said


async def refusal(url: str) -> str:
    """Return why a server is not taken."""
    async with linked(url) as link:
        with pytest.raises(SharedStateError) as refused:
            await link.connect()
    assert PASSWORD not in str(refused.value)
    return str(refused.value)


def fail_over(former: RedisNode, promoted: RedisNode) -> None:
    """Have a replica take its server's place, and that one become its replica; who is connected stays where it is."""
    with Redis(port=promoted.port) as second, Redis(port=former.port) as first:
        second.replicaof("no", "one")
        first.replicaof("127.0.0.1", promoted.port)


async def test_a_server_that_was_demoted_is_left_for_the_one_that_took_its_place(
    redis_node: RedisNode, other_node: RedisNode
) -> None:
    with TcpProxy(redis_node.port) as proxy:
        async with linked(proxy.in_front_of(redis_node.url())) as link:
            await link.connect()
            fail_over(redis_node, other_node)
            proxy.lead_to(other_node.port)
            said = await connected(link)
            assert "it takes no changes: it is a replica" in said
            assert (await link.redis.info("replication"))["role"] == "master"


async def test_a_lone_replica_is_told_as_such(redis_node: RedisNode, other_node: RedisNode) -> None:
    assert "it takes no changes: it is a replica" in await refusal(other_node.url())


async def test_a_server_that_its_address_has_left_is_not_used_for_long(
    redis_node: RedisNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has demoted it: quotas would be counted twice for good."""
    monkeypatch.setattr("connector.limits.shared.link.BEAT_SECONDS", 0.02)
    monkeypatch.setattr("connector.limits.shared.link._LONGEST_LIFE_BEATS", 3)
    with RedisNode() as elsewhere, TcpProxy(redis_node.port) as proxy, Redis(port=elsewhere.port) as there:
        async with linked(proxy.in_front_of(redis_node.url())) as link:
            await link.connect()
            beating = asyncio.create_task(link.keep())
            proxy.lead_to(elsewhere.port)
            await until(lambda: bool(there.exists("ccas-connector:processes")))
            beating.cancel()
            assert link.is_up


async def test_sentinels_lead_to_whichever_server_is_the_master(other_node: RedisNode) -> None:
    async with AsyncExitStack() as stack:
        master = stack.enter_context(RedisNode())
        with Redis(port=other_node.port) as replica:
            replica.replicaof("127.0.0.1", master.port)
            await until(lambda: replica.info("replication")["master_link_status"] == "up")
        sentinel = stack.enter_context(SentinelNode(master.port))
        link = await stack.enter_async_context(linked(sentinel.url()))
        await sentinel.knows_replica(PATIENCE_SECONDS)
        await link.connect()
        master.kill()
        said = await connected(link)
        assert "the server cannot be used: " in said
        with Redis(port=other_node.port) as promoted:
            assert promoted.exists("ccas-connector:processes")


async def test_a_sentinel_that_is_dead_is_passed_over(redis_node: RedisNode) -> None:
    """redis-py asks it again ten times, which takes longer than a command may."""
    with SentinelNode(redis_node.port) as sentinel:
        dead = "127.0.0.1:1,127.0.0.1:2,"
        async with linked(sentinel.url().replace("127.0.0.1:", f"{dead}127.0.0.1:", 1)) as link:
            for _ in range(3):
                await link.connect()
                await link.redis.connection_pool.disconnect()
            assert link.is_up


async def test_a_sentinel_that_does_not_know_the_service_is_told(redis_node: RedisNode) -> None:
    with SentinelNode(redis_node.port) as sentinel:
        said = await refusal(sentinel.url().replace("service=connector", "service=another"))
    assert "the Sentinels name no master of that name" in said


async def test_a_server_of_a_cluster_is_refused() -> None:
    with RedisNode(settings={"--cluster-enabled": "yes"}) as node, Redis(port=node.port) as cluster:
        cluster.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        said = await connected_or_refused(node.url())
    assert "a Redis Cluster, which spreads keys over its servers" in said


async def connected_or_refused(url: str) -> str:
    """Return why a server is not taken, once it is up."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            said = await refusal(url)
            if "its cluster is down" not in said:
                return said


async def test_a_full_memory_is_told_and_over_once_there_is_room(redis_node: RedisNode) -> None:
    with RedisNode(settings={"--maxmemory": "1", "--maxmemory-policy": "noeviction"}) as node:
        async with linked(node.url()) as link:
            with pytest.raises(SharedStateError, match=r"its memory is full \(maxmemory\)"):
                await link.connect()
            with Redis(port=node.port) as opened:
                opened.config_set("maxmemory", "0")
            await connected(link)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ServerFiles:
    """What a server on this machine is certified with."""
    return make_server_files(tmp_path_factory.mktemp("authority"), ("localhost",))


async def test_over_tls_with_a_private_authority_a_user_and_a_password(
    files: ServerFiles, tmp_path: Path
) -> None:
    another = make_server_files(tmp_path, ("localhost",))
    with RedisNode(PASSWORD, tls=files) as node:
        good = node.url(files)
        async with linked(good) as link:
            await link.connect()
            assert link.is_up
        told = [
            await refusal(url)
            for url in (
                node.url(another),
                good.partition("?")[0],
                good.replace("localhost", "127.0.0.1"),
                good.replace(PASSWORD, "wrong"),
                good.replace(f"default:{PASSWORD}@", ""),
                good.replace(str(files.authority), "/nowhere/ca.pem"),
                good.replace("rediss:", "redis:").partition("?")[0],
            )
        ]
    for said, part in zip(
        told,
        (
            "an authority that is not known here",
            "an authority that is not known here",
            "another host than the IP address",
            "it refuses the user or the password",
            "it asks for a password, and the address has none",
            "cannot be read",
            "it closed the connection",
        ),
        strict=True,
    ):
        assert part in said
