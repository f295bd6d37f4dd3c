"""A simulated flight of thirty days in which the agent really buys, and what came of it.

============  =============================================================================
``record``    what is known of a flight when it is over
``market``    the platform: a sandbox of the check's own, or the one that serves the agent
``story``     what the advertiser does, day by day
``grades``    the checks
============  =============================================================================
"""
