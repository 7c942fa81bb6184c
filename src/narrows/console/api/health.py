"""`/healthz`: whether the process answers. For probes, so nobody is asked who they are."""

from litestar import MediaType, get

from narrows.console.identity import PUBLIC


@get("/healthz", opt={PUBLIC: True}, media_type=MediaType.TEXT, sync_to_thread=False, summary="Whether it answers")
def health() -> str:
    """Says ok."""
    return "ok\n"
