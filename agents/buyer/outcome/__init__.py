"""The platform's side of outcome agents: registration, proposals, tactics, feedback and fees (rules 198 to 211).

=================  ==========================================================================================
``records.py``     what is remembered
``desk.py``        the tables, and what the rest of the platform asks
``rest_v1.py``     what outcome agents call: ``/rest/v1``
``operations.py``  what advertisers call: proposals, selection, changes of tactics
``proposals.py``   asks matching agents, and takes what comes in time
``assignment.py``  from a selected proposal to a running tactic, and its end
``client.py``      requests to agents: credentials, time limit, retries
``updates.py``     what changed in a tactic's context and creatives, as patches
``feedback.py``    delivery and performance against plan
``fees.py``        what a tactic costs: pure arithmetic in micros
``ledger.py``      what was charged, entry by entry
=================  ==========================================================================================
"""
