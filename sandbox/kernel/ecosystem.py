"""The ecosystem as a graph: who sells whose inventory, and who may talk to whom.

Nodes are actors. A ``sold_by`` edge leads from a publisher to a sales agent that may sell it (the
publisher's adagents.json); an ``authorised_for`` edge leads from an agent to the buyer that may call it.
``operates`` leads from a customer to the platform that acts for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import networkx as nx

Relation = Literal["sold_by", "authorised_for"]


class Ecosystem:
    """A directed graph of actors with one edge for each relation between two of them."""

    def __init__(self) -> None:
        self._roles: dict[str, str] = {}
        self._sources: dict[tuple[str, Relation], dict[str, None]] = {}
        """Who has a relation to an actor, in the order in which they were linked."""

    def add(self, actor_id: str, role: str) -> None:
        """Add an actor."""
        self._roles[actor_id] = role

    def link(self, source: str, target: str, relation: Relation) -> None:
        """Add a relation between two actors; adding it twice changes nothing."""
        for actor_id in (source, target):
            if actor_id not in self._roles:
                raise KeyError(f"no actor {actor_id!r} in the ecosystem")
        self._sources.setdefault((target, relation), {})[source] = None

    def unlink(self, source: str, target: str, relation: Relation) -> None:
        """Take a relation away, for example when a publisher ends a contract."""
        self._sources.get((target, relation), {}).pop(source, None)

    def has(self, source: str, target: str, relation: Relation) -> bool:
        """True if ``source`` has this relation to ``target``."""
        return source in self._sources.get((target, relation), ())

    def role(self, actor_id: str) -> str:
        """The role of an actor."""
        return self._roles[actor_id]

    def of_role(self, role: str) -> list[str]:
        """The ids of all actors of a role, in the order in which they were added."""
        return [actor_id for actor_id, its in self._roles.items() if its == role]

    def publishers_of(self, seller_id: str) -> list[str]:
        """The publishers whose inventory a sales agent may sell, in the order in which they were linked."""
        return list(self._sources.get((seller_id, "sold_by"), ()))

    def agents_of(self, buyer_id: str) -> list[str]:
        """The agents that a buyer may call, in the order in which they were linked."""
        return list(self._sources.get((buyer_id, "authorised_for"), ()))

    def may_call(self, sender: str, to: str) -> bool:
        """True if ``sender`` may send a request to ``to``: it is authorised, or drives the scenario."""
        if to not in self._roles:
            return False
        return self.role(sender) == "driver" or self.has(to, sender, "authorised_for")

    def may_notify(self, sender: str, to: str) -> bool:
        """True if ``sender`` may send a webhook to ``to``: those who may call may be called back."""
        return self.may_call(to, sender) if sender in self._roles and to in self._roles else False

    @property
    def graph(self) -> nx.MultiDiGraph[str]:
        """The graph as it is now, for what networkx can tell about it: nodes with a role, edges keyed by relation."""
        import networkx as nx

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for actor_id, role in self._roles.items():
            graph.add_node(actor_id, role=role)
        for (target, relation), sources in self._sources.items():
            for source in sources:
                graph.add_edge(source, target, key=relation)
        return graph
