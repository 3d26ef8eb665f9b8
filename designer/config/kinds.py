"""Sections of a campaign file that have several kinds, each a plug-in: which kind a section is, and what it may contain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter, ValidationError, ValidationInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticKnownError, core_schema

from designer.config.base import Section
from mdcore.chem.errors import PluginError
from mdcore.chem.registry import Registry


def add_kind(kinds: Registry[Any], settings: type[Section]) -> None:
    """Add a kind to the registry of its section, under the default of its field `kind`.

    Raises:
        PluginError: The kind is taken, or the class has no `kind` as in `kind: Literal["mine"] = "mine"`.
    """
    field = settings.model_fields.get("kind")
    if field is None or not isinstance(field.default, str):
        raise PluginError(f"{settings.__name__} has no kind; give it one, as in kind: Literal['mine'] = 'mine'")
    kinds.register(field.default, settings)


@dataclass(frozen=True)
class OfKind:
    """Metadata of the annotation of a section: its key `kind` selects one of the models of a registry, those of plug-ins included.

    Errors, JSON Schema and documents are those of a union of the models that is discriminated by `kind`.

    Attributes:
        kinds: Models by kind.
    """

    kinds: Registry[type[Any]]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that looks the kind up when a section is validated, since plug-ins are loaded on the first look-up."""
        return core_schema.with_info_plain_validator_function(self._validated)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the JSON Schema of a section of any kind."""
        union: Any = Union.__getitem__(tuple(self.kinds.values()))
        return handler(TypeAdapter(Annotated[union, Field(discriminator="kind")]).core_schema)

    def _validated(self, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, Section):
            kind = getattr(value, "kind", None)
        elif isinstance(value, Mapping):
            if "kind" not in value:
                raise PydanticKnownError("union_tag_not_found", {"discriminator": "'kind'"})
            kind = value["kind"]
        else:
            raise PydanticKnownError("model_attributes_type")
        model = self.kinds.get(kind) if isinstance(kind, str) else None
        if model is None:
            expected = ", ".join(map(repr, self.kinds))
            context = {"discriminator": "'kind'", "tag": str(kind), "expected_tags": expected}
            raise PydanticKnownError("union_tag_invalid", context)
        try:
            return model.model_validate(value, context=info.context)
        except ValidationError as error:
            raise _in_kind(error, str(kind)) from None


def _in_kind(error: ValidationError, kind: str) -> ValidationError:
    """Return an error whose locations begin with the kind, as those of a discriminated union do."""
    details = [
        InitErrorDetails(type=item["type"], loc=(kind, *item["loc"]), input=item["input"], ctx=item.get("ctx", {}))
        for item in error.errors(include_url=False)
    ]
    return ValidationError.from_exception_data(error.title, details, hide_input=True)
