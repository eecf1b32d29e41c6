"""Banks: Jinja with a tag for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from banks import Prompt

from . import texts
from .contest import Contestant

if TYPE_CHECKING:
    from collections.abc import Callable

    from .texts import Pairs, Role, Values


def message(role: Role, text: str) -> str:
    """Return a message in Banks' tag."""
    return f'{{% chat role="{role}" %}}{text}{{% endchat %}}'


#: A role is a constant of the template: the history's two roles are two branches.
TURN = "{{% if turn.role == 'user' %}}{}{{% else %}}{}{{% endif %}}".format(
    message("user", "{{ turn.content }}"), message("assistant", "{{ turn.content }}")
)
CHAT = "".join(
    [
        *(message(role, text) for role, text in texts.CHAT),
        f"{{% for turn in history %}}{TURN}{{% endfor %}}",
        message("user", texts.LAST),
    ]
)


def parse(text: str) -> Callable[[Values], str]:
    """Return what renders *text*."""
    render: Callable[[Values], str] = Prompt(text).text
    return render


def chat() -> Callable[[Values], Pairs]:
    """Return what renders the chat."""
    prompt = Prompt(CHAT)
    return lambda values: [(each.role, each.content[0].text) for each in prompt.chat_messages(values)]


IMPORT = "from banks import Prompt"
CONTESTANTS = (
    Contestant(
        name="banks",
        package="banks",
        statement=IMPORT,
        first=f"{IMPORT}\nassert Prompt({texts.TINY!r}).text({texts.FIRST!r}) == {texts.HELLO!r}",
        parse=parse,
        chat=chat,
    ),
)
