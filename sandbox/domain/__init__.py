"""Entities and rules of AdCP that several agents share. Pure: no I/O, no clock, no simulation."""
