"""Small objects with the attributes of LangChain's, Langfuse's and MLflow's; system tests hold them against these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# --- LangChain --------------------------------------------------------------------------------------------------------


@dataclass
class PromptTemplate:
    template: str
    template_format: str = "f-string"
    partial_variables: dict[str, Any] = field(default_factory=dict)
    input_types: dict[str, Any] = field(default_factory=dict)
    output_parser: object = None
    metadata: dict[str, Any] | None = None
    tags: list[str] | None = None
    name: str | None = None


@dataclass
class FewShotPromptTemplate:
    example_prompt: object
    suffix: str
    examples: list[dict[str, Any]] | None = None
    example_selector: object = None
    prefix: str = ""
    example_separator: str = "\n\n"
    template_format: str = "f-string"
    partial_variables: dict[str, Any] = field(default_factory=dict)
    input_types: dict[str, Any] = field(default_factory=dict)
    output_parser: object = None


@dataclass
class ImagePromptTemplate:
    template: dict[str, str]
    input_variables: list[str]
    output_parser: object = None


@dataclass
class DictPromptTemplate:
    template: dict[str, Any]


@dataclass
class SystemMessagePromptTemplate:
    prompt: object
    additional_kwargs: dict[str, Any] = field(default_factory=dict)


class HumanMessagePromptTemplate(SystemMessagePromptTemplate):
    pass


class AIMessagePromptTemplate(SystemMessagePromptTemplate):
    pass


@dataclass
class ChatMessagePromptTemplate:
    prompt: object
    role: str
    additional_kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass
class MessagesPlaceholder:
    variable_name: str
    optional: bool = False
    n_messages: int | None = None


@dataclass
class HumanMessage:
    content: str | list[Any]
    type: str = "human"
    additional_kwargs: dict[str, Any] = field(default_factory=dict)
    response_metadata: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    id: str | None = None


@dataclass
class AIMessage:
    content: str | list[Any]
    type: str = "ai"
    tool_calls: list[Any] = field(default_factory=list)
    invalid_tool_calls: list[Any] = field(default_factory=list)
    name: str | None = None


@dataclass
class ChatPromptTemplate:
    messages: list[Any]
    partial_variables: dict[str, Any] = field(default_factory=dict)
    input_types: dict[str, Any] = field(default_factory=dict)
    output_parser: object = None
    metadata: dict[str, Any] | None = None
    tags: list[str] | None = None
    name: str | None = None


@dataclass
class StructuredPrompt(ChatPromptTemplate):
    schema_: object = None
    structured_output_kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass
class FewShotChatMessagePromptTemplate:
    example_prompt: object
    examples: list[dict[str, Any]] | None = None
    example_selector: object = None
    output_parser: object = None


@dataclass
class RunnableSequence:
    first: object
    last: object


# --- Langfuse ---------------------------------------------------------------------------------------------------------


@dataclass
class TextPromptClient:
    prompt: str
    name: str = "movie"
    version: int = 1
    config: Any = None
    labels: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    commit_message: str | None = None
    is_fallback: bool = False


@dataclass
class ChatPromptClient(TextPromptClient):
    prompt: list[dict[str, Any]]  # type: ignore[assignment]  # as the real ones differ


# --- MLflow -----------------------------------------------------------------------------------------------------------


@dataclass
class PromptVersion:
    name: str
    version: int
    template: str | list[dict[str, Any]]
    commit_message: str | None = None
    creation_timestamp: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)
    user_id: str | None = None
    response_format: dict[str, Any] | None = None
    model_config: dict[str, Any] | None = None


@dataclass
class PromptInfo:
    name: str
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


class Page(list[Any]):
    """A page of results, and where the next begins."""

    token: str | None = None


class MlflowClient:
    """A registry in memory, which gives its answers in pages of two."""

    def __init__(self, *versions: PromptVersion, infos: dict[str, PromptInfo] | None = None) -> None:
        self.versions = list(versions)
        self.infos = infos or {}

    def _page(self, items: list[Any], token: str | None) -> Page:
        start = int(token or 0)
        page = Page(items[start : start + 2])
        page.token = str(start + 2) if start + 2 < len(items) else None
        return page

    def search_prompts(
        self,
        max_results: int = 1,  # noqa: ARG002 - as the real one is asked
        page_token: str | None = None,
    ) -> Page:
        names = dict.fromkeys(each.name for each in self.versions)
        return self._page([self.infos.get(name, PromptInfo(name)) for name in names], page_token)

    def search_prompt_versions(
        self,
        name: str,
        max_results: int = 1,  # noqa: ARG002 - as the real one is asked
        page_token: str | None = None,
    ) -> Page:
        return self._page([each for each in reversed(self.versions) if each.name == name], page_token)

    def get_prompt_version(self, name: str, version: int) -> PromptVersion | None:
        found = (each for each in self.versions if (each.name, each.version) == (name, version))
        return next(found, None)
