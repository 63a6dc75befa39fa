"""A Google ADK agent for turns.py, served as `adk api_server` serves it: it keeps its sessions in SQLite."""

import contextlib
import sqlite3
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import uvicorn
from _canned import ANSWER, INSTRUCTIONS, PIECES, QUERY, search_result
from google.adk.agents import Agent
from google.adk.cli.fast_api import get_fast_api_app
from google.adk.cli.utils.base_agent_loader import BaseAgentLoader
from google.adk.models import BaseLlm
from google.adk.models.llm_request import LlmRequest
from google.adk.models.llm_response import LlmResponse
from google.genai.types import Content, FunctionCall, Part

DATABASE = Path.cwd() / "peer.sqlite"


def search_knowledge(query: str) -> str:
    """Search the help centre."""
    return search_result(query)


class Scripted(BaseLlm):
    """Searches, then answers; both without thinking."""

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        """The next step, in pieces."""
        if any(part.function_response for part in llm_request.contents[-1].parts or ()):
            for piece in PIECES:
                yield LlmResponse(content=Content(role="model", parts=[Part(text=piece)]), partial=True)
            yield LlmResponse(content=Content(role="model", parts=[Part(text=ANSWER)]), partial=False)
        else:
            call = FunctionCall(name="search_knowledge", args={"query": QUERY})
            yield LlmResponse(content=Content(role="model", parts=[Part(function_call=call)]), partial=False)


class OneAgent(BaseAgentLoader):
    """The support agent, made once."""

    def __init__(self) -> None:
        self._agent = Agent(
            name="support", instruction=INSTRUCTIONS, model=Scripted(model="scripted"), tools=[search_knowledge]
        )

    def load_agent(self, agent_name: str) -> Agent:
        """Always the same."""
        return self._agent

    def list_agents(self) -> list[str]:
        """Just the one."""
        return ["support"]


def main(port: int) -> None:
    """Serve until killed. The command `adk` makes the same app, and would also send its maker what it was used for."""
    # In its favour: the ADK leaves the journal as SQLite has it, and then takes twice as long with one client, and
    # refuses more requests of 32, because the database is locked.
    with contextlib.closing(sqlite3.connect(DATABASE)) as db:
        db.execute("PRAGMA journal_mode=WAL")
    app = get_fast_api_app(
        agents_dir=str(Path.cwd()), agent_loader=OneAgent(), session_service_uri=f"sqlite:///{DATABASE}", web=False
    )
    app.add_api_route("/healthz", lambda: "alive")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
