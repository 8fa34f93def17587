"""The page and what it asks the server: Starlette, one template, one style sheet, one script, nothing else.

A visitor is a cookie with 128 random bits that scripts cannot read and other sites cannot send; the folder of
a user is named by its hash, so that who sees the folders cannot act as their users. An upload is the plain
body of a request, written to disk as it comes and cut off at the limit: no form needs to be parsed. What a
visitor brought is never sent back as it came; results are files that were written here.
"""

import hashlib
import json
import logging
import secrets
import socket
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import anyio
import uvicorn
from anyio import CapacityLimiter, to_process, to_thread
from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artnb.errors import ServiceError, TooMuchError
from artnb.service.engine import Engine
from artnb.service.jobs import NAME, RESULTS, Job, Jobs, State, new_id
from artnb.service.kinds import kinds
from artnb.service.limits import Limits
from artnb.service.uploads import UPLOADS, Upload, examine, find_upload, too_large

COOKIE = "artnb_studio"
EVERY = 5.0  # seconds between two times that the engine tends its jobs
EXAMINERS = 2  # uploads looked into at once, each in a process of its own
LARGEST_QUESTION = 10_000  # bytes of a request that is no upload
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
MEDIA = {".png": "image/png", ".mp4": "video/mp4"}
HERE = Path(__file__).parent


