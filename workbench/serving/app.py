"""The paths of a server, with the OpenAPI document that describes them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, nullcontext
from importlib.resources import files
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.staticfiles import StaticFiles

from workbench import __version__
from workbench.serving import problems
from workbench.serving.guard import Guard
from workbench.serving.metrics import CONTENT_TYPE, Metrics
from workbench.serving.options import Options
from workbench.serving.problems import ServingProblem
from workbench.serving.schemas import EXAMPLES, Health, Info, PredictRequest, PredictResponse, Problem, request_schemas
from workbench.serving.service import LOG, Input, SentFile, Service
from workbench.serving.siblings import Siblings

T = TypeVar("T")
Load = Callable[[Options, Metrics], Service]
"""Loads the model and warms it up; called in a thread."""

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "Nothing was sent to be read."},
    401: {"model": Problem, "description": "The token is missing."},
    403: {"model": Problem, "description": "The token is wrong."},
    413: {"model": Problem, "description": "Too many bytes, pages, words or documents."},
    415: {"model": Problem, "description": "A kind of content or file that is not known."},
    422: {"model": Problem, "description": "It cannot be read; the message says why."},
    424: {"model": Problem, "description": "The model failed."},
    429: {"model": Problem, "description": "The queue is full; Retry-After says when to try again."},
    503: {
        "model": Problem,
        "description": "The model is being loaded, the server is stopping or has no space, or it took too long.",
    },
}
_REASON_LETTERS = 1000  # a name that is not known is repeated, whatever its length
_GUARDED: dict[int | str, dict[str, Any]] = {status: _PROBLEMS[status] for status in (401, 403)}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/PredictRequest"}, "examples": EXAMPLES},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                            "description": "PDF, picture, or a list of words with boxes.",
                        }
                    },
                }
            },
        },
    }
}
_DOCS = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>workbench serve</title>
<link rel="stylesheet" href="/docs/files/swagger-ui.css"><link rel="icon" href="data:,"></head>
<body><div id="swagger-ui"></div><script src="/docs/files/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>"""
_START = """window.ui = SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true,
tryItOutEnabled: true, presets: [SwaggerUIBundle.presets.apis], validatorUrl: null});"""
_DESCRIPTION = (
    "A model of invoice-workbench reads documents: fields with value, confidence, page and box, or the class of a "
    "document. Every error has `type`, `message` and `remedy`."
)


class State:
    """How far a server is: loading, ready or draining; or why the model cannot be loaded."""

    def __init__(self) -> None:
        self.name = "loading"
        self.service: Service | None = None


def create(options: Options, load: Load) -> FastAPI:
    """The application. Until `load` has ended it answers 503, except for /docs.

    Args:
        options: of the server.
        load: makes the service.
    """
    state, metrics, siblings = State(), Metrics(), Siblings(options.workers)

    async def start() -> None:
        state.service = await asyncio.to_thread(load, options, metrics)
        state.service.start()
        state.name = "ready"
        siblings.report_ready()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.started()
        loading = asyncio.create_task(start())
        loading.add_done_callback(app.state.loaded)
        if siblings.answer_already():
            with app.state.waiting():
                await asyncio.wait([loading])
        yield
        state.name = "draining"
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        if state.service is not None:
            await state.service.close()

    app = FastAPI(
        title="workbench serve", version=__version__, description=_DESCRIPTION, docs_url=None, redoc_url=None,
        lifespan=lifespan,
    )  # fmt: skip
    app.state.server = state
    app.state.started = lambda: None
    app.state.loaded = lambda task: None
    app.state.waiting = nullcontext
    _answer_problems(app, metrics)
    _add_docs(app)
    _add_paths(app, options, state, metrics, siblings)
    app.add_middleware(Guard, options=options, metrics=metrics, state=lambda: state.name)
    _describe(app, options)
    return app


def _add_paths(app: FastAPI, options: Options, state: State, metrics: Metrics, siblings: Siblings) -> None:
    raw_scores = Query(description="What the model takes every word for, too.")
    page_number = Query(ge=1, le=10_000, description="Read this page alone.")

    async def predicted(request: Request, raw: bool, page: int | None, most: int) -> PredictResponse:
        began = asyncio.get_running_loop().time()
        service = state.service
        if service is None:
            raise problems.loading()
        number = request.state.request_id
        try:
            async with asyncio.timeout(options.request_seconds):
                inputs = await _inputs(request, most)
                predicting = service.predict(inputs, number, raw=raw, page=page, together=options.documents)
                documents = await _while_connected(request, predicting)
        except TimeoutError:
            raise problems.timed_out(options.request_seconds) from None
        return PredictResponse(
            model=service.engine.name,
            version=service.engine.version,
            request_id=number,
            seconds=round(asyncio.get_running_loop().time() - began, 4),
            documents=documents,
        )

    @app.post(
        "/predict",
        tags=["Predictions"],
        summary="Read documents or texts",
        responses=_PROBLEMS,
        openapi_extra=_BODY,
        response_model_exclude_none=False,
    )
    async def predict(
        request: Request,
        raw_scores: Annotated[bool, raw_scores] = False,
        page: Annotated[int | None, page_number] = None,
    ) -> PredictResponse:
        """Read a text, words with boxes, a list of these, or files. One document that fails has the error's status;
        of several, each has its own error."""
        return await predicted(request, raw_scores, page, options.documents)

    @app.post(
        "/predict/batch", tags=["Predictions"], summary="Read several at once", responses=_PROBLEMS, openapi_extra=_BODY
    )
    async def predict_batch(
        request: Request,
        raw_scores: Annotated[bool, raw_scores] = False,
        page: Annotated[int | None, page_number] = None,
    ) -> PredictResponse:
        """Read many documents, a part at a time, so that other requests are answered between the parts."""
        return await predicted(request, raw_scores, page, options.batch_documents)

    @app.get("/health", tags=["Server"], summary="Whether it is ready", responses={503: _PROBLEMS[503]})
    async def health() -> Health:
        """Ready only when the model has been loaded and has read its first documents, by each of several processes."""
        if state.name == "draining":
            raise problems.draining()
        if state.service is None or not siblings.all_were_ready():
            raise problems.loading()
        return Health(status="ready")

    @app.get("/info", tags=["Server"], summary="The model and the limits", responses=_GUARDED | {503: _PROBLEMS[503]})
    async def info() -> Info:
        """The model, its fields, figures and licence; the limits; and what becomes of what is sent."""
        if state.service is None:
            raise problems.loading()
        limits = {
            "request_bytes": options.body_bytes, "pages": options.pages, "words": options.words,
            "documents": options.documents, "batch_documents": options.batch_documents,
            "picture_pixels": options.picture_pixels, "seconds": options.request_seconds,
        }  # fmt: skip
        keeps = "What is sent becomes documents of a workspace (--collect)." if options.collect else "Nothing is kept."
        answer: Info = state.service.engine.info(limits, keeps)
        return answer

    @app.get(
        "/metrics",
        tags=["Server"],
        summary="Figures for Prometheus",
        responses={**_GUARDED, 200: {"content": {"text/plain": {}}}},
        response_class=Response,
    )
    async def figures() -> Response:
        """Requests, seconds, queue, batches and errors, for Prometheus."""
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})


