"""REST operations as data: what is offered, under which method and path, with which models.

A resource declares its operations in a :class:`~sandbox.operations.operation.Group`; the
:class:`~sandbox.operations.dialect.RestDialect` reads requests, answers and errors by these rows. An OpenAPI
document, an MCP enum or a page of documentation can be made from them too.
"""

from sandbox.operations.dialect import RestDialect
from sandbox.operations.model import Body, SnakeBody
from sandbox.operations.operation import Group, Request, Route, Upload

__all__ = ["Body", "Group", "Request", "RestDialect", "Route", "SnakeBody", "Upload"]