class Manners:
    """The headers of every answer, and no request of another site that changes anything."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            await send(message)

        headers = Headers(scope=scope)
        origin = headers.get("origin")
        foreign = origin is not None and origin.partition("://")[2] != headers.get("host")
        if scope["method"] not in ("GET", "HEAD") and foreign:
            await said("This request comes from another site.", 403)(scope, receive, with_headers)
            return
        await self.app(scope, receive, with_headers)


class Rate:
    """How often each user may do something within a minute."""

    def __init__(self) -> None:
        self.times: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    def check(self, user: str, what: str, most: int) -> None:
        now, times = time.monotonic(), self.times[user, what]
        while times and now - times[0] > 60:
            times.popleft()
        if len(times) >= most:
            raise TooMuchError(f"At most {most} {what} a minute: wait a little.")
        times.append(now)

    def forget(self) -> None:
        """Users that have done nothing for a minute."""
        now = time.monotonic()
        for key in [key for key, times in self.times.items() if not times or now - times[-1] > 60]:
            del self.times[key]


class Studio:
    """The page over one folder of jobs and one engine."""

    def __init__(self, jobs: Jobs, engine: Engine) -> None:
        self.jobs, self.engine, self.limits = jobs, engine, jobs.limits
        self.rate, self.examiners = Rate(), CapacityLimiter(EXAMINERS)
        pages = Environment(loader=PackageLoader("artnb.page", "."), autoescape=select_autoescape(["jinja"]))
        self.template = pages.get_template("page.html.jinja")

    def routes(self) -> list[Route | Mount]:
        return [
            Route("/", self.page),
            Route("/kinds", self.offered),
            Route("/uploads", self.upload, methods=["POST"]),
            Route("/uploads/{id}/preview.png", self.preview),
            Route("/jobs", self.list),
            Route("/jobs", self.ask, methods=["POST"]),
            Route("/jobs/{id}", self.remove, methods=["DELETE"]),
            Route("/jobs/{id}/cancel", self.cancel, methods=["POST"]),
            Route("/jobs/{id}/retry", self.retry, methods=["POST"]),
            Route("/jobs/{id}/results/{file}", self.result),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]

    async def page(self, request: Request) -> Response:
        answer = HTMLResponse(self.template.render(limits=self.limits))
        if not NAME.fullmatch(request.cookies.get(COOKIE, "")):
            answer.set_cookie(
                COOKIE, secrets.token_hex(16), max_age=30 * 24 * 3600, httponly=True, samesite="strict",
                secure=request.url.scheme == "https",
            )  # fmt: skip
        return answer

    async def offered(self, request: Request) -> Response:
        return JSONResponse([kind.described() for kind in (await to_thread.run_sync(kinds)).values()])

    async def upload(self, request: Request) -> Response:
        user = user_of(request)
        self.rate.check(user, "uploads", self.limits.uploads_a_minute)
        if int(request.headers.get("content-length", 0)) > self.limits.upload_bytes:
            raise HTTPException(413, str(too_large(self.limits)))
        await to_thread.run_sync(self.jobs.check_room)
        folder = self.jobs.root / user / UPLOADS / new_id()
        raw = folder.with_suffix(".part")
        raw.parent.mkdir(parents=True, exist_ok=True)
        try:
            with anyio.fail_after(self.limits.upload_seconds):
                await self.receive(request, raw)
            name = unquote(request.headers.get("x-file-name", ""))
            with anyio.fail_after(self.limits.examine_seconds):
                upload = await to_process.run_sync(
                    examine, raw, folder, name, self.limits, cancellable=True, limiter=self.examiners
                )
        except TimeoutError:
            raise ServiceError("It took too long to read the file: try a smaller one.") from None
        except anyio.BrokenWorkerProcess:
            raise ServiceError("The file could not be looked into: try another.") from None
        finally:
            raw.unlink(missing_ok=True)
        return JSONResponse(described_upload(upload), 201)

    async def receive(self, request: Request, raw: Path) -> None:
        size = 0
        with raw.open("wb") as file:
            async for chunk in request.stream():
                size += len(chunk)
                if size > self.limits.upload_bytes:
                    raise HTTPException(413, str(too_large(self.limits)), {"connection": "close"})
                file.write(chunk)

    async def preview(self, request: Request) -> Response:
        return FileResponse(
            self.upload_of(request, request.path_params["id"]).preview, media_type="image/png"
        )

    async def list(self, request: Request) -> Response:
        jobs = self.jobs.of(user_of(request))
        return JSONResponse([self.described(job) for job in jobs])

    async def ask(self, request: Request) -> Response:
        user, asked = user_of(request), await question(request)
        self.rate.check(user, "jobs", self.limits.jobs_a_minute)
        upload = self.upload_of(request, asked.get("upload"))
        second = self.upload_of(request, asked["second"]) if asked.get("second") else None
        if second and second.medium != "picture":
            raise ServiceError("The style must be a picture.")
        known, options = await to_thread.run_sync(kinds), asked.get("options") or {}
        kind = known.get(str(asked.get("kind")))
        if kind is None or not isinstance(options, dict):
            raise ServiceError("There is no such kind of work.")
        chosen = kind.check(upload.medium, options, second is not None)
        await to_thread.run_sync(self.jobs.check_room)
        job = await to_thread.run_sync(partial(self.jobs.add, user, kind.name, chosen, upload, second))
        await to_thread.run_sync(self.engine.submit, job)
        return JSONResponse(self.described(job), 201)

    async def cancel(self, request: Request) -> Response:
        return await self.changed(request, self.engine.cancel, "It had ended already.")

    async def retry(self, request: Request) -> Response:
        self.rate.check(user_of(request), "jobs", self.limits.jobs_a_minute)
        return await self.changed(request, self.engine.retry, "It is at work already, or done.")

    async def changed(self, request: Request, change: Callable[[Job], Job | None], else_: str) -> Response:
        job = await to_thread.run_sync(change, self.job_of(request))
        return said(else_, 409) if job is None else JSONResponse(self.described(job))

    async def remove(self, request: Request) -> Response:
        await to_thread.run_sync(self.engine.remove, self.job_of(request))
        return Response(status_code=204)

    async def result(self, request: Request) -> Response:
        job, name = self.job_of(request), request.path_params["file"]
        if name not in files_of(job) or Path(name).suffix not in MEDIA:
            raise HTTPException(404)
        file = self.jobs.folder(job) / RESULTS / name
        if not file.is_file():
            raise HTTPException(404)
        fetched = (
            f"{Path(job.name).stem}-{job.kind}{file.suffix}" if "download" in request.query_params else None
        )
        return FileResponse(file, media_type=MEDIA[file.suffix], filename=fetched)

    def upload_of(self, request: Request, id: object) -> Upload:
        user = user_of(request)
        found = find_upload(self.jobs.root, user, id) if NAME.fullmatch(str(id)) else None
        if found is None:
            raise HTTPException(404, "There is no such upload: upload the file again.")
        return found

    def job_of(self, request: Request) -> Job:
        job = self.jobs.get(user_of(request), request.path_params["id"])
        if job is None:
            raise HTTPException(404, "There is no such job.")
        return job

    def described(self, job: Job) -> dict[str, object]:
        """For its user."""
        course = self.engine.courses.get(job.id) if job.state is State.RUNNING else None
        return {
            "id": job.id,
            "kind": job.kind,
            "medium": job.medium,
            "name": job.name,
            "state": job.state,
            "message": job.message,
            "created": job.created,
            "again": job.starts > 1,
            "ahead": self.engine.place(job) if job.state is State.QUEUED else 0,
            "done": course.done if course else 0,
            "total": course.total if course else None,
            "left": course.left if course else None,
            "results": job.results or None,
        }

    @asynccontextmanager
    async def life(self, app: Starlette) -> AsyncIterator[None]:
        async def tend() -> None:
            while True:
                await anyio.sleep(EVERY)
                self.rate.forget()
                try:
                    await to_thread.run_sync(self.engine.tend)
                except Exception:  # as of a cluster that is away for a while
                    logging.getLogger(__name__).exception("jobs could not be tended")

        async with anyio.create_task_group() as group:
            group.start_soon(tend)
            yield
            group.cancel_scope.cancel()


def studio(jobs: Jobs, engine: Engine, hosts: tuple[str, ...] = ("127.0.0.1", "localhost")) -> Starlette:
    """The page as an ASGI application; it answers only under the names `hosts`, "*" for any."""
    page = Studio(jobs, engine)
    app = Starlette(
        routes=page.routes(),
        middleware=[Middleware(Manners), Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
        exception_handlers={
            TooMuchError: lambda _, error: said(str(error), 429),
            ServiceError: lambda _, error: said(str(error), 422),
            HTTPException: lambda _, error: said(error.detail, error.status_code, error.headers),
            ClientDisconnect: lambda _, error: said("The upload was broken off.", 400),
        },
        lifespan=page.life,
    )
    app.state.jobs = jobs
    return app


def user_of(request: Request) -> str:
    token = request.cookies.get(COOKIE, "")
    if not NAME.fullmatch(token):
        raise HTTPException(403, "The studio does not know you: open its page first, with cookies allowed.")
    return hashlib.sha256(token.encode()).hexdigest()[:32]


async def question(request: Request) -> dict[str, object]:
    """The JSON object that a request brings."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_QUESTION:
            raise HTTPException(413, "The request is too large.")
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise HTTPException(400, "The request is no JSON object.")
    return asked