async def _while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What becomes of a request; the work for a client that goes away ends, so that others need not wait for it.

    Raises:
        ClientDisconnect: it went away.
    """

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(gone())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _inputs(request: Request, most: int) -> list[Input]:
    """What a request sends.

    Raises:
        ServingProblem: nothing, too many, or of a kind that is not known.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind == "multipart/form-data":
        inputs = await _files(request, most)
    elif kind == "application/json":
        body = await request.body()
        if not body.strip():
            raise problems.empty()
        try:
            given = msgspec.json.decode(body, type=PredictRequest).inputs
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise problems.invalid(_reason(error)) from None
        inputs = list(given) if isinstance(given, list) else [given]
    else:
        raise problems.unknown_kind(
            f"The request is {kind or 'of no kind'}.", "Send application/json, or multipart/form-data with files."
        )
    if not inputs:
        raise problems.empty()
    if len(inputs) > most:
        raise problems.too_large(f"The request has {len(inputs)} documents; the limit is {most}.")
    return inputs


async def _files(request: Request, most: int) -> list[Input]:
    try:
        form = await request.form(max_files=most + 1, max_fields=20)
    except HTTPException as error:  # what the form's reader refuses
        if "Too many" in str(error.detail):
            raise problems.too_large(f"The request has more than {most} files.") from None
        raise problems.invalid(f"The form cannot be read: {error.detail}") from None
    try:
        return [
            SentFile(item.filename or "", await item.read())
            for _, item in form.multi_items()
            if isinstance(item, UploadFile)
        ]
    finally:
        await form.close()


def _reason(error: msgspec.DecodeError | UnicodeDecodeError) -> str:
    """What is wrong with a body, and where in it."""
    if isinstance(error, UnicodeDecodeError):
        return "It is not UTF-8."
    what, _, path = str(error)[:_REASON_LETTERS].partition(" - at ")
    if what.startswith("Expected `str | object"):
        what = "It is no text, no words with boxes, and no list of these"
    place = path.strip("`").removeprefix("$.")
    return f"{place}: {what}" if place else what


def _answer_problems(app: FastAPI, metrics: Metrics) -> None:
    def answer(request: Request, problem: ServingProblem) -> Response:
        metrics.errors.labels(problem.kind).inc()
        headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
        return JSONResponse(problem.body(getattr(request.state, "request_id", "")), problem.status, headers)

    @app.exception_handler(ServingProblem)
    async def known(request: Request, problem: ServingProblem) -> Response:
        return answer(request, problem)

    @app.exception_handler(RequestValidationError)
    async def wrong(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return answer(request, problems.invalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}"))

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        kind = {404: "unknown_path", 405: "unknown_method"}.get(error.status_code, "invalid_request")
        response = answer(request, ServingProblem(error.status_code, kind, str(error.detail), "See /docs."))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return answer(request, problems.cut_off())

    @app.exception_handler(OSError)
    async def unwritten(request: Request, error: OSError) -> Response:
        LOG.error("request %s was not read: %s", request.state.request_id, error)
        return answer(request, problems.no_space())

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        return answer(
            request, ServingProblem(500, "fault", "The server made a mistake.", "Its log says which; please report it.")
        )


def _add_docs(app: FastAPI) -> None:
    """Swagger UI from the package `fastapi-offline`: a page that needs no network."""
    app.mount("/docs/files", StaticFiles(directory=str(files("fastapi_offline") / "static")))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(_DOCS)

    @app.get("/docs/start.js", include_in_schema=False)
    async def start() -> Response:
        return Response(_START, media_type="text/javascript")


def _describe(app: FastAPI, options: Options) -> None:
    """Add to the OpenAPI document what FastAPI cannot see: the request's body and the token."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = made()
            document["components"]["schemas"].update(request_schemas("#/components/schemas/{name}"))
            if options.token:
                document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
                document["security"] = [{"token": []}]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
