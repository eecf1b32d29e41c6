"""The words that templates can and cannot use, and what to write instead."""

from __future__ import annotations

#: What `loop` knows inside a loop.
LOOP_WORDS = frozenset(
    {
        "changed",
        "cycle",
        "depth",
        "depth0",
        "first",
        "index",
        "index0",
        "last",
        "length",
        "nextitem",
        "previtem",
        "revindex",
        "revindex0",
    }
)

#: Filters of Jinja that are not here, and why.
UNKNOWN_FILTERS = {
    "attr": "data has keys and no attributes: write value[name]",
    "random": "a prompt renders the same each time: choose in the application and pass the choice as an input",
    "urlize": "it makes links for web pages",
    "xmlattr": "it makes attributes for web pages; escape one value with | e",
}

#: Statements of Jinja that are not here, and what to write instead.
UNKNOWN_STATEMENTS = {
    "extends": 'write {% include "alias" %} and declare the alias in includes',
    "import": "define the macro in the same prompt; macros reach across its messages",
    "from": "define the macro in the same prompt; macros reach across its messages",
    "autoescape": "nothing is escaped here; write {{ value | e }} where it must be",
}

#: Methods that people call on texts, lists and mappings, as templates say them here.
INSTEAD_OF_METHODS = {
    "capitalize": "{value} | capitalize",
    "count": "{value} | length",
    "format": "{value} | format(…)",
    "get": "{value}.key | default(…)",
    "items": "{value} | items",
    "join": 'list | join("…")',
    "keys": "{value} | list",
    "lower": "{value} | lower",
    "lstrip": "{value} | trim",
    "replace": '{value} | replace("…", "…")',
    "rstrip": "{value} | trim",
    "strip": "{value} | trim",
    "title": "{value} | title",
    "upper": "{value} | upper",
    "values": "{value} | dictsort | map(attribute=1)",
}
