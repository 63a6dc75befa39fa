"""Files that browsers load: the console, the widget, and whatever else a door serves from a folder."""

import re
from pathlib import Path

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import File, Redirect
from litestar.router import Router
from litestar.static_files import create_static_files_router

from answerable.domain.errors import NotFound

ASSETS = Path(__file__).parent / "assets"
FAVICON = Path(__file__).parent / "favicon.ico"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

NOT_BUILT = "The {name} is not built. Run ./dev start (or ./dev setup) in the checkout; it builds what is missing."


def console_pages(folder: Path = ASSETS / "console") -> list[Router | HTTPRouteHandler]:
    """The console: its files, and its one page for every other path below it."""

    @get(["/console", "/console/{path:path}"], include_in_schema=False, sync_to_thread=False)
    def page(path: FromPath[str] = "") -> Response[bytes] | File:
        if not path.isprintable():
            raise NotFound("There is nothing at this address.")
        wanted = (folder / path.lstrip("/")).resolve()
        if path.strip("/") and wanted.is_relative_to(folder.resolve()) and wanted.is_file():
            return _file(wanted, _caching(wanted))
        index = folder / "index.html"
        if not index.is_file():
            raise NotFound(NOT_BUILT.format(name="console"))
        # Reading it sets the CSRF cookie that the first unsafe request needs.
        return Response(index.read_bytes(), media_type="text/html", headers={"Cache-Control": "no-cache"})

    return [page]


def widget_files(folder: Path = ASSETS / "widget") -> list[HTTPRouteHandler]:
    """The widget's one file, which any site may load."""

    @get("/widget/{name:str}", include_in_schema=False)
    async def file(name: FromPath[str]) -> File:
        wanted = folder / name
        if "/" in name or name.startswith(".") or not wanted.is_file():
            raise NotFound(NOT_BUILT.format(name="widget") if name == "answerable.js" else "There is no such file.")
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}
        return _file(wanted, headers)

    return [file]


def favicon() -> HTTPRouteHandler:
    """The sign that browsers ask for by themselves, wherever a page names no other."""

    @get("/favicon.ico", include_in_schema=False)
    async def file() -> File:
        return _file(FAVICON, {"Cache-Control": "public, max-age=86400"})

    return file


def font_faces(*families: str, folder: Path = ASSETS / "console") -> str:
    """The `@font-face` rules of these families as the console's build has them; nothing where it is not built.

    Other pages so use the very files that the console brings, and a browser that has been there has them already.
    """
    sheets = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("assets/*.css"))]
    rules = [rule for sheet in sheets for rule in re.findall(r"@font-face\s*{[^}]*}", sheet)]
    wanted = [re.compile(rf"font-family:\s*[\"']?{re.escape(family)}[\"']?\s*;") for family in families]
    return "".join(f"{rule}\n" for rule in rules if any(each.search(rule) for each in wanted))


def site(path: str, folder: Path) -> Router:
    """A folder of plain pages."""
    return create_static_files_router(path=path, directories=[folder], html_mode=True, include_in_schema=False)


def front_page(to: str) -> HTTPRouteHandler:
    """Where `/` leads."""

    @get("/", include_in_schema=False)
    async def front() -> Redirect:
        return Redirect(to)

    return front


def _file(path: Path, headers: dict[str, str]) -> File:
    # Browsers run and apply nothing whose type they are not told; the machine's own table of types may know less.
    media_type = MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    return File(path, media_type=media_type, content_disposition_type="inline", headers=headers)


def _caching(file: Path) -> dict[str, str]:
    # The build puts a hash of the content into the names below assets/.
    named_by_content = "assets" in file.parts[-3:-1]
    return {"Cache-Control": "public, max-age=31536000, immutable" if named_by_content else "no-cache"}
