"""YAML, read by PyYAML's safe loader where it is installed: plain values only, never an object of a program."""

from __future__ import annotations

from typing import Any

from mainstay.extras import need


def read_yaml(text: str) -> object:
    """Read one YAML document; times stay text, and a key that is there twice is refused.

    Raises
    ------
    ValueError
        Where it isn't YAML.
    SetupError
        Where PyYAML isn't installed.

    """
    yaml: Any = need("yaml", "Reading YAML", "yaml")

    class Plain(yaml.SafeLoader):  # type: ignore[misc]
        """The safe loader without times and doubles, and with nothing but flat lists behind an alias."""

        yaml_implicit_resolvers = {  # noqa: RUF012 - the loader's own way of being told
            sign: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
            for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def compose_node(self, parent: Any, index: Any) -> Any:
            repeated = self.check_event(yaml.AliasEvent)
            node = super().compose_node(parent, index)
            if repeated and any(isinstance(each, tuple | yaml.CollectionNode) for each in node.value):
                raise yaml.composer.ComposerError(None, None, "an alias of more than a flat list", node.start_mark)
            return node

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            keys = [str(key.value) for key, _ in node.value]
            double = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
            if double is not None:
                raise yaml.constructor.ConstructorError(None, None, f"{double!r} is there twice", node.start_mark)
            return dict(super().construct_mapping(node, deep=deep))

    try:
        return yaml.load(text, Plain)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}: " if mark is not None else ""
        raise ValueError(f"{line}{' '.join((error.problem or 'this is no YAML').split())}") from None
    except yaml.YAMLError:
        raise ValueError("it isn't YAML") from None
