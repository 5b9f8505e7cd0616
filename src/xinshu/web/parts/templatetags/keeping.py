"""`{% kept on A B %} … {% endkept %}`: a part of a page that is rendered once in a process for each set of values."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date

from django.template import Library, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token
from django.template.context import Context
from django.template.loader_tags import BlockNode
from django.utils.safestring import SafeString

register = Library()

_MOST = 200  # parts of one tag; they are few, unless somebody keeps on what readers can choose
_PLAIN = (str, int, date, type(None))


class KeptNode(Node):
    """Renders what it holds unless it did so before for the same values."""

    child_nodelists = ("nodelist",)

    def __init__(self, nodelist: NodeList, on: Sequence[FilterExpression]) -> None:
        self.nodelist = nodelist
        self._on = on
        self._kept: dict[Hashable, tuple[SafeString, Sequence[object]]] = {}

    def render(self, context: Context) -> SafeString:
        """The kept text. Other values than words, numbers and days count as themselves, not by what they hold."""
        values = [each.resolve(context) for each in self._on]
        key = tuple(each if isinstance(each, _PLAIN) else id(each) for each in values)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            found = self._kept[key] = self.nodelist.render(context), values  # the values held, no other takes their id
        return found[0]


@register.tag
def kept(parser: Parser, token: Token) -> KeptNode:
    """Keep the part by the values named: `{% kept on today site %}`.

    What stands in it may hang on nothing else: no request, no person, no block that another template fills.
    """
    _, word, *names = token.split_contents()
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    if word != "on" or not names:
        raise TemplateSyntaxError("kept names the values it hangs on: {% kept on A B %}")
    if nodelist.get_nodes_by_type(BlockNode):
        raise TemplateSyntaxError("a block inside kept would show one template's words on the pages of another")
    return KeptNode(nodelist, [parser.compile_filter(each) for each in names])
