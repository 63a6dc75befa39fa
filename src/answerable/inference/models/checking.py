"""Says in one sentence whether endpoint, key and model work: `check(endpoint)`."""

from dataclasses import dataclass, replace

from agents.model_settings import ModelSettings
from agents.models.interface import ModelTracing

from answerable.inference.models.calling import EndpointClient, EndpointModel
from answerable.inference.models.endpoint import Endpoint
from answerable.inference.models.failures import AnswerTooLong, ModelFailed

# The least that the Responses API takes.
CHECK_TOKENS = 16
CHECK_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a model can be used."""

    works: bool
    sentence: str
    may_help_to_retry: bool = False


async def check(endpoint: Endpoint) -> Checked:
    """Asks the model for one word, once."""
    if endpoint.is_embedded:
        return Checked(True, "The embedded model needs no network and no key.")
    patience = replace(endpoint.patience, tries=1, total_seconds=min(CHECK_SECONDS, endpoint.patience.total_seconds))
    once = replace(endpoint, patience=patience, tokens_out_max=CHECK_TOKENS)
    async with EndpointClient(once) as client:
        model = EndpointModel(once, client)
        try:
            await model.get_response(
                "Answer with one word.",
                "Are you there?",
                ModelSettings(),
                [],
                None,
                [],
                ModelTracing.DISABLED,
                previous_response_id=None,
                conversation_id=None,
                prompt=None,
            )
        except AnswerTooLong:
            pass
        except ModelFailed as failure:
            return Checked(False, str(failure), failure.may_help_to_retry)
    how = "Responses" if model.wire == "responses" else "chat completions"
    price = "" if endpoint.price else " Its price is not known, so costs are shown as 0."
    return Checked(True, f"{endpoint.model} answers at {endpoint.host} over {how}.{price}")
