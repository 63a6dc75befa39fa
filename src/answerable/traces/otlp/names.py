"""The names of attributes: OpenTelemetry's for generative AI, and our own where those have none.

Those conventions are in development. We write them as of version 1.41.0, the last that was released, and read what
programs wrote since 2024. `docs/reference/otlp.md` tells which is which; a test holds it against this page.
"""

SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.0"
FORMAT = 1
"""Of what is under `answerable.*`. A file with a greater number was written by a newer program."""

# -- the conventions' -------------------------------------------------------------------------------------------------

SERVICE_NAME = "service.name"
SERVICE_VERSION = "service.version"
ERROR_TYPE = "error.type"
OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
AGENT_NAME = "gen_ai.agent.name"
AGENT_VERSION = "gen_ai.agent.version"
WORKFLOW = "gen_ai.workflow.name"
CONVERSATION = "gen_ai.conversation.id"
REQUEST_MODEL = "gen_ai.request.model"
TEMPERATURE = "gen_ai.request.temperature"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
TOKENS_IN = "gen_ai.usage.input_tokens"
TOKENS_OUT = "gen_ai.usage.output_tokens"
INSTRUCTIONS = "gen_ai.system_instructions"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
TOOLS = "gen_ai.tool.definitions"
TOOL_NAME = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
TOOL_CALL = "gen_ai.tool.call.id"
TOOL_ARGUMENTS = "gen_ai.tool.call.arguments"
TOOL_RESULT = "gen_ai.tool.call.result"
DATA_SOURCE = "gen_ai.data_source.id"
QUERY = "gen_ai.retrieval.query.text"
DOCUMENTS = "gen_ai.retrieval.documents"

# -- our own ----------------------------------------------------------------------------------------------------------

FORMAT_NUMBER = "answerable.format"
HAS_CONTENT = "answerable.content"
RUN = "answerable.run.id"
RUN_STATE = "answerable.run.state"
TURN = "answerable.turn.id"
RELEASE = "answerable.release"
DECISION = "answerable.decision"
CONFIDENCE = "answerable.confidence"
REASON = "answerable.reason"
COST = "answerable.cost_micros"
SURFACE = "answerable.surface"
LANGUAGE = "answerable.language"
STEP = "answerable.step.id"
STEP_PARENT = "answerable.step.parent_id"
STEP_NUMBER = "answerable.step.number"
STEP_KIND = "answerable.step.kind"
STEP_NAME = "answerable.step.name"
STEP_STATE = "answerable.step.state"
STEP_SUMMARY = "answerable.step.summary"
STEP_INPUT = "answerable.step.input"
STEP_OUTPUT = "answerable.step.output"
SDK_TRACE = "answerable.agents_sdk.trace_id"
SDK_TRACE_METADATA = "answerable.agents_sdk.trace_metadata"
SDK_SPAN = "answerable.agents_sdk.span_id"
SDK_PARENT = "answerable.agents_sdk.parent_id"
SDK_TYPE = "answerable.agents_sdk.type"
SDK_DATA = "answerable.agents_sdk.span_data"
SDK_ERROR = "answerable.agents_sdk.error"
SDK_METADATA = "answerable.agents_sdk.metadata"

CONTENT = frozenset(
    {
        INSTRUCTIONS, INPUT_MESSAGES, OUTPUT_MESSAGES, TOOLS, TOOL_ARGUMENTS, TOOL_RESULT, QUERY, DOCUMENTS,
        REASON, STEP_SUMMARY, STEP_INPUT, STEP_OUTPUT,
    }
)  # fmt: skip
"""What may hold a customer's words, or what we know of them: it goes out only where that is asked for."""

# -- what others wrote before ------------------------------------------------------------------------------------------

OLD_PROVIDER = "gen_ai.system"
OLD_TOKENS_IN = ("gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens")
OLD_TOKENS_OUT = ("gen_ai.usage.completion_tokens", "llm.usage.completion_tokens")
OLD_PROMPT = "gen_ai.prompt"
OLD_COMPLETION = "gen_ai.completion"
PROMPT_EVENT = "gen_ai.content.prompt"
COMPLETION_EVENT = "gen_ai.content.completion"
DETAILS_EVENT = "gen_ai.client.inference.operation.details"
EVENT_CONTENT = "gen_ai.event.content"
"""Where some programs put the body of an event, as JSON."""
ROLE_OF_EVENT = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
CHOICE_EVENT = "gen_ai.choice"
