"""Messages in the shape of the newest conventions, a role and parts, out of the shapes of chats and of responses."""

from collections.abc import Mapping
from typing import Any

import msgspec


def from_chat(role: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A message of chat completions: `content`, `tool_calls`, and `id` or `tool_call_id` of what a tool gave."""
    content, calls = _content(body.get("content")), body.get("tool_calls")
    parts: list[Any] = []
    if role == "tool":
        answered = body.get("id", body.get("tool_call_id"))
        parts.append({"type": "tool_call_response", "id": answered, "response": content})
    elif isinstance(content, str):
        parts.append(text_part(content))
    elif isinstance(content, list):
        parts.extend(_part(each) for each in content)
    elif content is not None:
        parts.append({"type": "json", "content": content})
    parts.extend(_call(each) for each in listed(read_json(calls)))
    made = {"role": role, "parts": parts}
    return {**made, "finish_reason": body["finish_reason"]} if "finish_reason" in body else made


def from_items(items: Any) -> list[dict[str, Any]]:
    """Items as the Responses API has them; what is a message of a chat among them is read as one."""
    return [text_message("user", items)] if isinstance(items, str) else [_from_item(item) for item in listed(items)]


def text_message(role: str, text: str) -> dict[str, Any]:
    """A message of nothing but words."""
    return {"role": role, "parts": [text_part(text)]}


def text_part(text: str) -> dict[str, Any]:
    """Words."""
    return {"type": "text", "content": text}


def words_of(message: Mapping[str, Any]) -> str:
    """The words of a message, without its other parts."""
    texts = [part.get("content") for part in listed(message.get("parts")) if part.get("type") == "text"]
    return "\n".join(text for text in texts if isinstance(text, str))


def listed(things: Any) -> list[dict[str, Any]]:
    """The objects of a list; none if it is no list."""
    return [each for each in things if isinstance(each, dict)] if isinstance(things, list) else []


def read_json(value: Any) -> Any:
    """A text that is an object or a list of JSON is read; anything else is what it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return msgspec.json.decode(value)
    except (ValueError, RecursionError):
        return value


def _from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    match item.get("type"):
        case "function_call":
            return {"role": "assistant", "parts": [_call({**item, "id": item.get("call_id")})]}
        case "function_call_output":
            given = {"id": item.get("call_id"), "response": item.get("output")}
            return {"role": "tool", "parts": [{"type": "tool_call_response", **given}]}
    role = str(item.get("role") or "assistant")
    if "content" in item or "tool_calls" in item:
        return from_chat(role, item)
    return {"role": role, "parts": [_other(item)]}


def _content(content: Any) -> Any:
    """Words as they are, also where they look like JSON; parts that were written as JSON are read."""
    parts = read_json(content)
    return parts if isinstance(parts, list) and all(isinstance(each, dict) for each in parts) else content


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, str):
        return text_part(part)
    if not isinstance(part, dict):
        return {"type": "json", "content": part}
    return text_part(part["text"]) if isinstance(part.get("text"), str) else _other(part)


def _other(part: Mapping[str, Any]) -> dict[str, Any]:
    return {**part, "type": str(part.get("type") or "json")}


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    wanted = function if isinstance(function, dict) else call
    arguments = read_json(wanted.get("arguments"))
    return {"type": "tool_call", "id": call.get("id"), "name": str(wanted.get("name")), "arguments": arguments}