def described_upload(upload: Upload) -> dict[str, object]:
    return {
        "id": upload.id,
        "name": upload.name,
        "medium": upload.medium,
        "width": upload.width,
        "height": upload.height,
        "seconds": upload.seconds,
    }


def files_of(job: Job) -> set[str]:
    """The names of all that its user may fetch."""
    results = job.results
    files = {results.get("film"), results.get("download")}
    for panel in results.get("panels", ()):
        files |= {panel["before"], panel["after"]}
    return {file for file in files if file}


def said(message: str, status: int, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": message}, status, headers)


def serve(
    root: Path,
    host: str = "127.0.0.1",
    port: int = 8800,
    cluster: str | None = None,
    workers: int = 1,
    limits: Limits | None = None,
) -> None:
    """Serves the page until it is stopped.

    Raises:
        ServiceError: another studio has the folder, no scheduler answers, or the port is taken.
    """
    jobs = Jobs(root, limits)
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        raise ServiceError(f"{host}:{port} cannot be used: {error.strerror}; give another --port") from None
    engine = Engine(jobs, cluster, workers)
    try:
        local = host in ("127.0.0.1", "localhost", "::1")
        hosts = ("127.0.0.1", "localhost", "[::1]") if local else ("*",)
        uvicorn.run(
            studio(jobs, engine, hosts), host=host, port=port, log_level="warning", server_header=False,
            h11_max_incomplete_event_size=64 * 1024, timeout_keep_alive=15,
        )  # fmt: skip
    finally:
        engine.close()
        jobs.close()
