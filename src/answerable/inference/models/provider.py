"""Models by name, for the Agents SDK: `Models(endpoint, own={"embedded": …}).get_model(name)`."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from agents import set_trace_processors
from agents.models.interface import Model, ModelProvider
from agents.tracing import TracingProcessor

from answerable.inference.models.calling import EndpointClient, EndpointModel
from answerable.inference.models.endpoint import Endpoint
from answerable.inference.models.prices import Price

__all__ = ["Model", "Models"]


class Models(ModelProvider):
    """Gives models of our own by their name, and all others from one endpoint. Names may have slashes in them."""

    def __init__(self, endpoint: Endpoint, *, own: Mapping[str, Model] | None = None) -> None:
        self.endpoint = endpoint
        self._own = dict(own or {})
        self._given: dict[str, EndpointModel] = {}
        self._client: EndpointClient | None = None
        self._turns = asyncio.Semaphore(endpoint.calls_at_once)

    def get_model(self, model_name: str | None) -> Model:
        """The model with this name; without one, the one that settings name."""
        name = model_name or self.endpoint.name
        if name in self._own:
            return self._own[name]
        endpoint = self._endpoint_of(name)
        if endpoint.model not in self._given:
            self._client = self._client or EndpointClient(self.endpoint)
            self._given[endpoint.model] = EndpointModel(endpoint, self._client, turns=self._turns)
        return self._given[endpoint.model]

    def named(self, model_name: str | None) -> str:
        """The name by which runs say on which model they were; without one, of the one that settings name."""
        return self._endpoint_of(model_name).model

    def price_of(self, model_name: str) -> Price | None:
        """What a model costs, if that is known."""
        return self._endpoint_of(model_name).price

    def why_not(self, model_name: str) -> str | None:
        """Why a model cannot be had, in a sentence; none if nothing speaks against it."""
        if model_name in self._own or self.endpoint.key is not None or not self.endpoint.is_openai:
            return None
        return "no key is given. Set OPENAI_API_KEY, or OPENAI_BASE_URL for another endpoint."

    def _endpoint_of(self, model_name: str | None) -> Endpoint:
        if model_name is None or model_name == self.endpoint.name:
            return self.endpoint
        # The price that settings give is that of the model that they name.
        return replace(self.endpoint, name=model_name, own_price=None)

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.close()
        self._client = None
        self._given = {}


def keep_traces_at_home(*processors: TracingProcessor) -> None:
    """Takes away the SDK's own trace processor, which would send traces to OpenAI, and puts these in its place."""
    set_trace_processors(list(processors))
