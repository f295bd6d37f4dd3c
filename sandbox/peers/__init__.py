"""Actors that are real services: somebody's outcome agent, AdCP agent or buyer platform inside a simulated world.

====================  =========================================================================
``config.py``         what a scenario says of one: address, protocol, credentials, patience
``actor.py``          the actor that stands for it in the world
``plain.py``          hands requests and answers through
``outcome.py``        an outcome agent: how it comes to be registered
``platform.py``       a buyer platform: its operations and its customers
``services.py``       makes the real calls
``wires/``            one file a protocol: plain HTTP, MCP, A2A, REST
``addresses.py``      addresses within the world, and what they are outside
``inbox.py``          who may send webhooks: signatures and shared secrets
====================  =========================================================================
"""
