"""The ecosystem as a graph: who sells whose inventory, and who may talk to whom.

Nodes are actors. A ``sold_by`` edge leads from a publisher to a sales agent that may sell it (the
publisher's adagents.json); an ``authorised_for`` edge leads from an agent to the buyer that may call it.
``operates`` leads from a customer to the platform that acts for it.
"""

from __future__ import annotations

from typing import Literal

import networkx as nx

Relation = Literal["sold_by", "authorised_for"]


class Ecosystem:
    """A directed graph of actors with one edge for each relation between two of them."""

    def __init__(self) -> None:
        self.graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()

    def add(self, actor_id: str, role: str) -> None:
        """Add an actor."""
        self.graph.add_node(actor_id, role=role)

    def link(self, source: str, target: str, relation: Relation) -> None:
        """Add a relation between two actors; adding it twice changes nothing."""
        for actor_id in (source, target):
            if actor_id not in self.graph:
                raise KeyError(f"no actor {actor_id!r} in the ecosystem")
        self.graph.add_edge(source, target, key=relation)

    def unlink(self, source: str, target: str, relation: Relation) -> None:
        """Take a relation away, for example when a publisher ends a contract."""
        if self.graph.has_edge(source, target, key=relation):
            self.graph.remove_edge(source, target, key=relation)

    def has(self, source: str, target: str, relation: Relation) -> bool:
        """True if ``source`` has this relation to ``target``."""
        return bool(self.graph.has_edge(source, target, key=relation))

    def role(self, actor_id: str) -> str:
        """The role of an actor."""
        return str(self.graph.nodes[actor_id]["role"])

    def of_role(self, role: str) -> list[str]:
        """The ids of all actors of a role, in the order in which they were added."""
        return [n for n, data in self.graph.nodes(data=True) if data["role"] == role]

    def publishers_of(self, seller_id: str) -> list[str]:
        """The publishers whose inventory a sales agent may sell, in the order in which they were linked."""
        return [source for source, _, key in self.graph.in_edges(seller_id, keys=True) if key == "sold_by"]

    def agents_of(self, buyer_id: str) -> list[str]:
        """The agents that a buyer may call, in the order in which they were linked."""
        edges = self.graph.in_edges(buyer_id, keys=True)
        return [source for source, _, key in edges if key == "authorised_for"]

    def may_call(self, sender: str, to: str) -> bool:
        """True if ``sender`` may send a request to ``to``: it is authorised, or drives the scenario."""
        if to not in self.graph:
            return False
        return self.role(sender) == "driver" or self.has(to, sender, "authorised_for")

    def may_notify(self, sender: str, to: str) -> bool:
        """True if ``sender`` may send a webhook to ``to``: those who may call may be called back."""
        return self.may_call(to, sender) if sender in self.graph and to in self.graph else False
