"""Requests of operators to run a job of the worker now."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound
from herwa_shared.models import JobRequest
from herwa_shared.services import audit
from herwa_shared.services.audit import Actor
from herwa_shared.services.process_details import WorkerDetail, parse_detail
from herwa_shared.services.processes import list_live_processes


async def request_job(session: AsyncSession, *, name: str, actor: Actor) -> None:
    """Request a run of a job; the worker starts it within a second. Raises NotFound if no worker has this job."""
    details = [parse_detail(process.name, process.detail) for process in await list_live_processes(session)]
    names = {job.name for detail in details if isinstance(detail, WorkerDetail) for job in detail.jobs}
    if name not in names:
        raise NotFound
    await session.execute(insert(JobRequest).values(name=name, at=utc_now()).on_conflict_do_nothing())
    await audit.record(session, actor, "job.run", guild_id=None, target=name)


async def take_job_requests(session: AsyncSession) -> list[str]:
    """Delete all requests and return their jobs."""
    return list(await session.scalars(delete(JobRequest).returning(col(JobRequest.name))))
