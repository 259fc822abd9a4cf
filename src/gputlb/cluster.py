"""A client of a Dask cluster, or one sentence that says why there is none."""

from __future__ import annotations

from typing import Any

from gputlb.errors import GputlbError, first_line

ANSWERS_WITHIN_S = 10


class NoCluster(GputlbError):
    """Dask is not installed, or no scheduler answers at the address."""


def client_of(scheduler: str) -> Any:
    """Return a `distributed.Client` of the scheduler at an address, such as `tcp://10.0.0.1:8786`.

    A `tls://` address takes its certificates from Dask's own configuration. Raises: `NoCluster`.
    """
    try:
        # A second to import, and not always there; and asyncio for nobody else's start.
        import asyncio  # noqa: PLC0415
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        from distributed import Client  # noqa: PLC0415
    except ImportError:
        raise NoCluster(
            f"the cluster at {scheduler} needs Dask, which is not installed; pip install 'gputlb[cluster]', or leave "
            "the scheduler out to stay on this machine"
        ) from None
    try:
        # First by itself: a client that finds nobody stays behind half made, and takes 20 s to end. Collected while
        # the next one starts, it waits for a lock that its own thread holds. A notebook runs a loop in this thread.
        with ThreadPoolExecutor(1) as aside:
            aside.submit(asyncio.run, _reach(scheduler)).result()
        return Client(scheduler, timeout=ANSWERS_WITHIN_S, set_as_default=False)  # type: ignore[no-untyped-call,unused-ignore]
    except OSError as error:
        raise NoCluster(
            f"no Dask scheduler answers at {scheduler!r} ({first_line(error)}); start one with `dask scheduler`, or "
            "leave it out to stay on this machine"
        ) from None
    except (ValueError, TypeError) as error:
        raise NoCluster(
            f"no Dask scheduler can be reached at {scheduler!r} ({first_line(error)}); write its address as it prints "
            "it when it starts, such as tcp://10.0.0.1:8786"
        ) from None


async def _reach(scheduler: str) -> None:
    from distributed import Security  # noqa: PLC0415 (as above)
    from distributed.comm.core import connect  # noqa: PLC0415

    keys = Security().get_connection_args("client")  # type: ignore[no-untyped-call,unused-ignore]
    comm = await connect(scheduler, timeout=ANSWERS_WITHIN_S, **keys)  # type: ignore[no-untyped-call,unused-ignore]
    await comm.close()
